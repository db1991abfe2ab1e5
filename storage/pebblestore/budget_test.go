package pebblestore

import (
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/storage"
)

// TestBudgets holds every hot path of this package against its allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets) }

// The writes are few and small enough for Pebble's first memtable (256 KiB): a flush meanwhile would be counted too.
var budgets = []budget.Path{
	budget.Exact("change appended", 1000, 0, appendChangePath),
	budget.Exact("record of 500 changes decoded", 100, 100, decodePath), // the change that all visits share
	budget.Exact("entry of 16 KiB encoded and hashed", 100, 0, encodePath),
	budget.Exact("stored entry decoded", 1000, 0, decodeEntryPath),
	budget.About("merged write of one entry", 50, 50, 3, commitPath(1, 0)), // the answers
	budget.About("merged write of 64 entries", 5, 5, 2, commitPath(64, 0)),
	budget.About(
		"merged write of 16 entries that sell four seats each", 10, 30, 5, commitPath(16, 4),
	), // the answers, the iterator
	budget.Exact("entry sent again", 100, 100, resendPath),
	budget.Exact("tail asked for", 1000, 0, tailPath),
	budget.About("log of 100 entries read", 10, 1060, 10, readPath),
}

func changeOfTwo() section.Change {
	return section.Change{
		Kind: section.HoldPlaced, At: 1_700_000_000_000, Request: section.RequestID{1, 2}, Fingerprint: 3,
		Buyer: section.BuyerID{4}, Booking: 300, ExpiresAt: 1_700_000_600_000, Seats: []section.SeatIndex{1200, 1201},
	}
}

func appendChangePath(testing.TB) func() {
	c, dst := changeOfTwo(), make([]byte, 0, 128)
	return func() { dst = section.AppendChange(dst[:0], c.At, &c) }
}

func decodePath(t testing.TB) func() {
	c := changeOfTwo()
	var body []byte
	for range 500 {
		body = section.AppendChange(body, c.At, &c)
	}
	seats := 0
	visit := func(c *section.Change) error { seats += len(c.Seats); return nil }
	return func() {
		if err := section.DecodeChanges(body, c.At, visit); err != nil || seats%1000 != 0 {
			t.Fatal(seats, err)
		}
	}
}

func encodePath(testing.TB) func() {
	a := newChain(1).next(make([]byte, 16<<10))
	dst := make([]byte, 0, 17<<10)
	return func() {
		dst = storage.AppendEntry(dst[:0], &a.Entry)
		storage.HashStored(dst)
	}
}

func decodeEntryPath(t testing.TB) func() {
	a := newChain(1).next(make([]byte, 1<<10))
	stored := storage.AppendEntry(nil, &a.Entry)
	return func() {
		if _, err := storage.DecodeEntry(stored); err != nil {
			t.Fatal(err)
		}
	}
}

// budgetStore is a store on the real disk, whose syncs are the real ones; it is closed with the test.
func budgetStore(t testing.TB) *Store {
	s := open(t, t.TempDir(), Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// seller makes one call after the other, with an entry of each of so many sections and so many tickets in each.
type seller struct {
	t      testing.TB
	s      *Store
	chains []*chain
	call   []storage.Append
	body   [100]byte
	seat   section.SeatIndex
}

func (w *seller) commit(tickets int) {
	for i, c := range w.chains {
		sell := w.call[i].Sell[:0]
		for n := range tickets {
			sell = append(sell, section.Ticket{Seat: w.seat + section.SeatIndex(n), Booking: 1})
		}
		w.call[i] = c.next(w.body[:])
		w.call[i].Sell = sell
	}
	w.seat += section.SeatIndex(tickets)
	for i, err := range w.s.Commit(ctx, w.call) {
		if err != nil {
			w.t.Fatal(err)
		}
		w.chains[i].advance(&w.call[i])
	}
}

func commitPath(sections, tickets int) func(testing.TB) func() {
	return func(t testing.TB) func() {
		w := &seller{t: t, s: budgetStore(t), call: make([]storage.Append, sections)}
		for i := range w.call {
			w.chains = append(w.chains, newChain(storage.SectionNo(i)))
		}
		return func() { w.commit(tickets) }
	}
}

func resendPath(t testing.TB) func() {
	s, c := budgetStore(t), newChain(1)
	call := []storage.Append{c.next([]byte("body"))}
	return func() {
		if err := s.Commit(ctx, call)[0]; err != nil {
			t.Fatal(err)
		}
	}
}

func tailPath(t testing.TB) func() {
	s, c := budgetStore(t), newChain(1)
	c.grow(t, s, 3)
	return func() {
		if tail, err := s.Tail(ctx, c.key); err != nil || tail.Seq != 3 {
			t.Fatal(tail, err)
		}
	}
}

func readPath(t testing.TB) func() {
	s, c := budgetStore(t), newChain(1)
	c.grow(t, s, 100)
	return func() {
		if last, err := readAll(s, c.key, 0); err != nil || last != 100 {
			t.Fatal(last, err)
		}
	}
}
