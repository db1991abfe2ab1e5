package peerlink

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/grpclog"

	"holdfast/cluster/keys"
	"holdfast/cluster/netlimit"
	"holdfast/cluster/refusal"
	"holdfast/storage"
)

// Options of a Link. Durations and sizes that are zero take the defaults named.
type Options struct {
	ID       storage.WriterID // required: this process start
	Protocol [2]uint8         // lowest and highest that this build speaks; default: Protocols
	Store    storage.StoreID  // zero: unknown
	Listen   string           // host:port, TCP; port 0 lets the system choose
	Keys     *keys.Keys       // nil: plaintext
	Handler  Handler          // required
	Port     *netlimit.Limiter
	Refusals *refusal.Log // required
	Logger   *slog.Logger // required

	// KeepAlive is the silence after which this side says that it is there. Default 200 ms.
	KeepAlive time.Duration
	// DownAfter is the silence of a peer after which the session is over, and the longest time for a connection to be
	// made. Default 1 s.
	DownAfter time.Duration
	// WriteTimeout is how long a write may wait for a peer that does not read. Default 10 s.
	WriteTimeout time.Duration
	// HandshakeTimeout is how long a connection may take from its first byte to the hello. Default 5 s.
	HandshakeTimeout time.Duration
	// OutboxBytes bounds what is queued for a peer; beyond it Send says no. Default 4 MiB.
	OutboxBytes int

	redialMin, redialMax time.Duration // tests reconnect a thousand times
}

// Handler hears of the peers. Its methods must return soon: the peer that is spoken of is not read meanwhile. Calls
// about one peer are never concurrent; those about several are, each on the goroutine that reads its peer. None may
// call Close.
type Handler interface {
	// PeerUp says that a session has begun: Send takes messages for the peer.
	PeerUp(peer storage.WriterID)
	// PeerDown says that the session is over: nothing more of it is delivered, and what was sent and not answered may
	// or may not have arrived.
	PeerDown(peer storage.WriterID)
	// Received hands over one message, valid during the call only. Between PeerUp and PeerDown the messages of a peer
	// come in the order of sending, each once, without gaps.
	// The error is that no node says such a thing. It ends the session, and is counted and told as a frame that cannot
	// be read.
	Received(from storage.WriterID, message []byte) error
}

const (
	// ProtocolStream is the first protocol of this kind of link: a gRPC stream per pair of nodes.
	ProtocolStream = 3

	// window is HTTP/2's: how much a receiver takes in before it has read. Fixed, so that a new connection needs no
	// warming up, and a peer that does not read holds no more than that.
	window   = 1 << 20
	ioBuffer = 64 << 10

	redialMin = 50 * time.Millisecond
	redialMax = time.Second
)

// Protocols are the versions that this build speaks.
var Protocols = [2]uint8{ProtocolStream, ProtocolStream}

func (o Options) withDefaults() Options {
	if o.Protocol == [2]uint8{} {
		o.Protocol = Protocols
	}
	o.KeepAlive = cmp.Or(o.KeepAlive, 200*time.Millisecond)
	o.DownAfter = cmp.Or(o.DownAfter, time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 5*time.Second)
	o.OutboxBytes = cmp.Or(o.OutboxBytes, 4<<20)
	o.redialMin, o.redialMax = cmp.Or(o.redialMin, redialMin), cmp.Or(o.redialMax, redialMax)
	return o
}

// Link keeps one stream to each peer of the address book. Safe for concurrent use.
type Link struct {
	opts     Options
	start    time.Time
	listener net.Listener
	server   *grpc.Server
	ctx      context.Context
	cancel   context.CancelCauseFunc
	work     sync.WaitGroup

	book atomic.Pointer[map[storage.WriterID]*peer] // never changed, only replaced

	mu     sync.Mutex
	closed bool
	read   chan struct{}              // closed and replaced whenever the book has changed
	turns  map[storage.WriterID]*turn // of peers in the book, and of those that are being let go

	strays, malformed, refused atomic.Uint64
}

var (
	errClosed   = errors.New("this node closes")
	errMoved    = errors.New("its address has changed")
	errRemoved  = errors.New("it left the view")
	errReplaced = errors.New("a newer stream takes its place")
)

// quiet keeps gRPC's own lines from the standard error, unless its variable asks for them: what they call an error is a
// peer that went away. gRPC wants to be told before its first use.
var quiet = sync.OnceFunc(func() {
	if os.Getenv("GRPC_GO_LOG_SEVERITY_LEVEL") == "" {
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	}
})

// Listen begins with an empty book. The error is the operator's: an address that cannot be listened on.
func Listen(o Options) (*Link, error) {
	quiet()
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, err
	}
	l := &Link{opts: o.withDefaults(), start: time.Now(), listener: listener, read: make(chan struct{}),
		turns: map[storage.WriterID]*turn{}}
	l.book.Store(&map[storage.WriterID]*peer{})
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	l.server = l.newServer()
	l.work.Go(func() { _ = l.server.Serve(listener) }) // ends with Close, and then has nothing to say
	l.work.Go(l.watch)
	return l, nil
}

// Addr is where the link listens: the port is a real one.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// now is the time since the link's start, never zero.
func (l *Link) now() int64 { return int64(time.Since(l.start)) + 1 }

// spawn starts a goroutine that Close waits for; false: it is too late.
func (l *Link) spawn(work func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.work.Go(work)
	return true
}

// SetPeers replaces the address book; this node itself in it does no harm. Sessions with those who are not in it end.
func (l *Link) SetPeers(book []Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	old := *l.book.Load()
	next := make(map[storage.WriterID]*peer, len(book))
	for _, b := range book {
		if b.ID == l.opts.ID {
			continue
		}
		p := old[b.ID]
		if p == nil || p.name != b.Name {
			p = l.newPeer(b)
			l.work.Go(func() { l.keep(p) })
		} else if p.at() != b.Address {
			p.address.Store(&b.Address)
			if s := p.current.Load(); s != nil {
				s.end(errMoved)
			}
		}
		next[b.ID] = p
	}
	for id, p := range old {
		if next[id] != p {
			p.cancel(errRemoved)
		}
	}
	l.book.Store(&next)
	close(l.read)
	l.read = make(chan struct{})
}

func (l *Link) peer(id storage.WriterID) *peer { return (*l.book.Load())[id] }

// Send hands a message of at most MaxMessage bytes to the session with a peer, and returns at once; the message is
// copied. False: nothing is sent, because there is no session with that peer, the message is too long, or OutboxBytes
// are queued. True is no promise that the message arrives, only that it does so in order: what a peer receives of one
// session is a prefix of what was sent in it.
func (l *Link) Send(to storage.WriterID, message []byte) bool {
	p := l.peer(to)
	if p == nil {
		return false
	}
	if s := p.current.Load(); s == nil || !s.out.put(message) {
		p.dropped.Add(1)
		return false
	}
	return true
}

// Up tells whether there is a session with that peer.
func (l *Link) Up(id storage.WriterID) bool {
	p := l.peer(id)
	return p != nil && p.current.Load() != nil
}

// watch looks at all sessions four times a KeepAlive. After a pause of the whole process the readers come first: what
// has arrived meanwhile waits for them.
func (l *Link) watch() {
	clock := time.NewTicker(l.opts.KeepAlive / 4)
	defer clock.Stop()
	last := l.now()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-clock.C:
		}
		now := l.now()
		paused := now-last > int64(l.opts.DownAfter/2)
		if last = now; paused {
			continue
		}
		for _, p := range *l.book.Load() {
			if s := p.current.Load(); s != nil {
				s.watch()
			}
		}
	}
}

// Close ends all sessions (PeerDown for each) and all connections. Nothing is called back afterwards.
func (l *Link) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel(errClosed)
	// Not gracefully: that waits for streams which the others hold open.
	l.server.Stop()
	l.work.Wait()
	l.book.Store(&map[storage.WriterID]*peer{})
}
