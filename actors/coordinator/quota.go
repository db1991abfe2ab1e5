package coordinator

import (
	"sync"

	"holdfast/actors/section"
)

// shards spreads what is kept for each buyer and each key over locks; a power of two.
const shards = 64

// BuyerQuota counts a buyer's live seats over all sections of an event, so that the limit a buyer meets is the event's
// and not one section's. It guards a rule of fairness, not P1: no seat is ever granted because of it.
//
// Invariant: it equals the live seats in all sections' memories plus the reservations of requests on their way.
type BuyerQuota struct {
	shards [shards]struct {
		sync.Mutex
		seats map[section.BuyerID]uint32
	}
}

// NewBuyerQuota counts nothing yet.
func NewBuyerQuota() *BuyerQuota {
	q := &BuyerQuota{}
	for i := range q.shards {
		q.shards[i].seats = map[section.BuyerID]uint32{}
	}
	return q
}

// Reserve adds n seats unless that would exceed limit.
func (q *BuyerQuota) Reserve(buyer section.BuyerID, n, limit uint32) bool {
	s := &q.shards[buyer[0]%shards]
	s.Lock()
	defer s.Unlock()
	if s.seats[buyer]+n > limit {
		return false
	}
	s.seats[buyer] += n
	return true
}

// Room says that Reserve would succeed now.
func (q *BuyerQuota) Room(buyer section.BuyerID, n, limit uint32) bool {
	s := &q.shards[buyer[0]%shards]
	s.Lock()
	defer s.Unlock()
	return s.seats[buyer]+n <= limit
}

// Add counts seats found at load, whatever the limit.
func (q *BuyerQuota) Add(buyer section.BuyerID, n uint32) {
	s := &q.shards[buyer[0]%shards]
	s.Lock()
	s.seats[buyer] += n
	s.Unlock()
}

// Release takes n seats back.
func (q *BuyerQuota) Release(buyer section.BuyerID, n uint32) {
	s := &q.shards[buyer[0]%shards]
	s.Lock()
	defer s.Unlock()
	if left := s.seats[buyer]; left > n {
		s.seats[buyer] = left - n
		return
	}
	delete(s.seats, buyer)
}

// Seats is how many the buyer has.
func (q *BuyerQuota) Seats(buyer section.BuyerID) uint32 {
	s := &q.shards[buyer[0]%shards]
	s.Lock()
	defer s.Unlock()
	return s.seats[buyer]
}

// Each visits every buyer who has seats, in no order.
func (q *BuyerQuota) Each(visit func(buyer section.BuyerID, seats uint32)) {
	for i := range q.shards {
		s := &q.shards[i]
		s.Lock()
		for buyer, seats := range s.seats {
			visit(buyer, seats)
		}
		s.Unlock()
	}
}
