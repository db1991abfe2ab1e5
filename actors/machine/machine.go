package machine

// Distinct numbers get distinct types: swapping two is a compile error.
type (
	// Epoch is the fencing token of a shard's log. Every takeover raises it by one.
	Epoch uint64
	// Seq is a record's number in its shard's log: dense, starting at 1. Zero means "before the first record".
	Seq uint64
	// Instant is a moment in milliseconds since the Unix epoch, UTC.
	Instant int64
	// Millis is a length of time in milliseconds.
	Millis int64
)

// Machine is the pure state of one shard. It is not safe for concurrent use: one goroutine drives it.
//
// Invariant: a machine that replays a log equals the machine that wrote it, to the byte of AppendSnapshot.
type Machine interface {
	// Claimed begins a life as the log's writer: next is the number of the first record, at the instant of the claim.
	Claimed(next Seq, at Instant)
	// Begin says that what is applied from here on stands in record seq, which never goes back.
	Begin(seq Seq)
	// LastAt is the newest instant applied. Nothing is decided at an earlier one.
	LastAt() Instant
	// NextTimer is the earliest instant at which DecideTimers has something to do. ok is false when there is none. O(1).
	NextTimer() (at Instant, ok bool)

	// Decide judges a command, which is of the machine's own type, and leaves the answer in it. It reads only.
	Decide(command any, at Instant) Decided
	// DecideTimers judges what time alone has made due by at: a bounded piece of it, so that a wave leaves room for
	// commands.
	DecideTimers(at Instant) Decided
	// AppendChanges appends the changes of the last Decide or DecideTimers, encoded relative to their record's instant.
	AppendChanges(dst []byte, recordAt Instant) []byte
	// Apply makes those changes true, which cannot fail, and adds what they did to e.
	Apply(e Effects)

	// Replay applies the changes of one record that stands in the log, and adds what they did to e unless e is nil.
	// An error, or a panic, says that the bytes are damaged: the machine is not to be used any more.
	Replay(body []byte, at Instant, e Effects) (changes int, err error)
	// AppendSnapshot appends the whole state. Equal states have equal snapshots.
	AppendSnapshot(dst []byte) []byte
	// NewEffects gives a place for the effects of one record.
	NewEffects() Effects
}

// Decided is what became of a command.
type Decided struct {
	// Changes counts the changes to write. 0: the command is answered, and changes nothing.
	Changes int
	// DependsOn is the newest record that an answer without changes was judged on: it may be told once that one is durable
	// (P2). 0: no record.
	DependsOn Seq
}

// Effects is what the changes of one record did, for those who show or guard it outside of the log. It is of the
// machine's own type, and is reused.
type Effects interface {
	// Reset empties it.
	Reset()
}

// Kind makes the machines of one shard.
type Kind interface {
	// New gives the state before the first record.
	New() Machine
	// Restore gives the state of a snapshot. An error says that the snapshot is damaged or unknown.
	Restore(snapshot []byte) (Machine, error)
}
