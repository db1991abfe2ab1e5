package actors

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/section"
)

// locate finds the section of a booking; a booking of an unknown event or section is an unknown booking.
func (e *Engine) locate(id BookingID, deadline time.Time) (*event, *openEvent, *Section, error) {
	ev, o, err := e.openEvent(id.Section.Event, deadline)
	switch {
	case errors.Is(err, ErrEventUnknown):
		return nil, nil, nil, ErrBookingUnknown
	case err != nil:
		return nil, nil, nil, err
	case int(id.Section.Section) >= len(o.sections):
		return nil, nil, nil, ErrBookingUnknown
	}
	return ev, o, o.sections[id.Section.Section], nil
}

// act sends one command about a booking and fills out when it is accepted.
func (e *Engine) act(
	kind section.CommandKind, id BookingID, who Caller, deadline time.Time, out *BookingView,
) (section.Outcome, error) {
	r := request.New()
	r.Command.Kind = kind
	r.Read = kind == 0
	return e.command(r, id, who, deadline, out)
}

// probe asks what the section would say to a command, without doing it: for what must be known before money moves.
func (e *Engine) probe(
	kind section.CommandKind, id BookingID, who Caller, deadline time.Time, out *BookingView,
) (section.Outcome, error) {
	r := request.New()
	r.Command.Kind = kind
	r.Probe = true
	return e.command(r, id, who, deadline, out)
}

// command carries r to its booking's section. The key is entered in the event's index, so that one used for a booking
// of another section is a mismatch (P5).
func (e *Engine) command(
	r *request.Request, id BookingID, who Caller, deadline time.Time, out *BookingView,
) (section.Outcome, error) {
	ev, o, s, err := e.locate(id, deadline)
	if err != nil {
		r.Free()
		return section.Outcome{}, err
	}
	r.Command.Booking, r.Command.Buyer, r.Command.Operator = id.No, who.Buyer, who.Operator
	r.Command.Request, r.Command.Fingerprint = who.Request, who.Fingerprint
	keyed := who.Request != (section.RequestID{})
	if keyed && len(ev.coordinators) > 0 {
		m := wire.Ask{Section: s.key, Probe: r.Probe, Keyed: true, Command: r.Command}
		r.Free()
		if r, err = s.keyed(&m, false, deadline); err != nil {
			return section.Outcome{}, err
		}
		defer r.Free()
		return o.tellBooking(ev, id, &r.Decision.Outcome, out)
	}
	if keyed {
		at, _, err := ev.enterKey(deadline, who.Request, s.key.Section, false)
		if err != nil {
			r.Free()
			return section.Outcome{}, err
		}
		if at != s.key.Section {
			ev.index.Leave(who.Request, at, false, decidedUnknown)
			r.Free()
			return section.Outcome{}, ErrMismatch
		}
	}
	probe := r.Probe
	outcome, err := s.outcome(r, deadline)
	if keyed {
		keep, decidedAt := true, decidedUnknown // after an error nobody knows whether the section remembers it
		if err == nil {
			keep, decidedAt = outcome.Rejection == section.Accepted && !probe &&
				!coordinator.IsIdle(r.Command.Kind, outcome), r.Command.At
		}
		ev.index.Leave(who.Request, s.key.Section, keep, decidedAt)
	}
	if err != nil {
		return section.Outcome{}, err
	}
	defer r.Free()
	return o.tellBooking(ev, id, outcome, out)
}

// tellBooking gives the caller a copy of the outcome that outlives its request, and fills out when it is accepted.
func (o *openEvent) tellBooking(
	ev *event, id BookingID, outcome *section.Outcome, out *BookingView,
) (section.Outcome, error) {
	got := *outcome
	got.Seats, got.Lost = nil, nil
	switch {
	case got.Rejection == section.BookingUnknown:
		return got, ErrBookingUnknown
	case got.Rejection == section.IdempotencyMismatch:
		return got, ErrMismatch
	case got.Rejection == section.Accepted:
		if outcome.Booking != id.No { // the key was first used for another booking
			return got, ErrMismatch
		}
		o.fill(ev, id, outcome, out)
	}
	return got, nil
}

// Booking reads one. Who is neither its buyer nor an operator is told that it does not exist.
func (e *Engine) Booking(id BookingID, who Caller, timeout time.Duration, out *BookingView) error {
	return e.read(id, who, time.Now().Add(timeout), out)
}

func (e *Engine) read(id BookingID, who Caller, deadline time.Time, out *BookingView) error {
	_, err := e.act(0, id, Caller{Buyer: who.Buyer, Operator: who.Operator}, deadline, out)
	if errors.Is(err, ErrTimeout) {
		return ErrUnavailable // a read that is not answered has no outcome to be unknown
	}
	return err
}

func refusal(r section.Rejection, err error) error {
	if err != nil {
		return err
	}
	if r != section.Accepted {
		return &Refusal{Code: r}
	}
	return nil
}

// Release gives a hold's seats back; doing it again, or to a hold that has ended, is not an error.
func (e *Engine) Release(id BookingID, who Caller, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	got, err := e.act(section.ReleaseHold, id, who, deadline, out)
	if err == nil && (got.Rejection == section.HoldReleasedAlready || got.Rejection == section.HoldExpiredAlready) {
		return e.read(id, who, deadline, out)
	}
	return refusal(got.Rejection, err)
}

// Confirm pays and sells: see package checkout for the way. A booking that costs nothing needs no token, and one that
// is given is not used: whoever always sends one has done no harm, and must not lose seats by it. A nil error with
// out.State BookingPaying means that the processor's answer is not known yet. ErrDeclined leaves the hold as it was.
func (e *Engine) Confirm(id BookingID, who Caller, token string, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	if token == "" { // known before anything is begun
		if err := e.read(id, who, deadline, out); err != nil {
			return err
		}
		if out.Amount != 0 {
			return ErrTokenMissing
		}
	}
	pid := paymentID(id)
	mine, done := e.charging.Begin(pid)
	if mine {
		defer e.charging.End(pid)
	}
	got, err := e.act(section.BeginPayment, id, who, deadline, out)
	switch {
	case err != nil:
		if mine && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrUnavailable)) {
			e.reconciler.Add(
				pid,
			) // it may be paying by now, or soon, and nobody charges it: it must not stay so (P4, P6)
		}
		return err
	case got.Rejection == section.AlreadyConfirmed:
		return e.read(id, who, deadline, out)
	case mine && got.Repeat && got.State == section.BookingPaying:
		// Begun under this key by a call that ended before it knew, here or on the node before. Sent once or twice, it
		// is one charge: its key is the booking.
	case got.Rejection == section.PaymentInProgress || (got.Repeat && got.State == section.BookingPaying):
		return e.join(id, who, done, mine, got.Repeat, deadline, out)
	case got.Rejection != section.Accepted:
		return &Refusal{Code: got.Rejection}
	case got.Repeat && got.State != section.BookingConfirmed && got.State != section.BookingRefunded:
		return ErrDeclined // what was begun under this key ended without a sale
	case got.Repeat:
		return nil
	}
	return e.charge(id, pid, token, deadline, out)
}

// charge runs after `paying` is durable.
func (e *Engine) charge(
	id BookingID, pid checkout.PaymentID, token string, deadline time.Time, out *BookingView,
) error {
	ctx, cancel := context.WithTimeout(
		e.ctx, min(e.cfg.ChargeTimeout, max(time.Until(deadline)-chargeMargin, chargeMargin)),
	)
	defer cancel()
	status, err := e.gateway.Charge(
		ctx, checkout.Charge{ID: pid, Amount: out.Amount, Currency: out.Currency, Token: token},
	)
	if err != nil || status == checkout.Unknown || status == checkout.NotFound {
		e.reconciler.Add(pid)
		return nil // out says paying
	}
	if err := e.settle(id, status, deadline, out); err != nil {
		e.reconciler.Add(pid) // the money's answer is known, the section's is not: the reconciler brings them together
		out.State, out.Tickets = section.BookingPaying, nil
		return nil
	}
	return paid(status, out.State)
}

// paid is what the caller hears of a payment that is settled. A booking that ended while its money was on the way has
// it back.
func paid(status checkout.Status, now section.BookingState) error {
	switch {
	case now == section.BookingConfirmed || now == section.BookingRefunded:
		return nil
	case status == checkout.Charged && now == section.BookingReleased:
		return &Refusal{Code: section.HoldReleasedAlready}
	case status == checkout.Charged:
		return &Refusal{Code: section.HoldExpiredAlready}
	}
	return ErrDeclined
}

// chargeMargin is what a confirm keeps of its deadline for writing the sale after the processor's answer.
const chargeMargin = 200 * time.Millisecond

// join waits for a payment that somebody else's call is making, then tells what became of the booking.
func (e *Engine) join(
	id BookingID, who Caller, done <-chan struct{}, mine, repeat bool, deadline time.Time, out *BookingView,
) error {
	if !mine {
		timer := time.NewTimer(time.Until(deadline) - chargeMargin)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
		}
	}
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	switch out.State {
	case section.BookingPaying, section.BookingConfirmed, section.BookingRefunded:
		return nil
	}
	if repeat {
		return ErrDeclined
	}
	return &Refusal{Code: section.PaymentInProgress}
}

// Refund gives money back, then the seats. The section is asked first whether it would, so that no money moves for a
// key that was used for something else. The processor's refund is idempotent by booking: after an error the reconciler
// goes on by itself, after a crash between the two calling again mends it.
func (e *Engine) Refund(id BookingID, who Caller, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	got, err := e.probe(section.RefundBooking, id, who, deadline, out)
	switch {
	case err != nil:
		return err
	case got.Rejection == section.AlreadyRefunded:
		return e.read(id, who, deadline, out)
	case got.Rejection != section.Accepted:
		return &Refusal{Code: section.NotConfirmed}
	case got.Repeat:
		return nil
	}
	ctx, cancel := context.WithTimeout(e.ctx, max(time.Until(deadline)-chargeMargin, chargeMargin))
	defer cancel()
	status, err := e.gateway.Refund(ctx, paymentID(id))
	if err != nil || status != checkout.Refunded {
		e.reconciler.Add(paymentID(id))
		return ErrUnavailable
	}
	got, err = e.act(section.RefundBooking, id, who, deadline, out)
	if err == nil && got.Rejection == section.AlreadyRefunded {
		return e.read(id, who, deadline, out)
	}
	if err != nil {
		e.reconciler.Add(paymentID(id)) // the money is back, the seats perhaps not
	}
	return refusal(got.Rejection, err)
}

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
