package cluster_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/venue"
	"holdfast/actors/witness"
	"holdfast/cluster"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// spot is a machine: processes come and go on it, its lines and its clock stay.
type spot struct {
	number int
	host   *host // nil: nothing runs
	cut    map[int]bool
	memory *witness.Witness // nil: what its processes see acknowledged is forgotten with them
	wall   time.Duration    // how wrong its clock is
	jump   time.Duration    // and how much more so for a moment
}

// host is one process: an engine, a heart, and what gossip has told it. It keeps the heart's and the operator's
// shells in miniature; the engine's own is the real one.
type host struct {
	w       *world
	number  int
	spot    *spot
	id      storage.WriterID
	witness *witness.Witness
	db      *memstore.Store // the house's own, unless foreign
	e       *actors.Stepped
	ev      *actors.Inspection
	opens   func() error // opens the event

	foreign   bool // on a restored copy, under the same gossip
	alone     bool // in no gossip
	dead      bool
	paused    bool
	pausedAt  time.Duration
	slept     time.Duration // in pauses, all told
	deferred  []moment
	threads   []*thread
	storeCut  bool
	lanes     int // of the committer, under way
	saving    bool
	tailRead  map[storage.SectionNo]tailRead
	beatValue section.Instant
	beating   bool
	pulsed    time.Duration // when a pulse last went well
	released  bool
	sightings *cluster.ObservedBeats
	beats     map[storage.WriterID]section.Instant // each row as it was at the newest look
	moved     map[storage.WriterID]bool            // whose row it was shown with two beats: it has seen that one live
	tenure    cluster.ReadLease
	opened    bool

	cataloguing bool // somebody reads or writes the catalog
	state       cluster.State
	draining    bool
	leaving     bool
	told        uint64 // changes of state so far
	roster      map[storage.WriterID]rumour
	blind       map[storage.WriterID]time.Duration // whom it takes for gone until then
	view        *view
	kin         *cluster.IdentityCheck
	company     *cluster.Identities
}

// rumour is what a host has heard of another.
type rumour struct {
	state  cluster.State
	yields bool
	told   uint64
}

// view is a view as the engine wants it.
type view struct {
	*cluster.View
	peers []storage.WriterID
}

// Peers lists the members.
func (v *view) Peers() []storage.WriterID { return v.peers }

const (
	lapse     = 2 * time.Second
	beatEvery = 500 * time.Millisecond
)

// plan is the event that all worlds with that many sections sell.
type plan struct {
	venue  []byte // as it is stored
	header *storage.Event
	seats  int // of each section
}

// simPrice is what every seat of every world costs.
const simPrice = 100

var plans = sync.OnceValue(func() map[int]*plan {
	plans := map[int]*plan{}
	var sections []string
	for n := 1; n <= 5; n++ {
		sections = append(sections, fmt.Sprintf(`{"id":"%c","rows":[{"label":"1","seats":5}]}`, 'A'+n-1))
		if n < 3 {
			continue
		}
		v, err := venue.Parse([]byte(`{"sections":[`+strings.Join(sections, ",")+`]}`), venue.Options{Name: "sim"})
		if err != nil {
			panic(err)
		}
		prices := map[string]int64{}
		for i := range v.Categories {
			prices[v.Categories[i].Label] = simPrice
		}
		plans[n] = &plan{
			venue: v.Encode(), seats: 5,
			header: &storage.Event{
				ID: storage.EventID{7, byte(n)}, Name: "sim", Currency: "EUR", Sale: storage.SaleOpen, Prices: prices,
				Pricing: storage.PricingLogged,
				Rules: section.Rules{HoldTTL: 1500, HoldCeiling: 2500, SeatsPerBookingMax: 3, SeatsPerBuyerMax: 6,
					DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin},
			},
		}
	}
	return plans
})

// spawned are the names given in this world.
var spawned []*actor.PID

// forgetSpawned takes them back: a system that serves a hundred thousand worlds must not remember them all.
func forgetSpawned() {
	for _, pid := range spawned {
		system().ProcessRegistry.Remove(pid)
	}
	clear(spawned)
	spawned = spawned[:0]
}

// system is the actors' system of all worlds: its names are counted, and nothing of it is ever waited for.
var system = sync.OnceValue(func() *actor.ActorSystem {
	system := actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
	)
	system.Root.WithSpawnMiddleware(func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(
			s *actor.ActorSystem, id string, props *actor.Props, parent actor.SpawnerContext,
		) (*actor.PID, error) {
			pid, err := next(s, id, props, parent)
			spawned = append(spawned, pid)
			return pid, err
		}
	})
	return system
})

// start begins a process on a spot.
func (w *world) start(spot *spot) *host {
	h := w.newHost(spot)
	w.tally["start"]++
	w.note(h, "starts on machine %d", spot.number)
	h.thread("boot", h.boot)
	return h
}

func (w *world) newHost(spot *spot) *host {
	w.writers++
	h := &host{
		w: w, db: w.store, number: len(w.hosts), spot: spot, roster: map[storage.WriterID]rumour{},
		blind: map[storage.WriterID]time.Duration{}, tailRead: map[storage.SectionNo]tailRead{},
	}
	copy(h.id[:], "sim")
	binary.BigEndian.PutUint32(h.id[4:], uint32(w.writers)) // a batch's id keeps the first eight bytes
	binary.BigEndian.PutUint64(h.id[8:], w.chance.Uint64()) // or every world would place its sections alike
	w.hosts = append(w.hosts, h)
	w.byID[h.id] = h
	spot.host, spot.jump = h, 0
	h.sightings, h.kin = cluster.Observe(h.id, lapse), cluster.NewIdentityCheck(h.id, storage.StoreID{}, lapse)
	h.beats, h.moved = map[storage.WriterID]section.Instant{}, map[storage.WriterID]bool{}
	h.rebuild()
	return h
}

// boot is what the server does from its start to its first request: the heart first, then the engine, then the cluster.
func (h *host) boot() {
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
	h.thread("orders", h.orders)
}

// clockSettle is short, as lives are.
const clockSettle = time.Second

// build makes the engine, without what runs beside it: that is the host's.
func (h *host) build() {
	w := h.w
	h.witness = cmp.Or(h.spot.memory, witness.New())
	e, err := actors.OpenStepped(context.Background(), actors.Config{
		Witness: h.witness, Store: &lossyStore{h.db, h}, Processor: noBank{}, Writer: h.id, Name: "sim", Peers: h,
		MayClaim: h.mayClaim, Lease: h.lease, Clock: h.clock, ClockStepMax: actors.ClockStepMaxDefault,
		ClockSettle: clockSettle,
	}, shard.Surroundings{
		Runtime: runtime{h}, System: system(), Dispatcher: dispatcher{h}, ActivationsMax: 64,
	}, func(seats []uint32) *seatmap.Map { return seatmap.NewKeeping(seats, deltasKept) })
	if err != nil {
		panic(err)
	}
	h.e = e
	if h.ev, err = e.Inspect(w.plan.header.ID); err != nil {
		panic(err)
	}
	if h.opens, err = e.Opening(w.plan.header.ID); err != nil {
		panic(err)
	}
	e.ViewChanged()
}

// deltasKept is how many deltas a map keeps. Making a longer ring would cost more than a world.
const deltasKept = 16

func (h *host) open() {
	if err := h.opens(); err != nil {
		panic(err)
	}
	h.opened = true
	h.w.note(h, "has opened")
}

// after is what a process does by itself once something has happened in it.
func (h *host) after() {
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
func (h *host) commit() {
	for h.lanes < 2 {
		write := h.e.NextCommit()
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

func (h *host) saveSnapshots() {
	if h.saving || !h.e.SnapshotsWait() {
		return
	}
	h.saving = true
	h.thread("save", func() {
		for no := range h.w.sections {
			h.e.SaveSnapshot(h.w.key(no))
		}
		h.e.SaveSnapshot(h.w.gateKey())
		for i := range h.w.plan.header.Coordinators {
			h.e.SaveSnapshot(h.w.coordinatorKey(i))
		}
		h.saving = false
	})
}

// rebalancer is its run.
func (h *host) rebalancer() {
	busy, since := 0, h.w.now
	for {
		if busy++; h.w.now-since > 10*time.Millisecond {
			busy, since = 0, h.w.now
		}
		if busy > 100 {
			h.w.failf("the rebalancer of n%d runs without end: %d rounds in %v", h.number, busy, h.w.now-since)
		}
		h.wait(h.w.time().Add(actors.RebalanceEvery), h.e.RebalanceDue)
		h.e.RebalanceRound()
		h.wait(h.w.time().Add(h.w.between(20*time.Microsecond, 100*time.Microsecond)), nil) // it is not done in no time
	}
}

// clock is the wall clock.
func (h *host) clock() section.Instant {
	return section.Instant(h.w.time().Add(h.spot.wall + h.spot.jump).UnixMilli())
}

func (h *host) silentFor() time.Duration {
	if !h.paused {
		return 0
	}
	return h.w.now - h.pausedAt
}

// living are the processes that have a view.
func (w *world) living() (live []*host) {
	for _, spot := range w.spots {
		if h := spot.host; h != nil && !h.dead && h.e != nil {
			live = append(live, h)
		}
	}
	return live
}

func (w *world) numberOf(id storage.WriterID) int {
	if h := w.byID[id]; h != nil {
		return h.number
	}
	return -1
}

// noBank is no processor: the simulator's buyers move their bookings themselves.
type noBank struct{ processor.Processor }
