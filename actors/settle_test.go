package actors

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"holdfast/actors/checkout"
	"holdfast/actors/section"
	"holdfast/storage/faultstore"
)

// moneyMoves are what may happen to a booking whose first charge was sent and never answered, in any order. No move
// waits for another: money may land before or after the payment was given up, released, expired, paid again. A move
// that the booking refuses is part of the story.
var moneyMoves = []struct {
	name string
	do   func(b *box, id BookingID)
}{
	{"give up", func(b *box, id BookingID) { b.settle(id, checkout.Declined) }},
	{"land", func(b *box, id BookingID) { b.land(id) }},
	{"hear", func(b *box, id BookingID) { b.hear(id) }},
	{"release", func(b *box, id BookingID) { _ = b.e.Release(id, caller(1, 0), patience, new(BookingView)) }},
	{"lapse", func(b *box, _ BookingID) { b.now.Add(int64(boxRules().HoldTTL)) }},
	{"pay again", func(b *box, id BookingID) { _, _ = b.confirm(id, caller(1, 0), "tok_ok") }},
	{"refund", func(b *box, id BookingID) { _ = b.e.Refund(id, Caller{Operator: true}, patience, new(BookingView)) }},
}

// settle says what the processor is believed to say, as the reconciler does.
func (b *box) settle(id BookingID, status checkout.Status) {
	b.t.Helper()
	if err := b.e.settlePayment(context.Background(), paymentID(id), status); err != nil {
		b.t.Errorf("settling %v: %v", status, err)
	}
}

// land is the money of the first charge reaching the processor.
func (b *box) land(id BookingID) {
	b.t.Helper()
	if _, err := b.gateway.Sandbox.Charge(context.Background(), checkout.Charge{ID: paymentID(id), Amount: 1, Currency: "EUR", Token: "tok_ok"}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) bank(id BookingID) checkout.Status {
	b.t.Helper()
	status, err := b.gateway.Lookup(context.Background(), paymentID(id))
	if err != nil {
		b.t.Fatal(err)
	}
	return status
}

// hear settles what the processor says now; "never seen" is not believed here.
func (b *box) hear(id BookingID) {
	if status := b.bank(id); status != checkout.NotFound {
		b.settle(id, status)
	}
}

// agree: P6, a ticket is there exactly when its money is.
func (b *box) agree(id BookingID) error {
	state, money := b.booking(id).State, b.bank(id)
	if (state == section.BookingConfirmed) != (money == checkout.Charged) || state == section.BookingPaying {
		return fmt.Errorf("the booking is %v, the processor says %v", state, money)
	}
	return nil
}

// TestLateMoney: P6 over every sequence of up to four moves.
func TestLateMoney(t *testing.T) {
	b, runs := newBox(t, boxRules(), Config{}), 0
	var walk func(path []int, depth int)
	walk = func(path []int, depth int) {
		runs++
		lateMoney(b, path)
		if depth == 0 {
			return
		}
		for i := range moneyMoves {
			walk(append(path[:len(path):len(path)], i), depth-1)
		}
	}
	walk(nil, 4)
	t.Logf("%d histories", runs)
}

// lateMoney plays one history, tells the booking the processor's last word, twice, and leaves the seat free.
func lateMoney(b *box, path []int) {
	held := b.mustHold(caller(1, 0), "A-1-1")
	if v, err := b.confirm(held.ID, caller(1, 0), "tok_lost"); err != nil || v.State != section.BookingPaying {
		b.t.Fatalf("%v %v, want paying", err, v.State)
	}
	story := "nothing"
	for _, i := range path {
		moneyMoves[i].do(b, held.ID)
		story += ", " + moneyMoves[i].name
	}
	for range 2 {
		status := b.bank(held.ID)
		if status == checkout.NotFound {
			status = checkout.Declined
		}
		b.settle(held.ID, status)
		if err := b.agree(held.ID); err != nil {
			b.t.Errorf("P6: after %s: %v", story, err)
		}
	}
	_ = b.e.Refund(held.ID, Caller{Operator: true}, patience, new(BookingView))
	_ = b.e.Release(held.ID, caller(1, 0), patience, new(BookingView))
}

// TestRefundIsRetried: P6, money that could not be given back, or whose return nobody heard of, stays the reconciler's.
func TestRefundIsRetried(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_lost"); err != nil {
		t.Fatal(err)
	}
	b.settle(held.ID, checkout.Declined)
	var out BookingView
	if err := b.e.Release(held.ID, caller(1, 3), patience, &out); err != nil {
		t.Fatal(err)
	}
	b.land(held.ID)
	b.gateway.refundsLost.Store(2)
	for range 2 {
		if err := b.e.settlePayment(context.Background(), paymentID(held.ID), checkout.Charged); !errors.Is(
			err, ErrUnavailable,
		) {
			t.Fatalf("P6: settled although the refund was lost: %v", err)
		}
	}
	b.settle(held.ID, checkout.Charged)
	if got := b.bank(held.ID); got != checkout.Refunded {
		t.Errorf("P6: the money is %v", got)
	}
}

// TestRefundCutInHalf: P6, when the money went back and the seats' record was lost, the reconciler takes the tickets.
func TestRefundCutInHalf(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: faultstore.Lose, Err: errBroken})
	var out BookingView
	if err := b.e.Refund(held.ID, Caller{Operator: true}, patience, &out); err == nil {
		t.Fatal("a refund whose record was lost is told as done")
	}
	b.until("the seats back on sale", func() bool { return b.letters(0)[0] == 'a' })
	if err := b.agree(held.ID); err != nil {
		t.Errorf("P6: %v", err)
	}
}

// TestChargeComesBackToAnEndedHold: P6, the very call that took the money finds the hold gone, gives it back and says
// so.
func TestChargeComesBackToAnEndedHold(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.gateway.gate, b.gateway.asked = make(chan struct{}), make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() { _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); done <- err }()
	<-b.gateway.asked
	var out BookingView // another node gave the payment up, and the buyer let go
	if err := b.e.settle(held.ID, checkout.Declined, deadlineSoon(), &out); err != nil {
		t.Fatal(err)
	}
	if err := b.e.Release(held.ID, caller(1, 3), patience, &out); err != nil {
		t.Fatal(err)
	}
	close(b.gateway.gate)
	if err := <-done; code(err) != "hold_released" || b.bank(held.ID) != checkout.Refunded {
		t.Errorf("P6: told %v, the processor says %v", err, b.bank(held.ID))
	}
}
