package copier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// move writes what the target lacks. Events come last, so that nobody sells from half a copy.
func (r *run) move(ctx context.Context) error {
	if err := r.moveSecret(ctx); err != nil {
		return err
	}
	if err := r.moveTicketKeys(ctx); err != nil {
		return err
	}
	done := uint64(0)
	for _, j := range r.jobs {
		done += uint64(j.target.Seq)
	}
	r.begin(Copying, done)
	if err := r.each(ctx, len(r.jobs), func(ctx context.Context, i int) error { return r.moveSection(ctx, r.jobs[i]) }); err != nil {
		return err
	}
	if err := r.moveContacts(ctx); err != nil {
		return err
	}
	if err := r.moveFeed(ctx); err != nil {
		return err
	}
	if err := r.movePayments(ctx); err != nil {
		return err
	}
	if err := r.moveCursors(ctx); err != nil {
		return err
	}
	if err := r.moveKeys(ctx); err != nil {
		return err
	}
	return r.each(ctx, len(r.events), func(ctx context.Context, i int) error { return r.moveEvent(ctx, r.events[i]) })
}

// moveSecret is the first thing written: whether the target has another secret cannot be asked without making one.
func (r *run) moveSecret(ctx context.Context) error {
	secret, err := r.from.Secret(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return nil // opened for reading only, and never asked for one: no ticket code was ever made
	}
	if err != nil {
		return fmt.Errorf("secret of the source: %w", err)
	}
	err = r.to.ImportSecret(ctx, secret)
	if errors.Is(err, storage.ErrExists) {
		return ErrSecret
	}
	if err != nil {
		return fmt.Errorf("secret of the target: %w", err)
	}
	return nil
}

// moveKeys has the target know what operators have asked for (P5).
func (r *run) moveKeys(ctx context.Context) error {
	return r.from.OperatorKeys(ctx, func(key storage.OperatorKey) error {
		err := r.to.RememberKey(ctx, key)
		var stands *storage.RepeatedError
		if errors.As(err, &stands) && stands.First.Same(key) {
			return nil // of an earlier run
		}
		if err != nil {
			return fmt.Errorf("operators' keys: %w", err)
		}
		return nil
	})
}

func (r *run) moveEvent(ctx context.Context, e *storage.Event) error {
	there := r.standing[e.ID]
	written := uint64(0)
	if there == nil || there.Forgotten == nil {
		if err := r.moveEventKey(ctx, e); err != nil {
			return err
		}
	}
	if there == nil {
		venue, err := r.from.Venue(ctx, e.ID)
		if err != nil {
			return fmt.Errorf("venue of event %v in the source: %w", e.ID, err)
		}
		if err := r.to.CreateEvent(ctx, e, venue); err != nil {
			return fmt.Errorf("event %v: %w", e.ID, err)
		}
		written = 1
	} else if !there.SwitchedAlike(e) {
		if err := r.to.ChangeSale(ctx, e.ID, e.LastChange(), storage.OperatorKey{}); err != nil {
			return fmt.Errorf("sale of event %v: %w", e.ID, err)
		}
		written = 1
	}
	if there != nil {
		forgotten, err := r.forgetHere(ctx, e, there)
		if err != nil {
			return err
		}
		written = max(written, forgotten)
	}
	r.count(func(report *Report) { report.Events.add(1, written) })
	return nil
}

func (r *run) moveSection(ctx context.Context, j *job) error {
	for _, part := range []func(context.Context, *job) error{r.moveLog, r.moveTickets, r.moveSnapshot} {
		if err := part(ctx, j); err != nil {
			return fmt.Errorf("section %v: %w", j.key, err)
		}
	}
	return nil
}

// page gathers entries for one Import.
type page struct {
	entries []storage.Entry
	bodies  []byte // what the entries' bodies lie in
	bytes   int
}

func (p *page) add(e *storage.Entry) {
	from := len(p.bodies)
	p.bodies = append(p.bodies, e.Body...)
	p.entries = append(p.entries, *e)
	p.entries[len(p.entries)-1].Body = p.bodies[from:len(p.bodies):len(p.bodies)]
	p.bytes += storage.EntrySize(e)
}

func (p *page) reset() { p.entries, p.bodies, p.bytes = p.entries[:0], p.bodies[:0], 0 }

// moveLog continues the target's log at its tail, page by page.
func (r *run) moveLog(ctx context.Context, j *job) error {
	var p page
	send := func() error {
		if err := r.to.Import(ctx, j.key, p.entries); err != nil {
			return fmt.Errorf("import after record %d: %w", p.entries[0].Seq-1, err)
		}
		sent := uint64(len(p.entries))
		p.reset()
		r.count(func(report *Report) { report.Records.New += sent })
		r.advance(sent)
		return nil
	}
	if j.target.Seq < j.source.Seq {
		err := r.from.Read(ctx, j.key, j.target.Seq, func(e *storage.Entry, _ storage.Hash) error {
			if e.Seq > j.source.Seq {
				return errEnough // the source moves; lookAgain says so
			}
			if full := p.bytes+storage.EntrySize(e) > r.options.PageBytes || len(p.entries) == pageEntriesMax; full &&
				len(p.entries) > 0 {
				if err := send(); err != nil {
					return err
				}
			}
			p.add(e)
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	if len(p.entries) > 0 {
		if err := send(); err != nil {
			return err
		}
	}
	r.count(func(report *Report) {
		report.Records.All += uint64(j.source.Seq)
		report.Logs.add(1, bit(j.target.Seq < j.source.Seq))
	})
	return nil
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func ticketsOf(ctx context.Context, s Source, key storage.SectionKey) (rows []section.Ticket, err error) {
	err = s.Tickets(ctx, key, func(row section.Ticket) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func (r *run) moveTickets(ctx context.Context, j *job) error {
	here, err := ticketsOf(ctx, r.from, j.key)
	if err != nil {
		return fmt.Errorf("tickets of the source: %w", err)
	}
	there, err := ticketsOf(ctx, r.to, j.key)
	if err != nil {
		return fmt.Errorf("tickets of the target: %w", err)
	}
	written := uint64(0)
	if !slices.Equal(here, there) {
		if err := r.to.ImportTickets(ctx, j.key, here); err != nil {
			return fmt.Errorf("tickets of the target: %w", err)
		}
		written = max(uint64(len(here)), 1) // rows that had to go are a change, too
	}
	r.count(func(report *Report) { report.Tickets.add(uint64(len(here)), written) })
	return nil
}

// moveSnapshot takes the source's snapshot along unless it is useless: it only shortens a replay.
func (r *run) moveSnapshot(ctx context.Context, j *job) error {
	here, err := r.from.LoadSnapshot(ctx, j.key)
	var corrupt *storage.CorruptError
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case errors.As(err, &corrupt):
		r.count(func(report *Report) { report.SnapshotsLeftOut++ })
		return nil
	case err != nil:
		return fmt.Errorf("snapshot of the source: %w", err)
	}
	if stands, err := r.standsOnLog(ctx, j, &here); err != nil || !stands {
		r.count(func(report *Report) { report.SnapshotsLeftOut += bit(err == nil) })
		return err
	}
	there, err := r.to.LoadSnapshot(ctx, j.key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.As(err, &corrupt) {
		return fmt.Errorf("snapshot of the target: %w", err)
	}
	written := err != nil || there.Seq < here.Seq || there.Seq == here.Seq && !sameSnapshot(&here, &there)
	if written {
		if err := r.to.SaveSnapshot(ctx, j.key, here); err != nil {
			return fmt.Errorf("snapshot of the target: %w", err)
		}
	}
	r.count(func(report *Report) { report.Snapshots.add(1, bit(written)) })
	return nil
}

func sameSnapshot(a, b *storage.Snapshot) bool {
	return a.Seq == b.Seq && a.Epoch == b.Epoch && a.Hash == b.Hash && bytes.Equal(a.Body, b.Body)
}

// standsOnLog tells whether a snapshot of the source is of a record that its log has.
func (r *run) standsOnLog(ctx context.Context, j *job, s *storage.Snapshot) (bool, error) {
	if s.Seq == 0 || s.Seq > j.source.Seq {
		return false, nil
	}
	hash, err := hashAt(ctx, r.from, j.key, s.Seq)
	return err == nil && hash == s.Hash, err
}
