package actors

import (
	"errors"
	"slices"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// TestRefundOfSingleSeats: P6, money and seats of one seat go back exactly once; the others stay sold, with their
// tickets.
func TestRefundOfSingleSeats(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1", "A-1-2", "A-1-3")
	sold, err := b.confirm(held.ID, caller(1, 2), "tok_ok")
	if err != nil {
		t.Fatal(err)
	}
	var out BookingView
	one := RefundCall{Seats: []string{"A-1-2"}}
	for range 2 { // P5
		if err := b.e.Refund(held.ID, operatorCaller(3, 1), one, patience, &out); err != nil ||
			out.State != section.BookingConfirmed || !slices.Equal(out.Seats, []string{"A-1-1", "A-1-3"}) ||
			out.Amount != 9000 ||
			out.Tickets[0] != sold.Tickets[0] ||
			out.Tickets[1] != sold.Tickets[2] {
			t.Fatalf("%v %+v", err, out)
		}
	}
	if taken, back, _ := b.bank.total(t, held.ID); taken != 13500 || back != 4500 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
	if again, err := b.hold(caller(2, 1), "A-1-2"); err != nil || again.State != section.BookingHeld {
		t.Errorf("P1: the seat is not on sale again: %v", err)
	}
	var unknown *SeatsUnknownError
	err = b.e.Refund(held.ID, operatorCaller(4, 1), RefundCall{Seats: []string{"A-2-1"}}, patience, &out)
	if !errors.As(err, &unknown) {
		t.Errorf("a seat of nobody: %v", err)
	}
	if err := b.e.Refund(held.ID, operatorCaller(5, 1), one, patience, &out); err != nil ||
		len(out.Seats) != 2 {
		t.Errorf("a seat that is somebody else's by now: %v %+v", err, out)
	}
	if err := b.e.Refund(held.ID, operatorCaller(6, 1), RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded || len(out.Tickets) != 0 || len(out.Refunds) != 2 {
		t.Errorf("the rest: %v %+v", err, out)
	}
	if taken, back, _ := b.bank.total(t, held.ID); taken != back {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
}

// TestKeptFeesStayKept: P6, a refund that keeps fees keeps them for good; the refund of the rest is about the rest.
func TestKeptFeesStayKept(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	header, err := b.e.CreateEvent(
		t.Context(),
		&storage.Event{Name: "with fees", Currency: "EUR", Sale: storage.SaleOpen,
			Rules: boxRules(), Prices: map[string]int64{"standard": 4500}, Components: map[string]price.Price{
				"standard": {Face: 4000, Fees: []price.Fee{{Code: "service", Amount: 500}}}}},
		v,
	)
	if err != nil {
		t.Fatal(err)
	}
	b.event = header.ID
	held := b.mustHold(caller(1, 1), "A-1-1", "A-1-2")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	var out BookingView
	one := RefundCall{Seats: []string{"A-1-2"}, KeepFees: true}
	if err := b.e.Refund(held.ID, operatorCaller(3, 1), one, patience, &out); err != nil {
		t.Fatal(err)
	}
	if err := b.e.Refund(held.ID, operatorCaller(4, 1), RefundCall{}, patience, &out); err != nil {
		t.Fatal(err)
	}
	if taken, back, _ := b.bank.total(t, held.ID); taken != 9000 || back != 8500 {
		t.Errorf("%d of %d went back, want 8500 of 9000", back, taken)
	}
}

// TestRefundThatFails: P6, the processor refuses one refund: another is due in its place, under a new id, and the
// ticket stays void meanwhile.
func TestRefundThatFails(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_refund_fails"); err != nil {
		t.Fatal(err)
	}
	var out BookingView
	if err := b.e.Refund(held.ID, operatorCaller(3, 1), RefundCall{}, patience, &out); err != nil ||
		len(out.Tickets) != 0 {
		t.Fatalf("%v %+v", err, out)
	}
	b.until("the seat on sale", func() bool { b.settle(held.ID); return b.letters(0)[0] == 'a' })
	if taken, back, _ := b.bank.total(t, held.ID); taken != back || taken == 0 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
	if last := b.booking(held.ID).Refunds; len(last) != 1 || last[0].No != 2 || last[0].State != "refunded" {
		t.Errorf("refunds %+v", last)
	}
}

// TestChallenge: P6, a buyer whose bank asks for more is told where to go on; passed it is sold, failed or run out of
// time it is held again, and nobody has paid.
func TestChallenge(t *testing.T) {
	for name, row := range map[string]struct {
		answer, pass bool
		want         section.BookingState
	}{"passed": {true, true, section.BookingConfirmed}, "failed": {true, false, section.BookingHeld},
		"run out": {false, false, section.BookingExpired}} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, boxRules(), Config{})
			b.bank.ChallengeURL = "https://bank.example"
			held := b.mustHold(caller(1, 1), "A-1-1")
			v, err := b.confirm(held.ID, caller(1, 2), "tok_challenge")
			if err != nil || v.State != section.BookingPaying || v.Next.URL == "" || v.NextUntil == 0 {
				t.Fatalf("%v %+v", err, v)
			}
			if again := b.booking(held.ID); again.Next != v.Next || again.NextUntil != v.NextUntil {
				t.Errorf("looked at again: %+v", again)
			}
			a := attempt(held.ID, 1)
			if row.answer {
				ref := processor.Reference(v.money.Reference())
				if _, err := b.bank.AnswerChallenge(t.Context(), a, ref, row.pass); err != nil {
					t.Fatal(err)
				}
			} else {
				b.now.Add(int64(v.NextUntil) - b.now.Load())
			}
			b.e.PaymentHint(processor.Hint{Attempt: a})
			b.until("an end", func() bool { return b.booking(held.ID).State != section.BookingPaying })
			got := b.booking(held.ID).State
			if got != row.want && !(row.want == section.BookingExpired && got == section.BookingHeld) {
				t.Errorf("%v, want %v", got, row.want)
			}
			if name == "run out" {
				coolsDown(t, b, held.ID)
			}
			taken, _, _ := b.bank.total(t, held.ID)
			if (taken == 4500) != row.pass {
				t.Errorf("P6: %d was taken", taken)
			}
		})
	}
}

// coolsDown: whoever let a challenge run out gets the same seats later only, over a restart too; others do at once.
func coolsDown(t *testing.T, b *box, id BookingID) {
	t.Helper()
	b.now.Add(int64(boxRules().HoldTTL))
	b.until("the hold's end", func() bool { return b.booking(id).State == section.BookingExpired })
	for range 2 {
		var refused *Refusal
		_, err := b.hold(caller(1, 0), "A-1-1")
		if !errors.As(err, &refused) || refused.Code != section.ChallengeCoolDown || refused.Wait <= 0 ||
			refused.Wait > 15*time.Minute || !slices.Equal(refused.Seats, []string{"A-1-1"}) {
			t.Errorf("the same seat at once: %v %+v", err, refused)
		}
		b.restart()
	}
	if v, err := b.hold(caller(1, 0), "A-1-2"); err != nil || v.State != section.BookingHeld {
		t.Errorf("another seat: %v", err)
	}
	if v, err := b.hold(caller(2, 0), "A-1-1"); err != nil || v.State != section.BookingHeld {
		t.Errorf("another buyer: %v", err)
	}
}
