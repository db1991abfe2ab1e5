package peer

import (
	"context"
	"math"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// GateHost is a waiting room as other nodes' commands meet it. None of its methods may wait.
type GateHost interface {
	SectionHost
	// HandleGate has the gate here judge another node's command. answer is called once, from any goroutine; its
	// argument is not kept.
	HandleGate(m *wire.GateAsk, answer func(*wire.GateAnswer))
	// ObserveEnds has every section of the event that serves here hear of ends. observed is called once, from any
	// goroutine, with those that have.
	ObserveEnds(upto gate.Seq, observed func(lives []wire.SectionLife))
}

// gateRequest is a question about a waiting room that another node has. notify is called once: with the answer, a
// *wire.GateAnswer that is Decided or a *wire.EndsObserved, or with the reason that there is none.
type gateRequest struct {
	s      *Section // the gate; nil: of Ends
	node   storage.WriterID
	late   time.Time
	notify func(answer any, err error)
}

// knowGates notes that a node has waiting rooms: a build that has none is never sent their messages.
func (n *Network) knowGates(node storage.WriterID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gates[node] = true
}

// KnowsGates says that the node has said something of a waiting room over the link that is up now.
func (n *Network) KnowsGates(node storage.WriterID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.gates[node]
}

// AskGate puts a command on its way to the node that has the gate; the message's ID and Patience are set here. notify
// is called once, from any goroutine, with the answer or a *writer.Failure. A failure that is returned means that the
// command has not left, and that notify is not called.
func (s *Section) AskGate(
	to storage.WriterID, m *wire.GateAsk, deadline time.Time, notify func(*wire.GateAnswer, error),
) *writer.Failure {
	n := s.network
	if !n.KnowsGates(to) {
		return request.PeerNotServing
	}
	if s.inTransit.Add(1) > n.InflightMax {
		s.inTransit.Add(-1)
		return shard.Overloaded
	}
	m.ID, m.Patience, m.Section = n.numbers.Add(1), n.millisLeft(deadline), s.shard.Key()
	n.gateRequests.add(m.ID, gateRequest{s, to, deadline.Add(lateAfter), func(answer any, err error) {
		s.inTransit.Add(-1)
		a, _ := answer.(*wire.GateAnswer)
		notify(a, err)
	}})
	if n.send(to, m) {
		n.Forwarded.Add(1)
		return nil
	}
	if _, ok := n.gateRequests.take(m.ID); !ok {
		return nil // the link went down meanwhile, and notify was called
	}
	s.inTransit.Add(-1)
	if n.Links.Up(to) {
		return shard.Overloaded
	}
	return request.PeerNotServing
}

// AskEnds has the sections of an event that another node serves hear of ends. notify is called once, from any
// goroutine, with those that have; the error says that the node has not answered by the deadline.
func (n *Network) AskEnds(
	to storage.WriterID, event storage.EventID, upto gate.Seq, deadline time.Time,
	notify func(lives []wire.SectionLife, err error),
) {
	id := n.numbers.Add(1)
	n.gateRequests.add(id, gateRequest{nil, to, deadline, func(answer any, err error) {
		if m, ok := answer.(*wire.EndsObserved); ok {
			notify(m.Sections, nil)
			return
		}
		notify(nil, err)
	}})
	if n.KnowsGates(to) && n.send(to, &wire.Ends{ID: id, Event: event, Upto: upto}) {
		return
	}
	if e, ok := n.gateRequests.take(id); ok {
		e.notify(nil, request.PeerNotServing)
	}
}

// loseGateRequests gives up the questions for which hopeless says yes.
func (n *Network) loseGateRequests(hopeless func(e gateRequest) bool) {
	for _, e := range n.gateRequests.takeAll(hopeless) {
		e.notify(nil, request.PeerLost)
	}
}

func (n *Network) gateAnswered(from storage.WriterID, m *wire.GateAnswer) {
	e, ok := n.gateRequests.take(m.ID)
	if !ok || e.node != from {
		return // given up meanwhile
	}
	if m.Code == wire.Decided {
		e.notify(m, nil)
		return
	}
	if m.Code == wire.Moved && e.s != nil && m.Owner != (storage.WriterID{}) {
		e.s.Directory.Forget(from, math.MaxUint64) // it says itself that it has the gate no more
		e.s.Directory.Hear(m.Owner, 0, false)
	}
	e.notify(nil, reason(&wire.Answer{Code: m.Code}))
}

func (n *Network) endsObserved(from storage.WriterID, m *wire.EndsObserved) {
	if e, ok := n.gateRequests.take(m.ID); ok && e.node == from {
		e.notify(m, nil)
	}
}

// onGateAsk takes a command of another node. One that has to wait for the gate does so in the background; their order
// does not matter, for all may be repeated.
func (n *Network) onGateAsk(from storage.WriterID, m *wire.GateAsk) {
	answer := func(a *wire.GateAnswer) {
		a.ID = m.ID
		n.send(from, a) // a link that has gone has failed the ask already
	}
	switch s := n.gate(m.Section); {
	case n.Host.Closing():
		answer(&wire.GateAnswer{Code: wire.Unavailable})
	case s != nil && s.shard.Serving() != nil:
		s.host.(GateHost).HandleGate(m, answer)
	default:
		until := n.Clock.Now().Add(time.Duration(m.Patience) * time.Millisecond)
		n.spawn(func(ctx context.Context) { n.awaitGate(ctx, m, until, answer) }, func() {
			answer(&wire.GateAnswer{Code: wire.Overloaded})
		})
	}
}

// awaitGate opens the event and acquires its gate, if it is this node's to acquire.
func (n *Network) awaitGate(ctx context.Context, m *wire.GateAsk, until time.Time, answer func(*wire.GateAnswer)) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	_, err := n.Host.Open(ctx, ctx, m.Section.Event)
	s := n.gate(m.Section)
	if err != nil || s == nil || !s.shard.AwaitLeft(until) {
		answer(&wire.GateAnswer{Code: wire.Unavailable})
		return
	}
	if to, ok := s.Route(); ok && to == n.Self {
		_ = s.shard.Await(until) // serving or not, HandleGate says what is to be said
	}
	s.host.(GateHost).HandleGate(m, answer)
}

// GateElsewhere answers for a gate that is not served here: who has it, as far as this node knows.
func (s *Section) GateElsewhere() *wire.GateAnswer {
	to, ok := s.Route()
	if !ok || to == s.shard.Writer() {
		return &wire.GateAnswer{Code: wire.Unavailable}
	}
	return &wire.GateAnswer{Code: wire.Moved, Owner: to}
}

// onEnds has the sections here hear of ends.
func (n *Network) onEnds(from storage.WriterID, m *wire.Ends) {
	s := n.Host.Gate(m.Event)
	if s == nil {
		n.send(from, &wire.EndsObserved{ID: m.ID}) // none serves
		return
	}
	s.host.(GateHost).ObserveEnds(m.Upto, func(lives []wire.SectionLife) {
		n.send(from, &wire.EndsObserved{ID: m.ID, Sections: lives})
	})
}

// gate finds the gate of an event that is open here; nil: it is not, or has none.
func (n *Network) gate(key storage.SectionKey) *Section {
	if !key.IsGate() {
		return nil
	}
	if s := n.Host.Gate(key.Event); s != nil && s.shard.Key() == key {
		return s
	}
	return nil
}

// receiveGate takes what is said of waiting rooms.
func (n *Network) receiveGate(from storage.WriterID, dec *wire.Decoder, kind wire.Kind) (known bool, err error) {
	switch kind {
	case wire.KindGateAsk:
		return true, taken(dec.GateAsk, func(m *wire.GateAsk) { n.onGateAsk(from, m) })
	case wire.KindGateAnswer:
		return true, taken(dec.GateAnswer, func(m *wire.GateAnswer) { n.gateAnswered(from, m) })
	case wire.KindEnds:
		return true, taken(dec.Ends, func(m *wire.Ends) { n.onEnds(from, m) })
	case wire.KindEndsObserved:
		return true, taken(dec.EndsObserved, func(m *wire.EndsObserved) { n.endsObserved(from, m) })
	}
	return false, nil
}
