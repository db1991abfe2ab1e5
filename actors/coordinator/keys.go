package coordinator

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
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
//
// Requests under way are few and stand under their full key. Of one that was accepted there is a slot of 16 bytes with
// 80 bits of hash instead of its key: doc.go says why that is enough.
type KeyIndex struct {
	remembers func(storage.SectionNo) section.Instant // what the section judged before that, it has forgotten
	seed      maphash.Seed
	shards    [shards]keyShard
}

type keyShard struct {
	sync.Mutex
	kept    table[uint64]
	live    map[section.RequestID]keyEntry      // under way
	waiters map[section.RequestID]chan struct{} // of requests under way that somebody repeats meanwhile
}

// keyEntry is a request under way. It goes before the slot that the request has in kept.
type keyEntry struct {
	section   storage.SectionNo
	atSeconds uint32 // not judged later than that, seconds since 1970; secondsUnknown: no bound is known
	users     uint32 // calls under way
	kept      bool   // accepted once: survives its users
	stored    bool   // was in kept when its first user came
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
	return o.Repeat && (kind == section.ExtendHold || kind == section.ReleaseHold) ||
		!o.Repeat && kind == section.BeginOrder
}

const secondsUnknown = math.MaxUint32

// secondsUp rounds up: a bound must not fall below what it bounds.
func secondsUp(at section.Instant) uint32 {
	return uint32(min((uint64(at)+999)/1000, secondsUnknown))
}

// NewKeyIndex is empty. remembers tells of a section before which time it has forgotten what it judged; it is called
// with a lock of the index held.
func NewKeyIndex(remembers func(storage.SectionNo) section.Instant) *KeyIndex {
	x := &KeyIndex{remembers: remembers, seed: maphash.MakeSeed()}
	for i := range x.shards {
		x.shards[i].live = map[section.RequestID]keyEntry{}
		x.shards[i].waiters = map[section.RequestID]chan struct{}{}
	}
	return x
}

// A slot's value: 16 bits of the key as they are, 16 of the section's number, 32 of the seconds.
const (
	keyBits     = uint64(math.MaxUint16) << 48
	sectionBits = 32
)

func keyBitsOf(id section.RequestID) uint64 { return uint64(binary.LittleEndian.Uint16(id[:])) << 48 }

// slot packs what is kept of an entry. A plan has 10,000 sections at most.
func (e *keyEntry) slot(id section.RequestID) uint64 {
	if e.section > math.MaxUint16 {
		panic("coordinator: an event has more than 65,536 sections")
	}
	return keyBitsOf(id) | uint64(e.section)<<sectionBits | uint64(e.atSeconds)
}

func unpacked(slot uint64) keyEntry {
	return keyEntry{section: storage.SectionNo(uint16(slot >> sectionBits)), atSeconds: uint32(slot), kept: true,
		stored: true}
}

// lock returns a request's hash, and its shard locked.
func (x *KeyIndex) lock(id section.RequestID) (hash uint64, s *keyShard) {
	hash = hashOf(x.seed, id)
	s = &x.shards[hash>>(64-shardBits)]
	s.Lock()
	return hash, s
}

// entry is what is known of a request.
func (s *keyShard) entry(hash uint64, id section.RequestID) (e keyEntry, known bool) {
	if e, known = s.live[id]; known {
		return e, true
	}
	if slot := s.kept.value(hash, keyBitsOf(id), keyBits); slot != nil {
		return unpacked(*slot), true
	}
	return keyEntry{}, false
}

// Enter registers a request bound for one section. known says that it was met before (or is under way) there or
// elsewhere; the section returned is where. While a search with the same id is under way, or for a search anything with
// that id, busy is given, and closed when some use of the id ends: try again then.
func (x *KeyIndex) Enter(id section.RequestID, no storage.SectionNo, search bool) (
	at storage.SectionNo, known bool, busy <-chan struct{},
) {
	hash, s := x.lock(id)
	defer s.Unlock()
	e, known := s.entry(hash, id)
	if known && (e.searching || search && e.users > 0) {
		return 0, true, s.waiter(id)
	}
	if !known {
		e = keyEntry{section: no, atSeconds: secondsUnknown}
	}
	e.users++
	e.searching = search
	s.live[id] = e
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
	hash, s := x.lock(id)
	defer s.Unlock()
	e := s.live[id]
	e.users--
	e.searching = false
	known := e.kept && e.atSeconds != secondsUnknown
	if keep && !(known && decided == DecidedUnknown) { // what a record has said goes before what nobody knows
		e.section, e.kept, e.atSeconds = no, true, secondsUp(decided)
	}
	if e.users > 0 {
		s.live[id] = e
	} else {
		delete(s.live, id)
		x.settle(s, hash, id, &e)
	}
	if c, ok := s.waiters[id]; ok {
		close(c)
		delete(s.waiters, id)
	}
}

// settle keeps of an entry without users what is to be kept.
func (x *KeyIndex) settle(s *keyShard, hash uint64, id section.RequestID, e *keyEntry) {
	switch {
	case e.kept:
		x.keep(s, hash, id, e)
	case e.stored:
		s.kept.remove(hash, keyBitsOf(id), keyBits)
	}
}

func (x *KeyIndex) keep(s *keyShard, hash uint64, id section.RequestID, e *keyEntry) {
	if slot := s.kept.value(hash, keyBitsOf(id), keyBits); slot != nil {
		*slot = e.slot(id)
		return
	}
	s.kept.add(hash, e.slot(id), x.forgotten)
}

// Unpin is for a search whose section has said that it does not remember the request. What another section's records
// have said meanwhile stays.
func (x *KeyIndex) Unpin(id section.RequestID, no storage.SectionNo) {
	hash, s := x.lock(id)
	defer s.Unlock()
	e, known := s.entry(hash, id)
	if _, underWay := s.live[id]; !known || e.section != no {
		return
	} else if underWay {
		e.kept = false
		s.live[id] = e
		return
	}
	s.kept.remove(hash, keyBitsOf(id), keyBits)
}

// Adopt registers a request found at load, judged not later than at.
func (x *KeyIndex) Adopt(id section.RequestID, no storage.SectionNo, at section.Instant) {
	hash, s := x.lock(id)
	defer s.Unlock()
	x.adopt(s, hash, id, no, at)
}

func (x *KeyIndex) adopt(s *keyShard, hash uint64, id section.RequestID, no storage.SectionNo, at section.Instant) {
	e, underWay := s.live[id]
	e.section, e.kept, e.atSeconds = no, true, secondsUp(at)
	if underWay {
		s.live[id] = e // its last user's end keeps it
		return
	}
	x.keep(s, hash, id, &e)
}

// Suspect registers a request of which is only known that a section may have met it, not later than at. What a record
// has said of another section goes before that, as long as that section remembers.
func (x *KeyIndex) Suspect(id section.RequestID, no storage.SectionNo, at section.Instant) {
	hash, s := x.lock(id)
	defer s.Unlock()
	e, known := s.entry(hash, id)
	if known && e.kept && e.atSeconds != secondsUnknown && !x.forgotten(e.slot(id)) {
		return
	}
	x.adopt(s, hash, id, no, at)
}

// Contains says whether a request has an entry: it was accepted before, or is under way.
func (x *KeyIndex) Contains(id section.RequestID) bool {
	_, there := x.Use(id)
	return there
}

// Knows says whether a request was accepted before, as far as this node has heard. The zero request is always new.
func (x *KeyIndex) Knows(id section.RequestID) bool {
	use, _ := x.Use(id)
	return id != (section.RequestID{}) && use.Accepted
}

// KeyUse is what the index knows of one key.
type KeyUse struct {
	Section  storage.SectionNo
	Accepted bool // by that section, or nobody knows that it was not
	UnderWay bool
}

// Use is what is known of a request; known is false when that is nothing.
func (x *KeyIndex) Use(id section.RequestID) (use KeyUse, known bool) {
	hash, s := x.lock(id)
	defer s.Unlock()
	e, known := s.entry(hash, id)
	return KeyUse{Section: e.section, Accepted: e.kept, UnderWay: e.users > 0}, known
}

// forgotten says that the section of a slot has forgotten what it judged then.
func (x *KeyIndex) forgotten(slot uint64) bool {
	e := unpacked(slot)
	return int64(e.atSeconds)*1000 < int64(x.remembers(e.section))
}

// Sweep drops at once what its sections have forgotten. Without it that happens wherever room is made for new ones.
func (x *KeyIndex) Sweep() {
	for i := range x.shards {
		s := &x.shards[i]
		s.Lock()
		s.kept.forget(x.forgotten)
		s.Unlock()
	}
}

// Size is how many requests have been accepted, and how many are under way.
func (x *KeyIndex) Size() (accepted, underWay int) {
	for i := range x.shards {
		s := &x.shards[i]
		s.Lock()
		accepted += s.kept.n
		underWay += len(s.live)
		s.Unlock()
	}
	return accepted, underWay
}
