package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

func fleetSeat(no, seat int) string { return fmt.Sprintf("%c-1-%d", 'A'+no, seat) }

// TestAnyNodeAnswers: a booking is placed, read, repeated, extended, paid and refunded through different nodes,
// wherever its section is.
func TestAnyNodeAnswers(t *testing.T) {
	f := newFleet(t, 3)
	for no := range 8 {
		a, b, c := f.nodes[no%3], f.nodes[(no+1)%3], f.nodes[(no+2)%3]
		who := caller(byte(10+no), 1)
		held, err := a.hold(who, fleetSeat(no, 1), fleetSeat(no, 2))
		if err != nil {
			t.Fatalf("hold: %v", err)
		}
		if repeated, err := b.hold(who, fleetSeat(no, 1), fleetSeat(no, 2)); err != nil || repeated.ID != held.ID {
			t.Errorf("repeated on another node (P5): %v %v, want %v", repeated.ID, err, held.ID)
		}
		if _, err := c.hold(caller(99, uint64(no+1)), fleetSeat(no, 2)); code(err) != "seat_taken" {
			t.Errorf("a taken seat: %v", err)
		}
		var out BookingView
		if err := b.e.Extend(held.ID, caller(byte(10+no), 2), patience, &out); err != nil {
			t.Errorf("extend: %v", err)
		}
		if err := c.e.Confirm(held.ID, caller(byte(10+no), 3), "tok_ok", patience, &out); err != nil ||
			out.State != section.BookingConfirmed ||
			len(out.Tickets) != 2 {
			t.Errorf("confirm: %v %+v", err, out)
		}
		tickets := out.Tickets[0]
		if err := a.e.Booking(held.ID, who, patience, &out); err != nil || out.Tickets[0] != tickets {
			t.Errorf("read: %v %+v", err, out)
		}
		if no%2 == 0 {
			operator := Caller{Operator: true, Request: section.RequestID{9, byte(no)}}
			if err := b.e.Refund(held.ID, operator, RefundCall{}, patience, &out); err != nil ||
				out.State != section.BookingRefunded {
				t.Errorf("refund: %v %+v", err, out)
			}
		}
	}
	f.eventually("every node shows the same map", func() bool {
		return f.nodes[0].letters() == f.nodes[1].letters() && f.nodes[1].letters() == f.nodes[2].letters()
	})
}

// TestWhoIsToldOfAHoldFindsIt: the node that answers shows the hold on its map at once, whichever node has the section
// (P9).
func TestWhoIsToldOfAHoldFindsIt(t *testing.T) {
	f := newFleet(t, 3)
	for i := range 8 * 15 {
		n := f.nodes[i%3]
		no, seat := i%8, i/8
		if _, err := n.hold(caller(byte(1+i), 1), fleetSeat(no, seat+1)); err != nil {
			t.Fatal(err)
		}
		if at := no*21 + seat; n.letters()[at] != 'h' {
			t.Fatalf("seat %s is %c on the map of the node that gave it", fleetSeat(no, seat+1), n.letters()[at])
		}
	}
}

// TestBestAvailableOverNodes: the best seats are found wherever they are, down to the last one (P11), and a key means
// one booking on whatever nodes it is used (P5).
func TestBestAvailableOverNodes(t *testing.T) {
	f := newFleet(t, 3)
	taken := map[string]int{}
	var mu sync.Mutex
	errs := together(80, func(i int) error {
		who := caller(byte(i+1), 7)
		var first BookingView
		for turn := range 3 { // one key on all nodes at once
			got, err := f.nodes[(i+turn)%3].best(who, 2)
			switch {
			case err != nil:
				return err
			case turn == 0:
				first = got
			case got.ID != first.ID:
				return fmt.Errorf("one key, two bookings: %v %v, then %v %v", first.ID, first.Seats, got.ID, got.Seats)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for _, seat := range first.Seats {
			taken[seat]++
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if len(taken) != 160 {
		t.Errorf("%d seats given, want all 160", len(taken))
	}
	for i := range 3 {
		if _, err := f.nodes[i].best(caller(200, uint64(i+1)), 1); code(err) != "sold_out" {
			t.Errorf("when nothing is left: %v", err)
		}
	}
}

// TestBuyerLimitOverNodes: the limit is the event's, whichever nodes a buyer goes to one after the other.
func TestBuyerLimitOverNodes(t *testing.T) {
	f := newFleet(t, 3)
	held := 0
	for i := range 12 {
		_, err := f.nodes[i%3].hold(caller(5, uint64(i+1)), fleetSeat(i%8, 1+i/8))
		switch {
		case err == nil:
			held++
		case code(err) != "too_many_for_buyer":
			t.Fatal(err)
		}
		f.eventually("the ledgers agree", func() bool {
			for _, n := range f.nodes {
				ev, _ := n.e.event(f.event)
				if ev.buyers.Seats(section.BuyerID{5}) != uint32(held) {
					return false
				}
			}
			return true
		})
	}
	if held != 8 {
		t.Errorf("%d seats held, the limit is 8", held)
	}
}

// load keeps buyers busy on every node until stopped, and counts what they were told.
type fleetLoad struct {
	stop            chan struct{}
	all             sync.WaitGroup
	useful, refused atomic.Int64
	other           atomic.Pointer[error]
}

func (f *fleet) load(nodes ...*fleetNode) *fleetLoad {
	l := &fleetLoad{stop: make(chan struct{})}
	for i := range 12 {
		l.all.Go(func() {
			for turn := 0; ; turn++ {
				select {
				case <-l.stop:
					return
				default:
				}
				l.one(nodes[i%len(nodes)], i, turn)
			}
		})
	}
	return l
}

// one holds a seat of this buyer's own, and gives it back.
func (l *fleetLoad) one(n *fleetNode, buyer, turn int) {
	held, err := n.hold(caller(byte(buyer+100), uint64(2*turn+1)), fleetSeat(turn%8, buyer+1))
	if err == nil {
		var out BookingView
		err = n.e.Release(held.ID, caller(byte(buyer+100), uint64(2*turn+2)), patience, &out)
	}
	switch {
	case err == nil:
		l.useful.Add(1)
	case code(err) == "seat_taken", code(err) == "too_many_for_buyer": // what an unknown outcome left behind
	default:
		l.refused.Add(1)
		l.other.Store(&err)
	}
}

func (l *fleetLoad) end() {
	close(l.stop)
	l.all.Wait()
}

// TestDrainRefusesNobody: a node lets go of everything under load, a new one joins, and nobody is refused.
func TestDrainRefusesNobody(t *testing.T) {
	f := newFleet(t, 3)
	leaving := f.nodes[1]
	l := f.load(f.nodes...)
	f.eventually("buyers are busy", func() bool { return l.useful.Load() > 200 })
	f.agree(leaving)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := leaving.e.ReleaseAll(ctx); err != nil {
		t.Fatalf("let go: %v", err)
	}
	f.eventually(
		"the others serve all",
		func() bool { return f.serving() == 8 && leaving.e.Stats().SectionsServing.Load() == 0 },
	)
	newcomer := f.start()
	f.agree(leaving)
	f.eventually(
		"the newcomer has its share",
		func() bool { return newcomer.e.Stats().SectionsServing.Load() > 0 && f.serving() == 8 },
	)
	before := l.useful.Load()
	f.eventually("buyers go on", func() bool { return l.useful.Load() > before+200 })
	l.end()
	if n := l.refused.Load(); n > 0 {
		t.Errorf("%d of %d were refused, one of them: %v", n, n+l.useful.Load(), *l.other.Load())
	}
}

// TestKilledNodeIsReplaced: what a node had is sold by the others once its heartbeat has lapsed, nothing acknowledged
// is lost, and before that nothing of it is sold; whether each node counts buyers' seats for itself, or coordinators
// do.
func TestKilledNodeIsReplaced(t *testing.T) {
	t.Run("ledgers", func(t *testing.T) { replaceKilledNode(t, newFleet(t, 3)) })
	t.Run("coordinators", func(t *testing.T) { replaceKilledNode(t, newCountedFleet(t, 3)) })
}

func replaceKilledNode(t *testing.T, f *fleet) {
	victim := f.nodes[2]
	held := map[int]BookingView{}
	for no := range 8 {
		got, err := f.nodes[no%3].hold(caller(byte(no+1), 1), fleetSeat(no, 5))
		if err != nil {
			t.Fatal(err)
		}
		held[no] = got
	}
	had := victim.e.Stats().SectionsServing.Load()
	f.kill(victim)
	refused, orphaned := 0, 0
	for no := range 8 {
		buyer := caller(byte(no+50), 1)
		if !f.coordinated(buyer.Buyer) {
			orphaned++ // its coordinator was the victim's: nobody can count the buyer's seats in the victim's sections
		}
		_, err := f.nodes[0].hold(buyer, fleetSeat(no, 6))
		if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrMoved) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if int64(refused) < had || int64(refused) > had+int64(orphaned) || had == 0 {
		t.Errorf("%d sections refuse, the victim had %d, and coordinators of %d buyers", refused, had, orphaned)
	}
	f.lapse(victim)
	f.eventually("the others serve all", func() bool { return f.serving() == 8 })
	for no := range 8 {
		var out BookingView
		if err := again(func() error { return f.nodes[no%2].e.Booking(held[no].ID, caller(byte(no+1), 0), patience, &out) }); err != nil ||
			out.State != section.BookingHeld {
			t.Errorf("what was held is %v %v (P2)", out.State, err)
		}
		if err := again(func() error { _, err := f.nodes[0].hold(caller(byte(no+50), 1), fleetSeat(no, 6)); return err }); err != nil {
			t.Errorf("the seat refused before: %v", err)
		}
	}
	if got := victim.e.Stats().SectionsServing.Load(); got != had {
		t.Errorf("the victim, which nobody told, serves %d of %d until it writes", got, had)
	}
	for no := range 8 { // it comes back to life, and must not give a seat that somebody has
		var out BookingView
		err := victim.e.Book(
			&BookCall{Event: f.event, Caller: caller(77, uint64(no+1)), Seats: []string{fleetSeat(no, 6)}}, time.Second,
			&out,
		)
		if err == nil {
			t.Errorf("P1: %s was sold twice", fleetSeat(no, 6))
		}
	}
}

// TestOneKeyWhileHomesMove: one key is used on several nodes while views change under it; there is one booking for it
// at the end (P5).
func TestOneKeyWhileHomesMove(t *testing.T) {
	f := newFleet(t, 3)
	stop := make(chan struct{})
	var moves sync.WaitGroup
	moves.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Millisecond):
				f.agree(f.nodes[i%3])
			}
		}
	})
	for round := range 20 {
		who := caller(byte(round+1), 3)
		ids := make([]BookingID, 6)
		errs := together(6, func(i int) error {
			return again(func() error {
				got, err := f.nodes[i%3].best(who, 2)
				ids[i] = got.ID
				return err
			})
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for _, id := range ids[1:] {
			if id != ids[0] {
				t.Fatalf("round %d: one key, two bookings: %v", round, ids)
			}
		}
	}
	close(stop)
	moves.Wait()
	f.agree()
	f.eventually("all is quiet", func() bool { return f.serving() == 8 })
	total := 0
	for no := range 8 {
		_, o, err := f.nodes[0].e.openEvent(f.event, deadlineSoon())
		if err != nil {
			t.Fatal(err)
		}
		tail, err := f.store.Tail(t.Context(), o.sections[no].key)
		if err != nil || tail.Seq == 0 {
			t.Fatal(err)
		}
		err = f.store.Read(t.Context(), o.sections[no].key, 0, func(e *storage.Entry, _ storage.Hash) error {
			if e.Kind != storage.EntryChanges {
				return nil
			}
			return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
				if c.Kind == section.HoldPlaced {
					total++
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if total != 20 {
		t.Errorf("%d holds in the logs for 20 keys", total)
	}
}

// TestPassivation: sections of an event that is not on sale go to sleep when nobody asks for them, on all nodes, keep
// what they know, and wake for whoever does.
func TestPassivation(t *testing.T) {
	f := newFleetWith(t, 2, fleetPlan, 8, func(c *Config) { c.PassivateAfter = 30 * time.Millisecond })
	held, err := f.nodes[0].hold(caller(1, 1), fleetSeat(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	var out BookingView
	if err := f.nodes[1].e.Confirm(held.ID, caller(1, 2), "tok_ok", patience, &out); err != nil {
		t.Fatal(err)
	}
	if _, err := f.nodes[0].e.SetSale(t.Context(), f.event, storage.SaleClosed); err != nil {
		t.Fatal(err)
	}
	asleep := func() bool {
		n := 0
		for _, node := range f.nodes {
			_, o, err := node.e.openEvent(f.event, deadlineSoon())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range o.sections {
				if s.passivated.Load() && s.following() == nil {
					n++
				}
			}
		}
		return n == 16
	}
	f.eventually("all sections sleep on both nodes", asleep)
	if f.serving() != 0 {
		t.Errorf("%d sections serve", f.serving())
	}
	if err := f.nodes[0].e.Booking(held.ID, caller(1, 0), patience, &out); err != nil ||
		out.State != section.BookingConfirmed {
		t.Errorf("a section woken by a read: %+v %v", out, err)
	}
	f.eventually("it goes back to sleep", asleep)
	if _, err := f.nodes[1].e.SetSale(t.Context(), f.event, storage.SaleOpen); err != nil {
		t.Fatal(err)
	}
	f.eventually("all serve", func() bool { return f.serving() == 8 })
	if again, err := f.nodes[1].hold(caller(1, 1), fleetSeat(0, 1)); err != nil || again.ID != held.ID {
		t.Errorf("the key of before the sleep (P5): %v %v", again.ID, err)
	}
	if _, err := f.nodes[1].best(caller(2, 1), 2); err != nil {
		t.Errorf("a search after the sleep: %v", err)
	}
	f.eventually("ledgers agree", func() bool {
		for _, n := range f.nodes {
			ev, _ := n.e.event(f.event)
			if ev.buyers.Seats(section.BuyerID{1}) != 1 {
				return false
			}
		}
		return true
	})
}
