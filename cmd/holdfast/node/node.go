package node

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/wallclock"
	"holdfast/actors/witness"
	"holdfast/api"
	"holdfast/api/limit/redislimit"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/mailing"
	"holdfast/cmd/holdfast/payment"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
)

// Node is a whole server as a value: what serve runs and tests build. On a shared store several of them stand side by
// side; see database.go.
//
// Invariant: what a Node has opened it closes, in the opposite order, exactly once.
type Node struct {
	store        storage.Store
	inside       *sandbox.Sandbox // whose books are beside the store; nil: another processor's, or the till's already
	till         *payment.Till
	engine       *actors.Engine
	engineOpened atomic.Pointer[actors.Engine] // the engine, once it can be asked to claim
	sql          *sqlstore.Store               // nil: the store is embedded
	ahead        *wallclock.Ahead              // nil: the store is not for tests
	witness      *witness.Witness              // nil: nothing is remembered beyond this process
	pebble       *pebblestore.Store            // nil: it is not
	liveness     *cluster.Liveness             // nil: nobody else can be there
	cluster      *cluster.Node                 // nil: others may be there, but share nothing with this one
	adapter      *clusterAdapter               // nil with cluster
	name         string
	writer       storage.WriterID
	storeID      storage.StoreID   // zero: the store is embedded
	redis        *redislimit.Redis // nil: this node counts calls by itself
	server       *api.Server
	audience
	listener net.Listener
	admin    net.Listener // nil: listener answers everything
	log      *slog.Logger
	build    Build
	exit     func(code int)
	opening  atomic.Bool // the demonstration is not there yet; see Opened
	stopping atomic.Bool
	draining atomic.Bool   // told to own nothing; see DrainCluster
	left     chan struct{} // closed when the node leaves the cluster
	served   chan error    // a server's end, one for each listener
	failed   chan error    // capacity 1: this process must end, and why

	keys         *nodeKeys                 // of the cluster; nil: there are none
	gone         departed                  // nodes that were members
	uselessSince atomic.Pointer[time.Time] // since when this node reaches no section; see watchUse
	stateMu      sync.Mutex
	announced    cluster.State // what the others were told that this node is; guarded by stateMu
	drainMu      sync.Mutex
	endDrain     context.CancelFunc // ends the drain under way; guarded by drainMu
	unsettled    time.Time          // until then the drain may be taken back; see settleDrain; guarded by drainMu
}

// Options are what the process that a node runs in says of itself. Zero values are for tests.
type Options struct {
	Build Build
	// Exit ends the process when the disk has failed. nil: panic.
	Exit func(code int)
}

// Open starts a server with a checked config. It returns once requests are accepted; whether they can be served already
// is readyz's answer (sections load in the background). ctx bounds the opening only.
func Open(ctx context.Context, c *config.Config, log *slog.Logger, process Options) (n *Node, err error) {
	n = &Node{
		log: log, build: process.Build, exit: process.Exit,
		served: make(chan error, 2), failed: make(chan error, 1), left: make(chan struct{}),
		name: cmp.Or(c.NodeName, nodeName()), writer: storage.NewWriterID(),
	}
	n.opening.Store(c.Demo)
	defer func() {
		if err != nil {
			n, err = nil, errors.Join(err, n.abandon(ctx))
		}
	}()
	ctx = sqlstore.Patiently(ctx, startPatience)
	outside, keys, bearerFiles, err := apiConfig(c, log)
	if err != nil {
		return n, err
	}
	files, err := n.shareFiles(c)
	if err != nil {
		return n, err
	}
	c.LimitConnections(outside, files.Connections)
	if err := n.shareLimits(c, outside); err != nil {
		return n, err
	}
	if err := n.openEngine(ctx, c, files, outside); err != nil {
		return n, err
	}
	if err := n.listen(c); err != nil {
		return n, err
	}
	if err := n.join(ctx, c); err != nil {
		return n, fmt.Errorf("cluster: %w", err)
	}
	outside.Cluster, outside.Writable, outside.TestClock = operatorAPI{n}, n.writable, n.testClock()
	if err := errors.Join(n.useSecret(ctx, outside), n.openSinks(ctx, c, outside)); err != nil {
		return n, err
	}
	n.server = api.New(engine{n.engine, n}, *outside)
	n.registerMetrics()
	if keys != nil {
		go n.watchKeys(keys)
	}
	n.serve(bearerFiles)
	return n, nil
}

// serve answers on every listener from now on, and follows the files of keys.
func (n *Node) serve(files *keyFiles) {
	if files.changeable() {
		go n.watchKeyFiles(files)
	}
	go func() { n.served <- n.server.Serve(n.listener) }()
	if n.admin != nil {
		go func() { n.served <- n.server.ServeAdmin(n.admin) }()
	}
}

// registerMetrics adds to the server's own metrics what this node has besides.
func (n *Node) registerMetrics() {
	n.server.Registry().MustRegister(engineMetrics(n.engine, n.build)...)
	n.server.Registry().MustRegister(newFeedCollector(n))
	if n.mails != nil {
		n.server.Registry().MustRegister(mailing.Metrics(n.mails)...)
	}
	if n.redis != nil {
		n.server.Registry().MustRegister(n.redis.Metrics()...)
	}
	if n.pebble != nil {
		n.server.Registry().MustRegister(diskMetrics(n.pebble.Space)...)
	}
	if n.sql != nil {
		n.server.Registry().MustRegister(sharedMetrics(n.sql.Stats(), n.liveness)...)
	}
	if n.cluster != nil {
		n.server.Registry().MustRegister(clusterMetrics(n)...)
	}
}

// shareLimits counts calls where all nodes do, if that is wanted.
func (n *Node) shareLimits(c *config.Config, outside *api.Config) (err error) {
	if c.Redis == "" {
		return nil
	}
	if n.redis, err = redislimit.Open(c.Redis, n.log); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	outside.Limits.Shared = n.redis
	return nil
}

// shareFiles divides the process's open files between the store, the cluster and connections.
func (n *Node) shareFiles(c *config.Config) (files config.Descriptors, err error) {
	limit, err := config.OpenFilesLimit()
	if err != nil {
		return files, err
	}
	if files, err = c.ShareDescriptors(limit); err != nil {
		return files, err
	}
	n.log.Info("open files", "limit", files.Limit, "connections", files.Connections)
	return files, nil
}

func (n *Node) listen(c *config.Config) (err error) {
	if n.listener != nil { // it listened before there was a store
		return nil
	}
	if n.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return noListener("--listen", c.Listen, err)
	}
	if c.AdminListen == "" {
		return nil
	}
	if n.admin, err = net.Listen("tcp", c.AdminListen); err != nil {
		return errors.Join(noListener("--admin-listen", c.AdminListen, err), n.listener.Close())
	}
	return nil
}

func (n *Node) openEngine(
	ctx context.Context, c *config.Config, files config.Descriptors, outside *api.Config,
) (err error) {
	config := actors.Config{
		Name: n.name, Logger: n.log, InflightMax: int64(c.Inflight), Preload: true, Writer: n.writer,
		ClockStepMax: cmp.Or(c.ClockStepMax, -1),
	}
	if c.Clustered() {
		n.adapter = newClusterAdapter(n.writer, &n.gone)
		config.Peers, config.Coordinators = n.adapter, c.Coordinators
	}
	if c.Store == "" {
		err = n.openEmbedded(ctx, c, files.Store, outside)
	} else {
		err = n.openShared(ctx, c, &config)
	}
	if err != nil {
		return err
	}
	config.Store, config.Witness, config.Ahead = n.store, n.witness, n.ahead
	if err := n.openTill(c, &config, outside); err != nil {
		return err
	}
	n.openFeed(&config)
	if n.engine, err = actors.Open(ctx, config); err != nil {
		return err
	}
	n.engineOpened.Store(n.engine)
	n.till.SendHints(n.engine.PaymentHint)
	go n.followEvents(c)
	n.nameThings()
	return nil
}

// openTill opens the processor, and tells engine and outside of it.
func (n *Node) openTill(c *config.Config, engine *actors.Config, outside *api.Config) (err error) {
	if n.till, err = payment.Open(&c.Payments, n.inside); err != nil {
		return err
	}
	n.inside = nil
	engine.Processor = n.till.Processor // new prices are held against what it can take
	engine.PaymentReturn = n.till.ReturnTo(func() string { return "http://" + n.Addr() + api.PaymentReturn })
	outside.Payments, outside.PaymentPage = n.till, n.till.Form
	return outside.Validate()
}

// PaymentsPage is where the inside sandbox shows its challenges; empty: it is not used.
func (n *Node) PaymentsPage() string { return n.till.Page }

// followEvents hears of what no webhook told until the node leaves. Books that nodes share are read whole for it, and
// tell nothing that the reconciler does not ask about: there it is left out.
func (n *Node) followEvents(c *config.Config) {
	if c.Inside() && n.sql != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-n.left
		cancel()
	}()
	keeper := payment.InFolder(c.Data, n.till.Processor.Name())
	if n.sql != nil {
		keeper = payment.InStore(n.sql, n.till.Processor.Name(), c.StateDir)
	}
	f := payment.Follower{Processor: n.till.Processor, Listener: n.engine, Keeper: keeper,
		Node: hex.EncodeToString(n.writer[:]), Report: func(err error) {
			if err != nil {
				n.log.Error(
					"ALARM: the payment processor's events cannot be read", "alarm", "payment_events", "error", err,
				)
				return
			}
			n.log.Info("the payment processor's events are read again", "alarm", "payment_events")
		}}
	f.Run(ctx)
}

// Addr is where the node listens, with the port that the system chose.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// Ready answers nil once requests can be served.
func (n *Node) Ready() error { return engine{n.engine, n}.Ready() }

// AdminAddr is where the node listens for operators apart; empty: it does not.
func (n *Node) AdminAddr() string {
	if n.admin == nil {
		return ""
	}
	return n.admin.Addr().String()
}

// Name is what people call the node.
func (n *Node) Name() string { return n.name }

// Writer is the id under which the node writes to logs, new at each start.
func (n *Node) Writer() storage.WriterID { return n.writer }

// GossipAddress is where other nodes join this one; empty: it is part of no cluster.
func (n *Node) GossipAddress() string {
	if n.cluster == nil {
		return ""
	}
	return n.cluster.GossipAddress()
}

// StoreAnswers says that the node's heartbeats reach its database; an embedded store is always there.
func (n *Node) StoreAnswers() bool {
	if n.liveness == nil {
		return true
	}
	_, sure := n.liveness.Lease()
	return sure
}

// Opened says that the demonstration can be found: whoever waits for readyz looks for it next.
func (n *Node) Opened() { n.opening.Store(false) }

// Engine is for what runs inside the process: the demonstration.
func (n *Node) Engine() *actors.Engine { return n.engine }

// Served yields the server's end: an error if it ended by itself.
func (n *Node) Served() <-chan error { return n.served }

// Failed yields the reason why this process must end now, if there comes to be one.
func (n *Node) Failed() <-chan error { return n.failed }

// Drain says "not ready" from now on, and goes on serving everybody, on new connections too, for that long or until ctx
// ends: a listener that closed at once would turn away those whom a balancer sends before it has asked again.
func (n *Node) Drain(ctx context.Context, wait time.Duration) {
	n.stopping.Store(true)
	timer := time.NewTimer(wait) // balancers see it from here on, while sections go
	defer timer.Stop()
	n.releaseSections(ctx)
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Close stops gracefully: not ready first, so that nobody new is sent here; then requests in flight are answered,
// sections leave snapshots, and the store closes. Clients get half of the time that ctx leaves, so that no client of
// any kind can take the snapshots' share. What is not done when ctx ends is cut short, which loses nothing acknowledged
// and is no error: the next start reads more of the log.
func (n *Node) Close(ctx context.Context) error {
	n.stopping.Store(true)
	patience, cancel := share(ctx, 2)
	defer cancel()
	return errors.Join(n.server.Shutdown(patience), n.abandon(ctx))
}

// share is the first of so many equal parts of the time that ctx leaves.
func share(ctx context.Context, parts int) (context.Context, context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(parts))
}

// abandon closes whatever is open behind the server.
func (n *Node) abandon(ctx context.Context) error {
	var errs []error
	close(n.left)
	if n.redis != nil { // whoever still calls is counted here alone
		errs = append(errs, n.redis.Close())
	}
	if n.pebble != nil { // whatever still waits for space on the disk when the time is up is not waited for
		defer context.AfterFunc(ctx, n.pebble.EndWaiting)()
	}
	if n.engine != nil {
		errs = append(errs, n.inTime(ctx, "snapshots", n.engine.Close(ctx)))
	}
	n.closeFeed()
	if n.cluster != nil { // after the engine, whose last words go over its links
		errs = append(errs, n.inTime(ctx, "the farewell to other nodes", n.cluster.Leave(ctx)))
	}
	if n.liveness != nil { // after the engine: from here on others may claim what it had
		if err := n.liveness.Close(ctx); err != nil { // nothing is lost: others wait, as after a crash
			n.log.Warn("others may claim this node's sections only when its heartbeat has lapsed", "error", err)
		}
	}
	if n.witness != nil { // after the engine: it is exact then
		errs = append(errs, n.witness.Close())
	}
	if n.till != nil {
		errs = append(errs, n.till.Close())
	}
	if n.inside != nil {
		errs = append(errs, n.inside.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	return errors.Join(errs...)
}

// inTime logs what there was no time for, instead of failing: it costs the next start, or other nodes, some seconds,
// and nothing that was acknowledged.
func (n *Node) inTime(ctx context.Context, what string, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	n.log.Warn("the time for stopping was too short", "cut_short", what)
	return nil
}
