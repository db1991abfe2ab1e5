package pebblestore

import (
	"fmt"
	"math"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// A budget is how often a path may allocate: today's figure, counted. It may be tightened, never loosened; whoever needs more has found a
// reason to look for another way. Times vary from machine to machine, allocations do not.
type budget struct {
	path   string
	of     int     // times that the path is taken for one count, so that memory which grows a chunk at a time is counted too
	allocs float64 // of all of them together
	// slack is what may come on top where the store's own goroutines take part: when they wake is the scheduler's choice. 0: the
	// figure is exact.
	slack float64
	make  func(t testing.TB) func()
}

// spent counts, on a state of its own that has taken the path as often before. added is what a planted fault does besides, once in a
// count. Of three counts the least is taken: the runtime allocates now and then on its own account, the path always.
func (b budget) spent(t testing.TB, added func()) float64 {
	least := math.Inf(1)
	for range 3 {
		run := b.make(t)
		least = min(least, testing.AllocsPerRun(1, func() {
			for range b.of {
				run()
			}
			added()
		}))
	}
	return least
}

// judge says what is wrong with a count; empty: it is within the budget.
func (b budget) judge(spent float64) string {
	if spent <= b.allocs+b.slack {
		return ""
	}
	return fmt.Sprintf("%d × %s: %v allocations, budget %v", b.of, b.path, spent, b.allocs)
}

// wasted takes what a planted allocation makes, so that it is made on the heap.
var wasted *[64]byte

func asItIs() {}

// waste allocates once, and as often as the slack would hide.
func (b budget) waste() {
	for range int(b.slack)*2 + 1 {
		wasted = new([64]byte)
	}
}

// TestBudgets holds the store's hot paths against their allocations, and then once more with a single allocation added (where there is slack, with
// more than that), which must be noticed.
func TestBudgets(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools at random, so allocations mean nothing: run without -race, as make test does")
	}
	for _, b := range budgets {
		spent := b.spent(t, asItIs)
		if finding := b.judge(spent); finding != "" {
			t.Error(finding)
		}
		if spent < b.allocs-b.slack {
			t.Logf("%d × %s: only %v of %v allocations: tighten the budget", b.of, b.path, spent, b.allocs)
		}
		if b.judge(b.spent(t, b.waste)) == "" {
			t.Errorf("%s: one allocation more was not noticed", b.path)
		}
	}
}

// The writes are few and small enough for Pebble's first memtable (256 KiB): a flush meanwhile would be counted too.
var budgets = []budget{
	{"change appended", 1000, 0, 0, appendChangePath},
	{"record of 500 changes decoded", 100, 100, 0, decodePath}, // the change that all visits share
	{"entry of 16 KiB encoded and hashed", 100, 0, 0, encodePath},
	{"stored entry decoded", 1000, 0, 0, decodeEntryPath},
	{"merged write of one entry", 50, 50, 3, commitPath(1, 0)}, // the answers
	{"merged write of 64 entries", 5, 5, 2, commitPath(64, 0)},
	{"merged write of 16 entries that sell four seats each", 10, 30, 5, commitPath(16, 4)}, // the answers, the iterator
	{"entry sent again", 100, 100, 0, resendPath},
	{"tail asked for", 1000, 0, 0, tailPath},
	{"log of 100 entries read", 10, 1060, 10, readPath},
}

func changeOfTwo() section.Change {
	return section.Change{Kind: section.HoldPlaced, At: 1_700_000_000_000, Request: section.RequestID{1, 2}, Fingerprint: 3, Buyer: section.BuyerID{4},
		Booking: 300, ExpiresAt: 1_700_000_600_000, Seats: []section.SeatIndex{1200, 1201}}
}

func appendChangePath(testing.TB) func() {
	c, dst := changeOfTwo(), make([]byte, 0, 128)
	return func() { dst = storage.AppendChange(dst[:0], c.At, &c) }
}

func decodePath(t testing.TB) func() {
	c := changeOfTwo()
	var body []byte
	for range 500 {
		body = storage.AppendChange(body, c.At, &c)
	}
	seats := 0
	visit := func(c *section.Change) error { seats += len(c.Seats); return nil }
	return func() {
		if err := storage.DecodeChanges(body, c.At, visit); err != nil || seats%1000 != 0 {
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
			sell = append(sell, storage.TicketRow{Seat: w.seat + section.SeatIndex(n), Booking: 1})
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
