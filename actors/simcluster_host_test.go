package actors

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/booking"
	"holdfast/actors/checkout"
	"holdfast/actors/rebalancer"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/cluster"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// simSpot is a machine: processes come and go on it, its lines and its clock stay.
type simSpot struct {
	number int
	host   *simHost // nil: nothing runs
	cut    map[int]bool
	memory *witness.Witness // nil: what its processes see acknowledged is forgotten with them
	wall   time.Duration    // how wrong its clock is
	jump   time.Duration    // and how much more so for a moment
}

// simHost is one process: an engine, a heart, and what gossip has told it. It keeps the heart's and the operator's
// shells in miniature; the engine's own is the real one.
type simHost struct {
	w      *simCluster
	number int
	spot   *simSpot
	id     storage.WriterID
	db     *memstore.Store // the house's own, unless foreign
	e      *Engine
	ev     *event

	foreign   bool // on a restored copy, under the same gossip
	alone     bool // in no gossip
	dead      bool
	paused    bool
	pausedAt  time.Duration
	slept     time.Duration // in pauses, all told
	deferred  []simMoment
	threads   []*simThread
	storeCut  bool
	lanes     int // of the committer, under way
	saving    bool
	tailRead  map[storage.SectionNo]simTailRead
	beatValue section.Instant
	beating   bool
	pulsed    time.Duration // when a pulse last went well
	released  bool
	sightings *cluster.ObservedBeats
	tenure    cluster.ReadLease
	opened    bool

	cataloguing bool // somebody reads or writes the catalog
	state       cluster.State
	draining    bool
	leaving     bool
	told        uint64 // changes of state so far
	roster      map[storage.WriterID]simRumour
	blind       map[storage.WriterID]time.Duration // whom it takes for gone until then
	view        *simView
	kin         *cluster.IdentityCheck
	company     *cluster.Identities
}

// simRumour is what a host has heard of another.
type simRumour struct {
	state  cluster.State
	yields bool
	told   uint64
}

// simView is a view as the engine wants it.
type simView struct {
	*cluster.View
	peers []storage.WriterID
}

// Peers lists the members.
func (v *simView) Peers() []storage.WriterID { return v.peers }

const (
	simLapse = 2 * time.Second
	simBeat  = 500 * time.Millisecond
)

// simPlan is the event that all worlds with that many sections sell.
type simPlan struct {
	venue  *venue.Venue
	header *storage.Event
	seats  int // of each section
}

var simPlans = sync.OnceValue(func() map[int]*simPlan {
	plans := map[int]*simPlan{}
	all := `{"id":"A","rows":[{"label":"1","seats":5}]},{"id":"B","rows":[{"label":"1","seats":5}]},{"id":"C","rows":[{"label":"1","seats":5}]},` +
		`{"id":"D","rows":[{"label":"1","seats":5}]},{"id":"E","rows":[{"label":"1","seats":5}]}`
	const each = len(`{"id":"A","rows":[{"label":"1","seats":5}]},`)
	for n := 3; n <= 5; n++ {
		v, err := venue.Parse([]byte(`{"sections":[`+all[:n*each-1]+`]}`), venue.Options{Name: "sim"})
		if err != nil {
			panic(err)
		}
		plans[n] = &simPlan{
			venue: v, seats: 5,
			header: &storage.Event{
				ID: storage.EventID{7, byte(n)}, Name: "sim", Currency: "EUR", Sale: storage.SaleOpen,
				Rules: section.Rules{HoldTTL: 1500, HoldCeiling: 2500, SeatsPerBookingMax: 3, SeatsPerBuyerMax: 6,
					DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin},
			},
		}
	}
	return plans
})

// simActors are the names given in this world.
var simActors []*actor.PID

// simForget takes them back: a system that serves a hundred thousand worlds must not remember them all.
func simForget() {
	for _, pid := range simActors {
		simSystem().ProcessRegistry.Remove(pid)
	}
	clear(simActors)
	simActors = simActors[:0]
}

// simSystem is the actors' system of all worlds: its names are counted, and nothing of it is ever waited for.
var simSystem = sync.OnceValue(func() *actor.ActorSystem {
	system := actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
	)
	system.Root.WithSpawnMiddleware(func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(s *actor.ActorSystem, id string, props *actor.Props, parent actor.SpawnerContext) (*actor.PID, error) {
			pid, err := next(s, id, props, parent)
			simActors = append(simActors, pid)
			return pid, err
		}
	})
	return system
})

// start begins a process on a spot.
func (w *simCluster) start(spot *simSpot) *simHost {
	h := w.newHost(spot)
	w.tally["start"]++
	w.note(h, "starts on machine %d", spot.number)
	h.thread("boot", h.boot)
	return h
}

func (w *simCluster) newHost(spot *simSpot) *simHost {
	w.writers++
	h := &simHost{
		w: w, db: w.store, number: len(w.hosts), spot: spot, roster: map[storage.WriterID]simRumour{},
		blind: map[storage.WriterID]time.Duration{}, tailRead: map[storage.SectionNo]simTailRead{},
	}
	copy(h.id[:], "sim")
	binary.BigEndian.PutUint32(h.id[4:], uint32(w.writers)) // a batch's id keeps the first eight bytes
	binary.BigEndian.PutUint64(h.id[8:], w.chance.Uint64()) // or every world would place its sections alike
	w.hosts = append(w.hosts, h)
	w.byID[h.id] = h
	spot.host, spot.jump = h, 0
	h.sightings, h.kin = cluster.Observe(h.id, simLapse), cluster.NewIdentityCheck(h.id, storage.StoreID{}, simLapse)
	h.rebuild()
	return h
}

// boot is what the server does from its start to its first request: the heart first, then the engine, then the cluster.
func (h *simHost) boot() {
	for h.pulse(time.Time{}) != nil {
		h.wait(h.w.time().Add(100*time.Millisecond), nil)
	}
	h.thread("heart", h.heart)
	for !h.sightings.Settled() {
		h.wait(h.w.time().Add(20*time.Millisecond), nil)
	}
	h.build()
	h.thread("open", h.open)
	h.announce()
	h.thread("rebalancer", h.rebalancer)
	h.thread("state", h.keepState)
	h.thread("catalog", h.watchCatalog)
}

// simClockSettle is short, as lives are.
const simClockSettle = time.Second

// build makes the engine as Open does, without what runs beside it: that is the host's.
func (h *simHost) build() {
	w := h.w
	cfg := Config{
		Witness: h.spot.memory, Store: &simStore{h.db, h}, Gateway: simGateway{}, Writer: h.id, Name: "sim", Peers: h,
		MayClaim: h.mayClaim, Lease: h.lease, Clock: h.clock, ClockStepMax: ClockStepMaxDefault,
		ClockSettle: simClockSettle,
	}
	if err := cfg.fill(); err != nil {
		panic(err)
	}
	e := &Engine{
		cfg: cfg, clock: simClockwork{h}, codes: booking.NewTicketCodes([32]byte{1}),
		creates: map[section.RequestID]storage.EventID{},
		activations: make(
			chan struct{}, 64,
		),
		ctx:        context.Background(),
		writer:     h.id,
		system:     simSystem(),
		dispatcher: simDispatcher{h},
	}
	e.eventLog = eventLog{log: cfg.Logger, stats: &e.stats}
	e.believeClock()
	e.watchClock()
	e.committer = writer.NewIdle(e.ctx, 0, cfg.Store.Commit)
	e.snapshots = &snapshotter{
		ctx: e.ctx, store: cfg.Store, events: &e.eventLog, waiting: map[storage.SectionKey]storage.Snapshot{},
		wake: make(chan struct{}, 1),
	}
	e.gateway = cfg.Gateway
	e.reconciler = checkout.NewReconciler(e.gateway, e.settlePayment)
	e.node = e.newNode()
	e.retrier = request.Retrier{Context: e.ctx, Clock: e.clock}
	e.joinPeers(h)
	h.e = e
	header, err := w.store.Event(context.Background(), w.plan.header.ID)
	if err != nil {
		panic(err)
	}
	h.ev = e.newEvent(header)
	h.ev.opening = &opening{done: make(chan struct{})}
	e.catalog.Store(&map[storage.EventID]*event{w.plan.header.ID: h.ev})
	e.reshelve()
	e.ViewChanged()
}

// open opens the event as finishOpening does, with a map that remembers less.
func (h *simHost) open() {
	ev, plan := h.ev, h.w.plan
	o := &openEvent{
		venue: plan.venue, seats: map[string]seatRef{}, byID: map[string]storage.SectionNo{},
		categories: map[string]section.CategoryID{},
	}
	for i := range plan.venue.Categories {
		o.categories[plan.venue.Categories[i].Label] = section.CategoryID(i)
		o.prices = append(o.prices, 100)
	}
	var counts []uint32
	for i := range plan.venue.Sections {
		o.addSection(ev, storage.SectionNo(i))
		counts = append(counts, uint32(len(o.ids[i])))
	}
	o.rank(plan.venue)
	ev.live = seatmap.NewKeeping(counts, 16) // making a longer ring would cost more than a world
	ev.live.CountKinds(o.layouts())
	ev.makeLedgers(o)
	ev.startAll(o)
	ev.ready.Store(o)
	ev.join()
	var none error
	h.e.ready.Store(&none)
	close(ev.opening.done)
	ev.opening = nil
	h.opened = true
	h.w.note(h, "has opened")
}

// after is what a process does by itself once something has happened in it.
func (h *simHost) after() {
	if h.dead {
		return
	}
	if h.e != nil {
		h.commit()
		h.saveSnapshots()
	}
	h.wakeThreads()
	h.w.judge.look(h)
}

// commit is a lane of the Committer.
func (h *simHost) commit() {
	for h.lanes < 2 {
		write := h.e.committer.Take()
		if write == nil {
			return
		}
		h.lanes++
		h.thread("lane", func() {
			write()
			h.lanes--
		})
	}
}

func (h *simHost) saveSnapshots() {
	s := h.e.snapshots
	if h.saving || len(s.waiting) == 0 {
		return
	}
	h.saving = true
	h.thread("save", func() {
		for no := range h.w.sections {
			key := h.w.key(no)
			if snap, there := s.waiting[key]; there {
				delete(s.waiting, key)
				_ = s.store.SaveSnapshot(s.ctx, key, snap)
			}
		}
		h.saving = false
	})
}

// rebalancer is its run.
func (h *simHost) rebalancer() {
	s := h.e.rebalancer
	busy, since := 0, h.w.now
	for {
		if busy++; h.w.now-since > 10*time.Millisecond {
			busy, since = 0, h.w.now
		}
		if busy > 100 {
			h.w.failf("the rebalancer of n%d runs without end: %d rounds in %v", h.number, busy, h.w.now-since)
		}
		h.wait(h.w.time().Add(rebalancer.Every), s.Woken)
		s.Round()
		h.wait(h.w.time().Add(h.w.between(20*time.Microsecond, 100*time.Microsecond)), nil) // it is not done in no time
	}
}

// clock is the wall clock.
func (h *simHost) clock() section.Instant {
	return section.Instant(h.w.time().Add(h.spot.wall + h.spot.jump).UnixMilli())
}

func (h *simHost) silentFor() time.Duration {
	if !h.paused {
		return 0
	}
	return h.w.now - h.pausedAt
}

// living are the processes that have a view.
func (w *simCluster) living() (live []*simHost) {
	for _, spot := range w.spots {
		if h := spot.host; h != nil && !h.dead && h.e != nil {
			live = append(live, h)
		}
	}
	return live
}

func (w *simCluster) numberOf(id storage.WriterID) int {
	if h := w.byID[id]; h != nil {
		return h.number
	}
	return -1
}

// simGateway is no processor: the simulator's buyers move their bookings themselves.
type simGateway struct{ checkout.Gateway }
