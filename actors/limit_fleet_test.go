package actors

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/grant"
	"holdfast/actors/section"
	"holdfast/storage/memstore"
)

// coordinated says that some living node is ready to count the buyer's seats, or that every node counts for itself.
func (f *fleet) coordinated(buyer section.BuyerID) bool {
	for _, n := range f.living() {
		ev, _, err := n.e.openEvent(f.event, deadlineSoon())
		if err == nil && len(ev.coordinators) == 0 {
			return true
		}
		if err == nil && ev.coordinators[grant.Of(buyer, uint8(len(ev.coordinators)))].Granter.Ready() {
			return true
		}
	}
	return false
}

// readyCoordinators has all of the event's coordinators claimed and fenced, where the view has them.
func (f *fleet) readyCoordinators() {
	f.t.Helper()
	for _, n := range f.living() {
		ev, _, err := n.e.openEvent(f.event, deadlineSoon())
		if err != nil {
			f.t.Fatal(err)
		}
		for _, c := range ev.coordinators {
			if !c.PlacedHere() {
				continue
			}
			if err := again(func() error { return c.Await(deadlineSoon()) }); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}

// countedBuyer finds a buyer whose coordinator is ready on that node, from a number on.
func (n *fleetNode) countedBuyer(from byte) byte {
	ev, _, err := n.e.openEvent(n.f.event, deadlineSoon())
	if err != nil {
		n.f.t.Fatal(err)
	}
	for b := from; b < from+100; b++ {
		all := ev.coordinators
		if len(all) == 0 || all[grant.Of(section.BuyerID{b}, uint8(len(all)))].Granter.Ready() {
			return b
		}
	}
	n.f.t.Fatal("no coordinator is ready on the node")
	return 0
}

// audited fails on every finding of an audit of the fleet's store, as it is at this instant, and on what is not
// audited.
func (f *fleet) audited() {
	f.t.Helper()
	if left := f.found().NotAudited; len(left) > 0 {
		f.t.Errorf("not audited: %v", left)
	}
}

// found fails on every finding of an audit of the fleet's store, as it is at this instant.
func (f *fleet) found() *audit.Report {
	f.t.Helper()
	report, err := audit.Run(f.t.Context(), f.store.(*gatedStore).Store.(*memstore.Store).Clone(), audit.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, finding := range report.Findings {
		f.t.Error(finding)
	}
	return report
}

// liveSeats counts a buyer's seats by the map of a section's log: what every node must agree on at rest.
func (n *fleetNode) liveSeats(buyer section.BuyerID) uint32 {
	ev, _, err := n.e.openEvent(n.f.event, deadlineSoon())
	if err != nil {
		n.f.t.Fatal(err)
	}
	return ev.buyers.Seats(buyer)
}

// stir moves sections and coordinators between the first three nodes every few milliseconds, and has a fourth die,
// until calm is called.
func (f *fleet) stir(victim *fleetNode) (calm func()) {
	stop := make(chan struct{})
	var moves sync.WaitGroup
	moves.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			switch {
			case i == 10 && victim != nil:
				f.kill(victim)
			case i == 20 && victim != nil:
				f.lapse(victim)
			default:
				f.agree(f.nodes[i%3])
			}
		}
	})
	return func() {
		close(stop)
		moves.Wait()
		if victim != nil && victim.dead { // its heartbeat lapses, however soon calm was wanted
			f.lapse(victim)
		}
		f.agree()
		defer func() {
			if f.t.Failed() {
				f.t.Log(f.standing())
			}
		}()
		f.eventually("all is quiet", func() bool { return f.serving() == 8 })
	}
}

// TestLimitHoldsWhileAllMoves (P13): a thousand holds of one buyer at once over three nodes, while sections and
// coordinators move and a node dies, never give more than the limit; the audit proves that from the logs, and once all
// is quiet every node counts the same.
func TestLimitHoldsWhileAllMoves(t *testing.T) {
	f := newCountedFleet(t, 4)
	calm := f.stir(f.nodes[3])
	const limit = 8 // newFleet's
	var granted atomic.Int32
	_ = together(1000, func(i int) error {
		who := caller(7, uint64(i+1))
		n := f.nodes[i%3]
		err := error(nil)
		if i%4 == 0 {
			_, err = n.best(who, 1)
		} else {
			_, err = n.hold(who, fleetSeat(i%8, 1+i/8%20))
		}
		if err == nil {
			granted.Add(1)
		}
		return nil
	})
	calm()
	if got := granted.Load(); got > limit {
		t.Errorf("%d seats were granted to a buyer who may have %d", got, limit)
	}
	f.audited()
	buyer := caller(7, 1).Buyer
	if err := again(func() error { // it stays so: the limit is met exactly, and not exceeded
		for i := range 2 * limit {
			if _, err := f.nodes[i%3].best(caller(7, uint64(5000+i)), 1); err != nil && !isOver(err) {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, n := range f.living() {
		f.eventually("every node counts the limit", func() bool { return n.liveSeats(buyer) == limit })
	}
	f.audited()
}

func isOver(err error) bool {
	var refused *Refusal
	return errors.As(err, &refused) && refused.Code == section.TooManyForBuyer
}

// TestOneKeyTwoRequestsOverNodes (P5): one key for two different requests in the same moment, at two nodes and for
// seats of two sections, is one booking, and a mismatch for the other.
func TestOneKeyTwoRequestsOverNodes(t *testing.T) {
	f := newCountedFleet(t, 3)
	for round := range 40 {
		who := caller(byte(100+round), 9)
		bookings, mismatches := 0, 0
		errs := together(2, func(i int) error {
			mine := who
			mine.Fingerprint = uint64(i + 1)
			return again(func() error {
				_, err := f.nodes[(round+i)%3].hold(mine, fleetSeat((2*round+i)%8, 1+round/4))
				return err
			})
		})
		for _, err := range errs {
			switch {
			case err == nil:
				bookings++
			case errors.Is(err, ErrMismatch):
				mismatches++
			default:
				t.Fatal(err)
			}
		}
		if bookings != 1 || mismatches != 1 {
			t.Fatalf("round %d: %d bookings and %d mismatches: %v", round, bookings, mismatches, errs)
		}
	}
	f.audited()
}

// TestLimitHoldsBehindAWaitingRoom (P13, P8): the same for buyers whom a waiting room lets in, while the gate moves
// too. The audit proves the limit and the gate's invariants from the same logs.
func TestLimitHoldsBehindAWaitingRoom(t *testing.T) {
	f := newDoors(t, 4, doorsNow(3), func(c *Config) { c.Coordinators = true })
	const limit = 8
	var inside [3]QueuePlace
	for i := range inside {
		buyer := section.BuyerID{byte(i + 1)}
		if _, err := f.nodes[i].join(buyer); err != nil {
			t.Fatal(err)
		}
		inside[i] = f.enter(buyer, func() *fleetNode { return f.nodes[i] })
	}
	calm := f.stir(f.nodes[3])
	var granted [3]atomic.Int32
	_ = together(450, func(i int) error {
		buyer := i % 3
		who, n := caller(byte(buyer+1), uint64(i+1)), f.nodes[i/3%3]
		if _, err := n.holdInside(who, &inside[buyer], fleetSeat(i%8, 1+i/8%19)); err == nil {
			granted[buyer].Add(1)
		}
		return nil
	})
	calm()
	for buyer := range granted {
		if got := granted[buyer].Load(); got > limit {
			t.Errorf("%d seats were granted to buyer %d, who may have %d", got, buyer+1, limit)
		}
	}
	who := caller(1, 9000) // and nobody is shut out by it
	err := again(func() error {
		_, err := f.nodes[0].holdInside(who, &inside[0], fleetSeat(0, 20))
		return err
	})
	if err != nil && !isOver(err) {
		t.Errorf("once all is quiet: %v", err)
	}
	f.found()
}

// TestOneKeyOfTwoCallsOverNodes (P5): one key for two calls about bookings of two sections, or for a hold and such a
// call, in the same moment at two nodes, while coordinators and sections move: one is done, the other is a mismatch.
func TestOneKeyOfTwoCallsOverNodes(t *testing.T) {
	f := newCountedFleet(t, 3)
	calm := f.stir(nil)
	for round := range 30 {
		buyer, at := byte(100+round), func(i int) *fleetNode { return f.nodes[(round+i)%3] }
		var held [2]BookingView
		for i := range held {
			if err := again(func() (err error) {
				held[i], err = at(i).hold(caller(buyer, uint64(i+1)), fleetSeat((2*round+i)%8, 1+round/4))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		who := caller(buyer, 9)
		who.Operator = round%3 == 0
		done, mismatches := 0, 0
		errs := together(2, func(i int) error {
			mine := who
			mine.Fingerprint = uint64(i + 1)
			return again(func() error {
				if i == 0 && round%2 == 0 {
					_, err := at(2).hold(mine, fleetSeat((2*round+2)%8, 10+round/4))
					return err
				}
				var out BookingView
				return at(i).e.Release(held[i].ID, mine, patience, &out)
			})
		})
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case errors.Is(err, ErrMismatch):
				mismatches++
			default:
				t.Fatal(err)
			}
		}
		if done != 1 || mismatches != 1 {
			t.Fatalf("round %d: %d calls were done, and %d are mismatches: %v", round, done, mismatches, errs)
		}
	}
	calm()
	f.audited()
}

// TestOneKeyOfABlockOverNodes (P5): an operator's key for a block of seats of two sections, and for a hold or a release
// at another node in the same moment, does one of the two, and the other is a mismatch; repeated it is done once.
func TestOneKeyOfABlockOverNodes(t *testing.T) {
	f := newCountedFleet(t, 3)
	calm := f.stir(nil)
	for round := range 30 {
		buyer, at := byte(100+round), func(i int) *fleetNode { return f.nodes[(round+i)%3] }
		var held BookingView
		if err := again(func() (err error) {
			held, err = at(0).hold(caller(buyer, 1), fleetSeat(round%8, 1+round/8))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		who := caller(buyer, 9)
		who.Operator = true
		seats := []string{fleetSeat((round+1)%8, 10+round/8), fleetSeat((round+2)%8, 14+round/8)}
		done, mismatches := 0, 0
		errs := together(3, func(i int) error {
			mine := who
			mine.Fingerprint = uint64(min(i, 1) + 1)
			return again(func() error {
				var out BookingView
				switch {
				case i > 0: // twice, at two nodes
					return at(i).e.Block(f.event, mine, seats, false, patience)
				case round%2 == 0:
					_, err := at(0).hold(mine, fleetSeat((round+3)%8, 6+round/8))
					return err
				}
				return at(0).e.Release(held.ID, mine, patience, &out)
			})
		})
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case errors.Is(err, ErrMismatch):
				mismatches++
			default:
				t.Fatal(err)
			}
		}
		if done+mismatches != 3 || (errs[0] == nil) == (errs[1] == nil) || (errs[1] == nil) != (errs[2] == nil) {
			t.Fatalf("round %d: %v", round, errs)
		}
	}
	calm()
	f.audited()
}

// newCountedFleet is newFleet with an event whose buyers coordinators count.
func newCountedFleet(t *testing.T, n int) *fleet {
	t.Helper()
	return newFleetWith(t, n, fleetPlan, 8, func(c *Config) { c.Coordinators = true })
}
