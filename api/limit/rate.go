package limit

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/api/problem"
)

// Rate bounds calls: PerSecond for ever, and Burst of them at once. A hold, payment, extension, release or a stream's
// opening counts one; a read counts a tenth. PerSecond 0: no bound. Burst 0: one second's worth.
type Rate struct{ PerSecond, Burst float64 }

// key names whose calls are counted together.
type key [16]byte

// rateLimiter gives each key a bucket, kept as one number: the moment at which the bucket would be full again (the
// generic cell rate algorithm). Refused calls take nothing.
//
// A bucket that is full again holds no information, and its slot is anybody's. Slots are a table of fixed size, a few
// for each hash, as in a processor's cache: most callers are new ones, and a map that grows and is swept for them cost
// a tenth of a hold. When all slots of a hash have buckets that are not full, newcomers of that hash pass, because
// refusing an honest buyer is worse than not limiting a flood that other bounds catch.
type rateLimiter struct {
	sets   uint64 // of a shard, a power of two
	step   int64  // nanoseconds that a tenth of a call takes to come back; 0: no limit
	burst  int64  // nanoseconds that a bucket may run ahead
	policy []byte
	shards []rateShard
}

type rateShard struct {
	mu    sync.Mutex
	slots []rateSlot // sets times rateWays, made with the first call
}

// rateSlot is a bucket. Its tag means something until full. Half a key's length lets the slots of a set stand in two
// lines of a processor's cache; of 65,000 callers two have the same tag once in 10^10.
type rateSlot struct {
	tag  uint64 // the key's hash
	full int64  // the moment (see Server.moment) at which the bucket is full again
}

// A call fills its caller's slot for as long as a call takes to come back, so slots follow from the rate: rateCalls
// calls a second, each of somebody else, fill half of them. At ten calls a second a limiter has some 65,000, 1 MB,
// which stay in a processor's cache; at two or fewer, 260,000 and 4 MB.
const (
	rateShards  = 64
	rateWays    = 8 // slots of a set
	rateSetsMax = 512
	rateCalls   = 320_000
)

func rateSets(rate Rate) uint64 {
	busy := rateCalls / rate.PerSecond
	sets := uint64(1)
	for sets < rateSetsMax && float64(sets*rateShards*rateWays) < 2*busy {
		sets *= 2
	}
	return sets
}

func newRateLimiter(name string, rate Rate) *rateLimiter {
	l := &rateLimiter{}
	if rate.PerSecond <= 0 {
		return l
	}
	burst := rate.burst()
	l.step = max(1, int64(float64(time.Second)/rate.PerSecond/costMutation))
	l.burst = int64(float64(l.step) * costMutation * burst)
	l.policy = problem.RatePolicy(name, burst, burst/rate.PerSecond)
	l.shards, l.sets = make([]rateShard, rateShards), rateSets(rate)
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
	slot := shard.slot(hash, l.sets, now)
	full := now
	if slot != nil && slot.tag == hash {
		full = max(slot.full, now)
	}
	next := full + l.step*cost
	if over := next - now - l.burst; over > 0 {
		return time.Duration(over), false
	}
	if slot != nil {
		*slot = rateSlot{hash, next}
	}
	return 0, true
}

// slot is the tag's own, else one that is anybody's, else nil.
func (s *rateShard) slot(tag, sets uint64, now int64) (free *rateSlot) {
	if s.slots == nil {
		s.slots = make([]rateSlot, sets*rateWays)
	}
	set := tag / rateShards & (sets - 1) * rateWays
	ways := s.slots[set : set+rateWays]
	for i := range ways {
		switch {
		case ways[i].tag == tag:
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
