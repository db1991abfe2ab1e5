// Package runs is the form that lists of seats have in a section's log: runs of neighbours, because that is what people
// buy.
package runs

import (
	"encoding/binary"
	"fmt"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
)

// SeatsMax bounds the seats of one list. It exists so that a damaged length cannot make a reader allocate gigabytes; it
// is far above the largest booking.
const SeatsMax = 1 << 16

// Append appends seats, which are strictly ascending and at most SeatsMax, else it panics: uvarint(runs<<1 | split),
// then for each run uvarint(gap<<1 | longer), where gap counts the seats skipped since the run before (which are at
// least one, so one less is written), and for a run of more than one seat uvarint(length-2). Split is a bit of the
// caller's.
func Append(dst []byte, split bool, seats []account.SeatIndex) []byte {
	if len(seats) > SeatsMax {
		panic(fmt.Sprintf("section: change of %d seats", len(seats)))
	}
	dst = binary.AppendUvarint(dst, uint64(count(seats))<<1|codec.Bit(split))
	next := uint64(0) // the smallest index the next run may start at
	for i := 0; i < len(seats); {
		j := i + 1
		for j < len(seats) && seats[j] == seats[j-1]+1 {
			j++
		}
		length := j - i
		dst = binary.AppendUvarint(dst, (uint64(seats[i])-next)<<1|codec.Bit(length > 1))
		if length > 1 {
			dst = binary.AppendUvarint(dst, uint64(length-2))
		}
		next = uint64(seats[j-1]) + 2
		i = j
	}
	return dst
}

func count(seats []account.SeatIndex) int {
	runs := 0
	for i, s := range seats {
		if i > 0 && s <= seats[i-1] {
			panic(fmt.Sprintf("section: seats not ascending: %d after %d", s, seats[i-1]))
		}
		if i == 0 || s != seats[i-1]+1 {
			runs++
		}
	}
	return runs
}

// Read appends to seats what Append wrote.
func Read(r *codec.Reader, seats []account.SeatIndex) (all []account.SeatIndex, split bool) {
	head := r.Uvarint()
	split = head&1 == 1
	next := uint64(0)
	for runs := head >> 1; runs > 0 && r.Err == nil; runs-- {
		gap := r.Uvarint()
		length := uint64(1)
		if gap&1 == 1 {
			length = r.Uvarint() + 2
		}
		first := next + gap>>1
		if length < 1 || length > SeatsMax || uint64(len(seats))+length > SeatsMax || first+length-1 > 1<<32-1 {
			r.Fail("seats out of range")
		}
		if r.Err != nil {
			return seats, split
		}
		for i := range length {
			seats = append(seats, account.SeatIndex(first+i))
		}
		next = first + length + 1
	}
	return seats, split
}
