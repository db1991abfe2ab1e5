package shard

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/machine"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Shard is one log and its machine on this node, across its lives.
type Shard struct {
	node *Node
	host Host
	sees Observer
	key  storage.SectionKey
	kind machine.Kind
	seen *witness.Seen // what is known to have been acknowledged

	serving atomic.Pointer[Activation]    // nil unless Serving
	leaving atomic.Pointer[chan struct{}] // closed when the shard has left; nil: it is not about to

	mu      sync.Mutex
	life    writer.Lifecycle
	settled chan struct{} // closed when an activation under way ends, either way
	frozen  bool          // it is never activated again
}

// New makes a shard that stands still. sees may be nil.
func New(
	node *Node, host Host, sees Observer, key storage.SectionKey, kind machine.Kind, seen *witness.Seen,
	gauge *writer.PhaseGauge,
) *Shard {
	if sees == nil {
		sees = nobody{}
	}
	return &Shard{
		node: node, host: host, sees: sees, key: key, kind: kind, seen: seen, life: writer.NewLifecycle(gauge),
	}
}

// Key names the shard's log.
func (s *Shard) Key() storage.SectionKey { return s.key }

// Writer is this process, as claims and records name it.
func (s *Shard) Writer() storage.WriterID { return s.node.Writer }

// Serving is the life that takes requests now; nil: none does.
func (s *Shard) Serving() *Activation { return s.serving.Load() }

// Leaving is closed when the shard has left; nil: it is not about to.
func (s *Shard) Leaving() <-chan struct{} {
	if left := s.leaving.Load(); left != nil {
		return *left
	}
	return nil
}

// Inspect calls look with the lifecycle under the shard's lock, under which every move is made. What the host keeps
// consistent with a phase is changed in it.
func (s *Shard) Inspect(look func(life *writer.Lifecycle)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	look(&s.life)
}

// Phase is where the shard stands.
func (s *Shard) Phase() (p writer.Phase) {
	s.Inspect(func(life *writer.Lifecycle) { p = life.Phase() })
	return p
}

// Why is the reason of its last stop.
func (s *Shard) Why() (why error) {
	s.Inspect(func(life *writer.Lifecycle) { why = life.Why() })
	return why
}

// MayActivate says that the shard stands still and nothing keeps it from being claimed.
func (s *Shard) MayActivate() (may bool) {
	s.Inspect(func(life *writer.Lifecycle) { may = !life.Rests(s.node.Runtime.Now()) })
	return may
}

// Run passes a request to the life that serves, and judges it on the caller's goroutine if the shard is idle: for
// whoever waits for the answer anyway, and holds no lock. Otherwise it is Send.
func (s *Shard) Run(r *writer.Request) (sent bool, failed *writer.Failure) { return s.pass(r, true) }

// Send passes a request to the life that serves. sent is false when none does. Overloaded: too many are inside.
func (s *Shard) Send(r *writer.Request) (sent bool, failed *writer.Failure) { return s.pass(r, false) }

func (s *Shard) pass(r *writer.Request, inline bool) (sent bool, failed *writer.Failure) {
	a := s.serving.Load()
	if a == nil {
		return false, nil
	}
	if !a.enter() {
		return false, Overloaded
	}
	if s.serving.Load() != a {
		a.undo()
		return false, nil
	}
	a.send(r, inline)
	return true, nil
}

// AwaitLeft waits while the shard is leaving: no other may claim it before. False: the deadline came first.
func (s *Shard) AwaitLeft(deadline time.Time) bool {
	left := s.Leaving()
	if left == nil {
		return true
	}
	return s.node.Runtime.Await(s.node.Context, deadline, left, nil)
}

// Await activates the shard and waits until it serves. writer.ErrUnavailable: it does not by the deadline.
func (s *Shard) Await(deadline time.Time) error {
	settled, err := s.Activate()
	if err != nil {
		return err
	}
	if !s.node.Runtime.Await(context.Background(), deadline, settled, nil) || s.serving.Load() == nil {
		return writer.ErrUnavailable
	}
	return nil
}

// Closed is a channel that is closed.
var Closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Activate begins to acquire the shard unless that is under way; the channel closes when it has ended. After failures
// it refuses (writer.ErrUnavailable) for a growing while, so that a store in trouble is not hammered.
func (s *Shard) Activate() (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.life.Phase() {
	case writer.Serving:
		return Closed, nil
	case writer.Acquiring, writer.Loading:
		return s.settled, nil
	case writer.Draining, writer.Condemned:
		return nil, writer.ErrUnavailable
	}
	if s.frozen || s.node.Closing() || !s.host.PlacedHere() || !s.life.Begin(s.node.Runtime.Now()) {
		return nil, writer.ErrUnavailable
	}
	s.settled = make(chan struct{})
	if !s.node.Spawn(s.acquire) {
		s.life.Halt(ErrDrained, time.Now())
		close(s.settled)
	}
	return s.settled, nil
}

// ActivateNow activates a shard that stands still, whatever rest it was to keep.
func (s *Shard) ActivateNow() {
	s.Inspect((*writer.Lifecycle).Hurry)
	_, _ = s.Activate() // ErrUnavailable: condemned, or the node closes
}

// Freeze keeps the shard from being activated, if it is quiet: it stands still, or serves nobody and has no timer.
func (s *Shard) Freeze() (quiet bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, p := s.serving.Load(), s.life.Phase()
	s.frozen = p == writer.Stopped || p == writer.Serving && a != nil && a.Inflight() == 0 && !a.HasTimer()
	return s.frozen
}

// Thaw ends that.
func (s *Shard) Thaw() {
	s.mu.Lock()
	s.frozen = false
	s.mu.Unlock()
}

// acquire claims, loads and starts the shard, at most a few at a time.
func (s *Shard) acquire() {
	s.node.Activations <- struct{}{}
	defer func() { <-s.node.Activations }()
	start := s.node.Runtime.Now()
	lease, _ := s.node.Lease() // before the claim, which proves it
	m, tail, replayed, err := s.claimAndLoad()
	if err == nil {
		err = s.host.Loaded(m, tail)
	}
	if err != nil {
		s.failed(err)
		return
	}
	a := s.start(m, tail, lease)
	s.sees.Serving(a, tail, replayed, s.node.Runtime.Now().Sub(start))
}

func (s *Shard) claimAndLoad() (machine.Machine, storage.Tail, int, error) {
	ctx := s.node.Context
	at, sure := s.node.Stamp()
	if !sure {
		return nil, storage.Tail{}, 0, s.node.ErrClock
	}
	entry, err := writer.Claim(ctx, s.node.Store, s.key, s.claimant(), at)
	if err != nil {
		return nil, storage.Tail{}, 0, err
	}
	tail := entry.After(storage.HashEntry(&entry))
	s.Inspect(func(life *writer.Lifecycle) { life.To(writer.Loading) })
	if m, at := s.host.Claimed(&entry); m != nil && at.Seq <= tail.Seq {
		if at.Hash == entry.Prev { // it has followed to the end
			m.Begin(tail.Seq)
			return m, tail, 0, nil
		}
		if replayed, err := writer.LoadFrom(ctx, s.node.Store, s.key, m, at, tail); err == nil {
			return m, tail, replayed, nil
		}
	}
	m, replayed, err := writer.Load(ctx, s.node.Store, s.key, s.kind, tail)
	return m, tail, replayed, err
}

func (s *Shard) claimant() writer.Claimant {
	return writer.Claimant{Writer: s.node.Writer, Name: s.node.Name, May: s.node.MayClaim, Pause: s.node.Runtime.Pause,
		Seen: s.seen}
}

// start lets requests in.
func (s *Shard) start(m machine.Machine, tail storage.Tail, lease uint64) *Activation {
	act := &Activation{node: s.node, root: s.node.System.Root, mailbox: newMailbox(), epoch: tail.Epoch,
		ended: make(chan struct{})}
	act.lease.Store(lease)
	a := &shardActor{node: s.node, host: s.host, shard: s, act: act, w: writer.New(s.key, s.node.Writer, tail, m)}
	s.mu.Lock() // before the actor lives: should it die at once, it finds its shard serving
	defer s.mu.Unlock()
	act.pid = act.root.Spawn(
		actor.PropsFromProducer(
			func() actor.Actor { return a }, actor.WithDispatcher(s.node.Dispatcher),
			actor.WithMailbox(func() actor.Mailbox { return act.mailbox }),
		),
	)
	s.life.Served()
	s.serving.Store(act)
	close(s.settled)
	return act
}

func (s *Shard) failed(err error) {
	s.sees.Ending(err, false)
	s.mu.Lock()
	delay, again := s.life.Failed(err, s.node.Runtime.Now())
	repeated := s.life.Failures() > 1 && writer.Undecided(err)
	close(s.settled)
	s.mu.Unlock()
	s.sees.Failed(err, repeated)
	if again { // its timers must run, whether or not anybody asks
		s.node.Runtime.AfterFunc(
			delay, func() { _, _ = s.Activate() },
		) // ErrUnavailable: somebody else began, or the node closes
	}
}

// stopped hears from a life that it ended; a second word from the same one is ignored, whatever has happened to the
// shard since. The shard comes back by itself, unless it was drained or somebody else owns it now: then only a request
// that comes after a rest may claim it, if MayClaim agrees. m is its speculative memory, good only for taking back what
// it added to its surroundings; nil when even that is lost.
//
// The surroundings are right before the shard may come back: whoever finds it serving again finds them so.
func (s *Shard) stopped(a *Activation, m machine.Machine, why error) {
	s.mu.Lock()
	if a.over {
		s.mu.Unlock()
		return
	}
	a.over = true
	s.serving.CompareAndSwap(a, nil)
	s.mu.Unlock()
	defer s.stop(a, why) // also should the dead state be too broken to be read
	if m != nil {
		s.host.Died(m)
	}
}

// stop is the end of stopped: from here on the shard may be activated again.
func (s *Shard) stop(a *Activation, why error) {
	s.sees.Ending(why, true)
	s.mu.Lock()
	s.life.Halt(why, s.node.Runtime.Now())
	close(a.ended)
	if left := s.leaving.Swap(nil); left != nil {
		close(*left)
	}
	s.mu.Unlock()
	s.sees.Stopped(a, why)
	if why != ErrDrained {
		_, _ = s.Activate() // ErrUnavailable means that it may not come back now: the next request tries again
	}
}

// Drain lets what is in flight land, keeps a snapshot and stops. It returns when done or when ctx ends.
func (s *Shard) Drain(ctx context.Context, how Leave) {
	s.mu.Lock()
	a := s.serving.Load()
	if a == nil {
		s.mu.Unlock()
		return
	}
	a.leave.Store(&how)
	s.life.To(writer.Draining)
	if how.Release {
		left := make(chan struct{})
		s.leaving.Store(&left)
	}
	s.serving.Store(nil)
	s.mu.Unlock()
	done := make(chan struct{})
	a.root.Send(a.pid, &drainOrder{release: how.Release, done: func() { close(done) }})
	until, _ := ctx.Deadline()
	if !s.node.Runtime.Await(ctx, until, done, a.ended) { // ended: it died before it read the order
		a.GiveUp() // the waiters inside are refused now rather than at their own deadlines
	}
}
