// Package fanout tells many clients the same news over connections that stay open, and takes nothing from whoever
// books meanwhile (P9).
//
//	Source: Since(place) ──▶ Frame: encoded once, packed once, for all who stand at one place
//	   │ Wake                              │
//	Hub: clients in shards ──▶ Fan: queue of shards that are due ──▶ kept writers ══ one system call each ══▶ clients
//	                                       ▲                             │
//	                                       └── slice, yield, rest ◀── pacer: what a write costs, who else waits
//
// A client is a connection and a place in its source's history. No goroutine waits for it: a writer writes without
// waiting, and what a connection does not take at once is finished by a goroutine of its own, which nobody waits for.
// A shard has one turn at a time, and stands in the queue once, however often it is woken: whoever is behind gets one
// frame over all that happened since.
//
// Bookings go first. There are half as many writers as processors, so no more than that many clients' goroutines are
// ever runnable. A writer yields after a slice; it rests when the processors have more to do than they can. How long
// follows from what it measures: the processor time of a write, the time for which it was kept waiting, and the age of
// what it tells. Nothing is set for a machine.
//
// A Keeper has one hub for each event that somebody follows. The live map is one Source. A waiting room's counters are
// another: its frame is the same for everybody.
//
// # Rejected
//
//   - A goroutine for each client: a change made 10,000 of them runnable at once, in front of every booking; with its
//     stack and its reader a client took 12 KB.
//   - A fixed pause between shards: right on one machine, and wrong on the next.
//   - One frame a round for all shards: a change would wait for the next round, and then for its shard's turn.
//   - One writer that waits for each client: the slowest would hold up the others.
package fanout
