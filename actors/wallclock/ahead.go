package wallclock

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// AheadMost bounds Ahead: what a section encodes of times has room for it, and nobody tests more.
const AheadMost = 10 * 365 * 24 * time.Hour

// ErrAheadMost says that a clock would be further ahead than AheadMost.
var ErrAheadMost = errors.New("wallclock: a clock for tests may be at most ten years ahead")

// Ahead is how far the clock of a store for tests stands before the machine's. It only grows, and is kept before
// anybody sees it, so that no restart lets time run backwards. The nil one is of every other store: zero, for ever. All
// of it may be called from several goroutines.
type Ahead struct {
	keep func(total time.Duration) error // durably
	mu   sync.Mutex                      // one Advance at a time
	by   atomic.Int64                    // nanoseconds
}

// NewAhead goes on from what was kept. keep makes a total durable.
func NewAhead(kept time.Duration, keep func(total time.Duration) error) *Ahead {
	a := &Ahead{keep: keep}
	a.by.Store(int64(kept))
	return a
}

// Total is how far the clock is ahead.
func (a *Ahead) Total() time.Duration {
	if a == nil {
		return 0
	}
	return time.Duration(a.by.Load())
}

// Millis is Total in milliseconds.
func (a *Ahead) Millis() int64 { return int64(a.Total() / time.Millisecond) }

// Advance puts the clock forward. ErrAheadMost; other errors are of keep, and the clock stands where it stood.
func (a *Ahead) Advance(by time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	total := a.Total() + by
	if by < 0 || total > AheadMost {
		return ErrAheadMost
	}
	if err := a.keep(total); err != nil {
		return err
	}
	a.by.Store(int64(total))
	return nil
}
