// Package waitingroom is a gate on the node that serves it: the pure machine of package gate, the shard that writes its
// log, and what both need of the surroundings (P8).
//
//	Join ──▶ joinQueue ── up to 500 at once ──▶ ┐
//	Take, Leave, Look, Do ────────────────────▶ shard.Shard ──▶ gate.Machine ──▶ the gate's log
//	                                            ▲    │ Landed: a durable record
//	found, restock, free, finish ── a round ────┘    ▼
//	     ▲                                        gate.Follower ──▶ Frame, Session: what is durable, and nothing else
//	     │
//	SectionLoaded, SectionLanded: what each section has, record by record
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
//	free      the slots whose sessions' ends all sections have heard of: a barrier, see below
//	finish    the sessions of those who have bought
//
// Each is a command like a buyer's, and at most one of a kind is under way.
//
// # The barrier
//
// A hold is looked up here (Session), and placed in a section a little later. Surroundings.FollowEnds has every section
// hear of the newest end; from its answer on the section refuses what was looked up before, and the engine looks again.
// Only then SlotsFreed is logged, citing this node's record (G6). A section that stands still hears when it is loaded.
//
// # Rejected
//
// A frame from the machine's own memory: it may show what is not durable. A timer for each batch: the commit is the
// gathering. A list of ended sessions in each section: see package section. Stock from the map: it knows no difference
// between held and paying, and nobody could recompute it from the logs (G8).
package waitingroom
