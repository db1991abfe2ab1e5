package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/storage"
)

// claimant is who claims.
type claimant struct {
	writer storage.WriterID
	name   string
	may    func(storage.SectionKey, storage.Tail) bool // see Config.MayClaim
	pause  func(context.Context, time.Duration)        // waits, or until the context ends
	seen   *witness.Seen                               // what is known of the log; nil: nothing
}

// known is taken before a tail is read that is held against it.
func (who *claimant) known() witness.Mark {
	if who.seen == nil {
		return witness.Mark{}
	}
	return who.seen.Mark()
}

func pause(ctx context.Context, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errNotOurs says that the section is another writer's, who may be alive.
var errNotOurs = errors.New("actors: section belongs to another node")

// notOursError is errNotOurs with the log's end, which names whose it is.
type notOursError struct{ tail storage.Tail }

func (*notOursError) Error() string        { return errNotOurs.Error() }
func (*notOursError) Is(target error) bool { return target == errNotOurs }

// claim takes a section's log over: it appends "epoch+1, owner" at the tail, from the new tail again whenever somebody else was
// faster, and with the same bytes again while the outcome is unknown. Only after it may the log be loaded and served (DESIGN §5).
// A log that lacks what this node knows to have been acknowledged is not claimed: *witness.LostError.
func claim(ctx context.Context, log storage.Log, key storage.SectionKey, who claimant, now section.Instant) (storage.Tail, error) {
	e, err := claimEntry(ctx, log, key, who, now)
	if err != nil {
		return storage.Tail{}, err
	}
	return e.After(storage.HashEntry(&e)), nil
}

// claimEntry is claim, and gives the record that it left.
func claimEntry(ctx context.Context, log storage.Log, key storage.SectionKey, who claimant, now section.Instant) (storage.Entry, error) {
	for attempt := uint64(0); ; attempt++ {
		known := who.known()
		tail, err := log.Tail(ctx, key)
		if err != nil {
			return storage.Entry{}, err
		}
		if tail.Writer != who.writer && !who.may(key, tail) {
			return storage.Entry{}, &notOursError{tail}
		}
		if err := known.Check(ctx, log, key, tail); err != nil {
			return storage.Entry{}, err
		}
		e := storage.Entry{Kind: storage.EntryClaim, Seq: tail.Seq + 1, Epoch: tail.Epoch + 1, Writer: who.writer,
			Batch: claimBatch(who.writer, attempt), At: max(now, tail.At), Prev: tail.Hash, Body: []byte(who.name)}
		if err = who.commit(ctx, log, storage.Append{Section: key, Entry: e}); err == nil {
			return e, nil
		}
		var fenced *storage.FencedError
		if !errors.As(err, &fenced) && !errors.Is(err, storage.ErrGap) {
			return storage.Entry{}, err
		}
		if ctx.Err() != nil {
			return storage.Entry{}, ctx.Err()
		}
		if attempt > 0 { // somebody claims as fast as we do, or the tail that is told is not the one there is
			who.pause(ctx, resendDelay(int(min(attempt, 7))))
		}
	}
}

// claimBatch counts down from the top, where the batches of records, counted up from 1, never come.
func claimBatch(writer storage.WriterID, attempt uint64) storage.BatchID {
	return batchID(writer, ^attempt)
}

// commit sends one append until the log's word is known, or ctx ends: then it stays unknown. Not written is a word as long as no earlier
// sending is in doubt: the claim is given up then, whoever waits for it is refused at once, and the section tries again by
// itself. After a doubt it is none (S6): a claim given up then could still arrive under a batch that the next one uses again.
func (who *claimant) commit(ctx context.Context, log storage.Log, a storage.Append) error {
	doubt := false
	for attempt := 0; ; attempt++ {
		err := log.Commit(ctx, []storage.Append{a})[0]
		doubt = doubt || errors.Is(err, storage.ErrUnknown)
		if !doubt || !undecided(err) || ctx.Err() != nil {
			return err
		}
		who.pause(ctx, resendDelay(attempt))
	}
}

// load rebuilds a section from its newest snapshot and the records after it, up to tail (its own claim). A damaged snapshot is
// set aside, for the log is what counts; a damaged log is an error that names the record: nothing is guessed.
func load(ctx context.Context, store storage.Store, key storage.SectionKey, layout *section.Layout, rules section.Rules, tail storage.Tail) (*section.State, int, error) {
	state, at, err := restore(ctx, store, key, layout, rules)
	if err != nil {
		return nil, 0, err
	}
	return loadFrom(ctx, store, key, state, at, tail)
}

// loadFrom goes on from a state that stands after at.
func loadFrom(ctx context.Context, store storage.Store, key storage.SectionKey, state *section.State, at, tail storage.Tail) (*section.State, int, error) {
	replayed := 0
	err := store.Read(ctx, key, at.Seq, func(e *storage.Entry, hash storage.Hash) error {
		if e.Seq > tail.Seq { // somebody claimed it meanwhile: that is no damage
			return &storage.FencedError{Section: key, Tail: e.After(hash)}
		}
		n, err := replay(state, key, e, at)
		replayed += n
		at = e.After(hash)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if at.Seq != tail.Seq || at.Hash != tail.Hash {
		return nil, 0, &storage.CorruptError{Section: key, Seq: at.Seq, Why: fmt.Sprintf("the log ends before record %d, where its tail was", tail.Seq)}
	}
	return state, replayed, nil
}

// restore gives the snapshot's state, or an empty one when there is none to be trusted.
func restore(ctx context.Context, store storage.Store, key storage.SectionKey, layout *section.Layout, rules section.Rules) (*section.State, storage.Tail, error) {
	snap, err := store.LoadSnapshot(ctx, key)
	var corrupt *storage.CorruptError
	switch {
	case err == nil:
		if state, err := section.Restore(layout, rules, snap.Body); err == nil {
			return state, storage.Tail{Seq: snap.Seq, Epoch: snap.Epoch, Hash: snap.Hash}, nil
		}
	case !errors.Is(err, storage.ErrNotFound) && !errors.As(err, &corrupt):
		return nil, storage.Tail{}, err
	}
	return section.NewState(layout, rules), storage.Tail{}, nil
}

// replay applies one record; Decide is never asked again.
func replay(state *section.State, key storage.SectionKey, e *storage.Entry, before storage.Tail) (int, error) {
	if e.Prev != before.Hash || e.Seq != before.Seq+1 {
		return 0, &storage.CorruptError{Section: key, Seq: e.Seq, Why: "does not continue the record before it"}
	}
	state.Begin(e.Seq)
	if e.Kind != storage.EntryChanges {
		return 0, nil
	}
	n, touched := 0, []section.SeatIndex(nil)
	err := storage.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
		n++
		return applyChecked(state, c, &touched)
	})
	if err != nil {
		return n, &storage.CorruptError{Section: key, Seq: e.Seq, Why: err.Error()}
	}
	return n, nil
}

// applyChecked turns the core's assertion into an error: at replay the impossible means damaged data, not a broken program.
func applyChecked(state *section.State, c *section.Change, touched *[]section.SeatIndex) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("impossible change: %v", p)
		}
	}()
	*touched = state.Apply(c, (*touched)[:0])
	return nil
}
