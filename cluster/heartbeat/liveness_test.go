package heartbeat

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// beater is one node's heart on a line of its own to the shared store.
type beater struct {
	*Liveness
	id    storage.WriterID
	line  *faultstore.Store
	freed atomic.Int64
	slept atomic.Int64
}

func begin(t *testing.T, shared *memstore.Store, id byte) *beater {
	t.Helper()
	b := &beater{id: storage.WriterID{id}, line: faultstore.Wrap(shared, uint64(id))}
	h, err := Start(t.Context(), Config{Nodes: b.line, Writer: b.id, Name: "node", OnVacated: func() { b.freed.Add(1) },
		OnStale: func() { b.slept.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	b.Liveness = h
	t.Cleanup(func() {
		b.line.Heal()
		b.line.Restart()
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// wants says whether b believes that it may take a section from other.
func (b *beater) wants(other *beater) bool {
	return b.MayClaim(storage.SectionKey{}, storage.Tail{Kind: storage.EntryChanges, Seq: 4, Epoch: 1,
		Writer: other.id})
}

// pass lets that much time go by, in steps shorter than a beat, and looks at each.
func pass(d time.Duration, look func()) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		<-time.After(97 * time.Millisecond)
		synctest.Wait()
		look()
	}
}

// pause makes a node do nothing until the returned function is called, as SIGSTOP does to its part that beats.
func (b *beater) pause() (resume func()) {
	gate := make(chan struct{})
	b.line.Add(faultstore.Rule{Op: faultstore.OpNodes, Hook: func(context.Context) { <-gate }})
	return func() { b.line.Heal(); close(gate) }
}

// TestTwoHearts: while both beat neither may take from the other; one that stops is gone after the lapse, and alive
// again when it goes on.
func TestTwoHearts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		a, b := begin(t, shared, 1), begin(t, shared, 2)
		peace := func() {
			if a.wants(b) || b.wants(a) {
				t.Fatal("a living node's sections are taken")
			}
		}
		pass(10*time.Second, peace)
		if a.Others() != 1 || b.freed.Load() != 0 {
			t.Errorf("%d others alive, %d freed", a.Others(), b.freed.Load())
		}
		resume, stopped := a.pause(), time.Now()
		for !b.wants(a) {
			if a.wants(b) {
				t.Fatal("the paused node takes sections")
			}
			pass(time.Millisecond, func() {})
		}
		if took := time.Since(stopped); took < LapseDefault-everyDefault || took > LapseDefault+2*everyDefault {
			t.Errorf("gone after %v", took)
		}
		if b.freed.Load() != 1 {
			t.Errorf("freed %d times", b.freed.Load())
		}
		pass(3*time.Second, func() {
			if a.wants(b) {
				t.Fatal("a node that has not looked for seconds takes sections")
			}
		})
		resume()
		pass(2*everyDefault, func() {})
		if a.slept.Load() != 1 || b.slept.Load() != 0 {
			t.Errorf("overslept: the paused node %d times, the other %d", a.slept.Load(), b.slept.Load())
		}
		pass(10*time.Second, peace)
	})
}

// TestAStartOutlastsABusyStore: a store that takes no beat for some seconds ends no start; one that never does is said.
func TestAStartOutlastsABusyStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		line := faultstore.Wrap(shared, 1)
		line.Add(faultstore.Rule{Op: faultstore.OpNodes, Do: faultstore.Fail})
		config := Config{Nodes: line, Writer: storage.WriterID{1}, Name: "node"}
		began := time.Now()
		if _, err := Start(t.Context(), config); !errors.Is(err, storage.ErrUnavailable) ||
			time.Since(began) < startPatience || time.Since(began) > 2*startPatience {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		time.AfterFunc(startPatience/2, line.Heal)
		h, err := Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestStoreAway: nobody claims while the store is away, and nobody takes it for the other's death when it is back.
func TestStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		a, b := begin(t, shared, 1), begin(t, shared, 2)
		pass(3*time.Second, func() {})
		a.line.Add(faultstore.Rule{Op: faultstore.OpNodes, Do: faultstore.Fail})
		b.line.Add(faultstore.Rule{Op: faultstore.OpNodes, Do: faultstore.Fail})
		pass(LapseDefault, func() {})
		pass(20*time.Second, func() {
			if a.wants(b) || b.MayClaim(storage.SectionKey{}, storage.Tail{}) {
				t.Fatal("P3: claimed without a look at the others")
			}
		})
		b.line.Heal() // a moment before a's line
		pass(LapseDefault-everyDefault, func() {
			if b.wants(a) {
				t.Fatal("the store's absence was taken for the other's death")
			}
		})
		a.line.Heal()
		pass(5*time.Second, func() {
			if a.wants(b) || b.wants(a) {
				t.Fatal("a living node's sections are taken")
			}
		})
		if !b.MayClaim(storage.SectionKey{}, storage.Tail{}) {
			t.Error("an empty log is nobody's")
		}
	})
}

// TestSettle: nothing to wait for alone or beside a living node's second beat; the lapse beside a dead one.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		settle := func(b *beater) time.Duration {
			start := time.Now()
			if err := b.Settle(t.Context()); err != nil {
				t.Error(err)
			}
			return time.Since(start)
		}
		a := begin(t, shared, 1)
		if took := settle(a); took != 0 {
			t.Errorf("alone: %v", took)
		}
		b := begin(t, shared, 2)
		if took := settle(b); took > 2*everyDefault {
			t.Errorf("beside a living node: %v", took)
		}
		dead := storage.NodeBeat{Writer: storage.WriterID{9}, Name: "dead", At: 1}
		if err := shared.Beat(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		c := begin(t, shared, 3)
		if took := settle(c); took < LapseDefault || took > LapseDefault+2*everyDefault {
			t.Errorf("beside a dead node: %v", took)
		}
		if !c.wants(&beater{id: dead.Writer}) || c.wants(b) {
			t.Error("after settling, a dead node's section is free and a living one's is not")
		}
		ctx, cancel := context.WithTimeout(t.Context(), everyDefault)
		defer cancel()
		dead.Writer[1] = 1
		if err := shared.Beat(t.Context(), dead); err != nil {
			t.Fatal(err)
		}
		if err := begin(t, shared, 4).Settle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a start that is called off: %v", err)
		}
	})
}

// TestClose: a node that leaves gives its sections up at once, and its row is gone for good.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		a, b := begin(t, shared, 1), begin(t, shared, 2)
		pass(time.Second, func() {})
		for range 2 {
			if err := a.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		pass(everyDefault, func() {})
		if !b.wants(a) || b.freed.Load() != 1 {
			t.Errorf("freed %d times", b.freed.Load())
		}
		if a.wants(b) {
			t.Error("who has left claims nothing")
		}
		pass(3*time.Second, func() {})
		if rows, err := shared.Nodes(t.Context()); err != nil || len(rows) != 1 {
			t.Errorf("rows %v %v", rows, err)
		}
	})
}

// TestNewcomer: a node that begins between two looks is not taken for one that never was.
func TestNewcomer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		a := begin(t, shared, 1)
		<-time.After(time.Millisecond)
		b := begin(t, shared, 2)
		<-time.After(time.Millisecond)
		if a.wants(b) {
			t.Error("a newcomer's section was taken")
		}
		if !a.wants(&beater{id: storage.WriterID{77}}) {
			t.Error("a writer that never was a node holds its section for ever")
		}
	})
}

func TestStartNeedsItsRow(t *testing.T) {
	line := faultstore.Wrap(memstore.New(), 1)
	line.Add(faultstore.Rule{Op: faultstore.OpNodes, Do: faultstore.Fail})
	if _, err := Start(t.Context(), Config{Nodes: line, Writer: me}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("started without a row: %v", err)
	}
	if _, err := Start(t.Context(), Config{Nodes: line}); err == nil {
		t.Error("started without an id")
	}
}
