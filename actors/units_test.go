package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"holdfast/actors/budget"
	"holdfast/actors/section"
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

func TestBuyerLedger(t *testing.T) {
	l, buyer := newBuyerLedger(), section.BuyerID{1}
	if !l.reserve(buyer, 3, 4) || l.reserve(buyer, 2, 4) || !l.reserve(buyer, 1, 4) {
		t.Error("four of four")
	}
	l.release(buyer, 2)
	if !l.reserve(buyer, 2, 4) || l.reserve(buyer, 1, 4) {
		t.Error("two given back are two to take")
	}
	l.release(buyer, 9)
	if len(l.shards[1].seats) != 0 {
		t.Error("a buyer without seats is still remembered")
	}
	l.add(buyer, 9)
	if l.reserve(buyer, 1, 4) {
		t.Error("seats found at load do not count")
	}
}

func nothingForgotten(storage.SectionNo) section.Instant { return 0 }

func TestRequestIndex(t *testing.T) {
	x, id := newRequestIndex(nothingForgotten), section.RequestID{1}
	if _, known, _ := x.enter(id, 3, false); known {
		t.Fatal("a new request is known")
	}
	if at, known, _ := x.enter(id, 4, false); !known || at != 3 {
		t.Errorf("under way: known=%v at %d", known, at)
	}
	x.leave(id, 3, false, 0)
	x.leave(id, 3, false, 0)
	if _, known, _ := x.enter(id, 4, true); known {
		t.Error("a refused request is remembered")
	}
	_, _, busy := x.enter(id, 5, false)
	if busy == nil {
		t.Fatal("a search under way lets its repeat pass")
	}
	x.leave(id, 6, true, 1000)
	<-busy // closed by the end of the search
	if at, known, busy := x.enter(id, 5, false); !known || at != 6 || busy != nil {
		t.Errorf("after the search: known=%v at %d", known, at)
	}
	if _, _, busy := x.enter(id, 5, true); busy == nil {
		t.Error("P5: a search begins while another call under its key is under way")
	}
	x.leave(id, 6, false, 0)
	if _, known, _ := x.enter(id, 5, true); !known {
		t.Error("P5: an accepted request was forgotten by its repeat")
	}
	x.unpin(id)
	x.leave(id, 5, false, 0)
	if _, known, _ := x.enter(id, 5, true); known {
		t.Error("P11: a request that no section remembers stays tied to one")
	}
}

// TestRequestIndexForgetsWithItsSections: P5, an entry lives as long as its section remembers, whatever the clock says.
func TestRequestIndexForgetsWithItsSections(t *testing.T) {
	from := map[storage.SectionNo]section.Instant{0: 5000}
	x := newRequestIndex(func(no storage.SectionNo) section.Instant { return from[no] })
	s := &x.shards[0]
	id := func(n byte) section.RequestID { return section.RequestID{0, n} }
	for n, entry := range map[byte]struct {
		section storage.SectionNo
		judged  section.Instant
	}{
		1: {0, 3999}, // forgotten
		2: {0, 4001}, // rounded up to 5 s: not before 5000
		3: {0, 5000},
		4: {1, 1},             // of a section that forgets nothing
		5: {0, judgedUnknown}, // timed out: may have been judged at any time since
	} {
		x.enter(id(n), entry.section, false)
		x.leave(id(n), entry.section, true, entry.judged)
	}
	x.adopt(id(6), 0, 4000)
	x.enter(id(7), 0, false) // under way
	s.sweepAt = 1
	x.enter(id(9), 0, false)
	for n, want := range map[byte]bool{1: false, 2: true, 3: true, 4: true, 5: true, 6: false, 7: true} {
		if _, there := s.entries[id(n)]; there != want {
			t.Errorf("entry %d is there: %v, want %v", n, there, want)
		}
	}
	if size := unsafe.Sizeof(section.RequestID{}) + unsafe.Sizeof(indexEntry{}); size > 40 {
		t.Errorf("an entry is %d bytes", size)
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

func FuzzBookingID(f *testing.F) {
	f.Add([]byte(BookingID{simKey, 5}.String()))
	f.Fuzz(func(t *testing.T, text []byte) {
		budget.Reading{PerByte: 8}.Check(t, len(text), func() { ParseBookingID(text) })
		if id, ok := ParseBookingID(text); ok && id.String() != string(text) {
			t.Errorf("%q reads as %q", text, id)
		}
	})
}
