package memstore_test

import (
	"context"
	"strconv"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// logs are the owners of so many sections of one store, who write in one call.
type logs struct {
	t     testing.TB
	s     *memstore.Store
	call  []storage.Append
	tails []storage.Tail
	body  []byte
	seat  section.SeatIndex
}

func newLogs(t testing.TB, sections, body int) *logs {
	return &logs{
		t: t, s: memstore.New(), call: make([]storage.Append, sections), tails: make([]storage.Tail, sections),
		body: make([]byte, body),
	}
}

// prepare makes the next call; the owners' own hashing is not the store's cost.
func (l *logs) prepare(tickets int) {
	for i := range l.call {
		a := &l.call[i]
		if a.Entry.Seq > 0 {
			l.tails[i] = a.Entry.After(storage.HashEntry(&a.Entry))
		}
		a.Section.Section, a.Sell = storage.SectionNo(i), a.Sell[:0]
		a.Entry = storage.Entry{
			Kind: storage.EntryChanges, Seq: l.tails[i].Seq + 1, Epoch: 1, Batch: storage.NewBatchID(),
			Prev: l.tails[i].Hash, Body: l.body,
		}
		if l.tails[i].Seq == 0 {
			a.Entry.Kind = storage.EntryClaim
		}
		for n := range tickets {
			a.Sell = append(a.Sell, section.Ticket{Seat: l.seat + section.SeatIndex(n), Booking: 1})
		}
	}
	l.seat += section.SeatIndex(tickets)
}

func (l *logs) commit() {
	for _, err := range l.s.Commit(context.Background(), l.call) {
		if err != nil {
			l.t.Fatal(err)
		}
	}
}

// BenchmarkCommit is one call with 64 entries of a kilobyte, without tickets and with four in each: what every test of
// the engine pays for its store. A store is left after a thousand calls, so that its memory stays bounded.
func BenchmarkCommit(b *testing.B) {
	for _, tickets := range []int{0, 4} {
		b.Run("tickets="+strconv.Itoa(tickets), func(b *testing.B) {
			b.ReportAllocs()
			l := newLogs(b, 64, 1<<10)
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				if n%1000 == 999 {
					l = newLogs(b, 64, 1<<10)
				}
				l.prepare(tickets)
				b.StartTimer()
				l.commit()
			}
		})
	}
}

// BenchmarkRead reads back a log of 1,000 entries of a kilobyte; one op is one entry.
func BenchmarkRead(b *testing.B) {
	const entries = 1000
	l := newLogs(b, 1, 1<<10)
	for range entries {
		l.prepare(0)
		l.commit()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += entries {
		if err := l.s.Read(b.Context(), l.call[0].Section, 0, func(*storage.Entry, storage.Hash) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// TestCommitBudget: the fake stands behind most tests and in-process figures of the engine, so what it costs must not
// grow unseen: a copy of each entry, the answers, and the growth of 64 young logs.
func TestCommitBudget(t *testing.T) {
	budget.Check(
		t, raceDetector,
		[]budget.Path{budget.Exact("commit of 64 entries", 10, 714, func(t testing.TB) func() {
			l := newLogs(t, 64, 100)
			return func() {
				l.prepare(0)
				l.commit()
			}
		})},
	)
}
