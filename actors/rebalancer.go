package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/placement"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// rebalancer sees to it that sections are where the view wants them: it claims what is placed here and stands still,
// and hands over, a few at a time, what is placed elsewhere. It looks after every change, and once in a while for what
// nobody told it.
type rebalancer struct {
	e         *Engine
	poke      chan struct{} // capacity 1
	moves     sync.WaitGroup
	mu        sync.Mutex
	moving    map[*Section]bool
	releasing bool // this node lets go of everything
	// repeated is when repeat was last called.
	repeated time.Time
	polling  atomic.Bool
	polled   int // sections polled so far; see poll
}

const (
	// rebalanceEvery is the time between two looks when nothing has happened: claims that were refused are tried again.
	rebalanceEvery = 250 * time.Millisecond
	// movesMax is how many sections are handed over at once. More make each one's pause longer, for they share the store.
	movesMax = 4
	// movesMaxReleasing is the same of a node that lets go of everything: somebody waits for its end.
	movesMaxReleasing = 8
)

func newRebalancer(e *Engine) *rebalancer {
	return &rebalancer{e: e, poke: make(chan struct{}, 1), moving: map[*Section]bool{}}
}

func (w *rebalancer) wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

func (w *rebalancer) run() {
	tick := time.NewTicker(rebalanceEvery)
	defer tick.Stop()
	defer w.moves.Wait()
	for {
		select {
		case <-w.e.ctx.Done():
			return
		case <-w.poke:
		case <-tick.C:
		}
		w.round()
	}
}

// round looks at every section in use once.
func (w *rebalancer) round() {
	var inDoubt, uncertain int64
	var which []*Section
	defer func() {
		w.e.eventLog.Fallback(inDoubt, uncertain, func() string { return w.e.describe(which, inDoubt) })
	}()
	if now := w.e.clock.Now(); now.Sub(w.repeated) >= rebalanceEvery {
		w.repeated = now
		w.repeat()
	}
	for id, ev := range *w.e.catalog.Load() {
		o := ev.ready.Load()
		if o == nil {
			continue
		}
		heard := w.e.peerRPC.HeardAll(id)
		for _, s := range o.sections {
			if w.e.closing.Load() {
				return
			}
			w.look(s, heard)
			w.maybePassivate(s, w.e.clock.Now())
			doubt, unsure := s.inDoubt()
			if doubt > 0 && len(which) < describedMax {
				which = append(which, s)
			}
			inDoubt, uncertain = inDoubt+doubt, uncertain+unsure
		}
	}
}

// repeat says again what may not have got through, and gives up what is not coming any more.
func (w *rebalancer) repeat() {
	w.e.peerRPC.Tick()
	w.poll()
}

// pollMax bounds how many logs are looked at in one round: 256 a second. With more sections than that out of reach,
// their maps are older.
const pollMax = 64

// poll looks where the logs end whose records do not come in: their owner cannot be reached from here, and may well
// serve. So a node that is cut off from others, and not from the store, shows maps that are a moment old (P9), and not
// those of when it was cut off.
func (w *rebalancer) poll() {
	var unheard []*Section
	for _, ev := range *w.e.catalog.Load() {
		if o := ev.ready.Load(); o != nil {
			for _, s := range o.sections {
				if f := s.following(); f != nil && !s.remote.Announced() {
					unheard = append(unheard, s)
				}
			}
		}
	}
	if len(unheard) == 0 || w.polling.Swap(true) {
		return
	}
	from := w.polled % len(unheard)
	n := min(len(unheard), pollMax)
	w.polled = from + n
	unheard = append(unheard, unheard...)[from : from+n]
	if !w.e.spawn(func() { w.pollAll(unheard) }) {
		w.polling.Store(false)
	}
}

func (w *rebalancer) pollAll(list []*Section) {
	defer w.polling.Store(false)
	for _, s := range list {
		tail, err := w.e.cfg.Store.Tail(w.e.ctx, s.key)
		if err != nil {
			return // the store is away: the next round tries again
		}
		if f := s.following(); f != nil {
			f.Heard(tail.Seq)
		}
	}
}

// look does its duty by one section; heard says that all peers have told what they serve of its event.
func (w *rebalancer) look(s *Section, heard bool) {
	s.remote.Resync()
	c := placement.Situation{Routing: s.remote.Routing()}
	if !c.Serving {
		c.Stopped, c.OwnerAnnounced = heard && s.shard.MayActivate() && !s.passivated.Load(), s.remote.Announced()
	} else if c.Placed != c.Me {
		c.Ready = c.PlacedUp && w.e.peerRPC.Follows(c.Placed, s.key.Event)
	}
	switch placement.ActionFor(c) {
	case placement.Claim:
		_, _ = s.shard.Activate() // ErrUnavailable: it rests
	case placement.Transfer:
		if w.mayMove() {
			w.transfer(s, c.Placed)
		}
	case placement.Stay:
	}
}

// mayMove says that sections may go where the view has them. After an outage of the store those whose beats come first
// are alone in the view for a moment: whoever was cut off until now keeps what it has, until its lease is good again
// and the others have been heard. A node that lets go of everything does not wait.
func (w *rebalancer) mayMove() bool {
	_, sure := w.e.cfg.Lease()
	return sure || w.isReleasing()
}

// inDoubt counts the section when it was tried to be claimed here and is not, and nobody who can be reached has it.
func (s *Section) inDoubt() (doubt, uncertain int64) {
	var phase writer.Phase
	var why error
	failures := 0
	s.shard.Inspect(func(life *writer.Lifecycle) { phase, why, failures = life.Phase(), life.Why(), life.Failures() })
	if phase == Serving || phase == Draining || failures == 0 || !s.PlacedHere() || s.remote.Announced() {
		return 0, 0
	}
	if writer.Undecided(why) {
		return 1, 1
	}
	return 1, 0
}

// transfer moves a section, if not too many are moving.
func (w *rebalancer) transfer(s *Section, heir storage.WriterID) {
	w.begin(s, func(ctx context.Context) { s.transfer(ctx, heir) })
}

// begin lets go of a section aside, if not too many are letting go.
func (w *rebalancer) begin(s *Section, letGo func(ctx context.Context)) {
	w.mu.Lock()
	limit := movesMax
	if w.releasing {
		limit = movesMaxReleasing
	}
	if w.moving[s] || len(w.moving) >= limit {
		w.mu.Unlock()
		return
	}
	w.moving[s] = true
	w.mu.Unlock()
	w.e.clock.Spawn(&w.moves, func() {
		defer w.moved(s)
		ctx, cancel := context.WithDeadline(w.e.ctx, w.e.clock.Now().Add(transferPatience))
		defer cancel()
		letGo(ctx)
	})
}

// transferPatience is how long a section may take to let go: a store that is away for longer has the section stopped,
// to be claimed anew.
const transferPatience = 10 * time.Second

func (w *rebalancer) moved(s *Section) {
	w.mu.Lock()
	delete(w.moving, s)
	w.mu.Unlock()
	w.wake()
}

// ErrNobodyElse: there is no other node that could take the sections.
var ErrNobodyElse = errors.New("actors: no other node can take the sections")

// releaseAllEvery is how often a node that lets go looks whether it has.
const releaseAllEvery = 10 * time.Millisecond

// ReleaseAll hands every section over to other nodes, which the view must name already (this node is to be a member
// that owns nothing), and returns once none is left. Requests are served all the while, here or there. ErrNobodyElse;
// ctx's error: the rest is still here.
func (e *Engine) ReleaseAll(ctx context.Context) error {
	if e.rebalancer == nil {
		return ErrNobodyElse
	}
	e.rebalancer.mu.Lock()
	e.rebalancer.releasing = true
	e.rebalancer.mu.Unlock()
	for e.stats.SectionsServing.Load() > 0 && e.rebalancer.isReleasing() {
		owner := e.peerRPC.Links.View().Owner(storage.SectionKey{})
		if owner == e.writer || owner == (storage.WriterID{}) {
			return ErrNobodyElse
		}
		e.rebalancer.wake()
		if e.clock.Pause(ctx, releaseAllEvery); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (w *rebalancer) isReleasing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.releasing
}

// Resume ends ReleaseAll: the node takes sections again once the view gives it some.
func (e *Engine) Resume() {
	if e.rebalancer != nil {
		e.rebalancer.mu.Lock()
		e.rebalancer.releasing = false
		e.rebalancer.mu.Unlock()
	}
}

// Rebalance has this node look at once which of its sections belong elsewhere. It does so by itself after every change
// and four times a second, so that nothing depends on it: it is for an operator who does not want to wait.
func (e *Engine) Rebalance() {
	if e.rebalancer != nil {
		e.rebalancer.wake()
	}
}
