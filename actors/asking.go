package actors

import (
	"errors"
	"math"
	"time"

	"holdfast/actors/peer"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/storage"
)

// ErrMoved: the section is another node's, and this node could not find which; from a section, that it left while the
// request waited in front of it. Surely not done, to be tried again.
var ErrMoved = shard.ErrMoved

// errPeerLost is for a request on its way to a node that is gone: nobody knows whether it was done.
var errPeerLost = errors.New("actors: the other node is gone")

// pendingCall is a request that another node has; it is the desk's until it is answered or given up.
type pendingCall struct {
	r    *Request
	s    *Section // nil: of a search
	peer storage.WriterID
	late time.Time // whoever waits has given up by then, and so has the answer
}

// lateAfter is how long after its deadline a request is still given an answer that comes.
const lateAfter = time.Second

// expirePending gives up what waits for an answer that a peer, although it is up, has not been able to send.
func (d *desk) expirePending(now time.Time) {
	failAll(d.pending.TakeAll(func(a pendingCall) bool { return now.After(a.late) }))
}

// losePending answers everything that waits for a node whose link is gone.
func (d *desk) losePending(node storage.WriterID) {
	failAll(d.pending.TakeAll(func(a pendingCall) bool { return a.peer == node }))
}

func failAll(lost []pendingCall) {
	for _, a := range lost {
		a.fail(errPeerLost)
	}
}

func (d *desk) answered(from storage.WriterID, m *peer.Answer) {
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
	peer.Unavailable: errNotTaken, peer.Overloaded: ErrOverloaded, peer.Moved: ErrMoved, peer.Midway: errStoppedMidway,
	peer.SaleNotOpen: ErrSaleNotOpen, peer.Mismatch: ErrMismatch,
}

// errNotTaken is ErrUnavailable from another node: surely not done.
var errNotTaken = errors.New("actors: section unavailable on its node")

// judged hands the outcome to whoever waits. The seats reserved for it go back: if it became a hold, the records before
// this answer have brought its seats into the ledger already.
func (a pendingCall) judged(m *peer.Answer) {
	d := &a.r.Decision
	seats, lost := append(d.Outcome.Seats[:0], m.Outcome.Seats...), append(d.Outcome.Lost[:0], m.Outcome.Lost...)
	d.Outcome, d.Changes = m.Outcome, d.Changes[:0]
	d.Outcome.Seats, d.Outcome.Lost = seats, lost
	a.r.Command.At, a.r.from = m.At, m.Section
	a.end()
}

func (a pendingCall) fail(err error) {
	a.r.Err = err
	a.end()
}

func (a pendingCall) end() {
	if a.s != nil {
		a.s.asked.Add(-1)
		if a.r.Reserved > 0 && !(notJudged(a.r.Err) && a.r.Keep()) {
			a.s.ev.buyers.Release(a.r.Command.Buyer, a.r.Reserved)
			a.r.Reserved = 0
		}
	}
	a.r.Tell()
}

// notJudged says that the section has not seen the request: its seats stay reserved for the next attempt.
func notJudged(err error) bool {
	return err != nil && (errors.Is(err, ErrMoved) || errors.Is(err, errNotTaken) || errors.Is(err, ErrOverloaded))
}

// askPeer puts r on its way to the node that has the section. An error means that it has not left.
func (s *Section) askPeer(to storage.WriterID, r *Request, deadline time.Time) error {
	d := s.engine.desk
	if s.asked.Add(1) > s.engine.cfg.InflightMax {
		s.asked.Add(-1)
		return ErrOverloaded
	}
	id := d.numbers.Add(1)
	ask := peer.Ask{ID: id, Patience: s.engine.millisLeft(deadline), Section: s.key, Read: r.Read, Probe: r.Probe, Search: r.search, Command: r.Command}
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
	return ErrOverloaded
}

// millisLeft is the time to the deadline in milliseconds.
func (e *Engine) millisLeft(deadline time.Time) uint32 {
	return uint32(min(max(deadline.Sub(e.clock.Now())/time.Millisecond, 1), 1<<31))
}

// carriesMax is how often one request is put on its way. A section that moves is met on its old node and on its new
// one, which is two; while views differ between nodes it may be sent in a circle, and then it waits a little before
// each further round: some 120 ms in all.
const (
	carriesMax    = 9
	carriesAtOnce = 3
	carryPause    = 2 * time.Millisecond
	notTakenPause = 15 * time.Millisecond
)

// carry takes r to its section, on this node or another, and waits for the answer. With an error it is no longer the
// caller's, unless the error says that no section has judged it (unjudged): then it is the caller's again.
func (s *Section) carry(r *Request, deadline time.Time) error {
	lost := false // an earlier sending is lost, and may have been done
	for n := range carriesMax {
		if n >= carriesAtOnce {
			s.engine.clock.Pause(s.engine.ctx, min(carryPause<<(n-carriesAtOnce), deadline.Sub(s.engine.clock.Now())))
		}
		if err := s.Send(r, deadline); err != nil {
			return r.notDone(err, lost)
		}
		if !s.engine.clock.Answered(&r.Request, deadline) {
			return ErrTimeout
		}
		switch {
		case r.Err == nil:
			return nil
		case errors.Is(r.Err, ErrMoved):
			r.Again()
		case errors.Is(r.Err, errNotTaken) && n+1 < carriesAtOnce: // it may be changing hands this moment
			s.engine.clock.Pause(s.engine.ctx, min(notTakenPause, deadline.Sub(s.engine.clock.Now())))
			r.Again()
		case errors.Is(r.Err, errNotTaken):
			return r.notDone(ErrUnavailable, lost)
		case errors.Is(r.Err, ErrOverloaded):
			return r.notDone(ErrOverloaded, lost)
		case errors.Is(r.Err, errPeerLost) && r.repeatable() && s.elsewhere(): // under its key it is done once, however often it is sent
			r.Again()
			lost = true
		default:
			err := r.Err
			r.free()
			return midway{err}
		}
	}
	return r.notDone(ErrMoved, lost)
}

// notDone is the verdict on a request that its last sending did not bring to a section: not done, unless an earlier one
// may have been.
func (r *Request) notDone(err error, lost bool) error {
	if lost {
		r.free()
		return midway{errPeerLost}
	}
	r.Err = nil
	return unjudged{err}
}

// unjudged wraps an error after which the request has had no effect, and is still the caller's.
type unjudged struct{ error }

func (u unjudged) Unwrap() error { return u.error }

// midway wraps an error after which nobody knows whether the request has had an effect.
type midway struct{ error }

func (m midway) Unwrap() error { return m.error }

// repeatable says that sending the request twice has one effect.
func (r *Request) repeatable() bool {
	return r.Read || r.Probe || r.Command.Request != (section.RequestID{})
}

// elsewhere says that the section has a node that can be asked, or is this one's.
func (s *Section) elsewhere() bool {
	to, err := s.route()
	return err == nil && (to == s.engine.writer || s.engine.desk.peers.Up(to))
}
