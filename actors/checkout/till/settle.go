package till

import (
	"context"
	"errors"
	"slices"

	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// stepsMax bounds how often one settlement reads the booking anew because it has moved it.
const stepsMax = 4

// errUnheard says that the processor did not say what becomes of an attempt or a refund that somebody has spoken of.
var errUnheard = errors.New("till: the processor has no answer about what was hinted at")

// Settle takes a booking's money as far as it goes now, and says what is left. Hints name attempts, bit n attempt n and
// bit 0 what a build without attempts began, of which somebody says that they are worth a look although the log leaves
// nothing open. An error means that the section could not be asked, or the processor about a hint: nothing else would
// bring the hint back, so whoever has it asks again.
func (t *Till) Settle(ctx context.Context, id booking.ID, hints uint64) (Left, error) {
	for range stepsMax {
		b, err := t.Section.Read(ctx, id)
		if errors.Is(err, ErrUnknown) {
			return Left{}, nil
		}
		if err != nil {
			return Left{Payment: true}, err
		}
		moved, left, err := t.step(ctx, &b, &hints)
		if err != nil || !moved {
			return left, err
		}
	}
	if hints != 0 {
		return Left{Payment: true}, errUnheard
	}
	return Left{Payment: true}, nil
}

// step asks once about everything that is open, and takes out of hints what was looked at.
func (t *Till) step(ctx context.Context, b *Booking, hints *uint64) (moved bool, left Left, err error) {
	if b.State == section.BookingPaying {
		if moved, err = t.attempt(ctx, b); err != nil || moved {
			*hints &^= 1 << b.Money.Attempt
			return moved, Left{Payment: true}, err
		}
		left.Payment = true
	}
	var unheard error
	for i := range b.Money.Refunds {
		r := &b.Money.Refunds[i]
		again := *hints != 0 && r.State == account.Refunded // a bank may still refuse it
		if !r.State.Open() && !again {
			continue
		}
		turned, answered, err := t.refund(ctx, b, r)
		if err != nil {
			return false, Left{Refund: true}, err
		}
		if again && !answered {
			unheard = errUnheard
		}
		moved = moved || turned
		left.Refund = left.Refund || r.State == account.Due && r.Tries == 0
		left.Slow = left.Slow || r.State.Open()
	}
	strayed, err := t.strays(ctx, b, *hints)
	if err = errors.Join(err, unheard); err == nil {
		*hints = 0
	}
	return moved || strayed, left, err
}

// attempt asks about the open attempt.
func (t *Till) attempt(ctx context.Context, b *Booking) (moved bool, err error) {
	if b.Total == 0 || b.Money.Amount == 0 && !b.Money.Legacy {
		return true, t.tell(ctx, b, section.ConfirmPayment, account.NoReason)
	}
	if t.Busy != nil && t.Busy(b.ID) {
		return false, nil // a call has the token, and its answer is on its way
	}
	ref, err := t.reference(ctx, b)
	if err != nil {
		return false, nil
	}
	answer, err := t.Processor.Lookup(ctx, AttemptID(b, b.Money.Attempt), ref)
	if err != nil {
		return false, nil
	}
	status, err := t.heed(ctx, b, ref, answer)
	return status.Terminal(), err
}

// refund asks for one refund, or what became of it.
func (t *Till) refund(ctx context.Context, b *Booking, r *account.Refund) (moved, answered bool, err error) {
	ask := processor.Refund{ID: RefundID(b.ID, r.No), Attempt: AttemptID(b, r.Attempt), Amount: r.Amount,
		Currency: b.Currency, Reference: processor.Reference(r.Reference)}
	switch {
	case r.Reason == account.Anomaly:
	case b.Money.Legacy:
		ask.Reference = processor.Reference(b.ID.String())
	default:
		ask.Reference = processor.Reference(b.Money.Reference())
	}
	status := processor.RefundNone
	if r.State != account.Due {
		status, err = t.Processor.LookupRefund(ctx, ask)
	}
	if err == nil && status == processor.RefundNone {
		status, err = t.Processor.Refund(ctx, ask)
	}
	to := map[processor.RefundStatus]account.RefundState{processor.RefundPending: account.Pending,
		processor.Refunded: account.Refunded, processor.RefundFailed: account.Failed}[status]
	if answered = err == nil && status != processor.RefundUnknown; !answered || to <= r.State {
		return false, answered, nil
	}
	if to == account.Failed {
		t.report(Incident{Kind: RefundFailed, Booking: b.ID, Attempt: r.Attempt, Refund: r.No, Amount: r.Amount})
	}
	_, err = t.Section.Tell(ctx, b.ID, section.Command{Kind: section.SettleRefund,
		Pay: account.Payment{Refund: r.No, State: to}})
	return to != account.Failed, true, err // a new try waits
}

// strays looks at attempts that are not the booking's, because somebody has said so. Money of theirs is owed back from
// here on, by the log. All are looked at, even if the processor does not answer about one: errUnheard.
func (t *Till) strays(ctx context.Context, b *Booking, hints uint64) (moved bool, unheard error) {
	last := account.Past{Attempt: b.Money.Attempt, Amount: b.Money.Amount, Reference: b.Money.Reference()}
	for _, p := range append(slices.Clone(b.Money.Past), last) {
		if hints&(1<<p.Attempt) == 0 || p.Amount == 0 || p == last && b.Money.Phase != account.Over {
			continue
		}
		answer, err := t.Processor.Lookup(ctx, AttemptID(b, p.Attempt), processor.Reference(p.Reference))
		if err != nil || answer.Status == processor.Unknown || answer.Status == processor.Pending {
			unheard = errUnheard
			continue
		}
		if answer.Status != processor.Captured {
			continue
		}
		r, err := t.Section.Tell(ctx, b.ID, section.Command{Kind: section.ConfirmPayment,
			Pay: account.Payment{Attempt: p.Attempt, Amount: answer.Amount}})
		if err != nil {
			return moved, err
		}
		if r == section.Accepted {
			t.report(Incident{Kind: StrayMoney, Booking: b.ID, Attempt: p.Attempt, Amount: answer.Amount})
			moved = true
		}
	}
	return moved, unheard
}
