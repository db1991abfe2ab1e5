package gate

import (
	"encoding/binary"
	"math/bits"
)

// place is one place, 24 bytes without a pointer.
type place struct {
	buyer  Buyer
	stamp  uint32 // the record that last changed it, cut to 32 bits
	party  uint8
	state  PlaceState
	missed bool // the grace window is used
}

// placeChunk places are 24 KiB, which is a size class of the allocator. Growth adds a chunk and moves nothing.
const placeChunk = 1024

// placeBook holds every place that was ever given, by number.
type placeBook struct {
	chunks []*[placeChunk]place
	n      uint32
	index  buyerIndex
}

func (p *placeBook) at(no Number) *place { return &p.chunks[no/placeChunk][no%placeChunk] }

// add gives the next number. The buyer's earlier place, if there was one, is found no more, and is told.
func (p *placeBook) add(e Entrant, stamp uint32) (before Number, had bool) {
	if int(p.n/placeChunk) == len(p.chunks) {
		p.chunks = append(p.chunks, new([placeChunk]place))
	}
	no := Number(p.n)
	p.n++
	*p.at(no) = place{buyer: e.Buyer, party: e.Party, state: Waiting, stamp: stamp}
	return p.index.put(p, e.Buyer, no)
}

// find gives the buyer's newest place.
func (p *placeBook) find(b Buyer) (no Number, found bool) { return p.index.get(p, b) }

// buyerIndex finds numbers by buyer: a slot is 4 bytes, the key stands in the place. It is cut into 256 tables that
// grow alone, so that a growth moves 1/256 of the entries. Nothing is ever taken out: a number is kept for ever.
type buyerIndex struct {
	tables [256]indexTable
}

// indexTable is an open-addressing table with linear probing. A slot is a number and, in the bits that numbers do not
// need yet, a tag of the buyer: most probes of others' slots end without a look at a place, which is far away in
// memory. Invariant: never full, so that every probe ends.
type indexTable struct {
	slots []uint32 // tag<<bits | number + 1; 0 is empty
	used  uint32
	bits  uint8 // of a number
}

// mix spreads a pseudonym. Pseudonyms are uniform; mixing keeps a caller's counter harmless.
func mix(b Buyer) uint64 {
	h := binary.LittleEndian.Uint64(b[:8]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(b[8:])*0x9e3779b97f4a7c15, 31)
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (x *buyerIndex) table(h uint64) *indexTable { return &x.tables[h>>56] }

// slot is what a number of a buyer is written as.
func (t *indexTable) slot(h uint64, no Number) uint32 { return uint32(h>>24)<<t.bits | uint32(no) + 1 }

// number is what a slot stands for.
func (t *indexTable) number(slot uint32) Number { return Number(slot&(1<<t.bits-1)) - 1 }

// seek gives the place in the table where the buyer's slot is, or where it would stand.
func (t *indexTable) seek(p *placeBook, h uint64, b Buyer) *uint32 {
	tag := uint32(h>>24) << t.bits
	for i := uint32(h); ; i++ {
		slot := &t.slots[i&uint32(len(t.slots)-1)]
		if *slot == 0 || (*slot^tag)>>t.bits == 0 && p.at(t.number(*slot)).buyer == b {
			return slot
		}
	}
}

func (x *buyerIndex) get(p *placeBook, b Buyer) (Number, bool) {
	h := mix(b)
	t := x.table(h)
	if len(t.slots) == 0 {
		return 0, false
	}
	slot := *t.seek(p, h, b)
	return t.number(slot), slot != 0
}

func (x *buyerIndex) put(p *placeBook, b Buyer, no Number) (before Number, had bool) {
	h := mix(b)
	t := x.table(h)
	if int(t.used+1)*4 > len(t.slots)*3 || (no+1)>>t.bits != 0 {
		t.grow(p, no)
	}
	slot := t.seek(p, h, b)
	if had = *slot != 0; had {
		before = t.number(*slot)
	} else {
		t.used++
	}
	*slot = t.slot(h, no)
	return before, had
}

// reserve makes room in an empty index for so many entries, no more than they would have grown it to.
func (x *buyerIndex) reserve(entries int) {
	size := 8
	for size*len(x.tables)*3 < entries*4 {
		size *= 2
	}
	if size == 8 {
		return
	}
	for i := range x.tables {
		x.tables[i] = indexTable{slots: make([]uint32, size), bits: uint8(min(bits.Len32(uint32(entries))+1, 32))}
	}
}

// grow makes room for more entries, or only for greater numbers: up to four times no.
func (t *indexTable) grow(p *placeBook, no Number) {
	old := *t
	size := len(t.slots)
	if int(t.used+1)*4 > size*3 {
		size = max(8, 2*size)
	}
	t.slots, t.bits = make([]uint32, size), uint8(min(bits.Len32(uint32(no)+1)+2, 32))
	for _, slot := range old.slots {
		if slot == 0 {
			continue
		}
		no := old.number(slot)
		h := mix(p.at(no).buyer)
		i := uint32(h)
		for t.slots[i&uint32(size-1)] != 0 {
			i++
		}
		t.slots[i&uint32(size-1)] = t.slot(h, no)
	}
}
