package actors

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/fares"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/peer"
	"holdfast/actors/peer/wire"
	"holdfast/actors/price"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/tariff"
	"holdfast/actors/ticketing"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// coordinatorsMax is how many coordinators a search is brought to when the view changes under it.
const coordinatorsMax = 3

// bestAtCoordinator has the buyer's coordinator run the search: this node or another.
func (t *bookingCall) bestAtCoordinator(out *BookingView) error {
	e := t.ev.engine
	err := ErrUnavailable
	for range coordinatorsMax {
		to := e.coordinator.Of(t.call.Event, coordinator.Asker(t.call.Operator, t.call.Buyer))
		switch {
		case to == (storage.WriterID{}):
			return ErrUnavailable
		case to == e.writer:
			err = t.bestHere(out)
		default:
			err = t.bestThere(to, out)
		}
		again := errors.Is(err, peer.ErrNotCoordinator) || errors.Is(err, ErrMoved) ||
			err == error(request.PeerLost) && t.call.Request != (section.RequestID{})
		if !again || e.clock.Now().After(t.deadline) {
			break
		}
	}
	if errors.Is(err, peer.ErrNotCoordinator) {
		return ErrMoved
	}
	return writer.Reason(err)
}

func (t *bookingCall) bestHere(out *BookingView) error {
	c := t.ev.engine.coordinator
	gen, err := c.Begin(&t.ev.remote, coordinator.Asker(t.call.Operator, t.call.Buyer), t.deadline)
	if err != nil {
		return err
	}
	defer c.Leave(gen)
	t.searching, t.gen = true, gen
	return t.best(out)
}

// bestThere sends the wish to the buyer's coordinator.
func (t *bookingCall) bestThere(to storage.WriterID, out *BookingView) error {
	if _, _, err := t.o.category(t.call.Best.Category); err != nil {
		return err
	}
	b := &t.call.Best
	criteria := wire.Search{
		Event: t.call.Event, Operator: t.call.Operator, Accessible: b.Accessible, AnyBuyerTotal: t.call.AnyBuyerTotal,
		Quantity: b.Quantity, Category: b.Category, Section: b.Section, Buyer: t.call.Buyer, Request: t.call.Request,
		Fingerprint: t.call.Fingerprint, Trace: t.call.Trace, Fare: t.call.Fares.ForNodes(0, nil),
	}
	if a := t.call.Admission; a != nil && !t.call.Operator {
		if !t.ev.engine.peerRPC.KnowsGates(to) {
			return ErrUnavailable
		}
		criteria.Session, criteria.Until, criteria.Began = a.Session, a.Until, a.Seq
	}
	r, failed := t.ev.engine.peerRPC.Search(to, &criteria, t.deadline)
	if failed != nil {
		return t.count(failed.Why)
	}
	defer r.Free()
	var refused *peer.Refused
	switch {
	case errors.As(r.Err, &refused):
		return t.o.refusedThere(refused)
	case r.Err != nil:
		return r.Err
	}
	return t.tellFound(r, out)
}

// refusedThere is the coordinator's refusal in this node's words.
func (o *openEvent) refusedThere(r *peer.Refused) error {
	switch r.Code {
	case wire.SaleNotOpen:
		return ErrSaleNotOpen
	case wire.Mismatch:
		return ErrMismatch
	}
	apart := &NotTogetherError{Free: r.Free, Largest: r.Largest, at: r.Section}
	if int(apart.at) < len(o.sections) {
		apart.Section = o.planSection(apart.at)
	}
	return apart
}

// tellFound is the coordinator's answer in this node's words.
func (t *bookingCall) tellFound(r *request.Request, out *BookingView) error {
	outcome := &r.Decision.Outcome
	switch {
	case ofAdmission(outcome.Rejection):
		return notAdmitted(outcome.Rejection)
	case outcome.Rejection != section.Accepted:
		return &Refusal{Code: outcome.Rejection}
	}
	if int(r.From) >= len(t.o.sections) {
		return ErrUnavailable
	}
	return t.o.fill(t.ev, BookingID{Section: t.o.sections[r.From].key, No: outcome.Booking}, outcome, out)
}

// searchFor runs a search for another node, until ctx ends.
func (e *Engine) searchFor(ctx context.Context, m *wire.Search) *wire.Answer {
	until, _ := ctx.Deadline()
	ev, err := e.find(ctx, m.Event)
	if err != nil {
		return &wire.Answer{Code: wire.Unavailable}
	}
	o, err := ev.open(ctx)
	if err != nil {
		return &wire.Answer{Code: wire.Unavailable}
	}
	call := BookCall{
		Event: m.Event,
		Caller: Caller{Buyer: m.Buyer, Operator: m.Operator, Request: m.Request, Fingerprint: m.Fingerprint,
			Trace: m.Trace},
		Best: BestAvailable{
			Quantity: m.Quantity, Section: m.Section, Category: m.Category, Accessible: m.Accessible,
		},
		AnyBuyerTotal: m.AnyBuyerTotal,
		Fares:         fares.FromNodes(m.Fare, 0, nil),
	}
	if m.Session != 0 {
		call.Admission = &place.Admission{Place: place.Place{Event: m.Event, Buyer: gate.Buyer(m.Buyer)},
			Session: m.Session, Until: m.Until, Seq: m.Began}
	}
	t := bookingCall{ev: ev, o: o, call: &call, deadline: until, decidedAt: decidedUnknown}
	var view BookingView
	return o.answerFound(&view, t.bestHere(&view))
}

// answerFound puts what a search came to into an answer. After anything that leaves a doubt nobody may take it for not
// done.
func (o *openEvent) answerFound(view *BookingView, err error) *wire.Answer {
	var refused *Refusal
	var apart *NotTogetherError
	switch {
	case err == nil:
		out := section.Outcome{Booking: view.ID.No, State: view.State, Split: view.Split, ExpiresAt: view.ExpiresAt}
		for _, id := range view.Seats {
			if at := o.seats[id]; at.section == view.ID.Section.Section { // those of legs are in the order
				out.Seats = append(out.Seats, at.index)
			}
		}
		out.Order, out.Unsettled = view.order, view.Confirming
		out.Mark, out.Fare = view.fared.Mark, view.fared.Fare
		return &wire.Answer{Code: wire.Decided, Section: view.ID.Section.Section, Outcome: out}
	case errors.As(err, &refused):
		out := section.Outcome{Rejection: refused.Code, ExpiresAt: refused.until}
		no := storage.SectionNo(0)
		for i, id := range refused.Seats {
			if i > 0 && o.seats[id].section != no {
				break // an answer has lost seats of one section
			}
			no = o.seats[id].section
			out.Lost = append(out.Lost, o.seats[id].index)
		}
		return &wire.Answer{Code: wire.Decided, Section: no, Outcome: out}
	case errors.Is(err, ErrNotAdmitted):
		return &wire.Answer{Code: wire.Decided, Outcome: section.Outcome{Rejection: section.NotAdmitted}}
	case errors.Is(err, ErrAdmissionExpired):
		return &wire.Answer{Code: wire.Decided, Outcome: section.Outcome{Rejection: section.AdmissionExpired}}
	case errors.As(err, &apart):
		return &wire.Answer{Code: wire.NotTogether, Section: apart.at, Free: apart.Free, Largest: apart.Largest}
	case errors.Is(err, peer.ErrNotCoordinator), errors.Is(err, ErrMoved), notYet(err):
		return &wire.Answer{Code: wire.Moved}
	case errors.Is(err, ErrMismatch):
		return &wire.Answer{Code: wire.Mismatch}
	case errors.Is(err, ErrEventCancelled):
		return &wire.Answer{Code: wire.Decided, Outcome: section.Outcome{Rejection: section.EventCancelled}}
	case errors.Is(err, ErrSaleNotOpen):
		return &wire.Answer{Code: wire.SaleNotOpen}
	case errors.Is(err, ErrOverloaded):
		return &wire.Answer{Code: wire.Overloaded}
	}
	return &wire.Answer{Code: wire.Undecided}
}

// likelyFull says that a section of another node looks too full for the criteria. It may be wrong by what is on the
// way, so it only puts off asking: see stillFull. A wish for one section is always asked there, for only that section
// knows whether it has met the key.
func (t *bookingCall) likelyFull(c *section.Command, no storage.SectionNo) bool {
	s := t.o.sections[no]
	return (t.searching || t.granter != nil) && s.shard.Serving() == nil && t.ev.live.Suitable(no, c) < c.Quantity
}

// stillFull asks the nodes of the sections that looked too full which of them may not be. A section whose node does not
// say is among them: no seat is called sold because somebody was silent (P11).
func (t *bookingCall) stillFull(c *section.Command, looked []storage.SectionNo) (mayHave []storage.SectionNo) {
	e := t.ev.engine
	byPeer := map[storage.WriterID][]storage.SectionNo{}
	for _, no := range looked {
		to, ok := t.o.sections[no].remote.Route()
		if !ok || to == e.writer {
			mayHave = append(mayHave, no)
			continue
		}
		byPeer[to] = append(byPeer[to], no)
	}
	queries := map[storage.WriterID]*request.Request{}
	for _, node := range inOrder(byPeer) {
		r := e.peerRPC.AskFree(node, c, t.call.Event, byPeer[node], t.deadline)
		if queries[node] = r; r == nil {
			mayHave = append(mayHave, byPeer[node]...)
		}
	}
	for _, node := range inOrder(byPeer) {
		r := queries[node]
		if r == nil {
			continue
		}
		if !e.clock.Answered(&r.Request, t.deadline) || r.Err != nil {
			mayHave = append(mayHave, byPeer[node]...)
			continue
		}
		for _, no := range r.Seats {
			mayHave = append(mayHave, storage.SectionNo(no))
		}
		r.Free()
	}
	slices.Sort(mayHave)
	return slices.DeleteFunc(mayHave, func(no storage.SectionNo) bool { return int(no) >= len(t.o.sections) })
}

// inOrder lists the peers: who is queries first is not left to chance.
func inOrder(byPeer map[storage.WriterID][]storage.SectionNo) []storage.WriterID {
	return slices.SortedFunc(maps.Keys(byPeer), func(a, b storage.WriterID) int { return bytes.Compare(a[:], b[:]) })
}

// decidedUnknown stands for the moment of a judgement that this node was not told of.
const decidedUnknown = coordinator.DecidedUnknown

// enterKey registers a request in the event's index by the deadline. A search has its key for itself: it waits for
// other calls under the key to end, and they wait for it. ErrTimeout: some use of the key has not ended.
func (ev *event) enterKey(
	deadline time.Time, id section.RequestID, no storage.SectionNo, search bool,
) (at storage.SectionNo, known bool, err error) {
	return ev.enterKeyIn(ev.index, deadline, id, no, search)
}

func (ev *event) enterKeyIn(
	index *coordinator.KeyIndex, deadline time.Time, id section.RequestID, no storage.SectionNo, search bool,
) (at storage.SectionNo, known bool, err error) {
	for {
		at, known, busy := index.Enter(id, no, search)
		if busy == nil {
			return at, known, nil
		}
		if !ev.engine.clock.Await(context.Background(), deadline, busy, nil) {
			return 0, false, ErrTimeout
		}
	}
}

// A search over sections grants where seats are, and a key that it carries may have been granted in any other section
// before. So a node alone searches only while it knows of every section of the event what keys that one has met (P5):
// it has loaded the section, and no other process can have written its log since. Without this rule a process that
// takes over one section after the other would place a hold again that stands in a section which it does not have yet.
//
// Two processes cannot both know: whoever has claimed all sections has fenced everybody else out of each of them.
//
// In a cluster the buyer's coordinator sees to it instead (see peer.Searches). A condemned section counts as
// known: nothing more can be learnt of it, and the others sell on.

// learnedKeys notes that the event's index has the section's keys.
func (s *Section) learnedKeys() {
	if s.keysKnown.CompareAndSwap(false, true) {
		s.keysUnknown.Add(-1)
	}
}

// forgetKeys notes that the section does not serve here, for that reason, so that it may be given keys elsewhere if
// others can write the store.
func (s *Section) forgetKeys(why error) {
	switch {
	case writer.AfterStop(why) == Condemned:
		s.learnedKeys()
		if !s.engine.cfg.shared {
			s.ev.givenUp(s.key.Section)
		}
	case s.engine.cfg.shared && s.keysKnown.CompareAndSwap(true, false):
		s.keysUnknown.Add(1)
	}
}

// mayBeElsewhere says that a search under this key could place a second hold for it. It has the sections that stand in
// the way activated, as asking them would.
func (t *bookingCall) mayBeElsewhere() bool {
	if t.ev.engine.coordinator != nil || t.granter != nil || t.call.Request == (section.RequestID{}) ||
		t.o.keysUnknown.Load() == 0 {
		return false
	}
	for _, s := range t.o.sections {
		if s.shard.Serving() == nil {
			_, _ = s.shard.Activate() // ErrUnavailable: it may not come now
		}
	}
	return true
}

// waitFor is how long a buyer is to wait who was refused something until an instant; 0: nobody can say.
func (e *Engine) waitFor(r section.Rejection, until section.Instant) time.Duration {
	if r != section.ChallengeCoolDown {
		return 0
	}
	wait := until - e.cfg.Clock()
	if wait <= 0 { // told by a leg of an order, whose time is lost on the way
		wait = account.CoolDown
	}
	return time.Duration(wait) * time.Millisecond
}

// showTransfers leaves in the view of a booking whose tickets were offered to others what the caller may see: a code is
// told to who has the ticket, and what was paid to who has paid.
func (o *openEvent) showTransfers(outcome *section.Outcome, who Caller, now section.Instant, out *BookingView) {
	if len(outcome.Transfers) == 0 {
		return
	}
	view := ticketing.See(outcome, ticketing.Caller(who), now, func(t entry.Ticket) string {
		no := out.ID.Section.Section
		if t.Leg > 0 && outcome.Order != nil && int(t.Leg) <= len(outcome.Order.Legs) {
			no = storage.SectionNo(outcome.Order.Legs[t.Leg-1].Section)
		}
		if int(no) >= len(o.ids) || int(t.Seat) >= len(o.ids[no]) {
			return ""
		}
		return o.ids[no][t.Seat]
	})
	out.Transfers, out.Received = view.Transfers, view.Received
	out.Seats = slices.DeleteFunc(out.Seats, func(seat string) bool { return view.Of(seat) == ticketing.Never })
	out.Tickets = slices.DeleteFunc(out.Tickets, func(t TicketView) bool { return view.Of(t.Seat) != ticketing.Has })
	if out.Received {
		out.Amount, out.Refunds = 0, nil
		out.Price.Reset()
	}
}

// mayReturn says why a buyer may not give a booking back: ErrBookingUnknown, ErrRefundForOperators, ErrNotReturnable,
// or that some of its tickets are another buyer's.
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
	case header.Postponed != nil && !out.anyAlive() && len(out.Refunds) > 0: // a repeat
	case header.Postponed == nil, len(call.Seats) > 0, call.KeepFees, out.Received: // money goes to who has paid
		return ErrRefundForOperators
	case len(out.Transfers) > 0 && len(out.Tickets) < len(out.Seats): // somebody else counts on some of the tickets
		return &Refusal{Code: section.NotHolder}
	case !sure:
		return errClock
	case now >= header.Postponed.KeepUntil:
		return ErrNotReturnable
	}
	return nil
}

// seatIn is where a seat stands in a Book.
func (o *openEvent) seatIn(m *wire.Book, id string) (s fares.Seat) {
	ref, _ := o.seats.Find(id)
	s.Index = ref.index
	for i := range m.More {
		if m.More[i].Section == uint32(ref.section) {
			s.Leg = uint8(i + 1)
		}
	}
	return s
}

// lists are the event's price lists, by the header that was read last. The event is open, or being opened.
func (ev *event) lists() *fares.Lists {
	l, header := ev.prices.Load(), ev.header.Load()
	if l.Stale(header) {
		l = l.With(header)
		ev.prices.Store(l)
	}
	return l
}

// table is the price list that a booking was placed under; nil: it is of an edit that this node has not read, and the
// store cannot be read now.
func (ev *event) table(mark tariff.Mark) *price.Table {
	if t := ev.lists().Table(mark); t != nil {
		return t
	}
	ev.reread()
	return ev.lists().Table(mark)
}

// knowsCame says that the lists of all seats that came by exchanges are known.
func (ev *event) knowsCame(f *tariff.Fare) bool {
	return f == nil || !slices.ContainsFunc(f.Came, func(c tariff.Came) bool { return ev.table(c.Mark) == nil })
}

// reread takes the header over as the store has it, if it is newer.
func (ev *event) reread() {
	e := ev.engine
	ctx, cancel := context.WithTimeout(e.ctx, catalogPatience)
	defer cancel()
	header, err := e.cfg.Store.Event(ctx, ev.header.Load().ID)
	if err != nil {
		return // nothing of what is asked was done, and whoever asked is told so
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if header.SaleNo > ev.header.Load().SaleNo {
		e.takeHeader(ev, header)
	}
}
