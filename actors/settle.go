package actors

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/section"
)

var settler = Caller{Operator: true}

// settle brings a booking and its money together once the payment's status is known. It follows the table in package
// checkout, is idempotent, and safe beside any other call: only the section moves the booking. out is the booking as it
// then stands.
//
// ErrBookingUnknown: the section has no such booking, and money charged for it was given back. Any other error: not
// settled, to be called again.
func (e *Engine) settle(id BookingID, status checkout.Status, deadline time.Time, out *BookingView) error {
	if status == checkout.Charged {
		return e.settleCharged(id, deadline, out)
	}
	return e.settleUncharged(id, status, deadline, out)
}

// settleStepsMax bounds how often others may move the booking between two commands of one settlement.
const settleStepsMax = 4

// settleCharged sells the booking while it stands, whatever was believed of its payment before, and gives the money
// back when it has ended. An ended booking never comes back, so nobody can sell it on money that is being returned.
func (e *Engine) settleCharged(id BookingID, deadline time.Time, out *BookingView) error {
	for range settleStepsMax {
		got, err := e.act(section.ConfirmPayment, id, settler, deadline, out)
		switch {
		case err != nil && got.Rejection != section.BookingUnknown:
			return err
		case got.Rejection == section.Accepted:
			return nil
		case got.Rejection == section.AlreadyConfirmed:
			return e.read(id, settler, deadline, out)
		case got.Rejection != section.NotPaying:
			return e.giveBack(id, deadline, out)
		}
		if _, err := e.act(section.BeginPayment, id, settler, deadline, out); err != nil {
			return err // a refusal is as good: what the booking is now, the next round hears
		}
	}
	return ErrUnavailable
}

// settleUncharged opens a booking that waits for money again, and takes the tickets of one whose money went back.
func (e *Engine) settleUncharged(id BookingID, status checkout.Status, deadline time.Time, out *BookingView) error {
	got, err := e.act(section.FailPayment, id, settler, deadline, out)
	if err == nil && got.Rejection == section.AlreadyConfirmed && status == checkout.Refunded {
		got, err = e.act(section.RefundBooking, id, settler, deadline, out)
	}
	if err != nil || got.Rejection == section.Accepted {
		return err
	}
	return e.read(id, settler, deadline, out)
}

// giveBack returns the money of a booking that has ended.
func (e *Engine) giveBack(id BookingID, deadline time.Time, out *BookingView) error {
	ctx, cancel := context.WithDeadline(e.ctx, deadline)
	defer cancel()
	status, err := e.gateway.Refund(ctx, paymentID(id))
	if err != nil || status != checkout.Refunded {
		return errors.Join(ErrUnavailable, err)
	}
	return e.read(id, settler, deadline, out)
}

// settlePayment is the reconciler's way into the section.
func (e *Engine) settlePayment(_ context.Context, pid checkout.PaymentID, status checkout.Status) error {
	id, ok := ParseBookingID([]byte(pid))
	if !ok {
		return nil // not one of ours: nothing to settle
	}
	if e.charging.Has(pid) {
		return ErrUnavailable // "not found" says nothing while the charge is on its way (P6): ask again
	}
	var out BookingView
	err := e.settle(id, status, time.Now().Add(settleTimeout), &out)
	if errors.Is(err, ErrBookingUnknown) {
		return nil
	}
	return err
}

const settleTimeout = 5 * time.Second
