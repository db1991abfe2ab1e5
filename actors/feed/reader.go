package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"holdfast/actors/fares"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// Bounds of what is read and kept at once.
const (
	pageRecords  = 128
	pageBytes    = 256 << 10
	pageEvents   = 4096
	placingsKept = 1 << 15 // twice that at most
	namesKept    = 32      // events
	scanAtMost   = 64      // records that are read through rather than halved
)

// Errors of a log that cannot be followed.
var (
	// ErrDiverged: the log is another one than was told, as after a backup was restored.
	ErrDiverged = errors.New("feed: the log is another one than was told")
	// ErrNoSuchChange: no log has the change.
	ErrNoSuchChange = errors.New("feed: no such change")
)

// errEnough ends a read.
var errEnough = errors.New("feed: enough")

// Source is what is read of a store.
type Source interface {
	Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error)
	Read(ctx context.Context, key storage.SectionKey, after section.Seq,
		visit func(e *storage.Entry, hash storage.Hash) error) error
	Event(ctx context.Context, id storage.EventID) (*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) ([]byte, error)
}

// Reader makes events of logs. It needs nothing but the store, so any node can read any shard. Its methods are safe
// for concurrent use.
type Reader struct {
	source Source

	mu         sync.Mutex
	names      map[storage.EventID]*envelope.Names
	young, old map[bookingKey]*envelope.Placing // two generations; what is asked for moves to the young one
}

type bookingKey struct {
	shard storage.SectionKey
	no    section.BookingNo
}

// NewReader reads from a store.
func NewReader(source Source) *Reader {
	return &Reader{source: source, names: map[storage.EventID]*envelope.Names{},
		young: map[bookingKey]*envelope.Placing{}}
}

// entry is a log's entry with a body of its own.
type entry struct {
	storage.Entry
	hash storage.Hash
}

// page is what was read of a shard: whole records.
type page struct {
	Telling
	ends []cursor // of each record, and after how many events it ends
	upTo []int
	more bool // there may be more at once

	first section.Instant // when its first record was written
}

// read reads the next records after a cursor. A zero hash is not compared.
func (r *Reader) read(ctx context.Context, shard storage.SectionKey, at cursor) (*page, error) {
	entries, more, err := r.entries(ctx, shard, at.seq, pageRecords)
	if err != nil || len(entries) == 0 {
		return &page{}, err
	}
	if entries[0].Prev != at.hash && (at.seq == 0 || at.hash != (storage.Hash{})) {
		return nil, fmt.Errorf("%w: event %v, section %d, record %d", ErrDiverged, shard.Event, shard.Section,
			entries[0].Seq)
	}
	p := &page{Telling: Telling{Shard: shard}, more: more, first: entries[0].At}
	for i := range entries {
		if err := r.tell(ctx, &entries[i], p); err != nil {
			return nil, err
		}
		p.ends = append(p.ends, cursor{entries[i].Seq, entries[i].hash})
		if p.upTo = append(p.upTo, len(p.Events)); len(p.Events) >= pageEvents {
			p.more = true
			break
		}
	}
	return p, nil
}

// entries are at most so many, and as many as fit.
func (r *Reader) entries(ctx context.Context, shard storage.SectionKey, after section.Seq, limit int) (all []entry,
	more bool, err error) {
	size := 0
	err = r.source.Read(ctx, shard, after, func(e *storage.Entry, hash storage.Hash) error {
		all = append(all, entry{*e, hash})
		all[len(all)-1].Body = bytes.Clone(e.Body)
		if size += len(e.Body); len(all) == limit || size >= pageBytes {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return all, true, nil
	}
	return all, false, err
}

// changesOf are a record's changes, with memory of their own.
func changesOf(e *storage.Entry) (all []section.Change, err error) {
	if e.Kind != storage.EntryChanges {
		return nil, nil
	}
	err = section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
		own := *c
		own.Seats = append([]section.SeatIndex(nil), c.Seats...)
		all = append(all, own)
		return nil
	})
	return all, err
}

// tell appends a record's events to a page.
func (r *Reader) tell(ctx context.Context, e *entry, p *page) error {
	changes, err := changesOf(&e.Entry)
	if err != nil {
		return &storage.CorruptError{Section: p.Shard, Seq: e.Seq, Why: err.Error()}
	}
	names, err := r.namesOf(ctx, p.Shard.Event)
	if err != nil {
		return err
	}
	record := envelope.Record{Key: p.Shard, Kind: e.Kind, Seq: e.Seq, Epoch: e.Epoch, At: e.At, Hash: e.hash,
		Prev: e.Prev, Changes: len(changes)}
	add := func(n int, c *section.Change, placing *envelope.Placing) {
		p.Events = append(p.Events, envelope.Of(&record, n, c, placing, names))
		p.Refs = append(p.Refs, Ref{p.Shard, e.Seq, uint16(n)})
	}
	if len(changes) == 0 {
		add(0, nil, nil)
	}
	for n := range changes {
		placing, err := r.placing(ctx, p.Shard, &changes[n], e.Seq)
		if err != nil {
			return err
		}
		if names, err = r.namesFor(ctx, p.Shard.Event, names, placing); err != nil {
			return err
		}
		add(n, &changes[n], placing)
	}
	return nil
}

// One makes one event again.
func (r *Reader) One(ctx context.Context, ref Ref) (envelope.Event, error) {
	entries, _, err := r.entries(ctx, ref.Shard, ref.Seq-1, 1)
	if err != nil {
		return envelope.Event{}, err
	}
	if len(entries) == 0 || entries[0].Seq != ref.Seq {
		return envelope.Event{}, ErrNoSuchChange
	}
	p := page{Telling: Telling{Shard: ref.Shard}}
	if err := r.tell(ctx, &entries[0], &p); err != nil {
		return envelope.Event{}, err
	}
	if int(ref.N) >= len(p.Events) {
		return envelope.Event{}, ErrNoSuchChange
	}
	return p.Events[ref.N], nil
}

// namesFor are an event's names, read again if a booking is of a price list that they do not have: an edit has brought
// it, and the catalog had it first.
func (r *Reader) namesFor(
	ctx context.Context, id storage.EventID, names *envelope.Names, p *envelope.Placing,
) (*envelope.Names, error) {
	if p == nil || p.Fare == nil || len(p.Fare.Seats) == 0 || names.Type(p.Mark, 1) != "" {
		return names, nil
	}
	r.mu.Lock()
	delete(r.names, id)
	r.mu.Unlock()
	return r.namesOf(ctx, id)
}

// namesOf are an event's names, which never change but by price lists that come to those there are.
func (r *Reader) namesOf(ctx context.Context, id storage.EventID) (*envelope.Names, error) {
	r.mu.Lock()
	names := r.names[id]
	r.mu.Unlock()
	if names != nil {
		return names, nil
	}
	header, err := r.source.Event(ctx, id)
	if err != nil {
		return nil, err
	}
	stored, err := r.source.Venue(ctx, id)
	if err != nil {
		return nil, err
	}
	v, err := venue.Decode(stored)
	if err != nil {
		return nil, err
	}
	var labels []string
	for i := range v.Categories {
		labels = append(labels, v.Categories[i].Label)
	}
	names = &envelope.Names{Event: id, Currency: header.Currency, Type: fares.Of(header, labels).TypeName}
	for i := range v.Sections {
		var seats []string
		for _, row := range v.Sections[i].Rows {
			for _, seat := range row.Seats {
				seats = append(seats, seat.ID)
			}
		}
		names.Sections, names.Seats = append(names.Sections, v.Sections[i].ID), append(names.Seats, seats)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.names) >= namesKept {
		clear(r.names)
	}
	r.names[id] = names
	return names, nil
}
