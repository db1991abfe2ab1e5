package venue

import (
	"fmt"
	"strconv"
	"strings"
)

// seatNumberMax bounds seat numbers in ranges; "1-999999999" is a defect long before it is a billion seats.
const seatNumberMax = 99_999

// rangesBytesMax bounds the text of one row's ranges.
const rangesBytesMax = 4096

// span is a run of seat numbers, both ends included.
type span struct{ from, to int }

// parseSpans reads "1-8,18-31" or "4,6,8". It counts before anything is made of it, so hostile ranges cost nothing.
func parseSpans(text string) (spans []span, count int, err error) {
	if len(text) > rangesBytesMax {
		return nil, 0, fmt.Errorf("seat ranges longer than %d bytes", rangesBytesMax)
	}
	for piece := range strings.SplitSeq(text, ",") {
		one, err := parseSpan(strings.TrimSpace(piece))
		if err != nil {
			return nil, 0, err
		}
		spans = append(spans, one)
		count += one.to - one.from + 1
	}
	return spans, count, nil
}

func parseSpan(piece string) (span, error) {
	low, high, ranged := strings.Cut(piece, "-")
	from, err := seatNumber(low)
	if err != nil {
		return span{}, err
	}
	if !ranged {
		return span{from, from}, nil
	}
	to, err := seatNumber(high)
	if err != nil {
		return span{}, err
	}
	if to < from {
		return span{}, fmt.Errorf("range %q runs backwards", piece)
	}
	return span{from, to}, nil
}

func seatNumber(text string) (int, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > seatNumberMax {
		return 0, fmt.Errorf("%q is not a seat number from 0 to %d", clip(text), seatNumberMax)
	}
	return int(n), nil
}

// clip keeps hostile text out of messages.
func clip(text string) string {
	if len(text) > 32 {
		return strings.ToValidUTF8(text[:32], "") + "…"
	}
	return text
}

// parseSeats reads a row's "seats" text: a lone number is how many there are (1 to n), anything else lists numbers.
func parseSeats(text string) (spans []span, count int, err error) {
	spans, count, err = parseSpans(text)
	if err != nil || strings.ContainsAny(text, ",-") {
		return spans, count, err
	}
	if n := spans[0].from; n >= 1 {
		return []span{{1, n}}, n, nil
	}
	return nil, 0, fmt.Errorf("%q seats make no row", clip(text))
}

// spanSeats makes seats of numbers, standing seatPitch apart from x = 0; a gap (see seatGaps) is drawn and breaks the row.
func spanSeats(spans []span, count int) []draftSeat {
	numbers := make([]int, 0, count)
	for _, run := range spans {
		for n := run.from; n <= run.to; n++ {
			numbers = append(numbers, n)
		}
	}
	seats := make([]draftSeat, 0, count)
	column := 0
	for i, gap := range seatGaps(numbers) {
		column += gap
		seats = append(seats, draftSeat{label: decimal(numbers[i]), x: float64(column) * seatPitch, breakBefore: gap > 0})
		column++
	}
	return seats
}
