package peer

import (
	"context"
	"sync"
	"sync/atomic"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/shard"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// View is what one node sees of the cluster at one moment: where sections should be, and who runs a buyer's searches.
// It never changes.
type View interface {
	coordinator.View
	// Owner is the node that should run the section; the zero id: nobody is there who could.
	Owner(key storage.SectionKey) storage.WriterID
}

// Links are the other nodes, and a way to each of them. All methods must be quick and safe for concurrent use.
type Links interface {
	// View is the present view: who is there.
	View() View
	// Up says that messages reach the peer, and its messages this node.
	Up(node storage.WriterID) bool
	// Send puts a copy of the message on the way. Messages arrive in order and without gaps until the link goes down,
	// which Network.Down is told. False: the peer is not up, or too much waits for it already.
	Send(to storage.WriterID, message []byte) bool
}

// Host is the engine as the other nodes meet it. Of its methods Open, Search, Book, Command and
// ReadCatalog may wait.
type Host interface {
	// Events calls visit for every event of the catalog.
	Events(visit func(ev *Event))
	// Sections are those of an event that is open here, in the order of their numbers; nil: it is not. Not to be
	// changed.
	Sections(event storage.EventID) []*Section
	// Gate is the gate of an event that is open here; its host is a GateHost. nil: the event is not open, or has none.
	Gate(event storage.EventID) *Section
	// Open opens an event, looking for it in the store if need be, and gives its sections: look bounds the looking,
	// open the opening.
	Open(look, open context.Context, event storage.EventID) ([]*Section, error)
	// Search runs a search of a buyer whose coordinator this node is, for another node.
	Search(ctx context.Context, m *wire.Search) *wire.Answer
	// Book places a hold in a coordinated event for another node, if the buyer's coordinator is here.
	Book(ctx context.Context, m *wire.Book) *wire.Answer
	// Command does a command with a key about a booking of a coordinated event for another node, if the coordinator of
	// who asks is here.
	Command(ctx context.Context, m *wire.Ask) *wire.Answer
	// ReadCatalog takes in what other nodes have written.
	ReadCatalog() error
	// Closing says that the node takes no more requests.
	Closing() bool
	// Changed hears that a section may have to be claimed or handed over now.
	Changed()
}

// Config is what a Network is made of. All fields are required.
type Config struct {
	Self    storage.WriterID
	Links   Links
	Host    Host
	Context context.Context // of everything in the background
	Clock   shard.Runtime
	// Spawn runs work in the background; false: the node has ended.
	Spawn func(work func()) bool
	// Traced hears of each request of another node that is sent on somebody's behalf.
	Traced func(from storage.WriterID, p *trace.Parent)
	// InflightMax bounds the requests for one section that other nodes have.
	InflightMax int64
	// Forwarded counts requests and searches that left for another node; Dropped, records that a slow peer has to read
	// from the log.
	Forwarded, Dropped *atomic.Int64
}

// Network is one node's side of the conversation with all others: one for each engine of a cluster. All methods are
// safe for concurrent use.
type Network struct {
	Config
	// Searches are which searches may run here.
	Searches *Searches

	pending      pending[call]
	gateRequests pending[gateRequest]
	gates        map[storage.WriterID]bool // under mu: the nodes that have waiting rooms; see KnowsGates
	waiting      chan struct{}             // bounds what waits here on behalf of other nodes
	numbers      atomic.Uint64             // of asks, calls and the catalog
	// unsynced counts sections whose followers were not told of the newest record; see Section.Stream.
	unsynced   atomic.Int64
	queue      queue
	mu         sync.Mutex
	decoders   map[storage.WriterID]*wire.Decoder // one for each peer: its messages come one after the other
	traces     traceReaders
	calls      operatorCalls
	subscribed subscriptions // under mu
}

// waitingMax bounds the requests of other nodes that wait here for a section to be acquired, or for a search. More are
// refused.
const waitingMax = 4096

// New makes a network in which nobody is up yet.
func New(config Config) *Network {
	n := &Network{
		Config: config, waiting: make(chan struct{}, waitingMax), decoders: map[storage.WriterID]*wire.Decoder{},
		gates: map[storage.WriterID]bool{},
		calls: operatorCalls{waiting: map[uint64]*operatorCall{}}, subscribed: newSubscriptions(),
	}
	n.queue.last = map[storage.SectionKey]chan struct{}{}
	n.traces.of = map[storage.WriterID]reads{}
	n.Handle(wire.TracedCall, sayReads)
	n.Searches = newSearches(n)
	return n
}

// Pending is how many requests wait for other nodes' answers.
func (n *Network) Pending() int { return n.pending.size() + n.gateRequests.size() }

// Waiting is how much waits here on behalf of other nodes.
func (n *Network) Waiting() int { return len(n.waiting) }

// Unsynced is how many sections have followers that were not told of the newest record.
func (n *Network) Unsynced() int64 { return n.unsynced.Load() }

// Up begins a conversation: the other node is asked for the records of every event in use.
func (n *Network) Up(node storage.WriterID) {
	n.Host.Events(func(ev *Event) {
		if n.Host.Sections(ev.ID) != nil {
			n.send(node, &wire.Subscribe{Event: ev.ID})
		}
	})
	n.Searches.askOne(node)
	n.Host.Changed()
}

// Down ends it: nothing that was on the way will be answered.
func (n *Network) Down(node storage.WriterID) {
	n.traces.forget(node)
	n.mu.Lock()
	delete(n.decoders, node)
	delete(n.gates, node)
	n.subscribed.lost(node)
	n.republish()
	n.mu.Unlock()
	n.forgetOwner(node)
	n.losePending(node)
	n.loseGateRequests(func(e gateRequest) bool { return e.node == node })
	n.calls.lose(node)
	n.Searches.lost(node)
	n.Host.Changed()
}

// ViewChanged says that Links.View has another number.
func (n *Network) ViewChanged() {
	n.Searches.viewChanged()
	n.Host.Changed()
}

// Tick says again what may not have got through, and gives up what is not coming any more. To be called a few times a
// second.
func (n *Network) Tick() {
	now := n.Clock.Now()
	n.expirePending(now)
	n.loseGateRequests(func(e gateRequest) bool { return now.After(e.late) })
	n.Searches.askAgain()
	n.Host.Events(func(ev *Event) {
		if n.Host.Sections(ev.ID) != nil {
			n.subscribeAgain(ev.ID)
		}
	})
}

// message is what a message of package wire can do.
type message interface{ Append(dst []byte) []byte }

var messageBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// send encodes and sends; false: the peer is not to be reached now.
func (n *Network) send(to storage.WriterID, m message) bool {
	b := newMessage()
	*b = m.Append(*b)
	return n.ship(to, b)
}

// newMessage gives an empty buffer, for ship: what is sent for every request is encoded in place, without an
// allocation.
func newMessage() *[]byte {
	b := messageBuffers.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

// ship sends a message and takes its buffer back.
func (n *Network) ship(to storage.WriterID, b *[]byte) bool {
	sent := n.Links.Send(to, *b)
	messageBuffers.Put(b)
	return sent
}

// others calls visit for every other member of the view.
func (n *Network) others(visit func(node storage.WriterID)) {
	for _, m := range n.Links.View().Peers() {
		if m != n.Self {
			visit(m)
		}
	}
}

// spawn runs what may wait beside the caller; refused is called instead when too much waits already. It may be nil.
func (n *Network) spawn(work func(ctx context.Context), refused func()) {
	select {
	case n.waiting <- struct{}{}:
		if n.Spawn(func() {
			defer func() { <-n.waiting }()
			work(n.Context)
		}) {
			return
		}
		<-n.waiting
	default:
	}
	if refused != nil {
		refused()
	}
}

// section finds a section of an event that is open here, or the event's gate; nil: it is not, yet.
func (n *Network) section(key storage.SectionKey) *Section {
	if key.IsGate() {
		return n.gate(key)
	}
	return n.seats(key)
}

// seats is section, and finds no gate.
func (n *Network) seats(key storage.SectionKey) *Section {
	return in(n.Host.Sections(key.Event), key.Section)
}

func in(sections []*Section, no storage.SectionNo) *Section {
	if int(no) >= len(sections) {
		return nil
	}
	return sections[no]
}
