package section

import (
	"strconv"
	"strings"
)

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
