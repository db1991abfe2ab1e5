package copier_test

import (
	"context"
	"encoding/binary"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/copier"
	"holdfast/storage/pebblestore"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

const (
	benchSections = 64
	benchRecords  = 1_000_000 / benchSections
	benchBody     = 100 // bytes: one change of one buyer, the most rows a copy can meet for its changes
)

// BenchmarkCopy moves a million records of one change each from the embedded store to PostgreSQL and back, verification
// included:
//
//	go test ./storage/copier -run '^$' -bench Copy -benchtime 1x
func BenchmarkCopy(b *testing.B) {
	home := embedded(b)
	fillForBench(b, home)
	for range b.N {
		address := pgtest.Shared(b).Database(b)
		server, err := sqlstore.Open(b.Context(), address, sqlstore.Options{Migrate: true})
		must(b, err)
		away := embedded(b)
		b.Run("pebble-to-postgres", func(b *testing.B) { moveForBench(b, home, server) })
		b.Run("postgres-to-pebble", func(b *testing.B) { moveForBench(b, server, away) })
		b.Run("run-again", func(b *testing.B) { moveForBench(b, home, server) })
		must(b, server.Close())
	}
}

func embedded(b *testing.B) *pebblestore.Store {
	s, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logf: b.Logf})
	must(b, err)
	b.Cleanup(func() { must(b, s.Close()) })
	return s
}

// moveForBench is one whole copy, whatever b.N says: a second one would find everything done.
func moveForBench(b *testing.B, from copier.Source, to copier.Target) {
	report, err := copier.Run(context.Background(), from, to, copier.Options{})
	must(b, err)
	if report.Records.All != benchSections*benchRecords {
		b.Fatalf("%d records", report.Records.All)
	}
	b.ReportMetric(float64(report.Records.All)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(b.Elapsed().Seconds(), "s")
}

func fillForBench(b *testing.B, s *pebblestore.Store) {
	b.Helper()
	e := event(b, s, "large", benchSections)
	body := make([]byte, benchBody)
	entries := make([]storage.Entry, benchRecords)
	for no := range storage.SectionNo(benchSections) {
		key := storage.SectionKey{Event: e.ID, Section: no}
		o := &owner{key: key, id: storage.NewWriterID()}
		for i := range entries {
			binary.BigEndian.PutUint64(body, uint64(i))
			entries[i] = storage.Entry{
				Kind: storage.EntryChanges, Seq: section.Seq(i + 1), Epoch: 1, Writer: o.id, Batch: storage.NewBatchID(),
				At: 1_700_000_000_000, Prev: o.tail.Hash, Body: append([]byte(nil), body...),
			}
			if i == 0 {
				entries[i].Kind = storage.EntryClaim
			}
			o.tail = entries[i].After(storage.HashEntry(&entries[i]))
		}
		rows := make([]section.Ticket, 500)
		for i := range rows {
			rows[i] = section.Ticket{Seat: section.SeatIndex(i), Booking: section.BookingNo(i + 1)}
		}
		for _, err := range []error{s.Import(b.Context(), key, entries), s.ImportTickets(b.Context(), key, rows)} {
			must(b, err)
		}
	}
}
