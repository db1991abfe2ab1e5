package actors

import (
	"sync"

	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

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
