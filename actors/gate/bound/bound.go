// Package bound is what one buyer may ask of an event behind a waiting room, as operators have set it: numbers in the
// gate's log, which the gate keeps and does not count by. Package api/limit counts.
package bound

import (
	"encoding/binary"
	"math"

	"holdfast/actors/codec"
)

// Limit bounds one kind of call: Rate calls in 1000 seconds for ever, Burst of them at once. Rate 0: no bound. Burst 0:
// one second's worth, and one at least.
type Limit struct {
	Rate  uint32
	Burst uint32 `json:",omitempty"`
}

// Limits bound what one buyer may ask of the event. The gate counts nothing: it keeps them, so that a change by an
// operator is logged with its reason, known on every node, and outlives them all.
type Limits struct {
	Joins Limit `json:",omitzero"`
	Polls Limit `json:",omitzero"`
	Holds Limit `json:",omitzero"`
}

// Numbers is how many numbers Limits are.
const Numbers = 6

// Number is one of them, in the order of their encoding.
func (l *Limits) Number(i int) *uint32 {
	limit := [...]*Limit{&l.Joins, &l.Polls, &l.Holds}[i/2]
	if i%2 == 1 {
		return &limit.Burst
	}
	return &limit.Rate
}

// Append appends the numbers.
func (l *Limits) Append(dst []byte) []byte {
	for i := range Numbers {
		dst = binary.AppendUvarint(dst, uint64(*l.Number(i)))
	}
	return dst
}

// Read reads what Append has written.
func (l *Limits) Read(r *codec.Reader) {
	for i := range Numbers {
		n := r.Uvarint()
		if n > math.MaxUint32 {
			r.Fail("limit out of range")
		}
		*l.Number(i) = uint32(n)
	}
}
