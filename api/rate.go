package api

import (
	"sync"
	"time"

	"holdfast/actors/section"
)

// rateLimiter gives each buyer a bucket of tokens, kept as one number: the moment at which the bucket would be full again
// (the generic cell rate algorithm). Memory is bounded: when a shard is full of unfilled buckets, newcomers pass, because
// refusing an honest buyer is worse than not limiting a flood that other bounds catch.
type rateLimiter struct {
	step   time.Duration // one token's time; 0: no limit
	burst  time.Duration // how far ahead a bucket may run
	shards [64]rateShard
}

type rateShard struct {
	mu   sync.Mutex
	full map[section.BuyerID]int64 // nanoseconds since the epoch at which the bucket is full again
	next int64                     // no sweep before this moment: a full shard must not make every newcomer pay for one
}

const rateShardMax = 16_384

func newRateLimiter(perSecond, burst float64) *rateLimiter {
	l := &rateLimiter{}
	if perSecond <= 0 {
		return l
	}
	l.step = time.Duration(float64(time.Second) / perSecond)
	l.burst = time.Duration(float64(l.step) * max(burst, 1))
	for i := range l.shards {
		l.shards[i].full = map[section.BuyerID]int64{}
	}
	return l
}

// allow takes a token, or says how long until there is one.
func (l *rateLimiter) allow(buyer section.BuyerID, at time.Time) (wait time.Duration, ok bool) {
	if l.step == 0 {
		return 0, true
	}
	now := at.UnixNano()
	shard := &l.shards[buyer[0]%64]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	next := max(shard.full[buyer], now) + int64(l.step)
	if over := next - now - int64(l.burst); over > 0 {
		return time.Duration(over), false
	}
	if _, known := shard.full[buyer]; known || shard.room(now) {
		shard.full[buyer] = next
	}
	return 0, true
}

// room forgets buckets that are full again; they hold no information.
func (s *rateShard) room(now int64) bool {
	if len(s.full) < rateShardMax {
		return true
	}
	if now < s.next {
		return false
	}
	s.next = now + int64(time.Second)
	for buyer, full := range s.full {
		if full <= now {
			delete(s.full, buyer)
		}
	}
	return len(s.full) < rateShardMax
}
