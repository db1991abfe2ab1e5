package peer

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// inbound is one request of another node on its way through a section here.
type inbound struct {
	n     *Network
	from  storage.WriterID
	id    uint64
	key   storage.SectionKey
	s     *Section // nil: not known yet
	until time.Time
	gen   uint64 // the view under which a search's request came in; 0: not part of a search
	keyed bool   // entered in the event's index
	turn  *turn  // nil: not in a queue
}

// onAsk takes a request of another node. What can be answered or queued at once is; what has to wait for its section
// does so in the background.
func (n *Network) onAsk(from storage.WriterID, m *wire.Ask) {
	w := &inbound{
		n: n, from: from, id: m.ID, key: m.Section, s: n.seats(m.Section),
		until: n.Clock.Now().Add(time.Duration(m.Patience) * time.Millisecond),
	}
	r := request.New()
	r.Command, r.Read, r.Probe, r.Trace = m.Command, m.Read, m.Probe, m.Trace
	r.Seats = append(r.Seats, m.Command.Seats...)
	r.Command.Seats = r.Seats
	if m.Search && !w.enterSearch(coordinator.Asker(m.Command.Operator, m.Command.Buyer)) {
		w.refuse(r, wire.Answer{Code: wire.Moved})
		return
	}
	switch {
	case n.Host.Closing():
		w.refuse(r, wire.Answer{Code: wire.Unavailable})
		return
	case w.s != nil && w.s.shard.Serving() != nil && !n.queue.holds(m.Section):
		w.hand(r)
		return
	}
	w.later(r)
}

// later does the rest in the background.
func (w *inbound) later(r *request.Request) {
	if w.turn == nil { // else it has a place, and goes on waiting there
		w.turn = w.n.queue.join(w.key)
	}
	w.n.spawn(
		func(ctx context.Context) { w.wait(ctx, r) }, func() { w.refuse(r, wire.Answer{Code: wire.Overloaded}) },
	)
}

// step lets the next one have its turn.
func (w *inbound) step() {
	if w.turn != nil {
		w.n.queue.leave(w.key, w.turn)
		w.turn = nil
	}
}

// enterSearch lets a search's request in only from the buyer's coordinator by this node's view, so that no two nodes
// search under one key (P5).
func (w *inbound) enterSearch(asker section.BuyerID) bool {
	gen, ok := w.n.Searches.admit(w.from, w.key.Event, asker)
	w.gen = gen
	return ok
}

// hand passes r to the section, which serves as far as is known.
func (w *inbound) hand(r *request.Request) {
	if w.answeredAtOnce(r) {
		return
	}
	served := w.s.shard.Serving() != nil
	r.OnAnswer = func(*writer.Request) { w.answered(r) }
	sent, err := w.s.shard.Send(&r.Request)
	switch {
	case err != nil:
		w.refuse(r, wire.Answer{Code: wire.Overloaded})
	case sent:
		w.step()
	case served || w.s.shard.Leaving() != nil: // it stopped meanwhile, or is about to
		w.later(r)
	default:
		w.elsewhere(r)
	}
}

// answeredAtOnce enters the request's key in the index, as a call of this node's own does, and refuses what the map
// shows to be lost.
func (w *inbound) answeredAtOnce(r *request.Request) bool {
	c := &r.Command
	if r.Read || c.Request == (section.RequestID{}) || w.keyed {
		return false
	}
	at, known, busy := w.s.event.Keys.Enter(c.Request, w.key.Section, false)
	if busy != nil { // a search of this node's has the key: one wish at a time
		w.refuse(r, wire.Answer{Code: wire.Unavailable})
		return true
	}
	w.keyed = true
	switch {
	case known && at != w.key.Section && c.Kind == section.PlaceHold && c.Quantity == 0 && c.Grant.Number == 0:
		// Else the word of whoever asks counts: of a coordinator, or of a search, whose seats nobody has named.
		w.reject(r, section.Outcome{Rejection: section.IdempotencyMismatch}, 0, 0)
		return true
	case known:
	case c.Kind == section.PlaceBest && c.Quantity > 0 && w.s.host.FewerFree(c.Quantity):
		w.reject(r, section.Outcome{Rejection: section.SoldOut}, w.key.Section, coordinator.DecidedUnknown)
		return true
	case c.Kind == section.PlaceHold:
		if lost := w.s.host.Lost(r); len(lost) > 0 {
			w.reject(
				r, section.Outcome{Rejection: section.SeatTaken, Lost: lost}, w.key.Section, coordinator.DecidedUnknown,
			)
			return true
		}
	}
	return false
}

// reject answers with an outcome that no section has judged.
func (w *inbound) reject(r *request.Request, o section.Outcome, no storage.SectionNo, at section.Instant) {
	w.refuse(r, wire.Answer{Code: wire.Decided, Section: no, At: at, Outcome: o})
}

// elsewhere answers for a section that is not served here: who has it, as far as this node knows.
func (w *inbound) elsewhere(r *request.Request) {
	to, ok := w.s.Route()
	if !ok || to == w.n.Self {
		w.refuse(r, wire.Answer{Code: wire.Unavailable})
		return
	}
	w.refuse(r, wire.Answer{Code: wire.Moved, Owner: to})
}

// wait opens the event and acquires the section, if it is this node's to acquire.
func (w *inbound) wait(ctx context.Context, r *request.Request) {
	ctx, cancel := context.WithDeadline(ctx, w.until)
	defer cancel()
	sections, err := w.n.Host.Open(ctx, ctx, w.key.Event)
	if err != nil {
		w.refuse(r, wire.Answer{Code: wire.Unavailable})
		return
	}
	if w.s = in(sections, w.key.Section); w.s == nil {
		w.reject(r, section.Outcome{Rejection: section.BookingUnknown}, 0, 0)
		return
	}
	if !w.s.shard.AwaitLeft(w.until) {
		w.refuse(r, wire.Answer{Code: wire.Unavailable})
		return
	}
	if to, ok := w.s.Route(); ok && to == w.n.Self {
		_ = w.s.shard.Await(w.until) // serving or not, hand says what is to be said
	}
	if w.turn != nil && w.turn.before != nil {
		w.n.Clock.Await(ctx, time.Time{}, w.turn.before, nil)
		w.turn.before = nil
	}
	w.hand(r)
}

// refuse answers a request that no section has seen.
func (w *inbound) refuse(r *request.Request, m wire.Answer) {
	w.step()
	m.ID = w.id
	w.n.send(w.from, &m) // a link that has gone has failed the ask already
	w.done(r, false, coordinator.DecidedUnknown)
	r.Free()
}

// told is the section's word, on its goroutine: the answer leaves after the record it rests on, which went over the
// same link.
func (w *inbound) answered(r *request.Request) {
	m := wire.Answer{ID: w.id, Code: wire.Decided, Section: w.key.Section, At: r.Command.At}
	switch {
	case r.Err == nil:
		m.Outcome = r.Decision.Outcome
	case errors.Is(r.Err, shard.ErrMoved):
		m.Code = wire.Moved
		if to, ok := w.s.Route(); ok {
			m.Owner = to
		}
	default:
		m.Code = wire.Undecided
	}
	b := newMessage()
	*b = m.Append(*b)
	w.n.ship(w.from, b)
	if accepted(r) {
		w.s.host.Accepted(r)
	}
	keep := accepted(r) && !coordinator.IsIdle(r.Command.Kind, &m.Outcome)
	decidedAt := r.Command.At
	if r.Err != nil {
		decidedAt = coordinator.DecidedUnknown
	}
	w.done(r, keep || m.Code == wire.Undecided, decidedAt)
	r.Free()
}

func accepted(r *request.Request) bool {
	return r.Err == nil && !r.Probe && r.Decision.Outcome.Rejection == section.Accepted
}

// done ends the request's use of its key, and its part in a search.
func (w *inbound) done(r *request.Request, keep bool, decidedAt section.Instant) {
	if w.keyed {
		w.s.event.Keys.Leave(r.Command.Request, w.key.Section, keep, decidedAt)
	}
	if w.gen != 0 {
		w.n.Searches.Leave(w.gen)
	}
}

// answer has another node's request done beside the others, for so many milliseconds, and sends what came of it.
func (n *Network) answer(from storage.WriterID, id uint64, patience uint32, do func(context.Context) *wire.Answer) {
	until := n.Clock.Now().Add(time.Duration(patience) * time.Millisecond)
	n.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		answer := do(ctx)
		answer.ID = id
		n.send(from, answer)
	}, func() { n.send(from, &wire.Answer{ID: id, Code: wire.Overloaded}) })
}

// searched runs a search for another node.
func (n *Network) searched(from storage.WriterID, m wire.Search) {
	n.answer(from, m.ID, m.Patience, func(ctx context.Context) *wire.Answer { return n.Host.Search(ctx, &m) })
}

// booked places a hold for another node.
func (n *Network) booked(from storage.WriterID, m wire.Book) {
	n.answer(from, m.ID, m.Patience, func(ctx context.Context) *wire.Answer { return n.Host.Book(ctx, &m) })
}

// commanded does a command for another node.
func (n *Network) commanded(from storage.WriterID, m wire.Ask) {
	n.answer(from, m.ID, m.Patience, func(ctx context.Context) *wire.Answer { return n.Host.Command(ctx, &m) })
}

// onFreeQuery answers from the map, which is exact for sections that are served here.
func (n *Network) onFreeQuery(from storage.WriterID, m *wire.FreeQuery) {
	out := wire.FreeReply{ID: m.ID}
	for _, no := range m.Sections {
		s := n.seats(storage.SectionKey{Event: m.Event, Section: no})
		if s == nil || !s.host.FewerFree(m.Quantity) {
			out.Sections = append(out.Sections, no)
		}
	}
	n.send(from, &out)
}
