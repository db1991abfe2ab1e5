package actors

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// errBroken is a store's sure refusal that is no absence: nothing can be hoped for from asking it again.
var errBroken = errors.New("store: disk on fire")

// stuck makes the next commits wait until the returned function is called; arrived hears of each.
func (b *box) stuck(do faultstore.Action) (arrived chan struct{}, open func()) {
	gate := make(chan struct{})
	arrived = make(chan struct{}, 100)
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: do, Err: errBroken, Hook: func(context.Context) {
		arrived <- struct{}{}
		<-gate
	}})
	return arrived, func() { close(gate) }
}

// lifeOf reads where a section stands, and why it last stopped.
func (b *box) lifeOf(no storage.SectionNo) (Lifecycle, error) {
	s := b.section(no)
	return s.shard.Phase(), s.shard.Why()
}

// TestExpirySellsAgain: P4, a hold ends by its own timer and the map says so, with no command to help.
func TestExpirySellsAgain(t *testing.T) {
	rules := boxRules()
	rules.HoldTTL = 60
	machine := func() section.Instant { return section.Instant(time.Now().UnixMilli()) }
	b := newBox(t, rules, Config{Clock: machine})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.until("the seat is free again", func() bool { return b.letters(0)[0] == 'a' })
	late := machine() - held.ExpiresAt
	if late < 0 || late > 2000 {
		t.Errorf("P4: free %d ms after the end of its hold", late)
	}
	if got := b.booking(held.ID).State; got != section.BookingExpired {
		t.Errorf("the booking is %v", got)
	}
	b.mustHold(caller(2, 1), "A-1-1")
}

// TestOverload sees the bound on requests inside a section, and the slots given back.
func TestOverload(t *testing.T) {
	b := newBox(t, boxRules(), Config{InflightMax: 3})
	b.live()
	arrived, open := b.stuck(faultstore.Pass)
	done := make(chan error, 1)
	go func() { _, err := b.hold(caller(1, 1), "A-1-1"); done <- err }()
	<-arrived
	inc := b.section(0).shard.Serving()
	var answered sync.WaitGroup
	for i := range section.SeatIndex(2) {
		r := request.Of(section.Call{Command: section.Command{Kind: section.PlaceHold, Seats: []section.SeatIndex{4 + i},
			Buyer: section.BuyerID{9, byte(i)}, Request: section.RequestID{9, byte(i)}}})
		answered.Add(1)
		r.OnAnswer = func(*writer.Request) { answered.Done() }
		if sent, err := b.section(0).shard.Send(&r.Request); !sent || err != nil {
			t.Fatal("no room for three", err)
		}
	}
	if _, err := b.hold(caller(7, 1), "A-1-3"); !errors.Is(err, ErrOverloaded) {
		t.Errorf("the fourth request: %v", err)
	}
	if b.seatsOf(7) != 0 {
		t.Error("the refused request left seats in the ledger")
	}
	open()
	if err := <-done; err != nil {
		t.Error(err)
	}
	answered.Wait()
	if got := inc.Inflight(); got != 0 {
		t.Errorf("%d slots are taken after the last answer", got)
	}
	b.mustHold(caller(7, 1), "A-1-3")
}

// TestUnknownOutcome: P3, while the log has not answered the section refuses; then it goes on as if nothing had been.
func TestUnknownOutcome(t *testing.T) {
	for name, do := range map[string]faultstore.Action{"kept": faultstore.KeepUnknown, "lost": faultstore.LoseUnknown} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, boxRules(), Config{})
			b.live()
			b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: do})
			arrived, open := make(chan struct{}, 1), make(chan struct{})
			b.store.Add(
				faultstore.Rule{
					Op: faultstore.OpCommit, Times: 1, Hook: func(context.Context) { arrived <- struct{}{}; <-open },
				},
			)
			done := make(chan error, 1)
			go func() { _, err := b.hold(caller(1, 1), "A-1-1"); done <- err }()
			<-arrived // the second sending
			if _, err := b.hold(caller(2, 1), "A-1-2"); !errors.Is(err, ErrUnavailable) {
				t.Errorf("P3: a hold while the outcome is unknown: %v", err)
			}
			if b.letters(0)[0] != 'a' {
				t.Error("P9: the map shows what is not known to be durable")
			}
			close(open)
			if err := <-done; err != nil {
				t.Errorf("the hold in doubt: %v", err)
			}
			b.mustHold(caller(2, 1), "A-1-2")
		})
	}
}

// TestStoreErrorReloads: a section that cannot write stops, loads what is there, and serves; nothing acknowledged is
// lost (P2, P3).
func TestStoreErrorReloads(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.mustHold(caller(1, 2), "B-1-1", "B-1-2")
	b.store.Add(
		faultstore.Rule{
			Op: faultstore.OpCommit, Kind: storage.EntryChanges, Times: 1, Do: faultstore.Lose, Err: errBroken,
		},
	)
	if _, err := b.hold(caller(1, 3), "A-1-2"); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("a hold that was not written: %v", err)
	}
	err := b.retry(func() error { _, err := b.hold(caller(1, 3), "A-1-2"); return err })
	if err != nil {
		t.Fatalf("the same key after the reload: %v", err)
	}
	if again := b.mustHold(caller(1, 1), "A-1-1"); again.ID != held.ID {
		t.Errorf("P5: after the reload %v, first %v", again.ID, held.ID)
	}
	if got := b.seatsOf(1); got != 4 {
		t.Errorf("the ledger counts %d seats, the buyer has 4", got)
	}
	if got := b.e.Stats().SectionStops.Load(); got != 1 {
		t.Errorf("%d sections stopped", got)
	}
}

// TestForeignClaim: P3, a fenced section answers nothing from its memory, and comes back with a higher epoch.
func TestForeignClaim(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: faultstore.Fence})
	if _, err := b.hold(caller(2, 1), "A-1-2"); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("P3: the fenced hold: %v", err)
	}
	if err := b.retry(func() error { _, err := b.hold(caller(2, 1), "A-1-2"); return err }); err != nil {
		t.Fatal(err)
	}
	tail, err := b.inner.Tail(context.Background(), b.key(0))
	if err != nil || tail.Epoch != 3 || b.e.Stats().Fenced.Load() != 1 {
		t.Errorf("epoch %d (%v), fenced %d times", tail.Epoch, err, b.e.Stats().Fenced.Load())
	}
	if b.booking(held.ID).State != section.BookingHeld {
		t.Error("P2: the first hold is lost")
	}
}

// TestPanicInSection: a command the core does not know panics; the section ends and comes back with its truth.
func TestPanicInSection(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	r := request.New()
	r.Command = section.Command{Kind: 99, Request: section.RequestID{5}}
	if _, err := b.section(0).outcome(r, time.Now().Add(patience)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the request that met the panic: %v", err)
	}
	if err := b.retry(func() error { _, err := b.hold(caller(2, 1), "A-1-2"); return err }); err != nil {
		t.Fatal(err)
	}
	if again := b.mustHold(caller(1, 1), "A-1-1"); again.ID != held.ID {
		t.Errorf("P5: %v, first %v", again.ID, held.ID)
	}
	tail, err := b.inner.Tail(context.Background(), b.key(0))
	if err != nil || tail.Epoch != 2 {
		t.Errorf("epoch %d after the panic (%v), want 2", tail.Epoch, err)
	}
}

// TestDamagedLogCondemns: nothing is guessed (P10); the other sections serve.
func TestDamagedLogCondemns(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	b.close()
	b.inner.Damage(b.key(0), 2)
	if err := b.inner.SaveSnapshot(context.Background(), b.key(0), storage.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	b.open()
	if _, err := b.hold(caller(1, 1), "A-1-1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a hold in the damaged section: %v", err)
	}
	if life, why := b.lifeOf(0); life != Condemned {
		t.Errorf("the damaged section is %v: %v", life, why)
	}
	if _, err := b.best(caller(2, 1), BestAvailable{Quantity: 2}); err != nil {
		t.Errorf("the other section: %v", err)
	}
}

// TestTicketsGuardCondemns: P1's second guard. A ticket that the log does not know of stops the sale and the section
// for good.
func TestTicketsGuardCondemns(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.store.Add(
		faultstore.Rule{Op: faultstore.OpCommit, After: 1, Times: 1, Do: faultstore.Fail, Err: storage.ErrTicketTaken},
	)
	ended := b.section(0).shard.Serving().Ended()
	out, err := b.confirm(held.ID, caller(1, 2), "tok_ok")
	<-ended
	if err != nil || out.State != section.BookingPaying {
		t.Errorf("the confirm: %v %v, want paying", err, out.State)
	}
	if life, why := b.lifeOf(0); life != Condemned || !errors.Is(why, storage.ErrTicketTaken) {
		t.Errorf("the section is %v: %v", life, why)
	}
}

// TestCloseAnswersEverybody: a stop lets what is in flight land and loses no answer (P2).
func TestCloseAnswersEverybody(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.live()
	arrived, open := b.stuck(faultstore.Pass)
	done := make(chan error, 1)
	go func() { _, err := b.hold(caller(1, 1), "A-1-1"); done <- err }()
	<-arrived
	closed := make(chan struct{})
	go func() { b.close(); close(closed) }()
	open()
	if err := <-done; err != nil {
		t.Errorf("the hold in flight: %v", err)
	}
	<-closed
	if _, err := b.hold(caller(2, 1), "A-1-2"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a hold after the stop: %v", err)
	}
	b.open()
	if b.letters(0)[0] != 'h' {
		t.Error("P2: the answered hold is lost")
	}
}

// TestMapEqualsTruth: P9, deltas are dense per section and lead from any map to the next.
func TestMapEqualsTruth(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	l := b.live()
	maps, seqs := [2][]byte{}, [2]section.Seq{}
	version := l.Read(func(no storage.SectionNo, s SectionStatus) {
		maps[no], seqs[no] = append([]byte(nil), s.Letters...), s.Seq
	})
	together(30, func(i int) error {
		held, err := b.best(caller(byte(i+1), 1), BestAvailable{Quantity: uint32(i%3 + 1)})
		if err == nil && i%2 == 0 {
			return b.e.Release(held.ID, caller(byte(i+1), 2), patience, &held)
		}
		return err
	})
	ok := l.Deltas(version, func(_ uint64, d *Delta) {
		if d.Seq != seqs[d.Section]+1 {
			t.Errorf("P9: section %d goes from record %d to %d", d.Section, seqs[d.Section], d.Seq)
		}
		seqs[d.Section] = d.Seq
		for _, c := range d.Changes {
			maps[d.Section][c.Seat] = byte(c.Letter)
		}
	})
	if !ok || string(maps[0]) != b.letters(0) || string(maps[1]) != b.letters(1) {
		t.Errorf("P9: deltas lead to %q, the map is %q and %q", maps, b.letters(0), b.letters(1))
	}
	before := [2]string{b.letters(0), b.letters(1)}
	b.restart()
	if after := [2]string{b.letters(0), b.letters(1)}; after != before {
		t.Errorf("P9: the map was %q, the log says %q", before, after)
	}
}

// TestTimeoutIsUnknown: P5, a waiter that gave up finds its hold by the same key, counted once in the ledger.
func TestTimeoutIsUnknown(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.live()
	arrived, open := b.stuck(faultstore.Pass)
	var out BookingView
	call := BookCall{Event: b.event, Caller: caller(1, 1), Best: BestAvailable{Quantity: 2}}
	if err := b.e.Book(&call, 50*time.Millisecond, &out); !errors.Is(err, ErrTimeout) {
		t.Fatalf("no answer in time: %v", err)
	}
	<-arrived
	open()
	first, err := b.best(caller(1, 1), BestAvailable{Quantity: 2})
	if err != nil || b.booking(first.ID).State != section.BookingHeld {
		t.Fatalf("P5: the same key later: %v", err)
	}
	if got := b.seatsOf(1); got != 2 {
		t.Errorf("the ledger counts %d seats, the buyer has 2", got)
	}
	if got := b.e.Stats().Timeouts.Load(); got != 1 {
		t.Errorf("%d timeouts counted", got)
	}
}

// TestDrainOfADeadSection: an order that meets a section which died meanwhile is answered all the same.
func TestDrainOfADeadSection(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.live()
	arrived, open := b.stuck(faultstore.Lose)
	done := make(chan error, 1)
	go func() { _, err := b.hold(caller(1, 1), "A-1-1"); done <- err }()
	<-arrived
	closed := make(chan struct{})
	go func() { b.close(); close(closed) }()
	open()
	if err := <-done; !errors.Is(err, ErrUnavailable) {
		t.Errorf("a hold that was not written: %v", err)
	}
	<-closed // b.close fails the test when its patience ends
	b.open()
}
