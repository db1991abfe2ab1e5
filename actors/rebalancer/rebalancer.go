package rebalancer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/placement"
	"holdfast/actors/shard"
	"holdfast/storage"
)

// Host is the engine as its rebalancer meets it. Only Sections' visits may wait.
type Host interface {
	// Sections calls visit for every section in use until visit says no. complete says that all peers have told what
	// they serve of the section's event.
	Sections(visit func(s Section, complete bool) (more bool))
	// Repeat says again what may not have got through to other nodes.
	Repeat()
	// MayMove says that sections may go where the view has them, for it is good enough.
	MayMove() bool
	// Closing says that no section is to begin or to move any more.
	Closing() bool
	// Looked hears that all sections have been looked at.
	Looked()
}

// Section is a section as the rebalancer meets it: a value that can be compared.
type Section interface {
	// Resync tells followers that missed records how far the log is.
	Resync()
	// Situation is what the rule decides by.
	Situation(complete bool) placement.Situation
	// Claim begins to acquire the section.
	Claim()
	// Transfer drains the section for another node, and returns once it has left.
	Transfer(ctx context.Context, successor storage.WriterID)
	// Idle says that the section serves, and nobody has wanted it for long.
	Idle(now time.Time) bool
	// Passivate drains an idle section for nobody in particular, and returns once it has left.
	Passivate(ctx context.Context)
	// Unreceived says that the section is followed, and its records do not come in.
	Unreceived() bool
	// CatchUp looks where the section's log ends, and has the rest read.
	CatchUp(ctx context.Context) error
}

// Rebalancer looks after every change, and once in a while for what nobody told it. All methods but Round are safe for
// concurrent use.
type Rebalancer struct {
	host  Host
	ctx   context.Context
	clock shard.Runtime
	spawn func(work func()) bool

	poke     chan struct{} // capacity 1
	moves    sync.WaitGroup
	mu       sync.Mutex
	moving   map[Section]bool
	draining bool      // this node hands over everything
	repeated time.Time // when repeat was last called
	polling  atomic.Bool
	polled   int // sections polled so far; see poll
}

// Every is the time between two looks when nothing has happened: claims that were refused are tried again.
const Every = 250 * time.Millisecond

const (
	// movesMax is how many sections are handed over at once. More make each one's pause longer, for they share the
	// store.
	movesMax = 4
	// movesMaxDraining is the same of a node that hands over everything: somebody waits for its end.
	movesMaxDraining = 8
	// transferPatience is how long a section may take to leave: a store that is away for longer has the section
	// stopped, to be claimed anew.
	transferPatience = 10 * time.Second
	// pollMax bounds how many logs are looked at in one round: 256 a second. With more sections than that out of reach,
	// their maps are older.
	pollMax = 64
)

// New makes a rebalancer that has not looked yet; ctx ends everything. spawn runs work in the background; false: the
// node has ended.
func New(ctx context.Context, host Host, clock shard.Runtime, spawn func(work func()) bool) *Rebalancer {
	return &Rebalancer{
		host: host, ctx: ctx, clock: clock, spawn: spawn, poke: make(chan struct{}, 1), moving: map[Section]bool{},
	}
}

// Wake asks for a look soon.
func (w *Rebalancer) Wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// Woken says that a look has been asked for since the last round began.
func (w *Rebalancer) Woken() bool { return len(w.poke) > 0 }

// Moving is how many sections leave now.
func (w *Rebalancer) Moving() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.moving)
}

// Drain says whether the node is to hand over everything that the view places elsewhere, at once.
func (w *Rebalancer) Drain(all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draining = all
}

// Draining is what Drain was told last.
func (w *Rebalancer) Draining() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.draining
}

// Run looks until the node ends, and waits then for what moves.
func (w *Rebalancer) Run() {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	defer w.moves.Wait()
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.poke:
		case <-tick.C:
		}
		w.round()
	}
}

// Round is one look of Run's, for those who say themselves when it is time. One goroutine at a time calls it.
func (w *Rebalancer) Round() {
	select {
	case <-w.poke:
	default:
	}
	w.round()
}

// round looks at every section in use once.
func (w *Rebalancer) round() {
	if now := w.clock.Now(); now.Sub(w.repeated) >= Every {
		w.repeated = now
		w.host.Repeat()
		w.poll()
	}
	w.host.Sections(func(s Section, complete bool) bool {
		if w.host.Closing() {
			return false
		}
		w.look(s, complete)
		if s.Idle(w.clock.Now()) {
			w.move(s, s.Passivate)
		}
		return true
	})
	w.host.Looked()
}

// look does its duty by one section.
func (w *Rebalancer) look(s Section, complete bool) {
	s.Resync()
	c := s.Situation(complete)
	switch placement.ActionFor(c) {
	case placement.Claim:
		s.Claim()
	case placement.Transfer:
		if w.host.MayMove() || w.Draining() {
			w.move(s, func(ctx context.Context) { s.Transfer(ctx, c.Placed) })
		}
	case placement.Stay:
	}
}

// move has a section leave in the background, if not too many do.
func (w *Rebalancer) move(s Section, leave func(ctx context.Context)) {
	w.mu.Lock()
	limit := movesMax
	if w.draining {
		limit = movesMaxDraining
	}
	if w.moving[s] || len(w.moving) >= limit {
		w.mu.Unlock()
		return
	}
	w.moving[s] = true
	w.mu.Unlock()
	w.clock.Spawn(&w.moves, func() {
		defer w.moved(s)
		ctx, cancel := context.WithDeadline(w.ctx, w.clock.Now().Add(transferPatience))
		defer cancel()
		leave(ctx)
	})
}

func (w *Rebalancer) moved(s Section) {
	w.mu.Lock()
	delete(w.moving, s)
	w.mu.Unlock()
	w.Wake()
}

// poll looks where the logs end whose records do not come in: their owner cannot be reached from here, and may well
// serve. So a node that is cut off from others, and not from the store, shows maps that are a moment old (P9), and not
// those of when it was cut off.
func (w *Rebalancer) poll() {
	var unreceived []Section
	w.host.Sections(func(s Section, _ bool) bool {
		if s.Unreceived() {
			unreceived = append(unreceived, s)
		}
		return true
	})
	if len(unreceived) == 0 || w.polling.Swap(true) {
		return
	}
	from := w.polled % len(unreceived)
	n := min(len(unreceived), pollMax)
	w.polled = from + n
	unreceived = append(unreceived, unreceived...)[from : from+n]
	if !w.spawn(func() { w.pollAll(unreceived) }) {
		w.polling.Store(false)
	}
}

func (w *Rebalancer) pollAll(list []Section) {
	defer w.polling.Store(false)
	for _, s := range list {
		if s.CatchUp(w.ctx) != nil {
			return // the store is away: the next round tries again
		}
	}
}
