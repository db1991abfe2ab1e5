package coordinator

import (
	"encoding/binary"
	"runtime"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// TestTableTwin compares the table with a Go map. Hashes are alike in their leading bits, their trailing bits, or both,
// so that leaves split to no avail, probes run into each other and around the end, and values alone tell entries apart.
func TestTableTwin(t *testing.T) {
	type key struct {
		hash uint64
		mark uint64
	}
	const mask = 0xff << 56
	keys := rapid.Custom(func(t *rapid.T) key {
		return key{rapid.Uint64Range(0, 40).Draw(t, "high")<<44 | rapid.Uint64Range(1, 60).Draw(t, "low")<<24 | 1,
			rapid.Uint64Range(0, 2).Draw(t, "mark") << 56}
	})
	rapid.Check(t, func(t *rapid.T) {
		var table table[uint64]
		model := map[key]uint64{}
		for i := range rapid.Uint64Range(1, 4000).Draw(t, "length") {
			k := keys.Draw(t, "key")
			switch value := table.value(k.hash, k.mark, mask); {
			case value == nil:
				table.add(k.hash, k.mark|i, nil)
				model[k] = i
			case rapid.Bool().Draw(t, "change"):
				*value, model[k] = k.mark|i, i
			default:
				table.remove(k.hash, k.mark, mask)
				delete(model, k)
			}
		}
		if rapid.Bool().Draw(t, "forget") {
			table.forget(func(value uint64) bool { return value&1 == 0 })
			for k, value := range model {
				if value&1 == 0 {
					delete(model, k)
				}
			}
		}
		for k, want := range model {
			if value := table.value(k.hash, k.mark, mask); value == nil || *value != k.mark|want {
				t.Fatalf("entry %+v is %v, want %d", k, value, want)
			}
		}
		if table.n != len(model) {
			t.Fatalf("%d entries, want %d", table.n, len(model))
		}
	})
}

// TestTableMovesLittle: no entry that is added moves more than one leaf, at any size, and none leaves a leaf large.
func TestTableMovesLittle(t *testing.T) {
	var quota table[uint32]
	for n := range uint64(300_000) {
		id := scattered(n + 1)
		hash := binary.LittleEndian.Uint64(id[:])>>shardBits | 1 // as all of one lock's
		before := quota.leaf(hash)
		quota.add(hash, uint32(n), nil)
		if before != nil && (before.used > leafMax || len(quota.leaf(hash).hashes) > leafMax) {
			t.Fatalf("entry %d moves %d others, into %d slots", n, before.used, len(quota.leaf(hash).hashes))
		}
	}
}

// TestTableIsFull: two thirds of the slots are used at every size but the smallest, so that memory follows what is
// kept and not the last doubling.
func TestTableIsFull(t *testing.T) {
	for _, entries := range []uint64{20_000, 200_000, 300_000, 400_000} {
		before := heap()
		x, q := NewKeyIndex(nothingForgotten), NewBuyerQuota()
		for n := range entries {
			x.Adopt(scattered(n), 3, 1000)
			q.Add(scattered(n), 1)
		}
		each := float64(heap()-before) / float64(entries)
		t.Logf("%d keys and buyers: %.1f bytes each", entries, each)
		if each > 28*1.5+3 {
			t.Errorf("%d keys and buyers take %.1f bytes each; slots are of 28", entries, each)
		}
		runtime.KeepAlive(x)
		runtime.KeepAlive(q)
	}
	if size := unsafe.Sizeof(keyEntry{}); size > 16 {
		t.Errorf("a request under way is %d bytes", size)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
