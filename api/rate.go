package api

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// Rate bounds calls: PerSecond for ever, and Burst of them at once. A hold, payment, extension, release or a stream's
// opening counts one; a read counts a tenth. PerSecond 0: no bound. Burst 0: one second's worth.
type Rate struct{ PerSecond, Burst float64 }

// Costs of calls, in tenths.
const (
	costProbe    = 0 // health checks and metrics: whoever watches the server must see it under attack
	costRead     = 1
	costMutation = 10
)

// cost is what a call counts; of a path or method that is none, what a read does.
func (r *route) cost() int64 {
	switch {
	case r == nil:
		return costRead
	case r.probe:
		return costProbe
	case r.mutates || r.stream:
		return costMutation
	}
	return costRead
}

// key names whose calls are counted together.
type key [16]byte

// rateLimiter gives each key a bucket, kept as one number: the moment at which the bucket would be full again (the
// generic cell rate algorithm). Refused calls take nothing. Memory is bounded: when a shard is full of unfilled
// buckets, newcomers pass, because refusing an honest buyer is worse than not limiting a flood that other bounds catch.
type rateLimiter struct {
	step   int64 // nanoseconds that a tenth of a call takes to come back; 0: no limit
	burst  int64 // nanoseconds that a bucket may run ahead
	policy []byte
	shards []rateShard
}

type rateShard struct {
	mu    sync.Mutex
	full  map[key]int64 // nanoseconds since the epoch at which the bucket is full again
	sweep int           // so many buckets are looked through for those that are full again
	next  int64         // no sweep of a full shard before this moment, else every newcomer would pay for one
}

const (
	rateShards = 64
	// rateShardMax bounds a limiter to some million keys, about 50 MB, which only an attack fills.
	rateShardMax = 16_384
	// rateShardMin is when a shard is swept first. Most buckets are full again within a second or two, so memory
	// follows the callers of the moment and not those of the evening.
	rateShardMin = 256
)

func newRateLimiter(name string, rate Rate) *rateLimiter {
	l := &rateLimiter{}
	if rate.PerSecond <= 0 {
		return l
	}
	burst := rate.burst()
	l.step = max(1, int64(float64(time.Second)/rate.PerSecond/costMutation))
	l.burst = int64(float64(l.step) * costMutation * burst)
	l.policy = ratePolicy(name, burst, burst/rate.PerSecond)
	l.shards = make([]rateShard, rateShards)
	for i := range l.shards {
		l.shards[i] = rateShard{full: map[key]int64{}, sweep: rateShardMin}
	}
	return l
}

func (r Rate) burst() float64 {
	if r.Burst > 0 {
		return max(r.Burst, 1)
	}
	return max(r.PerSecond, 1)
}

// allow takes cost from the key's bucket, or says how long until it could.
func (l *rateLimiter) allow(k key, cost int64, now int64) (wait time.Duration, ok bool) {
	if l.step == 0 || cost == 0 {
		return 0, true
	}
	shard := &l.shards[k.shard()]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	full, known := shard.full[k]
	next := max(full, now) + l.step*cost
	if over := next - now - l.burst; over > 0 {
		return time.Duration(over), false
	}
	if known || shard.room(now) {
		shard.full[k] = next
	}
	return 0, true
}

// shard spreads keys of any kind: addresses differ in a few bytes only.
func (k *key) shard() uint64 {
	a, b := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	return (a ^ b*0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93 >> 58
}

// room forgets buckets that are full again, which hold no information, whenever twice as many are there as after the
// last time: so a newcomer pays for one or two others on average.
func (s *rateShard) room(now int64) bool {
	if len(s.full) < s.sweep {
		return true
	}
	if len(s.full) >= rateShardMax && now < s.next {
		return false
	}
	s.next = now + int64(time.Second)
	for k, full := range s.full {
		if full <= now {
			delete(s.full, k)
		}
	}
	s.sweep = min(max(2*len(s.full), rateShardMin), rateShardMax)
	return len(s.full) < rateShardMax
}

// soleLimiter is a rateLimiter of one bucket, which everybody shares and nobody waits for.
type soleLimiter struct {
	rateLimiter
	full atomic.Int64
}

func (l *soleLimiter) allow(cost int64, now int64) (wait time.Duration, ok bool) {
	if l.step == 0 || cost == 0 {
		return 0, true
	}
	for {
		full := l.full.Load()
		next := max(full, now) + l.step*cost
		if over := next - now - l.burst; over > 0 {
			return time.Duration(over), false
		}
		if l.full.CompareAndSwap(full, next) {
			return 0, true
		}
	}
}
