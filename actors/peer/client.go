package peer

import (
	"math"
	"time"

	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// call is a request that another node has; it is the network's until it is answered or given up.
type call struct {
	r    *request.Request
	s    *Section // nil: of a search
	node storage.WriterID
	late time.Time // whoever waits has given up by then, and so has the answer
}

// lateAfter is how long after its deadline a request is still given an answer that comes.
const lateAfter = time.Second

// Refused is a search's answer that is no outcome and no failure: a code, and what could be had.
type Refused struct {
	Code          wire.Code // SaleNotOpen, Mismatch or NotTogether
	Free, Largest uint32    // NotTogether: suitable seats free in all, and most of them in one section
	Section       storage.SectionNo
}

func (r *Refused) Error() string { return "peer: a search was refused" }

// Ask puts r on its way to the node that has the section. A failure means that r has not left.
func (s *Section) Ask(to storage.WriterID, r *request.Request, deadline time.Time) *writer.Failure {
	n := s.network
	if r.Command.Session != 0 && !n.KnowsGates(to) {
		return shard.NotServing
	}
	if s.inTransit.Add(1) > n.InflightMax {
		s.inTransit.Add(-1)
		return shard.Overloaded
	}
	id := n.numbers.Add(1)
	ask := wire.Ask{
		ID: id, Patience: n.millisLeft(deadline), Section: s.shard.Key(),
		Read: r.Read, Probe: r.Probe, Search: r.Search, Command: r.Command, Trace: n.traceTo(to, r.Trace),
	}
	n.pending.add(id, call{r, s, to, deadline.Add(lateAfter)})
	b := newMessage()
	*b = ask.Append(*b)
	if n.ship(to, b) {
		n.Forwarded.Add(1)
		return nil
	}
	if _, ok := n.pending.take(id); !ok {
		return nil // the link went down meanwhile, and r has been told so
	}
	s.inTransit.Add(-1)
	return shard.Overloaded
}

// Book has another node place a hold, and waits: see Search, whose results these are.
func (n *Network) Book(to storage.WriterID, m *wire.Book, deadline time.Time) (*request.Request, *writer.Failure) {
	m.ID, m.Patience, m.Trace = n.numbers.Add(1), n.millisLeft(deadline), n.traceTo(to, m.Trace)
	return n.await(to, m.ID, m, deadline)
}

// Through has the node of the asker's coordinator do a command, and waits: see Search, whose results these are.
func (n *Network) Through(to storage.WriterID, m *wire.Ask, deadline time.Time) (*request.Request, *writer.Failure) {
	m.ID, m.Patience, m.Trace = n.numbers.Add(1), n.millisLeft(deadline), n.traceTo(to, m.Trace)
	return n.await(to, m.ID, m, deadline)
}

// millisLeft is the time to the deadline in milliseconds.
func (n *Network) millisLeft(deadline time.Time) uint32 {
	return uint32(min(max(deadline.Sub(n.Clock.Now())/time.Millisecond, 1), 1<<31))
}

// Search has another node run a search, and waits; the message's ID and Patience are set here. On nil the caller frees
// r: its Decision and From are the answer, unless its Err is one (a *Refused, or a failure).
func (n *Network) Search(to storage.WriterID, m *wire.Search, deadline time.Time) (*request.Request, *writer.Failure) {
	m.ID, m.Patience, m.Trace = n.numbers.Add(1), n.millisLeft(deadline), n.traceTo(to, m.Trace)
	return n.await(to, m.ID, m, deadline)
}

func (n *Network) await(
	to storage.WriterID, id uint64, m message, deadline time.Time,
) (*request.Request, *writer.Failure) {
	r := request.New()
	n.pending.add(id, call{r: r, node: to, late: deadline.Add(lateAfter)})
	if !n.send(to, m) {
		if _, ok := n.pending.take(id); ok {
			r.Free()
			return nil, shard.NotServing
		}
	}
	n.Forwarded.Add(1)
	if !n.Clock.Answered(&r.Request, deadline) {
		return nil, request.TimedOut
	}
	return r, nil
}

// AskFree asks a node which of its sections may have the seats for c; nil: it could not be asked. The caller waits for
// the answer, which is a list of sections in the request's Seats.
func (n *Network) AskFree(
	node storage.WriterID, c *section.Command, event storage.EventID, list []storage.SectionNo, deadline time.Time,
) *request.Request {
	r := request.New()
	id := n.numbers.Add(1)
	n.pending.add(id, call{r: r, node: node, late: deadline.Add(lateAfter)})
	if n.send(node, &wire.FreeQuery{
		ID: id, Event: event, Quantity: c.Quantity, Accessible: c.AccessibleOnly, Sections: list,
	}) {
		return r
	}
	if _, ok := n.pending.take(id); !ok {
		return r // told that the link is gone
	}
	r.Free()
	return nil
}

// freeAnswered hands the answer over.
func (n *Network) freeAnswered(from storage.WriterID, m *wire.FreeReply) {
	a, ok := n.pending.take(m.ID)
	if !ok || a.node != from {
		return
	}
	a.r.Seats = a.r.Seats[:0]
	for _, no := range m.Sections {
		a.r.Seats = append(a.r.Seats, section.SeatIndex(no))
	}
	a.end()
}

// expirePending gives up what waits for an answer that a peer, although it is up, has not been able to send.
func (n *Network) expirePending(now time.Time) {
	failAll(n.pending.takeAll(func(a call) bool { return now.After(a.late) }))
}

// losePending answers everything that waits for a node whose link is gone.
func (n *Network) losePending(node storage.WriterID) {
	failAll(n.pending.takeAll(func(a call) bool { return a.node == node }))
}

func failAll(lost []call) {
	for _, a := range lost {
		a.fail(request.PeerLost)
	}
}

func (n *Network) answered(from storage.WriterID, m *wire.Answer) {
	a, ok := n.pending.take(m.ID)
	if !ok || a.node != from {
		return // given up meanwhile
	}
	if m.Code == wire.Decided {
		a.decided(m)
		return
	}
	if m.Code == wire.Moved && a.s != nil && m.Owner != (storage.WriterID{}) {
		a.s.Directory.Forget(from, math.MaxUint64) // it says itself that it has the section no more
		a.s.Directory.Hear(m.Owner, 0, false)
	}
	a.fail(reason(m))
}

// reason is what an answer without an outcome says.
func reason(m *wire.Answer) error {
	switch m.Code {
	case wire.Unavailable:
		return request.PeerNotServing
	case wire.Overloaded:
		return shard.Overloaded
	case wire.Moved:
		return shard.Moved
	case wire.NotTogether, wire.SaleNotOpen, wire.Mismatch:
		return &Refused{Code: m.Code, Free: m.Free, Largest: m.Largest, Section: m.Section}
	}
	return writer.Unavailable // nobody knows what became of the request
}

// judged hands the outcome to whoever waits. The seats reserved for it go back: if it became a hold, the records before
// this answer have brought its seats into the ledger already.
func (a call) decided(m *wire.Answer) {
	d := &a.r.Decision
	seats, lost := append(d.Outcome.Seats[:0], m.Outcome.Seats...), append(d.Outcome.Lost[:0], m.Outcome.Lost...)
	due := d.Outcome.Due[:0]
	d.Outcome, d.Changes = m.Outcome, d.Changes[:0]
	d.Outcome.Seats, d.Outcome.Lost, d.Outcome.Due = seats, lost, due
	a.r.Command.At, a.r.From = m.At, m.Section
	a.end()
}

func (a call) fail(err error) {
	a.r.Err = err
	a.end()
}

func (a call) end() {
	if a.s != nil {
		a.s.inTransit.Add(-1)
		again := writer.ClassOf(a.r.Err) == writer.NotDone ||
			a.r.Err == nil && a.r.Decision.Outcome.Rejection == section.AdmissionStale
		switch {
		case a.r.Command.Grant.Number != 0:
			if a.s.event.Granted != nil {
				a.s.event.Granted(a.r)
			}
		case a.r.Reserved > 0 && !(again && a.r.Keep()):
			a.s.event.Buyers.Release(a.r.Command.Buyer, a.r.Reserved)
			a.r.Reserved = 0
		}
	}
	a.r.Tell()
}
