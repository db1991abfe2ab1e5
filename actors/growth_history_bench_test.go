package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

const (
	historySections = 64
	historySeats    = 2000
	// historyStep is the time between two records of a section, in milliseconds: ten million are eighteen days of sale.
	historyStep = 10_000
	// historyChunk is how many records are written with one sync.
	historyChunk = 5000
)

// growHistory makes the past, ends the store without a graceful stop, and measures the return and the holds after it.
func growHistory(b *testing.B, records int) {
	h := newGrowthHouse(b, sectionsPlan(historySections, historySeats))
	h.close()
	h.openStore()
	if err := h.e.Close(context.Background()); err != nil { // nobody sells while the past is written
		b.Fatal(err)
	}
	empty := diskBytes(b, h.dir)
	start := time.Now()
	h.write(records)
	b.Logf("%d records written in %v", records, time.Since(start).Round(time.Millisecond))
	if err := h.store.Close(); err != nil { // leaves the write-ahead log to be replayed, as a kill does
		b.Fatal(err)
	}
	written := diskBytes(b, h.dir) - empty
	back := h.reopen()
	holdAndReleaseAll(b, h.e, h.id, h.namedSeats)
	h.close()
	b.ReportMetric(back, "reopen-ms")
	if records > 0 {
		b.ReportMetric(float64(written)/float64(records), "B/record")
	}
}

// write gives each section its part of the past, two at a time.
func (h *growthHouse) write(records int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for no := next.Add(1) - 1; no < historySections; no = next.Add(1) - 1 {
				part := records / historySections
				if int(no) < records%historySections {
					part++
				}
				if err := h.writeSection(h.o.sections[no], part); err != nil {
					h.b.Error(err)
				}
			}
		})
	}
	all.Wait()
	if h.b.Failed() {
		h.b.FailNow()
	}
}

// writeSection lets a writer of its own sell for so many records, one request in each, and leaves the snapshot that it
// would have left.
func (h *growthHouse) writeSection(s *Section, records int) error {
	if records == 0 {
		return nil
	}
	p, err := newPast(h.store, s, records)
	if err != nil {
		return err
	}
	for range records - 1 { // the claim was the first
		if err := p.record(); err != nil {
			return err
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	if p.snapshot == nil {
		return nil
	}
	return h.store.SaveSnapshot(context.Background(), s.key, *p.snapshot)
}

// past is a section's writer with its records gathered for one write.
type past struct {
	store    storageImporter
	w        *writer.Writer
	key      storage.SectionKey
	r        *request.Request
	m        *section.Machine
	at       section.Instant
	n        uint64
	seats    [1]section.SeatIndex
	entries  []storage.Entry
	snapshot *storage.Snapshot
}

type storageImporter interface {
	storage.Store
	storage.Importer
}

func newPast(store storageImporter, s *Section, records int) (*past, error) {
	ctx := context.Background()
	at := section.Instant(time.Now().UnixMilli()) - section.Instant(records)*historyStep
	who := writer.Claimant{
		Writer: storage.NewWriterID(), Name: "past", May: ifAllowed(true), Pause: shard.RealRuntime{}.Pause,
	}
	entry, err := writer.Claim(ctx, store, s.key, who, at)
	if err != nil {
		return nil, err
	}
	tail := entry.After(storage.HashEntry(&entry))
	m, _, err := writer.Load(ctx, store, s.key, &s.kind, tail)
	if err != nil {
		return nil, err
	}
	return &past{
		store: store, w: writer.New(s.key, who.Writer, tail, m), m: m.(*section.Machine), r: request.Of(section.Call{}),
		key: s.key, at: at,
	}, nil
}

// record is a hold, and the next time its release.
func (p *past) record() error {
	p.n++
	p.at += historyStep
	p.r.At = p.at
	c := section.Command{Request: tourKey(uint64(p.key.Section)+1, p.n), Buyer: tiredBuyer(1, p.n/2), Fingerprint: p.n}
	if p.n%2 == 1 {
		p.seats[0] = section.SeatIndex(p.n / 2 % historySeats)
		c.Kind, c.Seats = section.PlaceHold, p.seats[:]
	} else {
		c.Kind, c.Booking = section.ReleaseHold, p.r.Decision.Outcome.Booking
	}
	p.r.Command = c
	p.w.Submit(&p.r.Request)
	landing := p.w.Ready()
	if landing.Snapshot != nil {
		p.snapshot = landing.Snapshot
	}
	entry := landing.Append.Entry
	entry.Body = append([]byte(nil), entry.Body...)
	p.entries = append(p.entries, entry)
	p.w.Recycle(p.w.Advance(entry.Batch, nil))
	p.w.Answers()
	p.m.Shares()
	if len(p.entries) == historyChunk {
		return p.flush()
	}
	return nil
}

func (p *past) flush() error {
	err := p.store.Import(context.Background(), p.key, p.entries)
	p.entries = p.entries[:0]
	return err
}
