package wallclock

import (
	"errors"
	"testing"
	"time"
)

// TestAClockForTestsIsKeptBeforeItIsSeen: what was not kept did not happen, and time never runs backwards.
func TestAClockForTestsIsKeptBeforeItIsSeen(t *testing.T) {
	kept, failing := time.Hour, error(nil)
	a := NewAhead(kept, func(total time.Duration) error {
		if failing == nil {
			kept = total
		}
		return failing
	})
	if err := a.Advance(time.Minute); err != nil || a.Total() != time.Hour+time.Minute || kept != a.Total() {
		t.Errorf("a minute on: %v, %v kept, %v", a.Total(), kept, err)
	}
	failing = errors.New("the disk is full")
	if err := a.Advance(time.Minute); !errors.Is(err, failing) || a.Total() != time.Hour+time.Minute {
		t.Errorf("not kept: %v, %v", a.Total(), err)
	}
	failing = nil
	for _, by := range []time.Duration{-1, AheadMost} {
		if err := a.Advance(by); !errors.Is(err, ErrAheadMost) || a.Total() != kept {
			t.Errorf("by %v: %v, %v", by, a.Total(), err)
		}
	}
	var none *Ahead
	if none.Total() != 0 || none.Millis() != 0 {
		t.Error("a store that is not for tests has a clock of its own")
	}
}
