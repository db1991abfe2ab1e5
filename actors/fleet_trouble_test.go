package actors

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/peer/wire"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/storage"
)

// gatedStore holds appends of one kind to one section back until it is opened.
type gatedStore struct {
	storage.Store
	gate atomic.Pointer[storeGate]
}

type storeGate struct {
	key    storage.SectionKey
	kind   storage.EntryKind
	hit    chan struct{} // capacity 1: an append has come to it
	opened chan struct{}
	once   sync.Once
}

func (g *gatedStore) Commit(ctx context.Context, appends []storage.Append) []error {
	if gate := g.gate.Load(); gate != nil {
		for _, a := range appends {
			if a.Section == gate.key && a.Entry.Kind == gate.kind {
				select {
				case gate.hit <- struct{}{}:
				default:
				}
				<-gate.opened
			}
		}
	}
	return g.Store.Commit(ctx, appends)
}

func (f *fleet) gate(no storage.SectionNo, kind storage.EntryKind) *storeGate {
	gate := &storeGate{
		key: storage.SectionKey{Event: f.event, Section: no}, kind: kind, hit: make(chan struct{}, 1),
		opened: make(chan struct{}),
	}
	f.store.(*gatedStore).gate.Store(gate)
	f.t.Cleanup(gate.open)
	return gate
}

func (g *storeGate) open() { g.once.Do(func() { close(g.opened) }) }

// owner is the node that serves a section; nil: none does.
func (f *fleet) owner(no storage.SectionNo) *fleetNode {
	for _, n := range f.living() {
		if n.section(no).shard.Serving() != nil {
			return n
		}
	}
	return nil
}

func (n *fleetNode) section(no storage.SectionNo) *Section {
	_, o, err := n.e.openEvent(n.f.event, deadlineSoon())
	if err != nil {
		n.f.t.Fatal(err)
	}
	return o.sections[no]
}

// buyerOf finds a buyer whose home in a view is that node.
func (n *fleetNode) buyerOf(v *fleetView) byte {
	for b := byte(1); ; b++ {
		if v.Coordinator(n.f.event, section.BuyerID{b}) == n.id {
			return b
		}
	}
}

// seatsOf is what a node's ledger says of a buyer.
func (n *fleetNode) seatsOf(buyer byte) uint32 {
	return n.section(0).ev.buyers.Seats(section.BuyerID{buyer})
}

// holds counts the bookings in all logs that were placed under a key.
func (f *fleet) holds(who Caller) (n int) {
	for no := range storage.SectionNo(8) {
		key := storage.SectionKey{Event: f.event, Section: no}
		err := f.store.Read(f.t.Context(), key, 0, func(e *storage.Entry, _ storage.Hash) error {
			if e.Kind != storage.EntryChanges {
				return nil
			}
			return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
				if c.Kind == section.HoldPlaced && c.Request == who.Request {
					n++
				}
				return nil
			})
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return n
}

// TestLostThenRefusedIsUnknown (P5): a search whose first request was lost with the link, and whose second was refused,
// must not go on in another section: the first may have been done.
func TestLostThenRefusedIsUnknown(t *testing.T) {
	f := newFleet(t, 3)
	_, o, err := f.nodes[0].e.openEvent(f.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	best := o.order[0]
	owner := f.owner(best)
	home := f.nodes[0]
	if home == owner {
		home = f.nodes[1]
	}
	buyer := home.buyerOf(home.view.Load())
	f.readyCoordinators()
	gate := f.gate(best, storage.EntryChanges)
	who := caller(buyer, 9)
	done := make(chan error, 1)
	go func() {
		_, err := home.best(who, 2)
		done <- err
	}()
	<-gate.hit
	f.agree(owner) // it is to let go of everything, once the record under way has landed
	f.cut(home, owner)
	if err := <-done; !errors.Is(err, ErrUnavailable) {
		t.Errorf("the search: %v, want unknown, which is told as unavailable", err)
	}
	gate.open()
	f.connect(home, owner)
	f.eventually(
		"all sections have moved",
		func() bool { return f.serving() == 8 && owner.e.Stats().SectionsServing.Load() == 0 },
	)
	if err := again(func() error { _, err := home.best(who, 2); return err }); err != nil || f.holds(who) != 1 {
		t.Errorf("the key again: %v, %d bookings in the logs", err, f.holds(who))
	}
	f.eventually("the home's ledger has the seats once", func() bool { return home.seatsOf(buyer) == 2 })
}

// TestStoppedWhereItIsNotPlaced: a section that stopped without a release, on a node that should not have it any more,
// is served again: only that node may claim it while it lives.
func TestStoppedWhereItIsNotPlaced(t *testing.T) {
	f := newFleet(t, 2)
	a, b := f.nodes[0], f.nodes[1]
	f.agree(b)
	f.eventually("one node has all", func() bool { return a.e.Stats().SectionsServing.Load() == 8 })
	var lives []*shard.Activation
	gates := f.gate(0, storage.EntryReleased)
	f.agree()
	for no := range storage.SectionNo(8) {
		if inc := a.section(no).shard.Serving(); inc != nil {
			lives = append(lives, inc)
			inc.GiveUp()
		}
	}
	for _, inc := range lives {
		<-inc.Ended()
	}
	gates.open()
	f.eventually("all serve again, where they should", func() bool {
		for no := range storage.SectionNo(8) {
			s := a.section(no)
			if n := f.owner(no); n == nil || n.id != s.remote.Routing().Placed {
				return false
			}
		}
		return true
	})
}

// TestRefusedByAnotherView: a node that sees another view refuses searches of whoever is not the home there. That says
// nothing of who serves the sections, so the next search of the true home finds them.
func TestRefusedByAnotherView(t *testing.T) {
	f := newFleet(t, 3)
	v := f.nodes[0].view.Load()
	home := f.nodes[0]
	buyer := home.buyerOf(v)
	other := &fleetView{version: 1, peers: v.peers, serving: v.serving[1:]}
	for _, n := range f.nodes[1:] {
		n.view.Store(other)
		n.e.ViewChanged()
	}
	var out BookingView
	_ = home.e.Book(
		&BookCall{Event: f.event, Caller: caller(buyer, 1), Best: BestAvailable{Quantity: 2}}, 100*time.Millisecond,
		&out,
	)
	f.agree()
	if _, err := home.best(caller(buyer, 2), 2); err != nil {
		t.Errorf("once all agree: %v", err)
	}
	f.eventually("every section has been heard out", func() bool {
		for no := range storage.SectionNo(8) {
			if !home.section(no).allReceived() {
				return false
			}
		}
		return true
	})
}

// TestSearchThatGaveUpWaiting (P5): a search ends by its deadline while its request waits inside a section of its
// home's own. The next home must not search under the key before that request has ended.
func TestSearchThatGaveUpWaiting(t *testing.T) {
	f := newFleet(t, 2)
	a, b := f.nodes[0], f.nodes[1]
	f.agree(b)
	f.eventually("one node has all", func() bool { return a.e.Stats().SectionsServing.Load() == 8 })
	_, o, err := a.e.openEvent(f.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	both := &fleetView{serving: []storage.WriterID{a.id, b.id}}
	who := caller(b.buyerOf(both), 9)
	f.readyCoordinators()
	gate := f.gate(o.order[0], storage.EntryChanges)
	var out BookingView
	if err := a.e.Book(&BookCall{Event: f.event, Caller: who, Best: BestAvailable{Quantity: 2}}, 50*time.Millisecond, &out); !errors.Is(
		err, ErrTimeout,
	) {
		t.Fatalf("the first home: %v", err)
	}
	f.agree()
	err = b.e.Book(&BookCall{Event: f.event, Caller: who, Best: BestAvailable{Quantity: 2}}, 200*time.Millisecond, &out)
	if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrTimeout) {
		t.Errorf("the second home, while the first one's request is inside: %v", err)
	}
	gate.open()
	if err := again(func() error { _, err := b.best(who, 2); return err }); err != nil || f.holds(who) != 1 {
		t.Errorf("after it: %v, %d bookings in the logs", err, f.holds(who))
	}
}

// stuckGateway charges, and does not come back.
type stuckGateway struct {
	processor.Processor
	charged chan struct{}
}

func (g *stuckGateway) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	answer, err := g.Processor.Charge(ctx, c)
	close(g.charged)
	<-ctx.Done()
	return answer, errors.Join(err, ctx.Err())
}

// TestPayerDies (P6): the node that was charging is gone. The section's node finds out what became of the money.
func TestPayerDies(t *testing.T) {
	var line changingProcessor // of the first node, which waits for it without end
	f := newFleetWith(t, 2, fleetPlan, 8, func(c *Config) {
		c.ChargeTimeout = 50 * time.Millisecond
		if line.now.Load() == nil {
			line.set(c.Processor)
			c.Processor, c.ChargeTimeout = &line, patience
		}
	})
	a, b := f.nodes[0], f.nodes[1]
	no := storage.SectionNo(0)
	for f.owner(no) != b {
		no++
	}
	held, err := a.hold(caller(3, 1), fleetSeat(int(no), 1))
	if err != nil {
		t.Fatal(err)
	}
	stuck := &stuckGateway{line.get(), make(chan struct{})}
	line.set(stuck)
	var out BookingView
	gone := make(chan error, 1)
	go func() { gone <- a.e.Confirm(held.ID, caller(3, 2), "tok_ok", patience, &out) }()
	select {
	case <-stuck.charged:
	case err := <-gone:
		t.Fatalf("nothing was charged: %v, %+v", err, out.State)
	}
	a.e.cancel() // the process is gone: nobody there will settle it
	f.kill(a)
	f.lapse(a)
	<-gone
	f.eventually("the booking is sold, for it is paid", func() bool {
		var now BookingView
		err := b.e.Booking(held.ID, caller(3, 0), patience, &now)
		return err == nil && now.State == section.BookingConfirmed
	})
}

// TestSubscriberThatHasGone: what a node asked for before its link ended is not sent to it for ever.
func TestSubscriberThatHasGone(t *testing.T) {
	f := newFleet(t, 2)
	a, b := f.nodes[0], f.nodes[1]
	f.kill(b)
	late := wire.Subscribe{Event: f.event} // was under way when the link ended
	if err := a.e.Received(b.id, late.Append(nil)); err != nil {
		t.Fatal(err)
	}
	f.eventually("it is taken", func() bool { return a.e.peerRPC.Waiting() == 0 })
	if list := a.e.peerRPC.Subscribers(f.event); len(list) != 0 {
		t.Errorf("subscribers %v", list)
	}
	f.lapse(b)
	f.eventually("all serve", func() bool { return f.serving() == 8 })
	if _, err := a.hold(caller(3, 1), fleetSeat(0, 1)); err != nil || a.e.peerRPC.Unsynced() != 0 {
		t.Errorf("a hold: %v, %d sections out of step", err, a.e.peerRPC.Unsynced())
	}
}

// TestAnswerThatNeverComes: the other node is up and could not send its answer. Whoever waited has given up, and so
// does the node.
func TestAnswerThatNeverComes(t *testing.T) {
	f := newFleet(t, 2)
	a, b := f.nodes[0], f.nodes[1]
	no := storage.SectionNo(0)
	for f.owner(no) != b {
		no++
	}
	lost := func(m []byte) bool { return wire.Kind(m[0]) == wire.KindAnswer }
	b.drop.Store(&lost)
	var out BookingView
	err := a.e.Book(
		&BookCall{Event: f.event, Caller: caller(3, 1), Seats: []string{fleetSeat(int(no), 1)}}, 100*time.Millisecond,
		&out,
	)
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("without an answer: %v", err)
	}
	b.drop.Store(nil)
	f.eventually(
		"the slot and the reservation are given back",
		func() bool { return a.section(no).remote.InTransit() == 0 && a.seatsOf(3) == 1 },
	)
}

// TestMapOfANodeThatIsCutOff (P9): a node that cannot reach the others, but the store, shows what they sell.
func TestMapOfANodeThatIsCutOff(t *testing.T) {
	f := newFleet(t, 2)
	a, b := f.nodes[0], f.nodes[1]
	f.readyCoordinators()
	f.cut(a, b)
	for no := range storage.SectionNo(8) {
		owner := f.owner(no)
		if _, err := owner.hold(caller(owner.countedBuyer(10*byte(no)), 1), fleetSeat(int(no), 3)); err != nil {
			t.Fatal(err)
		}
	}
	f.eventually("both maps show all of it", func() bool {
		return strings.Count(a.letters(), "h") == 8 && a.letters() == b.letters()
	})
}
