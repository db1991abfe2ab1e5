package actors

import (
	"context"
	"errors"
	"slices"
	"time"

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
		if r, err = s.keyedOf(r, deadline); err != nil {
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

// keyedOf carries r by way of its key's coordinator, and gives the request that was answered in r's place.
func (s *Section) keyedOf(r *request.Request, deadline time.Time) (*request.Request, error) {
	m := wire.Ask{Section: s.key, Probe: r.Probe, Keyed: true, Command: r.Command}
	m.Command.Seats = slices.Clone(m.Command.Seats) // the request's
	r.Free()
	return s.keyed(&m, false, deadline)
}

// tellBooking gives the caller a copy of the outcome that outlives its request, and fills out when it is accepted.
func (o *openEvent) tellBooking(
	ev *event, id BookingID, outcome *section.Outcome, out *BookingView,
) (section.Outcome, error) {
	got := *outcome
	got.Seats, got.Lost, got.Money = nil, nil, nil
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
	deadline := time.Now().Add(timeout)
	err := e.read(id, who, deadline, out)
	if err == nil && out.State == section.BookingPaying {
		ctx, cancel := context.WithDeadline(e.ctx, deadline)
		defer cancel()
		e.showNext(ctx, out)
	}
	return err
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
