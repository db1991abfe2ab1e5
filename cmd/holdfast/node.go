package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/witness"
	"holdfast/api"
	"holdfast/cluster"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
)

// Files of a data folder.
const (
	storeFolder  = "store"          // the embedded store's own
	paymentsFile = "payments.jsonl" // the pretended payment processor's ledger
)

// Node is a whole server as a value: what serve runs and tests build. On a shared store several of them stand side by
// side; see shared.go.
//
// Invariant: what a Node has opened it closes, in the opposite order, exactly once.
type Node struct {
	store    storage.Store
	payments *sandbox.Sandbox
	engine   *actors.Engine
	heir     atomic.Pointer[actors.Engine] // the engine, for the heart, once it is there
	sql      *sqlstore.Store               // nil: the store is embedded
	witness  *witness.Witness              // nil: nothing is remembered beyond this process
	pebble   *pebblestore.Store            // nil: it is not
	heart    *cluster.Heart                // nil: nobody else can be there
	cluster  *cluster.Node                 // nil: others may be there, but share nothing with this one
	fellows  *fellowship                   // nil with cluster
	name     string
	writer   storage.WriterID
	storeID  storage.StoreID // zero: the store is embedded
	server   *api.Server
	listener net.Listener
	admin    net.Listener // nil: listener answers everything
	log      *slog.Logger
	opening  atomic.Bool // the demonstration is not there yet; see Opened
	stopping atomic.Bool
	draining atomic.Bool   // told to own nothing; see DrainCluster
	left     chan struct{} // closed when the node leaves the cluster
	served   chan error    // a server's end, one for each listener
	doomed   chan error    // capacity 1: this process must end, and why

	keys      *nodeKeys                 // of the cluster; nil: there are none
	gone      departed                  // nodes that were members
	useless   atomic.Pointer[time.Time] // since when this node reaches no section; see watchUse
	stateMu   sync.Mutex
	told      cluster.State // what the others were told that this node is; guarded by stateMu
	drainMu   sync.Mutex
	endDrain  context.CancelFunc // ends the drain under way; guarded by drainMu
	unsettled time.Time          // until then the drain may be taken back; see settleDrain; guarded by drainMu
}

// Open starts a server with a checked config. It returns once requests are accepted; whether they can be served already
// is readyz's answer (sections load in the background). ctx bounds the opening only.
func Open(ctx context.Context, c *config, log *slog.Logger) (n *Node, err error) {
	n = &Node{log: log, served: make(chan error, 2), doomed: make(chan error, 1), left: make(chan struct{}), name: cmp.Or(c.NodeName, nodeName()), writer: storage.NewWriterID()}
	n.opening.Store(c.Demo)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.abandon(ctx))
			n = nil
		}
	}()
	outside, keys, bearerFiles, err := apiConfig(c, log)
	if err != nil {
		return n, err
	}
	files, err := n.shareFiles(c)
	if err != nil {
		return n, err
	}
	c.limitConnections(outside, files.connections)
	if err := n.openEngine(ctx, c, files, outside); err != nil {
		return n, err
	}
	if err := n.listen(c); err != nil {
		return n, err
	}
	if err := n.join(ctx, c); err != nil {
		return n, fmt.Errorf("cluster: %w", err)
	}
	outside.Cluster, outside.Writable = clusterFace{n}, n.writable
	n.server = api.New(engine{n.engine, n}, *outside)
	n.server.Registry().MustRegister(engineMetrics(n.engine)...)
	if n.pebble != nil {
		n.server.Registry().MustRegister(diskMetrics(n.pebble.Space)...)
	}
	if n.sql != nil {
		n.server.Registry().MustRegister(sharedMetrics(n.sql.Stats(), n.heart)...)
	}
	if n.cluster != nil {
		n.server.Registry().MustRegister(clusterMetrics(n)...)
	}
	if keys != nil {
		go n.watchKeys(keys)
	}
	if bearerFiles.changeable() {
		go n.watchBearers(bearerFiles)
	}
	go func() { n.served <- n.server.Serve(n.listener) }()
	if n.admin != nil {
		go func() { n.served <- n.server.ServeAdmin(n.admin) }()
	}
	return n, nil
}

// shareFiles divides the process's open files between the store, the cluster and connections.
func (n *Node) shareFiles(c *config) (files descriptors, err error) {
	limit, err := openFilesLimit()
	if err != nil {
		return files, err
	}
	if files, err = c.shareDescriptors(limit); err != nil {
		return files, err
	}
	n.log.Info("open files", "limit", files.limit, "connections", files.connections)
	return files, nil
}

func (n *Node) listen(c *config) (err error) {
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

func (n *Node) openEngine(ctx context.Context, c *config, files descriptors, outside *api.Config) (err error) {
	config := actors.Config{
		Name: n.name, Logger: n.log, InflightMax: int64(c.Inflight), Preload: true, Writer: n.writer,
		ClockStepMax: cmp.Or(c.ClockStepMax, -1),
	}
	if c.clustered() {
		n.fellows = newFellowship(n.writer, &n.gone)
		config.Peers = n.fellows
	}
	if c.Store == "" {
		err = n.openEmbedded(ctx, c, files.store, outside)
	} else {
		err = n.openShared(ctx, c, &config)
	}
	if err != nil {
		return err
	}
	config.Store, config.Gateway, config.Witness = n.store, n.payments, n.witness
	if n.engine, err = actors.Open(ctx, config); err != nil {
		return err
	}
	n.heir.Store(n.engine)
	n.nameThings()
	return nil
}

// openStore opens a data folder for writing; what it has to say goes into the log.
func openStore(data string, options pebblestore.Options, log *slog.Logger) (*pebblestore.Store, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	options.Logf = storeLogf(log)
	store, err := pebblestore.Open(filepath.Join(data, storeFolder), options)
	var lost *pebblestore.LostError
	if errors.As(err, &lost) {
		return nil, lostIn(data, lost)
	}
	if errors.Is(err, storage.ErrInUse) {
		return nil, inUse(data, "stop the other first, or choose another folder; import and sale speak to a running server with --url")
	}
	return store, err
}

func nodeName() string {
	name, err := os.Hostname()
	if err != nil {
		return "node"
	}
	return name
}

// engine is the actors' engine as the api wants it, with a word of its node's: one that stops is not ready, while it
// still finishes what it has taken, and one that was to show something is not before it does.
type engine struct {
	*actors.Engine
	node *Node
}

var (
	errOpening  = errors.New("the demonstration is being made")
	errStopping = errors.New("shutting down")
	errStandby  = errors.New("standing by: another node sells from this database")
	errDraining = errors.New("draining: this node gives its sections to others")
	errStranger = errors.New("this node claims and serves nothing")
	errNotFit   = errors.New("cut off from the database, or not loaded yet: other nodes serve")
	errUseless  = errors.New("no section can be reached from this node, and other nodes are alive: holdfast cluster status says why")
)

func (e engine) Ready() error {
	switch {
	case e.node.stopping.Load():
		return errStopping
	case e.node.opening.Load():
		return errOpening
	case e.node.standsBy():
		return errStandby
	case e.node.draining.Load():
		return errDraining
	case !e.node.fit():
		return e.node.whyNotFit()
	case e.node.isUseless(time.Now()):
		return errUseless
	}
	return e.Engine.Ready()
}

// Live gives the concrete map as the interface that the api declares.
func (e engine) Live(ctx context.Context, id storage.EventID) (actors.LiveMap, error) {
	live, err := e.Engine.Live(ctx, id)
	if err != nil {
		return nil, err
	}
	return live, nil
}

// Addr is where the node listens, with the port that the system chose.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// Ready answers nil once requests can be served.
func (n *Node) Ready() error { return engine{n.engine, n}.Ready() }

// Opened says that the demonstration can be found: whoever waits for readyz looks for it next.
func (n *Node) Opened() { n.opening.Store(false) }

// Engine is for what runs inside the process: the demonstration.
func (n *Node) Engine() *actors.Engine { return n.engine }

// Served yields the server's end: an error if it ended by itself.
func (n *Node) Served() <-chan error { return n.served }

// Doomed yields the reason why this process must end now, if there comes to be one.
func (n *Node) Doomed() <-chan error { return n.doomed }

// Drain says "not ready" from now on, and goes on serving everybody, on new connections too, for that long or until ctx
// ends: a listener that closed at once would turn away those whom a balancer sends before it has asked again.
func (n *Node) Drain(ctx context.Context, wait time.Duration) {
	n.stopping.Store(true)
	timer := time.NewTimer(wait) // balancers see it from here on, while sections go
	defer timer.Stop()
	n.letGo(ctx)
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
	if n.pebble != nil { // whatever still waits for space on the disk when the time is up is not waited for
		defer context.AfterFunc(ctx, n.pebble.EndWaiting)()
	}
	if n.engine != nil {
		errs = append(errs, n.inTime(ctx, "snapshots", n.engine.Close(ctx)))
	}
	if n.cluster != nil { // after the engine, whose last words go over its links
		errs = append(errs, n.inTime(ctx, "the farewell to other nodes", n.cluster.Leave(ctx)))
	}
	if n.heart != nil { // after the engine: from here on others may claim what it had
		if err := n.heart.Close(ctx); err != nil { // nothing is lost: others wait, as after a crash
			n.log.Warn("others may claim this node's sections only when its heartbeat has lapsed", "error", err)
		}
	}
	if n.witness != nil { // after the engine: it is exact then
		errs = append(errs, n.witness.Close())
	}
	if n.payments != nil {
		errs = append(errs, n.payments.Close())
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

// apiConfig reads the keys and says who may come in. listed is nil without a file of token keys.
func apiConfig(c *config, log *slog.Logger) (out *api.Config, listed *keySet, files *bearers, err error) {
	files = &bearers{operator: c.OperatorKeyFile, operators: c.OperatorKeysFile, secret: c.JWTHS256SecretFile, public: c.JWTEdDSAPublicKeyFile}
	if err := files.open(); err != nil {
		return nil, nil, nil, err
	}
	out = &api.Config{
		DevAuth: c.DevAuth, SignInURL: c.SignInURL, OperatorKeys: files.keys, JWTSecret: files.own.secret, JWTPublicKey: files.own.public,
		JWTIssuers: c.JWTIssuer, JWTAudiences: c.JWTAudience,
		RequestTimeout: c.RequestTimeout, StreamsMax: c.StreamsMax, Limits: c.limits(), Logger: log,
	}
	if listed, out.JWTKeys, err = openKeySet(c.JWTJWKSFile, log); err != nil {
		return nil, nil, nil, err
	}
	return out, listed, files, out.Validate()
}
