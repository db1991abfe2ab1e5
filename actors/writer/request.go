package writer

import (
	"errors"
	"sync/atomic"
	"time"

	"holdfast/actors/machine"
)

// ErrUnavailable says that a request was not judged, or that its answer could not be made durable: it was not done, or
// nobody knows. Repeating it with the same key tells.
var ErrUnavailable = errors.New("actors: section unavailable")

// Request is one command on its way through a writer and back. Requests are pooled by whoever makes them: the waiter
// owns one before it is sent and after its answer; the shard owns it between. A waiter that gives up (timeout) leaves
// it to the shard, which then drops it.
type Request struct {
	// Payload is the machine's own command, with room for its answer.
	Payload any
	// Owner is what the request is a part of, for those who are told.
	Owner any
	// At is the instant of the command: the shell's stamp, and once it was judged the writer's.
	At machine.Instant
	// Err says that the request has no answer: a *Failure, or a plain no. nil: the payload has the answer. See ClassOf.
	Err error
	// Changed says that the answer's changes are in a record.
	Changed bool
	// OnAnswer is called once, on the shard's goroutine, with the answer in place. It must not block. nil: Wait hears
	// of it.
	OnAnswer func(*Request)

	fate  atomic.Uint32 // who was first, when it was not judged: see Keep
	done  chan bool     // capacity 2: true from the shard, false from the timer; see Wait
	timer *time.Timer
}

// Init makes a new request one that can be waited for.
func (r *Request) Init() {
	r.done = make(chan bool, 2)
	r.timer = time.AfterFunc(time.Hour, func() { r.done <- false })
	r.timer.Stop()
}

// Reset makes an answered request ready to be used anew.
func (r *Request) Reset() {
	r.At, r.OnAnswer = 0, nil
	r.Again()
}

// Again makes a request that was not judged ready to be sent once more.
func (r *Request) Again() {
	r.Err, r.Changed = nil, false
	r.fate.Store(0)
}

// Keep says, of an answer that the shard has not judged the request, that the waiter is still there: what was reserved
// for it stays so, for the next attempt. False: the waiter has given up, and the teller gives it back.
func (r *Request) Keep() bool { return r.fate.CompareAndSwap(0, 1) }

// leave is the waiter's giving up; false: Keep was first.
func (r *Request) leave() bool { return r.fate.CompareAndSwap(0, 2) }

// Answered says that Wait would give the answer at once. With Collect it is for a simulator, in which nothing may
// block.
func (r *Request) Answered() bool { return len(r.done) > 0 }

// Collect is Wait at its end: it takes the answer. Without one, as long as late is false, it must not be called; with
// late it is the deadline's turn, and false says that the request is no longer the waiter's.
func (r *Request) Collect(late bool) bool {
	if late && r.leave() {
		return false
	}
	return <-r.done
}

// Tell hands the answer over.
func (r *Request) Tell() {
	if r.OnAnswer != nil {
		r.OnAnswer(r)
		return
	}
	r.done <- true
}

// Wait blocks for the answer; false means that the deadline came first and that the request is no longer the waiter's.
//
// The timer speaks through the channel of the answer: waiting on two channels costs a third more, and every request of
// every buyer waits.
func (r *Request) Wait(timeout time.Duration) bool {
	select {
	case <-r.done: // told before anybody waits: it was judged on this goroutine, and nothing had to be made durable
		return true
	default:
	}
	r.timer.Reset(timeout)
	if !<-r.done {
		if r.leave() {
			return false
		}
		<-r.done // it was told in the same moment
		return true
	}
	if !r.timer.Stop() {
		<-r.done // it fired meanwhile, and its word must not meet the next waiter
	}
	return true
}
