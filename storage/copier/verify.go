package copier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/storage"
)

// differencesMax bounds the list in a report: whoever reads a hundred has read enough.
const differencesMax = 100

// differ puts a difference on the list.
func (r *run) differ(format string, args ...any) {
	r.count(func(report *Report) {
		if len(report.Differences) < differencesMax {
			report.Differences = append(report.Differences, fmt.Sprintf(format, args...))
		}
	})
}

// verify reads the target back and holds it against the source. The error says that this could not be done; what it
// found is in the report.
func (r *run) verify(ctx context.Context) error {
	r.begin(Verifying, 0)
	if err := r.each(ctx, len(r.jobs), func(ctx context.Context, i int) error { return r.verifySection(ctx, r.jobs[i]) }); err != nil {
		return err
	}
	if err := r.verifyEvents(ctx); err != nil {
		return err
	}
	if err := r.verifyContacts(ctx); err != nil {
		return err
	}
	if err := r.verifyFeed(ctx); err != nil {
		return err
	}
	if err := r.verifyPayments(ctx); err != nil {
		return err
	}
	if err := r.verifyCursors(ctx); err != nil {
		return err
	}
	if err := r.verifyTicketKeys(ctx); err != nil {
		return err
	}
	return r.verifySecret(ctx)
}

func (r *run) verifySection(ctx context.Context, j *job) error {
	snapshot, err := r.to.LoadSnapshot(ctx, j.key)
	var corrupt *storage.CorruptError
	switch {
	case errors.As(err, &corrupt):
		r.differ("section %v: %v", j.key, err)
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("section %v: snapshot of the target: %w", j.key, err)
	}
	if err := r.verifyLog(ctx, j, &snapshot); err != nil {
		return fmt.Errorf("section %v: log of the target: %w", j.key, err)
	}
	if err := r.verifyTickets(ctx, j); err != nil {
		return fmt.Errorf("section %v: %w", j.key, err)
	}
	return r.verifySnapshot(ctx, j, &snapshot)
}

// verifyLog walks the target's log with hashes computed here, never with those the target claims. The last one is the
// source's: then all of them are.
func (r *run) verifyLog(ctx context.Context, j *job, snapshot *storage.Snapshot) error {
	const stride = 1 << 10 // records between two words about progress
	var tail storage.Tail
	stands := snapshot.Seq == 0
	err := r.to.Read(ctx, j.key, 0, func(e *storage.Entry, claimed storage.Hash) (err error) {
		hash := storage.HashEntry(e)
		if hash != claimed {
			return &storage.CorruptError{Section: j.key, Seq: e.Seq, Why: "hash does not match"}
		}
		if tail, err = storage.Verify(j.key, tail, e, hash); err != nil {
			return err
		}
		stands = stands || e.Seq == snapshot.Seq && hash == snapshot.Hash
		if e.Seq%stride == 0 {
			r.advance(stride)
		}
		return nil
	})
	r.advance(uint64(tail.Seq % stride))
	var corrupt *storage.CorruptError
	if err != nil && !errors.As(err, &corrupt) {
		return err
	}
	if err != nil {
		r.differ("section %v: %v", j.key, err)
		return nil
	}
	if tail != j.source {
		r.differ("section %v: the log read back ends with record %d, hash %x, not with record %d, hash %x",
			j.key, tail.Seq, tail.Hash[:8], j.source.Seq, j.source.Hash[:8])
	}
	if !stands {
		r.differ("section %v: the snapshot of record %d stands on no record of the log", j.key, snapshot.Seq)
	}
	tail, err = r.to.Tail(ctx, j.key)
	if err == nil && tail != j.source {
		r.differ("section %v: the tail is said to be record %d, not %d", j.key, tail.Seq, j.source.Seq)
	}
	return err
}

func (r *run) verifyTickets(ctx context.Context, j *job) error {
	here, err := ticketsOf(ctx, r.from, j.key)
	if err != nil {
		return fmt.Errorf("tickets of the source: %w", err)
	}
	there, err := ticketsOf(ctx, r.to, j.key)
	if err != nil {
		return fmt.Errorf("tickets of the target: %w", err)
	}
	for i := range max(len(here), len(there)) {
		if i >= len(here) || i >= len(there) || here[i] != there[i] {
			r.differ(
				"section %v: tickets differ from the %s on: %d rows, not %d", j.key, ordinal(i+1), len(there),
				len(here),
			)
			break
		}
	}
	return nil
}

func ordinal(n int) string { return fmt.Sprintf("row number %d", n) }

// verifySnapshot holds a snapshot of the same record against the source's. A newer one is the target's own, and
// verifyLog has looked where it stands.
func (r *run) verifySnapshot(ctx context.Context, j *job, there *storage.Snapshot) error {
	here, err := r.from.LoadSnapshot(ctx, j.key)
	var corrupt *storage.CorruptError
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.As(err, &corrupt):
		return nil
	case err != nil:
		return fmt.Errorf("section %v: snapshot of the source: %w", j.key, err)
	}
	if here.Seq == there.Seq && !sameSnapshot(&here, there) {
		r.differ("section %v: the snapshot of record %d is another one", j.key, here.Seq)
	}
	return nil
}

func (r *run) verifyEvents(ctx context.Context) error {
	there, err := eventsByID(ctx, r.to)
	if err != nil {
		return err
	}
	return r.each(ctx, len(r.events), func(ctx context.Context, i int) error {
		e := r.events[i]
		copied := there[e.ID]
		if copied == nil {
			r.differ("event %v is missing", e.ID)
			return nil
		}
		what, err := r.differs(ctx, e, copied)
		if errors.Is(err, storage.ErrNotFound) {
			what, err = "venue", nil
		}
		if !copied.SwitchedAlike(e) {
			what = "sale switch"
		}
		if err == nil && what == "" {
			what, err = r.keyVerdict(ctx, e, copied)
		}
		if what != "" {
			r.differ("event %v: its %s is another one", e.ID, what)
		}
		return err
	})
}

// keyVerdict names what differs in who is known of an event.
func (r *run) keyVerdict(ctx context.Context, e, copied *storage.Event) (what string, err error) {
	if (copied.Forgotten == nil) != (e.Forgotten == nil) {
		return "mark of having been forgotten", nil
	}
	differ, err := r.keysDiffer(ctx, e)
	if differ {
		what = "key of its buyers' pseudonyms"
	}
	return what, err
}

func (r *run) verifySecret(ctx context.Context) error {
	here, err := r.from.Secret(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("secret of the source: %w", err)
	}
	there, err := r.to.Secret(ctx)
	if err != nil {
		return fmt.Errorf("secret of the target: %w", err)
	}
	if !slices.Equal(here[:], there[:]) {
		r.differ("the secret is another one")
	}
	return nil
}
