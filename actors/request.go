package actors

import (
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Request is one command on its way through a section and back. Requests are pooled: the waiter owns one before Send and after
// its answer; the section owns it between. A waiter that gives up (timeout) leaves it to the section, which then drops it.
type Request struct {
	Command  section.Command
	Decision section.Decision // the answer, valid when Err is nil
	// Err says that the section could not judge or could not make its answer durable; nil: Decision.Outcome is the answer.
	Err error

	// read asks for Command.Booking instead of a command: nothing is judged or written.
	read bool
	// probe asks for the answer to Command without its effect.
	probe bool
	// search says that Command is part of a search over sections, which only the buyer's coordinator may run.
	search bool
	// gen is the generation of that search at its coordinator; see searchCoordinator.hold.
	gen uint64
	// held says that it is counted there for as long as it is inside a section of this node.
	held bool
	// from is the section that answered a search run by another node.
	from storage.SectionNo
	// reserved seats of Command.Buyer in the event's buyer ledger; given back unless the hold is accepted afresh.
	reserved uint32
	// told is called once, on the section's goroutine, with the answer in place. It must not block.
	told func(*Request)

	fate  atomic.Uint32       // who was first, when it was not judged: see keep
	seats []section.SeatIndex // backing of Command.Seats
	done  chan bool           // capacity 2: true from the section, false from the timer; see wait
	timer *time.Timer
}

var requests = sync.Pool{New: func() any {
	r := &Request{done: make(chan bool, 2)}
	r.timer = time.AfterFunc(time.Hour, func() { r.done <- false })
	r.timer.Stop()
	return r
}}

func newRequest() *Request {
	r := requests.Get().(*Request)
	seats := r.seats[:0]
	r.Command = section.Command{}
	r.fate.Store(0)
	r.Err, r.read, r.probe, r.search, r.reserved, r.told, r.seats = nil, false, false, false, 0, nil, seats
	r.gen, r.held = 0, false
	return r
}

// free gives an answered request back. Never call it on one that may still be with a section.
func (r *Request) free() { requests.Put(r) }

// keep says, of an answer that the section has not judged the request, that the waiter is still there: the seats reserved for it stay so, for the
// next attempt. False: the waiter has given up, and whoever tells gives them back.
func (r *Request) keep() bool { return r.fate.CompareAndSwap(0, 1) }

// leave is the waiter's giving up; false: keep was first.
func (r *Request) leave() bool { return r.fate.CompareAndSwap(0, 2) }

// again makes a request that was not judged ready to be sent once more.
func (r *Request) again() {
	r.Err = nil
	r.fate.Store(0)
}

// tell hands the answer over.
func (r *Request) tell() {
	if r.told != nil {
		r.told(r)
		return
	}
	r.done <- true
}

// fromMemory says that no record in the log stands behind the answer: it changed nothing. A probe's changes are those it would have made.
func (r *Request) fromMemory() bool { return r.read || r.probe || len(r.Decision.Changes) == 0 }

// wait blocks for the answer; false means that the deadline came first and that the request is no longer the waiter's.
//
// The timer speaks through the channel of the answer: waiting on two channels costs a third more, and every request of every buyer waits.
func (r *Request) wait(timeout time.Duration) bool {
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
