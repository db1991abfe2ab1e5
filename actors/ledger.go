package actors

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// ledgerShards spreads the event-wide ledgers over locks; a power of two.
const ledgerShards = 64

// buyerLedger counts a buyer's live seats over all sections of an event, so that the limit a buyer meets is the event's
// and not one section's. It guards a rule of fairness, not P1: no seat is ever granted because of it.
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

// room says that reserve would succeed now.
func (b *buyerLedger) room(buyer section.BuyerID, n, limit uint32) bool {
	s := &b.shards[buyer[0]%ledgerShards]
	s.Lock()
	defer s.Unlock()
	return s.seats[buyer]+n <= limit
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

// requestIndex knows which section of the event met a request, so that a repeat goes to the section that remembers it
// (P5), also when the request named no section, and so that a key used again for another section is seen as a mismatch.
//
// Invariant: a request that a serving section remembers has an entry (blocking, which several sections share, has one
// of them). So a request without one is no repeat, anywhere. An entry is there before its request is sent; entries of
// refused requests are dropped when the last call under the key ends; those of accepted ones are dropped only once
// their section has forgotten every request judged so long ago. The sections remember by time and by count
// (DedupeWindow, DedupeCountMin), which no rule of the index's own could repeat exactly: it asks them.
//
// A search over several sections has its key for itself, from its beginning to its end: else two calls under one key
// could each find seats in another section.
type requestIndex struct {
	remembers func(storage.SectionNo) section.Instant // what the section judged before that, it has forgotten
	shards    [ledgerShards]indexShard
}

type indexShard struct {
	sync.Mutex
	entries map[section.RequestID]indexEntry
	waiters map[section.RequestID]chan struct{} // of requests under way that somebody repeats meanwhile
	sweepAt int
}

// indexEntry is 12 bytes, 28 with its key; memory counts here, there is one for every hold of the day.
type indexEntry struct {
	section   storage.SectionNo
	atSeconds uint32 // not judged later than that, seconds since 1970; secondsUnknown: no bound is known
	users     uint16 // requests under way
	kept      bool   // accepted once: survives its users
	searching bool   // under way over several sections: nobody else may use the key
}

// judgedUnknown stands for the moment of a judgement that nobody told us of.
const judgedUnknown section.Instant = math.MaxInt64

const secondsUnknown = math.MaxUint32

// secondsUp rounds up: a bound must not fall below what it bounds.
func secondsUp(at section.Instant) uint32 {
	return uint32(min((uint64(at)+999)/1000, secondsUnknown))
}

// indexSweepMin is the entries per shard below which looking for something to forget is not worth the while.
const indexSweepMin = 1 << 15

func newRequestIndex(remembers func(storage.SectionNo) section.Instant) *requestIndex {
	x := &requestIndex{remembers: remembers}
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

// enter registers a request bound for one section. known says that it was met before (or is under way) there or
// elsewhere; the section returned is where. While a search with the same id is under way, or for a search anything with
// that id, busy is given, and closed when some use of the id ends: try again then.
func (x *requestIndex) enter(id section.RequestID, no storage.SectionNo, search bool) (at storage.SectionNo, known bool, busy <-chan struct{}) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e, known := s.entries[id]
	if known && (e.searching || search && e.users > 0) {
		return 0, true, s.waiter(id)
	}
	if !known {
		s.sweep(x.remembers)
		e = indexEntry{section: no, atSeconds: secondsUnknown}
	}
	e.users++
	e.searching = search
	s.entries[id] = e
	return e.section, known, nil
}

// enterBy is enter for one who waits: a search has its key for itself, it waits for others to end, and they for it.
func (x *requestIndex) enterBy(clock clockwork, deadline time.Time, id section.RequestID, no storage.SectionNo, search bool) (at storage.SectionNo, known bool, err error) {
	for {
		at, known, busy := x.enter(id, no, search)
		if busy == nil {
			return at, known, nil
		}
		if !clock.await(context.Background(), deadline, busy, nil) {
			return 0, false, ErrTimeout
		}
	}
}

func (s *indexShard) waiter(id section.RequestID) <-chan struct{} {
	c, ok := s.waiters[id]
	if !ok {
		c = make(chan struct{})
		s.waiters[id] = c
	}
	return c
}

// leave ends one use of a request; accepted (or unknown) keeps the entry, with the section that has it and when that
// judged it.
func (x *requestIndex) leave(id section.RequestID, no storage.SectionNo, keep bool, judged section.Instant) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e := s.entries[id]
	e.users--
	e.searching = false
	if known := e.kept && e.atSeconds != secondsUnknown; keep && !(known && judged == judgedUnknown) { // what a record has said goes before what nobody knows
		e.section, e.kept, e.atSeconds = no, true, secondsUp(judged)
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

// unpin is for a search whose section has said that it does not remember the request: no section does.
func (x *requestIndex) unpin(id section.RequestID) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	if e, ok := s.entries[id]; ok {
		e.kept = false
		s.entries[id] = e
	}
}

// adopt registers a request found at load, judged not later than at.
func (x *requestIndex) adopt(id section.RequestID, no storage.SectionNo, at section.Instant) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e := s.entries[id]
	e.section, e.kept, e.atSeconds = no, true, secondsUp(at)
	s.entries[id] = e
}

// met says whether a request has an entry: it was accepted before, or is under way.
func (x *requestIndex) met(id section.RequestID) bool {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	_, met := s.entries[id]
	return met
}

// knows says whether a request was accepted before, as far as this node has heard. The zero request is always new.
func (x *requestIndex) knows(id section.RequestID) bool {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	return id != (section.RequestID{}) && s.entries[id].kept
}

// sweep drops what its section has forgotten, each time the shard has doubled.
func (s *indexShard) sweep(remembers func(storage.SectionNo) section.Instant) {
	if len(s.entries) < s.sweepAt {
		return
	}
	for id, e := range s.entries {
		if e.users == 0 && int64(e.atSeconds)*1000 < int64(remembers(e.section)) {
			delete(s.entries, id)
		}
	}
	s.sweepAt = max(indexSweepMin, 2*len(s.entries))
}
