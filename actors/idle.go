package actors

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"holdfast/actors/bookingsearch"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/actors/shard"
	"holdfast/actors/venue"
	"holdfast/actors/waitingroom"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Events that nobody sells cost little, however many strangers look at them. For an engine without peers:
//
//	catalog only ── somebody looks ──▶ glanced: a map read from the logs; no claim, no actor, nothing written
//	     │                                │  ▲
//	     └── a booking, a hold alive, ────┴──┼─▶ open: sections claimed and served
//	         put on sale                     │      │
//	                                         └──────┘ not on sale, no hold alive, unused for PassivateAfter (sooner
//	                                                  while more than idleEventsMax are open or glanced at)
//
// A closed event gives its place in the catalog to a new one that begins anew, so that a request on its way through the
// old one meets sections that are gone (ErrUnavailable) and never two lives in one memory. The new one opens only once
// the old one has let go.
//
// A map outlives glances and openings as long as somebody looks: a stream that began before the sale hears it begin.
const (
	idleEventsMax   = 256    // events, open or glanced at, that are not on sale
	idleSectionsMax = 20_000 // of all of them together: two of the largest venues
	idleSweeps      = 8      // PassivateAfter is that many sweeps
	idleAgeMin      = 2      // sweeps without use before an open event is closed for want of room
	glancesMax      = 2      // maps read at once
)

// touch notes that somebody asks. It writes once between two sweeps, so that a hot event's line of memory stays shared.
func (ev *event) touch() {
	if sweep := ev.engine.sweeps.Load(); ev.usedAt.Load() != sweep {
		ev.usedAt.Store(sweep)
	}
}

// earlierLife is closed once what stood in the event's place has ended.
func (ev *event) earlierLife() <-chan struct{} {
	if ev.after == nil {
		return shard.Closed
	}
	return ev.after
}

// exclusive says that nobody but this engine writes the store, so that a log which nobody here writes stays as it is.
func (e *Engine) exclusive() bool { return e.peerRPC == nil && e.cfg.CatalogEvery == 0 }

// look gives the map of an event that is open, or that need not be. nil: it must be opened.
func (ev *event) look(ctx context.Context) *seatmap.Map {
	ev.touch()
	if ev.ready.Load() != nil {
		return ev.live
	}
	if !ev.engine.exclusive() || ev.restless() {
		return nil
	}
	if live := ev.glanced.Load(); live != nil {
		return live
	}
	attempt := ev.beginGlance()
	if attempt == nil || !ev.engine.clock.Await(ctx, time.Time{}, attempt.done, nil) {
		return nil
	}
	return attempt.live // not what is kept by now: it may have had to make room. nil: opening will say what is wrong
}

// beginGlance reads the map in the background, once for all who wait; nil when the event is being opened.
func (ev *event) beginGlance() *opening {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if ev.glance != nil || ev.opening != nil || ev.retired.Load() {
		return ev.glance
	}
	attempt := &opening{done: make(chan struct{})}
	if !ev.engine.spawn(func() { ev.finishGlance(attempt) }) {
		return nil
	}
	ev.glance = attempt
	return attempt
}

func (ev *event) finishGlance(attempt *opening) {
	ev.engine.clock.Await(ev.engine.ctx, time.Time{}, ev.earlierLife(), nil)
	ev.engine.glances <- struct{}{}
	defer func() { <-ev.engine.glances }()
	live, err := ev.readMap(ev.engine.ctx)
	ev.mu.Lock()
	ev.glance = nil
	if err == nil && ev.opening == nil && ev.ready.Load() == nil { // else what was read may be old
		ev.glanced.Store(live)
		attempt.live = live
	}
	ev.mu.Unlock()
	attempt.err = err
	ev.engine.trim(ev.engine.sweeps.Load())
	close(attempt.done)
}

// errAlive says that a section has holds, whose ends somebody must see to.
var errAlive = errors.New("actors: holds are alive")

// readMap makes the map from snapshots and logs, as a claim would find them.
func (ev *event) readMap(ctx context.Context) (*seatmap.Map, error) {
	v, err := ev.loadVenue(ctx)
	if err != nil {
		return nil, err
	}
	var counts []uint32
	for i := range v.Sections {
		counts = append(counts, uint32(len(v.Layout(i).Seats)))
	}
	live := seatmap.New(counts)
	for i := range v.Sections {
		key := storage.SectionKey{Event: ev.header.Load().ID, Section: storage.SectionNo(i)}
		tail, err := ev.engine.cfg.Store.Tail(ctx, key)
		if err != nil {
			return nil, err
		}
		state, err := ev.readState(ctx, v.Layout(i), key, tail)
		if err != nil {
			return nil, err
		}
		if state.LiveHolds() > 0 {
			return nil, errAlive
		}
		live.Reset(key.Section, tail.Seq, state.AppendLetters(nil), state.Free())
	}
	return live, nil
}

// readState is a section as a claim would find it.
func (ev *event) readState(
	ctx context.Context, layout *section.Layout, key storage.SectionKey, tail storage.Tail,
) (*section.Machine, error) {
	kind := &section.Kind{Layout: layout, Rules: ev.header.Load().FirstRules()}
	m := kind.New()
	if tail.Seq > 0 {
		var err error
		if m, _, err = writer.Load(ctx, ev.engine.cfg.Store, key, kind, tail); err != nil {
			return nil, err
		}
	}
	return m.(*section.Machine), nil
}

// readBuyerIndex reads who has bookings in an event that is not open here, and for which turn of its switch that
// stands.
func (e *Engine) readBuyerIndex(
	ctx context.Context,
	id storage.EventID,
) (r *bookingsearch.BuyerIndex, turn uint64, err error) {
	ev, err := e.event(id)
	if err != nil {
		return nil, 0, err
	}
	e.glances <- struct{}{}
	defer func() { <-e.glances }()
	header := ev.header.Load()
	v, err := ev.loadVenue(ctx)
	r = new(bookingsearch.BuyerIndex)
	for i := 0; err == nil && i < len(header.Sections); i++ {
		key := storage.SectionKey{Event: id, Section: storage.SectionNo(i)}
		err = ev.enrol(ctx, r, v.Layout(i), key, header.Turn())
	}
	if err != nil {
		return nil, 0, err
	}
	r.Sort()
	return r, header.SaleNo, nil
}

// enrol adds a section's bookings. ErrUnavailable: somebody may still book in it under the turn before.
func (ev *event) enrol(
	ctx context.Context, r *bookingsearch.BuyerIndex, layout *section.Layout, key storage.SectionKey, turn sales.Turn,
) error {
	tail, err := ev.engine.cfg.Store.Tail(ctx, key)
	if err != nil || tail.Seq == 0 {
		return err
	}
	m, err := ev.readState(ctx, layout, key, tail)
	if err != nil {
		return err
	}
	if logged, _ := m.SaleAt(); !ev.engine.exclusive() && logged < turn {
		return ErrUnavailable
	}
	r.Add(m.State)
	return nil
}

// closedMoneyEvery is the time between two looks at the logs of events that are not on sale.
const closedMoneyEvery = 10 * time.Minute

// watchClosedMoney enters into the reconciler what logs leave open that nobody serves: those of events that are not on
// sale, which nobody loads at a start or after a crash of their node. A log that has not grown since it left nothing
// open is not read again.
func (e *Engine) watchClosedMoney() {
	settled := map[storage.SectionKey]section.Seq{}
	tick := time.NewTicker(closedMoneyEvery)
	defer tick.Stop()
	for e.ctx.Err() == nil {
		for _, ev := range *e.catalog.Load() {
			if !ev.restless() && e.ctx.Err() == nil {
				ev.adoptClosedMoney(settled)
			}
		}
		select {
		case <-e.ctx.Done():
		case <-tick.C:
		}
	}
}

func (ev *event) adoptClosedMoney(settled map[storage.SectionKey]section.Seq) {
	e, header := ev.engine, ev.header.Load()
	var v *venue.Venue
	var err error
	for i := 0; err == nil && i < len(header.Sections); i++ {
		key := storage.SectionKey{Event: header.ID, Section: storage.SectionNo(i)}
		var tail storage.Tail
		if tail, err = e.cfg.Store.Tail(e.ctx, key); err != nil || tail.Seq == settled[key] {
			continue
		}
		if v == nil {
			v, err = ev.loadVenue(e.ctx)
		}
		var state *section.Machine
		if err == nil {
			state, err = ev.readState(e.ctx, v.Layout(i), key, tail)
		}
		if err != nil {
			break
		}
		if settled[key] = tail.Seq; e.adoptMoney(key, state.State) > 0 {
			delete(settled, key)
		}
	}
	if err != nil && e.ctx.Err() == nil {
		e.cfg.Logger.Warn("money of an event that is not on sale was not looked at; it is tried again", "event",
			header.ID.String(), "error", err)
	}
}

// watchIdle looks for idle events until the engine closes.
func (e *Engine) watchIdle() {
	tick := time.NewTicker(max(e.cfg.PassivateAfter/idleSweeps, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
			e.sweepIdle(e.sweeps.Add(1))
		}
	}
}

// idler is an event that is not on sale and costs memory.
type idler struct {
	ev       *event
	open     *openEvent // nil: it was only glanced at
	sections int
}

// sweepIdle closes and forgets what nobody has asked for since idleSweeps, and the longest unused beyond the bounds.
func (e *Engine) sweepIdle(now uint32) {
	for _, i := range e.trim(now) {
		e.retire(i.ev, i.open)
	}
}

// trim forgets maps, which takes no time, and says which open events are to be closed, which may.
func (e *Engine) trim(now uint32) (closing []idler) {
	e.trimming.Lock()
	defer e.trimming.Unlock()
	idle, sections := e.idlers()
	count := len(idle)
	for _, i := range idle {
		age, crowded := now-i.ev.usedAt.Load(), count > idleEventsMax || sections > idleSectionsMax
		switch {
		case i.open == nil && (age >= idleSweeps || crowded):
			i.ev.glanced.Store(nil)
		case i.open != nil && (age >= idleSweeps || crowded && age >= idleAgeMin):
			closing = append(closing, i)
		default:
			continue
		}
		count, sections = count-1, sections-i.sections
	}
	return closing
}

// idlers lists what a sweep may close, the longest unused first.
func (e *Engine) idlers() (idle []idler, sections int) {
	for _, ev := range *e.catalog.Load() {
		i := idler{ev: ev, open: ev.ready.Load()}
		switch live := ev.glanced.Load(); {
		case ev.restless():
			continue
		case i.open != nil:
			i.sections = len(i.open.sections)
		case live != nil:
			i.sections = live.Sections()
		default:
			continue
		}
		sections += i.sections
		idle = append(idle, i)
	}
	slices.SortFunc(idle, func(a, b idler) int { return int(int32(a.ev.usedAt.Load() - b.ev.usedAt.Load())) })
	return idle, sections
}

// retire puts a new event in an idle one's place and lets the old one go, unless it is not as idle as it looked.
func (e *Engine) retire(ev *event, o *openEvent) {
	e.mu.Lock()
	all, id := *e.catalog.Load(), ev.header.Load().ID
	if e.closing.Load() || all[id] != ev || ev.restless() || !o.freeze() {
		e.mu.Unlock()
		return
	}
	next, gone := e.newEvent(ev.header.Load()), make(chan struct{})
	next.after = gone
	if e.exclusive() {
		next.glanced.Store(ev.live) // nobody writes any more: it stays true, and whoever looks at it may go on
	}
	next.usedAt.Store(ev.usedAt.Load())
	ev.retired.Store(true)
	ev.ready.Store(nil)
	all = maps.Clone(all)
	all[id] = next
	e.catalog.Store(&all)
	e.mu.Unlock()
	o.letGo(e)
	close(gone)
}

// freeze keeps the sections from being activated ever again, if nothing is under way in any of them and no hold is
// alive.
func (o *openEvent) freeze() bool {
	if o.queue != nil && !o.queue.Freeze() {
		return false
	}
	for i, s := range o.sections {
		if !s.shard.Freeze() {
			for _, s := range o.sections[:i] {
				s.shard.Thaw()
			}
			if o.queue != nil {
				o.queue.Shard().Thaw()
			}
			return false
		}
	}
	return true
}

// drainPatience bounds how long an idle event's sections may take to leave their snapshots. One that takes longer is
// fenced by its next life.
const drainPatience = 10 * time.Second

// letGo drains the sections, and takes them out of the count of sections once they have ended.
func (o *openEvent) letGo(e *Engine) {
	ctx, cancel := context.WithTimeout(e.ctx, drainPatience)
	defer cancel()
	var drains sync.WaitGroup
	if o.queue != nil {
		drains.Go(func() { o.queue.Drain(ctx, shard.Leave{}) })
	}
	for _, c := range o.coordinators {
		drains.Go(func() { c.Shard().Drain(ctx, shard.Leave{}) })
	}
	for _, s := range o.sections {
		drains.Go(func() {
			if inc := s.shard.Serving(); inc != nil {
				s.shard.Drain(ctx, shard.Leave{})
				e.clock.Await(ctx, time.Time{}, inc.Ended(), nil)
			}
			s.shard.Inspect((*writer.Lifecycle).Forget)
		})
	}
	drains.Wait()
	e.stats.Passivated.Add(int64(len(o.sections)))
}

// entrance is queueOf for who wants to get in: ErrEventCancelled, too.
func (e *Engine) entrance(id storage.EventID, deadline time.Time) (*waitingroom.Room, error) {
	if ev, err := e.event(id); err == nil && ev.header.Load().Sale.Off() {
		return nil, ErrEventCancelled
	}
	return e.queueOf(id, deadline)
}
