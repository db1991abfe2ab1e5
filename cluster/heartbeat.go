package cluster

import (
	"context"
	"time"

	"holdfast/cluster/heartbeat"
	"holdfast/storage"
)

// What callers of this package know of heartbeats: see package heartbeat.
type (
	// Heart shows that this node is alive, and knows who else is.
	Heart = heartbeat.Liveness
	// Config is of a Heart.
	Config = heartbeat.Config
	// Row is another node's heartbeat row as this node sees it.
	Row = heartbeat.Row
	// Rows are all other nodes' rows at one look.
	Rows = heartbeat.Rows
	// RowSource tells of the others' rows: a Heart.
	RowSource = heartbeat.RowSource
	// Sightings is a Heart without its beat, for simulators.
	Sightings = heartbeat.ObservedBeats
	// Tenure is a Heart's read lease by itself, for simulators.
	Tenure = heartbeat.ReadLease
)

// Start begins to beat: see heartbeat.Start.
func Start(ctx context.Context, c Config) (*Heart, error) { return heartbeat.Start(ctx, c) }

// NewSightings knows nothing yet, and allows nothing: see heartbeat.Observe.
func NewSightings(me storage.WriterID, lapse time.Duration) *Sightings {
	return heartbeat.Observe(me, lapse)
}
