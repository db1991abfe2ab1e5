package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// add commits an append of a follower.
func add(t *testing.T, s *Store, f *follower, kind storage.EntryKind, change func(*storage.Append)) {
	t.Helper()
	a := f.next(kind, "body")
	if change != nil {
		change(&a)
	}
	if err := s.Commit(t.Context(), []storage.Append{a})[0]; err != nil {
		t.Fatal(err)
	}
	f.advance(a)
}

// look gives what a store or an instant of it says of a section.
func look(t *testing.T, f storage.Frozen, key storage.SectionKey) (tail storage.Tail, records int,
	tickets []section.Ticket, snapshot section.Seq) {
	t.Helper()
	tail, err := f.Tail(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Read(t.Context(), key, 0, func(*storage.Entry, storage.Hash) error {
		records++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	err = f.Tickets(t.Context(), key, func(row section.Ticket) error { tickets = append(tickets, row); return nil })
	if err != nil {
		t.Fatal(err)
	}
	whole, err := f.LoadSnapshot(t.Context(), key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		t.Fatal(err)
	}
	return tail, records, tickets, whole.Seq
}

// TestAFrozenInstantStays: whatever is written after Freeze has returned, before the first question too, is not in its
// answers; what was acknowledged before is.
func TestAFrozenInstantStays(t *testing.T) {
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			s := openAt(t, pgtest.Shared(t).Database(t), Options{Isolation: isolation})
			w := newFollower(newKey())
			seat := section.Ticket{Seat: 1, Booking: 1}
			add(t, s, w, storage.EntryClaim, nil)
			add(t, s, w, storage.EntryChanges, func(a *storage.Append) { a.Sell = []section.Ticket{seat} })
			if err := s.SaveSnapshot(t.Context(), w.key, snapshotAt(2)); err != nil {
				t.Fatal(err)
			}
			then := w.tail
			f, err := s.Freeze(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for range 2 {
				add(t, s, w, storage.EntryChanges, func(a *storage.Append) {
					a.Refund = []section.SeatIndex{1}
					a.Sell = []section.Ticket{{Seat: 1, Booking: section.BookingNo(w.tail.Seq)},
						{Seat: 10 + section.SeatIndex(w.tail.Seq), Booking: 9}}
				})
				if err := s.SaveSnapshot(t.Context(), w.key, snapshotAt(w.tail.Seq)); err != nil {
					t.Fatal(err)
				}
				tail, records, tickets, snapshot := look(t, f, w.key)
				if tail != then || records != 2 || !slices.Equal(tickets, []section.Ticket{seat}) || snapshot != 2 {
					t.Errorf("the instant moved: tail %d, %d records, tickets %v, snapshot of %d", tail.Seq, records,
						tickets, snapshot)
				}
			}
			if tail, err := s.Tail(t.Context(), w.key); err != nil || tail != w.tail {
				t.Errorf("the store itself stands still at %d: %v", tail.Seq, err)
			}
		})
	}
}

// TestAFrozenInstantAnswersMany: an audit asks from several goroutines; its one connection answers them in turn, and
// visit may ask too.
func TestAFrozenInstantAnswersMany(t *testing.T) {
	s := openAt(t, pgtest.Shared(t).Database(t), Options{})
	w := newFollower(newKey())
	add(t, s, w, storage.EntryClaim, nil)
	add(t, s, w, storage.EntryChanges, nil)
	f, err := s.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			err := f.Read(t.Context(), w.key, 0, func(*storage.Entry, storage.Hash) error {
				tail, err := f.Tail(t.Context(), w.key)
				if tail != w.tail {
					t.Errorf("tail %+v", tail)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Tail(t.Context(), w.key); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("an instant that was let go answers %v", err)
	}
}

func TestAClosedStoreIsNotFrozen(t *testing.T) {
	s := openAt(t, pgtest.Shared(t).Database(t), Options{})
	f, err := s.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tail(t.Context(), newKey()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("an instant of a closed store answers %v", err)
	}
	if _, err := s.Freeze(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a closed store was frozen: %v", err)
	}
}

// brought makes n entries of a log, each with a body of a size.
func brought(w *follower, n, size int) (entries []storage.Entry) {
	kind := storage.EntryClaim
	for range n {
		a := w.next(kind, string(bytes.Repeat([]byte{'x'}, size)))
		w.advance(a)
		entries = append(entries, a.Entry)
		kind = storage.EntryChanges
	}
	return entries
}

// TestAnImportLargerThanAStatement: entries by bytes and by number beyond what one statement takes.
func TestAnImportLargerThanAStatement(t *testing.T) {
	s := openAt(t, pgtest.Shared(t).Database(t), Options{})
	for _, c := range []struct{ entries, size, statements int }{
		{70, storage.BodyBytesMax, 3}, {importRows + 1, 1, 2}, {importRows, 1, 1}, {0, 0, 0},
	} {
		w := newFollower(newKey())
		entries := brought(w, c.entries, c.size)
		before := s.Stats().Statements.Load()
		if err := s.Import(t.Context(), w.key, entries); err != nil {
			t.Fatal(err)
		}
		if n := s.Stats().Statements.Load() - before - 1; n != int64(c.statements) { // one asks for the tail
			t.Errorf("%d entries of %d bytes took %d statements, want %d", c.entries, c.size, n, c.statements)
		}
		n := 0
		err := s.Read(t.Context(), w.key, 0, func(e *storage.Entry, hash storage.Hash) error {
			if hash != storage.HashEntry(&entries[n]) {
				t.Errorf("entry %d came back as another one", e.Seq)
			}
			n++
			return nil
		})
		if tail, tailErr := s.Tail(t.Context(), w.key); err != nil || tailErr != nil || n != c.entries ||
			tail != w.tail {
			t.Errorf("%d entries came back of %d, tail %d: %v %v", n, c.entries, tail.Seq, err, tailErr)
		}
	}
}

// TestTwoImportsOfOneLog: there should be one, and if there are two, one of them is told (S3).
func TestTwoImportsOfOneLog(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	one, two := openAt(t, address, Options{}), openAt(t, address, Options{})
	for range 10 {
		key := newKey()
		var (
			errs  [2]error
			both  sync.WaitGroup
			start = make(chan struct{})
		)
		for i, s := range []*Store{one, two} {
			both.Go(func() {
				w := newFollower(key)
				entries := brought(w, 20, 10)
				<-start
				errs[i] = s.Import(context.Background(), key, entries)
			})
		}
		close(start)
		both.Wait()
		var fence *storage.FencedError
		lost := errors.Join(errs[0], errs[1])
		if (errs[0] == nil) == (errs[1] == nil) || !errors.As(lost, &fence) || fence.Section != key {
			t.Errorf("S3: two imports got %v and %v, want one fenced", errs[0], errs[1])
		}
		n := 0
		if err := one.Read(context.Background(), key, 0, func(*storage.Entry, storage.Hash) error {
			n++
			return nil
		}); err != nil || n != 20 {
			t.Errorf("S3: %d records, want one import's 20: %v", n, err)
		}
	}
}
