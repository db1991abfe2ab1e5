package peer

import (
	"bytes"
	"context"
	"sync"

	"holdfast/actors/peer/wire"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// traceReaders are the nodes that were asked whether they read traces, over the link that is up now, and what they have
// said. A build that does not would end the session over a message that begins with one.
type traceReaders struct {
	mu sync.Mutex
	of map[storage.WriterID]reads
}

// reads is what a node has said that it reads.
type reads uint8

const (
	readsNone   reads = iota // or was not heard yet
	readsTraces              // without their State
	readsStates
)

// traceTo is p where the node reads traces. One that was not asked yet is: what goes there meanwhile goes without.
func (n *Network) traceTo(to storage.WriterID, p *trace.Parent) *trace.Parent {
	if p == nil {
		return nil
	}
	n.traces.mu.Lock()
	has, known := n.traces.of[to]
	if !known {
		n.traces.of[to] = readsNone
	}
	n.traces.mu.Unlock()
	if !known {
		n.spawn(func(ctx context.Context) { n.askWhetherTraced(ctx, to) }, func() { n.traces.forget(to) })
	}
	switch {
	case has == readsNone:
		return nil
	case has == readsTraces && p.State != "":
		bare := *p
		bare.State = ""
		return &bare
	}
	return p
}

func (n *Network) askWhetherTraced(ctx context.Context, node storage.WriterID) {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	answer, err := n.Call(ctx, node, wire.TracedCall, nil)
	if err != nil {
		return // until the link is another one
	}
	n.traces.mu.Lock()
	defer n.traces.mu.Unlock()
	n.traces.of[node] = readsTraces
	if bytes.Equal(answer, wire.TracedAnswer) {
		n.traces.of[node] = readsStates
	}
}

func (t *traceReaders) forget(node storage.WriterID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.of, node)
}

// sayReads is a node's answer to whoever asks.
func sayReads(context.Context, []byte) ([]byte, error) { return wire.TracedAnswer, nil }
