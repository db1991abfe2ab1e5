package actors

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"holdfast/actors/catalog"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
)

func (e *Engine) readCatalog(ctx context.Context) error {
	list, err := e.cfg.Store.Events(ctx)
	if err != nil {
		return fmt.Errorf("actors: reading the catalog: %w", err)
	}
	all := map[storage.EventID]*event{}
	for _, header := range list {
		all[header.ID] = e.newEvent(header)
		e.rememberCreate(header)
	}
	e.catalog.Store(&all)
	e.reshelve()
	return nil
}

func (e *Engine) rememberCreate(header *storage.Event) {
	if header.Create != (section.RequestID{}) {
		e.creates[header.Create] = header.ID
	}
}

func (e *Engine) newEvent(header *storage.Event) *event {
	ev := &event{engine: e, zone: header.Zone()}
	ev.header.Store(header)
	ev.remote.ID = header.ID
	ev.usedAt.Store(e.sweeps.Load())
	return ev
}

// catalogPatience bounds one look at the catalog: operators' calls wait behind it.
const catalogPatience = 2 * time.Second

// watchCatalog looks for what other nodes wrote, until the engine closes. A look that fails is made up for by the next
// one.
func (e *Engine) watchCatalog() {
	tick := time.NewTicker(e.cfg.CatalogEvery)
	defer tick.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.refreshCatalog(); err != nil {
			e.cfg.Logger.Debug("catalog not read: what other nodes changed is seen later", "error", err)
		}
	}
}

// refreshCatalog takes in new events and sale switches. It keeps out this node's own changes meanwhile, so that it
// never puts an older state over a newer one. It opens nothing: whoever made an event loads it, and two nodes that both
// did would each get half of its sections.
func (e *Engine) refreshCatalog() error {
	ctx, cancel := context.WithTimeout(e.ctx, catalogPatience)
	defer cancel()
	e.mu.Lock()
	defer e.mu.Unlock()
	list, err := e.cfg.Store.Events(ctx)
	if err != nil {
		return err
	}
	known, news := *e.catalog.Load(), false
	all := make(map[storage.EventID]*event, len(list))
	for _, header := range list {
		ev := known[header.ID]
		switch {
		case ev == nil:
			ev, news = e.newEvent(header), true
			e.rememberCreate(header)
		case changed(ev.header.Load(), header):
			news = true
			ev.setHeader(header)
			ev.wakeAll()
		default:
			ev.hearTurn(header)
		}
		all[header.ID] = ev
	}
	e.catalog.Store(&all)
	if news || len(all) != len(known) {
		e.reshelve()
	}
	e.openSelling(all)
	return nil
}

// changed says whether a header differs in what calls of other nodes change.
func changed(known, now *storage.Event) bool {
	return known.Sale != now.Sale || known.SaleNo != now.SaleNo || known.Forgotten == nil != (now.Forgotten == nil)
}

// setHeader has the event stand as the store has it.
func (ev *event) setHeader(header *storage.Event) {
	ev.header.Store(header)
	ev.key.Changed(header)
	ev.hearTurn(header)
}

// openSelling loads what is on sale, so that this node can take its share of the sections, in a cluster. Alone it waits
// for a buyer.
func (e *Engine) openSelling(all map[storage.EventID]*event) {
	if e.peerRPC == nil || e.closing.Load() {
		return
	}
	for _, ev := range all {
		if ev.ready.Load() == nil && ev.isBusy() {
			ev.beginOpening(e.spawn)
		}
	}
}

// findingMax bounds how many look-ups of events that nobody here knows are under way in the store: wrong addresses must
// not crowd out the rest.
const findingMax = 4

// find is event, and in a cluster looks into the store for one that another node has just made. ErrEventUnknown,
// ErrUnavailable (too many look for something), and the store's.
func (e *Engine) find(ctx context.Context, id storage.EventID) (*event, error) {
	ev, err := e.event(id)
	if err == nil || e.peerRPC == nil {
		return ev, err
	}
	select {
	case e.finding <- struct{}{}:
		defer func() { <-e.finding }()
	default:
		return nil, ErrUnavailable
	}
	header, err := e.cfg.Store.Event(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrEventUnknown
	case err != nil:
		return nil, errors.Join(ErrUnavailable, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if ev, err := e.event(id); err == nil {
		return ev, nil
	}
	return e.enlist(header), nil
}

// ClaimStopped tries to take over every section of the events in use that stands still on this node, without waiting
// for a request or for the rest after a fence: to be called when another node has left. It returns at once;
// Config.MayClaim is asked for each.
func (e *Engine) ClaimStopped() {
	for _, ev := range *e.catalog.Load() {
		if o := ev.ready.Load(); o != nil {
			for _, s := range o.sections {
				s.shard.ActivateNow()
			}
			if o.queue != nil {
				o.queue.Shard().ActivateNow()
			}
		}
	}
}

// CheckOwners looks at the log of every section, coordinator and waiting room that serves, and stops those that another
// node has taken over: they would find out at their next append, and until they are checked under the present lease
// they answer neither reads nor refusals. To be called when this node may have been taken for dead. It returns at once.
func (e *Engine) CheckOwners() {
	if e.closing.Load() {
		return
	}
	for _, ev := range *e.catalog.Load() {
		if o := ev.ready.Load(); o != nil {
			e.clock.Spawn(new(sync.WaitGroup), func() { e.checkOwners(o) })
		}
	}
}

// SectionName is what an event's plan calls a section: its id, and its name where that is another. ok is false for an
// event that this node does not know. It asks nobody.
func (e *Engine) SectionName(key storage.SectionKey) (name string, ok bool) {
	ev, ok := (*e.catalog.Load())[key.Event]
	if !ok {
		return "", false
	}
	switch {
	case key.IsGate():
		return gateName, true
	case key.IsCoordinator():
		return "coordinator " + strconv.Itoa(int(key.Section-storage.CoordinatorNo)), true
	}
	sections := ev.header.Load().Sections
	if int(key.Section) >= len(sections) {
		return "", false
	}
	s := &sections[key.Section]
	if s.Name == "" || s.Name == s.ID {
		return s.ID, true
	}
	return s.ID + " (" + s.Name + ")", true
}

// Foreign tells how many sections of the events in use stand still here because they are another node's.
func (e *Engine) Foreign() (n int) {
	for _, ev := range *e.catalog.Load() {
		if o := ev.ready.Load(); o != nil {
			for _, s := range o.sections {
				if s.foreign() {
					n++
				}
			}
		}
	}
	return n
}

// Catalog is every event as known at one moment; see package catalog.
type Catalog = catalog.Catalog

// Catalog lists the events.
func (e *Engine) Catalog() *Catalog { return e.shelf.Load() }

// Events lists the catalog, newest first. The list is shared: it is not to be changed.
func (e *Engine) Events() []*storage.Event { return e.shelf.Load().Events }

// reshelve makes the list anew from what the catalog holds. The caller holds mu, or is alone.
func (e *Engine) reshelve() {
	version := uint64(0)
	if old := e.shelf.Load(); old != nil {
		version = old.Version + 1
	}
	var events []*storage.Event
	for _, ev := range *e.catalog.Load() {
		if header := ev.header.Load(); header.Sale != storage.SaleDeleted {
			events = append(events, header)
		}
	}
	e.shelf.Store(catalog.New(version, events))
}

// CreateEvent stores a new event. A repeat of the same e.Create finds the first one, whichever node made it and
// whatever became of the first answer; with another fingerprint it is ErrMismatch.
//
// Errors: ErrMismatch, ErrEventDeleted, *price.UnsoundError, ErrUnavailable (it may be there: repeat with the same
// key), and the store's.
func (e *Engine) CreateEvent(ctx context.Context, header *storage.Event, v *venue.Venue) (*storage.Event, error) {
	made, err := e.createEvent(ctx, header, v)
	if err == nil {
		e.spread()
	}
	return made, err
}

func (e *Engine) createEvent(ctx context.Context, header *storage.Event, v *venue.Venue) (*storage.Event, error) {
	if err := e.checkNew(header); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if id, ok := e.creates[header.Create]; ok && header.Create != (section.RequestID{}) {
		return repeatedCreate((*e.catalog.Load())[id].header.Load(), header)
	}
	if err := e.meetKey(ctx, header); err != nil {
		return nil, err
	}
	made := e.drawUp(header, v)
	if err := e.makeKey(ctx, made); err != nil {
		return nil, err
	}
	switch err := e.cfg.Store.CreateEvent(ctx, made, v.Encode()); {
	case errors.Is(err, storage.ErrExists):
		return e.foundCreated(ctx, made)
	case writer.Undecided(err):
		return nil, errors.Join(ErrUnavailable, err)
	case err != nil:
		return nil, err
	}
	ev := e.enlist(made)
	if ev.restless() && !e.cfg.Offline {
		e.warm(ev)
	}
	return made, nil
}

// meetKey refuses a creation whose key was used for another call. The key is remembered before the event is there:
// should that be left undone, the same creation may come again, and no other call has the key.
func (e *Engine) meetKey(ctx context.Context, wanted *storage.Event) error {
	_, err := e.remember(
		ctx,
		e.operatorKey(createdID(wanted.Create), Caller{Request: wanted.Create, Fingerprint: wanted.CreateFingerprint}),
	)
	return err
}

// coordinators is how many an event has that is made in a cluster: as many nodes can share its buyers. Each costs a
// claim, and a fence in every section, when its first buyer comes and when it moves. An event that is made by a node
// alone has none: that node's ledgers see every hold.
const coordinators = 4

// drawUp fills in what only the engine knows of a new event.
func (e *Engine) drawUp(header *storage.Event, v *venue.Venue) *storage.Event {
	made := *header
	made.ID = createdID(header.Create)
	made.CreatedAt = e.cfg.Clock()
	made.Sale = cmp.Or(made.Sale, storage.SaleClosed)
	made.Pseudonyms, made.Forgotten = storage.PseudonymsKeyed, nil
	made.Pricing = storage.PricingLogged
	if e.peerRPC != nil && e.cfg.Coordinators {
		made.Coordinators = coordinators
	}
	made.Sections, made.WaitingRoom = nil, drawUpWaitingRoom(header.WaitingRoom)
	for _, s := range v.Sections {
		n := 0
		for _, row := range s.Rows {
			n += len(row.Seats)
		}
		made.Sections = append(
			made.Sections, storage.SectionInfo{ID: s.ID, Name: s.PlanName(), Seats: uint32(n), PartOf: s.SplitOf},
		)
	}
	return &made
}

// createdID makes an event's id from its creation's key, so that the store itself refuses a second event of one key:
// the first may be another node's, or one whose answer was lost (P5). Without a key it is random. It has a UUID's form,
// version 8.
func createdID(create section.RequestID) storage.EventID {
	if create == (section.RequestID{}) {
		return storage.NewEventID()
	}
	sum := sha256.Sum256(append([]byte("event created by "), create[:]...))
	id := storage.EventID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// foundCreated answers a creation whose event is in the store already.
func (e *Engine) foundCreated(ctx context.Context, made *storage.Event) (*storage.Event, error) {
	first, err := e.cfg.Store.Event(ctx, made.ID)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	e.enlist(first)
	return repeatedCreate(first, made)
}

// repeatedCreate tells a creation's repeat what became of its event.
func repeatedCreate(first, again *storage.Event) (*storage.Event, error) {
	if first.CreateFingerprint == again.CreateFingerprint && first.Sale == storage.SaleDeleted {
		return nil, ErrEventDeleted
	}
	if first.CreateFingerprint != again.CreateFingerprint {
		return nil, ErrMismatch
	}
	return first, nil
}

// enlist adds an event to the catalog. The caller holds mu.
func (e *Engine) enlist(header *storage.Event) *event {
	ev := e.newEvent(header)
	all := maps.Clone(*e.catalog.Load())
	all[header.ID] = ev
	e.catalog.Store(&all)
	e.shelf.Store(e.shelf.Load().With(header))
	e.rememberCreate(header)
	return ev
}
