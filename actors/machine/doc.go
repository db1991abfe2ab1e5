// Package machine says what a shard's pure state is to the writer that runs it: one small interface, and the numbers
// that a log and its machine share.
//
//	command ──▶ Decide ── nothing to write: a refusal, a read ──▶ told once the record that the answer rests on is durable
//	               │
//	               └─ bytes of changes ──▶ record ──▶ Apply ──▶ told once the record is durable
//
//	timer   ──▶ DecideTimers ──▶ record ──▶ Apply
//	log     ──▶ Replay, for recovery and for replicas; Decide is never asked again
//
// A machine knows no clock, no chance, no store and no other machine: all of them come in as data. So the same bytes
// give the same state for ever (P10), and a writer, a follower and a verifier run the same code.
//
// The next machine is one pure package that implements Machine, and a Kind that makes it. The writer, the committer,
// recovery, the lifecycle and hand-over come with packages writer and shard. The conformance suite in package
// machinetest runs any machine through all of them, and its counter is the shortest example of one.
//
// # Why a machine encodes its own changes
//
// The writer never learns what a change is: it moves bytes. A type parameter would give the same, and costs a
// dictionary look-up in each call on the hot path; a change behind an interface costs an allocation each.
//
// # Rejected
//
// One method that decides and applies: a record that is full must refuse the changes before anything is true. A list of
// effects that the writer interprets (seats, tickets, quotas): the second machine would have others.
package machine
