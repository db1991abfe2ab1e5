package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	bugs "holdfast/actors/planted"
	"holdfast/actors/section"
)

// plantVariable names the bugs that a planted build is to have, separated by commas.
const plantVariable = "HOLDFAST_PLANT"

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

// plantedBugs wakes what HOLDFAST_PLANT names, and says so at every start, on every level of the log: a build that can
// be made to oversell must never be taken for one that cannot.
func plantedBugs(log *slog.Logger) error {
	names := os.Getenv(plantVariable)
	if err := bugs.Wake(names); err != nil {
		return fmt.Errorf("%s: %w", plantVariable, err)
	}
	log.Error("THIS BUILD HAS PLANTED BUGS: " + cmp.Or(names, "none of them is chosen") +
		". It is for testing checkers; never sell with it.")
	return nil
}
