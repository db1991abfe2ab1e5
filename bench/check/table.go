package check

import "math/bits"

// table finds numbers by hash: open addressing over numbers whose keys are kept elsewhere, four bytes a slot. A map of
// ten million keys would take ten times the memory and keep the collector busy.
type table struct {
	slots []uint32 // number plus one; 0: empty
	shift uint8
}

// newTable has room for n numbers, at most two thirds full.
func newTable(n int) table {
	width := bits.Len(uint(n + n/2 + 1))
	return table{slots: make([]uint32, 1<<width), shift: uint8(64 - width)}
}

// slot is where a number with this hash is, or belongs when the slot is 0. same says whether a number found is the one
// meant.
func (t *table) slot(hash uint64, same func(n uint32) bool) *uint32 {
	mask := uint64(len(t.slots) - 1)
	for i := hash >> t.shift; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if *s == 0 || same(*s-1) {
			return s
		}
	}
}

// mix spreads a number over all bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
