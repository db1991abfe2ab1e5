// Package redisstream tells Redis streams what the logs of sections say. It is a sink of the feed.
//
//	feed ── Tell: a shard's next page ──▶ one pipeline of XADD ──▶ STREAM:EVENT/SECTION   id = record-change+1
//	                                            │ refused: the id is there, or a later one
//	                                            ▼
//	                                      done all the same
//
// Each shard has a stream of its own, whose entries have ids made of the record's number: an entry that is told again
// has the id that it had, and Redis refuses it. So every change stands in a stream once, in order, whatever feeders do.
// An entry has one field, "event": the event in CloudEvents' structured mode, in the bytes that webhooks get. The set
// STREAM:shards names the streams that there are.
//
// Streams are capped at about so many entries. A consumer that falls behind what is kept notices by the chain, asks for
// the snapshot again, and may read what it missed from GET /v1/events/{event}/changes.
//
// Redis promises less than the log: a failover to a replica that lags, or a Redis that keeps nothing on disk, loses
// entries that were told. When a stream ends before what it was told, that is an alarm and a metric; nothing is told
// again by itself, for what was lost between may be long gone from the stream's beginning.
//
// # Rejected
//
// One stream for all shards: ids must grow within a stream, so they could not be the record's, and a repeat would be an
// entry. Publish and subscribe: who is not there hears nothing.
package redisstream
