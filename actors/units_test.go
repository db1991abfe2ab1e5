package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/witness"
	"holdfast/storage"
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

// TestLifecycle compares every pair of states with the drawing.
func TestLifecycle(t *testing.T) {
	allowed := map[[2]Lifecycle]bool{
		{Stopped, Acquiring}: true, {Acquiring, Loading}: true, {Acquiring, Stopped}: true, {Acquiring, Condemned}: true,
		{Loading, Serving}: true, {Loading, Stopped}: true, {Loading, Condemned}: true, {Serving, Draining}: true,
		{Serving, Stopped}: true, {Serving, Condemned}: true, {Draining, Stopped}: true, {Draining, Condemned}: true,
		{Stopped, Condemned}: true,
	}
	for from := Stopped; from <= Condemned; from++ {
		for to := Stopped; to <= Condemned; to++ {
			if got := moves(from, to); got != allowed[[2]Lifecycle{from, to}] {
				t.Errorf("%v to %v: %v", from, to, got)
			}
		}
	}
}

func moves(from, to Lifecycle) (ok bool) {
	defer func() { ok = recover() == nil }()
	return transition(from, to) == to
}

func TestAfterStop(t *testing.T) {
	for _, row := range []struct {
		why  error
		want Lifecycle
	}{
		{&storage.CorruptError{}, Condemned}, {&witness.LostError{}, Condemned}, {storage.ErrTicketTaken, Condemned}, {storage.ErrGap, Condemned}, {&storage.FencedError{}, Stopped},
		{storage.ErrUnavailable, Stopped}, {errDrained, Stopped},
	} {
		if got := afterStop(row.why); got != row.want {
			t.Errorf("%v: %v, want %v", row.why, got, row.want)
		}
	}
}

func TestDelays(t *testing.T) {
	if resendDelay(0).Milliseconds() != 10 || resendDelay(3).Milliseconds() != 80 || resendDelay(99).Seconds() != 1 {
		t.Errorf("resend: %v %v %v", resendDelay(0), resendDelay(3), resendDelay(99))
	}
	if activationDelay(1).Milliseconds() != 50 || activationDelay(99).Milliseconds() != 800 {
		t.Errorf("activation: %v %v", activationDelay(1), activationDelay(99))
	}
}
