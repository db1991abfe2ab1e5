package machinetest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/machine"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// patience is how long a case waits for what must come. It is never waited for in a run that passes.
const patience = time.Minute

// errClock is what a node of the suite says that does not believe its clock.
var errClock = &writer.Failure{Class: writer.NotDone, Why: errors.New("machinetest: the clock is not believed")}

// standing is a runtime whose time stands, so that a rest ends when the case says so.
type standing struct {
	shard.RealRuntime
	at atomic.Int64
}

func (r *standing) Now() time.Time { return time.Unix(0, r.at.Load()) }

// site is one node with one shard. Several of one bench share the log.
type site struct {
	*bench
	*shard.Shard
	node      shard.Node
	host      *host
	faults    *faultstore.Store
	runtime   standing
	may       atomic.Bool   // claim from a writer that has not released
	lease     atomic.Uint64 // its number; 0: there is none
	clockLost atomic.Bool
	closing   atomic.Bool
	work      sync.WaitGroup

	mu        sync.Mutex
	snapshots []storage.Snapshot
}

// newSite makes a node that stands still. kind is what its shard runs.
func (b *bench) newSite(kind machine.Kind) *site {
	b.Helper()
	s := &site{bench: b, host: newHost(b), faults: faultstore.Wrap(b.store, 1)}
	s.runtime.at.Store(1)
	s.lease.Store(1)
	ctx, cancel := context.WithCancel(context.Background())
	committer := writer.NewCommitter(ctx, 1, 0, s.faults.Commit, nil)
	dispatcher := shard.NewDispatcher()
	s.node = shard.Node{
		Context: ctx, Runtime: &s.runtime, Store: s.faults, Committer: committer, SaveSnapshot: s.saveSnapshot,
		Writer: b.writerID(), Name: "suite", MayClaim: s.mayClaim, Closing: s.closing.Load, InflightMax: 1 << 20,
		Lease: func() (uint64, bool) { number := s.lease.Load(); return number, number > 0 },
		Stamp: func() (machine.Instant, bool) { return b.now(), !s.clockLost.Load() },
		Spawn: func(work func()) bool { s.work.Go(work); return true },
		// One at a time is enough, and finds an activation that never ends.
		Activations: make(chan struct{}, 1), Dispatcher: dispatcher, ErrClock: errClock,
		System: actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(slog.DiscardHandler)
		})),
	}
	s.Shard = shard.New(&s.node, s.host, s.host, b.key, kind, witness.New().Of(b.key), nil)
	s.host.shard = s.Shard
	b.Cleanup(func() {
		s.closing.Store(true)
		s.faults.Heal()
		if a := s.Serving(); a != nil {
			a.GiveUp()
			<-a.Ended()
		}
		s.work.Wait()
		committer.Close()
		cancel()
		s.node.System.Shutdown()
		dispatcher.Close()
	})
	return s
}

func (s *site) mayClaim(_ storage.SectionKey, tail storage.Tail) bool {
	return s.may.Load() || tail.Seq == 0 || tail.Kind == storage.EntryReleased
}

func (s *site) saveSnapshot(_ storage.SectionKey, snapshot storage.Snapshot) {
	s.mu.Lock()
	s.snapshots = append(s.snapshots, snapshot)
	s.mu.Unlock()
	_ = s.store.SaveSnapshot(context.Background(), s.key, snapshot) // a memory store that is open cannot fail
}

// await gives the next word of a channel.
func await[T any](b *bench, what string, from <-chan T) (word T) {
	b.Helper()
	select {
	case word = <-from:
	case <-time.After(patience):
		b.Fatalf("%s: not after %v", what, patience)
	}
	return word
}

// serve activates the shard and gives the life that serves.
func (s *site) serve() *shard.Activation {
	s.Helper()
	settled, err := s.Activate()
	s.must(err)
	await(s.bench, "the activation", settled)
	a := await(s.bench, "a life", s.host.served)
	if s.Serving() != a || s.Phase() != writer.Serving {
		s.Fatalf("activated, it is %v: %v", s.Phase(), s.Why())
	}
	return a
}

// send passes a command on; nil: nobody takes it.
func (s *site) send(command any) *writer.Request {
	s.Helper()
	r := &writer.Request{Payload: command}
	r.Init()
	sent, failure := s.Send(r)
	if failure != nil {
		s.Fatal(failure)
	}
	if !sent {
		return nil
	}
	return r
}

// answer waits for a request's answer.
func (s *site) answer(r *writer.Request) *writer.Request {
	s.Helper()
	if r == nil {
		s.Fatal("nobody serves")
	}
	if !r.Wait(patience) {
		s.Fatalf("no answer after %v to %+v", patience, r.Payload)
	}
	return r
}

func (s *site) wantYes(when string, r *writer.Request) {
	s.Helper()
	if s.answer(r); !s.accepted(r) {
		s.Fatalf("%s: %v, %+v, want a yes", when, r.Err, r.Payload)
	}
}

func (s *site) wantNo(when string, r *writer.Request) {
	s.Helper()
	if s.answer(r); !s.refused(r) {
		s.Fatalf("%s: %v, %+v, want a no", when, r.Err, r.Payload)
	}
}

func (s *site) wantError(when string, r *writer.Request, want error) {
	s.Helper()
	if s.answer(r); !errors.Is(r.Err, want) {
		s.Fatalf("%s: %v, %+v, want %v", when, r.Err, r.Payload, want)
	}
}

// wantEnd waits for the end of a life, and looks after what it leaves.
func (s *site) wantEnd(a *shard.Activation) error {
	s.Helper()
	await(s.bench, "the end of a life", a.Ended())
	why := await(s.bench, "the reason of an end", s.host.stopped)
	if n := a.Inflight(); n != 0 {
		s.Errorf("a dead life keeps %d slots", n)
	}
	return why
}

// block stops the store before it writes the next record; pass lets that go on.
func (s *site) block() (reached <-chan struct{}, pass func()) {
	at, open := make(chan struct{}, 1024), make(chan struct{})
	s.faults.Add(faultstore.Rule{Op: faultstore.OpCommit, Kind: storage.EntryChanges, Hook: func(context.Context) {
		at <- struct{}{}
		<-open
	}})
	var once sync.Once
	pass = func() { once.Do(func() { close(open) }) }
	s.Cleanup(pass)
	return at, pass
}
