// Package waitingroom is a gate on a node: the pure machine of package gate, the shard that writes its log where the
// gate is served, what follows that log elsewhere, and what all need of the surroundings (P8).
//
//	Join ──▶ joinQueue ── up to 500 at once ──▶ ┐
//	Take, Leave, Look, Do ────────────────────▶ shard.Shard ──▶ gate.Machine ──▶ the gate's log
//	                                            ▲    │ Landed: a durable record
//	found, restock, free, finish ── a round ────┘    ▼
//	     ▲                                        gate.Follower ──▶ Frame, Session: what is durable, and nothing else
//	     │
//	SectionLoaded, SectionLanded: what each section has, record by record
//
// # On several nodes
//
// One node serves the gate, and it moves as a section does: by the rule of package placement, by a record of its log,
// and by a claim once its node is gone (package shard). Every other node follows the log.
//
//	Join, Take, Leave, Look, Do ── here? ──▶ the shard
//	        (one batch of joins a node)  └─ elsewhere ── GateAsk ──▶ the gate's node        (package peer)
//	                                                  ◀─ GateAnswer ─┘ behind the record that it rests on
//	replica.Replica ── each record ──▶ gate.Follower ──▶ Frame, Session, Await            on every node
//
// A follower keeps counters and sessions: whoever becomes the owner loads the log. All commands may be repeated, the
// buyer being a join's key, so what was lost with a node is asked again of the next; joins wait meanwhile where their
// buyers came in. A proof of the draw is the owner's too, so that one node keeps the tree.
//
// The stock is counted on every node, from the sections' logs as they are followed there, which tell held from paying.
// A new owner says nothing of it before it has counted as far as the stock before (G8).
//
// # Joins give way
//
// One batch of joins is with the gate at a time; the next gathers meanwhile. So whatever else is asked waits behind one
// batch at most, however many people come, and a batch is as large as a commit is long. Joins in front of the gate are
// bounded: beyond, a join is refused as overloaded.
//
// # What is durable
//
// The machine is ahead of its log by what is in flight. So a gate.Follower reads the records that have landed, and
// frames and sessions are its: no poll and no hold rests on what a crash could take back (P2).
//
// # A round
//
// Four times a second, and soon after something calls for it, a round does what a life of the gate has to:
//
//	found     with the event's settings; a gate that is founded repeats it
//	restock   free, held and paying seats, and the sessions that have a hold; only when they have changed, and once
//	          every section has been counted
//	free      the slots whose sessions' ends all sections have followed: a barrier, see below
//	finish    the sessions of those who have bought
//
// Each is a command like a buyer's, and at most one of a kind is under way.
//
// # The barrier
//
// A hold is looked up on the buyer's node (Session), and placed in a section a little later. Surroundings.Observe has
// every section here hear of the newest end; from its answer on the section refuses what was looked up before, and the
// engine looks again. Only then SlotsFreed is logged, citing the nodes' acknowledgements (G6). A section that stands
// still hears when it is loaded: of the gate's log as it ends in the store by then.
//
// With several nodes it is the sections' logs that say whose acknowledgements are needed: see barrier.go.
//
// # Rejected
//
// A frame from the machine's own memory: it may show what is not durable. A timer for each batch: the commit is the
// gathering. A barrier of the nodes whose heartbeat is fresh: a paused node has none, and may hold what it had; the
// sections' logs say so without a clock. An owner's whole machine on every follower, or on a successor that is named
// in advance: forty bytes a person there, and each join twice, while a takeover of a million restores them from the
// snapshot in 0.13 s (BenchmarkMillion of package gate) of the 3 s that it has. A list of ended sessions in each
// section: see package section. Stock from the map: it knows no difference between held and paying, and nobody could
// recompute it from the logs (G8).
package waitingroom
