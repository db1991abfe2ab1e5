// Package consumer is what a shop's program needs to take Holdfast's events, from Kafka, from Redis or from webhooks,
// and to know that it has all of them (P15). It imports the standard library only, so that it can be copied into
// another module as it is.
//
//	Kafka's record ── Binary ────┐
//	                             ├─▶ Event ──▶ Follower.Take ──▶ Next: use it
//	a stream's entry,            │                    │          Repeated, Before: it was used, or is in the snapshot
//	a webhook's body ─ Structured┘                    │
//	                                                  └────────▶ *Fault: Gap, Swap or Fork
//
// # The rule
//
// Events of one shard (Event.Shard: event/section) come in order, each at least once: repeats are normal, gaps never
// are. Each event names its record (Sequence), its place in it (Change of Changes), the record's hash and that of the
// record before. A Follower keeps one Position a shard, and nothing of what events say.
//
// # Where to begin
//
// At the beginning of the topic, or at a snapshot: GET /v1/events/{event}/availability gives the letters of every seat
// and the seq of each section. Ask for the snapshot first, give its seqs to Begin, and read the topic from its oldest
// record: what the snapshot has is Before, and the first record after it is Next. A topic whose oldest record is newer
// than the snapshot shows as a Gap; then the snapshot is to be asked for again.
//
// # After a crash
//
// Positions are to be kept where the program keeps what it made of the events, in the same transaction: then every
// change is used exactly once, whatever Kafka's offsets say.
//
// # Rejected
//
// Holding back what comes too early until the rest is there: first deliveries are in order, so a gap does not close by
// waiting, and a program that waits for ever is worse than one that says so. A Kafka client of its own: every shop has
// one.
package consumer
