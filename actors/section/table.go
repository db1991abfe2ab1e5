package section

import (
	"encoding/binary"
	"math/bits"
)

// tagTable finds 32-bit handles by a 32-bit tag of their key. Keys live with the items: a caller compares them itself,
// so an entry costs 8 bytes. It is cut into 256 shards that grow alone: a growth moves 1/256 of the entries, and never
// reads a key. The shards come with the first entry: most sections of most houses never have one, and 256 of them are 8
// KiB.
type tagTable struct {
	shards *[256]tagShard // nil: the table is empty
}

// tagShard is an open-addressing table with linear probing. Invariant: never full, so that every probe ends.
type tagShard struct {
	entries []uint64 // tag<<32 | handle; 0 is empty (a tag is never 0)
	used    uint32
}

// tagOf mixes a 128-bit key. Keys should be uniform already; mixing keeps a caller's counter or an all-zero key
// harmless.
func tagOf(key [16]byte) uint32 {
	a := binary.LittleEndian.Uint64(key[:8])
	b := binary.LittleEndian.Uint64(key[8:])
	return tagOfNumber(a ^ bits.RotateLeft64(b*0x9e3779b97f4a7c15, 31))
}

// tagOfNumber mixes a 64-bit key.
func tagOfNumber(h uint64) uint32 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return max(uint32(h>>32), 1)
}

// seek returns the handle of the next entry with this tag, and where to go on; from is 0 at first. No more: next is 0.
func (t *tagTable) seek(tag, from uint32) (handle, next uint32) {
	if t.shards == nil {
		return 0, 0
	}
	entries := t.shards[tag>>24].entries
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

func (t *tagTable) insert(tag, handle uint32) {
	if t.shards == nil {
		t.shards = new([256]tagShard)
	}
	s := &t.shards[tag>>24]
	if int(s.used+1)*16 > len(s.entries)*13 {
		s.grow()
	}
	s.place(uint64(tag)<<32 | uint64(handle))
	s.used++
}

// reserve makes room for so many entries in an empty table, no more than they would have grown it to.
func (t *tagTable) reserve(entries uint64) {
	if entries == 0 {
		return
	}
	t.shards = new([256]tagShard)
	size := 8
	for uint64(size)*uint64(len(t.shards))*13 < entries*16 {
		size *= 2
	}
	if size > 8 {
		for i := range t.shards {
			t.shards[i].entries = make([]uint64, size)
		}
	}
}

func (s *tagShard) grow() {
	old := s.entries
	s.entries = make([]uint64, max(8, 2*len(old)))
	for _, e := range old {
		if e != 0 {
			s.place(e)
		}
	}
}

func (s *tagShard) place(e uint64) {
	mask := uint32(len(s.entries) - 1)
	i := uint32(e>>32) & mask
	for s.entries[i] != 0 {
		i = (i + 1) & mask
	}
	s.entries[i] = e
}

// remove takes out the entry with this tag and handle, which must be there. Later entries of the same run move up, so
// there are no tombstones and a table in steady use never degrades.
func (t *tagTable) remove(tag, handle uint32) {
	s := &t.shards[tag>>24]
	mask := uint32(len(s.entries) - 1)
	hole := tag & mask
	for s.entries[hole] != uint64(tag)<<32|uint64(handle) {
		if s.entries[hole] == 0 {
			panic("section: index has lost an entry")
		}
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; s.entries[i] != 0; i = (i + 1) & mask {
		home := uint32(s.entries[i]>>32) & mask
		if (i-home)&mask >= (i-hole)&mask {
			s.entries[hole] = s.entries[i]
			hole = i
		}
	}
	s.entries[hole] = 0
	s.used--
}
