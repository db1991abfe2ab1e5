package writer

import (
	"context"
	"errors"
	"holdfast/storage"
	"sync"
	"sync/atomic"
	"testing"
)

// TestCommitter: what arrives while a write is under way leaves with the next one, each record is answered once, with
// its own result, and Close writes what is queued.
func TestCommitter(t *testing.T) {
	started, gate := make(chan int, 100), make(chan struct{})
	var writes atomic.Int64
	odd := errors.New("odd")
	c := NewCommitter(context.Background(), 1, 0, func(_ context.Context, appends []storage.Append) []error {
		writes.Add(1)
		started <- len(appends)
		<-gate
		errs := make([]error, len(appends))
		for i := range appends {
			if appends[i].Section.Section%2 == 1 {
				errs[i] = odd
			}
		}
		return errs
	}, nil)
	const records = 40
	var answered [records]atomic.Int64
	var all sync.WaitGroup
	send := func(i int) {
		all.Add(1)
		c.Send(&storage.Append{Section: storage.SectionKey{Section: storage.SectionNo(i)}}, func(err error) {
			answered[i].Add(1)
			if (err != nil) != (i%2 == 1) {
				t.Errorf("record %d was told %v", i, err)
			}
			all.Done()
		})
	}
	send(0)
	<-started
	for i := 1; i < records; i++ {
		send(i)
	}
	closed := make(chan struct{})
	go func() { c.Close(); close(closed) }()
	close(gate)
	all.Wait()
	<-closed
	if n := <-started; n != records-1 || writes.Load() != 2 {
		t.Errorf("%d records in the second of %d writes", n, writes.Load())
	}
	for i := range answered {
		if answered[i].Load() != 1 {
			t.Errorf("record %d was answered %d times", i, answered[i].Load())
		}
	}
	c.Send(&storage.Append{}, func(err error) {
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestCommitterGroups: workers work at the same time, none takes more than a group, and records leave in the order they
// came in.
func TestCommitterGroups(t *testing.T) {
	const concurrency, group, records = 3, 4, 100
	gate, started := make(chan struct{}), make(chan struct{}, records)
	var mu sync.Mutex
	var order []storage.SectionNo
	c := NewCommitter(
		context.Background(), concurrency, group,
		func(_ context.Context, appends []storage.Append) []error {
			if len(appends) > group {
				t.Errorf("a write of %d records", len(appends))
			}
			mu.Lock()
			for i := range appends {
				order = append(order, appends[i].Section.Section)
			}
			mu.Unlock()
			started <- struct{}{}
			<-gate
			return make([]error, len(appends))
		},
		nil,
	)
	var answered atomic.Int64
	for i := range records {
		a := &storage.Append{Section: storage.SectionKey{Section: storage.SectionNo(i)}}
		c.Send(a, func(error) { answered.Add(1) })
	}
	for range concurrency {
		<-started // all workers are at work, none waits for another
	}
	close(gate)
	c.Close()
	if answered.Load() != records || len(order) != records {
		t.Fatalf("%d answered, %d written", answered.Load(), len(order))
	}
	for i := range records - concurrency*group { // workers may overtake each other by what they have in hand, no more
		if int(order[i]) > i+concurrency*group {
			t.Errorf("record %d left as number %d", order[i], i)
		}
	}
}

// TestCommitterKeepsDoubtApart (P3): a record that goes alone shares its write with none, wherever in the queue it
// stands, and while it hangs the others go on in another worker.
func TestCommitterKeepsDoubtApart(t *testing.T) {
	const doubtful = 5
	begun, gate, hung := make(chan struct{}, 8), make(chan struct{}), make(chan struct{})
	first := true
	var mu sync.Mutex
	c := NewCommitter(context.Background(), 2, 0, func(_ context.Context, appends []storage.Append) []error {
		mu.Lock()
		wait := first
		first = false
		mu.Unlock()
		if wait { // until everything is queued
			begun <- struct{}{}
			<-gate
		}
		for i := range appends {
			if appends[i].Section.Section == doubtful {
				if len(appends) != 1 {
					t.Errorf("it shares a write of %d", len(appends))
				}
				<-hung
			}
		}
		return make([]error, len(appends))
	}, nil)
	var others sync.WaitGroup
	var told atomic.Bool
	record := func(no storage.SectionNo) *storage.Append {
		return &storage.Append{Section: storage.SectionKey{Section: no}}
	}
	others.Add(1)
	c.Send(record(0), func(error) { others.Done() })
	<-begun
	for no := range storage.SectionNo(10) {
		if no == doubtful {
			c.SendAlone(record(no), func(error) { told.Store(true) })
			continue
		}
		others.Add(1)
		c.Send(record(no), func(error) { others.Done() })
	}
	close(gate)
	others.Wait()
	if told.Load() {
		t.Error("it was told before it was decided")
	}
	close(hung)
	c.Close()
	if !told.Load() {
		t.Error("it was never told")
	}
}
