package actors

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// TestNothingIsToldFromAMemoryInDoubt (P3): while the lease is over, and after a new one until the log was looked at, nobody is refused or told
// of a booking from memory; what lands in the log is granted all the same, and proves that the section is still this node's.
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
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); b.section(0).serving.Load().lease.Load() != 3; {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("the section is never checked")
		}
	}
	tell(nil, "the log was looked at")
}
