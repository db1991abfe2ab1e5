package actors

import (
	"context"
	"sync/atomic"
	"time"

	"holdfast/actors/checkout/processor"
)

// changingProcessor is the processor that it was last set to, while engines ask it from any goroutine.
type changingProcessor struct {
	now atomic.Pointer[processor.Processor]
}

func (c *changingProcessor) set(to processor.Processor) { c.now.Store(&to) }

func (c *changingProcessor) get() processor.Processor { return *c.now.Load() }

func (c *changingProcessor) Name() string { return c.get().Name() }

func (c *changingProcessor) Chargeable(amount int64, currency string) error {
	return c.get().Chargeable(amount, currency)
}

func (c *changingProcessor) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	return c.get().Open(ctx, o)
}

func (c *changingProcessor) Charge(ctx context.Context, charge processor.Charge) (processor.Answer, error) {
	return c.get().Charge(ctx, charge)
}

func (c *changingProcessor) Lookup(ctx context.Context, a processor.AttemptID, ref processor.Reference) (
	processor.Answer, error) {
	return c.get().Lookup(ctx, a, ref)
}

func (c *changingProcessor) Cancel(ctx context.Context, a processor.AttemptID, ref processor.Reference) (
	processor.Answer, error) {
	return c.get().Cancel(ctx, a, ref)
}

func (c *changingProcessor) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	return c.get().Refund(ctx, r)
}

func (c *changingProcessor) LookupRefund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	return c.get().LookupRefund(ctx, r)
}

func (c *changingProcessor) Payments(ctx context.Context, since time.Time,
	visit func(processor.Payment) error) error {
	return c.get().Payments(ctx, since, visit)
}

func (c *changingProcessor) Events(ctx context.Context, cursor string, visit func(processor.Hint) error) (
	next string, err error) {
	return c.get().Events(ctx, cursor, visit)
}

func (c *changingProcessor) Verify(header processor.Header, body []byte, now time.Time) (processor.Hint, error) {
	return c.get().Verify(header, body, now)
}
