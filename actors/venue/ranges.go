package venue

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"holdfast/actors/venue/labels"
)

// seatNumberMax bounds seat numbers in ranges; "1-999999999" is a defect long before it is a billion seats.
const seatNumberMax = 99_999

// rangesBytesMax bounds the text of one row's ranges.
const rangesBytesMax = 4096

// span is a run of seat numbers, both ends included; it runs backwards when to is below from. Letters may stand before
// the numbers of a run ("W1-W4"), and around the number of one seat ("8A").
type span struct {
	from, to      int
	digits        int // numbers are written with at least so many: "01-12"
	before, after string
}

func (s span) count() int { return distance(s.from, s.to) + 1 }

// each visits the run's seats in order.
func (s span) each(visit func(number int, label string)) {
	step := 1
	if s.to < s.from {
		step = -1
	}
	for n := s.from; ; n += step {
		visit(n, s.label(n))
		if n == s.to {
			return
		}
	}
}

// label is a seat's as the plan writes it, zeros before the number included: it is printed on the seat.
func (s span) label(number int) string {
	text := decimal(number)
	if missing := s.digits - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	return s.before + text + s.after
}

// parseSpans reads "1-8,18-31", "18-1" or "4,6,8A". It counts before anything is made of it, so hostile ranges cost
// nothing. Dashes of all kinds and full-width characters are as good as ASCII's.
func parseSpans(text string) (spans []span, count int, err error) {
	if len(text) > rangesBytesMax {
		return nil, 0, fmt.Errorf("seat ranges longer than %d bytes", rangesBytesMax)
	}
	for piece := range strings.SplitSeq(plainRanges(text), ",") {
		one, err := parseSpan(strings.TrimSpace(piece))
		if err != nil {
			return nil, 0, err
		}
		spans = append(spans, one)
		count += one.count()
	}
	return spans, count, nil
}

// plainRanges writes every dash, comma and digit as ASCII does.
func plainRanges(text string) string {
	if labels.PlainASCII(text) {
		return text
	}
	var plain strings.Builder
	for _, char := range text {
		if unicode.Is(labels.DrawnNumerals, char) {
			plain.WriteRune(char) // "²" is not 2: what is not a number is told, not made one
			continue
		}
		plain.WriteString(norm.NFKC.String(string(char)))
	}
	return strings.Map(func(char rune) rune {
		switch {
		case unicode.Is(unicode.Pd, char), char == '\u2212', char == '\u301c', char == '\uff5e':
			return '-'
		case char == '\u3001', char == '\uff64':
			return ','
		}
		return char
	}, plain.String())
}

func parseSpan(piece string) (span, error) {
	low, high, ranged := strings.Cut(piece, "-")
	from, err := parseSeat(strings.TrimSpace(low))
	if err != nil || !ranged {
		return from, err
	}
	to, err := parseSeat(strings.TrimSpace(high))
	switch {
	case err != nil:
		return span{}, err
	case from.after+to.after != "", from.before != to.before:
		return span{}, fmt.Errorf("%q: a range runs over numbers, such as 1-8 or W1-W8; list other seats one by one, "+
			"such as 8A,8B", clip(piece))
	case from.digits+to.digits > 0 && len(from.label(from.from)) != len(to.label(to.to)):
		return span{}, fmt.Errorf("%q: both ends of a range need as many digits where one begins with 0", clip(piece))
	}
	return span{from: from.from, to: to.to, digits: max(from.digits, to.digits), before: from.before}, nil
}

// parseSeat reads one seat: a number, perhaps with a few letters before or after it.
func parseSeat(text string) (span, error) {
	first := strings.IndexAny(text, "0123456789")
	last := strings.LastIndexAny(text, "0123456789")
	if first < 0 {
		return span{}, noSeat(text)
	}
	before, number, after := text[:first], text[first:last+1], text[last+1:]
	for _, letters := range []string{before, after} {
		if utf8.RuneCountInString(letters) > seatLettersMax || strings.ContainsFunc(letters, func(c rune) bool {
			return !labels.LetterOrMark(c)
		}) {
			return span{}, noSeat(text)
		}
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n > seatNumberMax || len(number) > seatDigitsMax {
		return span{}, noSeat(text)
	}
	one := span{from: int(n), to: int(n), before: before, after: after}
	if decimal(one.from) != number {
		one.digits = len(number)
	}
	return one, nil
}

func noSeat(text string) error {
	return fmt.Errorf("%q is not a seat number from 0 to %d (write seats as 1-8,10,12A)", clip(text), seatNumberMax)
}

// seatDigitsMax bounds the digits of a number that begins with zeros.
const seatDigitsMax = 5

// seatLettersMax bounds the letters on one side of a seat's number: "8bis".
const seatLettersMax = 3

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
	if err != nil || strings.ContainsAny(plainRanges(text), ",-") || spans[0].lettered() {
		return spans, count, err
	}
	if n := spans[0].from; n >= 1 {
		return []span{{from: 1, to: n}}, n, nil
	}
	return nil, 0, fmt.Errorf("%q seats make no row", clip(text))
}

func (s span) lettered() bool { return s.before+s.after != "" }

// spanSeats makes seats of numbers, standing seatPitch apart from x = 0; a gap (see seatGaps) is drawn and breaks the
// row.
func spanSeats(spans []span, count int) []draftSeat {
	row := numberedRow{seats: make([]draftSeat, 0, count)}
	for _, run := range spans {
		run.each(func(number int, label string) { row.add(run, number, label) })
	}
	return row.drawn()
}

// numberedRow is a row told by its numbers alone.
type numberedRow struct {
	seats   []draftSeat
	numbers []int // of each seat
	letters []bool
	plain   []int // the numbers without letters, which alone tell steps and sides
	series  string
	mixed   bool // not all have the letters series before their number, and none behind
}

func (r *numberedRow) add(run span, number int, label string) {
	if len(r.seats) == 0 {
		r.series = run.before
	}
	r.mixed = r.mixed || run.before != r.series || run.after != ""
	r.seats = append(r.seats, draftSeat{label: label})
	r.numbers, r.letters = append(r.numbers, number), append(r.letters, run.lettered())
	if !run.lettered() {
		r.plain = append(r.plain, number)
	}
}

// drawn places the seats. A seat with letters stands beside the seat before when their numbers do: 8, 8A, 9.
func (r *numberedRow) drawn() []draftSeat {
	if !r.mixed {
		// one series: W1, W3, W5 are neighbours as 1, 3, 5 are
		r.plain, r.letters = r.numbers, make([]bool, len(r.numbers))
	}
	var gaps []int
	if len(r.plain) > 0 {
		gaps = seatGaps(r.plain)
	}
	column, plain := 0, 0
	for i := range r.seats {
		gap := 0
		switch {
		case !r.letters[i]:
			gap, plain = gaps[plain], plain+1
			if plain == 1 && i > 0 && distance(r.numbers[i], r.numbers[i-1]) > 1 {
				gap = drawnGap(distance(r.numbers[i], r.numbers[i-1]))
			}
		case i > 0 && distance(r.numbers[i], r.numbers[i-1]) > 1:
			gap = drawnGap(distance(r.numbers[i], r.numbers[i-1]))
		}
		column += gap
		r.seats[i].x, r.seats[i].breakBefore = float64(column)*seatPitch, gap > 0
		column++
	}
	return r.seats
}

// seatGaps tells from the numbers of a row without coordinates how many seats wide the gap before each seat is; 0: the
// seat is the neighbour of the one before. Numbers that follow one another are neighbours, up or down. So are steps of
// two where a row, or each of its two sides, has nothing else: one side of a house is odd, the other even. Every other
// jump is an aisle.
func seatGaps(numbers []int) []int {
	gaps := make([]int, len(numbers))
	if side, ok := sidesOf(numbers); ok {
		for i := 1; i < len(numbers); i++ {
			switch step := distance(numbers[i], numbers[i-1]); {
			case i == side:
				gaps[i] = 1
			case step != 2:
				gaps[i] = drawnGap(step / 2)
			}
		}
		return gaps
	}
	for i := 1; i < len(numbers); i++ {
		if step := distance(numbers[i], numbers[i-1]); step != 1 {
			gaps[i] = drawnGap(step)
		}
	}
	joinTwos(numbers, gaps)
	return gaps
}

// sidesOf tells a row of one parity, or of two sides of one parity each, with steps of two in it: side is where the
// second side begins, len(numbers) without one.
func sidesOf(numbers []int) (side int, ok bool) {
	n := len(numbers)
	side = 1
	for side < n && numbers[side]%2 == numbers[0]%2 {
		side++
	}
	for i := side; i < n; i++ {
		if numbers[i]%2 == numbers[0]%2 {
			return 0, false
		}
	}
	first, second := hasTwos(numbers[:side]), hasTwos(numbers[side:])
	switch {
	case side == n:
		return side, first
	case first && second:
		return side, true
	case distance(numbers[side], numbers[side-1]) == 1:
		return 0, false // "1,3,4": the last two are neighbours, and tell nothing of sides
	}
	return side, first && side == n-1 || second && side == 1
}

func hasTwos(numbers []int) bool {
	for i := 1; i < len(numbers); i++ {
		if distance(numbers[i], numbers[i-1]) == 2 {
			return true
		}
	}
	return false
}

// joinTwos closes the gaps of at least two steps of two one after the other, of seats that have no nearer neighbour.
func joinTwos(numbers, gaps []int) {
	n := len(numbers)
	lone := func(i int) bool {
		return gaps[i] > 0 && (i+1 == n || gaps[i+1] > 0) || i == 0 && (n == 1 || gaps[1] > 0)
	}
	var alone []bool
	for i := range numbers {
		alone = append(alone, lone(i))
	}
	for from := 0; from < n; {
		to := from + 1
		for to < n && alone[to-1] && alone[to] && distance(numbers[to], numbers[to-1]) == 2 {
			to++
		}
		for i := from + 1; i < to && to-from > 2; i++ {
			gaps[i] = 0
		}
		from = to
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// drawnGapMax bounds how wide a jump in seat numbers is drawn, in seats; rows across a tunnel stay in line,
// "1-2,900-901" stays small.
const drawnGapMax = 60

// drawnGap is the width of an aisle that a step of numbers stands for.
func drawnGap(step int) int { return min(max(step-1, 1), drawnGapMax) }
