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
type Limit struct{ Rate, Burst uint32 }

// Limits bound what one buyer may ask of the event. The gate counts nothing: it keeps them, so that a change by an
// operator is logged with its reason, known on every node, and outlives them all.
type Limits struct{ Joins, Polls, Holds Limit }

// Numbers is how many numbers Limits are.
const Numbers = 6

// Number is one of them, in the order of their encoding.
func (l *Limits) Number(i int) *uint32 {
	return [Numbers]*uint32{&l.Joins.Rate, &l.Joins.Burst, &l.Polls.Rate, &l.Polls.Burst, &l.Holds.Rate, &l.Holds.Burst}[i]
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
