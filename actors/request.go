package actors

import (
	"holdfast/storage"
	"sync"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/writer"
)

// Why a request has no answer, besides the shard's reasons.
var (
	// timedOut: the shard has the request, and its waiter has gone.
	timedOut = &writer.Failure{Class: writer.Unknown, Why: ErrTimeout}
	// peerLost: the request was on its way to a node that is gone.
	peerLost = &writer.Failure{Class: writer.Unknown, Retry: writer.Elsewhere, Why: ErrUnavailable}
	// peerNotServing: the node that was asked does not serve the section, and knows nobody who does.
	peerNotServing = &writer.Failure{Class: writer.NotDone, Retry: writer.Here, Why: ErrUnavailable}
)

// A request is put on its way several times: a section that moves is met on its old node and on its new one, which is
// two; while views differ between nodes it may be sent in a circle, and then it waits a little before each further
// round: some 120 ms in all.
const (
	attemptsMax    = 9
	attemptsAtOnce = 3
	attemptPause   = 2 * time.Millisecond
	changingHands  = 15 * time.Millisecond
)

// do has the section judge r, on this node or another, and waits. nil: r has the answer, and the caller frees r. After
// a failure nobody may touch r any more; the failure says whether r may have had an effect.
func (s *Section) do(r *Request, deadline time.Time) *writer.Failure {
	failed := s.attempt(r, deadline)
	if failed != nil && failed != timedOut { // one that timed out is still with the shard
		r.free()
	}
	return failed
}

// attempt is do, and leaves r as it is.
func (s *Section) attempt(r *Request, deadline time.Time) *writer.Failure {
	clock, ctx := s.engine.clock, s.engine.ctx
	lost := false // an earlier sending is lost, and may have been done
	for n := range attemptsMax {
		if n >= attemptsAtOnce {
			clock.Pause(ctx, min(attemptPause<<(n-attemptsAtOnce), deadline.Sub(clock.Now())))
		}
		if failed := s.send(r, deadline); failed != nil {
			return afterLoss(failed, lost)
		}
		if !clock.Answered(&r.Request, deadline) {
			return timedOut
		}
		if r.Err == nil {
			return nil
		}
		failed := writer.FailureOf(r.Err)
		switch {
		case failed == nil: // no section says a plain no in place of an outcome
			return writer.Unavailable
		case failed.Class == writer.NotDone && failed.Retry == writer.Elsewhere:
		case failed.Class == writer.NotDone && failed.Retry == writer.Here && n+1 < attemptsAtOnce:
			clock.Pause(ctx, min(changingHands, deadline.Sub(clock.Now())))
		case failed.Class == writer.NotDone:
			return afterLoss(failed, lost)
		case failed.Retry == writer.Elsewhere && r.repeatable() && s.elsewhere(): // under its key it is done once
			lost = true
		default:
			return failed
		}
		r.Again()
	}
	return afterLoss(moved, lost)
}

// afterLoss is the verdict on a request that its last sending did not bring to a section: not done, unless an earlier
// one may have been.
func afterLoss(failed *writer.Failure, lost bool) *writer.Failure {
	if lost {
		return peerLost
	}
	return failed
}

// repeatable says that sending the request twice has one effect.
func (r *Request) repeatable() bool {
	return r.Read || r.Probe || r.Command.Request != (section.RequestID{})
}

// elsewhere says that the section has a node that can be asked, or is this one's.
func (s *Section) elsewhere() bool {
	to, err := s.route()
	return err == nil && (to == s.engine.writer || s.engine.peerRPC.peers.Up(to))
}

// outcome is do for those who need no more than the outcome or a reason. On success the caller frees r.
func (s *Section) outcome(r *Request, deadline time.Time) (*section.Outcome, error) {
	if failed := s.do(r, deadline); failed != nil {
		return nil, failed.Why
	}
	return &r.Decision.Outcome, nil
}

// Request is one command on its way to a section and back, with what the engine has to remember of it. See
// writer.Request for whose it is when.
type Request struct {
	writer.Request
	section.Call

	// search says that Command is part of a search over sections, which only the buyer's coordinator may run.
	search bool
	// gen is the generation of that search at its coordinator; see searchCoordinator.hold.
	gen uint64
	// held says that it is counted there for as long as it is inside a section of this node.
	held bool
	// from is the section that answered a search run by another node.
	from storage.SectionNo

	seats []section.SeatIndex // backing of Command.Seats
}

var requests = sync.Pool{New: func() any {
	r := requestOf(section.Call{})
	r.Init()
	return r
}}

// requestOf makes a request that nobody waits for: its Told hears of the answer.
func requestOf(c section.Call) *Request {
	r := &Request{Call: c}
	r.Payload, r.Owner = &r.Call, r
	return r
}

// requestIn is what a writer's request is a part of.
func requestIn(r *writer.Request) *Request { return r.Owner.(*Request) }

func newRequest() *Request {
	r := requests.Get().(*Request)
	r.Reset()
	r.Command = section.Command{}
	r.Read, r.Probe, r.Reserved = false, false, 0
	r.search, r.gen, r.held, r.seats = false, 0, false, r.seats[:0]
	return r
}

// free gives an answered request back. Never call it on one that may still be with a section.
func (r *Request) free() { requests.Put(r) }
