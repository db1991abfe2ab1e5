package actors

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/checkout"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// Config is what an Engine needs from outside.
type Config struct {
	Store   storage.Store    // required
	Gateway checkout.Gateway // required: where confirm takes money
	Name    string           // the node's name in claims; default "node"
	Logger  *slog.Logger     // default: discards
	// Clock is the wall clock in milliseconds. Default: the machine's. It may step; a section's own time never goes back.
	Clock func() section.Instant
	// InflightMax bounds the requests inside one section, waiting or in flight. Too small refuses bursts that a millisecond would
	// have served; too large lets answers wait longer than clients do. Default 4096: at 150,000 requests a second, 27 ms.
	InflightMax int64
	// ChargeTimeout is how long a confirm waits for the processor before it answers "paying". Default 3 s.
	ChargeTimeout time.Duration
	// CommitLanes is how many merged writes may be under way at once. Default 1, right for the embedded store.
	CommitLanes int
	// MayClaim says whether this node may take a section's log over from another writer that left this tail (of an empty log: the zero
	// Tail). It is asked before every claim but of a log that is this node's own already, from several goroutines. Safety
	// never depends on it (the log decides who writes); without it two nodes could take one section from each other for ever, so
	// with several nodes it must say no while the tail's writer is alive and has not released the section. Default: yes, right for
	// one node with an embedded store.
	MayClaim func(key storage.SectionKey, tail storage.Tail) bool
	// Preload opens every event whose sale is open before Ready says yes; without it events open at their first request.
	Preload bool
}

func (c *Config) fill() error {
	if c.Store == nil || c.Gateway == nil {
		return errors.New("actors: Config needs Store and Gateway")
	}
	c.Name = cmp.Or(c.Name, "node")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = func() section.Instant { return section.Instant(time.Now().UnixMilli()) }
	}
	if c.MayClaim == nil {
		c.MayClaim = func(storage.SectionKey, storage.Tail) bool { return true }
	}
	c.InflightMax = cmp.Or(c.InflightMax, 4096)
	c.ChargeTimeout = cmp.Or(c.ChargeTimeout, 3*time.Second)
	c.CommitLanes = cmp.Or(c.CommitLanes, 1)
	return nil
}

// Engine sells: it keeps the catalog, the sections of this node, and the way of a request to its section.
type Engine struct {
	cfg        Config
	ctx        context.Context
	cancel     context.CancelFunc
	writer     storage.WriterID
	secret     [32]byte
	system     *actor.ActorSystem
	dispatcher *dispatcher
	committer  *Committer
	snapshots  *snapshotter
	reconciler *checkout.Reconciler
	events     Events
	stats      Stats
	charging   charging

	background  sync.WaitGroup
	activations chan struct{}
	closing     atomic.Bool
	ready       atomic.Pointer[error] // nil: still starting

	mu      sync.Mutex // guards writes of catalog
	catalog atomic.Pointer[map[storage.EventID]*event]
	creates map[section.RequestID]storage.EventID // under mu
	wishes  operatorMemory
}

var errStarting = errors.New("actors: starting: sections are loading")

// Open reads the catalog and starts the engine. With Preload, sections of open sales load in the background; see Ready.
func Open(ctx context.Context, cfg Config) (*Engine, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	secret, err := cfg.Store.Secret(ctx)
	if err != nil {
		return nil, fmt.Errorf("actors: reading the ticket secret: %w", err)
	}
	e := &Engine{cfg: cfg, secret: secret, creates: map[section.RequestID]storage.EventID{},
		activations: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.writer = storage.NewWriterID()
	e.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	e.dispatcher = newDispatcher()
	e.events = Events{log: cfg.Logger, stats: &e.stats}
	e.committer = NewCommitter(cfg.CommitLanes, cfg.Store.Commit, e.stats.merged)
	e.snapshots = newSnapshotter(cfg.Store, &e.events)
	e.reconciler = checkout.NewReconciler(cfg.Gateway, e.settlePayment)
	if err := e.readCatalog(ctx); err != nil {
		return nil, errors.Join(err, e.Close(ctx))
	}
	e.background.Go(func() { e.reconciler.Run(e.ctx) })
	e.background.Go(e.preload)
	return e, nil
}

func (e *Engine) readCatalog(ctx context.Context) error {
	list, err := e.cfg.Store.Events(ctx)
	if err != nil {
		return fmt.Errorf("actors: reading the catalog: %w", err)
	}
	all := map[storage.EventID]*event{}
	for _, header := range list {
		all[header.ID] = e.newEvent(header)
		if header.Create != (section.RequestID{}) {
			e.creates[header.Create] = header.ID
		}
	}
	e.catalog.Store(&all)
	return nil
}

func (e *Engine) newEvent(header *storage.Event) *event {
	ev := &event{engine: e}
	ev.header.Store(header)
	return ev
}

// preload opens the events that are selling, then says ready.
func (e *Engine) preload() {
	if e.cfg.Preload {
		for _, ev := range *e.catalog.Load() {
			if ev.header.Load().Sale != storage.SaleOpen || e.ctx.Err() != nil {
				continue
			}
			e.warm(ev)
		}
	}
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

// Close lets every section finish what is in flight, keeps their snapshots, and stops. Requests that come later are refused.
func (e *Engine) Close(ctx context.Context) error {
	if e.closing.Swap(true) {
		return nil
	}
	var drains sync.WaitGroup
	if all := e.catalog.Load(); all != nil {
		for _, ev := range *all {
			if o := ev.ready.Load(); o != nil {
				for _, s := range o.sections {
					drains.Go(func() { s.drainNow(ctx) })
				}
			}
		}
	}
	drains.Wait()
	e.cancel()
	e.background.Wait()
	e.committer.Close()
	e.snapshots.close()
	e.system.Shutdown()
	e.dispatcher.close()
	return ctx.Err()
}

// CreateEvent stores a new event. A repeat of the same e.Create finds the first one; with another fingerprint it is ErrMismatch.
func (e *Engine) CreateEvent(ctx context.Context, header *storage.Event, v *venue.Venue) (*storage.Event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if id, ok := e.creates[header.Create]; ok && header.Create != (section.RequestID{}) {
		first := (*e.catalog.Load())[id].header.Load()
		if first.CreateFingerprint != header.CreateFingerprint {
			return nil, ErrMismatch
		}
		return first, nil
	}
	if e.wishes.has(header.Create) { // the key of another call
		return nil, ErrMismatch
	}
	made := *header
	made.ID = storage.NewEventID()
	made.CreatedAt = e.cfg.Clock()
	made.Sale = cmp.Or(made.Sale, storage.SaleClosed)
	made.Sections = nil
	for _, s := range v.Sections {
		n := 0
		for _, row := range s.Rows {
			n += len(row.Seats)
		}
		made.Sections = append(made.Sections, storage.SectionInfo{ID: s.ID, Name: s.Name, Seats: uint32(n)})
	}
	if err := e.cfg.Store.CreateEvent(ctx, &made, v.Encode()); err != nil {
		return nil, err
	}
	ev := e.newEvent(&made)
	all := map[storage.EventID]*event{made.ID: ev}
	for id, ev := range *e.catalog.Load() {
		all[id] = ev
	}
	e.catalog.Store(&all)
	if made.Create != (section.RequestID{}) {
		e.creates[made.Create] = made.ID
	}
	if made.Sale == storage.SaleOpen {
		e.warm(ev)
	}
	return &made, nil
}

// SetSale turns an event's sale switch; it is durable before it counts.
func (e *Engine) SetSale(ctx context.Context, id storage.EventID, sale storage.SaleState) (*storage.Event, error) {
	return e.SetSaleOnce(ctx, id, Caller{Operator: true}, sale)
}

// SetSaleOnce is SetSale under an idempotency key: a repeat changes nothing, whatever others have switched since, and tells the event
// as it stands. It is known until the process ends, see operatorMemory.
//
// Errors: ErrEventUnknown, ErrUnavailable, ErrMismatch, and the store's.
func (e *Engine) SetSaleOnce(ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState) (*storage.Event, error) {
	ev, err := e.event(id)
	if err != nil {
		return nil, err
	}
	if sale == storage.SaleOpen { // loading takes a moment that belongs to the operator, not to the first buyer
		if _, err := ev.open(ctx); err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.creates[who.Request]; ok && who.Request != (section.RequestID{}) {
		return nil, ErrMismatch
	}
	switch known, err := e.wishes.meet(who); {
	case err != nil:
		return nil, err
	case known:
		return ev.header.Load(), nil
	}
	if err := e.cfg.Store.SetSale(ctx, id, sale); err != nil {
		e.wishes.forget(who.Request)
		return nil, err
	}
	changed := *ev.header.Load()
	changed.Sale = sale
	ev.header.Store(&changed)
	return &changed, nil
}

func (e *Engine) event(id storage.EventID) (*event, error) {
	ev, ok := (*e.catalog.Load())[id]
	if !ok {
		return nil, ErrEventUnknown
	}
	return ev, nil
}

// Events lists the catalog, newest first.
func (e *Engine) Events() []*storage.Event {
	all := *e.catalog.Load()
	out := make([]*storage.Event, 0, len(all))
	for _, ev := range all {
		out = append(out, ev.header.Load())
	}
	slices.SortFunc(out, func(a, b *storage.Event) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out
}

// Event is one catalog entry.
func (e *Engine) Event(id storage.EventID) (*storage.Event, error) {
	ev, err := e.event(id)
	if err != nil {
		return nil, err
	}
	return ev.header.Load(), nil
}

// Venue is an event's plan.
func (e *Engine) Venue(ctx context.Context, id storage.EventID) (*venue.Venue, error) {
	ev, err := e.event(id)
	if err != nil {
		return nil, err
	}
	o, err := ev.open(ctx)
	if err != nil {
		return nil, err
	}
	return o.venue, nil
}

// Live is an event's map.
func (e *Engine) Live(ctx context.Context, id storage.EventID) (LiveMap, error) {
	ev, err := e.event(id)
	if err != nil {
		return nil, err
	}
	if _, err := ev.open(ctx); err != nil {
		return nil, err
	}
	return ev.live, nil
}

// Stats gives the engine's counters.
func (e *Engine) Stats() *Stats { return &e.stats }

// ticketCode is unguessable without the store's secret and the same at every repeat.
func (e *Engine) ticketCode(b BookingID, seat section.SeatIndex) string {
	mac := hmac.New(sha256.New, e.secret[:])
	mac.Write(b.Section.Event[:])
	var rest [16]byte
	binary.BigEndian.PutUint32(rest[:], uint32(b.Section.Section))
	binary.BigEndian.PutUint32(rest[4:], uint32(seat))
	binary.BigEndian.PutUint64(rest[8:], uint64(b.No))
	mac.Write(rest[:])
	code := base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10])
	return strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:16]}, "-")
}
