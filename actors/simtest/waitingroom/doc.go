// Package waitingroom simulates the writers of one waiting room's log from a seed: two nodes that both believe they
// may write it, each with a clock that steps, a network that loses, delays and repeats, sites that follow the log
// and place holds, and a crowd of which six in ten never come when called. All of it runs in one goroutine: one
// seed is one history.
//
//	seed ──▶ world ── a step: join, take, leave, operate, free, flush, crash, take over, deliver, lose …
//	           │
//	           ├── writer.Writer of node 0 ──┐
//	           ├── writer.Writer of node 1 ──┴─▶ flights ──▶ memstore: the gate's log ──▶ sites: who may still hold
//	           │                                               │
//	           └── every answer is held against the model ◀────┤ which reads each record as it becomes durable
//	                                                           └──▶ gate/audit, when all is at rest
//
// The model is dumb and shares no rule with the gate: whose number is whose, how far the counter is, which sessions
// have a slot. It judges what people were told (P2, P3, P5, P8: G1, G2, G4, G5, G6, G7). The audit judges the log
// alone.
//
// At the end the world comes to rest: one node serves, nothing is lost any more, and whoever comes when called must
// get in, however many do not come. A run is replayed with HOLDFAST_SIM_SEED=n; make sim, make sim-night.
//
// # Rejected
//
// One simulator of sections and gates: their commands, their models and their ends have nothing in common. A model
// that asks the machine: both would be wrong together.
package waitingroom
