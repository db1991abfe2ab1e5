// Package witness remembers, outside of the store, how far each section's log had come when its newest records were
// acknowledged: a sequence number and a hash. A store that was restored from an older copy, or failed over to a
// stand-by that lacked the newest records, is whole by itself; only somebody else can tell that it was longer.
//
//	record durable here ───┐
//	record followed ───────┼─▶ mark of the section ──(at most a second later)──▶ the file "acknowledged"
//	a peer's mark ─────────┘        │
//	                                ▼
//	claim: the log's tail ──▶ behind the mark, or another record at its number? ──▶ *LostError: not served
//
// Invariants: a mark is of a durable record that somebody may have been told of; it only grows, but for an operator who
// accepts a loss; it is taken before the tail that it is held against, so a log that goes on meanwhile is never taken
// for a shorter one. Without a mark nothing is known, which is no contradiction.
//
// The file is rewritten as a whole, under another name first. A node that is killed leaves marks of a second ago at
// most; one that stops in good order leaves the exact ones.
//
// Rejected: a mark for each commit (another sync), and marks in the store (lost together with the records).
package witness
