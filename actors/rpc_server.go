package actors

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/peer"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// inboundRequest is one request of another node on its way through a section here.
type inboundRequest struct {
	d     *peerRPC
	from  storage.WriterID
	id    uint64
	s     *Section
	until time.Time
	gen   uint64 // the view under which a search's request came in; 0: not part of a search
	keyed bool   // entered in the event's index

	key    storage.SectionKey
	before <-chan struct{} // closed when whoever came before has had his turn; nil: nobody did
	turn   chan struct{}   // nil: not in a queue
}

// asked takes a request of another node. What can be answered or queued at once is; what has to wait for its section
// does so aside.
func (d *peerRPC) asked(from storage.WriterID, m *peer.Ask) {
	w := &inboundRequest{
		d: d, from: from, id: m.ID, until: d.e.clock.Now().Add(time.Duration(m.Patience) * time.Millisecond),
	}
	r := request.New()
	r.Command, r.Read, r.Probe = m.Command, m.Read, m.Probe
	r.Seats = append(r.Seats, m.Command.Seats...)
	r.Command.Seats = r.Seats
	w.s = d.section(m.Section)
	if m.Search && !w.enterSearch(m.Section.Event, askerOf(m.Command.Operator, m.Command.Buyer)) {
		w.refuse(r, peer.Answer{Code: peer.Moved})
		return
	}
	switch {
	case d.e.closing.Load():
		w.refuse(r, peer.Answer{Code: peer.Unavailable})
		return
	case w.s != nil && w.s.shard.Serving() != nil && !d.queued(m.Section):
		w.hand(r)
		return
	}
	w.later(m.Section, r)
}

// later does the rest aside.
func (w *inboundRequest) later(key storage.SectionKey, r *request.Request) {
	w.queue(key)
	w.d.aside(
		func(ctx context.Context) { w.wait(ctx, key, r) }, func() { w.refuse(r, peer.Answer{Code: peer.Overloaded}) },
	)
}

// queue takes the last place among those who wait for a section. It is met in the order of coming: a search that asks
// whether an earlier wish under its key became a hold must not overtake that wish (P5, see recall).
func (w *inboundRequest) queue(key storage.SectionKey) {
	if w.turn != nil {
		return // it has a place, and goes on waiting there
	}
	d := w.d
	d.queues.Lock()
	w.key, w.before, w.turn = key, d.queues.last[key], make(chan struct{})
	d.queues.last[key] = w.turn
	d.queues.Unlock()
	d.queueing.Add(1)
}

// step lets the next one have his turn.
func (w *inboundRequest) step() {
	if w.turn == nil {
		return
	}
	d := w.d
	d.queues.Lock()
	if d.queues.last[w.key] == w.turn {
		delete(d.queues.last, w.key)
	}
	d.queues.Unlock()
	close(w.turn)
	w.turn = nil
	d.queueing.Add(-1)
}

// queued says that somebody waits for the section aside: whoever comes now is behind him, whether or not it serves
// meanwhile.
func (d *peerRPC) queued(key storage.SectionKey) bool {
	if d.queueing.Load() == 0 {
		return false
	}
	d.queues.Lock()
	defer d.queues.Unlock()
	return d.queues.last[key] != nil
}

// enterSearch lets a search's request in only from the buyer's coordinator by this node's view, so that no two nodes
// search under one key (P5).
func (w *inboundRequest) enterSearch(event storage.EventID, asker section.BuyerID) bool {
	gen, ok := w.d.e.coordinator.admit(w.from, event, asker)
	w.gen = gen
	return ok
}

// hand passes r to the section, which serves as far as is known.
func (w *inboundRequest) hand(r *request.Request) {
	if w.answeredAtOnce(r) {
		return
	}
	served := w.s.shard.Serving() != nil
	r.Told = func(*writer.Request) { w.told(r) }
	sent, err := w.s.shard.Send(&r.Request)
	switch {
	case err != nil:
		w.refuse(r, peer.Answer{Code: peer.Overloaded})
	case sent:
		w.step()
	case served || w.s.shard.Leaving() != nil: // it stopped meanwhile, or is about to
		w.later(w.s.key, r)
	default:
		w.elsewhere(r)
	}
}

// answeredAtOnce enters the request's key in the index, as a call of this node's own does, and refuses what the map
// shows to be lost.
func (w *inboundRequest) answeredAtOnce(r *request.Request) bool {
	c := &r.Command
	if r.Read || c.Request == (section.RequestID{}) || w.keyed {
		return false
	}
	at, known, busy := w.s.ev.index.Enter(c.Request, w.s.key.Section, false)
	if busy != nil { // a search of this node's has the key: one wish at a time
		w.refuse(r, peer.Answer{Code: peer.Unavailable})
		return true
	}
	w.keyed = true
	if known && at != w.s.key.Section && c.Kind == section.PlaceHold {
		w.refuse(r, peer.Answer{Code: peer.Judged, Outcome: section.Outcome{Rejection: section.IdempotencyMismatch}})
		return true
	}
	if known {
		return false
	}
	if c.Kind == section.PlaceBest && w.s.fullFor(c) {
		w.refuse(
			r,
			peer.Answer{
				Code: peer.Judged, Section: w.s.key.Section, At: judgedUnknown,
				Outcome: section.Outcome{Rejection: section.SoldOut},
			},
		)
		return true
	}
	if c.Kind != section.PlaceHold {
		return false
	}
	if lost := w.s.lostAlready(r); len(lost) > 0 {
		w.refuse(r, peer.Answer{Code: peer.Judged, Section: w.s.key.Section, At: judgedUnknown,
			Outcome: section.Outcome{Rejection: section.SeatTaken, Lost: lost}})
		return true
	}
	return false
}

// fullFor says that the section, which serves here, surely has too few free seats for the wish.
func (s *Section) fullFor(c *section.Command) bool {
	return c.Quantity > 0 && s.mapIsTrue() && s.ev.live.Free(s.key.Section) < int(c.Quantity)
}

// elsewhere answers for a section that is not served here: who has it, as far as this node knows.
func (w *inboundRequest) elsewhere(r *request.Request) {
	to, err := w.s.route()
	if err != nil || to == w.d.e.writer {
		w.refuse(r, peer.Answer{Code: peer.Unavailable})
		return
	}
	w.refuse(r, peer.Answer{Code: peer.Moved, Owner: to})
}

// wait opens the event and acquires the section, if it is this node's to acquire.
func (w *inboundRequest) wait(ctx context.Context, key storage.SectionKey, r *request.Request) {
	ctx, cancel := context.WithDeadline(ctx, w.until)
	defer cancel()
	ev, err := w.d.e.find(ctx, key.Event)
	if err == nil {
		_, err = ev.open(ctx)
	}
	if err != nil {
		w.refuse(r, peer.Answer{Code: peer.Unavailable})
		return
	}
	if w.s = w.d.section(key); w.s == nil {
		w.refuse(r, peer.Answer{Code: peer.Judged, Outcome: section.Outcome{Rejection: section.BookingUnknown}})
		return
	}
	if !w.s.shard.AwaitLeft(w.until) {
		w.refuse(r, peer.Answer{Code: peer.Unavailable})
		return
	}
	if to, err := w.s.route(); err == nil && to == w.d.e.writer {
		_ = w.s.shard.Await(w.until) // serving or not, hand says what is to be said
	}
	if w.before != nil {
		w.d.e.clock.Await(ctx, time.Time{}, w.before, nil)
		w.before = nil
	}
	w.hand(r)
}

// refuse answers a request that no section has seen.
func (w *inboundRequest) refuse(r *request.Request, m peer.Answer) {
	w.step()
	m.ID = w.id
	w.d.send(w.from, &m) // a link that has gone has failed the ask already
	w.done(r, false, judgedUnknown)
	r.Free()
}

// told is the section's word, on its goroutine: the answer leaves after the record it rests on, which went over the
// same link.
func (w *inboundRequest) told(r *request.Request) {
	m := peer.Answer{ID: w.id, Code: peer.Judged, Section: w.s.key.Section, At: r.Command.At}
	switch {
	case r.Err == nil:
		m.Outcome = r.Decision.Outcome
	case errors.Is(r.Err, ErrMoved):
		m.Code = peer.Moved
		if to, err := w.s.route(); err == nil {
			m.Owner = to
		}
	default:
		m.Code = peer.Midway
	}
	b := newMessage()
	*b = m.Append(*b)
	w.d.ship(w.from, b)
	w.watchPayment(r)
	accepted := r.Err == nil && m.Outcome.Rejection == section.Accepted && !r.Probe && !idle(r.Command.Kind, &m.Outcome)
	judged := r.Command.At
	if r.Err != nil {
		judged = judgedUnknown
	}
	w.done(r, accepted || m.Code == peer.Midway, judged)
	r.Free()
}

// watchPayment has this node see to a payment that another one has begun here and is making: that one may be gone
// before it knows. It is asked about only when the other should have its answer, and no more once the section has heard
// it.
func (w *inboundRequest) watchPayment(r *request.Request) {
	if r.Err != nil || r.Probe || r.Decision.Outcome.Rejection != section.Accepted {
		return
	}
	pid := paymentID(BookingID{Section: w.s.key, No: r.Decision.Outcome.Booking})
	switch r.Command.Kind {
	case section.BeginPayment:
		w.d.e.reconciler.AddAfter(pid, w.d.e.cfg.ChargeTimeout+payerPatience)
	case section.ConfirmPayment, section.FailPayment:
		w.d.e.reconciler.Drop(pid)
	}
}

// payerPatience is how much longer than a charge may take its node is believed to be about to tell how it ended.
const payerPatience = 2 * time.Second

// done ends the request's use of its key, and its part in a search.
func (w *inboundRequest) done(r *request.Request, keep bool, judged section.Instant) {
	if w.keyed {
		w.s.ev.index.Leave(r.Command.Request, w.s.key.Section, keep, judged)
	}
	if w.gen != 0 {
		w.d.e.coordinator.leave(w.gen)
	}
}
