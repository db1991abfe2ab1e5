// Package cluster says who should own a section. It proposes; the log decides (package storage): whatever is wrong in here costs
// waiting or a needless takeover, never a seat.
//
// What there is so far is the heart of a node on a shared store: it shows that its node is alive, and says whether a section
// may be taken over from another one.
//
//	       every 500 ms                              asked before every claim
//	Heart ───────────────▶ Nodes.Beat, Nodes.Nodes    MayClaim(section, tail of its log)
//	  │                                                 │
//	  │  rows as this node saw them:                     ├─ this node cannot see or be seen now ──▶ no
//	  │    writer A  value 17  since 0.3 s: alive        ├─ log empty, or released ───────────────▶ yes
//	  │    writer B  value 4   since 2.6 s: lapsed       ├─ tail's writer alive ──────────────────▶ no
//	  │    (no row)            left, or never a node     └─ lapsed, or without a row ─────────────▶ yes
//	  ▼
//	Config.Freed: somebody left or lapsed: now is the time to claim what stands still
//	Config.Overslept: others may have taken what this node believes to have: now is the time to look
//	Lease: until then, and whenever the row was not shown in time, nothing is answered from memory
//
// # Whose clock
//
// A row is lapsed when its value has not changed for Lapse on the monotonic clock of the one who looks. Times that another machine
// wrote are only compared for being equal, so that no two clocks ever need to agree. Time in which this node could not look
// proves nothing: after such a gap every row begins anew.
//
// # What safety does not depend on
//
// None of this. A node that is paused, cut off or has a broken clock may believe whatever it likes: its next append meets the seq that
// its heir has taken, and it stops. Heartbeats only keep two living nodes from taking sections from each other in turn.
//
// # Rejected
//
// A lease as the right to write, with an end written by its holder (two clocks, and a paused holder believes in it); an advisory lock of the server (ends with a
// connection, not with a node, and CockroachDB has none); asking the other node over the network (it may be alive and cut off from the store, or
// the other way round: only the store knows who can write).
package cluster
