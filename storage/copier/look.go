package copier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// watch refuses when a server beats in either store. A row that does not change is of one that died, and no obstacle.
func (r *run) watch(ctx context.Context) error {
	stores := []struct {
		name  string
		store Source
		beats []storage.NodeBeat
	}{{name: "source", store: r.from}, {name: "target", store: r.to}}
	rows := 0
	for i := range stores {
		s := &stores[i]
		var err error
		if s.beats, err = s.store.Nodes(ctx); err != nil {
			return fmt.Errorf("heartbeats of the %s: %w", s.name, err)
		}
		rows += len(s.beats)
	}
	if rows == 0 {
		return nil
	}
	timer := time.NewTimer(r.options.Watch)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, s := range stores {
		later, err := s.store.Nodes(ctx)
		if err != nil {
			return fmt.Errorf("heartbeats of the %s: %w", s.name, err)
		}
		for _, beat := range later {
			if !slices.Contains(s.beats, beat) {
				return fmt.Errorf("the %s: node %q: %w", s.name, beat.Name, ErrBusy)
			}
		}
	}
	return nil
}

// look finds out what is to be done, and whether it may be. Nothing is written.
func (r *run) look(ctx context.Context) (err error) {
	if r.events, err = r.from.Events(ctx); err != nil {
		return fmt.Errorf("events of the source: %w", err)
	}
	if r.standing, err = eventsByID(ctx, r.to); err != nil {
		return err
	}
	if err := r.lookAtEvents(ctx); err != nil {
		return err
	}
	if err := r.lookAtLogs(ctx); err != nil {
		return err
	}
	r.payments, err = lookAtPayments(ctx, r.from, r.to)
	return err
}

func eventsByID(ctx context.Context, to Source) (map[storage.EventID]*storage.Event, error) {
	events, err := to.Events(ctx)
	if err != nil {
		return nil, fmt.Errorf("events of the target: %w", err)
	}
	byID := make(map[storage.EventID]*storage.Event, len(events))
	for _, e := range events {
		byID[e.ID] = e
	}
	return byID, nil
}

func (r *run) lookAtEvents(ctx context.Context) error {
	return r.each(ctx, len(r.events), func(ctx context.Context, i int) error {
		e := r.events[i]
		there := r.standing[e.ID]
		if there == nil {
			return nil
		}
		what, err := r.differs(ctx, e, there)
		if err == nil && what != "" {
			err = &EventError{Event: e.ID, What: what}
		}
		return err
	})
}

// differs names the part in which an event of the target is not the source's; empty: they are the same. The sale switch
// is no part of what an event is, nor is what the target has not forgotten yet.
func (r *run) differs(ctx context.Context, here, there *storage.Event) (what string, err error) {
	alike := there
	if !there.SwitchedAlike(here) {
		alike = there.Before(here)
	}
	if alike = alike.Clone(); alike.Forgotten == nil {
		alike.Forgotten = here.Forgotten
	}
	a, err := storage.EncodeEvent(here)
	if err != nil {
		return "", err
	}
	b, err := storage.EncodeEvent(alike)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(a, b) {
		return "header", nil
	}
	for _, side := range []struct {
		name  string
		store Source
		venue *[]byte
	}{{"source", r.from, &a}, {"target", r.to, &b}} {
		*side.venue, err = side.store.Venue(ctx, here.ID)
		if err != nil {
			return "", fmt.Errorf("venue of event %v in the %s: %w", here.ID, side.name, err)
		}
	}
	if !bytes.Equal(a, b) {
		return "venue", nil
	}
	return "", nil
}

// lookAtLogs lists the logs of the source, and those that the target alone has of the same events.
func (r *run) lookAtLogs(ctx context.Context) error {
	keys, err := r.from.Sections(ctx)
	if err != nil {
		return fmt.Errorf("logs of the source: %w", err)
	}
	theirs, err := r.to.Sections(ctx)
	if err != nil {
		return fmt.Errorf("logs of the target: %w", err)
	}
	ours := make(map[storage.EventID]bool, len(r.events))
	for _, e := range r.events {
		ours[e.ID] = true
	}
	inTarget := make(map[storage.SectionKey]bool, len(theirs))
	for _, key := range theirs {
		inTarget[key] = true
		if _, found := slices.BinarySearchFunc(keys, key, storage.SectionKey.Compare); !found && ours[key.Event] {
			return &HistoryError{Section: key, Seq: 1, Why: "the source has no such log"}
		}
	}
	r.jobs = make([]*job, len(keys))
	return r.each(ctx, len(keys), func(ctx context.Context, i int) (err error) {
		r.jobs[i], err = r.lookAtLog(ctx, keys[i], inTarget[keys[i]])
		return err
	})
}

func (r *run) lookAtLog(ctx context.Context, key storage.SectionKey, inTarget bool) (*job, error) {
	j := &job{key: key}
	var err error
	if j.source, err = r.from.Tail(ctx, key); err != nil {
		return nil, fmt.Errorf("section %v of the source: %w", key, err)
	}
	if !inTarget {
		return j, nil
	}
	if j.target, err = r.to.Tail(ctx, key); err != nil {
		return nil, fmt.Errorf("section %v of the target: %w", key, err)
	}
	return j, r.isBeginning(ctx, j)
}

// isBeginning tells whether the target's log is a beginning of the source's. One hash stands for the whole log before
// it (P10), so one record is compared; only a refusal reads more, to say where the two part.
func (r *run) isBeginning(ctx context.Context, j *job) error {
	if common := min(j.source.Seq, j.target.Seq); common > 0 {
		here, err := hashAt(ctx, r.from, j.key, common)
		if err != nil {
			return fmt.Errorf("section %v of the source: %w", j.key, err)
		}
		there := j.target.Hash
		if common < j.target.Seq {
			if there, err = hashAt(ctx, r.to, j.key, common); err != nil {
				return fmt.Errorf("section %v of the target: %w", j.key, err)
			}
		}
		if here != there {
			return r.parting(ctx, j)
		}
	}
	if j.target.Seq > j.source.Seq {
		return &HistoryError{Section: j.key, Seq: j.source.Seq + 1, Why: fmt.Sprintf(
			"it goes on to record %d and the source ends at %d; is the copy meant the other way round?", j.target.Seq,
			j.source.Seq,
		)}
	}
	return nil
}

// errEnough ends a Read that has seen what it came for.
var errEnough = errors.New("copier: enough")

// hashAt is the hash of one record.
func hashAt(ctx context.Context, s Source, key storage.SectionKey, seq section.Seq) (found storage.Hash, err error) {
	err = s.Read(ctx, key, seq-1, func(e *storage.Entry, hash storage.Hash) error {
		if e.Seq != seq {
			return &storage.CorruptError{Section: key, Seq: seq, Why: "record is missing"}
		}
		found = hash
		return errEnough
	})
	switch {
	case errors.Is(err, errEnough):
		return found, nil
	case err == nil:
		err = &storage.CorruptError{Section: key, Seq: seq, Why: "record is missing"}
	}
	return found, err
}

// parting finds the first record in which two logs differ.
func (r *run) parting(ctx context.Context, j *job) error {
	hashes := make([]storage.Hash, 0, min(j.source.Seq, j.target.Seq))
	err := r.from.Read(ctx, j.key, 0, func(_ *storage.Entry, hash storage.Hash) error {
		if len(hashes) == cap(hashes) {
			return errEnough
		}
		hashes = append(hashes, hash)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("section %v of the source: %w", j.key, err)
	}
	at := section.Seq(len(hashes))
	err = r.to.Read(ctx, j.key, 0, func(e *storage.Entry, hash storage.Hash) error {
		if int(e.Seq) > len(hashes) || hashes[e.Seq-1] != hash {
			at = e.Seq
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("section %v of the target: %w", j.key, err)
	}
	return &HistoryError{Section: j.key, Seq: at, Why: "the source has another record there"}
}

// lookAgain tells whether the source is what it was when the run looked first.
func (r *run) lookAgain(ctx context.Context) error {
	keys, err := r.from.Sections(ctx)
	if err != nil {
		return fmt.Errorf("logs of the source: %w", err)
	}
	events, err := r.from.Events(ctx)
	if err != nil {
		return fmt.Errorf("events of the source: %w", err)
	}
	if len(keys) != len(r.jobs) || !slices.EqualFunc(events, r.events, sameHeader) {
		return ErrMoved
	}
	return r.each(ctx, len(keys), func(ctx context.Context, i int) error {
		tail, err := r.from.Tail(ctx, keys[i])
		if err != nil {
			return fmt.Errorf("section %v of the source: %w", keys[i], err)
		}
		if keys[i] != r.jobs[i].key || tail != r.jobs[i].source {
			return fmt.Errorf("section %v: %w", keys[i], ErrMoved)
		}
		return nil
	})
}

func sameHeader(a, b *storage.Event) bool {
	left, errA := storage.EncodeEvent(a)
	right, errB := storage.EncodeEvent(b)
	return errA == nil && errB == nil && bytes.Equal(left, right)
}
