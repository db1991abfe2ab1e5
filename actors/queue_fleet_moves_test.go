package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/section"
	"holdfast/storage"
)

// crowd is people who join, wait, enter, hold and leave, through whichever nodes live.
type crowd struct {
	f             *fleet
	held, through atomic.Int64
}

// any is some living node, another one each time.
func (c *crowd) any(turn *int) *fleetNode {
	*turn++
	all := c.f.living()
	return all[*turn%len(all)]
}

// one is one buyer's whole visit. A node that is gone, or an answer that may be repeated, costs another try.
func (c *crowd) one(i int) error {
	buyer, turn := section.BuyerID{0xc0, byte(i), byte(i >> 8)}, i
	ask := func(what string, call func(n *fleetNode) error) error {
		err := again(func() error { return call(c.any(&turn)) })
		if err != nil {
			err = fmt.Errorf("buyer %d %s: %w", i, what, err)
		}
		return err
	}
	var first, p QueuePlace
	if err := ask("joins", func(n *fleetNode) (err error) { first, err = n.join(buyer); return err }); err != nil {
		return err
	}
	for deadline := time.Now().Add(3 * patience); p.State != gate.Inside; <-time.After(5 * time.Millisecond) {
		err := ask("takes a turn", func(n *fleetNode) (err error) {
			p, err = n.take(buyer)
			var no *QueueRefusal
			if errors.As(err, &no) && no.Code == gate.NotYourTurn {
				return nil
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case p.Number != first.Number:
			return fmt.Errorf("buyer %d had place %d, now %d", i, first.Number, p.Number)
		case time.Now().After(deadline):
			return fmt.Errorf("buyer %d never came in: %+v", i, p)
		}
	}
	who := caller(1, uint64(i+1))
	who.Buyer, who.Request = buyer, section.RequestID{0xc0, byte(i), byte(i >> 8)}
	seat := fleetSeat(i%8, 1+i/8%20)
	err := ask("holds "+seat, func(n *fleetNode) error { _, err := n.holdInside(who, &p, seat); return err })
	switch {
	case err == nil:
		c.held.Add(1)
	case code(errors.Unwrap(err)) != "seat_taken":
		return err
	}
	if err := ask("leaves", func(n *fleetNode) error { _, err := n.leave(buyer); return err }); err != nil {
		return err
	}
	c.through.Add(1)
	return nil
}

// run sends so many people in, and disturbs them until all are through.
func (c *crowd) run(people int, disturb func(step int)) {
	c.f.t.Helper()
	var all sync.WaitGroup
	failed := make(chan error, people)
	places := make(chan struct{}, 24) // who is out in the rain at once
	over := make(chan struct{})
	all.Go(func() {
		for i := range people {
			places <- struct{}{}
			all.Go(func() {
				defer func() { <-places }()
				if err := c.one(i); err != nil {
					failed <- err
				}
			})
		}
	})
	go func() { all.Wait(); close(over) }()
	for step := 0; ; step++ {
		select {
		case err := <-failed:
			c.f.t.Fatal(err)
		case <-over:
			if c.through.Load() != int64(people) {
				c.f.t.Fatalf("%d of %d are through", c.through.Load(), people)
			}
			return
		case <-time.After(60 * time.Millisecond):
			disturb(step)
		}
	}
}

// TestCrowdOutlivesTheGatesMoves: P8. While people join, take turns, hold and leave through all nodes, the gate moves
// from node to node, its node is drained, and its node is killed: places stay valid, numbers dense, nobody is called
// twice or skipped, the cap holds, and holds are placed under live sessions only (G1 to G9).
func TestCrowdOutlivesTheGatesMoves(t *testing.T) {
	f := newDoors(t, 3, doorsNow(6), func(*Config) {})
	c := &crowd{f: f}
	moves, drains, kills := 0, 0, 0
	people := 160
	c.run(people, func(step int) {
		owner := f.doorkeeper()
		switch {
		case owner == nil:
		case step%8 == 5 && kills < 2:
			f.kill(owner)
			f.lapse(owner)
			f.start()
			f.agree()
			kills++
		case step%4 == 3:
			f.agree(owner)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			if err := owner.e.ReleaseAll(ctx); err != nil {
				t.Errorf("a drain: %v", err)
			}
			cancel()
			owner.e.Resume()
			f.agree()
			drains++
		default:
			f.agree(owner)
			moves++
		}
	})
	f.agree()
	f.eventually("every session has ended and every slot is free", func() bool {
		owner := f.doorkeeper()
		return owner != nil && owner.public().Occupied == 0
	})
	if report := f.judged(); moves == 0 || drains == 0 || kills == 0 || c.held.Load() == 0 {
		t.Errorf("%d moves, %d drains, %d kills, %d holds: %+v", moves, drains, kills, c.held.Load(), report)
	}
	t.Logf("%d people, %d holds, %d moves, %d drains, %d kills", people, c.held.Load(), moves, drains, kills)
	f.eventually("all count the same", func() bool {
		for _, n := range f.living() {
			if p := n.public(); int(p.Joined) != people || int(p.Finished) != people {
				return false
			}
		}
		return true
	})
}

// TestWaitingRoomThatNobodyServesIsCounted: while the gate's node is gone and may not be succeeded yet, the others
// count one room that stands, and afterwards none.
func TestWaitingRoomThatNobodyServesIsCounted(t *testing.T) {
	f := newDoors(t, 3, doorsNow(6), func(*Config) {})
	standing := func(n int) func() bool {
		return func() bool {
			for _, node := range f.living() {
				if node.e.UnservedGates() != n {
					return false
				}
			}
			return true
		}
	}
	f.eventually("a room that is served does not stand", standing(0))
	gone := f.doorkeeper()
	f.kill(gone)
	f.eventually("a room whose node is gone stands", standing(1))
	f.lapse(gone)
	f.agree()
	f.eventually("another node serves the room", standing(0))
}

// TestGateThatMovesRefusesNobody: P8. People join through all nodes while the gate is handed from one to the next:
// each has a place at the first try.
func TestGateThatMovesRefusesNobody(t *testing.T) {
	f := newDoors(t, 3, doorsNow(1), func(*Config) {})
	var joined, longest atomic.Int64
	stop, refused := make(chan struct{}), make(chan error, 6)
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			for turn := 0; ; turn++ {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				if _, err := f.nodes[i%3].join(section.BuyerID{byte(i + 1), byte(turn), byte(turn >> 8)}); err != nil {
					refused <- fmt.Errorf("join %d of %d: %w", turn, i, err)
					return
				}
				joined.Add(1)
				for took := time.Since(began).Microseconds(); ; {
					if was := longest.Load(); took <= was || longest.CompareAndSwap(was, took) {
						break
					}
				}
			}
		})
	}
	for range 6 {
		before, owner := joined.Load(), f.doorkeeper()
		f.agree(owner)
		f.eventually("the gate has moved", func() bool { n := f.doorkeeper(); return n != nil && n != owner })
		f.eventually("people join", func() bool { return joined.Load() > before+50 || len(refused) > 0 })
	}
	close(stop)
	all.Wait()
	if len(refused) > 0 {
		t.Error(<-refused)
	}
	t.Logf("%d joined over 6 moves of the gate, the slowest in %v", joined.Load(),
		time.Duration(longest.Load())*time.Microsecond)
	f.judged()
}

// blindStore lets its node read nothing of gates' logs while it is blind; where a log ends can be seen.
type blindStore struct {
	storage.Store
	blind *atomic.Bool
}

var errBlind = errors.New("the log cannot be read now")

func (b *blindStore) Read(
	ctx context.Context, key storage.SectionKey, after section.Seq, visit func(*storage.Entry, storage.Hash) error,
) error {
	if key.IsGate() && b.blind.Load() {
		return errBlind
	}
	return b.Store.Read(ctx, key, after, visit)
}

// newBlindDoors is a fleet of three whose third node serves no gate, and can be made blind.
func newBlindDoors(t *testing.T) (f *fleet, keeper, blind *fleetNode, blinded *atomic.Bool) {
	all := map[string]*atomic.Bool{}
	f = newDoors(t, 3, doorsNow(1), func(c *Config) {
		b := &blindStore{c.Store, &atomic.Bool{}}
		c.Store, all[c.Name] = b, b.blind
	})
	keeper = f.doorkeeper()
	for _, n := range f.nodes {
		if n != keeper {
			blind = n
		}
	}
	return f, keeper, blind, all[fmt.Sprintf("n%d", blind.id[1])]
}

// servedBy is a section that the node serves.
func (f *fleet) servedBy(n *fleetNode) int {
	f.t.Helper()
	for no := range 8 {
		if f.owner(storage.SectionNo(no)) == n {
			return no
		}
	}
	f.t.Fatalf("node %v serves no section", n.id[1])
	return 0
}

// TestSlotIsKeptUntilEverySectionKnowsOfTheEnd: P8, G6. While a node that serves sections cannot be told of a session's
// end, its slot is nobody's; it is given again once others have claimed those sections.
func TestSlotIsKeptUntilEverySectionKnowsOfTheEnd(t *testing.T) {
	f, keeper, blind, blinded := newBlindDoors(t)
	for b := range byte(2) {
		if _, err := keeper.join(section.BuyerID{b + 1}); err != nil {
			t.Fatal(err)
		}
	}
	inside := f.enter(section.BuyerID{1}, func() *fleetNode { return keeper })
	f.eventually("the session is followed", func() bool { return blind.public().Seq >= inside.Seq })
	blinded.Store(true)
	f.cut(keeper, blind)
	if _, err := keeper.leave(section.BuyerID{1}); err != nil {
		t.Fatal(err)
	}
	seat := fleetSeat(f.servedBy(blind), 1)
	if _, err := blind.holdInside(caller(1, 1), &inside, seat); err != nil { // it cannot know
		t.Fatalf("a hold on the node that is cut off: %v", err)
	}
	ev, err := keeper.e.event(f.event)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		freed := make(chan bool, 1)
		ev.queue.Barrier(ev.queue.Horizon(), func(_ []gate.Ack, ok bool) { freed <- ok })
		if <-freed {
			t.Fatal("a barrier has passed without a node that serves sections")
		}
	}
	f.eventually("the end is shown", func() bool { return keeper.public().Seq >= ev.queue.Horizon() })
	if p := keeper.public(); p.Occupied != 1 || p.Inside != 0 {
		t.Errorf("%d slots are occupied, %d people inside, want the slot of a session that ended", p.Occupied, p.Inside)
	}
	f.kill(blind)
	f.lapse(blind)
	f.enter(section.BuyerID{2}, func() *fleetNode { return keeper })
}

// TestClaimedSectionKnowsOfEndsThatItsNodeHasNotFollowed: P8, G6, G7. A node claims a section after a session has ended
// and its slot was freed, and has not followed the gate so far: nothing is held there under that session.
func TestClaimedSectionKnowsOfEndsThatItsNodeHasNotFollowed(t *testing.T) {
	f, keeper, blind, blinded := newBlindDoors(t)
	f.agree(blind)
	f.eventually("it serves nothing", func() bool { return blind.e.Stats().SectionsServing.Load() == 0 })
	if _, err := keeper.join(section.BuyerID{1}); err != nil {
		t.Fatal(err)
	}
	inside := f.enter(section.BuyerID{1}, func() *fleetNode { return keeper })
	f.eventually("the session is followed", func() bool { return blind.public().Seq >= inside.Seq })
	blinded.Store(true)
	f.cut(keeper, blind)
	if _, err := keeper.leave(section.BuyerID{1}); err != nil {
		t.Fatal(err)
	}
	f.eventually("the slot is free", func() bool { return keeper.public().Occupied == 0 })
	f.agree()
	f.eventually("it has sections", func() bool { return blind.e.Stats().SectionsServing.Load() > 0 })
	seat := fleetSeat(f.servedBy(blind), 1)
	if _, err := blind.holdInside(caller(1, 1), &inside, seat); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a hold under a session that has ended, on a node that has not followed the end: %v", err)
	}
	blinded.Store(false)
	f.eventually("the end is followed", func() bool { return blind.public().Inside == 0 })
	if _, err := blind.holdInside(caller(1, 1), &inside, seat); !errors.Is(err, ErrAdmissionExpired) {
		t.Errorf("the same once it is followed: %v", err)
	}
	f.judged()
}
