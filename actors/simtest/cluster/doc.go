// Package cluster simulates a whole cluster from a seed, in one goroutine: nodes with real engines, one store, links,
// gossip, clocks, buyers, operators, and everything that can happen to them. One seed is one history.
//
//	queue of moments ──▶ step: the earliest one happens ──▶ judge: logs, answers, claims       (world, judge)
//	     ▲                    │
//	     │                    ├─ an engine is called: a message, a timer, a buyer              (host, links, buyers)
//	     └── what it starts ──┤   goroutines are threads that take turns                       (threads)
//	                          ├─ the store does what was sent to it, or loses it               (store, lost)
//	                          └─ chaos: a node pauses, dies, drains; a line is cut             (chaos, outsiders)
//	     at the end ──▶ chaos ends: all come to rest in time, serve, and agree with the logs     (rest)
//
// Each file above is NAME_test.go here: nobody imports the simulator.
//
// The engines are the ones that serve: actors.OpenStepped assembles each by the code that actors.Open runs, and only
// leaves out the loops. A host (one process) runs these: commits, snapshots, rounds of the rebalancer, looks at the
// catalog. Whatever takes time inside the engine goes through shard.Runtime, which here is the world's queue, and
// mailboxes are run by a dispatcher of the world's. Heartbeats, leases, views and placement are package cluster's own
// rules. So nothing can be right here where the engine is wrong. What the simulator does itself: the shell of the
// heartbeat, gossip, links, and the order in which a server starts and stops.
//
// The judge reads every record as the store takes it, by simtest.Model, and knows nothing of engines. What an engine
// knows at the end is read through actors.Inspection and held against the logs.
//
// HOLDFAST_SIM_SEED=n replays one run, HOLDFAST_SIM_SEEDS=n takes n runs, HOLDFAST_SIM_TRACE=n tells the last n things
// that happened: make sim, make sim-night. make test also runs worlds whose engines have a bug on purpose.
//
// # Rejected
//
// A simulator inside package actors (it copied what Open does, and the copy could fall behind the engine that serves);
// a second implementation of the engine (it would prove itself); goroutines and a fake clock (the scheduler would
// decide, and no seed would be a history); an engine that asks whether it is simulated.
package cluster
