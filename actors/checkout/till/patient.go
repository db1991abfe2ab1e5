package till

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/checkout/processor"
)

// Margin is what a call keeps of its deadline for telling the section what the processor has said.
const Margin = 200 * time.Millisecond

// Patient asks a processor, each time for so long at most, and keeps Margin of ctx's deadline for what follows.
func Patient(p processor.Processor, patience time.Duration) processor.Processor {
	return patient{p, patience}
}

// Until is ctx with a deadline by which nobody is woken: a Section and a Patient processor read it, and bound their own
// waiting. It saves a timer for each of a payment's steps.
func Until(ctx context.Context, deadline time.Time) context.Context { return until{ctx, deadline} }

type until struct {
	context.Context
	at time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.at, true }

type patient struct {
	processor.Processor
	patience time.Duration
}

func (p patient) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	wait := p.patience
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		wait = min(wait, max(left-Margin, min(left, Margin)))
	}
	if u, is := ctx.(until); is {
		ctx = u.Context // a deadline that wakes nobody must not be taken for one that does
	}
	return context.WithTimeout(ctx, wait)
}

func (p patient) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	return p.Processor.Open(ctx, o)
}

func (p patient) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	return p.Processor.Charge(ctx, c)
}

func (p patient) Lookup(
	ctx context.Context, a processor.AttemptID, ref processor.Reference,
) (processor.Answer, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	return p.Processor.Lookup(ctx, a, ref)
}

func (p patient) Cancel(
	ctx context.Context, a processor.AttemptID, ref processor.Reference,
) (processor.Answer, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	return p.Processor.Cancel(ctx, a, ref)
}

func (p patient) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	return p.Processor.Refund(ctx, r)
}

func (p patient) LookupRefund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	ctx, cancel := p.bound(ctx)
	defer cancel()
	return p.Processor.LookupRefund(ctx, r)
}

// errNobody is what is said where nobody can be asked.
var errNobody = errors.New("till: there is no processor")

// Nobody stands where no processor can be asked: it knows nothing, and says so. Anything else would be a judgement
// (P6).
type Nobody struct{}

var _ processor.Processor = Nobody{}

// Name implements processor.Processor. So do the others.
func (Nobody) Name() string { return "none" }

// Chargeable refuses.
func (Nobody) Chargeable(int64, string) error { return errNobody }

// Open refuses.
func (Nobody) Open(context.Context, processor.Opening) (processor.Reference, error) {
	return "", errNobody
}

// Charge refuses.
func (Nobody) Charge(context.Context, processor.Charge) (processor.Answer, error) {
	return processor.Answer{}, errNobody
}

// Lookup refuses.
func (Nobody) Lookup(context.Context, processor.AttemptID, processor.Reference) (processor.Answer, error) {
	return processor.Answer{}, errNobody
}

// Cancel refuses.
func (Nobody) Cancel(context.Context, processor.AttemptID, processor.Reference) (processor.Answer, error) {
	return processor.Answer{}, errNobody
}

// Refund refuses.
func (Nobody) Refund(context.Context, processor.Refund) (processor.RefundStatus, error) {
	return processor.RefundUnknown, errNobody
}

// LookupRefund refuses.
func (Nobody) LookupRefund(context.Context, processor.Refund) (processor.RefundStatus, error) {
	return processor.RefundUnknown, errNobody
}

// Payments refuses.
func (Nobody) Payments(context.Context, time.Time, func(processor.Payment) error) error {
	return errNobody
}

// Events refuses.
func (Nobody) Events(_ context.Context, cursor string, _ func(processor.Hint) error) (string, error) {
	return cursor, errNobody
}

// Verify refuses.
func (Nobody) Verify(processor.Header, []byte, time.Time) (processor.Hint, error) {
	return processor.Hint{}, errNobody
}
