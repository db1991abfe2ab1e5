package actors

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

func ifAllowed(yes bool) func(storage.SectionKey, storage.Tail) bool {
	return func(storage.SectionKey, storage.Tail) bool { return yes }
}

// TestFencedStaysAway: P3, a section that another writer took does not take it back by itself, nor on demand while the
// other may be alive.
func TestFencedStaysAway(t *testing.T) {
	var gone atomic.Bool
	gone.Store(true)
	b := newBox(t, boxRules(), Config{MayClaim: func(storage.SectionKey, storage.Tail) bool { return gone.Load() }})
	b.mustHold(caller(1, 1), "A-1-1")
	s := b.section(0)
	ended := s.shard.Serving().Ended()
	gone.Store(false)
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: faultstore.Fence})
	if _, err := b.hold(caller(2, 1), "A-1-2"); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("P3: the fenced hold: %v", err)
	}
	<-ended
	var life Lifecycle
	var rest time.Duration
	s.shard.Inspect(func(l *writer.Lifecycle) { life, rest = l.Phase(), time.Until(l.NotUntil()) })
	if life != Stopped || rest <= 0 {
		t.Errorf("fenced, the section is %v and may come back in %v", life, rest)
	}
	foreign := b.tail(0)
	<-time.After(rest)
	if _, err := b.hold(caller(2, 1), "A-1-2"); !errors.Is(err, ErrUnavailable) || b.tail(0) != foreign {
		t.Errorf("P3: on demand while the other lives: %v, tail %+v", err, b.tail(0))
	}
	gone.Store(true)
	if err := b.retry(func() error { _, err := b.hold(caller(2, 1), "A-1-2"); return err }); err != nil {
		t.Error(err)
	}
	if got := b.tail(0).Epoch; got != foreign.Epoch+1 {
		t.Errorf("epoch %d after %d", got, foreign.Epoch)
	}
}

func (b *box) tail(no storage.SectionNo) storage.Tail {
	b.t.Helper()
	tail, err := b.inner.Tail(context.Background(), b.key(no))
	if err != nil {
		b.t.Fatal(err)
	}
	return tail
}

// panicIn sends a command that the core does not know, and waits until its incarnation has ended.
func (b *box) panicIn(s *Section) {
	b.t.Helper()
	ended := s.shard.Serving().Ended()
	r := request.New()
	r.Command = section.Command{Kind: 99, Request: section.RequestID{5}}
	if _, err := s.outcome(r, deadlineSoon()); !errors.Is(err, ErrUnavailable) {
		b.t.Errorf("the request that met the panic: %v", err)
	}
	<-ended
}

// brittleLog panics at a section's first end: a panic while a panic is being handled.
type brittleLog struct {
	slog.Handler
	once   *sync.Once
	broken chan struct{}
}

func (l brittleLog) Enabled(context.Context, slog.Level) bool { return true }

func (l brittleLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level != slog.LevelError {
		return nil
	}
	l.once.Do(func() {
		close(l.broken)
		panic("no room for the log")
	})
	return nil
}

// TestPanicInsideAPanic: P3, the section ends once, everybody is answered, and it comes back on demand.
func TestPanicInsideAPanic(t *testing.T) {
	broken := make(chan struct{})
	b := newBox(t, boxRules(), Config{Logger: slog.New(brittleLog{slog.DiscardHandler, new(sync.Once), broken})})
	b.mustHold(caller(1, 1), "A-1-1")
	b.panicIn(b.section(0))
	<-broken
	if err := b.retry(func() error { _, err := b.hold(caller(1, 2), "A-1-2"); return err }); err != nil {
		t.Fatal(err)
	}
	if got := b.seatsOf(1); got != 2 {
		t.Errorf("the ledger counts %d seats, the buyer has 2", got)
	}
	if got := b.e.Stats().SectionsServing.Load(); got != 2 {
		t.Errorf("%d sections serve", got)
	}
}
