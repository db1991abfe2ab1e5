package actors

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/storage"
)

// bought is a booking of one seat that was paid for.
func (b *box) bought(no byte, seat, token string) BookingID {
	b.t.Helper()
	held := b.mustHold(caller(no, 1), seat)
	if v, err := b.confirm(held.ID, caller(no, 2), token); err != nil && !errors.Is(err, ErrDeclined) {
		b.t.Fatalf("%v %+v", err, v)
	}
	return held.ID
}

func (b *box) payments(q pending.Query) pending.Page {
	b.t.Helper()
	q.Event = b.event
	page, err := b.e.Payments(b.t.Context(), q)
	if err != nil {
		b.t.Fatal(err)
	}
	return page
}

// soon waits for what no seat shows.
func (b *box) soon(what string, ok func() bool) {
	b.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-late:
			b.t.Fatalf("never came: %s", what)
		}
	}
}

// TestRefundThatFailedForGoodWaitsForAnOperator: P6, it is listed with its reason, through a restart; a retry gives the
// money back once, and a second one nothing more.
func TestRefundThatFailedForGoodWaitsForAnOperator(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	id := b.bought(1, "A-1-1", "tok_ok")
	b.bank.refundsFail.Store(math.MaxInt32)
	var out BookingView
	if err := b.e.Refund(id, Caller{Operator: true}, RefundCall{}, patience, &out); err != nil {
		t.Fatal(err)
	}
	for range account.TriesMax {
		b.settle(id)
	}
	b.restart()
	b.mustHold(caller(2, 1), "A-1-2") // somebody asks: the event is loaded
	b.soon("the refund among what waits for a person", func() bool {
		page := b.payments(pending.Query{Kind: pending.RefundFailed})
		return len(page.Items) == 1 && page.Items[0].Left == checkout.Person.String() && page.Items[0].Why != ""
	})
	if page := b.payments(pending.Query{Kind: pending.RefundDue}); len(page.Items) != 0 {
		t.Errorf("listed as due: %+v", page.Items)
	}
	for range 2 {
		item, err := b.e.RetryPayments(t.Context(), id)
		if err != nil || len(item.Kinds) == 0 || item.Why == "" {
			t.Errorf("while the processor refuses: %v %+v", err, item)
		}
	}
	b.bank.refundsFail.Store(0)
	for range 3 {
		item, err := b.e.RetryPayments(t.Context(), id)
		if err != nil || len(item.Kinds) != 0 || item.State != section.BookingRefunded {
			t.Errorf("after the processor has given in: %v %+v", err, item)
		}
	}
	if taken, back, _ := b.bank.total(t, id); taken != 4500 || back != 4500 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
	b.soon("an empty list", func() bool { return len(b.payments(pending.Query{}).Items) == 0 })
	if _, err := b.e.RetryPayments(t.Context(), BookingID{Section: id.Section, No: 77}); !errors.Is(
		err, ErrBookingUnknown,
	) {
		t.Errorf("a booking that is not there: %v", err)
	}
}

// mutedBank does not answer what it is asked about payments.
type mutedBank struct{ processor.Processor }

var errMuted = errors.New("no route to the processor")

func (mutedBank) Lookup(context.Context, processor.AttemptID, processor.Reference) (processor.Answer, error) {
	return processor.Answer{}, errMuted
}

// TestUnknownStaysUnknownInARetry: P6, an operator who asks again hears that nobody has answered; nothing is charged
// twice, and the answer counts when there is one.
func TestUnknownStaysUnknownInARetry(t *testing.T) {
	var line changingProcessor
	b := newBox(t, boxRules(), Config{Processor: &line})
	line.set(mutedBank{b.bank})
	id := b.bought(1, "A-1-1", "tok_unknown")
	item, err := b.e.RetryPayments(t.Context(), id)
	if err != nil || !slices.Equal(item.Kinds, []pending.Kind{pending.Paying}) || item.Why == "" ||
		item.LastAt.IsZero() {
		t.Errorf("P6: told %v %+v of a payment of which nobody knows", err, item)
	}
	charges := b.bank.charges.Load()
	line.set(b.bank)
	if item, err = b.e.RetryPayments(t.Context(), id); err != nil || item.State != section.BookingConfirmed {
		t.Errorf("%v %+v", err, item)
	}
	if taken, _, _ := b.bank.total(t, id); taken != 4500 || b.bank.charges.Load() != charges {
		t.Errorf("P6: %d taken by %d charges", taken, b.bank.charges.Load())
	}
}

// TestPaymentsArePaged: the list is bounded, and a cursor leads through all of it once.
func TestPaymentsArePaged(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.bank.refundsLost.Store(math.MaxInt32)
	seats := []string{"A-1-1", "A-1-2", "A-1-3", "B-1-1", "B-1-2"}
	var want []BookingID
	for i, seat := range seats {
		id := b.bought(byte(i+1), seat, "tok_ok")
		if err := b.e.Refund(id, Caller{Operator: true}, RefundCall{}, patience, new(BookingView)); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	b.e.disputed(checkout.Dispute{Booking: want[1], Attempt: 1})
	b.e.disputed(checkout.Dispute{Booking: want[1], Attempt: 1})
	if n := b.e.Stats().Disputes.Load(); n != 1 {
		t.Errorf("one dispute was told %d times", n)
	}
	var got []BookingID
	for q := (pending.Query{Limit: 2}); ; {
		page := b.payments(q)
		for i := range page.Items {
			got = append(got, page.Items[i].Line.ID)
			disputed := slices.Contains(page.Items[i].Kinds, pending.Disputed)
			if disputed != (page.Items[i].Line.ID == want[1]) {
				t.Errorf("%+v", page.Items[i])
			}
		}
		if q.After = page.Next; page.Next == (BookingID{}) {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if _, err := b.e.Payments(t.Context(), pending.Query{Event: storage.NewEventID()}); !errors.Is(
		err, ErrEventUnknown,
	) {
		t.Errorf("an event that is not there: %v", err)
	}
}

// TestMoneyOfAClosedEventIsSettledAfterARestart: P6, what the log owes is given back although nobody looks at an event
// whose sale is over.
func TestMoneyOfAClosedEventIsSettledAfterARestart(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	id := b.bought(1, "A-1-1", "tok_ok")
	b.bank.refundsLost.Store(math.MaxInt32)
	if err := b.e.Refund(id, Caller{Operator: true}, RefundCall{}, patience, new(BookingView)); err != nil {
		t.Fatal(err)
	}
	if err := b.inner.SetSale(t.Context(), b.event, storage.SaleClosed, storage.OperatorKey{}); err != nil {
		t.Fatal(err)
	}
	b.close()
	b.bank.refundsLost.Store(0)
	b.open()
	b.soon("the money back", func() bool {
		taken, back, _ := b.bank.total(t, id)
		return taken == back
	})
}
