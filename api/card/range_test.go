package card

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// brands are a beginning and a length of each scheme, told apart from the table that is tested.
var brands = map[string][]struct {
	prefix string
	digits int
}{
	"Visa": {{"4", 13}, {"4", 16}, {"4", 19}},
	"Mastercard": {{"51", 16}, {"52", 16}, {"53", 16}, {"54", 16}, {"55", 16}, {"2221", 16}, {"2300", 16},
		{"2699", 16}, {"2720", 16}},
	"American Express": {{"34", 15}, {"37", 15}},
	"Diners Club":      {{"300", 14}, {"305", 14}, {"3095", 14}, {"36", 14}, {"36", 16}, {"38", 14}, {"39", 16}},
	"Discover": {{"6011", 16}, {"622126", 16}, {"622925", 16}, {"644", 16}, {"649", 16},
		{"65", 16}, {"6011", 19}},
	"JCB":      {{"3528", 16}, {"3589", 16}, {"3550", 19}},
	"UnionPay": {{"62", 16}, {"62", 17}, {"62", 18}, {"62", 19}, {"81", 16}},
	"Maestro": {{"5018", 13}, {"5020", 16}, {"5038", 18}, {"56", 16}, {"57", 16}, {"58", 19}, {"6304", 19},
		{"6759", 16}, {"6763", 16}},
	"Mir":       {{"2200", 16}, {"2204", 16}, {"2202", 19}},
	"RuPay":     {{"60", 16}, {"65", 16}, {"81", 16}, {"82", 16}, {"508", 16}, {"353", 16}, {"356", 16}},
	"Troy":      {{"9792", 16}},
	"Verve":     {{"506099", 16}, {"507865", 19}},
	"Elo":       {{"401178", 16}, {"504175", 16}, {"636368", 16}, {"650031", 16}},
	"Hipercard": {{"606282", 16}},
}

// plant makes a card number: a prefix, digits as drawn, and the check digit that belongs to them.
func plant(prefix string, digits int, draw func() byte) string {
	number := []byte(prefix)
	for len(number) < digits-1 {
		number = append(number, '0'+draw())
	}
	for check := byte('0'); ; check++ {
		whole := append(number[:digits-1:digits-1], check)
		values := make([]byte, digits)
		for i, c := range whole {
			values[i] = c - '0'
		}
		if luhn(values) {
			return string(whole)
		}
	}
}

// grouped writes a number in groups; the rest of the digits is the last group.
func grouped(number, separator string, sizes ...int) string {
	var groups []string
	for _, size := range sizes {
		if len(number) > size {
			groups = append(groups, number[:size])
			number = number[size:]
		}
	}
	return strings.Join(append(groups, number), separator)
}

// scriptOf writes digits in another script, whose zero is given.
func scriptOf(text string, zero rune) string {
	return strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, text)
}

// P12: a card of every scheme is found in every way of writing it, wherever it stands.
func TestP12PlantedCardsOfEveryBrandAreFound(t *testing.T) {
	separators := []string{" ", "-", ".", "/", "_", "\t", "\u00a0", "\u2009", "\u202f", "\u3000", "\u2010",
		"\u2011", "\u2013", "\u2014",
		"\u2212", "\u00b7", "\uff0e", "\uff0d", "\u30fb", " - ", " – ", "\u200b", "\u200d",
		"\u00ad", " \u200b", "\ufeff"}
	zeros := []rune{'0', 0x660, 0x6f0, 0x966, 0xe50, 0xff10, 0x1d7ce, 0x1d7f6, 0x1fbf0}
	rapid.Check(t, func(t *rapid.T) {
		brand := rapid.SampledFrom(brandNames()).Draw(t, "brand")
		kind := rapid.SampledFrom(brands[brand]).Draw(t, "kind")
		digit := rapid.ByteRange(0, 9)
		number := plant(kind.prefix, kind.digits, func() byte { return digit.Draw(t, "digit") })
		separator := rapid.SampledFrom(separators).Draw(t, "separator")
		sizes := rapid.SampledFrom([][]int{{}, {4, 4, 4, 4}, {4, 6}, {8, 8}, {6},
			{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
			{5, 5, 5, 5}}).Draw(t, "sizes")
		if !asWritten(sizesOf(number, sizes)) {
			sizes = nil
		}
		written := scriptOf(grouped(number, separator, sizes...), rapid.SampledFrom(zeros).Draw(t, "zero"))
		around := rapid.SampledFrom([][2]string{{"", ""}, {"row 12 ", ""}, {"pay:", "."}, {"tok_", ""},
			{"№", " 12/28 123"}, {"(", ")"},
			{"карта", ""}, {"seats 7 8 9, ", ", thanks"}}).Draw(t, "around")
		text := around[0] + written + around[1]
		if !InText([]byte(text)) {
			t.Fatalf("%s: %q is not found", brand, text)
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "escaped") {
			quoted = escapeAll(text)
		}
		if found := InBody([]byte(`{"payment_token":`+string(quoted)+`}`), false); found.Place != "/payment_token" {
			t.Fatalf("%s: in JSON %s found at %q", brand, quoted, found.Place)
		}
	})
}

func brandNames() (names []string) {
	for name := range brands {
		names = append(names, name)
	}
	return names
}

func sizesOf(number string, sizes []int) (groups []uint8) {
	for group := range strings.SplitSeq(grouped(number, "|", sizes...), "|") {
		groups = append(groups, uint8(len(group)))
	}
	return groups
}

// escapeAll writes every UTF-16 unit of a text as a JSON escape.
func escapeAll(text string) []byte {
	out := []byte{'"'}
	for _, char := range text {
		if char > 0xffff {
			char -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+char>>10, 0xdc00+char&0x3ff)
			continue
		}
		out = fmt.Appendf(out, `\u%04x`, char)
	}
	return append(out, '"')
}

// innocent is how to make numbers of one shape, and which share of them is refused at most.
type innocent struct {
	make func() string
	most float64
}

// innocents are numbers that are no cards'.
func innocents(random *rand.Rand) map[string]innocent {
	between := func(low, high int64) int64 { return low + random.Int64N(high-low) }
	const from, to = 1_577_836_800, 2_208_988_800 // the years 2020 to 2039, in seconds
	next := int64(1_000_000_000_000_000)
	return map[string]innocent{
		"milliseconds":          {func() string { return fmt.Sprint(between(from*1000, to*1000)) }, 0},
		"microseconds, to 2038": {func() string { return fmt.Sprint(between(from*1e6, 2_145_916_800*1e6)) }, 0},
		"microseconds, to 2039": {func() string { return fmt.Sprint(between(from*1e6, to*1e6)) }, 0.002},
		"nanoseconds":           {func() string { return fmt.Sprint(between(from*1e9, to*1e9)) }, 0.002},
		"YYYYMMDDhhmmssff":      {func() string { return date(between) + fmt.Sprintf("%02d", between(0, 100)) }, 0},
		"YYYYMMDDhhmmssfff":     {func() string { return date(between) + fmt.Sprintf("%03d", between(0, 1000)) }, 0},
		"date, time, dashes": {func() string {
			d := date(between)
			return d[:8] + "-" + d[8:] + "-" +
				fmt.Sprint(between(1, 1e6))
		}, 0},
		"UUID":                      {func() string { return uuid(random, false) }, 0},
		"UUID of digits":            {func() string { return uuid(random, true) }, 0},
		"UUID of digits, no dashes": {func() string { return strings.ReplaceAll(uuid(random, true), "-", "") }, 0},
		"hexadecimal, 24":           {func() string { return fmt.Sprintf("%024x", random.Uint64()) }, 0.002},
		"snowflake of 2020 to 2026": {func() string {
			return fmt.Sprint((between(from*1000,
				1_790_000_000_000) - 1_288_834_974_657) << 22)
		}, 0},
		"sequential, 16 digits": {func() string { next += 7; return fmt.Sprint(next) }, 0},
		"EAN-13":                {func() string { return fmt.Sprint(between(1e12, 1e13)) }, 0.015},
		"16 digits by chance":   {func() string { return fmt.Sprint(between(1e15, 1e16)) }, 0.045},
		"18 digits by chance":   {func() string { return fmt.Sprint(between(1e17, 1e18)) }, 0.005},
		"19 digits by chance":   {func() string { return fmt.Sprint(between(1e18, 9.2e18)) }, 0.04},
		"seat ids": {func() string {
			return fmt.Sprintf("%d-%d-%d", between(1, 1000), between(1, 100),
				between(1, 1000))
		}, 0},
		"coordinates": {func() string {
			return fmt.Sprintf("%.6f, %.6f", random.Float64()*90,
				random.Float64()*180)
		}, 0},
		"telephone numbers": {func() string {
			return fmt.Sprintf("+%d %d %d", between(1, 99),
				between(100, 999), between(1e6, 1e8))
		}, 0},
		"amounts": {func() string {
			return fmt.Sprintf("%d.%02d",
				between(0, 1e9), between(0, 100))
		}, 0},
		"letters, digits, 20 of 36": {func() string { return base36(random, 20) }, 0},
		"a date's words and a count": {func() string {
			return fmt.Sprintf("import-%s-%d",
				date(between), between(1, 9))
		}, 0},
	}
}

// P12: an innocent number is not refused. Times and UUIDs never are, in keys as in text; of long ids made by chance few
// are, and how few follows from what is issued: the share of numbers that begin like a card's, a tenth of which has a
// right check digit.
func TestInnocentNumbersAreRarelyRefused(t *testing.T) {
	const samples = 20_000
	source := rand.NewPCG(1, 2)
	random := rand.New(source)
	for shape, limit := range innocents(random) {
		source.Seed(1, 2) // each shape's own numbers, whatever the order of the map
		refused := 0
		for range samples {
			if InText([]byte(limit.make())) {
				refused++
			}
		}
		if rate := float64(refused) / samples; rate > limit.most {
			t.Errorf("%s: %.3f%% are refused, at most %.3f%% should be", shape, 100*rate, 100*limit.most)
		} else {
			t.Logf("%s: %.3f%%", shape, 100*rate)
		}
	}
}

func date(between func(low, high int64) int64) string {
	return fmt.Sprintf("%d%02d%02d%02d%02d%02d", between(2020, 2040), between(1, 13), between(1, 29), between(0, 24),
		between(0, 60), between(0, 60))
}

// uuid is of version 4; onlyDigits is the worst that chance can make of one.
func uuid(random *rand.Rand, onlyDigits bool) string {
	base := uint64(16)
	if onlyDigits {
		base = 10
	}
	var b strings.Builder
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b.WriteByte('-')
		}
		switch digit := random.Uint64N(base); i {
		case 12:
			b.WriteByte('4')
		case 16:
			b.WriteByte("89"[digit%2])
		default:
			fmt.Fprintf(&b, "%x", digit)
		}
	}
	return b.String()
}

func base36(random *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte("0123456789abcdefghijklmnopqrstuvwxyz"[random.Uint64N(36)])
	}
	return b.String()
}

// A column of ids in card ranges is imported, whatever chance made of its check digits; one of cards is not.
func TestAColumnOfIdsIsNoColumnOfCards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(4e15, 5e15-1e6).Draw(t, "first")
		step := rapid.SampledFrom([]int64{1, 2, 3, 7, 10, 16}).Draw(t, "step")
		var ids, cards []string
		for i := range rapid.Int64Range(10, 60).Draw(t, "seats") {
			ids = append(ids, fmt.Sprintf(`{"seat_guid":"%d"}`, first+i*step))
			cards = append(cards, `{"seat_guid":"`+plant(fmt.Sprint(first + i*step)[:12], 16,
				func() byte { return byte(i % 10) })+`"}`)
		}
		body := func(seats []string) []byte { return []byte(`{"plan":{"seats":[` + strings.Join(seats, ",") + `]}}`) }
		if found := InBody(body(ids), true); found.Place != "" {
			t.Fatalf("ids from %d by %d are refused at %s", first, step, found.Place)
		}
		if found := InBody(body(cards), true); found.Place != "/plan/seats/0/seat_guid" {
			t.Fatalf("cards found at %q", found.Place)
		}
	})
}

// Looking for cards in a booking costs no allocation.
func TestLookingForCardsCostsNoAllocation(t *testing.T) {
	body := []byte(`{"seats":["Stalls left-12-104","Stalls left-12-105","Ränge-3-17"]}`)
	if n := testing.AllocsPerRun(100, func() {
		if InBody(body, false) != (Places{}) {
			t.Error("seats are cards")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
