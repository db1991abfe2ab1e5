package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"holdfast/cluster/netlimit"
	"holdfast/storage"
)

// link carries batches between nodes, over Proto.Actor's remote. It has an actor system of its own, so that no other
// actor of this process has a name that could be called from outside.
type link struct {
	opts    Options
	system  *actor.ActorSystem
	remote  *remote.Remote
	desk    *desk
	port    *netlimit.Limiter // of whoever calls
	deskPID *actor.PID
	start   time.Time
	closing chan struct{}
	ticking atomic.Bool // a tick waits for the desk
	beats   sync.WaitGroup
	refused atomic.Uint64 // streams that the door ended

	refusals refusals

	mu     sync.Mutex
	lines  map[string]*line
	number uint64 // of lines so far
}

const (
	deskName = "desk"
	// maxInFlight is HTTP/2's window: how much a receiver takes in before it has read. Fixed, so that a new connection
	// needs no warming up.
	maxInFlight = 1 << 20
	ioBuffer    = 64 << 10
)

// newLink listens. Its error is the operator's: an address that cannot be listened on.
func newLink(o Options) (*link, error) {
	l := &link{opts: o, start: time.Now(), closing: make(chan struct{}), lines: map[string]*line{}, port: o.newLimiter("link")}
	l.refusals.said = map[string]time.Time{}
	l.desk = &desk{
		self: o.Writer, handler: o.Handler, log: o.Logger, keep: o.KeepAlive, down: o.DownAfter, link: l, table: map[storage.WriterID]*peer{},
		ticked: func() { l.ticking.Store(false) },
	}
	l.desk.publish()
	quiet := slog.New(demoted{o.Logger.Handler()})
	l.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	config, err := l.config()
	if err != nil {
		return nil, err
	}
	l.remote = remote.NewRemote(l.system, config)
	if err := startRemote(l.remote, config); err != nil {
		return nil, fmt.Errorf("cluster: PeerListen %s: %w", o.PeerListen, err)
	}
	props := actor.PropsFromProducer(func() actor.Actor { return l.desk })
	if l.deskPID, err = l.system.Root.SpawnNamed(props, deskName); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	l.beats.Go(l.beat)
	return l, nil
}

func (l *link) config() (*remote.Config, error) {
	host, port, err := net.SplitHostPort(l.opts.PeerListen)
	if err != nil {
		return nil, fmt.Errorf("cluster: PeerListen: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("cluster: PeerListen: %w", err)
	}
	if net.ParseIP(host) != nil && net.ParseIP(host).To4() == nil {
		host = "[" + host + "]"
	}
	server, client := insecure.NewCredentials(), insecure.NewCredentials()
	if l.opts.Keys != nil {
		server, client = l.opts.Keys.serverCredentials(), l.opts.Keys.clientCredentials()
	}
	config := remote.Configure(host, number,
		// One batch a gRPC message, for batches are packed already; and a queue that fits the window: the default is 16
		// MB a peer.
		remote.WithEndpointWriterBatchSize(1),
		remote.WithEndpointWriterQueueSize(64),
		remote.WithServerOptions(
			grpc.Creds(&boundedCredentials{server, l.port}),
			grpc.ChainStreamInterceptor(l.door), grpc.ChainUnaryInterceptor(l.noCalls),
			grpc.MaxRecvMsgSize(frameMax+1024), grpc.MaxConcurrentStreams(4), grpc.ConnectionTimeout(5*time.Second),
			grpc.InitialWindowSize(maxInFlight), grpc.InitialConnWindowSize(maxInFlight), grpc.ReadBufferSize(ioBuffer), grpc.WriteBufferSize(ioBuffer),
			grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}), // forgets who vanished without a word
		),
		remote.WithDialOptions(
			grpc.WithTransportCredentials(client),
			grpc.WithContextDialer(l.dial), grpc.WithStreamInterceptor(l.openStream), grpc.WithDisableServiceConfig(),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
				MinConnectTimeout: l.opts.DownAfter,
			}),
			grpc.WithInitialWindowSize(maxInFlight), grpc.WithInitialConnWindowSize(maxInFlight), grpc.WithReadBufferSize(ioBuffer), grpc.WithWriteBufferSize(ioBuffer),
			// The stream waits for its connection, else remote would sleep for two seconds after each one that was refused.
			grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.MaxCallSendMsgSize(frameMax+1024)),
		),
	)
	config.MaxRetryCount = 1 // a line that failed is never tried again: the desk makes a new one
	return config, nil
}

// address is where the link listens: the port is a real one.
func (l *link) address() string { return l.system.Address() }

func (l *link) tell(message any) { l.system.Root.Send(l.deskPID, message) }

// beat has the desk look around four times a KeepAlive. A desk that is busy gets one tick, not a heap of them.
func (l *link) beat() {
	clock := time.NewTicker(l.opts.KeepAlive / 4)
	defer clock.Stop()
	for {
		select {
		case <-l.closing:
			return
		case <-clock.C:
			if l.ticking.CompareAndSwap(false, true) {
				l.tell(&tick{})
			}
		}
	}
}

// newOutbox comes with its sender, which ends when it is closed.
func (l *link) newOutbox(peer storage.WriterID) *outbox {
	o := newOutbox(l.opts, peer, func() int64 { return int64(time.Since(l.start)) })
	go o.run(func(to *actor.PID, batch *wrapperspb.BytesValue) { l.system.Root.Send(to, batch) })
	return o
}

func (l *link) peer(w storage.WriterID) *peer { return (*l.desk.peers.Load())[w] }

// close ends all sessions (PeerDown for each) and all connections. Nothing is called back afterwards.
func (l *link) close() {
	close(l.closing)
	l.beats.Wait()
	closed := make(chan struct{})
	l.tell(&closeDesk{closed})
	<-closed
	// Not gracefully: that waits for streams which the others hold open, up to ten seconds, and races with what remote
	// still does.
	l.remote.Shutdown(false)
	l.system.Shutdown()
}

// demoted lets what the libraries say be said at debug level: they call a peer that went away an error.
type demoted struct{ slog.Handler }

func (d demoted) Enabled(ctx context.Context, _ slog.Level) bool {
	return d.Handler.Enabled(ctx, slog.LevelDebug)
}

func (d demoted) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return d.Handler.Handle(ctx, r)
}

func (d demoted) WithAttrs(attrs []slog.Attr) slog.Handler {
	return demoted{d.Handler.WithAttrs(attrs)}
}

func (d demoted) WithGroup(name string) slog.Handler { return demoted{d.Handler.WithGroup(name)} }

var errNoLine = errors.New("cluster: that line is no more")
