package actors

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/storage/faultstore"
)

// TestNothingIsToldFromAMemoryInDoubt (P3): while the lease is over, and after a new one until the log was looked at,
// nobody is refused or told of a booking from memory; what lands in the log is granted all the same, and proves that
// the section is still this node's.
func TestNothingIsToldFromAMemoryInDoubt(t *testing.T) {
	var number atomic.Uint64
	var valid atomic.Bool
	number.Store(1)
	valid.Store(true)
	b := newBox(t, boxRules(), Config{Lease: func() (uint64, bool) { return number.Load(), valid.Load() }})
	held := b.mustHold(caller(1, 1), "A-1-1")
	var out BookingView
	tell := func(want error, why string) {
		t.Helper()
		_, refused := b.hold(caller(2, 1), "A-1-1")
		if _, is := errors.AsType[*Refusal](refused); is != (want == nil) || want != nil && !errors.Is(refused, want) {
			t.Errorf("%s: a taken seat: %v", why, refused)
		}
		if err := b.e.Booking(held.ID, caller(1, 9), time.Second, &out); !errors.Is(err, want) {
			t.Errorf("%s: a booking looked at: %v, want %v", why, err, want)
		}
	}
	tell(nil, "under the lease")
	valid.Store(false)
	tell(ErrUnavailable, "the lease is over")
	b.mustHold(caller(3, 1), "A-1-2")
	number.Store(2)
	valid.Store(true)
	tell(ErrUnavailable, "a new lease, and nobody looked at the log")
	b.mustHold(caller(3, 2), "A-1-3")
	tell(nil, "a record landed under the new lease")
	number.Store(3)
	b.e.CheckOwners()
	checked(t, b.section(0).shard, 3)
	tell(nil, "the log was looked at")
}

// checked waits until a log was looked at under that lease.
func checked(t *testing.T, s *shard.Shard, lease uint64) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); s.Serving().Lease() != lease; {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("log %d is never checked", s.Key().Section)
		}
	}
}

// TestALogThatIsAwayKeepsNoOtherFromBeingChecked (P3): after an interruption each log is asked for itself.
func TestALogThatIsAwayKeepsNoOtherFromBeingChecked(t *testing.T) {
	var number atomic.Uint64
	number.Store(1)
	b := newBox(t, boxRules(), Config{Lease: func() (uint64, bool) { return number.Load(), true }})
	b.mustHold(caller(1, 1), "A-1-1")
	b.mustHold(caller(2, 1), "B-1-1")
	away := b.key(0)
	b.store.Add(faultstore.Rule{Op: faultstore.OpTail, Section: &away, Do: faultstore.Fail})
	number.Store(2)
	b.e.CheckOwners()
	checked(t, b.section(1).shard, 2)
	if at := b.section(0).shard.Serving().Lease(); at != 1 {
		t.Errorf("a log that does not answer was checked under lease %d", at)
	}
	b.store.Heal()
	checked(t, b.section(0).shard, 2)
}

// TestCoordinatorsAreCheckedAfterAnInterruption (P13): one that was not could never say again that its log has nothing
// new: a section that it was about to exclude stayed so, and its buyers were refused there.
func TestCoordinatorsAreCheckedAfterAnInterruption(t *testing.T) {
	var number atomic.Uint64
	number.Store(1)
	f := newFleetWith(t, 1, fleetPlan, 8, func(c *Config) {
		c.Coordinators, c.Lease = true, func() (uint64, bool) { return number.Load(), true }
	})
	f.readyCoordinators()
	ev, _, err := f.nodes[0].e.openEvent(f.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	number.Store(2)
	f.nodes[0].e.CheckOwners()
	for _, c := range ev.coordinators {
		checked(t, c.Shard(), 2)
	}
}

// TestNoMoneyMovesOnAMemoryInDoubt (P6, P3): what is only probed is told from memory too. A node that was overtaken
// must not give money back for a booking whose tickets it cannot take, nor say of one that its successor has made that
// it does not exist.
func TestNoMoneyMovesOnAMemoryInDoubt(t *testing.T) {
	var over atomic.Bool
	b := newBox(t, boxRules(), Config{Lease: func() (uint64, bool) { return 1, !over.Load() }})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	over.Store(true)
	var out BookingView
	if err := b.e.Refund(held.ID, operatorCaller(3, 1), RefundCall{}, patience, &out); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P3: a refund without a lease: %v", err)
	}
	if taken, back, _ := b.bank.total(t, held.ID); taken == 0 || back != 0 {
		t.Errorf("P6: %d of %d went back, and the tickets stand", back, taken)
	}
	unknown := BookingID{Section: held.ID.Section, No: held.ID.No + 1000}
	for range 20 { // whatever its pooled request was used for before
		if err := b.e.Booking(unknown, caller(1, 9), patience, &out); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("P3: a booking that this memory does not have: %v", err)
		}
	}
	over.Store(false)
	if err := b.e.Refund(held.ID, operatorCaller(3, 1), RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded {
		t.Errorf("the refund under a lease: %v %v", err, out.State)
	}
}
