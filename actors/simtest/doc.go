// Package simtest simulates the writers of one section from a seed: two nodes that both believe they may write it, a
// network that loses, delays and repeats, and a few buyers. All of it runs in one goroutine: one seed is one history.
//
//	seed ──▶ world ── a step: submit, flush, crash, pause, take over, deliver, lose …
//	           │
//	           ├── writer.Writer of node 0 ──┐
//	           ├── writer.Writer of node 1 ──┴─▶ flights ──▶ memstore: the log
//	           │                                               │
//	           └── every answer is held against the Model ◀────┘ which reads each record as it becomes durable
//
// The simulator drives the product's own writer, claims and recovery. Its judge is Model, which shares no code with the
// machine: it knows the log's bytes and what each change means. The simulator of whole clusters (package cluster, below
// this one) judges by the same Model, one for each section.
//
// A run is replayed with HOLDFAST_SIM_SEED=n, and HOLDFAST_SIM_SEEDS=n takes n runs: make sim, make sim-night.
//
// # Rejected
//
// A judge that asks the machine (both would be wrong together); goroutines and a clock (nobody could look at a failure
// twice).
package simtest
