// Package counter is a machine of toys: a counter that sells numbers. The conformance suite in machinetest runs on it
// beside the real machines, so that the writer and the shard are never true of seats only.
//
//	free ── Reserve ──▶ reserved ── Buy ──▶ sold
//	  ▲                    │
//	  └─── the timer ──────┘
//
// It is also the shortest example of a machine: what the next one has to have, and nothing else.
package counter
