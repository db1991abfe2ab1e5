package queue

import (
	"holdfast/actors/section"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

// Whether a party could sit together, as the wire has it.
const (
	togetherYes   = "yes"   // in one run of neighbours
	togetherSplit = "split" // enough seats, but not side by side
	togetherNo    = "no"    // not enough seats
)

// runs counts the free seats of an event by how many stand side by side: longest first counted, those longer than any
// booking count as that long.
type runs struct {
	of   [wire.BookingSeatsMax + 1]int // runs of that many seats
	free int
}

// add counts a run of neighbours. A section without rows is one run.
func (r *runs) add(length int) {
	if length > 0 {
		r.of[min(length, wire.BookingSeatsMax)]++
		r.free += length
	}
}

// party answers for a size: together, or in which parts. The parts are as few as can be, and then as even as can be:
// nobody sits alone where two and two is possible.
func (r *runs) party(size int) waitingroom.Party {
	p := waitingroom.Party{Size: size, Together: togetherNo}
	if r.free < size {
		return p
	}
	p.Together = togetherSplit
	var longest []int // as few as have room for all
	room := 0
	for length := len(r.of) - 1; length > 0 && room < size; length-- {
		for range r.of[length] {
			if room >= size {
				break
			}
			longest = append(longest, length)
			room += length
		}
	}
	if len(longest) == 1 {
		p.Together = togetherYes
		return p
	}
	p.Parts = make([]int, len(longest))
	for i, left := len(longest)-1, size; i >= 0; i-- { // the shortest run first: what it cannot take, longer ones share
		p.Parts[i] = min(longest[i], left/(i+1))
		left -= p.Parts[i]
	}
	return p
}

// parties are the answers for all sizes, by size.
func (r *runs) parties() *[wire.BookingSeatsMax + 1]waitingroom.Party {
	all := new([wire.BookingSeatsMax + 1]waitingroom.Party)
	for size := 1; size < len(all); size++ {
		all[size] = r.party(size)
	}
	return all
}

// shape says who is whose neighbour in a section.
type shape struct {
	general bool   // no rows: any places are as good as side by side
	starts  []bool // by seat: no neighbour stands before it
}

// count counts a section's runs of free seats.
func (s *shape) count(r *runs, letters []byte) {
	run := 0
	for i, letter := range letters {
		if s.starts[i] && !s.general {
			r.add(run)
			run = 0
		}
		if section.SeatStatus(letter) == section.Available {
			run++
		} else if !s.general {
			r.add(run)
			run = 0
		}
	}
	r.add(run)
}
