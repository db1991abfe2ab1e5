package memstore_test

import (
	"errors"
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/memstore"
	"holdfast/storage/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Factory {
		return storetest.Factory{
			Open: func(*testing.T) storage.Store { return memstore.New() },
			Reopen: func(t *testing.T, s storage.Store) storage.Store {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return s.(*memstore.Store).Reopen()
			},
			Damage: func(_ *testing.T, s storage.Store, key storage.SectionKey, seq section.Seq) {
				s.(*memstore.Store).Damage(key, seq)
			},
		}
	})
}

// TestFreezeIsOneInstant: what is written after it, to the log, the tickets and the snapshot, is not in it, and a
// closed one answers no more.
func TestFreezeIsOneInstant(t *testing.T) {
	s, ctx := memstore.New(), t.Context()
	key := storage.SectionKey{Event: storage.NewEventID()}
	var tail storage.Tail
	write := func(kind storage.EntryKind, sell []section.Ticket, refund ...section.SeatIndex) {
		t.Helper()
		e := storage.Entry{Kind: kind, Seq: tail.Seq + 1, Epoch: 1, Batch: storage.NewBatchID(), Prev: tail.Hash}
		if err := s.Commit(ctx, []storage.Append{{Section: key, Entry: e, Sell: sell, Refund: refund}})[0]; err != nil {
			t.Fatal(err)
		}
		tail = e.After(storage.HashEntry(&e))
		if err := s.SaveSnapshot(ctx, key, storage.Snapshot{Seq: tail.Seq, Hash: tail.Hash}); err != nil {
			t.Fatal(err)
		}
	}
	write(storage.EntryClaim, []section.Ticket{{Seat: 1, Booking: 1}})
	then := tail
	frozen, err := s.Freeze(ctx)
	if err != nil {
		t.Fatal(err)
	}
	write(storage.EntryChanges, []section.Ticket{{Seat: 2, Booking: 2}}, 1)
	got, err := frozen.Tail(ctx, key)
	if err != nil || got != then {
		t.Errorf("tail %+v (%v), want %+v", got, err, then)
	}
	entries := 0
	if err := frozen.Read(ctx, key, 0, func(*storage.Entry, storage.Hash) error { entries++; return nil }); err != nil ||
		entries != 1 {
		t.Errorf("%d entries (%v), want 1", entries, err)
	}
	if snapshot, err := frozen.LoadSnapshot(ctx, key); err != nil || snapshot.Seq != then.Seq {
		t.Errorf("snapshot of %d (%v), want %d", snapshot.Seq, err, then.Seq)
	}
	var rows []section.Ticket
	err = frozen.Tickets(ctx, key, func(row section.Ticket) error { rows = append(rows, row); return nil })
	if err != nil || len(rows) != 1 || rows[0].Seat != 1 {
		t.Errorf("tickets %v (%v), want seat 1", rows, err)
	}
	if err := frozen.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := frozen.Tail(ctx, key); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// TestWhatIsLostTakesItsTicketsAlong: what Lose leaves is a store that never had the records.
func TestWhatIsLostTakesItsTicketsAlong(t *testing.T) {
	s, key := memstore.New(), storage.SectionKey{Section: 1}
	var tail storage.Tail
	add := func(sell []section.Ticket, refund ...section.SeatIndex) {
		t.Helper()
		e := storage.Entry{
			Kind: storage.EntryChanges, Seq: tail.Seq + 1, Epoch: 1, Batch: storage.NewBatchID(), Prev: tail.Hash,
		}
		if tail.Seq == 0 {
			e.Kind = storage.EntryClaim
		}
		if err := s.Commit(t.Context(), []storage.Append{{Section: key, Entry: e, Sell: sell, Refund: refund}})[0]; err != nil {
			t.Fatal(err)
		}
		tail = e.After(storage.HashEntry(&e))
	}
	add(nil)
	add([]section.Ticket{{Seat: 1, Booking: 11}, {Seat: 2, Booking: 12}})
	kept := tail
	add([]section.Ticket{{Seat: 3, Booking: 13}}, 1)
	add([]section.Ticket{{Seat: 1, Booking: 14}})
	s.Lose(key, kept.Seq)
	var rows []section.Ticket
	if err := s.Tickets(t.Context(), key, func(row section.Ticket) error { rows = append(rows, row); return nil }); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Tail(t.Context(), key); err != nil || now != kept ||
		!slices.Equal(rows, []section.Ticket{{Seat: 1, Booking: 11}, {Seat: 2, Booking: 12}}) {
		t.Errorf("%+v, %v, tickets %v", now, err, rows)
	}
}
