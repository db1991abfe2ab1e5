package section

import (
	"math"
	"slices"
)

// searcher finds the best seats for PlaceBest. It keeps a few views: a view holds, for one kind of request, the best
// window of every segment, valid while the segment's version stands, and a tournament of them. A command then searches
// again only the segments that changed since, one or two, usually, and has them play their way up: the cost grows with
// the logarithm of the section's size. Views are scratch: a fresh searcher finds the same seats.
//
// Rejected: sorting rows by their nearest seat and stopping early. It is fast while a section is empty, but once the
// middle is sold every row has a near seat that is taken, and all of them are searched each time.
type searcher struct {
	seats *seatMap
	views []*view
	turn  int // the view to be replaced next
}

// viewsMax bounds the scratch memory: 28 bytes a segment a view. Eight quantities of a few categories fit.
const viewsMax = 64

// criteria is what PlaceBest asks for.
type criteria struct {
	category       CategoryID
	anyCategory    bool
	accessibleOnly bool
	plainOnly      bool   // no accessible seats: part of a request that is split
	quantity       uint32 // 0: the longest stretch there is
}

type view struct {
	criteria criteria
	windows  []window // one a segment
	winners  []uint32 // by node of the tournament, 1 is the root: the segment that won there; 0 is unused
	seen     uint64   // of seatMap.changes
}

// unseen makes a view look at every segment: no count of changes is near it.
const unseen = math.MaxUint64 / 2

// window is the best run of seats of one segment for a request.
type window struct {
	key     uint64 // smaller is better, see rank; noWindow when the segment has none
	start   SeatIndex
	version uint64 // of the segment when it was searched, plus one; 0 is never
}

const noWindow = math.MaxUint64

// rank orders windows of different segments: fewest accessible seats first (they are for those who need them), then the
// sum of quality, where a window that strands a single seat counts as a quarter worse. So an orphan is avoided at a
// comparable price, never at the price of much worse seats.
func rank(accessible, cost uint64, strands bool) uint64 {
	if strands {
		cost += cost/4 + 1
	}
	return min(accessible, 1<<13-1)<<50 | min(cost, 1<<50-1)
}

// rankInside orders windows of one segment: there an orphan is avoided at any price, since the seats are neighbours
// anyway.
func rankInside(accessible, cost uint64, strands bool) uint64 {
	key := min(accessible, 1<<13-1)<<50 | min(cost, 1<<49-1)
	if strands {
		key |= 1 << 49
	}
	return key
}

func (f *searcher) init(m *seatMap) { f.seats = m }

func criteriaOf(c *Command) criteria {
	w := criteria{
		category: c.Category, anyCategory: c.AnyCategory, accessibleOnly: c.AccessibleOnly, quantity: c.Quantity,
	}
	if w.anyCategory {
		w.category = 0
	}
	return w
}

// suits reports whether a seat is what the request allows, free or not.
func (w *criteria) suits(spec SeatSpec) bool {
	return (w.anyCategory || spec.Category == w.category) && (!w.accessibleOnly || spec.Accessible) &&
		!(w.plainOnly && spec.Accessible)
}

// suitable counts the available seats that suit: plain ones and accessible ones.
func (m *seatMap) suitable(w *criteria) (plain, accessible uint32) {
	first, end := 0, len(m.freeByKind)
	if !w.anyCategory {
		first = min(int(w.category)*2, end)
		end = min(first+2, end)
	}
	for kind := first; kind < end; kind += 2 {
		plain += m.freeByKind[kind]
		accessible += m.freeByKind[kind+1]
	}
	if w.accessibleOnly {
		plain = 0
	}
	return plain, accessible
}

// decideBest chooses seats. Enough suitable free seats always means yes, unless the buyer wants them together (P11).
func (s *State) decideBest(c *Command, d *Decision) {
	if !s.cooling.Any() {
		s.chooseBest(c, d)
		return
	}
	hidden := s.hide(c)
	s.chooseBest(c, d)
	s.show(hidden)
}

func (s *State) chooseBest(c *Command, d *Decision) {
	if c.Quantity == 0 {
		d.refuse(NoSeats, 0)
		return
	}
	if !s.allowed(c, c.Quantity, d) {
		return
	}
	w := criteriaOf(c)
	plain, accessible := s.seats.suitable(&w)
	if uint64(plain)+uint64(accessible) < uint64(w.quantity) {
		d.refuse(SoldOut, s.since(s.seats.touched))
		return
	}
	if s.layout.General {
		d.seats = s.seats.anyPlaces(d.seats, &w)
		s.place(c, d)
		return
	}
	if start, ok := s.best.together(w); ok {
		for i := range w.quantity {
			d.seats = append(d.seats, start+SeatIndex(i))
		}
		s.place(c, d)
		return
	}
	if c.TogetherOnly {
		d.refuse(SplitOnly, s.since(s.seats.touched))
		return
	}
	d.seats = s.best.split(d.seats, w, plain >= w.quantity)
	d.Outcome.Split = true
	s.place(c, d)
}

// together returns the first seat of the best window of neighbours.
func (f *searcher) together(w criteria) (SeatIndex, bool) {
	v := f.view(w)
	f.refresh(v)
	at := &v.windows[v.best(1)]
	return at.start, at.key != noWindow
}

// view returns the view of a request, in place of the oldest when there are too many.
func (f *searcher) view(w criteria) *view {
	for _, v := range f.views {
		if v.criteria == w {
			return v
		}
	}
	if len(f.views) < viewsMax {
		n := len(f.seats.segments)
		v := &view{criteria: w, windows: make([]window, n), winners: make([]uint32, n), seen: unseen}
		f.views = append(f.views, v)
		return v
	}
	v := f.views[f.turn]
	f.turn = (f.turn + 1) % viewsMax
	v.criteria, v.seen = w, unseen
	clear(v.windows)
	return v
}

// refresh searches the segments that have changed since the view was last asked, and lets the others' windows stand.
func (f *searcher) refresh(v *view) {
	m := f.seats
	if m.changes-v.seen > uint64(len(m.changed)) {
		for i := range v.windows {
			if at := &v.windows[i]; at.version != m.segments[i].version+1 {
				f.search(&m.segments[i], &v.criteria, at)
			}
		}
		for node := len(v.winners) - 1; node > 0; node-- {
			v.play(uint32(node))
		}
		v.seen = m.changes
		return
	}
	for ; v.seen < m.changes; v.seen++ {
		i := m.changed[v.seen%uint64(len(m.changed))]
		if at := &v.windows[i]; at.version != m.segments[i].version+1 {
			f.search(&m.segments[i], &v.criteria, at)
			for node := (i + uint32(len(v.winners))) / 2; node > 0; node /= 2 {
				v.play(node)
			}
		}
	}
}

// play has the two below a node play for it. Of equal windows the first wins.
func (v *view) play(node uint32) {
	a, b := v.best(2*node), v.best(2*node+1)
	if x, y := v.windows[a].key, v.windows[b].key; y < x || y == x && b < a {
		a = b
	}
	v.winners[node] = a
}

// best is the segment that has won a node. The segments themselves are the nodes behind the winners.
func (v *view) best(node uint32) uint32 {
	if n := uint32(len(v.winners)); node >= n {
		return node - n
	}
	return v.winners[node]
}

// search finds a segment's best window and stores it in at.
func (f *searcher) search(g *segment, w *criteria, at *window) {
	*at = window{key: noWindow, version: g.version + 1}
	switch {
	case g.free < max(w.quantity, 1):
		return
	case w.quantity == 0:
		f.searchStretch(g, w, at)
		return
	}
	m := f.seats
	length, cost, accessible, inside := uint32(0), uint64(0), uint64(0), uint64(noWindow)
	for i := g.first; i < g.end; i++ {
		if !m.isOpen(i) || !w.suits(m.layout.Seats[i]) {
			length, cost, accessible = 0, 0, 0
			continue
		}
		length++
		cost += m.quality(i)
		accessible += m.scarce(i, w)
		if length > w.quantity {
			gone := i - SeatIndex(w.quantity)
			cost -= m.quality(gone)
			accessible -= m.scarce(gone, w)
		}
		if length < w.quantity {
			continue
		}
		start := i + 1 - SeatIndex(w.quantity)
		strands := m.strands(g, start, i+1)
		if key := rankInside(accessible, cost, strands); key < inside {
			inside, at.key, at.start = key, rank(accessible, cost, strands), start
		}
	}
}

// scarce is 1 for an accessible seat taken by a buyer who did not ask for one.
func (m *seatMap) scarce(i SeatIndex, w *criteria) uint64 {
	if m.layout.Seats[i].Accessible && !w.accessibleOnly {
		return 1
	}
	return 0
}

// anyPlaces appends the lowest available places of a general area, accessible ones last. There must be enough.
func (m *seatMap) anyPlaces(dst []SeatIndex, w *criteria) []SeatIndex {
	for m.open[m.openHint] == 0 {
		m.openHint++
	}
	dst = m.places(dst, w, w.accessibleOnly)
	if len(dst) < int(w.quantity) {
		dst = m.places(dst, w, true)
		slices.Sort(dst)
	}
	return dst
}

// places appends available places that suit and are accessible as asked, until there are enough.
func (m *seatMap) places(dst []SeatIndex, w *criteria, accessible bool) []SeatIndex {
	for i := SeatIndex(m.openHint) * 64; len(dst) < int(w.quantity); i++ {
		var ok bool
		i, ok = m.firstOpen(i, func(i SeatIndex) bool {
			spec := m.layout.Seats[i]
			return spec.Accessible == accessible && w.suits(spec)
		})
		if !ok {
			break
		}
		dst = append(dst, i)
	}
	return dst
}

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
