package actors

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/section"
)

// freeGateway stands before the processor and answers for bookings that cost nothing: nobody pays them, so the
// processor never hears of them, and no books have a charge of 0 that would have to agree with something. Everything
// behind it, the two steps of a confirm, the reconciler, a refund, is the same for them as for others.
//
// What a processor would say of such a booking follows from the booking: once it is being paid, it is paid.
type freeGateway struct {
	checkout.Gateway
	e *Engine
}

// Charge implements checkout.Gateway.
func (g freeGateway) Charge(ctx context.Context, c checkout.Charge) (checkout.Status, error) {
	if c.Amount == 0 {
		return checkout.Charged, nil
	}
	return g.Gateway.Charge(ctx, c)
}

// Lookup implements checkout.Gateway.
func (g freeGateway) Lookup(ctx context.Context, id checkout.PaymentID) (checkout.Status, error) {
	view, free, err := g.look(ctx, id)
	switch {
	case err != nil:
		return checkout.Unknown, err
	case !free:
		return g.Gateway.Lookup(ctx, id)
	case view.State == section.BookingPaying || view.State == section.BookingConfirmed:
		return checkout.Charged, nil
	case view.State == section.BookingRefunded:
		return checkout.Refunded, nil
	}
	return checkout.Declined, nil
}

// Refund implements checkout.Gateway.
func (g freeGateway) Refund(ctx context.Context, id checkout.PaymentID) (checkout.Status, error) {
	switch _, free, err := g.look(ctx, id); {
	case err != nil:
		return checkout.Unknown, err
	case free:
		return checkout.Refunded, nil
	}
	return g.Gateway.Refund(ctx, id)
}

// look reads the payment's booking. Money for a booking that nobody knows is not free.
func (g freeGateway) look(ctx context.Context, id checkout.PaymentID) (view BookingView, free bool, err error) {
	booking, ok := ParseBookingID([]byte(id))
	if !ok {
		return view, false, nil
	}
	deadline, some := ctx.Deadline()
	if !some {
		deadline = time.Now().Add(settleTimeout)
	}
	err = g.e.read(booking, settler, deadline, &view)
	if errors.Is(err, ErrBookingUnknown) {
		return view, false, nil
	}
	return view, err == nil && view.Amount == 0, err
}
