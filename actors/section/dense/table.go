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
	i := home(tag, len(entries)) + int(from)
	for n := from; ; n++ {
		if i >= len(entries) {
			i -= len(entries)
		}
		e := entries[i]
		if e == 0 {
			return 0, 0
		}
		if uint32(e>>32) == tag {
			return uint32(e), n + 1
		}
		i++
	}
}

// home is where a tag's entry would stand in a bucket of so many places if it were alone. The bucket has the high bits.
func home(tag uint32, places int) int { return int(uint64(tag<<8) * uint64(places) >> 32) }

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
	size := bucketMin
	for uint64(size)*uint64(len(t.buckets))*13 < entries*16 {
		size = larger(size)
	}
	if size > bucketMin {
		for i := range t.buckets {
			t.buckets[i].entries = make([]uint64, size)
		}
	}
}

const bucketMin = 8

// larger is twice as much while that is little, then a half more and the next power of two in turns: a large bucket is
// never more than a half empty.
func larger(size int) int {
	switch {
	case size < 256:
		return 2 * size
	case size&(size-1) == 0:
		return size + size/2
	}
	return size / 3 * 4
}

func (s *bucket) grow() {
	old := s.entries
	s.entries = make([]uint64, max(bucketMin, larger(len(old))))
	for _, e := range old {
		if e != 0 {
			s.place(e)
		}
	}
}

func (s *bucket) place(e uint64) {
	i := home(uint32(e>>32), len(s.entries))
	for s.entries[i] != 0 {
		i = s.next(i)
	}
	s.entries[i] = e
}

func (s *bucket) next(i int) int {
	if i++; i == len(s.entries) {
		return 0
	}
	return i
}

// distance is how many places b is behind a.
func (s *bucket) distance(a, b int) int {
	if b < a {
		return b - a + len(s.entries)
	}
	return b - a
}

// Remove takes out the entry with this tag and handle, which must be there. Later entries of the same run move up, so
// there are no tombstones and a table in steady use never degrades.
func (t *Table) Remove(tag, handle uint32) {
	s := &t.buckets[tag>>24]
	hole := home(tag, len(s.entries))
	for s.entries[hole] != uint64(tag)<<32|uint64(handle) {
		if s.entries[hole] == 0 {
			panic("dense: table has lost an entry")
		}
		hole = s.next(hole)
	}
	for i := s.next(hole); s.entries[i] != 0; i = s.next(i) {
		if s.distance(home(uint32(s.entries[i]>>32), len(s.entries)), i) >= s.distance(hole, i) {
			s.entries[hole] = s.entries[i]
			hole = i
		}
	}
	s.entries[hole] = 0
	s.used--
}
