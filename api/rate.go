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
// generic cell rate algorithm). Refused calls take nothing.
//
// A bucket that is full again holds no information, and its slot is anybody's. Slots are a table of fixed size, a few for
// each hash, as in a processor's cache: most callers are new ones, and a map that grows and is swept for them cost a
// tenth of a hold. When all slots of a hash have buckets that are not full, newcomers of that hash pass, because refusing
// an honest buyer is worse than not limiting a flood that other bounds catch.
type rateLimiter struct {
	step   int64 // nanoseconds that a tenth of a call takes to come back; 0: no limit
	burst  int64 // nanoseconds that a bucket may run ahead
	policy []byte
	shards []rateShard
}

type rateShard struct {
	mu    sync.Mutex
	slots []rateSlot // rateSets times rateWays, made with the first call
}

// rateSlot is a bucket. Its key means something until full.
type rateSlot struct {
	key  key
	full int64 // nanoseconds since the epoch at which the bucket is full again
}

// A limiter has some 260,000 slots, 6 MB. At 40,000 calls a second and ten a buyer, 4,000 are in use.
const (
	rateShards = 64
	rateSets   = 512 // of a shard
	rateWays   = 8   // slots of a set
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
	hash := k.hash()
	shard := &l.shards[hash%rateShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	slot := shard.slot(k, hash/rateShards%rateSets, now)
	full := now
	if slot != nil && slot.key == k {
		full = max(slot.full, now)
	}
	next := full + l.step*cost
	if over := next - now - l.burst; over > 0 {
		return time.Duration(over), false
	}
	if slot != nil {
		*slot = rateSlot{k, next}
	}
	return 0, true
}

// slot is the key's own, else one that is anybody's, else nil.
func (s *rateShard) slot(k key, set uint64, now int64) (free *rateSlot) {
	if s.slots == nil {
		s.slots = make([]rateSlot, rateSets*rateWays)
	}
	ways := s.slots[set*rateWays : (set+1)*rateWays]
	for i := range ways {
		switch {
		case ways[i].key == k:
			return &ways[i]
		case free == nil && ways[i].full <= now:
			free = &ways[i]
		}
	}
	return free
}

// hash spreads keys of any kind: addresses differ in a few bytes only.
func (k *key) hash() uint64 {
	a, b := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	h := a ^ b*0x9e3779b97f4a7c15
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return h ^ h>>32
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
