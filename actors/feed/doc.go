// Package feed tells the outside what the logs of sections say. The log is the outbox (P15): nothing is written for it
// when a change is made, and no booking waits for it.
//
//	owner: a record is durable ─ Landed ─▶ nudge ─▶ run ─▶ every sink's queue of shards
//	                             (a flag and a place in a channel; it never waits)
//	                                                          │ workers, Sink.Parallel
//	                                                          ▼
//	       store ── Reader.read from the cursor: a page of whole records ──▶ package envelope: events
//	                                                          │
//	                                                          ▼
//	                                            Sink.Tell ──▶ how many are done, items to keep
//	                                                          │
//	       store ◀── once a second: items, then cursors ◀─────┘
//
// Each sink has a cursor of its own in each shard: a slow one delays nobody. What is read is always the store, however
// far behind: a nudge says that there is something, and not what. So a restart, a takeover and a lost nudge are the
// same case, and what is not durable cannot be told.
//
// # Who tells
//
// The node that should have a section (Config.Here), whether somebody serves it or not. When that changes, the next
// node reads the cursor and goes on; what the one before told since its last flush is told twice. Two nodes may tell
// one shard for a moment: repeats are allowed, gaps are not.
//
// A sink is told in order: a shard's next record is given to it when those before are done with, within one node's
// life.
//
// # What is told
//
// Sections' logs, every record. Not told are waiting rooms and coordinators, which have logs of their own, and the
// catalog, which has none: that an event was made, put off, or deleted. A deletion shows as seats.blocked of every seat
// and event.sale_closed, a cancellation as event.cancelled. Logs are never shortened, so no cursor can be passed by; a
// log that is damaged, or another one than was told (a restored backup), stops its shard, is an alarm, and is never
// skipped.
//
// What a booking was placed with is not repeated in the changes that follow. The Reader remembers the last tens of
// thousands, and finds older ones in the log by halving.
//
// # The next sink
//
// It implements Sink: a name, where to begin, how many shards at once, and Tell. Things that it must keep go with
// Result.Items, under keys that begin with a letter of its own; they are durable before the cursor that passes them. It
// says what it wants by itself: events that are not for it are done at once.
//
// # Rejected
//
// A table of outgoing events, written with each record: a second write for every booking. Telling from memory what the
// owner has just written: two ways to the same event, one of them rarely used, and only as fast as reading what is in
// the store's cache anyway. A state of each section, kept for its bookings' sake: as large as the section's own.
package feed
