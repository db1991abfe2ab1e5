// Package kafka tells a Kafka topic what the logs of sections say. It is a sink of the feed.
//
//	feed ── Tell: a shard's next page ──▶ pinned partition ──▶ flight: records on their way, in order
//	                                          │                   │ acks=all, idempotent
//	        store ◀── the pin, before the ────┘                   ▼
//	                  shard's first record              Done: as many of the first as were acknowledged
//
// # Records
//
// CloudEvents in binary mode: attributes are headers (ce_id, ce_type, ce_sequence, ce_hash …), the value is the data in
// JSON, the key is the shard (event/section). The record's time is when it was produced: Kafka's retention counts from
// then, and not from when a log was written that a new sink tells from its beginning.
//
// # Order
//
// A shard has one partition for ever: it is chosen by a hash over the partitions that there are when the shard is told
// for the first time, and is durable before the first record leaves. Partitions that are added take new shards only.
// Two nodes that tell a new shard for the first time in the same moment, of which one has not heard of added partitions
// yet, could choose two: the later choice stands, and consumers see the first records in both.
//
// One flight a shard is on its way. Its records stand in the producer's own order, which retries keep. A page that
// waits longer than Tell does stays in flight, and the next Tell goes on waiting for it: nothing is sent twice because
// a broker is slow. A large record is sent alone: were it refused, others behind it would overtake.
//
// # A broker that is away
//
// What waits is bounded in bytes, over all and for each partition. Beyond that nothing is begun: the log is the queue,
// the cursor stands, and lag is what shows (holdfast_feed_oldest_untold_seconds). No booking waits. The topic is looked
// for when there is something to tell, not at the start: a server starts while its broker is away.
//
// # Complete up to
//
// Once a second a node adds a record of type feed.complete to each partition: an instant, and of each active shard that
// it serves the last sequence. Everything that these shards' logs have of before that instant stands before the record.
// A node says so under its read lease only, and raises the shard's clock to that instant; a shard that is not told up
// to where it stands is left out. Whoever serves the shard next stamps later: after a hand-over because the log says
// so, after a crash because the lease has run out, as long as clocks differ by less than that (some 2 s).
//
// # Rejected
//
// Transactions: a consumer that reads only what is committed waits for them, and exactly once into Kafka is still at
// least once into what the consumer makes of it. The partitioner of the client: with added partitions it would move
// shards. Structured mode: brokers and consumers filter by headers without reading values. A compacted topic of states:
// the late duplicate of a fenced owner would become the truth.
package kafka
