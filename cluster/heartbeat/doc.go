// Package heartbeat shows in a shared store that a node is alive, and says whether a section may be taken over from
// another node. It is never authority: the log decides.
//
//	       every 500 ms                                 asked before every claim
//	Liveness ───────────▶ Nodes.Beat, Nodes.Nodes       MayClaim(section, tail of its log)
//	  │                                                 │
//	  │  rows as this node saw them:                     ├─ this node cannot see or be seen now ──▶ no
//	  │    writer A  value 17  since 0.3 s: alive        ├─ log empty, or released ───────────────▶ yes
//	  │    writer B  value 4   since 2.6 s: lapsed       ├─ tail's writer alive ──────────────────▶ no
//	  │    (no row)            left, or never a node     └─ lapsed, or without a row ─────────────▶ yes
//	  ▼
//	Config.OnVacated: a node left or lapsed: now is the time to claim what stands still
//	Config.OnStale: others may have taken what this node believes to have: now is the time to look
//	Lease: until then, and whenever the row was not shown in time, nothing is answered from memory
//
// Liveness has the clock, the store and a goroutine. ObservedBeats (what the rows mean) and ReadLease (how long memory
// may be trusted) have none of them, and a simulator drives the same rules with them.
//
// # Whose clock
//
// A row is lapsed when its value has not changed for Lapse on the monotonic clock of the one who looks. Times that
// another machine wrote are only compared for being equal, so that no two clocks ever need to agree. Time in which this
// node could not look proves nothing: after such a gap every row begins anew.
//
// # Two words
//
// A read lease is the right to answer from memory, and never the right to write: that is the log's epoch (the fence). A
// lapsed row permits a claim, and the claim still has to be appended.
//
// # Rejected
//
// A lease as the right to write, with an end written by its holder (two clocks, and a paused holder believes in it); an
// advisory lock of the server (ends with a connection, not with a node, and CockroachDB has none); asking the other
// node over the network (it may be alive and cut off from the store, or the other way round: only the store knows who
// can write).
package heartbeat
