package coordinator

import (
	"hash/maphash"
	"sync"

	"holdfast/actors/section"
)

// shards spreads what is kept for each buyer and each key over locks.
const shards = 1 << shardBits

// hashOf is never 0, which is a free slot of a table.
func hashOf(seed maphash.Seed, id [16]byte) uint64 { return max(maphash.Bytes(seed, id[:]), 1) }

// BuyerQuota counts a buyer's live seats over all sections of an event, so that the limit a buyer meets is the event's
// and not one section's. It guards a rule of fairness, not P1: no seat is ever granted because of it.
//
// Invariant: it equals the live seats in all sections' memories plus the reservations of requests on their way.
//
// A buyer is 64 bits of a hash under a secret of the process, in 12 bytes with the count: doc.go says what that costs.
type BuyerQuota struct {
	seed   maphash.Seed
	shards [shards]quotaShard
}

type quotaShard struct {
	sync.Mutex
	seats table[uint32]
}

// NewBuyerQuota counts nothing yet.
func NewBuyerQuota() *BuyerQuota { return &BuyerQuota{seed: maphash.MakeSeed()} }

// lock returns a buyer's hash, and its shard locked.
func (q *BuyerQuota) lock(buyer section.BuyerID) (hash uint64, s *quotaShard) {
	hash = hashOf(q.seed, buyer)
	s = &q.shards[hash>>(64-shardBits)]
	s.Lock()
	return hash, s
}

// count points to a buyer's seats, nil for none.
func (s *quotaShard) count(hash uint64) *uint32 { return s.seats.value(hash, 0, 0) }

func (s *quotaShard) counted(hash uint64) uint32 {
	if seats := s.count(hash); seats != nil {
		return *seats
	}
	return 0
}

// add counts n seats more, without a limit.
func (s *quotaShard) add(hash uint64, n uint32) {
	if seats := s.count(hash); seats != nil {
		*seats += n
	} else if n > 0 {
		s.seats.add(hash, n, nil)
	}
}

// Reserve adds n seats unless that would exceed limit.
func (q *BuyerQuota) Reserve(buyer section.BuyerID, n, limit uint32) bool {
	_, ok := q.reserve(buyer, n, limit)
	return ok
}

// reserve is Reserve, and says how many the buyer has then.
func (q *BuyerQuota) reserve(buyer section.BuyerID, n, limit uint32) (total uint32, ok bool) {
	hash, s := q.lock(buyer)
	defer s.Unlock()
	seats := s.count(hash)
	switch {
	case seats == nil && n <= limit:
		s.add(hash, n)
		return n, true
	case seats != nil && *seats+n <= limit:
		*seats += n
		return *seats, true
	}
	return 0, false
}

// Room says that Reserve would succeed now.
func (q *BuyerQuota) Room(buyer section.BuyerID, n, limit uint32) bool {
	hash, s := q.lock(buyer)
	defer s.Unlock()
	return s.counted(hash)+n <= limit
}

// Add counts seats found at load, whatever the limit.
func (q *BuyerQuota) Add(buyer section.BuyerID, n uint32) {
	hash, s := q.lock(buyer)
	s.add(hash, n)
	s.Unlock()
}

// Release takes n seats back.
func (q *BuyerQuota) Release(buyer section.BuyerID, n uint32) {
	hash, s := q.lock(buyer)
	defer s.Unlock()
	if seats := s.count(hash); seats != nil && *seats > n {
		*seats -= n
		return
	}
	s.seats.remove(hash, 0, 0)
}

// Seats is how many the buyer has.
func (q *BuyerQuota) Seats(buyer section.BuyerID) uint32 {
	hash, s := q.lock(buyer)
	defer s.Unlock()
	return s.counted(hash)
}

// Buyers is how many have seats.
func (q *BuyerQuota) Buyers() (n int) {
	for i := range q.shards {
		s := &q.shards[i]
		s.Lock()
		n += s.seats.n
		s.Unlock()
	}
	return n
}
