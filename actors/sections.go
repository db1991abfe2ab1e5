package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/peer"
	"holdfast/actors/placement"
	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Section is one section of an event on this node, across its incarnations.
type Section struct {
	engine *Engine
	ev     *event
	key    storage.SectionKey
	layout *section.Layout
	rules  section.Rules

	serving atomic.Pointer[incarnation] // nil unless Serving
	// remembersFrom, in milliseconds since the epoch: requests judged before it are out of the section's memory.
	remembersFrom atomic.Int64
	directory     placement.Entry               // who serves it elsewhere, as far as this node has heard
	asked         atomic.Int64                  // requests on their way to its node
	unsynced      atomic.Bool                   // a follower was not told of a record
	lastEpoch     atomic.Uint64                 // of the newest life here
	suspected     atomic.Bool                   // its log is being held against what is known
	asleep        atomic.Bool                   // neither served nor followed here; see passivate.go
	quietSince    time.Time                     // the steward's
	leaving       atomic.Pointer[chan struct{}] // closed when the section has let go; nil: it is not about to

	unmet *atomic.Int32 // of the event
	seen  *witness.Seen // what is known to have been acknowledged

	mu       sync.Mutex
	met      bool // the event's index has the keys that it has met; unmet counts those without
	life     writer.Lifecycle
	follower *follower     // nil: served here, or alone, or not begun
	settled  chan struct{} // closed when an activation under way ends, either way
	gone     bool          // its event has been closed: it is never activated again
}

// Send passes a request to the section's actor: here, activating it when needed and waiting for that until the
// deadline, or on the node that has it. An error means that the section has not seen the request.
func (s *Section) Send(r *Request, deadline time.Time) error {
	for attempt := 0; ; attempt++ {
		if inc := s.serving.Load(); inc != nil {
			if !inc.enter() {
				return ErrOverloaded
			}
			if s.serving.Load() == inc {
				s.holdSearch(r)
				inc.send(r)
				return nil
			}
			inc.inflight.Add(-1) // it stopped meanwhile: its tombstone must not wait for this slot
			inc.root.Send(inc.pid, wakeUp{})
		}
		if !s.awaitLeft(deadline) {
			return ErrUnavailable
		}
		to, err := s.route()
		if err != nil {
			return err
		}
		if to != s.engine.writer {
			return s.askPeer(to, r, deadline)
		}
		if err := s.await(deadline); err != nil && (attempt > 0 || !s.foundElsewhere()) {
			return err
		}
	}
}

// holdSearch keeps the generation of a search open while a request of it is inside: the search may give up waiting
// before.
func (s *Section) holdSearch(r *Request) {
	if r.gen != 0 {
		s.engine.coordinator.hold(r.gen)
		r.held = true
	}
}

// awaitLeft waits while the section is letting go: whoever comes next cannot claim it before. False: the deadline came
// first.
func (s *Section) awaitLeft(deadline time.Time) bool {
	left := s.leaving.Load()
	if left == nil {
		return true
	}
	return s.engine.clock.await(s.engine.ctx, deadline, *left, nil)
}

// await waits until the section serves.
func (s *Section) await(deadline time.Time) error {
	settled, err := s.activate()
	if err != nil {
		return err
	}
	if !s.engine.clock.await(context.Background(), deadline, settled, nil) || s.serving.Load() == nil {
		return ErrUnavailable
	}
	return nil
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// activate begins to acquire the section unless that is under way; the channel closes when it has ended. After failures
// it refuses for a growing while, so that a store in trouble is not hammered.
func (s *Section) activate() (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.life.Phase() {
	case Serving:
		return closedChan, nil
	case Acquiring, Loading:
		return s.settled, nil
	case Draining, Condemned:
		return nil, ErrUnavailable
	}
	if s.gone || s.engine.closing.Load() || !s.placedHere() || !s.life.Begin(s.engine.clock.now()) {
		return nil, ErrUnavailable
	}
	s.settled = make(chan struct{})
	if !s.engine.spawn(s.acquire) {
		s.life.Halt(errDrained, time.Now())
		close(s.settled)
	}
	return s.settled, nil
}

// acquire claims, loads and starts the section, at most a few at a time.
func (s *Section) acquire() {
	s.engine.activations <- struct{}{}
	defer func() { <-s.engine.activations }()
	start := s.engine.clock.now()
	lease, _ := s.engine.cfg.Lease() // before the claim, which proves it
	m, tail, replayed, err := s.claimAndLoad()
	if err == nil {
		err = s.seen.Mark().CheckCharged(s.key, tail, m.LastNo())
	}
	if err != nil {
		s.acquireFailed(err)
		return
	}
	s.tellAhead(m.LastAt())
	s.start(m, tail, lease)
	s.engine.eventLog.SectionServing(s.key, tail.Epoch, replayed, s.engine.clock.now().Sub(start))
}

func (s *Section) claimAndLoad() (*section.Machine, storage.Tail, int, error) {
	ctx := s.engine.ctx
	at, sure := s.engine.stamp()
	if !sure {
		return nil, storage.Tail{}, 0, errClock
	}
	entry, err := writer.Claim(ctx, s.engine.cfg.Store, s.key, s.claimant(), at)
	if err != nil {
		return nil, storage.Tail{}, 0, err
	}
	tail := entry.After(storage.HashEntry(&entry))
	s.directory.SetTailIsOurs(true)
	s.move(Loading)
	s.streamEntry(&entry)
	if m, at := s.takeFollower(); m != nil && at.Seq <= tail.Seq {
		if at.Hash == entry.Prev { // it has followed to the end
			m.Begin(tail.Seq)
			return m, tail, 0, nil
		}
		if replayed, err := writer.LoadFrom(ctx, s.engine.cfg.Store, s.key, m, at, tail); err == nil {
			return m, tail, replayed, nil
		}
	}
	m, replayed, err := writer.Load(ctx, s.engine.cfg.Store, s.key, s.kind(), tail)
	if err != nil {
		return nil, tail, 0, err
	}
	return m.(*section.Machine), tail, replayed, nil
}

func (s *Section) claimant() writer.Claimant {
	e := s.engine
	return writer.Claimant{Writer: e.writer, Name: e.cfg.Name, May: e.cfg.MayClaim, Pause: e.clock.pause, Seen: s.seen}
}

func (s *Section) kind() *section.Kind { return &section.Kind{Layout: s.layout, Rules: s.rules} }

func (s *Section) move(to writer.Phase) {
	s.mu.Lock()
	s.life.To(to)
	s.mu.Unlock()
}

// start makes everything that derives from the state true before the first request can come in.
func (s *Section) start(m *section.Machine, tail storage.Tail, lease uint64) {
	s.ev.adopt(s, m.State)
	inc := &incarnation{root: s.engine.system.Root, limit: s.engine.cfg.InflightMax, epoch: tail.Epoch, ended: make(chan struct{})}
	inc.lease.Store(lease)
	a := &sectionActor{host: s, inc: inc, w: writer.New(s.key, s.engine.writer, tail, m), m: m}
	s.ev.live.Reset(s.key.Section, tail.Seq, m.AppendLetters(nil), m.Free())
	s.mu.Lock() // before the actor lives: should it die at once, it finds its section serving
	inc.pid = inc.root.Spawn(actor.PropsFromProducer(func() actor.Actor { return a }, actor.WithDispatcher(s.engine.dispatcher)))
	s.life.Served()
	s.meet()
	s.asleep.Store(false)
	s.lastEpoch.Store(uint64(tail.Epoch))
	s.serving.Store(inc)
	s.engine.stats.SectionsServing.Add(1)
	close(s.settled)
	s.mu.Unlock()
	if s.engine.desk != nil {
		s.directory.Clear()
		s.announce(&peer.Serving{Section: s.key, Epoch: tail.Epoch, Seq: tail.Seq})
	}
}

func (s *Section) acquireFailed(err error) {
	s.learnOwner(err)
	s.mu.Lock()
	s.engine.stats.stopped(err)
	delay, again := s.life.Failed(err, s.engine.clock.now())
	s.mayHaveMet()
	repeated := s.life.Failures() > 1 && writer.Undecided(err)
	close(s.settled)
	s.mu.Unlock()
	s.follow()
	if !repeated { // a store that is away is said once for each section
		s.tellStopped(err)
	}
	if again { // its holds must end on the map, whether or not anybody asks
		s.engine.clock.after(delay, func() { _, _ = s.activate() }) // ErrUnavailable: somebody else began, or the engine closes
	}
}

// claimNow activates a section that stands still, whatever rest it was to keep.
func (s *Section) claimNow() {
	s.mu.Lock()
	s.life.Hurry()
	s.mu.Unlock()
	_, _ = s.activate() // ErrUnavailable: condemned, or the engine closes
}

// foreign says that the section stands still because it is another node's.
func (s *Section) foreign() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life.Phase() == Stopped && writer.LostTo(s.life.Why())
}

// stopped hears from an incarnation that it ended; a second word from the same one is ignored, whatever has happened to
// the section since. The section comes back by itself, unless it was drained or somebody else owns it now: then only a
// request that comes after a rest may claim it, if Config.MayClaim agrees. state is its speculative memory, good only
// for taking back what it added to the event's ledgers; nil when even that is lost.
//
// The ledgers and counters are right before the section may come back: whoever finds it serving again finds them so.
func (s *Section) stopped(inc *incarnation, state *section.State, why error) {
	s.mu.Lock()
	if inc.over {
		s.mu.Unlock()
		return
	}
	inc.over = true
	s.serving.CompareAndSwap(inc, nil)
	s.mu.Unlock()
	defer s.stop(inc, why) // also should the dead state be too broken to be read
	if state != nil {
		s.ev.disown(state)
	}
}

// stop is the end of stopped: from here on the section may be activated again.
func (s *Section) stop(inc *incarnation, why error) {
	s.learnOwner(why)
	s.mu.Lock()
	s.life.Halt(why, s.engine.clock.now())
	s.mayHaveMet()
	close(inc.ended)
	if left := s.leaving.Swap(nil); left != nil {
		close(*left)
	}
	s.engine.stats.SectionsServing.Add(-1)
	s.engine.stats.stopped(why)
	s.mu.Unlock()
	s.tellStopped(why)
	if s.engine.desk != nil {
		s.follow() // before it can be claimed anew: then it goes on from here
		if !errors.Is(why, errDrained) {
			s.announce(&peer.Released{Section: s.key, Epoch: inc.epoch})
		}
		s.engine.steward.wake()
	}
	if !errors.Is(why, errDrained) {
		_, _ = s.activate() // ErrUnavailable means that it may not come back now: the next request tries again
	}
}

// landed publishes a durable record: the map first, then (by the caller) its answers.
func (s *Section) landed(p *writer.Record, took time.Duration) {
	e := p.Effects.(*section.Effects)
	s.ev.live.Publish(&Delta{Section: s.key.Section, Seq: p.Append.Entry.Seq, Changes: e.Seats})
	s.saw(p.Append.Entry.Kind, p.Append.Entry.Seq, p.Append.Entry.Epoch, p.Hash)
	s.streamEntry(&p.Append.Entry)
	s.engine.stats.landed(p, took)
	if p.Snapshot != nil {
		s.engine.snapshots.save(s.key, *p.Snapshot)
	}
}

// drainNow lets what is in flight land, keeps a snapshot and stops. With release the log says then that anybody may
// claim the section. It returns when done or when ctx ends.
func (s *Section) drainNow(ctx context.Context, release bool) {
	s.mu.Lock()
	inc := s.serving.Load()
	if inc == nil {
		s.mu.Unlock()
		return
	}
	s.life.To(Draining)
	if release {
		left := make(chan struct{})
		s.leaving.Store(&left)
	}
	s.serving.Store(nil)
	s.mu.Unlock()
	done := make(chan struct{})
	inc.root.Send(inc.pid, &drainOrder{release: release, done: func() { close(done) }})
	until, _ := ctx.Deadline()
	if !s.engine.clock.await(ctx, until, done, inc.ended) { // ended: it died before it read the order
		inc.root.Send(inc.pid, giveUp{}) // whoever waits inside is refused now rather than at the own deadline
	}
}

// letGo hears from an incarnation that the log has its release: what it knew is what the log says, up to tail.
func (s *Section) letGo(inc *incarnation, m *section.Machine, tail storage.Tail) {
	s.directory.SetTailIsOurs(false)
	if inc.tired.Load() {
		s.asleep.Store(true)
		s.ev.disown(m.State)
	} else {
		s.followOn(m, tail)
	}
	released := peer.Released{Section: s.key, Epoch: inc.epoch}
	if heir := inc.heir.Load(); heir != nil {
		released.Successor = *heir
		s.directory.Hear(*heir, inc.epoch, false)
	}
	s.announce(&released)
}

// handOver drains the section for another node, which is told once the log says so. What came in meanwhile is told that
// it moved.
func (s *Section) handOver(ctx context.Context, heir storage.WriterID) {
	inc := s.serving.Load()
	if inc == nil {
		return
	}
	inc.heir.Store(&heir)
	s.engine.stats.HandedOver.Add(1)
	s.drainNow(ctx, true)
}
