package node

import (
	"os"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/actors/section"
)

// clockVariable names a file with a duration in it, by which this process's wall clock is off. It is read anew every
// clockEvery.
const (
	clockVariable = "HOLDFAST_CLOCK_FILE"
	clockEvery    = 50 * time.Millisecond
)

// plantedClock is a wall clock that a test can set; nil: none is wanted.
func plantedClock() func() section.Instant {
	file := os.Getenv(clockVariable)
	if file == "" {
		return nil
	}
	var offset atomic.Int64
	go func() {
		for range time.Tick(clockEvery) {
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			if step, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
				offset.Store(step.Milliseconds())
			}
		}
	}()
	return func() section.Instant { return section.Instant(time.Now().UnixMilli() + offset.Load()) }
}
