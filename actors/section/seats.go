package section

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// seatMap is what is true of the seats, and what makes searching them cheap.
type seatMap struct {
	layout  *Layout
	letters []byte   // SeatStatus of each seat; the public map as it stands
	holder  []uint32 // booking slot that holds or owns the seat; 0 when available or blocked
	stamps  []uint32 // record that last touched the seat, see State.stamp
	open    []uint64 // bit set: available
	touched uint32   // stamp of the record that last touched any seat

	free       uint32
	freeByKind []uint32 // available seats by category, plain and accessible apart; see kindOf
	openHint   uint32   // no word of open before this one has a bit set

	// Segments are the runs of neighbours between breaks: a seat's neighbours never lie outside its segment. None in a
	// general area.
	segments  []segment
	segmentOf []uint32
	changed   [changedMax]uint32 // the segments changed last: number n of changes at n % changedMax
	changes   uint64
}

// changedMax is how many changes a view of a searcher may miss and still be brought up to date one by one.
const changedMax = 256

// segment is a run of neighbours [first, end).
type segment struct {
	first, end SeatIndex
	free       uint32
	version    uint64 // raised by every change of a seat; cached searches compare it
}

func (m *seatMap) init(l *Layout) {
	n := len(l.Seats)
	if len(l.Quality) != n && len(l.Quality) != 0 {
		panic("section: layout has " + fmt.Sprint(len(l.Quality)) + " qualities for " + fmt.Sprint(n) + " seats")
	}
	m.layout = l
	m.letters = make([]byte, n)
	m.holder = make([]uint32, n)
	m.stamps = make([]uint32, n)
	m.open = make([]uint64, (n+63)/64)
	m.free = uint32(n)
	for i := range m.letters {
		m.letters[i] = byte(Available)
		m.open[i/64] |= 1 << (i % 64)
		m.count(SeatIndex(i))
	}
	if !l.General {
		m.cut()
	}
}

// count adds a seat to freeByKind, which grows to the highest category met.
func (m *seatMap) count(i SeatIndex) {
	kind := kindOf(m.layout.Seats[i])
	for len(m.freeByKind) <= int(kind|1) {
		m.freeByKind = append(m.freeByKind, 0)
	}
	m.freeByKind[kind]++
}

// kindOf numbers (category, accessible) pairs; the accessible one is odd.
func kindOf(spec SeatSpec) uint32 {
	if spec.Accessible {
		return uint32(spec.Category)*2 + 1
	}
	return uint32(spec.Category) * 2
}

// cut makes the segments out of rows and breaks.
func (m *seatMap) cut() {
	m.segmentOf = make([]uint32, len(m.letters))
	next := SeatIndex(0)
	for i, row := range m.layout.Rows {
		if row.First != next || row.Count == 0 || uint64(row.First)+uint64(row.Count) > uint64(len(m.letters)) {
			panic(
				fmt.Sprintf("section: row %d [%d, +%d) does not continue the rows before it", i, row.First, row.Count),
			)
		}
		start := uint32(0)
		for _, b := range row.Breaks {
			if b <= start || b >= row.Count {
				panic(fmt.Sprintf("section: row %d has a break at %d", i, b))
			}
			m.addSegment(row.First+SeatIndex(start), row.First+SeatIndex(b))
			start = b
		}
		next = row.First + SeatIndex(row.Count)
		m.addSegment(row.First+SeatIndex(start), next)
	}
	if int(next) != len(m.letters) {
		panic(fmt.Sprintf("section: rows cover %d of %d seats", next, len(m.letters)))
	}
}

func (m *seatMap) addSegment(first, end SeatIndex) {
	for i := first; i < end; i++ {
		m.segmentOf[i] = uint32(len(m.segments))
	}
	m.segments = append(m.segments, segment{first: first, end: end, free: uint32(end - first)})
}

func (m *seatMap) isOpen(i SeatIndex) bool { return m.open[i/64]&(1<<(i%64)) != 0 }

// mark moves a seat from one status to another. The wrong from is a broken promise (P1), whoever broke it: it stops
// here.
func (m *seatMap) mark(i SeatIndex, from, to SeatStatus, holder, stamp uint32) {
	if m.letters[i] != byte(from) {
		panic(fmt.Sprintf("section: seat %d is %c, not %c, and cannot become %c", i, m.letters[i], from, to))
	}
	m.letters[i] = byte(to)
	m.holder[i] = holder
	m.stamps[i] = stamp
	m.touched = stamp
	switch Available {
	case from:
		m.open[i/64] &^= 1 << (i % 64)
		m.countFree(i, ^uint32(0))
	case to:
		m.open[i/64] |= 1 << (i % 64)
		m.openHint = min(m.openHint, uint32(i/64))
		m.countFree(i, 1)
	}
}

// conceal takes a seat off what searches and counts see, or puts it back; letter, holder and stamp stay.
func (m *seatMap) conceal(i SeatIndex, hidden bool) {
	if m.open[i/64] ^= 1 << (i % 64); hidden {
		m.countFree(i, ^uint32(0))
		return
	}
	m.openHint = min(m.openHint, uint32(i/64))
	m.countFree(i, 1)
}

// countFree adds delta (1, or its two's complement) to every count that the seat is part of.
func (m *seatMap) countFree(i SeatIndex, delta uint32) {
	m.free += delta
	m.freeByKind[kindOf(m.layout.Seats[i])] += delta
	if m.segmentOf != nil {
		g := &m.segments[m.segmentOf[i]]
		g.free += delta
		m.touchSegment(m.segmentOf[i])
	}
}

// touchSegment tells the views that a segment has changed.
func (m *seatMap) touchSegment(i uint32) {
	m.segments[i].version++
	m.changed[m.changes%changedMax] = i
	m.changes++
}

// quality is the seat's distance from where people look, in the plan's own measure; smaller is better.
func (m *seatMap) quality(i SeatIndex) uint64 {
	if len(m.layout.Quality) == 0 {
		return uint64(i)
	}
	return uint64(m.layout.Quality[i])
}

// stranded reports whether seat i of g, available, would be a single free seat if the window [from, to) were taken.
func (m *seatMap) stranded(g *segment, i, from, to SeatIndex) bool {
	left := i > g.first && m.isOpen(i-1) && (i-1 < from || i-1 >= to)
	right := i+1 < g.end && m.isOpen(i+1) && (i+1 < from || i+1 >= to)
	return m.isOpen(i) && !left && !right
}

// strands reports whether taking the window [from, to) of g would leave a single free seat beside it.
func (m *seatMap) strands(g *segment, from, to SeatIndex) bool {
	return from > g.first && m.stranded(g, from-1, from, to) || to < g.end && m.stranded(g, to, from, to)
}

// firstOpen returns the lowest available seat at or after i that suits; ok is false when there is none.
func (m *seatMap) firstOpen(i SeatIndex, suits func(SeatIndex) bool) (SeatIndex, bool) {
	for w := uint32(i / 64); w < uint32(len(m.open)); w++ {
		word := m.open[w]
		if w == uint32(i/64) {
			word &^= 1<<(i%64) - 1
		}
		for ; word != 0; word &= word - 1 {
			seat := SeatIndex(w*64 + uint32(bits.TrailingZeros64(word)))
			if suits(seat) {
				return seat, true
			}
		}
	}
	return 0, false
}

// seatLetters draws a seat: '.' available, 'H' held, 'P' held and paying, 'S' sold, 'B' blocked.
func (s *State) seatLetter(i SeatIndex) byte {
	switch s.Status(i) {
	case Available:
		return '.'
	case Held:
		if s.bookings.slab.At(s.seats.holder[i]).state == BookingPaying {
			return 'P'
		}
		return 'H'
	case Sold:
		return 'S'
	default:
		return 'B'
	}
}

// String draws the rows for a human, one line each: "A1-8  ..HH..SS". A bar stands where a break is. Rows are lettered
// in order; the core does not know their real labels. A general area is one row, G.
func (s *State) String() string {
	var out strings.Builder
	if s.layout.General {
		s.drawRow(&out, "G", RowSpec{Count: uint32(len(s.layout.Seats))})
		return out.String()
	}
	for i, row := range s.layout.Rows {
		s.drawRow(&out, rowLetters(i), row)
	}
	return out.String()
}

func (s *State) drawRow(out *strings.Builder, label string, row RowSpec) {
	out.WriteString(label + "1-" + strconv.Itoa(int(row.Count)) + "  ")
	breaks := row.Breaks
	for i := range row.Count {
		if len(breaks) > 0 && breaks[0] == i {
			out.WriteByte('|')
			breaks = breaks[1:]
		}
		out.WriteByte(s.seatLetter(row.First + SeatIndex(i)))
	}
	out.WriteByte('\n')
}

// rowLetters numbers rows A … Z, AA, AB …
func rowLetters(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return rowLetters(i/26-1) + string(rune('A'+i%26))
}

// String is the state's name on the wire; "none" for the zero value.
func (s BookingState) String() string {
	switch s {
	case BookingHeld:
		return "held"
	case BookingPaying:
		return "paying"
	case BookingConfirmed:
		return "confirmed"
	case BookingReleased:
		return "released"
	case BookingExpired:
		return "expired"
	case BookingRefunded:
		return "refunded"
	case BookingBound:
		return "bound"
	}
	return "none"
}
