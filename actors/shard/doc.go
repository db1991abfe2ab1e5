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
// A request runs to completion where it can, so that a hold of an idle shard crosses two goroutines and not five:
//
//	buyer's goroutine   Run: slot, mailbox, the machine decides, the record goes to the committer ──▶ waits
//	committer           one write for the group, then each shard in turn: the map, the followers, the answers ──▶ next
//	buyer's goroutine   ◀── goes on
//
// While a shard is busy, whoever runs it handles what others post. A turn on another's goroutine is short (see
// mailbox); the dispatcher's workers go on from there, and take what comes from timers and from other nodes.
//
// Answers are told by the shard's actor, on whichever goroutine it runs, and only there: the writer then needs no lock,
// and the map is published before the first answer, so a buyer finds the own hold on the map. The commit's result waits
// in a slot that the actor looks at before every message, so it does not queue behind the requests.
//
// A shard sees its surroundings through one interface, Host: what its memory means there has to be true before anybody
// is answered. Who only hears of its lives is an Observer. What a process gives to all shards is a Node. Time and
// goroutines come from Runtime, so that a simulator runs the very same shell.
//
// # Rejected
//
// The actor library's persistence (it cannot report a failed write), its futures (12 allocations; a pooled request with
// a channel has none), bounded mailboxes (they spin or lose; the count in front of the mailbox is the bound), its
// restart-on-panic (it keeps the old mailbox and the doubtful memory), its mailbox and dispatcher (two atomics, a
// boxed queue entry and a hand-over between goroutines a message). Running a request of another node on the goroutine
// that reads that node: all of its requests would be judged one after the other.
package shard
