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

// Block takes seats off sale, or with unblock puts them back. Seats of several sections are checked on the map first,
// so that normally either all or none change; each section's part is atomic in any case. A refusal lists the seats that
// are in the way.
//
// Each section remembers its own part under the key. A call that stopped between two sections is finished by the same
// key: those that have done their part repeat their answer, the others are asked for the first time. The whole
// request's fingerprint is in the store too, so that a body with the seats of other sections is a mismatch at every
// node (P5).
func (e *Engine) Block(id storage.EventID, who Caller, seats []string, unblock bool, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	ev, o, err := e.openEvent(id, deadline)
	if err != nil {
		return err
	}
	if ev.header.Load().Sale == storage.SaleDeleted {
		return ErrEventUnknown
	}
	ctx, cancel := context.WithDeadline(e.ctx, deadline)
	defer cancel()
	known, err := e.remember(ctx, e.operatorKey(id, who))
	if err != nil {
		return err
	}
	b := blocking{e: e, ev: ev, o: o, who: who, unblock: unblock, deadline: deadline}
	err = b.all(seats)
	if !known && !b.changed && who.Request != (section.RequestID{}) {
		// Like any refused request it may come again with another body. Where the store does not hear of that, it may
		// not: the same body is judged anew in any case.
		_ = e.cfg.Store.ForgetKey(ctx, who.Request)
	}
	return err
}

// blocking is one call of Block on its way.
type blocking struct {
	e        *Engine
	ev       *event
	o        *openEvent
	who      Caller
	unblock  bool
	deadline time.Time
	changed  bool // some section has done its part, or may have
}

func (b *blocking) all(seats []string) error {
	parts, err := b.o.parts(seats)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		if lost, err := b.check(parts); err != nil || len(lost) > 0 {
			return refusedSeats(lost, err)
		}
	}
	var lost []string
	for no := range b.o.sections {
		if part := parts[storage.SectionNo(no)]; part != nil {
			more, err := b.ask(storage.SectionNo(no), part)
			if err != nil {
				return err
			}
			lost = append(lost, more...)
		}
	}
	return refusedSeats(lost, nil)
}

func refusedSeats(lost []string, err error) error {
	if err != nil || len(lost) == 0 {
		return err
	}
	return &Refusal{Code: section.SeatsNotFree, Seats: lost}
}

// check lists the seats in the way as the map shows them, but for sections that have done their part already: what came
// of it since is not in the way of a repeat.
func (b *blocking) check(parts map[storage.SectionNo][]section.SeatIndex) (lost []string, err error) {
	for no := range b.o.sections {
		no := storage.SectionNo(no)
		inTheWay := b.inTheWay(no, parts[no])
		if len(inTheWay) == 0 {
			continue
		}
		if b.who.Request != (section.RequestID{}) {
			rejection, _, err := b.command(no, nil) // no seats: refused, unless the section remembers the key
			switch {
			case err != nil:
				return nil, err
			case rejection == section.Accepted:
				b.changed = true
				continue
			case rejection == section.IdempotencyMismatch:
				return nil, ErrMismatch
			}
		}
		lost = append(lost, inTheWay...)
	}
	return lost, nil
}

func (o *openEvent) parts(ids []string) (map[storage.SectionNo][]section.SeatIndex, error) {
	if len(ids) == 0 {
		return nil, &Refusal{Code: section.NoSeats}
	}
	parts := map[storage.SectionNo][]section.SeatIndex{}
	var unknown []string
	for _, id := range ids {
		ref, ok := o.seats.Find(id)
		if !ok {
			unknown = append(unknown, id)
			continue
		}
		parts[ref.section] = append(parts[ref.section], ref.index)
	}
	if len(unknown) > 0 {
		return nil, &SeatsUnknownError{Seats: unknown}
	}
	return parts, nil
}

func (b *blocking) inTheWay(no storage.SectionNo, seats []section.SeatIndex) (lost []string) {
	if len(seats) == 0 {
		return nil
	}
	b.ev.live.Read(func(at storage.SectionNo, s SectionStatus) {
		if at != no {
			return
		}
		for _, i := range seats {
			letter := section.SeatStatus(s.Letters[i])
			if letter == section.Held || letter == section.Sold || (b.unblock && letter != section.Blocked) {
				lost = append(lost, b.o.ids[no][i])
			}
		}
	})
	return lost
}

// ask has one section do its part.
func (b *blocking) ask(no storage.SectionNo, seats []section.SeatIndex) (lost []string, err error) {
	rejection, lost, err := b.command(no, seats)
	switch {
	case err != nil:
		b.changed = true
		return nil, err
	case rejection == section.Accepted:
		b.changed = true
		return nil, nil
	case rejection == section.SeatsNotFree:
		return lost, nil
	case rejection == section.IdempotencyMismatch:
		return nil, ErrMismatch
	}
	return nil, &Refusal{Code: rejection, Seats: lost}
}

// showNext tells where the buyer goes on.
func (e *Engine) showNext(ctx context.Context, out *BookingView) {
	b := tillBooking(out)
	if next := e.till.Next(ctx, &b); next.URL != "" {
		out.Next, out.NextUntil = next, b.Money.Until
	}
}
