package limit

import (
	"net/netip"
	"testing"
	"time"
)

// TestNewcomersPassWhenASetIsFull: many who are limited at once keep nobody out, and give their slots back when their
// buckets are full.
func TestNewcomersPassWhenASetIsFull(t *testing.T) {
	l := newRateLimiter("buyer", Rate{PerSecond: 1, Burst: 1})
	now, alike := time.Unix(1, 0).UnixNano(), []key{}
	for i := 1; len(alike) < rateWays+1; i++ {
		k := key{0, byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)}
		if k.hash()%(rateShards*l.sets) == 5 {
			alike = append(alike, k)
		}
	}
	newcomer := alike[rateWays]
	for _, k := range alike {
		if _, ok := l.allow(k, weightMutation, now); !ok {
			t.Fatal("a newcomer was refused")
		}
	}
	for _, k := range alike[:rateWays] {
		if _, ok := l.allow(k, weightMutation, now); ok {
			t.Fatal("a bucket was given away before it was full")
		}
	}
	if _, ok := l.allow(newcomer, weightMutation, now); !ok {
		t.Fatal("the newcomer was refused without a bucket")
	}
	later := now + int64(time.Hour)
	l.allow(newcomer, weightMutation, later)
	if _, ok := l.allow(newcomer, weightMutation, later); ok {
		t.Fatal("the newcomer got none of the slots that are anybody's")
	}
}

// TestManyBuyersAreEachLimited: a crowd as large as an on-sale's does not loosen anybody's limit.
func TestManyBuyersAreEachLimited(t *testing.T) {
	l := newRateLimiter("buyer", Rate{PerSecond: 10, Burst: 1})
	const buyers = 20_000
	now, passed := time.Unix(1, 0).UnixNano(), 0
	for range 2 {
		for i := range buyers {
			k := key{byte(i), byte(i >> 8), byte(i >> 16), 0xff}
			if _, ok := l.allow(k, weightMutation, now); ok {
				passed++
			}
		}
	}
	if most := buyers + buyers/1000; passed < buyers || passed > most { // newcomers pass when a set is full
		t.Errorf("%d calls passed of %d buyers with one each, want at most %d", passed, buyers, most)
	}
}

// TestAddressesSpread: networks that differ in one byte do not crowd one lock.
func TestAddressesSpread(t *testing.T) {
	met := map[uint64]bool{}
	for i := range 256 {
		k := key(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).As16())
		met[k.hash()%rateShards] = true
	}
	if len(met) < rateShards/2 {
		t.Errorf("256 addresses in %d of %d shards", len(met), rateShards)
	}
}

// TestStreamsAreForgotten: who has none open takes no memory.
func TestStreamsAreForgotten(t *testing.T) {
	c := streamCounts{open: map[streamKey]int{}}
	who := Streamer{counts: &c, keys: []streamKey{{key: key{1}}, {buyer: true, key: key{1}}}}
	who.Add(1)
	who.Add(1)
	who.Add(-1)
	if n := c.of(who.keys[0]); n != 1 || len(c.open) != 2 {
		t.Errorf("%d of %d", n, len(c.open))
	}
	if who.Add(-1); len(c.open) != 0 {
		t.Errorf("%d kept", len(c.open))
	}
}
