package section

import "slices"

// split appends the best seats for a request that no single stretch can meet; there must be enough. Taking the longest
// stretch each time gives the fewest groups; the last group is the best window that fits. Accessible seats are only
// considered when plain ones do not suffice.
//
// What is taken is hidden from the views until the choice is made, so that each group costs what a search for seats
// together does.
func (f *searcher) split(dst []SeatIndex, w criteria, plainOnly bool) []SeatIndex {
	w.plainOnly = plainOnly && !w.accessibleOnly
	from := len(dst)
	for left := w.quantity; left > 0; {
		w.quantity = 0
		start, taken := f.longest(w)
		if taken > left {
			w.quantity, taken = left, left
			start, _ = f.together(w)
		}
		for i := range taken {
			dst = append(dst, start+SeatIndex(i))
		}
		f.seats.hide(start, taken, true)
		left -= taken
	}
	for _, i := range dst[from:] {
		f.seats.hide(i, 1, false)
	}
	slices.Sort(dst)
	return dst
}

// longest returns the longest stretch of suitable neighbours; the nearest of equals, those with the fewest accessible
// seats first. There must be one. A stretch may be longer than it says, from lengthMax on.
func (f *searcher) longest(w criteria) (start SeatIndex, length uint32) {
	v := f.view(w)
	f.refresh(v)
	at := &v.windows[v.best(1)]
	return at.start, lengthMax - uint32(at.key>>lengthShift)
}

// Keys of stretches: longest first, then fewest accessible seats, then nearest.
const (
	lengthMax       = 1<<14 - 1
	lengthShift     = 50
	accessibleShift = 40
)

// searchStretch finds a segment's longest stretch and stores it in at.
func (f *searcher) searchStretch(g *segment, w *criteria, at *window) {
	m := f.seats
	length, cost, accessible := uint32(0), uint64(0), uint64(0)
	for i := g.first; i <= g.end; i++ {
		if i < g.end && m.isOpen(i) && w.suits(m.layout.Seats[i]) {
			length++
			cost += m.quality(i)
			if m.layout.Seats[i].Accessible {
				accessible++
			}
			continue
		}
		if length > 0 {
			key := uint64(
				lengthMax-min(length, lengthMax),
			)<<lengthShift | min(
				accessible, 1<<10-1,
			)<<accessibleShift | min(
				cost, 1<<accessibleShift-1,
			)
			if key < at.key {
				at.key, at.start = key, i-SeatIndex(length)
			}
		}
		length, cost, accessible = 0, 0, 0
	}
}

// hide makes seats of one segment look taken to searches, or available again.
func (m *seatMap) hide(start SeatIndex, count uint32, hidden bool) {
	for i := start; i < start+SeatIndex(count); i++ {
		m.open[i/64] ^= 1 << (i % 64)
	}
	g := &m.segments[m.segmentOf[start]]
	if hidden {
		g.free -= count
	} else {
		g.free += count
	}
	m.touchSegment(m.segmentOf[start])
}
