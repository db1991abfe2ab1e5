package actors

import (
	"testing"

	"holdfast/actors/grant"
	"holdfast/actors/section"
)

// withoutSection says that every coordinator which has an epoch on a living node does without the first section, by its
// log.
func (f *fleet) withoutSection() bool {
	epochs := 0
	for _, n := range f.living() {
		ev, _, err := n.e.openEvent(f.event, deadlineSoon())
		if err != nil {
			return false
		}
		for _, c := range ev.coordinators {
			if epoch, _, _ := c.Granter.Epoch(); epoch == 0 {
				continue
			}
			if epochs++; !c.Granter.Excluded(0) || tailOf(f.t, f.store, c.Key).Seq < 2 {
				return false
			}
		}
	}
	return epochs > 0
}

// coordinatorOf is the node whose coordinator counts the buyer.
func (f *fleet) coordinatorOf(buyer section.BuyerID) *fleetNode {
	f.t.Helper()
	for _, n := range f.living() {
		ev, _, err := n.e.openEvent(f.event, deadlineSoon())
		if err == nil && ev.coordinators[grant.Of(buyer, uint8(len(ev.coordinators)))].Granter.Ready() {
			return n
		}
	}
	f.t.Fatal("nobody counts the buyer")
	return nil
}

// TestAClosedSectionClosesNoOther (P13): a section whose log lost what was acknowledged is closed until a person has
// looked; buyers go on buying in the others, at every node, also once coordinators are another node's; and what they
// have in the closed one counts.
func TestAClosedSectionClosesNoOther(t *testing.T) {
	f := newCountedFleet(t, 3)
	f.readyCoordinators()
	const limit = 8 // newFleet's
	inside := uint64(0)
	buy := func(buyer byte, seat string) error {
		inside++
		who := caller(buyer, inside)
		return again(func() error {
			n := f.living()[int(inside)%len(f.living())]
			_, err := n.hold(who, seat)
			return err
		})
	}
	for i := range 3 {
		if err := buy(7, fleetSeat(0, 1+i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 { // one buyer of each coordinator
		if err := buy(byte(40+i), fleetSeat(1, 1+i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := buy(9, fleetSeat(0, 10)); err != nil { // the record that is lost
		t.Fatal(err)
	}
	f.loses(0, 1)
	_, _ = f.owner(0).hold(caller(11, 1000), fleetSeat(0, 11))
	f.eventually("the section is closed everywhere", func() bool {
		for _, n := range f.living() {
			if n.section(0).lifeNow() != Condemned {
				return false
			}
		}
		return true
	})
	sellOn := func(round int) {
		t.Helper()
		for i := range 4 {
			if err := buy(byte(40+i), fleetSeat(2+round, 1+i)); err != nil {
				t.Fatalf("round %d: coordinator %d: a seat beside a closed section: %v", round, i, err)
			}
		}
	}
	sellOn(0)
	f.eventually("its coordinators do without it", f.withoutSection)
	victim := f.coordinatorOf(section.BuyerID{7})
	f.kill(victim)
	f.lapse(victim)
	f.eventually("the others are served", func() bool { return f.serving() == 7 })
	sellOn(1)
	granted := 3
	for i := range 2 * limit {
		switch err := buy(7, fleetSeat(1+i%7, 11+i/7)); {
		case err == nil:
			granted++
		case !isOver(err):
			t.Fatal(err)
		}
	}
	if granted != limit {
		t.Errorf("P13: with 3 seats in a closed section the buyer has %d, and may have %d", granted, limit)
	}
}
