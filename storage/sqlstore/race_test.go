package sqlstore

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// TestAHundredWritersOnOneSection (P1, P2, S1, S3): ten nodes of ten writers each fight for one log and sell the same
// few seats.
func TestAHundredWritersOnOneSection(t *testing.T) {
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			raceWriters(t, pgtest.Shared(t).Database(t), Options{Isolation: isolation})
		})
	}
}

const (
	racingNodes   = 10
	racersPerNode = 10
	racingRounds  = 20
	racingSeats   = 4
)

// raceWriters lets the writers race and then holds the log and the tickets against what each of them was told.
func raceWriters(t *testing.T, address string, o Options) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o.AppendConcurrency = 2
	race := &race{t: t, ctx: ctx, sent: map[storage.BatchID]storage.Append{}, acknowledged: map[storage.BatchID]bool{}}
	key := newKey()
	var all sync.WaitGroup
	for range racingNodes {
		s := openAt(t, address, o)
		for range racersPerNode {
			all.Go(func() { race.run(s, newFollower(key)) })
		}
	}
	all.Wait()
	if t.Failed() {
		return
	}
	race.check(openAt(t, address, o), key)
}

type race struct {
	t   *testing.T
	ctx context.Context

	mu           sync.Mutex // guards what follows
	sent         map[storage.BatchID]storage.Append
	acknowledged map[storage.BatchID]bool
	fenced       int
	taken        int
}

// run is one writer: it claims, sells until somebody else has claimed, and claims again.
func (r *race) run(s *Store, w *follower) {
	kind, seat := storage.EntryClaim, section.SeatIndex(w.id[0])%racingSeats
	var refund []section.SeatIndex
	for range racingRounds {
		a := w.next(kind, "raced")
		if kind == storage.EntryChanges {
			a.Sell, a.Refund = []section.Ticket{{Seat: seat, Booking: section.BookingNo(a.Entry.Seq)}}, refund
		}
		err := r.send(s, a)
		var fence *storage.FencedError
		switch {
		case err == nil:
			w.advance(a)
			kind, refund, seat = storage.EntryChanges, nil, (seat+1)%racingSeats
		case errors.As(err, &fence):
			w.tail, kind, refund = fence.Tail, storage.EntryClaim, nil
		case errors.Is(err, storage.ErrTicketTaken):
			refund = []section.SeatIndex{seat} // the next record takes the seat back before it sells it
		default:
			r.t.Errorf("S3: a racing append got %v", err)
			return
		}
	}
}

// send sends an append until it is sure what became of it, and keeps the books.
func (r *race) send(s *Store, a storage.Append) error {
	r.mu.Lock()
	r.sent[a.Entry.Batch] = a
	r.mu.Unlock()
	for {
		err := s.Commit(r.ctx, []storage.Append{a})[0]
		if r.ctx.Err() == nil && (errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrUnavailable)) {
			continue
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		var fence *storage.FencedError
		switch {
		case err == nil:
			r.acknowledged[a.Entry.Batch] = true
		case errors.As(err, &fence):
			r.fenced++
		case errors.Is(err, storage.ErrTicketTaken):
			r.taken++
		}
		return err
	}
}

// check reads the log through a store that took no part. Read itself refuses a log with a gap, a seq twice or a broken
// chain.
func (r *race) check(s *Store, key storage.SectionKey) {
	tickets := map[section.SeatIndex]section.BookingNo{}
	records := 0
	err := s.Read(r.ctx, key, 0, func(e *storage.Entry, _ storage.Hash) error {
		records++
		a, sent := r.sent[e.Batch]
		if !sent || !r.acknowledged[e.Batch] || a.Entry.Seq != e.Seq {
			r.t.Errorf("S3: record %d: sent %v as record %d, acknowledged %v", e.Seq, sent, a.Entry.Seq,
				r.acknowledged[e.Batch])
		}
		for _, seat := range a.Refund {
			delete(tickets, seat)
		}
		for _, row := range a.Sell {
			if other, sold := tickets[row.Seat]; sold {
				r.t.Errorf("P1: record %d sells seat %d to booking %d, which booking %d has", e.Seq, row.Seat,
					row.Booking, other)
			}
			tickets[row.Seat] = row.Booking
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if records != len(r.acknowledged) {
		r.t.Errorf("P2: %d records were acknowledged, the log has %d", len(r.acknowledged), records)
	}
	table := map[section.SeatIndex]section.BookingNo{}
	if err := s.Tickets(r.ctx, key, func(row section.Ticket) error {
		table[row.Seat] = row.Booking
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	if !maps.Equal(table, tickets) {
		r.t.Errorf("S1: tickets are %v, the log says %v", table, tickets)
	}
	r.t.Logf("%d appends: %d in the log, %d fenced, %d refused for a ticket", len(r.sent), records, r.fenced, r.taken)
	if records < racingRounds/2 || r.fenced < racingRounds*racersPerNode || len(table) == 0 {
		r.t.Error("that was no race: too little happened to prove anything")
	}
}
