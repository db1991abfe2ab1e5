package actors

import (
	"encoding/binary"
	"sync"

	"holdfast/actors/section"
	"holdfast/storage"
)

// ledgerShards spreads the event-wide ledgers over locks; a power of two.
const ledgerShards = 64

// buyerLedger counts a buyer's live seats over all sections of an event, so that the limit a buyer meets is the event's and
// not one section's. It guards a rule of fairness, not P1: no seat is ever granted because of it.
//
// Invariant: it equals the live seats in all sections' memories plus the reservations of requests on their way.
type buyerLedger struct {
	shards [ledgerShards]struct {
		sync.Mutex
		seats map[section.BuyerID]uint32
	}
}

func newBuyerLedger() *buyerLedger {
	b := &buyerLedger{}
	for i := range b.shards {
		b.shards[i].seats = map[section.BuyerID]uint32{}
	}
	return b
}

// reserve adds n seats unless that would exceed limit.
func (b *buyerLedger) reserve(buyer section.BuyerID, n, limit uint32) bool {
	s := &b.shards[buyer[0]%ledgerShards]
	s.Lock()
	defer s.Unlock()
	if s.seats[buyer]+n > limit {
		return false
	}
	s.seats[buyer] += n
	return true
}

// add counts seats found at load, whatever the limit.
func (b *buyerLedger) add(buyer section.BuyerID, n uint32) {
	s := &b.shards[buyer[0]%ledgerShards]
	s.Lock()
	s.seats[buyer] += n
	s.Unlock()
}

// release takes n seats back.
func (b *buyerLedger) release(buyer section.BuyerID, n uint32) {
	s := &b.shards[buyer[0]%ledgerShards]
	s.Lock()
	defer s.Unlock()
	if left := s.seats[buyer]; left > n {
		s.seats[buyer] = left - n
		return
	}
	delete(s.seats, buyer)
}

// requestIndex knows which section of the event met a request that asks for seats, so that a repeat goes to the section that
// remembers it (P5), also when the request named no section, and so that a key used again for another section is seen as a mismatch.
//
// Entries of refused requests are dropped at once. Entries of accepted ones stay until the process ends or, above
// indexEntriesMax, are forgotten in no particular order once older than the idempotency window.
type requestIndex struct {
	window section.Millis
	shards [ledgerShards]indexShard
}

type indexShard struct {
	sync.Mutex
	entries map[section.RequestID]indexEntry
	waiters map[section.RequestID]chan struct{} // of searching requests that somebody repeats meanwhile
	sweepAt int
}

// indexEntry is 12 bytes; memory counts here, there is one for every hold of the day.
type indexEntry struct {
	section   storage.SectionNo
	atSeconds uint32
	users     uint16 // requests under way
	kept      bool   // accepted once: survives its users
	searching bool   // under way over several sections; section is not known yet
}

// indexSweepMin is the entries per shard below which nothing is ever forgotten: 64 shards of it keep far more than the promised
// last 10,000 requests a section in any event that could not also afford the memory.
const indexSweepMin = 1 << 15

func newRequestIndex(window section.Millis) *requestIndex {
	x := &requestIndex{window: window}
	for i := range x.shards {
		x.shards[i].entries = map[section.RequestID]indexEntry{}
		x.shards[i].waiters = map[section.RequestID]chan struct{}{}
		x.shards[i].sweepAt = indexSweepMin
	}
	return x
}

func (x *requestIndex) shard(id section.RequestID) *indexShard {
	return &x.shards[binary.LittleEndian.Uint64(id[:8])%ledgerShards]
}

// enter registers a request bound for one section. known says that it was met before (or is under way) there or elsewhere;
// the section returned is where. While a search with the same id is under way, busy is closed at its end: try again then.
func (x *requestIndex) enter(id section.RequestID, no storage.SectionNo, search bool, now section.Instant) (at storage.SectionNo, known bool, busy <-chan struct{}) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e, known := s.entries[id]
	if known && e.searching {
		return 0, true, s.waiter(id)
	}
	if !known {
		s.sweep(now, x.window)
		e = indexEntry{section: no, atSeconds: uint32(now / 1000), searching: search}
	}
	e.users++
	s.entries[id] = e
	return e.section, known, nil
}

func (s *indexShard) waiter(id section.RequestID) <-chan struct{} {
	c, ok := s.waiters[id]
	if !ok {
		c = make(chan struct{})
		s.waiters[id] = c
	}
	return c
}

// leave ends one use of a request; accepted (or unknown) keeps the entry, with the section that has it.
func (x *requestIndex) leave(id section.RequestID, no storage.SectionNo, keep bool) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e := s.entries[id]
	e.users--
	e.searching = false
	if keep {
		e.section, e.kept = no, true
	}
	if e.kept || e.users > 0 {
		s.entries[id] = e
	} else {
		delete(s.entries, id)
	}
	if c, ok := s.waiters[id]; ok {
		close(c)
		delete(s.waiters, id)
	}
}

// adopt registers a request found at load.
func (x *requestIndex) adopt(id section.RequestID, no storage.SectionNo, now section.Instant) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e := s.entries[id]
	e.section, e.kept = no, true
	if e.atSeconds == 0 {
		e.atSeconds = uint32(now / 1000)
	}
	s.entries[id] = e
}

// sweep forgets what is older than the window, each time the shard has doubled.
func (s *indexShard) sweep(now section.Instant, window section.Millis) {
	if len(s.entries) < s.sweepAt {
		return
	}
	old := uint32((now - section.Instant(window)) / 1000)
	for id, e := range s.entries {
		if e.users == 0 && e.atSeconds < old {
			delete(s.entries, id)
		}
	}
	s.sweepAt = max(indexSweepMin, 2*len(s.entries))
}
