package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/actors/peer"
	"holdfast/storage"
)

// calling is one operator's wish that another node has.
type calling struct {
	peer  storage.WriterID
	reply chan peer.Reply // capacity 1
}

// CallHandler does what another node's operator wants of this one.
type CallHandler func(ctx context.Context, body []byte) ([]byte, error)

// Handle says who answers calls of that name. All handlers are given before the first peer is up.
func (e *Engine) Handle(name string, handler CallHandler) {
	e.peerRPC.mu.Lock()
	defer e.peerRPC.mu.Unlock()
	if e.peerRPC.handlers == nil {
		e.peerRPC.handlers = map[string]CallHandler{}
	}
	e.peerRPC.handlers[name] = handler
}

// Call has another node do something rare, and waits for its word. ErrUnavailable: it could not be asked, or has not
// answered by ctx's end, and may have done it.
func (e *Engine) Call(ctx context.Context, node storage.WriterID, name string, body []byte) ([]byte, error) {
	d := e.peerRPC
	id := d.numbers.Add(1)
	c := &calling{node, make(chan peer.Reply, 1)}
	d.mu.Lock()
	d.calls[id] = c
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.calls, id)
		d.mu.Unlock()
	}()
	if !d.send(node, &peer.Call{ID: id, Name: name, Body: body}) {
		return nil, fmt.Errorf("%w: node %x cannot be reached", ErrUnavailable, node[:4])
	}
	select {
	case r := <-c.reply:
		if r.Failure != "" {
			return nil, errors.New(r.Failure)
		}
		return r.Body, nil
	case <-ctx.Done():
		return nil, errors.Join(ErrUnavailable, ctx.Err())
	}
}

func (d *peerRPC) loseCalls(node storage.WriterID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if c.peer == node {
			c.answer(peer.Reply{Failure: "the node has gone"})
		}
	}
}

func (c *calling) answer(r peer.Reply) {
	select {
	case c.reply <- r:
	default: // it has an answer
	}
}

// callPatience bounds what a node does for another's operator.
const callPatience = 30 * time.Second

func (d *peerRPC) called(from storage.WriterID, m peer.Call) {
	m.Body = append([]byte(nil), m.Body...)
	d.mu.Lock()
	handler := d.handlers[m.Name]
	d.mu.Unlock()
	if handler == nil {
		d.send(from, &peer.Reply{ID: m.ID, Failure: "this node does not know the call " + m.Name})
		return
	}
	d.aside(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, callPatience)
		defer cancel()
		body, err := handler(ctx, m.Body)
		r := peer.Reply{ID: m.ID, Body: body}
		if err != nil {
			r.Failure = err.Error()
		}
		d.send(from, &r)
	}, func() { d.send(from, &peer.Reply{ID: m.ID, Failure: "the node has too much to do"}) })
}

// taken decodes a message and hands it on.
func taken[M any](decode func(*M) error, take func(*M)) error {
	var m M
	if err := decode(&m); err != nil {
		return err
	}
	take(&m)
	return nil
}

func (d *peerRPC) receiveCall(from storage.WriterID, dec *peer.Decoder, kind peer.Kind) error {
	switch kind {
	case peer.KindCall:
		return taken(dec.Call, func(m *peer.Call) { d.called(from, *m) })
	case peer.KindReply:
		return taken(dec.Reply, func(m *peer.Reply) { d.replied(from, *m) })
	case peer.KindFreeQuery:
		return taken(dec.FreeQuery, func(m *peer.FreeQuery) { d.looking(from, m) })
	case peer.KindFreeReply:
		return taken(dec.FreeReply, func(m *peer.FreeReply) { d.looked(from, m) })
	case peer.KindQuiesce:
		return taken(dec.Quiesce, func(m *peer.Quiesce) { d.e.coordinator.onQuiesce(from, *m) })
	case peer.KindSubscribed:
		return taken(dec.Subscribed, func(m *peer.Subscribed) { d.subscribedTo(from, m.Event) })
	case peer.KindAcknowledged:
		return taken(dec.Acknowledged, d.acknowledged)
	case peer.KindCatalog:
		return taken(dec.Catalog, func(m *peer.Catalog) {
			d.aside(func(context.Context) { d.catalogChanged(from, m.Number) }, nil)
		})
	case peer.KindCatalogSeen:
		return taken(dec.CatalogSeen, func(m *peer.CatalogSeen) { d.replied(from, peer.Reply{ID: m.Number}) })
	}
	return fmt.Errorf("%w: kind %d", peer.ErrFormat, kind)
}

func (d *peerRPC) replied(from storage.WriterID, m peer.Reply) {
	m.Body = append([]byte(nil), m.Body...)
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.calls[m.ID]; c != nil && c.peer == from {
		c.answer(m)
	}
}

// catalogChanged reads the catalog because another node has written it, and says so.
func (d *peerRPC) catalogChanged(from storage.WriterID, number uint64) {
	if d.e.refreshCatalog() == nil {
		d.send(from, &peer.CatalogSeen{Number: number})
	}
}

// catalogPatiencePeers is how long an operator's call waits for the other nodes to take it in. One that cannot be
// reached does so at its next look; see Config.CatalogEvery.
const catalogPatiencePeers = time.Second

// spread has the other nodes read the catalog, and waits until they have.
func (e *Engine) spread() {
	d := e.peerRPC
	if d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(e.ctx, catalogPatiencePeers)
	defer cancel()
	var waits []*calling
	d.others(func(node storage.WriterID) {
		id := d.numbers.Add(1)
		c := &calling{node, make(chan peer.Reply, 1)}
		d.mu.Lock()
		d.calls[id] = c
		d.mu.Unlock()
		waits = append(waits, c)
		if !d.send(node, &peer.Catalog{Number: id}) {
			c.answer(peer.Reply{})
		}
	})
	for _, c := range waits {
		select {
		case <-c.reply:
		case <-ctx.Done():
		}
	}
	d.forgetCalls(waits)
}

func (d *peerRPC) forgetCalls(list []*calling) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, c := range d.calls {
		for _, old := range list {
			if c == old {
				delete(d.calls, id)
			}
		}
	}
}
