package actors

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

func (b *box) deleteEvent(who Caller) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := b.e.DeleteEvent(ctx, b.event, who)
	return err
}

// lettersEver is the map of an event that may be deleted.
func (b *box) lettersEver() (letters string) {
	b.t.Helper()
	ev, _, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		b.t.Fatal(err)
	}
	ev.live.Read(func(_ storage.SectionNo, s SectionStatus) { letters += string(s.Letters) })
	return letters
}

// TestNothingIsSoldInADeletedEvent: P1, P2. After the answer every seat of every section is blocked in its log, also
// for whoever starts anew, and an event in use is left as it was.
func TestNothingIsSoldInADeletedEvent(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	who := operatorCaller(1, 1)
	if err := b.block(operatorCaller(2, 2), false, "A-1-2"); err != nil {
		t.Fatal(err)
	}
	held := b.mustHold(caller(1, 1), "B-1-1")
	before := b.letters(0) + b.letters(1)
	if err := b.deleteEvent(who); !errors.Is(err, ErrEventInUse) {
		t.Fatalf("deleted with a live hold: %v", err)
	}
	if now := b.letters(0) + b.letters(1); now != before {
		t.Errorf("a refused deletion changed %q to %q", before, now)
	}
	b.mustHold(caller(2, 1), "A-1-1")
	var out BookingView
	for who, id := range map[byte]BookingID{1: held.ID, 2: b.mustHold(caller(2, 1), "A-1-1").ID} {
		if err := b.e.Release(id, caller(who, 9), patience, &out); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.deleteEvent(who); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.deleteEvent(who); err != nil {
			t.Errorf("P5: the repeat: %v", err)
		}
		if err := b.deleteEvent(operatorCaller(3, 3)); !errors.Is(err, ErrEventUnknown) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := b.hold(caller(3, 3), "A-1-1"); !errors.Is(err, ErrEventUnknown) {
			t.Errorf("P1: a hold in a deleted event: %v", err)
		}
		if err := b.block(operatorCaller(4, 4), true, "A-1-1"); !errors.Is(err, ErrEventUnknown) {
			t.Errorf("unblocked in a deleted event: %v", err)
		}
		if err := b.e.Booking(held.ID, caller(1, 0), patience, &out); err != nil ||
			out.State != section.BookingReleased {
			t.Errorf("P5: a booking of before: %+v %v", out.State, err)
		}
		if now := b.lettersEver(); strings.Trim(now, string(section.Blocked)) != "" || len(now) != 16 {
			t.Errorf("P1: not all seats are blocked: %q", now)
		}
		b.restart()
	}
}

// TestAHoldThatCameFirstWins: P2. Buyers and a deletion at once: either somebody has seats and the event is there, on
// sale and with all other seats free, or nobody has any and it is gone.
func TestAHoldThatCameFirstWins(t *testing.T) {
	gone, kept := 0, 0
	for round := range byte(30) {
		b := newBox(t, boxRules(), Config{})
		b.live()
		var group sync.WaitGroup
		var holds atomic.Int64
		for i := range round % 4 {
			group.Go(func() {
				if _, err := b.hold(caller(i+1, 1), "B-1-"+string('1'+i)); err == nil {
					holds.Add(1)
				} else if !errors.Is(err, ErrSaleNotOpen) && !errors.Is(err, ErrEventUnknown) && code(err) != "seat_taken" {
					t.Error(err)
				}
			})
		}
		var err error
		group.Go(func() { err = b.deleteEvent(operatorCaller(9, 9)) })
		group.Wait()
		switch {
		case err == nil && holds.Load() == 0:
			gone++
		case errors.Is(err, ErrEventInUse) && holds.Load() > 0:
			kept++
			if header, err := b.e.Event(b.event); err != nil || header.Sale != storage.SaleOpen {
				t.Errorf("round %d: the sale is %+v, %v", round, header, err)
			}
			if left := b.letters(0) + b.letters(1); strings.Contains(left, string(section.Blocked)) {
				t.Errorf("round %d: seats stay blocked: %q", round, left)
			}
		default:
			t.Errorf("P2: round %d: %d holds, deletion %v", round, holds.Load(), err)
		}
	}
	if gone == 0 || kept == 0 {
		t.Errorf("%d deleted, %d kept: one of the two was never tried", gone, kept)
	}
}

// TestADeletionThatStoppedGoesOnUnderItsKey: P5. The store fails at every one of its writes.
func TestADeletionThatStoppedGoesOnUnderItsKey(t *testing.T) {
	for at := range 5 {
		for _, op := range []faultstore.Op{faultstore.OpCommit, faultstore.OpCatalog} {
			b := newBox(t, boxRules(), Config{})
			b.live()
			b.store.Add(faultstore.Rule{Op: op, After: at, Times: 1, Do: faultstore.Fail})
			who := operatorCaller(1, 1)
			if err := b.retry(func() error {
				err := b.deleteEvent(who)
				if errors.Is(err, ErrUnavailable) {
					return ErrUnavailable
				}
				return err
			}); err != nil {
				t.Errorf("fault %d of %d: %v", at, op, err)
			}
			b.store.Heal()
			stands, err := b.inner.Event(t.Context(), b.event)
			if err != nil || stands.Sale != storage.SaleDeleted {
				t.Errorf("fault %d of %d: %+v %v", at, op, stands, err)
			}
		}
	}
}

// TestADeletedEventIsGoneAtEveryNode: the others hear of it, and no node grants a seat in it.
func TestADeletedEventIsGoneAtEveryNode(t *testing.T) {
	f := newFleet(t, 3)
	if _, err := f.nodes[1].e.DeleteEvent(t.Context(), f.event, operatorCaller(1, 1)); err != nil {
		t.Fatal(err)
	}
	for i, node := range f.nodes {
		for seat := range 3 {
			if _, err := node.hold(caller(byte(10*i+seat+1), 1), fleetSeat(i, seat+1)); err == nil {
				t.Errorf("P1: node %d granted a seat in a deleted event", i)
			}
		}
		if _, err := node.e.DeleteEvent(t.Context(), f.event, operatorCaller(1, 1)); err != nil {
			t.Errorf("P5: the repeat at node %d: %v", i, err)
		}
	}
	f.eventually("it is unknown at all nodes", func() bool {
		for _, node := range f.nodes {
			if _, err := node.e.Event(f.event); !errors.Is(err, ErrEventUnknown) || len(node.e.Events()) != 0 {
				return false
			}
		}
		return true
	})
}
