package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/bookingsearch"
	"holdfast/actors/coordinator"
	"holdfast/actors/fares"
	"holdfast/actors/feed"
	"holdfast/actors/orders"
	"holdfast/actors/peer/wire"
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
	r.Command.Request, r.Command.Fingerprint, r.Trace = who.Request, who.Fingerprint, who.Trace
	keyed := who.Request != (section.RequestID{})
	if keyed && len(ev.coordinators) > 0 {
		if r, err = s.keyedOf(r, deadline); err != nil {
			return section.Outcome{}, err
		}
		defer r.Free()
		return o.tellBooking(ev, id, &r.Decision.Outcome, who, out)
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
	return o.tellBooking(ev, id, outcome, who, out)
}

// keyedOf carries r by way of its key's coordinator, and gives the request that was answered in r's place.
func (s *Section) keyedOf(r *request.Request, deadline time.Time) (*request.Request, error) {
	m := wire.Ask{Section: s.key, Probe: r.Probe, Keyed: true, Command: r.Command, Trace: r.Trace}
	m.Command.Seats = slices.Clone(m.Command.Seats) // the request's
	r.Free()
	return s.keyed(&m, false, deadline)
}

// tellBooking gives the caller a copy of the outcome that outlives its request, and fills out, if any, when it is
// accepted.
func (o *openEvent) tellBooking(
	ev *event, id BookingID, outcome *section.Outcome, who Caller, out *BookingView,
) (section.Outcome, error) {
	got := *outcome
	got.Seats, got.Lost, got.Money = nil, slices.Clone(outcome.Lost), nil
	switch {
	case got.Rejection == section.BookingUnknown:
		return got, ErrBookingUnknown
	case got.Rejection == section.IdempotencyMismatch:
		return got, ErrMismatch
	case got.Rejection != section.Accepted && out != nil:
		out.lost = o.appendIDs(nil, id.Section.Section, outcome.Lost)
	case got.Rejection == section.Accepted:
		if x := outcome.Exchange; x != nil && x.Of == id.No {
			id.No = outcome.Booking
		}
		if outcome.Booking != id.No { // the key was first used for another booking
			return got, ErrMismatch
		}
		if out != nil {
			if err := o.fill(ev, id, outcome, out); err != nil {
				return got, err
			}
			o.showTransfers(outcome, who, ev.engine.cfg.Clock(), out)
		}
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
	_, err := e.act(0, id, Caller{Buyer: who.Buyer, Operator: who.Operator, Trace: who.Trace}, deadline, out)
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

// fill makes the buyer's view of an outcome. ErrTimeout: it is of a price list that this node could not read now.
func (o *openEvent) fill(ev *event, id BookingID, outcome *section.Outcome, out *BookingView) error {
	t := ev.table(outcome.Mark)
	if t == nil || !ev.knowsCame(outcome.Fare) {
		return ErrTimeout
	}
	seats, tickets, sum, types := out.Seats[:0], out.Tickets[:0], out.Price, out.Types[:0]
	*out = BookingView{ID: id, State: outcome.State, Split: outcome.Split, ExpiresAt: outcome.ExpiresAt, Zone: ev.zone,
		Currency: ev.header.Load().Currency}
	out.Types, out.fared = types, fares.Priced{Lists: ev.lists(), Table: t, Mark: outcome.Mark, Fare: outcome.Fare}
	out.fared.Itemised = t.Typed() || t.Mark != out.fared.Lists.Now().Mark
	if outcome.Fare.IsGift() {
		out.Gift = outcome.Fare.Gift
	}
	shown := outcome.Seats
	if outcome.Money != nil {
		out.alive = o.tellMoney(id, outcome, out)
		if out.aliveLegs = orders.Left(outcome); out.anyAlive() {
			shown = out.alive
		}
	}
	out.Seats = o.appendIDs(seats, id.Section.Section, shown)
	sum.Reset()
	o.addUp(id.Section.Section, 0, shown, out, &sum)
	out.Price = sum
	if outcome.Exchange != nil {
		o.fillExchange(id, outcome, out)
	}
	if outcome.State == section.BookingConfirmed {
		for n, i := range out.alive {
			code := ev.engine.codes.CodeOf(id, i, ticketing.Rotation(outcome, i))
			tickets = append(tickets, TicketView{Seat: out.Seats[n], Code: code})
		}
	}
	if out.Tickets = tickets; outcome.Order != nil {
		o.fillLegs(ev, outcome, out)
	}
	return nil
}

// fillLegs adds an order's legs to the buyer's view of its home.
func (o *openEvent) fillLegs(ev *event, outcome *section.Outcome, out *BookingView) {
	out.order = outcome.Order
	out.Confirming = outcome.State == section.BookingConfirmed && outcome.Unsettled && !outcome.Served
	sum := out.Price
	for _, leg := range orders.Shown(outcome, out.alive, out.aliveLegs) {
		if int(leg.Section) >= len(o.sections) {
			continue
		}
		no := storage.SectionNo(leg.Section)
		s, from := o.sections[no], len(out.Seats)
		out.Seats = o.appendIDs(out.Seats, no, leg.Seats)
		o.addUp(no, orders.LegNo(outcome.Order, leg.Section), leg.Seats, out, &sum)
		for n, seat := range leg.Seats {
			if outcome.State == section.BookingConfirmed && out.anyAlive() {
				out.Tickets = append(out.Tickets, TicketView{Seat: out.Seats[from+n],
					Code: ev.engine.codes.CodeOf(BookingID{Section: s.key, No: leg.Booking}, seat,
						ticketing.LegRotation(outcome, leg.Section, seat))})
			}
		}
	}
	if out.Price = sum; out.Confirming {
		out.Tickets = out.Tickets[:0]
	}
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

// Bookings searches what the sections remember. It grants nothing, holds up no writer, and asks no other node.
//
// Errors, where one event is asked for: ErrEventUnknown, *SeatsUnknownError, ErrUnavailable, and those of q.Buyer.
func (e *Engine) Bookings(ctx context.Context, q *bookingsearch.Request) (page BookingsPage, err error) {
	page.AsOf = e.cfg.Clock()
	var got bookingsearch.Page
	if q.Event == (storage.EventID{}) {
		var shows []bookingsearch.Show
		shows, page.Incomplete = e.shows(ctx, q)
		got = e.buyerIndexes.Search(ctx, shows, q.Query, bookingsearch.Reader{
			Context: e.ctx, Spawn: e.spawn, Read: e.readBuyerIndex,
			Wait: func(ctx context.Context, patience time.Duration, done <-chan struct{}) {
				e.clock.Await(ctx, e.clock.Now().Add(patience), done, nil)
			},
		})
	} else {
		target, err := e.oneTarget(ctx, q)
		if err != nil {
			return page, err
		}
		got = bookingsearch.Search(ctx, []*bookingsearch.Target{target}, nil, q.Query)
	}
	page.Next, page.Incomplete = got.Next, page.Incomplete || got.Incomplete
	for i := range got.Items {
		item := &got.Items[i]
		l := ListedBooking{PlacedAt: item.At, Buyer: item.Buyer}
		ev, err := e.event(item.ID.Section.Event)
		if err != nil || ev.ready.Load() == nil { // it was closed meanwhile
			page.Incomplete = true
			continue
		}
		o := ev.ready.Load()
		if o.fill(ev, item.ID, &item.Outcome, &l.BookingView) != nil {
			page.Incomplete = true
			continue
		}
		if q.Buyer == nil {
			o.showTransfers(&item.Outcome, Caller{Operator: true}, page.AsOf, &l.BookingView)
		} else if who, err := q.Buyer(item.ID.Section.Event); err == nil {
			o.showTransfers(&item.Outcome, Caller{Buyer: who}, page.AsOf, &l.BookingView)
		}
		page.Bookings = append(page.Bookings, l)
	}
	return page, nil
}

// target is the event as it can be searched here.
func (o *openEvent) target(id storage.EventID, buyer *section.BuyerID) *bookingsearch.Target {
	return &bookingsearch.Target{Event: id, Sections: len(o.sections), Buyer: buyer,
		Look: func(ctx context.Context, no storage.SectionNo, see func(*section.State) section.Seq) (fresh, ok bool) {
			return o.sections[no].list(ctx, see)
		}}
}

// changedIn reads which bookings of an event have changed: what sections keep of a booking does not say when.
func (e *Engine) changedIn(id storage.EventID) func(
	context.Context, storage.SectionNo, section.Instant) (bookingsearch.Numbers, bool) {
	reader := feed.NewReader(e.cfg.Store)
	return func(ctx context.Context, no storage.SectionNo, from section.Instant) (bookingsearch.Numbers, bool) {
		all, whole, err := reader.Changed(ctx, storage.SectionKey{Event: id, Section: no}, from)
		return all, whole && err == nil // what cannot be seen is missing, and the page says so
	}
}

// oneTarget is the event that is asked for.
func (e *Engine) oneTarget(ctx context.Context, q *bookingsearch.Request) (*bookingsearch.Target, error) {
	ev, err := e.shown(ctx, q.Event)
	if err != nil {
		return nil, err
	}
	var buyer *section.BuyerID
	if q.Buyer != nil {
		who, err := q.Buyer(q.Event)
		if err != nil {
			return nil, err
		}
		buyer = &who
	}
	o, err := ev.open(ctx)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	target := o.target(q.Event, buyer)
	if q.Changed != 0 {
		target.Changed = e.changedIn(q.Event)
	}
	if q.Seat != "" {
		at, known := o.seats.Find(q.Seat)
		if !known {
			return nil, &SeatsUnknownError{Seats: []string{q.Seat}}
		}
		target.Seat = &bookingsearch.Seat{Section: at.section, Index: at.index}
	}
	return target, nil
}

// shows are the events of the house that may have bookings of the buyer who is searched for; incomplete: of some nobody
// can say now. An event that is on sale is opened.
func (e *Engine) shows(ctx context.Context, q *bookingsearch.Request) (shows []bookingsearch.Show, incomplete bool) {
	for id, ev := range *e.catalog.Load() {
		header := ev.header.Load()
		if header.Sale == storage.SaleDeleted || header.Forgotten != nil {
			continue
		}
		buyer, err := q.Buyer(id)
		if err != nil {
			incomplete = incomplete || !errors.Is(err, ErrForgotten) && !errors.Is(err, ErrEventUnknown)
			continue
		}
		show := bookingsearch.Show{Event: id, Buyer: buyer, Turn: header.SaleNo}
		show.Open = func(ctx context.Context) (*bookingsearch.Target, error) {
			o, err := ev.open(ctx)
			if err != nil {
				return nil, err
			}
			return o.target(id, &buyer), nil
		}
		if o := ev.ready.Load(); o != nil {
			show.Target = o.target(id, &buyer)
		} else if ev.isBusy() || ev.mayTransfer(e.cfg.Clock()) {
			show.Target, err = show.Open(ctx)
			incomplete = incomplete || err != nil
		}
		if err == nil {
			shows = append(shows, show)
		}
	}
	return shows, incomplete
}
