package actors

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"holdfast/actors/section"
)

// TestRefundJudgesTheKeyBeforeMoneyMoves: P5 and P6, a key used for one refund pays nothing back under another.
func TestRefundJudgesTheKeyBeforeMoneyMoves(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	operator := func(key, body uint64) Caller {
		c := caller(9, key)
		c.Operator, c.Fingerprint = true, body
		return c
	}
	sold := map[string]BookingID{}
	for i, seat := range []string{"A-1-1", "A-1-2", "B-1-1"} {
		held := b.mustHold(caller(1, uint64(10+i)), seat)
		if _, err := b.confirm(held.ID, caller(1, uint64(20+i)), "tok_ok"); err != nil {
			t.Fatal(err)
		}
		sold[seat] = held.ID
	}
	var out BookingView
	if err := b.e.Refund(sold["A-1-1"], operator(50, 1), RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded {
		t.Fatalf("the first refund: %v %v", err, out.State)
	}
	for body, seat := range map[uint64]string{2: "A-1-2", 3: "B-1-1"} { // of the same section, and of another
		if err := b.e.Refund(sold[seat], operator(50, body), RefundCall{}, patience, &out); !errors.Is(
			err, ErrMismatch,
		) {
			t.Errorf("refund of %s under a used key: %v", seat, err)
		}
		if _, got, _ := b.bank.total(t, sold[seat]); got != 0 {
			t.Errorf("P6: the bank says %v of %s", got, seat)
		}
	}
	if err := b.e.Refund(sold["A-1-1"], operator(50, 1), RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded {
		t.Errorf("P5: the repeat: %v %v", err, out.State)
	}
}

// TestKeyBelongsToOneSection: P5, a key used for a change of one booking is a mismatch for a booking of another
// section, also after a restart; a refused call leaves its key free.
func TestKeyBelongsToOneSection(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	here, there := b.mustHold(caller(1, 1), "A-1-1"), b.mustHold(caller(1, 2), "B-1-1")
	var out BookingView
	b.now.Add(2 * int64(section.ExtendMin))
	if err := b.e.Extend(here.ID, caller(1, 3), patience, &out); err != nil {
		t.Fatal(err)
	}
	if err := b.e.Extend(there.ID, caller(1, 3), patience, &out); !errors.Is(err, ErrMismatch) {
		t.Errorf("the key of A in B: %v", err)
	}
	operator := Caller{Operator: true, Request: caller(1, 4).Request}
	if err := b.e.Refund(here.ID, operator, RefundCall{}, patience, &out); err == nil {
		t.Error("a hold was refunded")
	}
	if err := b.e.Extend(there.ID, caller(1, 4), patience, &out); err != nil {
		t.Errorf("a key that was only refused: %v", err)
	}
	b.restart()
	if err := b.e.Release(there.ID, caller(1, 3), patience, &out); !errors.Is(err, ErrMismatch) {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := b.hold(caller(1, 3), "B-1-2"); !errors.Is(err, ErrMismatch) {
		t.Errorf("a hold under the key of an extension: %v", err)
	}
}

// TestTooManySeatsComesBeforeSoldOut: the documented precedence, also when no section is large enough to be asked.
func TestTooManySeatsComesBeforeSoldOut(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	if _, err := b.best(caller(1, 1), BestAvailable{Quantity: 70_000}); code(err) != "too_many_seats" {
		t.Errorf("70,000 of a small hall: %v", err)
	}
	if _, err := b.best(caller(1, 1), BestAvailable{Quantity: 1}); err != nil {
		t.Errorf("the refused key again: %v", err)
	}
}

// TestKeysThatDidNothingAreNotKept: extensions of nothing and second releases leave nothing behind, however many there
// are.
func TestKeysThatDidNothingAreNotKept(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held, gone := b.mustHold(caller(1, 1), "A-1-1"), b.mustHold(caller(1, 2), "A-1-2")
	var out BookingView
	if err := b.e.Release(gone.ID, caller(1, 3), patience, &out); err != nil {
		t.Fatal(err)
	}
	kept := func() int {
		ev, _, err := b.e.openEvent(held.ID.Section.Event, deadlineSoon())
		if err != nil {
			t.Fatal(err)
		}
		accepted, underWay := ev.index.Size()
		return accepted + underWay
	}
	before := kept()
	for i := range uint64(100) {
		if err := b.e.Extend(held.ID, caller(1, 1000+i), patience, &out); err != nil {
			t.Fatal(err)
		}
		if err := b.e.Release(gone.ID, caller(1, 2000+i), patience, &out); err != nil {
			t.Fatal(err)
		}
	}
	if n := kept(); n != before {
		t.Errorf("%d keys are kept, after %d", n, before)
	}
	if err := b.e.Release(gone.ID, caller(1, 3), patience, &out); err != nil || kept() != before {
		t.Errorf("P5: the first release again: %v, %d keys are kept", err, kept())
	}
}

// TestACallUnderWayIsNoStranger guards P5: while a hold is being placed, its seats show as taken before its key is
// kept. A repeat that comes just then gets the first answer, and not that somebody has the seats.
func TestACallUnderWayIsNoStranger(t *testing.T) {
	const seats = 2000
	b := newBoxOf(
		t,
		fmt.Sprintf(`{"sections":[{"id":"A","rows":[{"label":"1","seats":%d}]}]}`, seats),
		boxRules(),
		Config{},
	)
	for n := range seats {
		who := caller(byte(n), uint64(n)+1)
		who.Buyer[1] = byte(n >> 8)
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() {
				if _, err := b.hold(who, fmt.Sprintf("A-1-%d", n+1)); err != nil {
					t.Errorf("seat %d: %v", n+1, err)
				}
			})
		}
		calls.Wait()
	}
}
