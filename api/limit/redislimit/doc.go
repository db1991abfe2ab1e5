// Package redislimit counts calls over all nodes of a cluster, in a Redis that they share.
//
//	limit ── Take ──► up?  no ──────────────────────────────► no answer: the node's own count decides
//	                   │ yes
//	                   ▼
//	          one script, at most 50 ms ──► answer
//	                   │ three failures in a row
//	                   ▼
//	          down: an alarm, nobody asks; one goroutine tries the script once a second ──► up again
//
// The script is the generic cell rate algorithm over all of a call's buckets: one round trip, one clock (Redis's), and
// a key only for as long as its bucket is not full. Redis is never asked who owns a seat, and loses nothing that
// matters: a Redis that forgets has full buckets.
//
// Rejected: redis_rate, which asks once for each bucket, knows whole rates only, and rounds where a node does not, so
// that node and Redis would disagree. Rejected: refusing while Redis is away.
package redislimit
