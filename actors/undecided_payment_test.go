package actors

import (
	"errors"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
)

// TestPaymentBegunInDoubt (P4, P6): the record that begins a payment is undecided when its caller is told so, and lands
// later. Nobody has charged it. Repeated under its key it is paid for, once; left alone the hold goes back to its
// buyer.
func TestPaymentBegunInDoubt(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	again, left := b.mustHold(caller(1, 1), "A-1-1"), b.mustHold(caller(2, 1), "B-1-1")
	_, back := b.away()
	var out BookingView
	for _, who := range []struct {
		id     BookingID
		caller Caller
	}{{again.ID, caller(1, 2)}, {left.ID, caller(2, 2)}} {
		if err := b.e.Confirm(who.id, who.caller, "tok_ok", 30*time.Millisecond, &out); !errors.Is(err, ErrTimeout) {
			t.Fatalf("P3: while the store is away: %v", err)
		}
	}
	back()
	err := b.retry(func() error { return b.e.Confirm(again.ID, caller(1, 2), "tok_ok", patience, &out) })
	if err != nil || out.State != section.BookingConfirmed {
		t.Errorf("P5: repeated under its key: %v, state %v", err, out.State)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); ; {
		err := b.e.Booking(left.ID, caller(2, 0), patience, &out) // its section may still be in doubt
		if err == nil && out.State == section.BookingHeld {
			break
		}
		select {
		case <-tick.C:
			continue
		case <-timeout:
			t.Fatalf("P4: nobody came back for it, and it is still %v (%v)", out.State, err)
		}
	}
	if taken, _, status := b.bank.total(t, left.ID); taken != 0 || status != processor.Cancelled {
		t.Errorf("P6: not repeated, and %d charged all the same: %v", taken, status)
	}
	if taken, _, _ := b.bank.total(t, again.ID); taken != out.Amount {
		t.Errorf("P6: charged %d once and for all, want %d", taken, out.Amount)
	}
}
