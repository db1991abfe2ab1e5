// Package terms is a pure room: what a section's log says of the terms under which it gives holds. See package section,
// and package onsale, which has the catalog's word.
//
//	catalog: an edit ──▶ turn n of the switch, with terms n ──▶ each section logs both ──▶ new holds go by them
//
// A section judges by the terms in its own log, and by those that the event was made with while its log has none. What
// stands already stays: nobody loses a hold, a ticket, or time by new terms. Terms carry all of it, so that a log can
// be judged without the catalog.
//
// Rejected: to judge by the catalog's newest copy in memory. Two nodes read it at different moments, and nobody could
// say afterwards which limit a hold was given under.
package terms

import (
	"encoding/binary"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
)

// Terms are the limits and times of an event since one of its edits. The zero value: the log says nothing.
type Terms struct {
	No                 uint64         // of the turn of the sale switch that the edit was, from 1; it grows
	HoldTTL            machine.Millis // how long a hold lasts from its placing or extension
	HoldCeiling        machine.Millis // absolute life of a hold; it counts when more time is asked for
	SeatsPerBookingMax uint32
	SeatsPerBuyerMax   uint32
	RefuseOrphans      bool
	ForbidTransfers    bool // tickets stay with who bought them
}

// Sound says that they are some.
func (t *Terms) Sound() bool {
	return t.No > 0 && t.HoldTTL > 0 && t.HoldTTL <= math.MaxInt32 && t.HoldCeiling >= t.HoldTTL &&
		t.HoldCeiling <= math.MaxInt32 && t.SeatsPerBookingMax > 0 && t.SeatsPerBuyerMax > 0
}

// Append appends what a change says of terms: number, times in milliseconds, seats of a booking, seats of a buyer,
// and a bit each: orphans are refused, transfers are forbidden. Times are of milliseconds below 2^31.
func (t *Terms) Append(dst []byte) []byte {
	for _, n := range [...]uint64{t.No, uint64(t.HoldTTL), uint64(t.HoldCeiling), uint64(t.SeatsPerBookingMax),
		uint64(t.SeatsPerBuyerMax), codec.Bit(t.RefuseOrphans) | codec.Bit(t.ForbidTransfers)<<1} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// Read reads what Append wrote.
func Read(r *codec.Reader) (t Terms) {
	if !t.Restore(func(limit uint64) uint64 {
		n := r.Uvarint()
		if n > limit {
			r.Fail("terms out of range")
		}
		return n
	}) && r.Err == nil {
		r.Fail("terms that are none")
	}
	return t
}

// Restore reads what Append wrote by a strict reader of numbers up to a limit; false: they are none.
func (t *Terms) Restore(number func(limit uint64) uint64) (ok bool) {
	t.No = number(math.MaxUint64)
	t.HoldTTL, t.HoldCeiling = machine.Millis(number(math.MaxInt32)), machine.Millis(number(math.MaxInt32))
	t.SeatsPerBookingMax, t.SeatsPerBuyerMax = uint32(number(math.MaxUint32)), uint32(number(math.MaxUint32))
	bits := number(3)
	t.RefuseOrphans, t.ForbidTransfers = bits&1 != 0, bits&2 != 0
	return t.Sound()
}
