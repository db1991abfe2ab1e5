package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/actors/peer/wire"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// CallHandler does what another node's operator wants of this one.
type CallHandler func(ctx context.Context, body []byte) ([]byte, error)

// operatorCall is one operator's call that another node has.
type operatorCall struct {
	node  storage.WriterID
	reply chan wire.Reply // capacity 1
}

// operatorCalls are those on their way, and who answers others'.
type operatorCalls struct {
	mu       sync.Mutex
	waiting  map[uint64]*operatorCall
	handlers map[string]CallHandler
}

// Handle says who answers calls of that name. All handlers are given before the first peer is up.
func (n *Network) Handle(name string, handler CallHandler) {
	n.calls.mu.Lock()
	defer n.calls.mu.Unlock()
	if n.calls.handlers == nil {
		n.calls.handlers = map[string]CallHandler{}
	}
	n.calls.handlers[name] = handler
}

// Call has another node do something rare, and waits for its word. writer.ErrUnavailable: it could not be asked, or has
// not answered by ctx's end, and may have done it.
func (n *Network) Call(ctx context.Context, node storage.WriterID, name string, body []byte) ([]byte, error) {
	id := n.numbers.Add(1)
	c := n.calls.begin(id, node)
	defer n.calls.end(id)
	if !n.send(node, &wire.Call{ID: id, Name: name, Body: body}) {
		return nil, fmt.Errorf("%w: node %x cannot be reached", writer.ErrUnavailable, node[:4])
	}
	select {
	case r := <-c.reply:
		if r.Failure != "" {
			return nil, errors.New(r.Failure)
		}
		return r.Body, nil
	case <-ctx.Done():
		return nil, errors.Join(writer.ErrUnavailable, ctx.Err())
	}
}

func (l *operatorCalls) begin(id uint64, node storage.WriterID) *operatorCall {
	c := &operatorCall{node, make(chan wire.Reply, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[id] = c
	return c
}

func (l *operatorCalls) end(ids ...uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.waiting, id)
	}
}

func (l *operatorCalls) lose(node storage.WriterID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.waiting {
		if c.node == node {
			c.answer(wire.Reply{Failure: "the node has gone"})
		}
	}
}

func (c *operatorCall) answer(r wire.Reply) {
	select {
	case c.reply <- r:
	default: // it has an answer
	}
}

func (l *operatorCalls) replied(from storage.WriterID, m wire.Reply) {
	m.Body = append([]byte(nil), m.Body...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.waiting[m.ID]; c != nil && c.node == from {
		c.answer(m)
	}
}

// callPatience bounds what a node does for another's operator.
const callPatience = 30 * time.Second

func (n *Network) called(from storage.WriterID, m wire.Call) {
	m.Body = append([]byte(nil), m.Body...)
	n.calls.mu.Lock()
	handler := n.calls.handlers[m.Name]
	n.calls.mu.Unlock()
	if handler == nil {
		n.send(from, &wire.Reply{ID: m.ID, Failure: "this node does not know the call " + m.Name})
		return
	}
	n.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, callPatience)
		defer cancel()
		body, err := handler(ctx, m.Body)
		r := wire.Reply{ID: m.ID, Body: body}
		if err != nil {
			r.Failure = err.Error()
		}
		n.send(from, &r)
	}, func() { n.send(from, &wire.Reply{ID: m.ID, Failure: "the node has too much to do"}) })
}

// catalogChanged reads the catalog because another node has written it, and says so.
func (n *Network) catalogChanged(from storage.WriterID, number uint64) {
	if n.Host.ReadCatalog() == nil {
		n.send(from, &wire.CatalogSeen{Number: number})
	}
}

// catalogPatience is how long an operator's call waits for the other nodes to take the catalog in. One that cannot be
// reached does so at its next look.
const catalogPatience = time.Second

// SpreadCatalog has the other nodes read the catalog, and waits until they have, or a second.
func (n *Network) SpreadCatalog() {
	ctx, cancel := context.WithTimeout(n.Context, catalogPatience)
	defer cancel()
	var waits []*operatorCall
	var ids []uint64
	n.others(func(node storage.WriterID) {
		id := n.numbers.Add(1)
		c := n.calls.begin(id, node)
		waits, ids = append(waits, c), append(ids, id)
		if !n.send(node, &wire.Catalog{Number: id}) {
			c.answer(wire.Reply{})
		}
	})
	for _, c := range waits {
		select {
		case <-c.reply:
		case <-ctx.Done():
		}
	}
	n.calls.end(ids...)
}
