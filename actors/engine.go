package actors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/booking"
	"holdfast/actors/bookingsearch"
	"holdfast/actors/catalog"
	"holdfast/actors/checkout"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/feed"
	"holdfast/actors/orders"
	"holdfast/actors/peer"
	"holdfast/actors/rebalancer"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/snapshots"
	"holdfast/actors/telemetry"
	"holdfast/actors/ticketing"
	"holdfast/actors/trace"
	"holdfast/actors/wallclock"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Config is what an Engine needs from outside.
type Config struct {
	Store     storage.Store       // required
	Processor processor.Processor // where confirm takes money; required unless Offline
	// PaymentReturn is the address to which a processor sends a buyer after a challenge. nil: none.
	PaymentReturn func(BookingID) string
	// Offline is for tools that open a stopped server's store for an operator's command: nothing is paid, and no
	// payment is judged, since whoever has the books is not here. Bookings in payment stay as they are (P6), and no
	// event is opened that the command does not need. With it there is no Processor.
	Offline bool
	// Coordinators has events that are made in a cluster count each buyer's seats at one place for all nodes, so that
	// their limit holds at every instant (P13), and see all of an asker's keys there (P5). Without it each node counts
	// what it has followed, and buyers who are served by several nodes in the same moment may exceed the limit. An
	// event keeps what it was made with. Servers have it on.
	Coordinators bool
	Name         string // the node's name in claims; default "node"
	// Writer is this process start's id in claims and records, for who must know it before (a heartbeat). Default: a
	// random one. Two engines never have the same, whatever has become of the first.
	Writer storage.WriterID
	Logger *slog.Logger // default: discards
	// Clock is the wall clock in milliseconds. Default: the machine's. It may step; a section's own time never goes back.
	Clock     func() section.Instant
	wallClock func() section.Instant // Clock without Ahead; nil: the machine's
	// Ahead puts every time of the engine forward, in stores for tests: see AdvanceClock. nil: none.
	Ahead *wallclock.Ahead
	// ClockStepMax is the most by which Clock and the monotonic clock may come to differ at once. Beyond it nothing is
	// stamped: requests are refused until Clock is back, or has stayed for ClockSettle. Default 1 s, of a Clock that is
	// given none; negative: none.
	ClockStepMax, ClockSettle time.Duration
	// InflightMax bounds the requests inside one section, waiting or in flight. Too small refuses bursts that a
	// millisecond would have served; too large lets answers wait longer than clients do. Default 4096: at 150,000
	// requests a second, 27 ms.
	InflightMax int64
	// ChargeTimeout is how long a confirm waits for the processor before it answers "paying". Default 3 s.
	ChargeTimeout time.Duration
	// CommitConcurrency is how many merged writes may be under way at once. Default 1, right for the embedded store.
	CommitConcurrency int
	// CommitGroup is the most records in one merged write. Default 0, no limit: right for the embedded store, where a
	// sync costs the same for all. A store whose writes are the cheaper the fewer records they have says so itself.
	CommitGroup int
	// CatalogEvery is the time between two looks at the catalog for what other nodes wrote: new events, and sale
	// switches. A switch thrown on one node counts on the others that much later. Default 0, never: right for a store
	// that nobody else writes.
	CatalogEvery time.Duration
	// MayClaim says whether this node may take a section's log over from another writer that left this tail (of an
	// empty log: the zero Tail). It is asked before every claim but of a log that is this node's own already, from
	// several goroutines. Safety never depends on it (the log decides who writes); without it two nodes could take one
	// section from each other for ever, so with several nodes it must say no while the tail's writer is alive and has
	// not released the section. Default: yes, right for one node with an embedded store.
	MayClaim func(key storage.SectionKey, tail storage.Tail) bool
	// Lease says how long this node may trust its memory without asking the log: valid while nobody can have taken it
	// for dead. A new number means that somebody may have meanwhile; sections claimed or checked under an older one
	// answer nothing from memory until they are checked again (see CheckOwners). No grant depends on it: a record that
	// lands proves more. Asked for every answer that changes nothing, so it must be quick. Default: always valid, right
	// for one node with an embedded store.
	Lease func() (number uint64, valid bool)
	// Peers are the other nodes of a cluster, who share the store and have sections of their own. Default nil: this
	// node alone has all of them. Whoever gives it also calls the engine's PeerUp, PeerDown, Received and ViewChanged.
	Peers Peers
	// Witness remembers what was acknowledged; whoever gives one closes it, after the engine. Default: one that forgets
	// with the process.
	Witness *witness.Witness
	// PassivateAfter is how long nobody may ask for a section of an event that is not on sale until it goes to sleep,
	// or, without peers, for the event until it is closed. Default 10 minutes; shorter makes operators wait for
	// sections to wake, longer keeps what nobody needs. Negative: never.
	PassivateAfter time.Duration
	// shared says that other processes may write the store: MayClaim was given.
	shared bool
	// Preload opens every event whose sale is open before Ready says yes; without it events open at their first request.
	Preload bool
	// Feed is told of every record that becomes durable here, without waiting; whoever gives one closes it, after the
	// engine. nil: nobody is.
	Feed *feed.Feed
}

func (c *Config) fill() error {
	if c.Store == nil || c.Processor == nil == !c.Offline {
		return errors.New("actors: Config needs Store, and either a Processor or Offline")
	}
	if c.Offline {
		c.Processor = till.Nobody{}
	}
	c.Name = cmp.Or(c.Name, "node")
	c.Witness = cmp.Or(c.Witness, witness.New())
	if c.Writer == (storage.WriterID{}) {
		c.Writer = storage.NewWriterID()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.ClockStepMax == 0 {
		c.ClockStepMax = ClockStepMaxDefault
		if c.Clock != nil {
			c.ClockStepMax = -1
		}
	}
	c.ClockSettle = cmp.Or(c.ClockSettle, clockSettle)
	c.putAhead()
	c.shared = c.MayClaim != nil
	if c.MayClaim == nil {
		c.MayClaim = func(storage.SectionKey, storage.Tail) bool { return true }
	}
	if c.Lease == nil {
		c.Lease = func() (uint64, bool) { return 0, true }
	}
	c.InflightMax = cmp.Or(c.InflightMax, 4096)
	c.ChargeTimeout = cmp.Or(c.ChargeTimeout, 3*time.Second)
	c.CommitConcurrency = cmp.Or(c.CommitConcurrency, 1)
	c.PassivateAfter = cmp.Or(c.PassivateAfter, 10*time.Minute)
	return nil
}

// Engine sells: it keeps the catalog, the sections of this node, and the way of a request to its section.
type Engine struct {
	*ticketing.Issuer
	cfg        Config
	clock      shard.Runtime
	retrier    request.Retrier
	ctx        context.Context
	cancel     context.CancelFunc
	cut        context.CancelFunc // ends writes under way
	writer     storage.WriterID
	codes      *booking.TicketCodes
	system     *actor.ActorSystem
	dispatcher interface {
		actor.Dispatcher
		Close()
	}
	newMap      func(seats []uint32) *seatmap.Map
	node        *shard.Node
	wall        wall
	committer   *writer.Committer
	snapshots   *snapshots.Saver
	till        *till.Till
	reconciler  *checkout.Reconciler
	traces      trace.Memory[BookingID] // of the newest calls about bookings, for what goes on behind their answers
	notifier    *orders.Notifier
	disputes    checkout.Disputes
	eventLog    telemetry.Log
	stats       Stats
	charging    checkout.UnderWay
	losses      losses
	peerRPC     *peer.Network          // nil: without peers
	coordinator *peer.Searches         // nil: without peers
	rebalancer  *rebalancer.Rebalancer // nil: without peers

	background  sync.WaitGroup
	spawning    sync.RWMutex // spawn; Close writes ended under it
	ended       bool         // nothing new may run in the background
	activations chan struct{}
	closing     atomic.Bool
	finding     chan struct{}         // bounds look-ups; see find
	ready       atomic.Pointer[error] // nil: still starting

	mu      sync.Mutex // guards writes of catalog
	catalog atomic.Pointer[map[storage.EventID]*event]
	shelf   atomic.Pointer[catalog.Catalog]       // the same as a list; written with it
	creates map[section.RequestID]storage.EventID // under mu

	sweeps       atomic.Uint32              // how often idle events were looked for
	trimming     sync.Mutex                 // one list of idle events at a time
	glances      chan struct{}              // bounds looks at maps of events that are not open
	buyerIndexes bookingsearch.BuyerIndexes // who has bookings in those
}

var errStarting = errors.New("actors: starting: sections are loading")

// Open reads the catalog and starts the engine. With Preload, sections of open sales load in the background; see Ready.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	codes, err := cfg.prepare(ctx)
	if err != nil {
		return nil, err
	}
	e := assemble(cfg, codes, shard.Surroundings{
		Runtime: shard.RealRuntime{}, System: silentSystem(), Dispatcher: shard.NewDispatcher(),
		ActivationsMax: 2 * max(runtime.GOMAXPROCS(0), cfg.CommitConcurrency),
	}, cfg.CommitConcurrency)
	if err := e.readCatalog(ctx); err != nil {
		return nil, errors.Join(err, e.Close(ctx))
	}
	e.startBackground()
	return e, nil
}

// prepare fills the configuration, and reads from the store what tickets' codes are made with.
func (c *Config) prepare(ctx context.Context) (*booking.TicketCodes, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	secret, err := c.Store.Secret(ctx)
	if err != nil {
		return nil, fmt.Errorf("actors: reading the ticket secret: %w", err)
	}
	return booking.NewTicketCodes(secret), nil
}

// assemble makes an engine of its parts, with an empty catalog. workers is how many goroutines write records, and
// how many save snapshots; 0: the owner of a Stepped does both.
func assemble(cfg Config, codes *booking.TicketCodes, on shard.Surroundings, workers int) *Engine {
	e := &Engine{
		cfg: cfg, clock: on.Runtime, codes: codes, system: on.System, dispatcher: on.Dispatcher, newMap: seatmap.New,
		creates: map[section.RequestID]storage.EventID{}, finding: make(chan struct{}, findingMax),
		glances: make(chan struct{}, glancesMax), activations: make(chan struct{}, on.ActivationsMax),
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.retrier = request.Retrier{Context: e.ctx, Clock: e.clock}
	writes, cut := context.WithCancel(context.Background())
	e.writer, e.cut = cfg.Writer, cut
	e.eventLog = telemetry.NewLog(cfg.Logger, &e.stats)
	e.believeClock()
	e.watchClock()
	if workers > 0 {
		e.committer = writer.NewCommitter(writes, workers, cfg.CommitGroup, cfg.Store.Commit, e.stats.WroteMerged)
	} else {
		e.committer = writer.NewIdle(writes, cfg.CommitGroup, cfg.Store.Commit)
	}
	e.snapshots = snapshots.New(writes, workers, cfg.Store, func() { e.stats.SnapshotsSaved.Add(1) },
		e.eventLog.SnapshotFailed)
	e.till = e.newTill()
	e.reconciler = checkout.NewReconciler(e.settleMoney)
	e.notifier = e.newNotifier()
	e.node = e.newNode()
	e.Issuer = ticketing.New(e.ticketHost())
	if cfg.Peers != nil {
		e.joinPeers(cfg.Peers)
	}
	return e
}

// startBackground starts what runs beside requests as long as the engine does.
func (e *Engine) startBackground() {
	if e.peerRPC != nil {
		e.background.Go(e.rebalancer.Run)
	}
	if !e.cfg.Offline {
		e.background.Go(func() { e.reconciler.Run(e.ctx) })
		e.background.Go(e.notifier.Run)
		e.background.Go(e.watchClosedMoney)
		e.background.Go(e.watchCancellations)
	}
	e.background.Go(e.preload)
	if e.cfg.CatalogEvery > 0 {
		e.background.Go(e.watchCatalog)
	}
	if e.peerRPC == nil && e.cfg.PassivateAfter > 0 {
		e.background.Go(e.watchIdle)
	}
}

// silentSystem is an actor system whose own lines nobody needs.
func silentSystem() *actor.ActorSystem {
	return actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
	)
}

// spawn runs work in the background, unless the engine has ended: what other nodes send may come in until the very end.
func (e *Engine) spawn(work func()) bool {
	e.spawning.RLock()
	defer e.spawning.RUnlock()
	if e.ended {
		return false
	}
	e.clock.Spawn(&e.background, work)
	return true
}

// endSpawning waits for everything in the background, after which nothing new begins.
func (e *Engine) endSpawning() {
	e.spawning.Lock()
	e.ended = true
	e.spawning.Unlock()
	e.background.Wait()
}

// preload opens the events that are selling, or have people waiting, then says ready.
func (e *Engine) preload() {
	if e.cfg.Preload {
		for _, ev := range *e.catalog.Load() {
			if !ev.restless() || e.ctx.Err() != nil {
				continue
			}
			e.warm(ev)
		}
	}
	e.sayReady()
}

// sayReady has Ready answer that requests can be served.
func (e *Engine) sayReady() {
	var none error
	e.ready.Store(&none)
}

// warm loads an event before its first buyer comes; should that fail, the first buyer tries again.
func (e *Engine) warm(ev *event) {
	if _, err := ev.open(e.ctx); err != nil {
		e.cfg.Logger.Error("event not loaded", "event", ev.header.Load().ID.String(), "error", err)
	}
}

// Ready answers nil once requests can be served.
func (e *Engine) Ready() error {
	if e.closing.Load() {
		return ErrUnavailable
	}
	if p := e.ready.Load(); p != nil {
		return *p
	}
	return errStarting
}

// Close lets every section finish what is in flight, keeps their snapshots, and stops. Requests that come later are
// refused. When ctx ends before that, what is under way is cut short as by a crash, and whoever still waits is refused:
// nothing acknowledged is lost.
func (e *Engine) Close(ctx context.Context) error {
	if e.closing.Swap(true) {
		return nil
	}
	defer context.AfterFunc(ctx, e.cut)()
	var drains sync.WaitGroup
	if all := e.catalog.Load(); all != nil {
		for _, ev := range *all {
			if o := ev.stopOpening(ctx); o != nil {
				for _, drain := range o.drains(e) {
					drains.Go(func() { drain(ctx) })
				}
			}
		}
	}
	drains.Wait()
	e.cancel()
	e.endSpawning()
	e.committer.Close()
	e.snapshots.Close()
	e.system.Shutdown()
	e.dispatcher.Close()
	e.cut()
	return ctx.Err()
}

// Event is one catalog entry.
func (e *Engine) Event(id storage.EventID) (*storage.Event, error) {
	ctx, cancel := context.WithTimeout(e.ctx, catalogPatience)
	defer cancel()
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	return ev.header.Load(), nil
}

// Live is an event's map. Looking opens nothing that nobody sells: see idle.go.
func (e *Engine) Live(ctx context.Context, id storage.EventID) (LiveMap, error) {
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	if live := ev.look(ctx); live != nil {
		return live, nil
	}
	if _, err := ev.open(ctx); err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	return ev.live, nil
}

// Stats gives the engine's counters.
func (e *Engine) Stats() *Stats { return &e.stats }
