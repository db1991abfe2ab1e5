package limit

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// key names whose calls are counted together.
type key [16]byte

// rateLimiter gives each key a bucket, kept as one number: the moment at which the bucket would be full again (the
// generic cell rate algorithm). Refused calls take nothing.
//
// A bucket that is full again holds no information, and its slot is anybody's. Slots are a table of fixed size, a few
// for each hash, as in a processor's cache: most callers are new ones, and a map that grows and is swept for them cost
// a tenth of a hold. When all slots of a hash have buckets that are not full, newcomers of that hash pass, because
// refusing an honest buyer is worse than not limiting a flood that other bounds catch.
//
// A limiter's pace never changes; another limiter may take its table over.
type rateLimiter struct {
	pace
	rateTable
}

// rateTable holds buckets, of one pace or of several: a bucket does not know how fast it fills.
type rateTable struct {
	sets   uint64 // of a shard, a power of two
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
	l := &rateLimiter{pace: newPace(name, rate)}
	if l.step > 0 {
		l.shards, l.sets = make([]rateShard, rateShards), rateSets(rate)
	}
	return l
}

// changed is a limiter of another rate for the same callers: what they have used up stays used up. A bucket that the
// old limiter fills during the change may be lost.
func (l *rateLimiter) changed(rate Rate, now int64) *rateLimiter {
	if rate == l.rate {
		return l
	}
	next := newRateLimiter(l.name, rate)
	if next.step == 0 {
		return next
	}
	if next.sets == l.sets {
		next.shards = l.shards
	}
	for i := range l.shards {
		old := &l.shards[i]
		old.mu.Lock()
		for at, slot := range old.slots {
			if slot.full <= now {
				continue
			}
			if slot.full = min(slot.full, now+next.burst); next.sets == l.sets {
				old.slots[at] = slot
			} else {
				next.restore(slot, now)
			}
		}
		old.mu.Unlock()
	}
	return next
}

// restore puts a bucket back, if there is room.
func (l *rateTable) restore(old rateSlot, now int64) {
	shard := &l.shards[old.tag%rateShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if slot := shard.slot(old.tag, l.sets, now); slot != nil {
		*slot = old
	}
}

// allow takes a weight from the key's bucket, and says how far ahead the bucket is then. Refused, it takes nothing.
func (l *rateLimiter) allow(k key, weight, now int64) (ahead int64, ok bool) {
	return l.ask(&l.pace, k, weight, now, true)
}

// look is allow that takes nothing.
func (l *rateLimiter) look(k key, weight, now int64) (ahead int64, ok bool) {
	return l.ask(&l.pace, k, weight, now, false)
}

func (l *rateTable) ask(p *pace, k key, weight, now int64, take bool) (ahead int64, ok bool) {
	if p.step == 0 || weight == 0 {
		return 0, true
	}
	hash := k.hash()
	shard := &l.shards[hash%rateShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	slot := shard.slot(hash, l.sets, now)
	if slot != nil && slot.tag == hash {
		slot.full = min(slot.full, now+p.burst)
		ahead = slot.full - now
	}
	ahead, ok = p.take(ahead, weight)
	if ok && take && slot != nil {
		*slot = rateSlot{hash, now + ahead}
	}
	return ahead, ok
}

// learn takes over how far ahead a bucket is elsewhere; never less than is known here without what is given back.
func (l *rateLimiter) learn(k key, ahead, back, now int64) {
	if l.step > 0 {
		l.rateTable.learn(k, ahead, back, now)
	}
}

func (l *rateTable) learn(k key, ahead, back, now int64) {
	hash := k.hash()
	shard := &l.shards[hash%rateShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	slot := shard.slot(hash, l.sets, now)
	if slot == nil {
		return
	}
	full := now + ahead
	if slot.tag == hash {
		full = max(full, slot.full-back)
	}
	*slot = rateSlot{hash, full}
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

// soleLimiter is a limiter of one bucket, which everybody shares and nobody waits for.
type soleLimiter struct {
	pace
	full *atomic.Int64 // the moment at which the bucket is full; a changed limiter shares it
}

func newSoleLimiter(name string, rate Rate) *soleLimiter {
	return &soleLimiter{pace: newPace(name, rate), full: new(atomic.Int64)}
}

func (l *soleLimiter) changed(rate Rate, now int64) *soleLimiter {
	next := &soleLimiter{pace: newPace(l.name, rate), full: l.full}
	for full := l.full.Load(); full > now+next.burst; full = l.full.Load() {
		l.full.CompareAndSwap(full, now+next.burst)
	}
	return next
}

func (l *soleLimiter) allow(weight, now int64) (ahead int64, ok bool) {
	if l.step == 0 || weight == 0 {
		return 0, true
	}
	for {
		full := l.full.Load()
		if ahead, ok = l.take(full-now, weight); !ok {
			return ahead, false
		}
		if l.full.CompareAndSwap(full, now+ahead) {
			return ahead, true
		}
	}
}

func (l *soleLimiter) learn(ahead, back, now int64) {
	for {
		full := l.full.Load()
		if l.full.CompareAndSwap(full, max(full-back, now+ahead)) {
			return
		}
	}
}
