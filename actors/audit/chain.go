package audit

import (
	"fmt"

	"holdfast/actors/section"
	"holdfast/storage"
)

// chain follows one log's entries. It repeats what stores verify when they read, from the rules alone, because a store
// that forgot to verify is one of the things an audit is for.
type chain struct {
	seq   section.Seq
	epoch section.Epoch
	hash  storage.Hash
}

// broken is the one damage after which nothing in the log can be believed.
type broken struct {
	code   Code
	detail string
}

func (b *broken) Error() string { return string(b.code) + ": " + b.detail }

func breakf(code Code, format string, args ...any) *broken {
	return &broken{code, fmt.Sprintf(format, args...)}
}

// follow checks that e comes next and stands where the store says; nil means that it does.
func (c *chain) follow(e *storage.Entry, hash storage.Hash) *broken {
	switch {
	case e.Seq != c.seq+1:
		return breakf(Gap, "record %d follows record %d", e.Seq, c.seq)
	case e.Prev != c.hash:
		return breakf(Edited, "does not carry the hash of the record before it")
	case storage.HashEntry(e) != hash:
		return breakf(Edited, "its hash is not the one the store gives")
	case e.Kind == storage.EntryClaim && e.Epoch != c.epoch+1:
		return breakf(EpochBroken, "claim raises epoch %d to %d", c.epoch, e.Epoch)
	case e.Kind != storage.EntryClaim && e.Epoch != c.epoch:
		return breakf(EpochBroken, "epoch %d became %d without a claim", c.epoch, e.Epoch)
	case e.Kind != storage.EntryClaim && e.Kind != storage.EntryChanges && e.Kind != storage.EntryReleased:
		return breakf(Unreadable, "entry of unknown kind %d", e.Kind)
	}
	c.seq, c.epoch, c.hash = e.Seq, e.Epoch, hash
	return nil
}

// end checks that the tail the store appends to is the last entry that can be read: else the next append would not
// continue.
func (c *chain) end(tail storage.Tail) *broken {
	if tail.Seq != c.seq || tail.Hash != c.hash || tail.Epoch != c.epoch {
		return breakf(
			Gap, "the log reads to record %d epoch %d, but its tail is record %d epoch %d", c.seq, c.epoch, tail.Seq,
			tail.Epoch,
		)
	}
	return nil
}
