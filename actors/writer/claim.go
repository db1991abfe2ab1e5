package writer

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/machine"
	"holdfast/actors/witness"
	"holdfast/storage"
)

// Claimant is who claims.
type Claimant struct {
	Writer storage.WriterID
	Name   string
	// May says whether a log with that tail, which is another writer's, may be claimed now.
	May func(storage.SectionKey, storage.Tail) bool
	// Pause waits, or until the context ends.
	Pause func(context.Context, time.Duration)
	Seen  *witness.Seen // what is known of the log; nil: nothing
}

// known is taken before a tail is read that is held against it.
func (who *Claimant) known() witness.Mark {
	if who.Seen == nil {
		return witness.Mark{}
	}
	return who.Seen.Mark()
}

// ErrNotOurs says that the log is another writer's, who may be alive.
var ErrNotOurs = errors.New("actors: section belongs to another node")

// NotOursError is ErrNotOurs with the log's end, which names whose it is.
type NotOursError struct{ Tail storage.Tail }

func (*NotOursError) Error() string { return ErrNotOurs.Error() }

// Is makes it ErrNotOurs.
func (*NotOursError) Is(target error) bool { return target == ErrNotOurs }

// Claim takes a log over: it appends "epoch+1, owner" at the tail, from the new tail again whenever somebody else was
// faster, and with the same bytes again while the outcome is unknown. Only after it may the log be loaded and served
// (DESIGN §5). It gives the record that it left. Errors: ErrNotOurs; *witness.LostError for a log that lacks what this
// node knows to have been acknowledged, which is not claimed; those of the store.
func Claim(
	ctx context.Context, log storage.Log, key storage.SectionKey, who Claimant, now machine.Instant,
) (storage.Entry,
	error) {
	for attempt := uint64(0); ; attempt++ {
		known := who.known()
		tail, err := log.Tail(ctx, key)
		if err != nil {
			return storage.Entry{}, err
		}
		if tail.Writer != who.Writer && !who.May(key, tail) {
			return storage.Entry{}, &NotOursError{tail}
		}
		if err := known.Check(ctx, log, key, tail); err != nil {
			return storage.Entry{}, err
		}
		e := storage.Entry{Kind: storage.EntryClaim, Seq: tail.Seq + 1, Epoch: tail.Epoch + 1, Writer: who.Writer,
			Batch: claimBatch(who.Writer, attempt), At: max(now, tail.At), Prev: tail.Hash, Body: []byte(who.Name)}
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
			who.Pause(ctx, ResendDelay(int(min(attempt, 7))))
		}
	}
}

// claimBatch counts down from the top, where the batches of records, counted up from 1, never come.
func claimBatch(writer storage.WriterID, attempt uint64) storage.BatchID {
	return batchID(writer, ^attempt)
}

// commit sends one append until the log's word is known, or ctx ends: then it stays unknown. Not written is a word as
// long as no earlier sending is in doubt: the claim is given up then, its waiters are refused at once, and the shard
// tries again by itself. After a doubt it is none (S6): a claim given up then could still arrive under a batch that the
// next one uses again.
func (who *Claimant) commit(ctx context.Context, log storage.Log, a storage.Append) error {
	doubt := false
	for attempt := 0; ; attempt++ {
		err := log.Commit(ctx, []storage.Append{a})[0]
		doubt = doubt || errors.Is(err, storage.ErrUnknown)
		if !doubt || !Undecided(err) || ctx.Err() != nil {
			return err
		}
		who.Pause(ctx, ResendDelay(attempt))
	}
}

// ResendDelay grows from 10 ms by doubling to 1 s.
func ResendDelay(attempt int) time.Duration {
	return min(10*time.Millisecond<<min(attempt, 7), time.Second)
}
