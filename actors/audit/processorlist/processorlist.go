// Package processorlist gives a processor's own list of payments in the audit's words.
//
//	processor.Processor.Payments ─▶ Of ─▶ audit.Options.Payments
//
// It stands between the two so that the audit knows no processor, and no processor the audit. Rejected: asking about
// each booking by its reference. What the logs do not know of is never asked for then.
package processorlist

import (
	"context"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
)

// Lister is the part of a processor that is read. Nothing is asked of it that changes anything.
type Lister interface {
	Payments(ctx context.Context, since time.Time, visit func(processor.Payment) error) error
}

// Of is a processor's list.
func Of(p Lister) audit.PaymentList {
	return func(ctx context.Context, since time.Time, visit func(audit.Payment)) error {
		return p.Payments(ctx, since, func(one processor.Payment) error {
			visit(Payment(one))
			return ctx.Err()
		})
	}
}

// Payment is a line of a processor's list in the audit's words. One that is not Holdfast's has no id.
func Payment(p processor.Payment) audit.Payment {
	one := audit.Payment{ID: string(p.Attempt), Reference: string(p.Reference), Amount: p.Amount, Refunded: p.Refunded,
		Currency: p.Currency, Disputed: p.Disputed, At: p.At}
	switch {
	case p.Status == processor.Captured:
		one.Status = audit.PaymentCharged
	case p.Status.Terminal():
		one.Status = audit.PaymentDeclined
	case p.Status != processor.Unknown:
		one.Status = audit.PaymentOpen
	}
	if id, number, ok := till.ParseAttempt(p.Attempt); ok {
		one.Section, one.Booking, one.Attempt = id.Section, id.No, number
	}
	return one
}
