package section

import "slices"

// run is a longest stretch of available, suitable neighbours [start, end).
type run struct {
	start, end SeatIndex
	segment    uint32
}

func (r run) length() uint32 { return uint32(r.end - r.start) }

// split appends the best seats for a wish that no single stretch can meet; there must be enough. Taking the longest stretch
// each time gives the fewest groups; the last group is the best window that fits. Accessible seats are only considered when
// plain ones do not suffice.
//
// It looks at every segment with a free seat. A split happens when a section is nearly full, so those are few.
func (f *searcher) split(dst []SeatIndex, w wish, plainOnly bool) []SeatIndex {
	f.collect(&w, plainOnly)
	for left := w.quantity; left > 0; {
		i := f.longest()
		w.quantity = min(left, f.runs[i].length())
		start := f.runs[i].start
		if f.runs[i].length() > left {
			i, start = f.closest(&w)
		}
		for seat := start; seat < start+SeatIndex(w.quantity); seat++ {
			dst = append(dst, seat)
		}
		left -= w.quantity
		f.runs = slices.Delete(f.runs, i, i+1)
	}
	slices.Sort(dst)
	return dst
}

// collect fills f.runs.
func (f *searcher) collect(w *wish, plainOnly bool) {
	f.runs = f.runs[:0]
	m := f.seats
	for n := range m.segments {
		g := &m.segments[n]
		if g.free == 0 {
			continue
		}
		open := false
		for i := g.first; i < g.end; i++ {
			spec := m.layout.Seats[i]
			suits := m.isOpen(i) && w.suits(spec) && !(plainOnly && spec.Accessible && !w.accessibleOnly)
			switch {
			case suits && open:
				f.runs[len(f.runs)-1].end = i + 1
			case suits:
				f.runs = append(f.runs, run{start: i, end: i + 1, segment: uint32(n)})
			}
			open = suits
		}
	}
}

// longest returns the longest run; the nearest of equals, by mean quality.
func (f *searcher) longest() int {
	best, cost := 0, uint64(noWindow)
	for i, r := range f.runs {
		if r.length() < f.runs[best].length() {
			continue
		}
		c := f.seats.rankOf(r.start, r.end)
		if r.length() > f.runs[best].length() || c < cost {
			best, cost = i, c
		}
	}
	return best
}

// closest returns the run and first seat of the best window of w.quantity seats.
func (f *searcher) closest(w *wish) (index int, start SeatIndex) {
	best := uint64(noWindow)
	for i, r := range f.runs {
		g := &f.seats.segments[r.segment]
		for s := r.start; s+SeatIndex(w.quantity) <= r.end; s++ {
			end := s + SeatIndex(w.quantity)
			key := f.seats.rankOf(s, end)
			if f.seats.strands(g, s, end) {
				key += (key&(1<<50-1))/4 + 1
			}
			if key < best {
				best, index, start = key, i, s
			}
		}
	}
	return index, start
}

// rankOf is the rank of a window, orphans apart.
func (m *seatMap) rankOf(start, end SeatIndex) uint64 {
	cost, accessible := uint64(0), uint64(0)
	for i := start; i < end; i++ {
		cost += m.quality(i)
		if m.layout.Seats[i].Accessible {
			accessible++
		}
	}
	return rank(accessible, cost, false)
}
