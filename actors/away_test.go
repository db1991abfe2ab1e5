package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// away takes the store away until the returned function is called; refused hears of appends that it did not take.
func (b *box) away() (refused chan struct{}, back func()) {
	refused = make(chan struct{}, 1)
	b.store.Add(faultstore.Rule{Do: faultstore.Fail, Hook: func(context.Context) {
		select {
		case refused <- struct{}{}:
		default:
		}
	}})
	return refused, b.store.Heal
}

func (b *box) holdWithin(timeout time.Duration, who Caller, seats ...string) (time.Duration, error) {
	var out BookingView
	start := time.Now()
	err := b.e.Book(&BookCall{Event: b.event, Caller: who, Seats: seats}, timeout, &out)
	return time.Since(start), err
}

// TestStoreAway: P3, while the store is away everybody is refused in time; when it is back the sections go on with the
// memory they have, without a claim, and what was refused may be repeated under the same key (P5).
func TestStoreAway(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	before := b.mustHold(caller(1, 1), "A-1-1")
	epoch := b.tail(0).Epoch
	refused, back := b.away()
	waiting := make(chan error, 1)
	go func() { _, err := b.hold(caller(2, 1), "A-1-2"); waiting <- err }()
	<-refused
	const timeout = 50 * time.Millisecond
	for key := range uint64(3) {
		took, err := b.holdWithin(timeout, caller(3, 1), "A-1-3")
		if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrTimeout) || took > timeout+2*time.Second {
			t.Errorf("P3: attempt %d while the store is away: %v after %v", key, err, took)
		}
	}
	if took, err := b.holdWithin(timeout, caller(4, 1), "B-1-1"); !errors.Is(err, ErrTimeout) ||
		took > timeout+2*time.Second {
		t.Errorf("P3: the first of another section: %v after %v", err, took)
	}
	if b.letters(0) != "haaaaaaaaa" || b.letters(1) != "aaaaaa" {
		t.Errorf("P9: the map shows what is not durable: %s %s", b.letters(0), b.letters(1))
	}
	back()
	if err := <-waiting; err != nil {
		t.Errorf("the hold whose record was in flight: %v", err)
	}
	for _, c := range []struct {
		who  Caller
		seat string
	}{{caller(3, 1), "A-1-3"}, {caller(4, 1), "B-1-1"}, {caller(1, 1), "A-1-1"}} {
		if err := b.retry(func() error { _, err := b.hold(c.who, c.seat); return err }); err != nil {
			t.Errorf("P5: %s repeated under its key: %v", c.seat, err)
		}
	}
	if b.letters(0) != "hhhaaaaaaa" || b.letters(1) != "haaaaa" || b.seatsOf(3) != 1 || b.seatsOf(4) != 1 {
		t.Errorf("P5: %s %s, ledgers %d %d", b.letters(0), b.letters(1), b.seatsOf(3), b.seatsOf(4))
	}
	if again := b.mustHold(caller(1, 1), "A-1-1"); again.ID != before.ID {
		t.Errorf("P5: %v, first %v", again.ID, before.ID)
	}
	stats := b.e.Stats()
	if b.tail(0).Epoch != epoch || stats.SectionStops.Load() != 0 || stats.Unavailable.Load() == 0 {
		t.Errorf(
			"epoch %d after %d, %d sections stopped, %d sendings refused", b.tail(0).Epoch, epoch,
			stats.SectionStops.Load(), stats.Unavailable.Load(),
		)
	}
}

// TestExpiryAfterTheStoreIsBack: P4, a hold whose time came while the store was away ends when it can.
func TestExpiryAfterTheStoreIsBack(t *testing.T) {
	rules := boxRules()
	rules.HoldTTL = 60
	b := newBox(t, rules, Config{Clock: func() section.Instant { return section.Instant(time.Now().UnixMilli()) }})
	held := b.mustHold(caller(1, 1), "A-1-1")
	refused, back := b.away()
	<-refused // the expiry itself is what the store does not take
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); b.section(0).shard.Serving().TrustedUntil() != 0; { // until the section has heard so
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("the section never doubts")
		}
	}
	if b.letters(0)[0] != 'h' {
		t.Error("P9: the map shows an end that is not durable")
	}
	if _, err := b.holdWithin(20*time.Millisecond, caller(2, 1), "A-1-1"); !errors.Is(err, ErrUnavailable) &&
		!errors.Is(err, ErrTimeout) {
		t.Errorf("P3: %v", err)
	}
	back()
	b.until("the seat is free again", func() bool { return b.letters(0)[0] == 'a' })
	if got := b.booking(held.ID).State; got != section.BookingExpired {
		t.Errorf("the booking is %v", got)
	}
}

// TestCloseWithoutAStore: a stop ends with its context although the store will never answer, and refuses whoever waits
// (P3).
func TestCloseWithoutAStore(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.live()
	refused, back := b.away()
	defer back()
	waiting := make(chan error, 1)
	go func() { _, err := b.hold(caller(1, 1), "A-1-1"); waiting <- err }()
	<-refused
	const long = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	start := time.Now()
	if err := b.e.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(start); took > long+5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if err := <-waiting; !errors.Is(err, ErrUnavailable) {
		t.Errorf("P3: who waited was told %v", err)
	}
}

// TestOpeningWithoutAStore: P3, a request for an event that cannot be loaded is refused within its deadline, and the
// event opens when the store is back; sections that could not be claimed come by themselves.
func TestOpeningWithoutAStore(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	b.restart() // nothing is loaded before the first request
	arrived, gate := make(chan struct{}, 1), make(chan struct{})
	b.store.Add(
		faultstore.Rule{
			Op: faultstore.OpCatalog, Times: 1, Do: faultstore.Fail,
			Hook: func(context.Context) { arrived <- struct{}{}; <-gate },
		},
	)
	const timeout = 30 * time.Millisecond
	if took, err := b.holdWithin(timeout, caller(2, 1), "A-1-2"); !errors.Is(err, ErrUnavailable) ||
		took > timeout+2*time.Second {
		t.Errorf("P3: %v after %v", err, took)
	}
	<-arrived
	b.store.Add(faultstore.Rule{Op: faultstore.OpTail, Times: 6, Do: faultstore.Fail})
	close(gate)
	if err := b.retry(func() error { _, err := b.holdWithin(patience, caller(2, 1), "A-1-2"); return unwrapped(err) }); err != nil {
		t.Errorf("when the store is back: %v", err)
	}
	if !b.serves(1) {
		t.Error("a section that nobody asked for never came back")
	}
}

// serves waits until a section serves, without asking it for anything.
func (b *box) serves(no storage.SectionNo) bool {
	s, tick, timeout := b.section(no), time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for s.shard.Serving() == nil {
		select {
		case <-tick.C:
		case <-timeout:
			return false
		}
	}
	return true
}

// unwrapped makes b.retry's comparison meet an error that says more.
func unwrapped(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return ErrUnavailable
	}
	return err
}

// TestCreateOnce: P5, one key makes one event, whatever became of the answer and whichever node is asked.
func TestCreateOnce(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	other := b.neighbour(t)
	wish := &storage.Event{
		Name: "once", Currency: "EUR", Rules: boxRules(), Create: section.RequestID{7}, CreateFingerprint: 3,
	}
	b.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, Times: 1, Do: faultstore.Fail, Err: storage.ErrUnknown,
		Hook: func(ctx context.Context) { // written, and the answer lost
			stored := *wish
			stored.ID, stored.CreatedAt, stored.Sale = createdID(wish.Create), 1, storage.SaleClosed
			if err := b.inner.CreateEvent(ctx, &stored, v.Encode()); err != nil {
				t.Error(err)
			}
		}})
	if _, err := b.e.CreateEvent(t.Context(), wish, v); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P3: an unknown outcome is told as %v", err)
	}
	first, err := b.e.CreateEvent(t.Context(), wish, v)
	if err != nil {
		t.Fatal(err)
	}
	again, err := other.CreateEvent(t.Context(), wish, v)
	if err != nil || again.ID != first.ID {
		t.Errorf("P5: another node made %v (%v), the first is %v", again, err, first.ID)
	}
	changed := *wish
	changed.CreateFingerprint++
	if _, err := other.CreateEvent(t.Context(), &changed, v); !errors.Is(err, ErrMismatch) {
		t.Errorf("P5: the key with another body: %v", err)
	}
	if all, err := b.inner.Events(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("%d events (%v), want the box's own and one more", len(all), err)
	}
}

// neighbour is another node's engine on the same store, which may claim nothing until the returned value says so.
func (b *box) neighbour(t *testing.T) *Engine {
	t.Helper()
	gateway, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	config := b.config
	config.Processor, config.Writer = gateway, storage.WriterID{0xEE}
	e, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestTheOtherNodeTakesOver: a node finds its neighbour's events and switches, takes nothing while it may not, and all
// of it, unasked, when it is told to; the first is fenced (P1, P3).
func TestTheOtherNodeTakesOver(t *testing.T) {
	var may atomic.Bool
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.config.MayClaim = func(storage.SectionKey, storage.Tail) bool { return may.Load() }
	heir := b.neighbour(t)
	if _, err := b.e.SetSale(t.Context(), b.event, storage.SalePaused); err != nil {
		t.Fatal(err)
	}
	if err := heir.refreshCatalog(); err != nil {
		t.Fatal(err)
	}
	if e, err := heir.Event(b.event); err != nil || e.Sale != storage.SalePaused {
		t.Errorf("the neighbour's switch is not seen: %+v %v", e, err)
	}
	var out BookingView
	if err := heir.Booking(held.ID, caller(1, 0), patience, &out); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P3: asked before it may: %v", err)
	}
	if b.tail(0).Writer == (storage.WriterID{0xEE}) {
		t.Error("a living neighbour's section was taken")
	}
	may.Store(true)
	heir.ClaimStopped()
	if err := b.retry(func() error { return heir.Booking(held.ID, caller(1, 0), patience, &out) }); err != nil ||
		out.State != section.BookingHeld {
		t.Errorf("P2: after the takeover: %v %v", err, out.State)
	}
	if b.tail(0).Writer != (storage.WriterID{0xEE}) {
		t.Errorf("claims carry %x, not the id that was given", b.tail(0).Writer)
	}
	if err := b.e.Release(held.ID, caller(1, 2), patience, &out); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P3: the first owner answers from its old memory: %v", err)
	}
}

// TestAKeyIsNotSearchedForWhileItMayBeElsewhere: P5, a process that has taken over some sections does not place a hold
// again that stands in one which it does not have yet. It tells the hold once it has all.
func TestAKeyIsNotSearchedForWhileItMayBeElsewhere(t *testing.T) {
	var all atomic.Bool
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(2, 1), "A-1-1", "A-1-2", "A-1-3", "A-1-4")
	b.mustHold(caller(3, 1), "A-1-5", "A-1-6")
	full := b.mustHold(caller(4, 1), "A-2-1", "A-2-2", "A-2-3", "A-2-4")
	who, best := caller(1, 1), BestAvailable{Quantity: 3}
	held, err := b.best(who, best)
	if err != nil || held.ID.Section.Section != 1 {
		t.Fatalf("%+v %v", held, err)
	}
	var out BookingView
	if err := b.e.Release(full.ID, caller(4, 2), patience, &out); err != nil { // now the first section has seats
		t.Fatal(err)
	}
	b.config.MayClaim = func(key storage.SectionKey, _ storage.Tail) bool { return key.Section == 0 || all.Load() }
	heir := b.neighbour(t)
	call := BookCall{Event: b.event, Caller: who, Best: best}
	if err := heir.Book(&call, patience, &out); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P5: with half of the house the repeat is told %v, %v", out.ID, err)
	}
	none := BookCall{Event: b.event, Caller: Caller{Buyer: who.Buyer}, Best: BestAvailable{Quantity: 1}}
	if err := heir.Book(&none, patience, &out); err != nil {
		t.Errorf("without a key nothing can be elsewhere: %v", err)
	}
	all.Store(true)
	heir.ClaimStopped()
	if err := b.retry(func() error { return heir.Book(&call, patience, &out) }); err != nil || out.ID != held.ID {
		t.Errorf("P5: the repeat is told %v, %v; it was %v", out.ID, err, held.ID)
	}
}

// TestCheckOwners: P3 and P9, a node that was taken for dead stops answering from memory for sections that have another
// owner, and keeps the others.
func TestCheckOwners(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	taken, kept := b.section(0).shard.Serving(), b.section(1).shard.Serving()
	if _, err := writer.Claim(t.Context(), b.inner, b.key(0),
		writer.Claimant{Writer: storage.WriterID{0xEE}, Name: "heir", May: ifAllowed(true), Pause: shard.RealRuntime{}.Pause}, 1); err != nil {
		t.Fatal(err)
	}
	b.e.CheckOwners()
	<-taken.Ended()
	if life, why := b.lifeOf(0); life != Stopped || !writer.LostTo(why) || !b.section(0).foreign() ||
		b.e.Foreign() != 1 {
		t.Errorf("the taken section is %v: %v", life, why)
	}
	b.mustHold(caller(2, 1), "B-1-1")
	if b.section(1).shard.Serving() != kept {
		t.Error("a section that nobody took was stopped")
	}
}

// TestWhatASearchDidNotKnowItDoesNotLearnTooLate: P5, a section that comes while a search looks for its key is found by
// the search, or the search knows that it was not there.
func TestWhatASearchDidNotKnowItDoesNotLearnTooLate(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	ev, o, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	s := b.section(1)
	for i := range 40_000 {
		s.keysKnown.Store(false)
		o.keysUnknown.Store(1)
		who := caller(1, uint64(i+1))
		var came sync.WaitGroup
		came.Go(func() {
			ev.index.Adopt(who.Request, 1, 0)
			s.learnedKeys()
		})
		call := bookingCall{ev: ev, o: o, call: &BookCall{Event: b.event, Caller: who}, deadline: deadlineSoon()}
		at, known, err := call.enter(0, true, 0)
		if err != nil || !known && !call.unsure || known && at != 1 {
			t.Fatalf("round %d: section %d, known %v, unsure %v: %v", i, at, known, call.unsure, err)
		}
		came.Wait()
		call.leave(at, false)
	}
}
