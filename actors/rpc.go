package actors

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer"
	"holdfast/storage"
)

// View is what one node sees of the cluster at one moment: where sections should be, and who runs a buyer's searches.
// It never changes.
type View interface {
	coordinator.View
	// Owner is the node that should run the section; the zero id: nobody is there who could.
	Owner(key storage.SectionKey) storage.WriterID
}

// Peers are the other nodes, and a way to each of them (see Config.Peers). All methods must be quick and safe for
// concurrent use.
type Peers interface {
	// View is the present view: who is there.
	View() View
	// Up says that messages reach the peer, and its messages this node.
	Up(node storage.WriterID) bool
	// Send puts a copy of the message on the way. Messages arrive in order and without gaps until the link goes down,
	// which PeerDown tells. False: the peer is not up, or too much waits for it already.
	Send(to storage.WriterID, message []byte) bool
}

// peerRPC is where the conversation with other nodes is held: one for each engine of a cluster.
//
//	Received ──┬─ Ask, Search ──▶ a section, or the search ──▶ Answer          (rpc_server.go)
//	           ├─ Answer ───────▶ whoever waits for it                          (rpc_client.go)
//	           ├─ Record, Serving, Released ──▶ a section's follower            (package replica, stream.go)
//	           └─ Call, Catalog, Quiesced ──▶ in a goroutine of their own, or a note
//
// Received runs on the link's goroutine, one for each peer, and never waits: what may take time is handed to a
// goroutine that counts against a bound.
type peerRPC struct {
	e       *Engine
	peers   Peers
	pending peer.Pending[pendingCall]
	slow    chan struct{} // bounds what waits on behalf of other nodes
	numbers atomic.Uint64 // of asks, calls and the catalog
	// unsynced are sections whose followers were not told of the newest record; see streamEntry.
	unsynced atomic.Int64

	queueing atomic.Int64 // inbound requests in queues
	queues   struct {
		sync.Mutex
		last map[storage.SectionKey]chan struct{} // the turn of the last one that waits for the section
	}

	mu          sync.Mutex
	decoders    map[storage.WriterID]*peer.Decoder // one for each peer: its messages come one after the other
	subscribers map[storage.EventID][]storage.WriterID
	// subscriptions are the peers that have answered this node's Subscribe of an event; the rebalancer repeats the
	// others'.
	subscriptions map[storage.EventID]map[storage.WriterID]bool
	calls         map[uint64]*calling
	handlers      map[string]CallHandler
}

// slowMax bounds the requests of other nodes that wait here for a section to be acquired, or for a search. More are
// refused.
const slowMax = 4096

func newPeerRPC(e *Engine, peers Peers) *peerRPC {
	d := &peerRPC{
		e: e, peers: peers, slow: make(chan struct{}, slowMax), decoders: map[storage.WriterID]*peer.Decoder{},
		subscribers: map[storage.EventID][]storage.WriterID{}, calls: map[uint64]*calling{},
		subscriptions: map[storage.EventID]map[storage.WriterID]bool{},
	}
	d.queues.last = map[storage.SectionKey]chan struct{}{}
	return d
}

// PeerUp begins a conversation: the other node is asked for the records of every event in use.
func (e *Engine) PeerUp(node storage.WriterID) {
	for id, ev := range *e.catalog.Load() {
		if ev.ready.Load() != nil {
			e.peerRPC.send(node, &peer.Subscribe{Event: id})
		}
	}
	e.coordinator.askOne(node)
	e.rebalancer.wake()
}

// PeerDown ends it: nothing that was on the way will be answered.
func (e *Engine) PeerDown(peer storage.WriterID) {
	d := e.peerRPC
	d.mu.Lock()
	delete(d.decoders, peer)
	for id, list := range d.subscribers {
		if i := slices.Index(list, peer); i >= 0 {
			d.subscribers[id] = slices.Delete(slices.Clone(list), i, i+1)
		}
	}
	for id := range d.subscriptions {
		delete(d.subscriptions[id], peer)
	}
	d.republish()
	d.mu.Unlock()
	d.forgetOwner(peer)
	d.losePending(peer)
	d.loseCalls(peer)
	e.coordinator.lost(peer)
	e.rebalancer.wake()
}

// ViewChanged says that Peers.View has another number.
func (e *Engine) ViewChanged() {
	e.coordinator.viewChanged()
	e.rebalancer.wake()
}

// message is what a message of package peer can do.
type message interface{ Append(dst []byte) []byte }

var messageBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// send encodes and sends; false: the peer is not to be reached now.
func (d *peerRPC) send(to storage.WriterID, m message) bool {
	b := newMessage()
	*b = m.Append(*b)
	return d.ship(to, b)
}

// newMessage gives an empty buffer, for ship: what is sent for every request is encoded in place, without an
// allocation.
func newMessage() *[]byte {
	b := messageBuffers.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

// ship sends a message and takes its buffer back.
func (d *peerRPC) ship(to storage.WriterID, b *[]byte) bool {
	sent := d.peers.Send(to, *b)
	messageBuffers.Put(b)
	return sent
}

// others calls visit for every other member of the view.
func (d *peerRPC) others(visit func(peer storage.WriterID)) {
	for _, m := range d.peers.View().Peers() {
		if m != d.e.writer {
			visit(m)
		}
	}
}

func (d *peerRPC) decoder(from storage.WriterID) *peer.Decoder {
	d.mu.Lock()
	defer d.mu.Unlock()
	dec := d.decoders[from]
	if dec == nil {
		dec = &peer.Decoder{}
		d.decoders[from] = dec
	}
	return dec
}

// Received takes one message of a peer. It is called for one peer by one goroutine at a time, in the order of sending,
// and does not keep the message. The error is a message that no node of a known protocol sends: the session has to end.
func (e *Engine) Received(from storage.WriterID, message []byte) error {
	return e.peerRPC.receive(from, e.peerRPC.decoder(from), message)
}

func (d *peerRPC) receive(from storage.WriterID, dec *peer.Decoder, message []byte) error {
	switch kind := dec.Begin(message); kind {
	case peer.KindAsk:
		var m peer.Ask
		if err := dec.Ask(&m); err != nil {
			return err
		}
		d.asked(from, &m)
	case peer.KindAnswer:
		var m peer.Answer
		if err := dec.Answer(&m); err != nil {
			return err
		}
		d.answered(from, &m)
	case peer.KindRecord:
		var m peer.Record
		if err := dec.Record(&m); err != nil {
			return err
		}
		d.recorded(&m)
	default:
		return d.receiveRare(from, dec, kind)
	}
	return nil
}

// receiveRare takes what comes seldom.
func (d *peerRPC) receiveRare(from storage.WriterID, dec *peer.Decoder, kind peer.Kind) (err error) {
	switch kind {
	case peer.KindSearch:
		var m peer.Search
		if err = dec.Search(&m); err == nil {
			d.searched(from, m)
		}
	case peer.KindSubscribe:
		var m peer.Subscribe
		if err = dec.Subscribe(&m); err == nil {
			d.aside(func(context.Context) { d.subscribed(from, m.Event) }, nil)
		}
	case peer.KindServing:
		var m peer.Serving
		if err = dec.Serving(&m); err == nil {
			d.serving(from, &m)
		}
	case peer.KindReleased:
		var m peer.Released
		if err = dec.Released(&m); err == nil {
			d.released(from, &m)
		}
	case peer.KindQuiesced:
		var m peer.Quiesced
		if err = dec.Quiesced(&m); err == nil {
			d.e.coordinator.onQuiesced(from, m)
		}
	default:
		return d.receiveCall(from, dec, kind)
	}
	return err
}

// aside runs what may wait in a goroutine of its own; refused is called instead when too many do so already. It may be
// nil.
func (d *peerRPC) aside(work func(ctx context.Context), refused func()) {
	select {
	case d.slow <- struct{}{}:
		if d.e.spawn(func() {
			defer func() { <-d.slow }()
			work(d.e.ctx)
		}) {
			return
		}
		<-d.slow
	default:
	}
	if refused != nil {
		refused()
	}
}

// section finds a section of an event that is open here; nil: it is not, yet.
func (d *peerRPC) section(key storage.SectionKey) *Section {
	ev, err := d.e.event(key.Event)
	if err != nil {
		return nil
	}
	o := ev.ready.Load()
	if o == nil || int(key.Section) >= len(o.sections) {
		return nil
	}
	return o.sections[key.Section]
}
