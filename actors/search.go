package actors

import (
	"bytes"
	"context"
	"errors"
	"holdfast/actors/checkout"
	"holdfast/actors/request"
	"maps"
	"slices"
	"time"

	"holdfast/actors/peer"
	"holdfast/actors/section"
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
		to := e.coordinator.of(t.call.Event, askerOf(t.call.Operator, t.call.Buyer))
		switch {
		case to == (storage.WriterID{}):
			return ErrUnavailable
		case to == e.writer:
			err = t.bestHere(out)
		default:
			err = t.bestThere(to, out)
		}
		again := errors.Is(err, errNotCoordinator) || errors.Is(err, ErrMoved) ||
			err == error(request.PeerLost) && t.call.Request != (section.RequestID{})
		if !again || e.clock.Now().After(t.deadline) {
			break
		}
	}
	if errors.Is(err, errNotCoordinator) {
		return ErrMoved
	}
	return writer.Reason(err)
}

func (t *bookingCall) bestHere(out *BookingView) error {
	c := t.ev.engine.coordinator
	gen, err := c.begin(t.ev, askerOf(t.call.Operator, t.call.Buyer), t.deadline)
	if err != nil {
		return err
	}
	defer c.leave(gen)
	t.searching, t.gen = true, gen
	return t.best(out)
}

// bestThere sends the wish to the buyer's coordinator.
func (t *bookingCall) bestThere(to storage.WriterID, out *BookingView) error {
	if _, _, err := t.o.category(t.call.Best.Category); err != nil {
		return err
	}
	d, b := t.ev.engine.peerRPC, &t.call.Best
	r := request.New()
	id := d.numbers.Add(1)
	d.pending.Add(id, pendingCall{r: r, peer: to, late: t.deadline.Add(lateAfter)})
	m := peer.Search{
		ID: id, Patience: d.e.millisLeft(t.deadline), Event: t.call.Event, Operator: t.call.Operator,
		Accessible: b.Accessible, AnyBuyerTotal: t.call.AnyBuyerTotal, Quantity: b.Quantity, Category: b.Category,
		Section: b.Section, Buyer: t.call.Buyer, Request: t.call.Request, Fingerprint: t.call.Fingerprint,
	}
	if !d.send(to, &m) {
		if _, ok := d.pending.Take(id); ok {
			r.Free()
			return ErrUnavailable
		}
	}
	d.e.stats.Forwarded.Add(1)
	if !d.e.clock.Answered(&r.Request, t.deadline) {
		return t.count(ErrTimeout)
	}
	defer r.Free()
	var apart *NotTogetherError
	switch {
	case errors.As(r.Err, &apart) && int(apart.at) < len(t.o.sections):
		apart.Section = t.o.planSection(apart.at)
		return apart
	case r.Err != nil:
		return r.Err
	}
	return t.tellFound(r, out)
}

// tellFound is the coordinator's answer in this node's words.
func (t *bookingCall) tellFound(r *request.Request, out *BookingView) error {
	outcome := &r.Decision.Outcome
	if outcome.Rejection != section.Accepted {
		return &Refusal{Code: outcome.Rejection}
	}
	if int(r.From) >= len(t.o.sections) {
		return ErrUnavailable
	}
	t.o.fill(t.ev, BookingID{Section: t.o.sections[r.From].key, No: outcome.Booking}, outcome, out)
	return nil
}

// searched runs a search for another node.
func (d *peerRPC) searched(from storage.WriterID, m peer.Search) {
	until := d.e.clock.Now().Add(time.Duration(m.Patience) * time.Millisecond)
	d.aside(func(ctx context.Context) {
		answer := d.searchFor(ctx, &m, until)
		answer.ID = m.ID
		d.send(from, answer)
	}, func() { d.send(from, &peer.Answer{ID: m.ID, Code: peer.Overloaded}) })
}

func (d *peerRPC) searchFor(ctx context.Context, m *peer.Search, until time.Time) *peer.Answer {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	ev, err := d.e.find(ctx, m.Event)
	if err != nil {
		return &peer.Answer{Code: peer.Unavailable}
	}
	o, err := ev.open(ctx)
	if err != nil {
		return &peer.Answer{Code: peer.Unavailable}
	}
	call := BookCall{
		Event:  m.Event,
		Caller: Caller{Buyer: m.Buyer, Operator: m.Operator, Request: m.Request, Fingerprint: m.Fingerprint},
		Best: BestAvailable{
			Quantity: m.Quantity, Section: m.Section, Category: m.Category, Accessible: m.Accessible,
		},
		AnyBuyerTotal: m.AnyBuyerTotal,
	}
	t := bookingCall{ev: ev, o: o, call: &call, deadline: until, judged: judgedUnknown}
	var view BookingView
	return o.answerFound(&view, t.bestHere(&view))
}

// answerFound puts what a search came to into an answer. After anything that leaves a doubt nobody may take it for not
// done.
func (o *openEvent) answerFound(view *BookingView, err error) *peer.Answer {
	var refused *Refusal
	var apart *NotTogetherError
	switch {
	case err == nil:
		out := section.Outcome{Booking: view.ID.No, State: view.State, Split: view.Split, ExpiresAt: view.ExpiresAt}
		for _, id := range view.Seats {
			out.Seats = append(out.Seats, o.seats[id].index)
		}
		return &peer.Answer{Code: peer.Judged, Section: view.ID.Section.Section, Outcome: out}
	case errors.As(err, &refused):
		return &peer.Answer{Code: peer.Judged, Outcome: section.Outcome{Rejection: refused.Code}}
	case errors.As(err, &apart):
		return &peer.Answer{Code: peer.NotTogether, Section: apart.at, Free: apart.Free, Largest: apart.Largest}
	case errors.Is(err, errNotCoordinator), errors.Is(err, ErrMoved):
		return &peer.Answer{Code: peer.Moved}
	case errors.Is(err, ErrMismatch):
		return &peer.Answer{Code: peer.Mismatch}
	case errors.Is(err, ErrSaleNotOpen):
		return &peer.Answer{Code: peer.SaleNotOpen}
	case errors.Is(err, ErrOverloaded):
		return &peer.Answer{Code: peer.Overloaded}
	}
	return &peer.Answer{Code: peer.Midway}
}

// likelyFull says that a section of another node looks too full for the wish. It may be wrong by what is on the way, so
// it only puts off asking: see stillFull. A wish for one section is always asked there, for only that section knows
// whether it has met the key.
func (t *bookingCall) likelyFull(c *section.Command, no storage.SectionNo) bool {
	s := t.o.sections[no]
	return t.searching && s.shard.Serving() == nil && t.ev.live.Suitable(no, c) < c.Quantity
}

// stillFull asks the nodes of the sections that looked too full which of them may not be. A section whose node does not
// say is among them: no seat is called sold because somebody was silent (P11).
func (t *bookingCall) stillFull(c *section.Command, looked []storage.SectionNo) (mayHave []storage.SectionNo) {
	d := t.ev.engine.peerRPC
	byPeer := map[storage.WriterID][]storage.SectionNo{}
	for _, no := range looked {
		to, err := t.o.sections[no].route()
		if err != nil || to == d.e.writer {
			mayHave = append(mayHave, no)
			continue
		}
		byPeer[to] = append(byPeer[to], no)
	}
	asked := map[storage.WriterID]*request.Request{}
	for _, peer := range inOrder(byPeer) {
		if asked[peer] = d.look(peer, t, c, byPeer[peer]); asked[peer] == nil {
			mayHave = append(mayHave, byPeer[peer]...)
		}
	}
	for _, peer := range inOrder(byPeer) {
		r := asked[peer]
		if r == nil {
			continue
		}
		if !d.e.clock.Answered(&r.Request, t.deadline) || r.Err != nil {
			mayHave = append(mayHave, byPeer[peer]...)
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

// inOrder lists the peers: who is asked first is not left to chance.
func inOrder(byPeer map[storage.WriterID][]storage.SectionNo) []storage.WriterID {
	return slices.SortedFunc(maps.Keys(byPeer), func(a, b storage.WriterID) int { return bytes.Compare(a[:], b[:]) })
}

// look sends one Look; nil: it could not be sent. The answer is in the request's seats.
func (d *peerRPC) look(node storage.WriterID, t *bookingCall, c *section.Command, list []storage.SectionNo) *request.Request {
	r := request.New()
	id := d.numbers.Add(1)
	d.pending.Add(id, pendingCall{r: r, peer: node, late: t.deadline.Add(lateAfter)})
	if d.send(
		node,
		&peer.FreeQuery{
			ID: id, Event: t.call.Event, Quantity: c.Quantity, Accessible: c.AccessibleOnly, Sections: list,
		},
	) {
		return r
	}
	if _, ok := d.pending.Take(id); !ok {
		return r // told that the link is gone
	}
	r.Free()
	return nil
}

// looking answers a Look from the map, which is exact for sections that are served here.
func (d *peerRPC) looking(from storage.WriterID, m *peer.FreeQuery) {
	out := peer.FreeReply{ID: m.ID}
	for _, no := range m.Sections {
		s := d.section(storage.SectionKey{Event: m.Event, Section: no})
		if s == nil || !s.mapIsTrue() || s.ev.live.Free(no) >= int(m.Quantity) {
			out.Sections = append(out.Sections, no)
		}
	}
	d.send(from, &out)
}

// looked hands the answer over.
func (d *peerRPC) looked(from storage.WriterID, m *peer.FreeReply) {
	a, ok := d.pending.Take(m.ID)
	if !ok || a.peer != from {
		return
	}
	a.r.Seats = a.r.Seats[:0]
	for _, no := range m.Sections {
		a.r.Seats = append(a.r.Seats, section.SeatIndex(no))
	}
	a.end()
}

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
