package actors

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// pastWriter makes the log that a section leaves behind after so many changes: the engine's own Writer, without the
// engine around it.
type pastWriter struct {
	b       *testing.B
	w       *writer.Writer
	key     storage.SectionKey
	entries []storage.Entry
	newest  *storage.Snapshot
	at      section.Instant
	// held and released count what was done so far; what was held first is released first.
	held, released uint64
}

func newPastWriter(b *testing.B, key storage.SectionKey, layout *section.Layout, rules section.Rules) *pastWriter {
	id := storage.NewWriterID()
	claim := storage.Entry{
		Kind: storage.EntryClaim, Seq: 1, Epoch: 1, Writer: id, Batch: storage.BatchID(id), At: 1, Body: []byte("past"),
	}
	state := section.NewState(layout, rules)
	state.Begin(1)
	p := &pastWriter{b: b, key: key, entries: []storage.Entry{claim}, at: 1_000_000}
	p.w = writer.New(key, id, claim.After(storage.HashEntry(&claim)), section.NewMachine(state))
	return p
}

// change makes so many changes, holds of one seat and their releases, each under a key of its own, in records of that
// many.
func (p *pastWriter) change(changes, perRecord int) {
	p.b.Helper()
	seats := uint64(p.w.Machine().(*section.Machine).Seats())
	live := seats / 2 // holds that live at a time, once there are so many
	for i := range uint64(changes) {
		r := request.Of(section.Call{Command: section.Command{Fingerprint: i, Operator: true}})
		r.At = p.at
		binary.LittleEndian.PutUint64(r.Command.Request[:], (i+1)*0x9E3779B97F4A7C15)
		binary.LittleEndian.PutUint64(r.Command.Request[8:], (i+1)*0xbf58476d1ce4e5b9)
		if i < live || i%2 == 0 {
			binary.LittleEndian.PutUint64(r.Command.Buyer[:], (i+1)*0x94d049bb133111eb)
			r.Command.Kind, r.Command.Seats = section.PlaceHold, []section.SeatIndex{section.SeatIndex(p.held % seats)}
			p.held++
		} else {
			r.Command.Kind, r.Command.Booking = section.ReleaseHold, section.BookingNo(p.released+1)
			p.released++
		}
		p.w.Submit(&r.Request)
		if int(i+1)%perRecord == 0 || int(i+1) == changes {
			p.land()
		}
	}
}

// land takes the record that has gathered for durable.
func (p *pastWriter) land() {
	p.b.Helper()
	pending := p.w.Ready()
	entry := pending.Append.Entry
	entry.Body = slices.Clone(entry.Body)
	p.entries = append(p.entries, entry)
	if pending.Snapshot != nil {
		p.newest = pending.Snapshot
	}
	p.w.Recycle(p.w.Advance(entry.Batch, nil))
	for _, r := range p.w.Answers() {
		if o := &request.In(r).Decision.Outcome; r.Err != nil || o.Rejection != section.Accepted {
			p.b.Fatal(r.Err, o.Rejection)
		}
	}
	p.at += 10
}

// save puts the log and its newest snapshot, if any, into the store.
func (p *pastWriter) save(store *sqlstore.Store) {
	p.b.Helper()
	if err := store.Import(context.Background(), p.key, p.entries); err != nil {
		p.b.Fatal(err)
	}
	if p.newest == nil {
		return
	}
	if err := store.SaveSnapshot(context.Background(), p.key, *p.newest); err != nil {
		p.b.Fatal(err)
	}
}

// pastEvent puts an event on sale into the store, of sections whose rows have 50 seats.
func pastEvent(b *testing.B, store *sqlstore.Store, sections, rows int) (*storage.Event, *venue.Venue) {
	b.Helper()
	v := benchVenue(b, sections, rows)
	header := &storage.Event{
		ID: storage.NewEventID(), Name: "past", Currency: "EUR", Sale: storage.SaleOpen, Rules: benchRules(600_000),
	}
	for _, s := range v.Sections {
		header.Sections = append(header.Sections, storage.SectionInfo{ID: s.ID, Name: s.Name, Seats: uint32(rows * 50)})
	}
	if err := store.CreateEvent(context.Background(), header, v.Encode()); err != nil {
		b.Fatal(err)
	}
	return header, v
}

func benchStore(b *testing.B) *sqlstore.Store {
	b.Helper()
	store, err := sqlstore.Open(context.Background(), benchServer(b), sqlstore.Options{Migrate: true, Logf: b.Logf})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return store
}

// BenchmarkSQLLoad is what a section of 5,000 seats with 100,000 changes behind it, all under keys that are still
// remembered, takes to load from a SQL server: its snapshot and the records after it. Left behind by a crash, with the
// newest snapshot that the writer's own rule had made by then, and by an end in good order, which leaves a snapshot of
// everything.
func BenchmarkSQLLoad(b *testing.B) {
	store := benchStore(b)
	header, v := pastEvent(b, store, 2, 100)
	for no, name := range []string{"crashed", "stopped"} {
		key := storage.SectionKey{Event: header.ID, Section: storage.SectionNo(no)}
		layout := v.Layout(no)
		past := newPastWriter(b, key, layout, header.Rules)
		past.change(100_000, 8)
		if name == "stopped" {
			past.newest = past.w.LastSnapshot()
		}
		past.save(store)
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			replayed := 0
			for b.Loop() {
				start := time.Now()
				tail, err := store.Tail(context.Background(), key)
				if err != nil {
					b.Fatal(err)
				}
				if _, replayed, err = writer.Load(context.Background(), store, key, &section.Kind{Layout: layout, Rules: header.Rules}, tail); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
			b.ReportMetric(float64(took[len(took)-1])/1e6, "longest-ms")
			b.ReportMetric(float64(replayed), "changes-replayed")
			b.ReportMetric(float64(len(past.newest.Body))/1e6, "snapshot-MB")
		})
	}
}

// BenchmarkSQLActivate is the time from opening the store to 1,000 sections serving, each with 200 changes behind it
// and no snapshot: each claimed, loaded and started.
func BenchmarkSQLActivate(b *testing.B) {
	const sections = 1_000
	url := benchServer(b)
	open := func() *sqlstore.Store {
		store, err := sqlstore.Open(context.Background(), url, sqlstore.Options{Migrate: true, Logf: b.Logf})
		if err != nil {
			b.Fatal(err)
		}
		return store
	}
	store := open()
	header, v := pastEvent(b, store, sections, 4)
	for no := range sections {
		past := newPastWriter(
			b, storage.SectionKey{Event: header.ID, Section: storage.SectionNo(no)}, v.Layout(no), header.Rules,
		)
		past.change(200, 4)
		past.save(store)
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		store := open()
		gateway, err := sandbox.Open("")
		if err != nil {
			b.Fatal(err)
		}
		lanes, group := store.Shape()
		e, err := Open(
			context.Background(),
			Config{Store: store, Processor: gateway, CommitConcurrency: lanes, CommitGroup: group, Preload: true},
		)
		if err != nil {
			b.Fatal(err)
		}
		for tick := time.NewTicker(time.Millisecond); e.Ready() != nil; <-tick.C {
		}
		if n := e.Stats().SectionsServing.Load(); n != sections {
			b.Fatalf("%d sections serve", n)
		}
		b.StopTimer()
		b.ReportMetric(float64(store.Stats().Statements.Load())/sections, "statements/section")
		atOnce, cancel := context.WithCancel(context.Background())
		cancel()
		_ = e.Close(atOnce) // as in a crash: every run finds the same log, and one claim more
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
