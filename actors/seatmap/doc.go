// Package seatmap holds an event's live seat map: which seats are free, held, sold and blocked, as the public may see
// it. The map is a projection of durable records (P9). Nothing is ever granted because of it.
//
//	a record is durable ──▶ Publish ─┐                          ┌─▶ Read      every letter, of one moment
//	a section is loaded ──▶ Reset  ──┴─▶ letters, counts, ring ─┼─▶ Deltas    what changed after a version; Changed
//	                                                            └─▶ Taken, Free, Suitable: answers "surely too late"
//
// A section publishes after its record is durable and before the record's answers are told, so a buyer who has an
// answer finds it on the map (read your own writes).
//
// Readers take the lock for a copy's time only. Writers append to a ring that readers follow at their own pace, so
// browsing never slows booking. A reader that falls behind the ring, or comes to a map that nobody had read before,
// begins again with Read.
//
// Every record is one delta, also one that changes no seat: versions and a section's numbers have no gaps, and a client
// notices what it missed.
//
// # Rejected
//
//   - A channel for each reader: a slow one must block the writer, or lose deltas without knowing how many.
//   - Copying the whole map at each record, with an atomic pointer: 40,000 letters for a change of two.
//   - A lock for each section: Read and a search that weighs several sections against each other need one moment of all.
//   - Asking the sections for counts: that is a message for each section for each loser of a sold-out event.
package seatmap
