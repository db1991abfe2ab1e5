package views

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/projection"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

// BenchmarkProjection derives some 100,000 changes of four sections of 1,200 seats from their logs, from nothing.
func BenchmarkProjection(b *testing.B) {
	store, changes := hundredThousand(b)
	b.ResetTimer()
	var records, done uint64
	for b.Loop() {
		b.StopTimer()
		if err := store.Views().Empty(b.Context()); err != nil {
			b.Fatal(err)
		}
		p := New(store, store.Views(), Options{Name: nameOf})
		if err := p.enrolAlone(b.Context()); err != nil { // 4,800 seats, once an event
			b.Fatal(err)
		}
		b.StartTimer()
		r := mustRound(b, p)
		if r.Changes != changes || !r.Complete {
			b.Fatalf("%d changes of %d", r.Changes, changes)
		}
		records, done = records+r.Records, done+r.Changes
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "changes/s")
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

func (p *Projector) enrolAlone(ctx context.Context) error {
	p.round = &Round{}
	return p.enrol(ctx)
}

func hundredThousand(b *testing.B) (store *sqlstore.Store, changes uint64) {
	b.Helper()
	store = open(b, pgtest.Shared(b).Database(b), sqlstore.Options{Migrate: true, AttemptTimeout: 30 * time.Second})
	var sections []string
	for _, id := range []string{"A", "B", "C", "D"} {
		sections = append(sections, fmt.Sprintf(`{"id":%q,"general":1200}`, id))
	}
	plan, err := venue.Parse([]byte(`{"sections":[`+strings.Join(sections, ",")+`]}`), venue.Options{Name: "Hall"})
	if err != nil {
		b.Fatal(err)
	}
	e := &storage.Event{
		ID: storage.NewEventID(), Name: "Night", Currency: "EUR", Sale: storage.SaleOpen, Rules: rules,
		CreatedAt: evening,
	}
	for i := range plan.Sections {
		e.Sections = append(
			e.Sections, storage.SectionInfo{ID: plan.Sections[i].ID, Name: plan.Sections[i].Name, Seats: 1200},
		)
	}
	if err := store.CreateEvent(b.Context(), e, plan.Encode()); err != nil {
		b.Fatal(err)
	}
	for i := range plan.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		var entries []storage.Entry
		a := newAuthor(
			b, key, plan.Layout(i), 1, func(e *storage.Entry, _ storage.Hash) { entries = append(entries, *e) },
		)
		for mine := 0; mine < 25_000; {
			before := a.changes
			a.record(12)
			mine += a.changes - before
		}
		changes += uint64(a.changes)
		for part := 0; part < len(entries); part += 1000 {
			if err := store.Import(b.Context(), key, entries[part:min(part+1000, len(entries))]); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := store.Views().Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	return store, changes
}

// BenchmarkFold is the pure half alone: a page of 4,000 changes.
func BenchmarkFold(b *testing.B) {
	e, v := newEvent(b)
	key := storage.SectionKey{Event: e.ID}
	plan := &Plan{Places: placesOf(e, v, 0), Name: func(section.BookingNo) string { return "b" }}
	page := NewPage(key, projection.Point{})
	a := newAuthor(b, key, v.Layout(0), 1, func(e *storage.Entry, hash storage.Hash) {
		if err := page.Add(e, hash); err != nil {
			b.Fatal(err)
		}
	})
	for page.Changes() < 4000 {
		a.record(12)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := page.Fold(plan, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*page.Changes())/b.Elapsed().Seconds(), "changes/s")
}
