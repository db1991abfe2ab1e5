package coordinator

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"

	"holdfast/actors/section"
	"holdfast/storage"
)

// KeyIndex knows which section of the event met a request, so that a repeat goes to the section that remembers it
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
type KeyIndex struct {
	remembers func(storage.SectionNo) section.Instant // what the section judged before that, it has forgotten
	shards    [shards]keyShard
}

type keyShard struct {
	sync.Mutex
	entries map[section.RequestID]keyEntry
	waiters map[section.RequestID]chan struct{} // of requests under way that somebody repeats meanwhile
	sweepAt int
}

// keyEntry is 12 bytes, 28 with its key; memory counts here, there is one for every hold of the day.
type keyEntry struct {
	section   storage.SectionNo
	atSeconds uint32 // not judged later than that, seconds since 1970; secondsUnknown: no bound is known
	users     uint16 // requests under way
	kept      bool   // accepted once: survives its users
	searching bool   // under way over several sections: nobody else may use the key
}

// DecidedUnknown stands for the moment of a judgement that nobody told us of.
const DecidedUnknown section.Instant = math.MaxInt64

// OperatorBuyer stands for all operators where one place must see all keys of one asker: who they book for differs,
// their keys are one list. No buyer's name hashes to it (it is wire.OperatorHash, which is in every log ever written).
var OperatorBuyer = func() (id section.BuyerID) {
	sum := sha256.Sum256([]byte("holdfast operator"))
	return section.BuyerID(sum[:len(id)])
}()

// Asker is whose keys a request's key is one of.
func Asker(operator bool, buyer section.BuyerID) section.BuyerID {
	if operator {
		return OperatorBuyer
	}
	return buyer
}

// IsIdle says that nothing was done under the key by a call with that outcome, so that the index has nothing new to
// keep: an extension that would gain too little and a second release are repeats without a first. Where there was a
// first, its entry is kept already.
func IsIdle(kind section.CommandKind, o *section.Outcome) bool {
	return o.Repeat && (kind == section.ExtendHold || kind == section.ReleaseHold)
}

const secondsUnknown = math.MaxUint32

// secondsUp rounds up: a bound must not fall below what it bounds.
func secondsUp(at section.Instant) uint32 {
	return uint32(min((uint64(at)+999)/1000, secondsUnknown))
}

// sweepMin is the entries per shard below which looking for something to forget is not worth the while.
const sweepMin = 1 << 15

// NewKeyIndex is empty. remembers tells of a section before which time it has forgotten what it judged; it is called
// with a lock of the index held.
func NewKeyIndex(remembers func(storage.SectionNo) section.Instant) *KeyIndex {
	x := &KeyIndex{remembers: remembers}
	for i := range x.shards {
		x.shards[i].entries = map[section.RequestID]keyEntry{}
		x.shards[i].waiters = map[section.RequestID]chan struct{}{}
		x.shards[i].sweepAt = sweepMin
	}
	return x
}

func (x *KeyIndex) shard(id section.RequestID) *keyShard {
	return &x.shards[binary.LittleEndian.Uint64(id[:8])%shards]
}

// Enter registers a request bound for one section. known says that it was met before (or is under way) there or
// elsewhere; the section returned is where. While a search with the same id is under way, or for a search anything with
// that id, busy is given, and closed when some use of the id ends: try again then.
func (x *KeyIndex) Enter(id section.RequestID, no storage.SectionNo, search bool) (
	at storage.SectionNo, known bool, busy <-chan struct{},
) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e, known := s.entries[id]
	if known && (e.searching || search && e.users > 0) {
		return 0, true, s.waiter(id)
	}
	if !known {
		s.sweep(x.remembers)
		e = keyEntry{section: no, atSeconds: secondsUnknown}
	}
	e.users++
	e.searching = search
	s.entries[id] = e
	return e.section, known, nil
}

func (s *keyShard) waiter(id section.RequestID) <-chan struct{} {
	c, ok := s.waiters[id]
	if !ok {
		c = make(chan struct{})
		s.waiters[id] = c
	}
	return c
}

// Leave ends one use of a request; accepted (or unknown) keeps the entry, with the section that has it and when that
// judged it.
func (x *KeyIndex) Leave(id section.RequestID, no storage.SectionNo, keep bool, decided section.Instant) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e := s.entries[id]
	e.users--
	e.searching = false
	known := e.kept && e.atSeconds != secondsUnknown
	if keep && !(known && decided == DecidedUnknown) { // what a record has said goes before what nobody knows
		e.section, e.kept, e.atSeconds = no, true, secondsUp(decided)
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

// Unpin is for a search whose section has said that it does not remember the request: no section does.
func (x *KeyIndex) Unpin(id section.RequestID) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	if e, ok := s.entries[id]; ok {
		e.kept = false
		s.entries[id] = e
	}
}

// Adopt registers a request found at load, judged not later than at.
func (x *KeyIndex) Adopt(id section.RequestID, no storage.SectionNo, at section.Instant) {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	e := s.entries[id]
	e.section, e.kept, e.atSeconds = no, true, secondsUp(at)
	s.entries[id] = e
}

// Contains says whether a request has an entry: it was accepted before, or is under way.
func (x *KeyIndex) Contains(id section.RequestID) bool {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	_, there := s.entries[id]
	return there
}

// Knows says whether a request was accepted before, as far as this node has heard. The zero request is always new.
func (x *KeyIndex) Knows(id section.RequestID) bool {
	s := x.shard(id)
	s.Lock()
	defer s.Unlock()
	return id != (section.RequestID{}) && s.entries[id].kept
}

// sweep drops what its section has forgotten, each time the shard has doubled.
func (s *keyShard) sweep(remembers func(storage.SectionNo) section.Instant) {
	if len(s.entries) < s.sweepAt {
		return
	}
	for id, e := range s.entries {
		if e.users == 0 && int64(e.atSeconds)*1000 < int64(remembers(e.section)) {
			delete(s.entries, id)
		}
	}
	s.sweepAt = max(sweepMin, 2*len(s.entries))
}

// Sweep drops at once what its sections have forgotten; Enter does so each time an index has doubled.
func (x *KeyIndex) Sweep() {
	for i := range x.shards {
		s := &x.shards[i]
		s.Lock()
		s.sweepAt = 0
		s.sweep(x.remembers)
		s.Unlock()
	}
}

// KeyUse is what the index knows of one key.
type KeyUse struct {
	Section  storage.SectionNo
	Accepted bool // by that section, or nobody knows that it was not
	UnderWay bool
}

// Each visits every key, in no order.
func (x *KeyIndex) Each(visit func(id section.RequestID, use KeyUse)) {
	for i := range x.shards {
		s := &x.shards[i]
		s.Lock()
		for id, e := range s.entries {
			visit(id, KeyUse{e.section, e.kept, e.users != 0 || e.searching})
		}
		s.Unlock()
	}
}
