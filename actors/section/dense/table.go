package dense

import (
	"encoding/binary"
	"math/bits"
)

// Table finds 32-bit handles by a 32-bit tag of their key. Keys live with the items: a caller compares them itself, so
// an entry costs 8 bytes. It is cut into 256 buckets that grow alone: a growth moves 1/256 of the entries, and never
// reads a key. The buckets come with the first entry: most sections of most venues never have one, and 256 of them are
// 8 KiB.
type Table struct {
	buckets *[256]bucket // nil: the table is empty
}

// bucket is an open-addressing table with linear probing. Invariant: never full, so that every probe ends.
type bucket struct {
	entries []uint64 // tag<<32 | handle; 0 is empty (a tag is never 0)
	used    uint32
}

// TagOf mixes a 128-bit key. Keys should be uniform already; mixing keeps a caller's counter or an all-zero key
// harmless.
func TagOf(key [16]byte) uint32 {
	a := binary.LittleEndian.Uint64(key[:8])
	b := binary.LittleEndian.Uint64(key[8:])
	return TagOfNumber(a ^ bits.RotateLeft64(b*0x9e3779b97f4a7c15, 31))
}

// TagOfNumber mixes a 64-bit key.
func TagOfNumber(h uint64) uint32 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return max(uint32(h>>32), 1)
}

// Seek returns the handle of the next entry with this tag, and where to go on; from is 0 at first. No more: next is 0.
func (t *Table) Seek(tag, from uint32) (handle, next uint32) {
	if t.buckets == nil {
		return 0, 0
	}
	entries := t.buckets[tag>>24].entries
	if len(entries) == 0 {
		return 0, 0
	}
	mask := uint32(len(entries) - 1)
	for n := from; ; n++ {
		e := entries[(tag+n)&mask]
		if e == 0 {
			return 0, 0
		}
		if uint32(e>>32) == tag {
			return uint32(e), n + 1
		}
	}
}

// Insert adds an entry.
func (t *Table) Insert(tag, handle uint32) {
	if t.buckets == nil {
		t.buckets = new([256]bucket)
	}
	s := &t.buckets[tag>>24]
	if int(s.used+1)*16 > len(s.entries)*13 {
		s.grow()
	}
	s.place(uint64(tag)<<32 | uint64(handle))
	s.used++
}

// Reserve makes room for so many entries in an empty table, no more than they would have grown it to.
func (t *Table) Reserve(entries uint64) {
	if entries == 0 {
		return
	}
	t.buckets = new([256]bucket)
	size := 8
	for uint64(size)*uint64(len(t.buckets))*13 < entries*16 {
		size *= 2
	}
	if size > 8 {
		for i := range t.buckets {
			t.buckets[i].entries = make([]uint64, size)
		}
	}
}

func (s *bucket) grow() {
	old := s.entries
	s.entries = make([]uint64, max(8, 2*len(old)))
	for _, e := range old {
		if e != 0 {
			s.place(e)
		}
	}
}

func (s *bucket) place(e uint64) {
	mask := uint32(len(s.entries) - 1)
	i := uint32(e>>32) & mask
	for s.entries[i] != 0 {
		i = (i + 1) & mask
	}
	s.entries[i] = e
}

// Remove takes out the entry with this tag and handle, which must be there. Later entries of the same run move up, so
// there are no tombstones and a table in steady use never degrades.
func (t *Table) Remove(tag, handle uint32) {
	s := &t.buckets[tag>>24]
	mask := uint32(len(s.entries) - 1)
	hole := tag & mask
	for s.entries[hole] != uint64(tag)<<32|uint64(handle) {
		if s.entries[hole] == 0 {
			panic("dense: table has lost an entry")
		}
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; s.entries[i] != 0; i = (i + 1) & mask {
		first := uint32(s.entries[i]>>32) & mask
		if (i-first)&mask >= (i-hole)&mask {
			s.entries[hole] = s.entries[i]
			hole = i
		}
	}
	s.entries[hole] = 0
	s.used--
}
