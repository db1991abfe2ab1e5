// Package shard runs a machine's writer as an actor: its mailbox, its one timer, its lives.
//
//	Send ──▶ Activation (a slot, then the mailbox) ──▶ shardActor ── stamps At ──▶ writer.Writer.Submit
//	                                                        │◀─ flush marker (FIFO: all that was queued is in the record)
//	                                                        ├──▶ Committer ──▶ the log ──▶ wakeUp
//	                                                        ├──▶ Host.Landed: the map, the followers
//	                                                        └──▶ answers told
//
//	Activate ──▶ claim ──▶ Host.Claimed ──▶ load ──▶ Host.Loaded ──▶ serving ── Drain, fence, panic ──▶ Observer.Stopped
//
// Answers are told by the shard's actor and not by the committer: the writer then needs no lock, and the map is
// published before the first answer, so a buyer finds the own hold on the map. The commit's result waits in a slot that
// the actor looks at before every message, so it does not queue behind the requests.
//
// A shard sees its surroundings through one interface, Host: what its memory means there has to be true before anybody
// is answered. Who only hears of its lives is an Observer. What a process gives to all shards is a Node. Time and
// goroutines come from Runtime, so that a simulator runs the very same shell.
//
// # Rejected
//
// The actor library's persistence (it cannot report a failed write), its futures (12 allocations; a pooled request with
// a channel has none), bounded mailboxes (they spin or lose; the count in front of the mailbox is the bound), its
// restart-on-panic (it keeps the old mailbox and the doubtful memory).
package shard
