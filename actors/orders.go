package actors

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"holdfast/actors/fares"
	"holdfast/actors/grant"
	"holdfast/actors/orders"
	"holdfast/actors/peer/wire"
	"holdfast/actors/price"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
	"holdfast/actors/trace"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Bookings over several sections: see package orders.

// errSpread says that seats lie in several sections.
var errSpread = errors.New("actors: seats of several sections")

// ErrSections: the seats lie in more sections than one booking may have.
var ErrSections = errors.New("actors: seats of too many sections")

// spread goes on with a call whose seats could not be resolved because they lie in several sections.
func (t *bookingCall) spread(err error, out *BookingView) error {
	if err != errSpread {
		return err
	}
	selections, err := t.o.selections(t.call.Seats)
	if err != nil {
		return err
	}
	mine := *t // an order is kept while it is under way, and a call of one section costs nothing for it
	return mine.order(selections, out)
}

// selections sorts named seats by section, ascending.
func (o *openEvent) selections(ids []string) (list []orders.Selection, err error) {
	for _, id := range ids {
		ref, _ := o.seats.Find(id) // all are known: resolve has found them
		at := slices.IndexFunc(list, func(w orders.Selection) bool { return w.Section == ref.section })
		if at < 0 {
			if len(list) == order.SectionsMax {
				return nil, ErrSections
			}
			at, list = len(list), append(list, orders.Selection{Section: ref.section})
		}
		if slices.Contains(list[at].Seats, ref.index) {
			return nil, &Refusal{Code: section.DuplicateSeat}
		}
		list[at].Seats = append(list[at].Seats, ref.index)
	}
	for i := range list {
		slices.Sort(list[i].Seats)
	}
	slices.SortFunc(list, func(a, b orders.Selection) int { return cmp.Compare(a.Section, b.Section) })
	return list, nil
}

// order places a hold on seats of several sections.
func (t *bookingCall) order(selections []orders.Selection, out *BookingView) error {
	total, home := uint32(0), selections[0].Section
	for i := range selections {
		total += uint32(len(selections[i].Seats))
	}
	if total > t.ev.header.Load().Rules.SeatsPerBookingMax {
		return &Refusal{Code: section.TooManySeats}
	}
	b := &orderBuyer{t, out}
	// Of the home's seats the map says what it says of any hold: the record that takes them has the key. A leg's seats
	// may have been taken by this very request, as long as the home has not said that it has not met that.
	out.Seats = out.Seats[:0]
	if lost := b.Taken(home, selections[0].Seats); len(lost) > 0 && t.isNew(total) {
		out.Seats = t.o.appendIDs(out.Seats, home, lost)
		return t.verdict(section.SeatTaken, nil, out)
	}
	if t.call.Request != (section.RequestID{}) { // calls under one key wait for each other at the home: see BeginOrder
		at, known, err := t.ev.enterKey(t.deadline, t.call.Request, home, false)
		if err != nil {
			return err
		}
		if known && at != home {
			t.leave(at, false)
			return ErrMismatch
		}
	}
	rejection, err := t.place(selections, out)
	t.leave(home, keeps(rejection, err))
	return t.verdict(rejection, err, out)
}

// place places an order whose key is entered. Refused, out has the seats that were lost.
func (t *bookingCall) place(selections []orders.Selection, out *BookingView) (section.Rejection, error) {
	rejection, lost, err := orders.NewPlacing(&orderBuyer{t, out}, selections, t.call.Best.Quantity).Run()
	refused, is := errors.AsType[*Refusal](err)
	switch {
	case is:
		rejection, err, out.Seats = refused.Code, nil, out.Seats[:0]
	case err == orders.ErrNoGrant:
		err = errNoGrant
	case len(lost) > 0:
		out.Seats = out.Seats[:0]
		for i := range lost {
			out.Seats = t.o.appendIDs(out.Seats, lost[i].Section, lost[i].Seats)
			out.ExpiresAt = max(out.ExpiresAt, lost[i].Until)
		}
	}
	return rejection, err
}

// orderBuyer makes a call an orders.Buyer.
type orderBuyer struct {
	*bookingCall
	out *BookingView
}

func (b *orderBuyer) Send(r *request.Request, to storage.SectionNo) *writer.Failure {
	r.Command.Buyer, r.Command.Operator, r.Command.AnyBuyerTotal = b.call.Buyer, b.call.Operator, b.call.AnyBuyerTotal
	r.Trace = b.call.Trace
	if g := &r.Command.Grant; g.Number != 0 && !b.granter.Asks(g, to, r.Command.Request) {
		r.Free()
		why := b.ev.coordinators[b.which].Without(to)
		if failed, is := errors.AsType[*writer.Failure](why); is {
			return failed
		}
		return &writer.Failure{Class: writer.NotDone, Why: why} // soon it can be asked: the whole order is tried again
	}
	failed := b.o.sections[to].do(r, b.deadline)
	switch {
	case r.Command.Kind != section.BeginOrder:
	case failed != nil:
		_ = b.count(failed)
	default:
		b.decidedAt = r.Command.At
	}
	return failed
}

func (b *orderBuyer) Place(
	r *request.Request, to storage.SectionNo, s *orders.Share,
) (section.Rejection, *order.Part, error) {
	b.reserved, b.grant = s.Seats, s.Grant
	rejection, err := b.ask(r, to, b.out)
	*s = orders.Share{Grant: b.grant, Seats: b.reserved}
	b.reserved, b.grant = 0, grant.Grant{}
	return rejection, b.out.order, err
}

func (b *orderBuyer) Repeated(home storage.SectionNo, outcome *section.Outcome) {
	_ = b.o.fill(b.ev, BookingID{Section: b.o.sections[home].key, No: outcome.Booking}, outcome, b.out)
}

func (b *orderBuyer) Fares(
	mark tariff.Mark, selections []orders.Selection,
) (all []*tariff.Fare, ok bool, err error) {
	types, lists := &b.call.Fares, b.ev.lists()
	if mark == 0 && !lists.Edited() && !types.Any() {
		return nil, true, nil
	}
	t := b.ev.table(mark)
	if t == nil {
		return nil, false, ErrUnavailable
	}
	parts := make([]fares.Part, len(selections))
	for i := range selections {
		parts[i] = fares.Part{Seats: selections[i].Seats, Layout: b.o.sections[selections[i].Section].kind.Layout}
	}
	all, ok = types.Order(t, func(n int) fares.Seat {
		ref, _ := b.o.seats.Find(b.call.Seats[n])
		leg := slices.IndexFunc(selections, func(s orders.Selection) bool { return s.Section == ref.section })
		return fares.Seat{Leg: uint8(leg), Index: ref.index, Category: parts[leg].Layout.Seats[ref.index].Category}
	}, len(b.call.Seats), parts)
	return all, ok, nil
}

func (b *orderBuyer) Key() (section.RequestID, uint64) { return b.call.Request, b.call.Fingerprint }

func (b *orderBuyer) Taken(at storage.SectionNo, seats []section.SeatIndex) []section.SeatIndex {
	r := request.New()
	defer r.Free()
	r.Seats = append(r.Seats, seats...)
	return slices.Clone(b.o.sections[at].lostAlready(r))
}

func (b *orderBuyer) Reserve(seats uint32) (s orders.Share, err error) {
	err = b.admit(seats)
	s.Grant, s.Seats = b.grant, b.reserved
	b.grant, b.reserved = grant.Grant{}, 0
	return s, err
}

func (b *orderBuyer) Return(s *orders.Share) {
	switch {
	case s.Grant.Number != 0:
		b.granter.Refused(&s.Grant)
	case s.Seats > 0:
		b.ev.buyers.Release(b.call.Buyer, s.Seats)
	}
}

func (b *orderBuyer) Pause(d time.Duration) bool {
	e := b.ev.engine
	if !e.clock.Now().Add(d).Before(b.deadline) {
		return false
	}
	e.clock.Pause(e.ctx, d)
	return true
}

// undoPatience is how long what is left of an order may be cleared away behind the call.
const undoPatience = 5 * time.Second

func (b *orderBuyer) Later(work func(b orders.Buyer)) {
	e, t := b.ev.engine, *b.bookingCall
	call := *t.call
	t.call, t.deadline = &call, e.clock.Now().Add(undoPatience)
	_ = e.spawn(func() { work(&orderBuyer{&t, &BookingView{}}) }) // an engine that has ended leaves it to the legs
}

func (b *orderBuyer) SideBySide(n int, do func(k int)) { b.ev.engine.sideBySide(n, do) }

// sideBySide does n things, all but one of them on goroutines of their own, and waits.
func (e *Engine) sideBySide(n int, do func(k int)) {
	left, done := atomic.Int32{}, make(chan struct{})
	left.Store(int32(n))
	one := func(k int) {
		do(k)
		if left.Add(-1) == 0 {
			close(done)
		}
	}
	for k := 1; k < n; k++ {
		if !e.spawn(func() { one(k) }) {
			one(k)
		}
	}
	one(0)
	e.clock.Await(context.Background(), time.Time{}, done, nil)
}

// spreadThere names the seats of several sections in a Book.
func (t *bookingCall) spreadThere(m *wire.Book) error {
	selections, err := t.o.selections(t.call.Seats)
	if err != nil {
		return err
	}
	m.Named, m.No, m.Seats = true, selections[0].Section, selections[0].Seats
	for _, w := range selections[1:] {
		m.More = append(m.More, order.Leg{Section: uint32(w.Section), Seats: w.Seats})
	}
	return nil
}

// spreadHere are the seats of a Book from another node; false: there is no such section.
func (o *openEvent) spreadHere(m *wire.Book) (ids []string, ok bool) {
	ids = o.appendIDs(nil, m.No, m.Seats)
	for i := range m.More {
		if int(m.More[i].Section) >= len(o.sections) {
			return nil, false
		}
		ids = o.appendIDs(ids, storage.SectionNo(m.More[i].Section), m.More[i].Seats)
	}
	return ids, true
}

// refundOf is what is given back for seats of one section.
func (o *openEvent) refundOf(
	no storage.SectionNo, leg uint8, seats []section.SeatIndex, of *fares.Priced, fees price.FeePolicy,
) (amount int64) {
	layout := o.sections[no].kind.Layout
	for _, seat := range seats {
		if p := of.Price(leg, seat, layout); p != nil {
			amount += p.Refund(fees)
		}
	}
	return amount
}

// refundedIDs are the seats that a refund gives back; of money that was taken for none, none.
func (o *openEvent) refundedIDs(home storage.SectionNo, p *order.Part, r *account.Refund) []string {
	ids := o.appendIDs(nil, home, r.Seats)
	if p == nil || r.Reason != account.Requested {
		return ids
	}
	for _, leg := range orders.Returned(p, r) {
		if int(leg.Section) < len(o.sections) {
			ids = o.appendIDs(ids, storage.SectionNo(leg.Section), leg.Seats)
		}
	}
	return ids
}

// newNotifier makes what tells the legs of orders.
func (e *Engine) newNotifier() *orders.Notifier {
	return orders.NewNotifier(orders.Host{
		Now: e.clock.Now, Spawn: e.spawn, Ended: func() bool { return e.ctx.Err() != nil },
		Pause: func(d time.Duration) { e.clock.Pause(e.ctx, d) },
		Await: func(something <-chan struct{}) { e.clock.Await(e.ctx, time.Time{}, something, nil) },
		Tell: func(id BookingID, deadline time.Time) error {
			_, o, _, err := e.locate(id, deadline)
			if err != nil {
				return err
			}
			onBehalf := func() *trace.Parent { return e.traces.Of(id) }
			return orders.Tell(o, id.Section.Section, id.No, onBehalf, deadline)
		},
		Ask: e.askHomes,
		Alarm: func(id BookingID, since time.Time, err error) {
			e.cfg.Logger.Error("a booking's seats in another section have not heard what became of it",
				"booking", id.String(), "since", since, "error", err)
		},
	})
}

// askHomes has every leg that is due, in the sections that serve here, ask its home.
func (e *Engine) askHomes(deadline time.Time) {
	for _, ev := range *e.catalog.Load() {
		o := ev.ready.Load()
		if o == nil {
			continue
		}
		for _, s := range o.sections {
			if s.boundLegs.Load() > 0 && s.shard.Serving() != nil {
				orders.AskHomes(o, s.key.Section, deadline)
			}
		}
	}
}

// keepTrace notes on whose behalf a booking here has moved: its legs are told on the same behalf, from this node.
func (s *Section) keepTrace(r *request.Request) {
	switch r.Command.Kind {
	case section.ReleaseHold, section.BeginPayment, section.ConfirmPayment, section.FailPayment, section.RefundBooking,
		section.SettleRefund:
		if r.Err == nil && r.Decision.Outcome.Rejection == section.Accepted && !r.Probe {
			s.engine.traces.Keep(BookingID{Section: s.key, No: r.Decision.Outcome.Booking}, r.Trace)
		}
	}
}

// Count, Judge and SideBySide make an event's sections an orders.Event.
func (o *openEvent) Count() int { return len(o.sections) }

// Judge has a section judge r.
func (o *openEvent) Judge(
	at storage.SectionNo, r *request.Request, deadline time.Time,
) (*section.Outcome, error) {
	return o.sections[at].outcome(r, deadline)
}

// SideBySide does n things at once, and waits for all.
func (o *openEvent) SideBySide(n int, do func(k int)) { o.sections[0].engine.sideBySide(n, do) }

// binds keeps the count of a section's bound legs.
func (s *Section) binds(legs int) {
	if int(s.boundLegs.Load()) == legs { // as of nearly every record
		return
	}
	was := s.boundLegs.Swap(int32(legs))
	s.engine.notifier.Binds(legs - int(was))
}

// ordersLanded has the legs of orders be told what a durable record has made of them.
func (s *Section) ordersLanded(m *section.Machine, did *section.Effects) {
	s.binds(m.BoundLegs())
	for _, no := range did.Orders {
		s.tellLegs(no)
	}
}

// adoptOrders goes on with the orders of a section that was loaded.
func (s *Section) adoptOrders(state *section.State) {
	s.binds(state.BoundLegs())
	state.UnsettledOrders(s.tellLegs)
}

// tellLegs has the legs of one of the section's orders be told what has become of it.
func (s *Section) tellLegs(no section.BookingNo) {
	if !s.engine.cfg.Offline {
		s.engine.notifier.Add(BookingID{Section: s.key, No: no})
	}
}

// confirmingMargin is what a confirm keeps of its deadline for its answer.
const confirmingMargin = 200 * time.Millisecond

// Confirm pays and sells, as confirm does; an order is confirmed once all its legs are sold. A nil error with
// out.Confirming means that the money is there and some leg has not heard of it yet: it will.
func (e *Engine) Confirm(id BookingID, who Caller, token string, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	if err := e.confirm(id, who, token, timeout, out); err != nil {
		return err
	}
	for pause := time.Millisecond; out.Confirming && time.Until(deadline) > confirmingMargin; {
		e.clock.Pause(e.ctx, pause)
		var now BookingView
		if e.read(id, settler, deadline, &now) != nil {
			break // the sale stands
		}
		*out, pause = now, min(2*pause, 50*time.Millisecond)
	}
	return nil
}
