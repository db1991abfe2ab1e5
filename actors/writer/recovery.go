package writer

import (
	"context"
	"errors"
	"fmt"

	"holdfast/actors/machine"
	"holdfast/storage"
)

// Load rebuilds a machine from its newest snapshot and the records after it, up to tail (its own claim), and counts the
// changes that it replayed. A damaged snapshot is set aside, for the log is what counts; a damaged log is an error that
// names the record: nothing is guessed. *storage.FencedError: somebody has claimed the log meanwhile.
func Load(ctx context.Context, store storage.Store, key storage.SectionKey, kind machine.Kind, tail storage.Tail) (
	machine.Machine, int, error) {
	m, at, err := Restore(ctx, store, key, kind)
	if err != nil {
		return nil, 0, err
	}
	replayed, err := LoadFrom(ctx, store, key, m, at, tail)
	if err != nil {
		return nil, 0, err
	}
	return m, replayed, nil
}

// LoadFrom goes on from a machine that stands after at, up to tail. After an error the machine is not to be used any
// more. Errors are Load's.
func LoadFrom(
	ctx context.Context, store storage.Store, key storage.SectionKey, m machine.Machine, at, tail storage.Tail,
) (
	replayed int, err error) {
	if at.Seq > tail.Seq {
		return 0, beyond(ctx, store, key, at.Seq)
	}
	err = store.Read(ctx, key, at.Seq, func(e *storage.Entry, hash storage.Hash) error {
		if e.Seq > tail.Seq { // somebody claimed it meanwhile: that is no damage
			return &storage.FencedError{Section: key, Tail: e.After(hash)}
		}
		n, err := Replay(m, key, e, at, nil)
		replayed += n
		at = e.After(hash)
		return err
	})
	if err != nil {
		return 0, err
	}
	if at.Seq != tail.Seq || at.Hash != tail.Hash {
		return 0, &storage.CorruptError{Section: key, Seq: at.Seq,
			Why: fmt.Sprintf("the log ends before record %d, where its tail was", tail.Seq)}
	}
	return replayed, nil
}

// beyond says what a snapshot of records behind a claim means: the log has gone on since, under somebody else, or it
// has lost those records.
func beyond(ctx context.Context, store storage.Store, key storage.SectionKey, snapshot machine.Seq) error {
	newest, err := store.Tail(ctx, key)
	switch {
	case err != nil:
		return err
	case newest.Seq >= snapshot:
		return &storage.FencedError{Section: key, Tail: newest}
	}
	return &storage.CorruptError{Section: key, Seq: snapshot,
		Why: fmt.Sprintf("there is a snapshot of it, and the log ends with record %d", newest.Seq)}
}

// Restore gives the snapshot's machine and where it stands, or an empty one when there is no snapshot to be trusted.
func Restore(ctx context.Context, store storage.Snapshots, key storage.SectionKey, kind machine.Kind) (machine.Machine,
	storage.Tail, error) {
	snap, err := store.LoadSnapshot(ctx, key)
	var corrupt *storage.CorruptError
	switch {
	case err == nil:
		if m, err := kind.Restore(snap.Body); err == nil {
			return m, storage.Tail{Seq: snap.Seq, Epoch: snap.Epoch, Hash: snap.Hash}, nil
		}
	case !errors.Is(err, storage.ErrNotFound) && !errors.As(err, &corrupt):
		return nil, storage.Tail{}, err
	}
	return kind.New(), storage.Tail{}, nil
}

// Replay applies the record that follows before, and adds what it did to effects unless they are nil; Decide is never
// asked again. A *storage.CorruptError names a record that does not continue the log or cannot be applied.
func Replay(m machine.Machine, key storage.SectionKey, e *storage.Entry, before storage.Tail, effects machine.Effects) (
	changes int, err error) {
	if e.Prev != before.Hash || e.Seq != before.Seq+1 {
		return 0, &storage.CorruptError{Section: key, Seq: e.Seq, Why: "does not continue the record before it"}
	}
	m.Begin(e.Seq)
	if e.Kind != storage.EntryChanges {
		return 0, nil
	}
	if changes, err = replayBody(m, e, effects); err != nil {
		return changes, &storage.CorruptError{Section: key, Seq: e.Seq, Why: err.Error()}
	}
	return changes, nil
}

// replayBody turns a machine's assertion into an error: at replay the impossible means damaged data, not a broken
// program.
func replayBody(m machine.Machine, e *storage.Entry, effects machine.Effects) (changes int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("impossible change: %v", p)
		}
	}()
	return m.Replay(e.Body, e.At, effects)
}
