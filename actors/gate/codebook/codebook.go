// Package codebook is a pure room: the presale codes of one gate, and how often each was used. The gate keeps a Book,
// changes it by its log alone, and asks it before a place is given.
//
//	Mint(Codes) ──▶ numbers, dense from 1 on ──▶ Judge(number, at) ──▶ Good, or why not
//	                                             Use(number)           one place given
//	                                             Revoke(numbers)       good for nobody any more
//
// A code costs two bytes. Who may use one that is bound to a buyer stands in its text (package presale).
//
// # Rejected
//
// A map of the codes that were used: most are, in a presale that sells out, and a map entry is ten times as large.
package codebook

import (
	"encoding/binary"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// Bounds of presale codes.
const (
	Max         = 1 << 20 // codes of one gate
	mintingsMax = 4096    // of one gate
	usesMax     = math.MaxUint16 - 1
	instantMax  = 1 << 47
)

// No names a code. The first is 1, and numbers are dense; 0 is none.
type No uint32

// Codes are presale codes that were minted together, with numbers from First on.
type Codes struct {
	First No
	Count uint32
	Uses  uint32          // places that each gives
	From  machine.Instant // before it nobody gets a place; 0: no bound
	Until machine.Instant // from it on nobody does; 0: no bound
}

// Sound says that codes can be minted.
func (c *Codes) Sound() bool {
	return c.Count > 0 && c.Count <= Max && c.Uses > 0 && c.Uses <= usesMax && c.From >= 0 && c.From <= instantMax &&
		c.Until >= 0 && c.Until <= instantMax && (c.Until == 0 || c.Until > c.From)
}

// Verdict is what a code is good for.
type Verdict uint8

// The verdicts.
const (
	Good Verdict = iota
	Unknown
	NotYet
	Expired
	Revoked
	UsedUp
)

// minting is codes that were minted together, and what has become of each.
type minting struct {
	Codes
	request [16]byte
	used    []uint16 // places that each gave; revoked
}

// revoked stands for a code that was taken back.
const revoked = math.MaxUint16

// Book is every code of a gate, in the order of their numbers. The zero value has none.
type Book struct{ all []minting }

// Empty says that no code was minted.
func (b *Book) Empty() bool { return len(b.all) == 0 }

// Next is the number of the next code.
func (b *Book) Next() No {
	if len(b.all) == 0 {
		return 1
	}
	last := &b.all[len(b.all)-1]
	return last.First + No(last.Count)
}

// Full says that so many codes more are too many.
func (b *Book) Full(more uint32) bool {
	return uint64(b.Next())+uint64(more) > Max+1 || len(b.all) >= mintingsMax
}

func (b *Book) find(no No) (*minting, *uint16) {
	if no == 0 || no >= b.Next() {
		return nil, nil
	}
	i, found := slices.BinarySearchFunc(b.all, no, func(m minting, no No) int { return int(m.First) - int(no) })
	if !found {
		i--
	}
	m := &b.all[i]
	return m, &m.used[no-m.First]
}

// Judge says what a code is good for at an instant, when it has been used so often besides.
func (b *Book) Judge(no No, at machine.Instant, besides uint32) Verdict {
	m, used := b.find(no)
	switch {
	case m == nil:
		return Unknown
	case *used == revoked:
		return Revoked
	case at < m.From:
		return NotYet
	case m.Until != 0 && at >= m.Until:
		return Expired
	case uint32(*used)+besides >= m.Uses:
		return UsedUp
	}
	return Good
}

// Use counts a place that was given for a Good code.
func (b *Book) Use(no No) {
	_, used := b.find(no)
	*used++
}

// Mint adds codes that are Sound, First being Next, and remembers whose request it was.
func (b *Book) Mint(codes Codes, request [16]byte) {
	b.all = append(b.all, minting{codes, request, make([]uint16, codes.Count)})
}

// Has says that so many codes from first on were minted.
func (b *Book) Has(first No, count uint32) bool {
	return first > 0 && count > 0 && uint64(first)+uint64(count) <= uint64(b.Next())
}

// Revoke has codes of the book be good for nobody.
func (b *Book) Revoke(first No, count uint32) {
	for no := first; no < first+No(count); no++ {
		_, used := b.find(no)
		*used = revoked
	}
}

// MintedBy are the codes that a request has minted; the zero value: none.
func (b *Book) MintedBy(request [16]byte) Codes {
	for i := range b.all {
		if b.all[i].request == request {
			return b.all[i].Codes
		}
	}
	return Codes{}
}

// AppendTo appends every minting; numbers are shortest-form uvarints:
//
//	count, each: count · uses · from · until · request 16 · of each code the places that it gave, or 65535: revoked
func (b *Book) AppendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.all)))
	for i := range b.all {
		m := &b.all[i]
		for _, n := range [...]uint64{uint64(m.Count), uint64(m.Uses), uint64(m.From), uint64(m.Until)} {
			dst = binary.AppendUvarint(dst, n)
		}
		dst = append(dst, m.request[:]...)
		for _, used := range m.used {
			dst = binary.AppendUvarint(dst, uint64(used))
		}
	}
	return dst
}

// Restore reads what AppendTo wrote of a book that is not Empty; what is none fails the reader.
func (b *Book) Restore(r *codec.Reader) {
	n := r.Uvarint()
	if n == 0 || n > mintingsMax {
		r.Fail("bad count of mintings")
		return
	}
	for range n {
		m := minting{Codes: Codes{First: b.Next()}}
		count, uses, from, until := r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint()
		r.Copy(m.request[:])
		m.Count, m.Uses = uint32(count), uint32(uses)
		m.From, m.Until = machine.Instant(min(from, math.MaxInt64)), machine.Instant(min(until, math.MaxInt64))
		if r.Err != nil || count > uint64(len(r.Src)) || uses > usesMax || !m.Sound() || b.Full(m.Count) {
			r.Fail("bad minting")
			return
		}
		m.used = make([]uint16, m.Count)
		for i := range m.used {
			used := r.Uvarint()
			if used > uses && used != revoked {
				r.Fail("bad uses of a code")
				return
			}
			m.used[i] = uint16(used)
		}
		b.all = append(b.all, m)
	}
}
