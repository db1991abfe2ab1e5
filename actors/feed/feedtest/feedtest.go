// Package feedtest writes logs for the tests of sinks: a store with an event, whose sections' logs a test appends to.
package feedtest

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// Logs is a store with events, whose logs a test writes.
type Logs struct {
	Store storage.Store

	t     testing.TB
	tails map[storage.SectionKey]storage.Tail
}

// Seats is how many each section has.
const Seats = 8

// New begins with no event.
func New(t testing.TB, store storage.Store) *Logs {
	t.Helper()
	return &Logs{Store: store, t: t, tails: map[storage.SectionKey]storage.Tail{}}
}

// Open makes an event of so many sections.
func (h *Logs) Open(id storage.EventID, sections int) {
	h.t.Helper()
	var plan []string
	for no := range sections {
		plan = append(plan, fmt.Sprintf(`{"id":"S%d","rows":[{"label":"1","seats":%d}]}`, no, Seats))
	}
	v, err := venue.Parse([]byte(`{"sections":[`+strings.Join(plan, ",")+`]}`), venue.Options{Name: "small"})
	if err != nil {
		h.t.Fatal(err)
	}
	header := &storage.Event{ID: id, Name: "small", Currency: "EUR", Sale: storage.SaleOpen,
		Prices: map[string]int64{"standard": 100}}
	for i := range v.Sections {
		header.Sections = append(header.Sections, storage.SectionInfo{ID: v.Sections[i].ID, Seats: Seats})
	}
	if err := h.Store.CreateEvent(h.t.Context(), header, v.Encode()); err != nil {
		h.t.Fatal(err)
	}
}

// Write appends a record with changes; to a log that is empty, a claim before it.
func (h *Logs) Write(shard storage.SectionKey, at section.Instant, changes ...section.Change) {
	h.t.Helper()
	if h.tails[shard].Seq == 0 {
		h.Append(shard, storage.Entry{Kind: storage.EntryClaim, Epoch: 1, At: at})
	}
	var body []byte
	for i := range changes {
		changes[i].At = at
		body = section.AppendChange(body, at, &changes[i])
	}
	h.Append(shard, storage.Entry{Kind: storage.EntryChanges, Epoch: 1, At: at, Body: body})
}

// Append appends one record.
func (h *Logs) Append(shard storage.SectionKey, e storage.Entry) {
	h.t.Helper()
	next := h.Next(shard, e)
	if err := h.Store.Commit(h.t.Context(), []storage.Append{next})[0]; err != nil {
		h.t.Fatal(err)
	}
}

// Next is what a shard's next record would be, for those who commit by themselves. It counts as appended.
func (h *Logs) Next(shard storage.SectionKey, e storage.Entry) storage.Append {
	tail := h.tails[shard]
	e.Seq, e.Prev, e.Batch = tail.Seq+1, tail.Hash, storage.NewBatchID()
	h.tails[shard] = e.After(storage.HashEntry(&e))
	return storage.Append{Section: shard, Entry: e}
}

// Tail is how far a shard's log was written.
func (h *Logs) Tail(shard storage.SectionKey) storage.Tail { return h.tails[shard] }

// Shards are all that were written.
func (h *Logs) Shards() (all []storage.SectionKey) {
	for shard := range h.tails {
		all = append(all, shard)
	}
	return all
}

// Story writes n holds and their ends into a shard.
func (h *Logs) Story(shard storage.SectionKey, n int, at section.Instant) {
	h.t.Helper()
	for i := range n {
		booking := section.BookingNo(h.tails[shard].Seq + 10)
		h.Write(shard, at+section.Instant(i), Hold(booking, section.SeatIndex(i%Seats)))
		h.Write(shard, at+section.Instant(i), section.Change{Kind: section.HoldReleased, Booking: booking},
			Hold(booking+1, section.SeatIndex((i+1)%Seats)))
		h.Write(shard, at+section.Instant(i), section.Change{Kind: section.HoldReleased, Booking: booking + 1})
	}
}

// Hold places a booking.
func Hold(booking section.BookingNo, seats ...section.SeatIndex) section.Change {
	return section.Change{Kind: section.HoldPlaced, Booking: booking, Buyer: section.BuyerID{1}, Seats: seats,
		ExpiresAt: 1 << 40}
}
