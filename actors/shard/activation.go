package shard

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/machine"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Activation is one life of a shard on this node: an actor and the count of requests inside it. The count is the only
// bound on the queue; a slot is taken in enter and given back where an answer is told, and nowhere else.
type Activation struct {
	node     *Node
	pid      *actor.PID
	root     *actor.RootContext
	mailbox  *mailbox // the actor's, for what comes with every request
	inflight atomic.Int64
	// trusted is the earliest timer in the machine's memory, in milliseconds since the epoch; until it, what the
	// surroundings show as taken is taken.
	trusted atomic.Int64
	// lease is the number of the lease under which the log was last seen to be this life's.
	lease atomic.Uint64
	epoch machine.Epoch
	leave atomic.Pointer[Leave] // nil: nobody has asked it to leave
	used  atomic.Bool           // since somebody last looked
	ended chan struct{}         // closed when the shard has heard that the life stopped
	over  bool                  // under the shard's lock: so it was, once
}

// Leave says what a life is asked to leave for.
type Leave struct {
	// Release says in the log that anybody may claim the shard.
	Release bool
	// Successor is to have the shard next; zero: nobody in particular.
	Successor storage.WriterID
	// Sleep: nobody is to follow the shard, for it is not used.
	Sleep bool
}

// Epoch is the life's fencing token.
func (a *Activation) Epoch() machine.Epoch { return a.epoch }

// Ended is closed once the life has ended and its surroundings know.
func (a *Activation) Ended() <-chan struct{} { return a.ended }

// Inflight counts the requests inside.
func (a *Activation) Inflight() int64 { return a.inflight.Load() }

// TrustedUntil is the instant until which what is shown as taken is taken; 0: nothing is to be believed now.
func (a *Activation) TrustedUntil() machine.Instant { return machine.Instant(a.trusted.Load()) }

// HasTimer says that the machine has something to do in time.
func (a *Activation) HasTimer() bool { return a.trusted.Load() != math.MaxInt64 }

// UsedSince says whether a request came since it was last asked.
func (a *Activation) UsedSince() bool { return a.used.Swap(false) }

// Left is what the life was asked to leave for.
func (a *Activation) Left() Leave {
	if l := a.leave.Load(); l != nil {
		return *l
	}
	return Leave{}
}

// Trusted says that what this life remembers may be told as the truth although the log was not asked (P3).
func (a *Activation) Trusted() bool {
	number, valid := a.node.Lease()
	return valid && number == a.lease.Load()
}

// Lease is the number of the lease under which the log was last seen to be this life's.
func (a *Activation) Lease() uint64 { return a.lease.Load() }

// SawTail tells the life where its log was seen to end, by somebody who looked under that lease.
func (a *Activation) SawTail(tail storage.Tail, lease uint64) {
	a.root.Send(a.pid, tailSeen{tail, lease})
}

// Standing is how far a shard's log is: what it has up to Seq is all that it will ever have of before At, whoever
// serves it, as far as the read lease can tell.
type Standing struct {
	At   machine.Instant
	Seq  machine.Seq
	Sure bool // else the rest says nothing
}

// Standing asks how far the log is; not sure, too, where ctx ends first.
func (a *Activation) Standing(ctx context.Context) Standing {
	answer := make(chan Standing, 1)
	a.root.Send(a.pid, standingQuery{answer})
	select {
	case s := <-answer:
		return s
	case <-ctx.Done():
		return Standing{}
	}
}

// Lost tells the life that its log lacks what was acknowledged.
func (a *Activation) Lost(lost *witness.LostError) { a.root.Send(a.pid, lost) }

// LookAtTimers has the life look at the clock at once.
func (a *Activation) LookAtTimers() { a.root.Send(a.pid, timerTick{}) }

// GiveUp has the life stop now, whatever is in flight: its waiters are refused.
func (a *Activation) GiveUp() { a.root.Send(a.pid, giveUp{}) }

// enter takes a slot; false means overloaded.
func (a *Activation) enter() bool {
	if a.inflight.Add(1) > a.node.InflightMax {
		a.inflight.Add(-1)
		return false
	}
	if !a.used.Load() {
		a.used.Store(true)
	}
	return true
}

// undo gives a slot back that was taken of a life which has stopped meanwhile: its tombstone must not wait for it.
func (a *Activation) undo() {
	a.inflight.Add(-1)
	a.root.Send(a.pid, wakeUp{})
}

// send puts a request in front of the life. On a buyer's own goroutine it is judged there and then if the shard is
// idle.
func (a *Activation) send(r *writer.Request, inline bool) {
	if inline {
		a.mailbox.PostAndRun(r)
		return
	}
	a.mailbox.PostUserMessage(r)
}

// prove notes that the log was this life's at some moment after it had that lease. Only its actor calls it.
func (a *Activation) prove(lease uint64) { a.lease.Store(max(a.lease.Load(), lease)) }
