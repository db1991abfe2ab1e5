// Package writer is the single writer of one shard's log, for any machine: what makes a decision durable before anybody
// hears of it.
//
//	Request ──▶ Writer.Submit ── Decide ── refusal, nothing in flight ──▶ Answers at once (P7)
//	                │ Apply, bytes into the gathering record
//	                ▼
//	            Writer.Ready ──▶ Committer ──▶ Store.Commit: many shards, one sync
//	                                               │ durable
//	            Writer.Advance ◀───────────────────┘
//	                ├──▶ effects, for the map
//	                └──▶ Answers of that record; the next record leaves
//
//	Claim ──▶ Load ──▶ New        a life begins: the log first, then the memory
//	Lifecycle                     where a shard stands on this node, and when it may move
//
// No part of it has a goroutine but the Committer, and none knows a clock: a shell (the shard's actor, or a simulator)
// drives it.
//
// # Doubt
//
// Fenced, refused by the store: the writer stops (Stop), all waiters hear "unavailable, repeat with the same key", and
// a new life claims the log with a higher epoch and loads what is really there. Unknown outcome, or no store to take
// it: the same bytes are sent again, alone, until the log answers; meanwhile everything new is refused.
//
// # Rejected
//
// Answers from the committer (they would race with the writer's own bookkeeping, and the map must be published first);
// a second record in flight (its hash rests on the first, which may turn out to be another writer's); a repair of the
// memory after an error (nobody knows which part of it the log has).
package writer
