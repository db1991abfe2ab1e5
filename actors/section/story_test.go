package section

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"holdfast/actors/grant"
)

var update = flag.Bool("update", false, "rewrite the stories' outcomes in testdata")

// TestStories runs the scripts in testdata. A script's own lines start in the first column; what came of each stands
// indented below it, and is compared. Words of a line:
//
//	rows 8 4|4        the layout, a bar is a break; also: general 10, accessible A1 A2, category 1 B1 B2
//	rules key=value   ttl, ceiling, window in seconds; booking, buyer, remember; orphans=refuse
//	at 12.5           the clock, in seconds
//	hold alice A1 A2 · best alice 2 [together] [accessible] [category=1] · block A1 · unblock A1 · expire 10
//	extend|release|pay|confirm|fail|refund alice 1       (op acts for the operator)
//	key=k1 on any command makes it a remembered request
//	coordinated       new holds need a grant from here on: grant=coordinator.epoch.number.total
//	fence grant=0.2.1.0
//	crash             the state is lost; a snapshot brings it back, and a replay of the changes must agree
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s has another end now (-update rewrites it):\n%s", file, got)
			}
		})
	}
}

// teller runs one story.
type teller struct {
	t      *testing.T
	layout *Layout
	rules  Rules
	at     Instant
	desk   *desk
	drawn  string

	coordinated bool
}

func tell(t *testing.T, script string) string {
	x := &teller{t: t, rules: testRules, layout: rowsLayout(8)}
	var out strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line + "\n")
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(line, "#") {
			for answer := range strings.Lines(x.run(words)) {
				out.WriteString("\t" + answer)
			}
		}
	}
	return out.String()
}

func (x *teller) run(words []string) string {
	switch words[0] {
	case "rows":
		x.layout = storyRows(words[1:])
	case "general":
		x.layout = generalLayout(int(x.number(words[1])))
	case "accessible":
		for _, seat := range x.seats(words[1:]) {
			x.layout.Seats[seat].Accessible = true
		}
	case "category":
		for _, seat := range x.seats(words[2:]) {
			x.layout.Seats[seat].Category = CategoryID(x.number(words[1]))
		}
	case "rules":
		x.setRules(words[1:])
	case "at":
		seconds, err := strconv.ParseFloat(words[1], 64)
		x.check(err)
		x.at = Instant(seconds * 1000)
	case "coordinated":
		x.coordinated = true
	case "crash":
		return x.crash()
	default:
		return x.command(words)
	}
	return ""
}

func (x *teller) check(err error) {
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *teller) number(word string) uint64 {
	n, err := strconv.ParseUint(word, 10, 32)
	x.check(err)
	return n
}

// storyRows reads rows such as 8 and 4|4. The first seat of the first row is the best, to keep stories easy to follow.
func storyRows(words []string) *Layout {
	l := &Layout{}
	for _, word := range words {
		row := RowSpec{First: SeatIndex(len(l.Seats))}
		for i, part := range strings.Split(word, "|") {
			if i > 0 {
				row.Breaks = append(row.Breaks, row.Count)
			}
			n, err := strconv.Atoi(part)
			if err != nil {
				panic(err.Error())
			}
			row.Count += uint32(n)
		}
		l.Rows = append(l.Rows, row)
		for range row.Count {
			l.Quality = append(l.Quality, uint32(len(l.Seats)))
			l.Seats = append(l.Seats, SeatSpec{})
		}
	}
	return l
}

// seats reads names such as B3: row B, third seat; G3 in a general area.
func (x *teller) seats(words []string) (seats []SeatIndex) {
	for _, word := range words {
		n := SeatIndex(x.number(word[1:])) - 1
		if !x.layout.General {
			n += x.layout.Rows[word[0]-'A'].First
		}
		seats = append(seats, n)
	}
	return seats
}

func (x *teller) name(seat SeatIndex) string {
	if x.layout.General {
		return fmt.Sprint("G", seat+1)
	}
	for i, row := range x.layout.Rows {
		if seat < row.First+SeatIndex(row.Count) {
			return fmt.Sprint(rowLetters(i), seat-row.First+1)
		}
	}
	return "?"
}

func (x *teller) setRules(words []string) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "ttl":
			x.rules.HoldTTL = Millis(x.number(value)) * 1000
		case "ceiling":
			x.rules.HoldCeiling = Millis(x.number(value)) * 1000
		case "window":
			x.rules.DedupeWindow = Millis(x.number(value)) * 1000
		case "booking":
			x.rules.SeatsPerBookingMax = uint32(x.number(value))
		case "buyer":
			x.rules.SeatsPerBuyerMax = uint32(x.number(value))
		case "remember":
			x.rules.DedupeCountMin = uint32(x.number(value))
		case "orphans":
			x.rules.RefuseOrphans = value == "refuse"
		default:
			x.t.Fatalf("unknown rule %s", word)
		}
	}
}

func storyID(name string) (id [16]byte) {
	copy(id[:], name)
	return id
}

var storyKinds = map[string]CommandKind{
	"hold": PlaceHold, "best": PlaceBest, "extend": ExtendHold, "release": ReleaseHold, "pay": BeginPayment, "confirm": ConfirmPayment,
	"fail": FailPayment, "refund": RefundBooking, "expire": ExpireHolds, "block": BlockSeats, "unblock": UnblockSeats,
	"fence": FenceGrants,
}

func (x *teller) command(words []string) string {
	if x.desk == nil {
		x.desk = newDesk(x.layout, x.rules)
	}
	x.desk.state.coordinated = x.coordinated
	kind, known := storyKinds[words[0]]
	if !known {
		x.t.Fatalf("unknown word %q", words[0])
	}
	c := Command{Kind: kind, At: x.at, AnyCategory: true}
	words = x.options(&c, words[1:])
	switch kind {
	case BlockSeats, UnblockSeats:
		c.Seats = x.seats(words)
	case FenceGrants:
	case ExpireHolds:
		c.Max = uint32(x.number(words[0]))
	default:
		c.Buyer, c.Operator = storyID(words[0]), words[0] == "op"
		switch kind {
		case PlaceHold:
			c.Seats = x.seats(words[1:])
		case PlaceBest:
			c.Quantity = uint32(x.number(words[1]))
		default:
			c.Booking = BookingNo(x.number(words[1]))
		}
	}
	return x.answer(&c)
}

// options takes the words out that any command may have. The body's fingerprint is what is left of the line.
func (x *teller) options(c *Command, words []string) (rest []string) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "key":
			c.Request = storyID(value)
		case "grant":
			parts := strings.Split(value, ".")
			c.Grant = grant.Grant{Coordinator: uint8(x.number(parts[0])), Epoch: Epoch(x.number(parts[1])),
				Number: x.number(parts[2]), Total: uint32(x.number(parts[3]))}
		case "together":
			c.TogetherOnly = true
		case "accessible":
			c.AccessibleOnly = true
		case "category":
			c.AnyCategory, c.Category = false, CategoryID(x.number(value))
		default:
			rest = append(rest, word)
		}
	}
	for _, b := range []byte(strings.Join(rest, " ")) {
		c.Fingerprint = c.Fingerprint*31 + uint64(b)
	}
	return rest
}

func (x *teller) answer(c *Command) string {
	o := x.desk.do(*c)
	var out strings.Builder
	out.WriteString(o.Rejection.String())
	if o.Repeat {
		out.WriteString(", a repeat")
	}
	if o.Booking != 0 {
		fmt.Fprintf(&out, ", booking %d %v until %v", o.Booking, o.State, float64(o.ExpiresAt)/1000)
	}
	x.list(&out, ":", o.Seats)
	x.list(&out, ", lost:", o.Lost)
	if o.Split {
		out.WriteString(" (apart)")
	}
	for _, change := range x.desk.d.Changes {
		if change.Kind == HoldExpired {
			fmt.Fprintf(&out, ", booking %d expired", change.Booking)
		}
	}
	out.WriteString("\n")
	if drawn := x.desk.state.String(); drawn != x.drawn {
		x.drawn = drawn
		out.WriteString(drawn)
	}
	return out.String()
}

func (x *teller) list(out *strings.Builder, lead string, seats []SeatIndex) {
	for i, seat := range seats {
		if i == 0 {
			out.WriteString(lead)
		}
		out.WriteString(" " + x.name(seat))
	}
}

func (x *teller) crash() string {
	body := x.desk.state.AppendSnapshot(nil)
	if !bytes.Equal(body, x.desk.replay().AppendSnapshot(nil)) {
		x.t.Error("the replayed state is another")
	}
	s, err := Restore(x.layout, x.rules, body)
	x.check(err)
	x.desk.state = s
	return "restored\n"
}
