package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/coordination"
	"holdfast/actors/coordinator"
	"holdfast/actors/fares"
	"holdfast/actors/grant"
	"holdfast/actors/peer"
	"holdfast/actors/pseudonym"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/venue"
	"holdfast/actors/waitingroom"
	"holdfast/storage"
)

// event is one show on this node: its catalog entry, and, once somebody needs it, its venue, sections and ledgers.
type event struct {
	engine *Engine
	header atomic.Pointer[storage.Event] // replaced whole, never changed
	zone   *time.Location                // the venue's clock: no call changes that of an event
	key    pseudonym.Cached              // of its buyers' pseudonyms
	prices atomic.Pointer[fares.Lists]   // of an event that was opened; see lists

	mu      sync.Mutex // guards opening
	opening *opening   // nil: not under way
	ready   atomic.Pointer[openEvent]

	usedAt  atomic.Uint32               // the sweep before which somebody last asked; see idle.go
	after   <-chan struct{}             // closed when the event's earlier life here has ended; nil: there was none
	glance  *opening                    // a look at the map without opening, under way; guarded by mu
	retired atomic.Bool                 // another event stands in its place in the catalog
	glanced atomic.Pointer[seatmap.Map] // the map of an event that is not open, as long as nobody else can write; kept when it opens

	remote peer.Event // the event among the nodes

	live      *seatmap.Map
	queue     *waitingroom.Room // nil: no waiting room stands before the event, or not on this node
	buyers    *coordinator.BuyerQuota
	index     *coordinator.KeyIndex
	lastKnown *coordinator.LastKnown // of sections that are not loaded

	coordinators []*coordination.Coordinator // on this node; none: in events of earlier builds
	// operated is which coordinator met an operator's key, on the node of the operators' own coordinator.
	operated *coordinator.KeyIndex
}

// openEvent is the part that costs memory: immutable once made.
type openEvent struct {
	venue        *venue.Venue
	seats        venue.Names[seatRef]
	ids          [][]string // by section, by seat index
	sections     []*Section
	remotes      []*peer.Section // the same among the nodes
	byID         venue.Names[storage.SectionNo]
	partsOf      map[string][]storage.SectionNo // parts of sections that are split, best first, by the whole's composed name
	categories   venue.Names[section.CategoryID]
	has          []map[section.CategoryID]bool // by section
	accessible   []bool                        // by section: has accessible seats
	order        []storage.SectionNo           // by quality, best first
	queue        *waitingroom.Room             // the event's
	coordinators []*coordination.Coordinator   // the event's
	keysUnknown  atomic.Int32                  // sections of which nobody knows what keys they have met; see search.go
}

type seatRef struct {
	section storage.SectionNo
	index   section.SeatIndex
}

// opening is one attempt at opening an event; err may be read once done is closed.
type opening struct {
	done chan struct{}
	err  error
	live *seatmap.Map // of a glance that found what it looked for
}

func (e *Engine) event(id storage.EventID) (*event, error) {
	ev, ok := (*e.catalog.Load())[id]
	if !ok {
		return nil, ErrEventUnknown
	}
	return ev, nil
}

// open loads the venue and starts every section; it returns when all have settled, serving or not, or when ctx ends:
// the opening goes on without whoever stops waiting. Later calls are a pointer read.
func (ev *event) open(ctx context.Context) (*openEvent, error) {
	ev.touch()
	if o := ev.ready.Load(); o != nil {
		return o, nil
	}
	attempt := ev.beginOpening(ev.engine.spawn)
	if !ev.engine.clock.Await(ctx, time.Time{}, attempt.done, nil) {
		return nil, ctx.Err()
	}
	return ev.ready.Load(), attempt.err
}

// beginOpening has spawn run an attempt unless one is under way, or has succeeded.
func (ev *event) beginOpening(spawn func(work func()) bool) *opening {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	switch {
	case ev.opening != nil:
	case ev.ready.Load() != nil:
		return &opening{done: shard.Closed}
	case ev.retired.Load():
		return &opening{done: shard.Closed, err: ErrUnavailable}
	case ev.engine.closing.Load():
		return &opening{done: shard.Closed, err: ErrUnavailable}
	default:
		attempt := &opening{done: make(chan struct{})}
		if !spawn(func() { ev.finishOpening(attempt) }) {
			return &opening{done: shard.Closed, err: ErrUnavailable}
		}
		ev.opening = attempt
	}
	return ev.opening
}

func (ev *event) finishOpening(attempt *opening) {
	ev.engine.clock.Await(ev.engine.ctx, time.Time{}, ev.earlierLife(), nil)
	v, err := ev.loadVenue(ev.engine.ctx)
	if err == nil {
		o := ev.build(v)
		ev.startAll(o)
		ev.ready.Store(o)
		ev.join()
	}
	ev.mu.Lock()
	ev.opening = nil
	ev.mu.Unlock()
	attempt.err = err
	close(attempt.done)
}

// join asks the other nodes for what becomes of the event's sections, and has this one take its share.
func (ev *event) join() {
	d := ev.engine.peerRPC
	if d == nil {
		return
	}
	d.Join(ev.remote.ID)
	ev.engine.rebalancer.Wake()
}

// stopOpening is for an engine that closes: it answers what is open, once nothing more can begin to be or ctx has
// ended.
func (ev *event) stopOpening(ctx context.Context) *openEvent {
	ev.mu.Lock()
	attempt := ev.opening
	ev.mu.Unlock()
	if attempt != nil {
		select {
		case <-attempt.done:
		case <-ctx.Done():
		}
	}
	return ev.ready.Load()
}

// drains gives what ends each of the event's sections in good order, for an engine that closes.
func (o *openEvent) drains(e *Engine) (each []func(ctx context.Context)) {
	how := shard.Leave{Release: e.peerRPC != nil}
	for _, s := range o.sections {
		each = append(each, func(ctx context.Context) { s.shard.Drain(ctx, how) })
	}
	if o.queue != nil {
		each = append(each, func(ctx context.Context) { o.queue.Drain(ctx, how) })
	}
	for _, c := range o.coordinators {
		each = append(each, func(ctx context.Context) { c.Shard().Drain(ctx, how) })
	}
	return each
}

func (ev *event) loadVenue(ctx context.Context) (*venue.Venue, error) {
	stored, err := ev.engine.cfg.Store.Venue(ctx, ev.header.Load().ID)
	if err != nil {
		return nil, err
	}
	return venue.Decode(stored)
}

func (ev *event) build(v *venue.Venue) *openEvent {
	header := ev.header.Load()
	o := &openEvent{venue: v, seats: make(venue.Names[seatRef], v.SeatCount()), byID: map[string]storage.SectionNo{},
		categories: map[string]section.CategoryID{}}
	var labels []string
	for i, c := range v.Categories {
		o.categories.Enter(c.Label, section.CategoryID(i))
		labels = append(labels, c.Label)
	}
	ev.prices.Store(fares.Of(header, labels))
	ev.makeLedgers(o)
	var counts []uint32
	for i := range v.Sections {
		o.addSection(ev, storage.SectionNo(i))
		counts = append(counts, uint32(len(o.ids[i])))
	}
	o.rank(v)
	ev.makeCoordinators(o)
	ev.queue = ev.newQueue(o)
	o.queue = ev.queue
	if ev.live = ev.glanced.Load(); ev.live == nil {
		ev.live = ev.engine.newMap(counts)
	}
	ev.live.CountKinds(o.layouts())
	return o
}

// makeLedgers makes what spans the event's sections: for its buyers here, and for those of other nodes.
func (ev *event) makeLedgers(o *openEvent) {
	ev.buyers = coordinator.NewBuyerQuota()
	ev.lastKnown = coordinator.NewLastKnown()
	ev.index = coordinator.NewKeyIndex(func(no storage.SectionNo) section.Instant {
		return section.Instant(o.sections[no].remembersFrom.Load())
	})
	ev.remote.Keys, ev.remote.Buyers = ev.index, ev.buyers
	ev.remote.Granted = ev.granted
	if ev.header.Load().Coordinators > 0 {
		ev.operated = coordinator.NewKeyIndex(ev.operatedFrom)
	}
}

// layouts are those of all sections, in plan order.
func (o *openEvent) layouts() []*section.Layout {
	list := make([]*section.Layout, len(o.sections))
	for no, s := range o.sections {
		list[no] = s.kind.Layout
	}
	return list
}

// rank puts the sections in the order in which they are searched.
func (o *openEvent) rank(v *venue.Venue) {
	o.partsOf = map[string][]storage.SectionNo{}
	for _, i := range v.BestFirst() {
		no := storage.SectionNo(i)
		o.order = append(o.order, no)
		if of := venue.Composed(v.Sections[i].SplitOf); of != "" {
			o.partsOf[of] = append(o.partsOf[of], no)
		}
	}
}

// planSection is what the plan calls a section, or the section that it is a part of.
func (o *openEvent) planSection(no storage.SectionNo) string { return o.venue.Sections[no].PlanID() }

func (o *openEvent) addSection(ev *event, no storage.SectionNo) {
	header := ev.header.Load()
	layout := o.venue.Layout(int(no))
	o.byID.Enter(o.venue.Sections[no].ID, no)
	key := storage.SectionKey{Event: header.ID, Section: no}
	kind := section.Kind{Layout: layout, Rules: header.FirstRules(), Gated: header.WaitingRoom != nil,
		Coordinated: header.Coordinators > 0, Tariff: ev.lists().Made()}
	s := ev.engine.newSection(ev, key, kind, &o.keysUnknown)
	o.sections, o.remotes = append(o.sections, s), append(o.remotes, s.remote)
	var ids []string
	for _, row := range o.venue.Sections[no].Rows {
		for _, seat := range row.Seats {
			o.seats.Enter(seat.ID, seatRef{no, section.SeatIndex(len(ids))})
			ids = append(ids, seat.ID)
		}
	}
	o.ids = append(o.ids, ids)
	has, accessible := map[section.CategoryID]bool{}, false
	for _, seat := range layout.Seats {
		has[seat.Category] = true
		accessible = accessible || seat.Accessible
	}
	o.has, o.accessible = append(o.has, has), append(o.accessible, accessible)
}

// startAll activates every section and waits until each has settled. A section that could not start refuses its
// requests and is tried again on demand; the others serve.
func (ev *event) startAll(o *openEvent) {
	if ev.engine.peerRPC != nil {
		ev.followAll(o)
		return
	}
	var waits []<-chan struct{}
	for _, s := range o.sections {
		if settled, err := s.shard.Activate(); err == nil {
			waits = append(waits, settled)
		}
	}
	for _, settled := range waits {
		<-settled
	}
	if o.queue != nil { // after the sections, whose stock it asks for
		<-o.queue.Start()
	}
}

// followAll is startAll in a cluster: every section's log is read, so that the map is whole, and the rebalancer claims
// what is placed here.
func (ev *event) followAll(o *openEvent) {
	var waits []<-chan struct{}
	for _, s := range o.sections {
		waits = append(waits, s.follow())
	}
	if o.queue != nil {
		waits = append(waits, o.queue.Start())
	}
	for _, loaded := range waits {
		if !ev.engine.clock.Await(ev.engine.ctx, time.Time{}, loaded, nil) {
			return
		}
	}
}

// adopt enters a loaded section's live bookings and remembered requests into the event's ledgers, and its open money
// into the reconciler.
func (ev *event) adopt(s *Section, state *section.State) {
	ev.adoptLedgers(s, state)
	ev.engine.adoptMoney(s.key, state)
}

func (ev *event) adoptLedgers(s *Section, state *section.State) {
	state.Requests(func(id section.RequestID) { ev.index.Adopt(id, s.key.Section, state.LastAt()) })
	ev.lastKnown.Replace(s.key.Section, state, ev.buyers)
}

// count keeps the buyer ledger equal to a section's memory.
func (ev *event) count(shares []section.Share) {
	for i := range shares {
		switch s := &shares[i]; {
		case s.Taken && int(s.Grant.Coordinator) < len(ev.coordinators):
			ev.coordinators[s.Grant.Coordinator].Granter.Placed(&s.Grant, s.Buyer, s.Seats)
		case s.Taken:
			ev.buyers.Add(s.Buyer, s.Seats)
		default:
			ev.buyers.Release(s.Buyer, s.Seats)
		}
	}
}

// makeCoordinators makes the event's coordinators on this node, which claim nothing until somebody wants a grant.
func (ev *event) makeCoordinators(o *openEvent) {
	e, header := ev.engine, ev.header.Load()
	ev.coordinators = nil
	for i := range min(header.Coordinators, grant.Max) {
		key := storage.SectionKey{Event: header.ID, Section: storage.CoordinatorNo + storage.SectionNo(i)}
		granter := coordinator.NewGranter(i, len(o.sections), ev.buyers)
		ev.coordinators = append(ev.coordinators, coordination.New(coordination.Surroundings{
			Node: e.node, Key: key, Seen: e.cfg.Witness.Of(key), Granter: granter, Fence: o.fence,
			Placed:   func() storage.WriterID { return e.placed(key) },
			Sections: len(o.sections), All: header.Coordinators, Served: o.served, Known: o.known, Learn: ev.learn,
			Tell: func(no storage.SectionNo, excluded bool) { e.eventLog.SectionExcluded(key, no, excluded) },
		}))
	}
	o.coordinators = ev.coordinators
}

// placed is the node that should have a log.
func (e *Engine) placed(key storage.SectionKey) storage.WriterID {
	if e.peerRPC == nil {
		return e.writer
	}
	return e.peerRPC.Links.View().Owner(key)
}

// fence has a section, here or on its node, write a coordinator's fence.
func (o *openEvent) fence(no storage.SectionNo, g grant.Grant, deadline time.Time) (section.Rejection, error) {
	r := request.New()
	r.Command.Kind, r.Command.Operator, r.Command.Grant = section.FenceGrants, true, g
	s := o.sections[no]
	s.wakeUp()
	outcome, err := s.outcome(r, deadline)
	if err != nil {
		return 0, err
	}
	defer r.Free()
	return outcome.Rejection, nil
}
