package cluster

import (
	"context"
	"time"

	"holdfast/cluster/heartbeat"
	"holdfast/storage"
)

// What callers of this package know of heartbeats: see package heartbeat.
type (
	// Liveness shows that this node is alive, and knows who else is.
	Liveness = heartbeat.Liveness
	// Config is of a Liveness.
	Config = heartbeat.Config
	// Row is another node's heartbeat row as this node sees it.
	Row = heartbeat.Row
	// Rows are all other nodes' rows at one look.
	Rows = heartbeat.Rows
	// RowSource tells of the others' rows: a Liveness.
	RowSource = heartbeat.RowSource
	// ObservedBeats is a Liveness without its beat, for simulators.
	ObservedBeats = heartbeat.ObservedBeats
	// ReadLease is a Liveness's read lease by itself, for simulators.
	ReadLease = heartbeat.ReadLease
)

// Start begins to beat: see heartbeat.Start.
func Start(ctx context.Context, c Config) (*Liveness, error) { return heartbeat.Start(ctx, c) }

// Observe knows nothing yet, and allows nothing: see heartbeat.Observe.
func Observe(me storage.WriterID, lapse time.Duration) *ObservedBeats {
	return heartbeat.Observe(me, lapse)
}
