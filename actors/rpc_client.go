package actors

import (
	"math"
	"time"

	"holdfast/actors/peer"
	"holdfast/actors/request"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// ErrMoved: the section is another node's, and this node could not find which; from a section, that it left while the
// request waited in front of it. Surely not done, to be tried again.
var ErrMoved = shard.ErrMoved

// moved is shard.Moved.
var moved = shard.Moved

// pendingCall is a request that another node has; it is the peerRPC's until it is answered or given up.
type pendingCall struct {
	r    *request.Request
	s    *Section // nil: of a search
	peer storage.WriterID
	late time.Time // whoever waits has given up by then, and so has the answer
}

// lateAfter is how long after its deadline a request is still given an answer that comes.
const lateAfter = time.Second

// expirePending gives up what waits for an answer that a peer, although it is up, has not been able to send.
func (d *peerRPC) expirePending(now time.Time) {
	failAll(d.pending.TakeAll(func(a pendingCall) bool { return now.After(a.late) }))
}

// losePending answers everything that waits for a node whose link is gone.
func (d *peerRPC) losePending(node storage.WriterID) {
	failAll(d.pending.TakeAll(func(a pendingCall) bool { return a.peer == node }))
}

func failAll(lost []pendingCall) {
	for _, a := range lost {
		a.fail(request.PeerLost)
	}
}

func (d *peerRPC) answered(from storage.WriterID, m *peer.Answer) {
	a, ok := d.pending.Take(m.ID)
	if !ok || a.peer != from {
		return // given up meanwhile
	}
	if m.Code == peer.Judged {
		a.judged(m)
		return
	}
	if m.Code == peer.NotTogether {
		a.fail(&NotTogetherError{Free: m.Free, Largest: m.Largest, at: m.Section})
		return
	}
	if m.Code == peer.Moved && a.s != nil && m.Owner != (storage.WriterID{}) {
		a.s.directory.Forget(from, math.MaxUint64) // it says itself that it has the section no more
		a.s.directory.Hear(m.Owner, 0, false)
	}
	a.fail(codeErrors[m.Code])
}

// codeErrors are the answers without an outcome.
var codeErrors = map[peer.Code]error{
	peer.Unavailable: request.PeerNotServing, peer.Overloaded: shard.Overloaded, peer.Moved: moved, peer.Midway: writer.Unavailable,
	peer.SaleNotOpen: ErrSaleNotOpen, peer.Mismatch: ErrMismatch,
}

// judged hands the outcome to whoever waits. The seats reserved for it go back: if it became a hold, the records before
// this answer have brought its seats into the ledger already.
func (a pendingCall) judged(m *peer.Answer) {
	d := &a.r.Decision
	seats, lost := append(d.Outcome.Seats[:0], m.Outcome.Seats...), append(d.Outcome.Lost[:0], m.Outcome.Lost...)
	d.Outcome, d.Changes = m.Outcome, d.Changes[:0]
	d.Outcome.Seats, d.Outcome.Lost = seats, lost
	a.r.Command.At, a.r.From = m.At, m.Section
	a.end()
}

func (a pendingCall) fail(err error) {
	a.r.Err = err
	a.end()
}

func (a pendingCall) end() {
	if a.s != nil {
		a.s.asked.Add(-1)
		if a.r.Reserved > 0 && !(writer.ClassOf(a.r.Err) == writer.NotDone && a.r.Keep()) {
			a.s.ev.buyers.Release(a.r.Command.Buyer, a.r.Reserved)
			a.r.Reserved = 0
		}
	}
	a.r.Tell()
}

// askPeer puts r on its way to the node that has the section. A failure means that it has not left.
func (s *Section) askPeer(to storage.WriterID, r *request.Request, deadline time.Time) *writer.Failure {
	d := s.engine.peerRPC
	if s.asked.Add(1) > s.engine.cfg.InflightMax {
		s.asked.Add(-1)
		return shard.Overloaded
	}
	id := d.numbers.Add(1)
	ask := peer.Ask{
		ID: id, Patience: s.engine.millisLeft(deadline), Section: s.key, Read: r.Read, Probe: r.Probe, Search: r.Search,
		Command: r.Command,
	}
	d.pending.Add(id, pendingCall{r, s, to, deadline.Add(lateAfter)})
	b := newMessage()
	*b = ask.Append(*b)
	if d.ship(to, b) {
		s.engine.stats.Forwarded.Add(1)
		return nil
	}
	if _, ok := d.pending.Take(id); !ok {
		return nil // the link went down meanwhile, and r has been told so
	}
	s.asked.Add(-1)
	return shard.Overloaded
}

// millisLeft is the time to the deadline in milliseconds.
func (e *Engine) millisLeft(deadline time.Time) uint32 {
	return uint32(min(max(deadline.Sub(e.clock.Now())/time.Millisecond, 1), 1<<31))
}
