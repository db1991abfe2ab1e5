package actors

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"holdfast/actors/checkout"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// TestDoubleClickChargesOnce: P6, two clicks wait for one charge, whatever their keys.
func TestDoubleClickChargesOnce(t *testing.T) {
	for name, second := range map[string]uint64{"same key": 2, "other key": 3} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, boxRules(), Config{})
			held := b.mustHold(caller(1, 1), "A-1-1")
			b.bank.gate, b.bank.asked = make(chan struct{}), make(chan struct{}, 10)
			type answer struct {
				view BookingView
				err  error
			}
			answers := make(chan answer, 2)
			click := func(key uint64) {
				v, err := b.confirm(held.ID, caller(1, key), "tok_ok")
				answers <- answer{v, err}
			}
			go click(2)
			<-b.bank.asked
			go click(second)
			close(b.bank.gate)
			for range 2 {
				if a := <-answers; a.err != nil || a.view.State != section.BookingConfirmed {
					t.Errorf("P6: %v %v", a.err, a.view.State)
				}
			}
			if n := b.bank.charges.Load(); n != 1 {
				t.Errorf("P6: %d charges", n)
			}
		})
	}
}

func TestDeclinedKeepsTheHold(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	for range 2 { // the repeat hears the same (P5)
		if _, err := b.confirm(held.ID, caller(1, 2), "tok_declined"); !errors.Is(err, ErrDeclined) {
			t.Errorf("declined: %v", err)
		}
	}
	if v, err := b.confirm(held.ID, caller(1, 3), "tok_ok"); err != nil || v.State != section.BookingConfirmed {
		t.Errorf("another token: %v %v", err, v.State)
	}
}

// TestUnknownPaymentIsReconciled: P6, a charge whose answer was lost ends as a sale, one that never arrived as a hold.
func TestUnknownPaymentIsReconciled(t *testing.T) {
	for token, want := range map[string]section.BookingState{"tok_unknown": section.BookingConfirmed, "tok_lost": section.BookingHeld} {
		t.Run(token, func(t *testing.T) {
			b := newBox(t, boxRules(), Config{})
			held := b.mustHold(caller(1, 1), "A-1-1")
			v, err := b.confirm(held.ID, caller(1, 2), token)
			if err != nil || v.State != section.BookingPaying {
				t.Fatalf("%v %v, want paying", err, v.State)
			}
			b.now.Add(int64(boxRules().HoldTTL)) // no clock ends a booking that is paying
			b.until("an answer", func() bool { return b.booking(held.ID).State != section.BookingPaying })
			got := b.booking(held.ID).State
			if got != want && !(want == section.BookingHeld && got == section.BookingExpired) {
				t.Errorf("P6: %s ended as %v", token, got)
			}
		})
	}
}

// TestPayingSurvivesRestart: P6, a payment begun before a stop is asked about after it.
func TestPayingSurvivesRestart(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if v, err := b.confirm(held.ID, caller(1, 2), "tok_unknown"); err != nil || v.State != section.BookingPaying {
		t.Fatal(err)
	}
	b.restart()
	b.until("the sale", func() bool { return b.letters(0)[0] == 's' })
}

// TestMoneyAndSeatsAgree: P6, after a crowd of clicks the processor's book equals the confirmed bookings.
func TestMoneyAndSeatsAgree(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	tokens := []string{"tok_ok", "tok_declined", "tok_unknown"}
	ids := make([]BookingID, 12)
	for _, err := range together(12, func(i int) error {
		held, err := b.best(caller(byte(i+1), 1), BestAvailable{Quantity: 1})
		if err != nil {
			return err
		}
		ids[i] = held.ID
		_, err = b.confirm(held.ID, caller(byte(i+1), 2), tokens[i%3])
		return err
	}) {
		if err != nil && !errors.Is(err, ErrDeclined) {
			t.Error(err)
		}
	}
	b.until("all answers", func() bool {
		return !slices.ContainsFunc(
			ids, func(id BookingID) bool { return b.booking(id).State == section.BookingPaying },
		)
	})
	for i, id := range ids {
		taken, back, status := b.bank.total(t, id)
		sold := b.booking(id).State == section.BookingConfirmed
		if sold != (taken-back == 4500) || !sold && taken != back {
			t.Errorf("P6: booking %d sold=%v, the processor has %d and says %v", i, sold, taken-back, status)
		}
	}
}

// TestReconcilerWaitsForTheCharge: P6, while a charge is on its way "opened" decides nothing: it is not cancelled.
func TestReconcilerWaitsForTheCharge(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.bank.gate, b.bank.asked = make(chan struct{}), make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() { _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); done <- err }()
	<-b.bank.asked
	left, err := b.e.settleMoney(context.Background(), held.ID, 0)
	if err != nil || left.Left != checkout.Pressing || b.booking(held.ID).State != section.BookingPaying {
		t.Errorf("P6: settled under a charge on its way: %v %v", left, err)
	}
	close(b.bank.gate)
	if err := <-done; err != nil || b.booking(held.ID).State != section.BookingConfirmed {
		t.Errorf("%v %v", err, b.booking(held.ID).State)
	}
}

// Kind: money asked for where nothing is due. The processor never hears of a booking that costs nothing (P6), whatever
// becomes of it.
func TestFreeBookingsNeverReachTheProcessor(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.e.CreateEvent(
		t.Context(),
		&storage.Event{Name: "free", Currency: "EUR", Sale: storage.SaleOpen, Rules: boxRules(),
			Prices: map[string]int64{"standard": 0}},
		v,
	)
	if err != nil {
		t.Fatal(err)
	}
	paid := b.event
	b.event = made.ID
	for key, token := range map[uint64]string{10: "", 20: "tok_ok", 30: "tok_declined"} { // a token that is given is not used
		held := b.mustHold(caller(1, key), "A-1-"+strconv.Itoa(int(key/10)))
		for range 2 { // P5: the repeat hears the same
			if v, err := b.confirm(held.ID, caller(1, key+1), token); err != nil ||
				v.State != section.BookingConfirmed ||
				len(v.Tickets) != 1 {
				t.Errorf("token %q: %v %v", token, err, v.State)
			}
		}
		var back BookingView
		if err := b.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, &back); err != nil ||
			back.State != section.BookingRefunded {
			t.Errorf("refund: %v %v", err, back.State)
		}
	}
	crashed := b.mustHold(caller(2, 1), "A-2-1")
	var out BookingView
	begin := section.Command{Kind: section.BeginPayment, Pay: account.Payment{Attempt: 1}}
	// And no more: a crash.
	if _, err := b.e.send(&begin, false, crashed.ID, caller(2, 2), deadlineSoon(), &out); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.until(
		"the reconciler finishes it", func() bool { return b.booking(crashed.ID).State == section.BookingConfirmed },
	)
	if n := b.bank.charges.Load(); n != 0 {
		t.Errorf("P6: the processor was asked for %d charges", n)
	}
	b.event = paid
	held := b.mustHold(caller(1, 40), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 41), ""); !errors.Is(err, ErrTokenMissing) ||
		b.booking(held.ID).State != section.BookingHeld {
		t.Errorf("a booking that costs something, without a token: %v", err)
	}
}
