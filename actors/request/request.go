package request

import (
	"sync"

	"holdfast/actors/section"
	"holdfast/actors/trace"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Request is one command on its way to a section and back, with what its node has to remember of it. See
// writer.Request for whose it is when.
type Request struct {
	writer.Request
	section.Call

	// Search says that Command is part of a search over sections, which only the buyer's coordinator may run.
	Search bool
	// Gen is the generation of that search at its coordinator, which counts what is under way; 0: not of a search.
	Gen uint64
	// Held says that it is counted there for as long as it is inside a section of this node.
	Held bool
	// From is the section that answered a search run by another node.
	From storage.SectionNo

	// Trace is on whose behalf it is sent; nil: nobody has said.
	Trace *trace.Parent

	// Seats is the backing of Command.Seats, or what another node has listed for this one.
	Seats []section.SeatIndex
}

var requests = sync.Pool{New: func() any {
	r := Of(section.Call{})
	r.Init()
	return r
}}

// Of makes a request that nobody waits for: its Told hears of the answer.
func Of(c section.Call) *Request {
	r := &Request{Call: c}
	r.Payload, r.Owner = &r.Call, r
	return r
}

// In is what a writer's request is a part of.
func In(r *writer.Request) *Request { return r.Owner.(*Request) }

// New takes an empty request that a caller can wait for, out of the pool: Free gives it back.
func New() *Request {
	r := requests.Get().(*Request)
	r.Reset()
	r.Command = section.Command{}
	r.Read, r.Probe, r.Look, r.List, r.Reserved = false, false, nil, nil, 0
	r.Search, r.Gen, r.Held, r.Trace, r.Seats = false, 0, false, nil, r.Seats[:0]
	return r
}

// Free gives an answered request back. Never call it on one that may still be with a section.
func (r *Request) Free() { requests.Put(r) }

// repeatable says that sending the request twice has one effect.
func (r *Request) repeatable() bool {
	return r.Read || r.Probe || r.Command.Request != (section.RequestID{})
}
