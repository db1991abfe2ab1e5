package request

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/shard"
	"holdfast/actors/writer"
)

// ErrTimeout: nobody has answered within the deadline. The outcome is unknown: repeat with the same key.
var ErrTimeout = errors.New("actors: no answer within deadline")

// Why a request has no answer, besides the shard's reasons.
var (
	// TimedOut: the shard has the request, and its waiter has gone.
	TimedOut = &writer.Failure{Class: writer.Unknown, Why: ErrTimeout}
	// PeerLost: the request was on its way to a node that is gone.
	PeerLost = &writer.Failure{Class: writer.Unknown, Retry: writer.Elsewhere, Why: writer.ErrUnavailable}
	// PeerNotServing: the node that was asked does not serve the section, and knows nobody who does.
	PeerNotServing = &writer.Failure{Class: writer.NotDone, Retry: writer.Here, Why: writer.ErrUnavailable}
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

// Destination is where a request goes: a section, here or on the node that has it.
type Destination interface {
	// Send passes the request on once. A failure means that nobody has seen the request.
	Send(r *Request, deadline time.Time) *writer.Failure
	// Elsewhere says that somebody can be asked who may have the section now.
	Elsewhere() bool
}

// Retrier sends requests until they have an answer. It does not change.
type Retrier struct {
	Context context.Context // ends all pauses
	Clock   shard.Runtime
}

// Do has the section at to judge r, on this node or another, and waits. nil: r has the answer, and the caller frees r.
// After a failure nobody may touch r any more; the failure says whether r may have had an effect.
func (t *Retrier) Do(to Destination, r *Request, deadline time.Time) *writer.Failure {
	failed := t.attempt(to, r, deadline)
	if failed != nil && failed != TimedOut { // one that timed out is still with the shard
		r.Free()
	}
	return failed
}

// attempt is Do, and leaves r as it is.
func (t *Retrier) attempt(to Destination, r *Request, deadline time.Time) *writer.Failure {
	clock, ctx := t.Clock, t.Context
	lost := false // an earlier sending is lost, and may have been done
	for n := range attemptsMax {
		if n >= attemptsAtOnce {
			clock.Pause(ctx, min(attemptPause<<(n-attemptsAtOnce), deadline.Sub(clock.Now())))
		}
		if failed := to.Send(r, deadline); failed != nil {
			return afterLoss(failed, lost)
		}
		if !clock.Answered(&r.Request, deadline) {
			return TimedOut
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
		case failed.Retry == writer.Elsewhere && r.repeatable() && to.Elsewhere(): // under its key it is done once
			lost = true
		default:
			return failed
		}
		r.Again()
	}
	return afterLoss(shard.Moved, lost)
}

// afterLoss is the verdict on a request that its last sending did not bring to a section: not done, unless an earlier
// one may have been.
func afterLoss(failed *writer.Failure, lost bool) *writer.Failure {
	if lost {
		return PeerLost
	}
	return failed
}
