package grant

import (
	"encoding/binary"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// Exclusion is a change in a coordinator's log: from here on the coordinator gives no grant for a section, in this
// epoch and in all later ones, until it is readmitted. What its buyers have in the section, or may yet get by grants
// that were on their way, is written down with it: no more than that can come of the section's log until then.
//
// A long one comes in parts, of PartMax shares at most; it stands once the last part does.
type Exclusion struct {
	Section     uint32 // a storage.SectionNo
	Readmitted  bool   // the exclusion ends: the section has the epoch's fence, and is counted. Nothing else is set
	First, Last bool   // part
	At          machine.Instant
	Shares      []Share
}

// Share is what a buyer has in a section that was excluded.
type Share struct {
	Buyer   [16]byte
	Request [16]byte // of a grant on its way, the key it was asked for under; zeros: none, or live seats
	Seats   uint32
}

// PartMax bounds the shares in one part of an exclusion, so that a part fits in a record.
const PartMax = 1500

// The bits of an exclusion's first byte.
const (
	readmitted = 1 << iota
	firstPart
	lastPart
)

// Append appends the change: bits, at − record's at, section, count, each share: buyer, seats<<1 | has a key, key.
func (x *Exclusion) Append(dst []byte, recordAt machine.Instant) []byte {
	dst = append(dst, byte(codec.Bit(x.Readmitted)*readmitted|codec.Bit(x.First)*firstPart|codec.Bit(x.Last)*lastPart))
	dst = binary.AppendUvarint(dst, uint64(x.At-recordAt))
	dst = binary.AppendUvarint(dst, uint64(x.Section))
	if x.Readmitted {
		return dst
	}
	return AppendShares(dst, x.Shares)
}

// AppendShares appends count, each: buyer, seats<<1 | has a key, key.
func AppendShares(dst []byte, list []Share) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for i := range list {
		s := &list[i]
		keyed := s.Request != [16]byte{}
		dst = append(dst, s.Buyer[:]...)
		dst = binary.AppendUvarint(dst, uint64(s.Seats)<<1|codec.Bit(keyed))
		if keyed {
			dst = append(dst, s.Request[:]...)
		}
	}
	return dst
}

// ReadExclusion reads what Append wrote.
func ReadExclusion(r *codec.Reader, recordAt machine.Instant) (x Exclusion) {
	bits := r.Byte()
	x.At = recordAt + machine.Instant(r.Uvarint())
	no := r.Uvarint()
	x.Readmitted, x.First, x.Last = bits&readmitted != 0, bits&firstPart != 0, bits&lastPart != 0
	if bits >= lastPart<<1 || x.Readmitted && bits != readmitted || no > math.MaxUint32 || x.At < recordAt {
		r.Fail("exclusion out of range")
	}
	if x.Section = uint32(no); !x.Readmitted {
		x.Shares = ReadShares(r)
	}
	return x
}

// shareBytesMin is the least that a share can take.
const shareBytesMin = 17

// ReadShares reads what AppendShares wrote.
func ReadShares(r *codec.Reader) (list []Share) {
	n := r.Uvarint()
	if n > uint64(len(r.Src)/shareBytesMin) {
		r.Fail("more shares than bytes")
		return nil
	}
	for range n {
		var s Share
		r.Copy(s.Buyer[:])
		head := r.Uvarint()
		if s.Seats = uint32(head >> 1); head>>1 > math.MaxUint32 {
			r.Fail("seats out of range")
		}
		if head&1 != 0 {
			if r.Copy(s.Request[:]); s.Request == [16]byte{} {
				r.Fail("a key of zeros")
			}
		}
		list = append(list, s)
	}
	return list
}
