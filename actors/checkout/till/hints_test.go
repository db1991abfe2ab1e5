package till

import (
	"context"
	"errors"
	"testing"

	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// desk is a booking whose section takes every word, and a processor that is told what to say.
type desk struct {
	processor.Processor
	b     Booking
	away  bool // the processor does not answer
	says  map[processor.AttemptID]processor.Status
	back  processor.RefundStatus
	heard []section.Command
}

var errAway = errors.New("away")

func (d *desk) Read(context.Context, booking.ID) (Booking, error) { return d.b, nil }

func (d *desk) Tell(_ context.Context, _ booking.ID, c section.Command) (section.Rejection, error) {
	d.heard = append(d.heard, c)
	if c.Kind == section.FailPayment {
		d.b.State, d.b.Money.Phase = section.BookingHeld, account.Over
	}
	return section.Accepted, nil
}

func (d *desk) Lookup(_ context.Context, a processor.AttemptID, _ processor.Reference) (processor.Answer, error) {
	if d.away {
		return processor.Answer{}, errAway
	}
	return processor.Answer{Status: d.says[a], Amount: 500, Currency: "EUR"}, nil
}

func (d *desk) LookupRefund(context.Context, processor.Refund) (processor.RefundStatus, error) {
	if d.away {
		return processor.RefundUnknown, errAway
	}
	return d.back, nil
}

// told counts the commands of one kind.
func (d *desk) told(kind section.CommandKind) (n int) {
	for _, c := range d.heard {
		if c.Kind == kind {
			n++
		}
	}
	return n
}

// TestAHintIsNotTakenWhileTheProcessorIsAway guards P6: what only a hint tells, late money and a refund that a bank
// refuses after days, stays to be looked at until the processor has answered about it.
func TestAHintIsNotTakenWhileTheProcessorIsAway(t *testing.T) {
	past := account.Past{Attempt: 1, Amount: 500}
	over := account.Money{Attempt: 2, Phase: account.Over, Amount: 500, Past: []account.Past{past}}
	sold := account.Money{Attempt: 1, Phase: account.Captured, Amount: 500, Refunds: []account.Refund{
		{No: 1, Attempt: 1, State: account.Refunded, Reason: account.Requested, Amount: 500, Back: true}}}
	for name, row := range map[string]struct {
		b    Booking
		kind section.CommandKind
	}{
		"late money": {
			Booking{State: section.BookingHeld, Total: 500, Money: over}, section.ConfirmPayment,
		},
		"a refund that a bank refuses after days": {
			Booking{State: section.BookingRefunded, Total: 500, Money: sold}, section.SettleRefund,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{b: row.b, away: true, back: processor.RefundFailed,
				says: map[processor.AttemptID]processor.Status{AttemptID(&row.b, 1): processor.Captured}}
			teller := &Till{Processor: d, Section: d}
			if left, err := teller.Settle(t.Context(), row.b.ID, 1<<1); err == nil && left.Rest == 0 {
				t.Fatalf("the hint is taken, and %+v is left", left)
			}
			d.away = false
			if _, err := teller.Settle(t.Context(), row.b.ID, 1<<1); d.told(row.kind) == 0 {
				t.Errorf("asked again: %v, %+v", err, d.heard)
			}
		})
	}
}

// TestAHintOfOneAttemptOutlivesTheEndOfAnother guards P6: the settlement that ends the open attempt looks at the one
// that was hinted at too.
func TestAHintOfOneAttemptOutlivesTheEndOfAnother(t *testing.T) {
	b := Booking{State: section.BookingPaying, Total: 500, Money: account.Money{Attempt: 2, Phase: account.Opened,
		Amount: 500, Past: []account.Past{{Attempt: 1, Amount: 500}}}}
	d := &desk{b: b, says: map[processor.AttemptID]processor.Status{
		AttemptID(&b, 1): processor.Captured, AttemptID(&b, 2): processor.Declined}}
	teller := &Till{Processor: d, Section: d}
	_, _ = teller.Settle(t.Context(), b.ID, 1<<1) // the section of this test never says that the money is owed
	if d.told(section.FailPayment) != 1 || d.told(section.ConfirmPayment) == 0 {
		t.Errorf("told %+v", d.heard)
	}
}
