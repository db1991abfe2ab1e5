package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/price"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/ticketing"
	"holdfast/storage"
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
	switch r {
	case section.Accepted:
		return nil
	case section.SaleNotOpen:
		return ErrSaleNotOpen
	}
	return &Refusal{Code: r}
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

// fill makes the buyer's view of an outcome.
func (o *openEvent) fill(ev *event, id BookingID, outcome *section.Outcome, out *BookingView) {
	seats, tickets, sum := out.Seats[:0], out.Tickets[:0], out.Price
	*out = BookingView{ID: id, State: outcome.State, Split: outcome.Split, ExpiresAt: outcome.ExpiresAt, Zone: ev.zone,
		Currency: ev.header.Load().Currency}
	layout := o.sections[id.Section.Section].kind.Layout
	shown := outcome.Seats
	if outcome.Money != nil {
		if out.alive = o.tellMoney(id, outcome, out); len(out.alive) > 0 {
			shown = out.alive
		}
	}
	out.Seats = o.appendIDs(seats, id.Section.Section, shown)
	sum.Reset()
	for _, i := range shown {
		out.Amount += o.prices.Add(int(layout.Seats[i].Category), &sum)
	}
	out.Price = sum
	if outcome.State == section.BookingConfirmed {
		for n, i := range out.alive {
			tickets = append(tickets, TicketView{Seat: out.Seats[n], Code: ev.engine.codes.Code(id, i)})
		}
	}
	if out.Tickets = tickets; outcome.Order != nil {
		o.fillLegs(ev, outcome, out)
	}
}

// fillLegs adds an order's legs to the buyer's view of its home.
func (o *openEvent) fillLegs(ev *event, outcome *section.Outcome, out *BookingView) {
	out.order, out.Confirming = outcome.Order, outcome.State == section.BookingConfirmed && outcome.Unsettled
	sum := out.Price
	for i := range outcome.Order.Legs {
		leg := &outcome.Order.Legs[i]
		if int(leg.Section) >= len(o.sections) {
			continue
		}
		no := storage.SectionNo(leg.Section)
		s, from := o.sections[no], len(out.Seats)
		out.Seats = o.appendIDs(out.Seats, no, leg.Seats)
		for r := range out.Refunds { // an order is refunded as a whole
			if len(out.Refunds[r].Seats) > 0 {
				out.Refunds[r].Seats = append(out.Refunds[r].Seats, out.Seats[from:]...)
			}
		}
		for n, seat := range leg.Seats {
			out.Amount += o.prices.Add(int(s.kind.Layout.Seats[seat].Category), &sum)
			if outcome.State == section.BookingConfirmed && len(out.alive) > 0 {
				out.Tickets = append(out.Tickets, TicketView{Seat: out.Seats[from+n],
					Code: ev.engine.codes.Code(BookingID{Section: s.key, No: leg.Booking}, seat)})
			}
		}
	}
	if out.Price = sum; out.Confirming {
		out.Tickets = out.Tickets[:0]
	}
}

// ticketHost is how package ticketing meets this engine.
func (e *Engine) ticketHost() ticketing.Host {
	return ticketing.Host{Keys: e.cfg.Store, Now: e.cfg.Clock, Ask: e.askTicket, Event: e.ticketEvent,
		Look: e.lookAtTickets}
}

// askTicket has a booking's home judge a command about a ticket, or, of Kind 0, tell the booking.
func (e *Engine) askTicket(
	id BookingID, c section.Command, who ticketing.Caller, deadline time.Time,
) (ticketing.Answer, error) {
	var out BookingView
	r := request.New()
	r.Command, r.Read = c, c.Kind == 0
	got, err := e.command(r, id, Caller(who), deadline, &out)
	switch {
	case c.Kind == 0 && errors.Is(err, ErrTimeout):
		err = ErrUnavailable // a read that is not answered has no outcome to be unknown
	case c.Kind != 0 && errors.Is(err, ErrBookingUnknown):
		err = ticketing.ErrNoSuch
	}
	return ticketing.Answer{Outcome: got, Alive: out.alive, Money: out.money}, err
}

func (e *Engine) ticketEvent(id storage.EventID, deadline time.Time) (*ticketing.Event, error) {
	ev, o, err := e.openEvent(id, deadline)
	if err != nil {
		return nil, err
	}
	header := ev.header.Load()
	place := func(no storage.SectionNo, seat section.SeatIndex) (p ticketing.Place, known bool) {
		if int(no) >= len(o.sections) || int(seat) >= len(o.ids[no]) {
			return p, false
		}
		category := o.sections[no].kind.Layout.Seats[seat].Category
		return ticketing.Place{Seat: o.ids[no][seat], Section: header.Sections[no].Name,
			Category: o.venue.Categories[category].Label, Price: &o.prices.Prices[category]}, true
	}
	return &ticketing.Event{Header: header, Zone: ev.zone, Sections: len(o.sections), Place: place}, nil
}

// lookAtTickets shows a section's state as it is served or followed here, and has it served if nobody does.
func (e *Engine) lookAtTickets(
	ctx context.Context, id storage.EventID, no storage.SectionNo, see func(*section.State),
) bool {
	ev, err := e.event(id)
	if err != nil {
		return false
	}
	o, err := ev.open(ctx)
	if err != nil || int(no) >= len(o.sections) {
		return false
	}
	s := o.sections[no]
	for pause := time.Duration(0); ctx.Err() == nil; pause = min(2*pause+time.Millisecond, 50*time.Millisecond) {
		if e.clock.Pause(ctx, pause); s.look(ctx, see) {
			return true
		}
		if pause == 0 { // nobody may have asked for it yet: whoever should have it serves it from here on
			until, _ := ctx.Deadline()
			r := request.New()
			if r.Read = true; s.do(r, until) == nil {
				r.Free()
			}
		}
	}
	return false
}

// ErrOrderWhole: single seats of a booking over several sections are to be refunded.
var ErrOrderWhole = errors.New("actors: a booking over several sections is refunded as a whole")

// legsRefund is what is given back for the legs of an order.
func (o *openEvent) legsRefund(out *BookingView, fees price.FeePolicy) (amount int64) {
	if out.order == nil || len(out.alive) == 0 {
		return 0
	}
	for i := range out.order.Legs {
		leg := &out.order.Legs[i]
		layout := o.sections[leg.Section].kind.Layout
		for _, seat := range leg.Seats {
			amount += o.prices.Prices[layout.Seats[seat].Category].Refund(fees)
		}
	}
	return amount
}

// Extend gives a hold its full time again, up to the ceiling, unless the sale is over.
func (e *Engine) Extend(id BookingID, who Caller, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	ev, _, _, err := e.locate(id, deadline)
	if err != nil {
		return err
	}
	if over := ev.refusesExtension(); over != nil && !ev.index.Knows(who.Request) {
		return e.extendNoMore(id, who, deadline, over, out)
	}
	got, err := e.act(section.ExtendHold, id, who, deadline, out)
	return refusal(got.Rejection, err)
}

// extendNoMore refuses because the sale is over, unless the booking itself is a better reason: another buyer's is
// unknown here too.
func (e *Engine) extendNoMore(id BookingID, who Caller, deadline time.Time, over error, out *BookingView) error {
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	off := over == ErrEventCancelled && (out.State == section.BookingReleased || out.State == section.BookingExpired)
	if because, ended := endedBecause[out.State]; ended && !off {
		return &Refusal{Code: because}
	}
	return over
}

// endedBecause is why a booking that is no hold gets no more time.
var endedBecause = map[section.BookingState]section.Rejection{
	section.BookingPaying: section.PaymentInProgress, section.BookingConfirmed: section.AlreadyConfirmed, section.BookingReleased: section.HoldReleasedAlready,
	section.BookingExpired: section.HoldExpiredAlready, section.BookingRefunded: section.AlreadyRefunded,
}

// mayReturn says why a buyer may not give a booking back: ErrBookingUnknown, ErrRefundForOperators, ErrNotReturnable.
// Of a postponed event a buyer may, whole and for all of the money, until the day that was announced; who does nothing
// keeps the booking.
func (e *Engine) mayReturn(
	id BookingID, who Caller, call *RefundCall, deadline time.Time, out *BookingView,
) error {
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	ev, err := e.event(id.Section.Event)
	if err != nil {
		return ErrBookingUnknown
	}
	header := ev.header.Load()
	switch now, sure := e.stamp(); {
	case header.Postponed != nil && len(out.alive) == 0 && len(out.Refunds) > 0: // a repeat
	case header.Postponed == nil, len(call.Seats) > 0, call.KeepFees:
		return ErrRefundForOperators
	case !sure:
		return errClock
	case now >= header.Postponed.KeepUntil:
		return ErrNotReturnable
	}
	return nil
}

// showNext tells where the buyer goes on.
func (e *Engine) showNext(ctx context.Context, out *BookingView) {
	b := tillBooking(out)
	if next := e.till.Next(ctx, &b); next.URL != "" {
		out.Next, out.NextUntil = next, b.Money.Until
	}
}
