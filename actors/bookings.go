package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/price"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
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

// Contact data is kept in the store, beside the logs, and nowhere else: no memory, no log, no other node has it (P14).

// Contact is how a buyer is reached, by whatever names the buyer to a server. ErrNoContact, ErrUnavailable.
func (e *Engine) Contact(subject string, timeout time.Duration) (c storage.Contact, err error) {
	err = e.contactCall(timeout, func(ctx context.Context) error {
		c, err = e.cfg.Store.Contact(ctx, subject)
		return err
	})
	return c, err
}

// SetContact makes this a buyer's contact data, durably, in place of what there was, and tells it with its time.
// ErrTimeout, ErrUnavailable.
func (e *Engine) SetContact(subject, email, phone string, timeout time.Duration) (storage.Contact, error) {
	c := storage.Contact{Email: email, Phone: phone, At: e.cfg.Clock()}
	return c, e.contactCall(timeout, func(ctx context.Context) error { return e.cfg.Store.PutContact(ctx, subject, c) })
}

// ForgetBuyer erases what is kept of a buyer beside the logs, durably; again is no error. What stands in events' logs
// stands there under pseudonyms, which end with their event: see ForgetEvent. ErrTimeout, ErrUnavailable.
func (e *Engine) ForgetBuyer(subject string, timeout time.Duration) error {
	return e.contactCall(timeout, func(ctx context.Context) error { return e.cfg.Store.ForgetContact(ctx, subject) })
}

func (e *Engine) contactCall(timeout time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(e.ctx, timeout)
	defer cancel()
	err := do(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return ErrNoContact
	case errors.Is(err, storage.ErrUnknown):
		return errors.Join(ErrTimeout, err)
	}
	return errors.Join(ErrUnavailable, err)
}

// PaymentsWaiting counts the bookings here whose money is not settled, and gives the age of the oldest that should be.
func (e *Engine) PaymentsWaiting() (open int, oldest time.Duration) {
	return e.reconciler.Open(), e.reconciler.Oldest()
}

// PaymentsOpen counts those bookings by what is open of them.
func (e *Engine) PaymentsOpen() map[checkout.Left]checkout.Class { return e.reconciler.Classes() }

// openMoney shows what is open or wrong, over all nodes.
func (e *Engine) openMoney() *pending.Lister {
	l := &pending.Lister{Reconciler: e.reconciler, Disputes: &e.disputes, Read: tillSection{e}.Read}
	if e.peerRPC != nil {
		l.Call, l.Others = e.Call, func() []storage.WriterID {
			return slices.DeleteFunc(slices.Clone(e.cfg.Peers.View().Peers()), func(node storage.WriterID) bool {
				return node == e.writer
			})
		}
	}
	return l
}

// Payments gives a page of an event's bookings whose money is open or wrong, over all nodes. Operators only.
func (e *Engine) Payments(ctx context.Context, q pending.Query) (pending.Page, error) {
	if _, err := e.event(q.Event); err != nil {
		return pending.Page{}, err
	}
	return e.openMoney().List(ctx, q)
}

// PaymentsOf tells all that is known of one booking's money. ErrBookingUnknown. Operators only.
func (e *Engine) PaymentsOf(ctx context.Context, id BookingID) (pending.Item, error) {
	item, err := e.openMoney().One(ctx, id)
	if errors.Is(err, till.ErrUnknown) {
		err = ErrBookingUnknown
	}
	return item, err
}

// RetryPayments asks the processor at once about everything that is open of a booking's money, and tries refunds anew
// that failed for good. It never charges, and gives nothing back that the log does not owe: called twice it does once.
// What the processor has not answered is said in Why, and asked again by itself. ErrBookingUnknown. Operators only.
func (e *Engine) RetryPayments(ctx context.Context, id BookingID) (pending.Item, error) {
	item, err := e.PaymentsOf(ctx, id)
	if err != nil {
		return item, err
	}
	for i := range item.Money.Refunds {
		if r := &item.Money.Refunds[i]; r.State == account.Failed && !r.Replaced {
			_, err := tillSection{e}.Tell(ctx, id, section.Command{Kind: section.RetryRefund,
				Pay: account.Payment{Refund: r.No}})
			if err != nil {
				return item, err
			}
		}
	}
	if why := e.mayBeCharging(ctx, &item); why != "" {
		e.reconciler.AddAfter(id, e.cfg.ChargeTimeout+payerPatience)
		item.Why, item.LastAt = why, time.Now()
		return item, nil
	}
	left, err := e.till.Settle(ctx, id, ^uint64(0))
	if err != nil || left.Any() {
		e.reconciler.Nudge(id, 0)
	}
	if err != nil {
		return item, err
	}
	if item, err = e.PaymentsOf(ctx, id); err == nil {
		item.Why, item.LastAt = left.Why, time.Now()
	}
	return item, err
}

// mayBeCharging says why an open attempt is left alone: a call on another node may have its token, and be about to
// charge it. Who asks here would otherwise give it up.
func (e *Engine) mayBeCharging(ctx context.Context, item *pending.Item) (why string) {
	m := &item.Money
	if e.peerRPC == nil || item.State != section.BookingPaying || m.Phase != account.Opened || m.Legacy {
		return ""
	}
	answer, err := e.till.Processor.Lookup(ctx, till.AttemptID(&item.Booking, item.Money.Attempt),
		processor.Reference(item.Money.Reference()))
	switch {
	case err != nil:
		return "the processor does not answer: " + err.Error()
	case answer.Status == processor.Opened:
		return "opened and not charged yet: a node may be about to; it is given up if not"
	}
	return ""
}

// PaymentsUnheard are those of some attempts about which the processor is still to be asked, because of a hint.
func (e *Engine) PaymentsUnheard(of []processor.AttemptID) (unheard []processor.AttemptID) {
	ids := make([]BookingID, 1)
	for _, a := range of {
		if ids[0], _, _ = till.ParseAttempt(a); len(e.reconciler.Unheard(ids)) > 0 {
			unheard = append(unheard, a)
		}
	}
	return unheard
}
