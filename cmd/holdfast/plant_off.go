//go:build !planted

package main

import (
	"log/slog"

	"holdfast/actors/section"
)

// plantBugs does nothing: this build has no bugs on purpose.
func plantBugs(*slog.Logger) error { return nil }

// plantClock gives none: this build's clock is the machine's.
func plantClock() func() section.Instant { return nil }
