package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"holdfast/cmd/holdfast/node"
)

// A stop is bounded in all by --shutdown-timeout, from the signal on, whatever clients, other nodes and the database
// do:
//
//	signal ├── drain-wait, sections go to others ──┤── answers, snapshots ──┤── farewells ──┤ the process ends
//	       └───────────── half of the patience ────┴────────────────────────┘               │
//	       └───────────────────────── the patience ─────────────────────────┘               │
//	       └──────────────────────────────── --shutdown-timeout ────────────────────────────┘

const (
	// farewellMax is what is kept for what must be tried even when the patience has ended: the heartbeat's row, and the
	// word to other nodes. Each bounds itself by a second.
	farewellMax = 3 * time.Second
	// stopLeast is the least time until a stop is cut off: with less, the shortest one would be.
	stopLeast = 2 * time.Second
)

// stopPatience is the part of a stop that clients, sections and snapshots share.
func stopPatience(whole time.Duration) time.Duration { return whole - min(whole/4, farewellMax) }

// awayMax is how long a stop waits for a database that does not answer: without it no section can be handed over, and
// no snapshot be left.
const awayMax = 5 * time.Second

// patience is stopPatience, and less where there is little to wait for.
func (s *serveCommand) patience(n *node.Node, log *slog.Logger) time.Duration {
	patience := stopPatience(s.ShutdownTimeout)
	if !n.StoreAnswers() {
		log.Warn("the database does not answer: the stop waits for it a moment only", "wait", s.DrainWait+awayMax)
		return min(patience, s.DrainWait+awayMax)
	}
	return patience
}

// boundStop ends the process that late after ctx has, unless done was called before. What is acknowledged is durable,
// so that this costs what a crash costs: the next start reads more of the log, and waits for this node's heartbeat to
// lapse.
func boundStop(ctx context.Context, whole time.Duration, log *slog.Logger, exit func(int)) (done func()) {
	over := make(chan struct{})
	go func() {
		select {
		case <-over:
			return
		case <-ctx.Done():
		}
		timer := time.NewTimer(max(whole, stopLeast))
		defer timer.Stop()
		select {
		case <-over:
		case <-timer.C:
			log.Error("the stop is cut off: something still hangs at the end of --shutdown-timeout; nothing "+
				"acknowledged is lost", "after", max(whole, stopLeast))
			exit(exitFailed)
		}
	}()
	return sync.OnceFunc(func() { close(over) })
}
