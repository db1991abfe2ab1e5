package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func htmlOf(t *testing.T, r *Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// hostile is what a name could do to a page.
func hostile(n int) string { return fmt.Sprintf(`<script>x%dx</script>"'&`, n) }

// plantIn puts hostile text into every string below v and gives their number.
func plantIn(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile(*n))
		*n++
	case reflect.Pointer:
		if !v.IsNil() {
			plantIn(v.Elem(), n)
		}
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				plantIn(v.Field(i), n)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			plantIn(v.Index(i), n)
		}
	default:
	}
}

// TestEveryTextIsShownAndEscaped: each text of a report stands in the page, and none of them as markup.
func TestEveryTextIsShownAndEscaped(t *testing.T) {
	r := smallReport()
	yes := true
	r.Settings = []Setting{{"a", "b"}}
	r.Machine.Versions = []Setting{{"Go", "1.26"}}
	r.Machine.Processor = "EPYC"
	r.About = "about"
	r.Figures = []Figure{{"f", 1, "u", "≥ 1", &yes}}
	r.Curves = []Curve{{Title: "c", X: Axis{Label: "x"}, Y: Axis{Label: "y"}, Note: "n",
		Lines: []Line{{"l", [][2]float64{{1, 2}, {2, 3}}}}}}
	r.Sides[1].Checks[0].Faults = []string{"fault"}
	r.Sides[0].Rounds[0].Series = &Series{Step: 1e9, Classes: []SeriesClass{{"held", []uint64{1, 2}}},
		Useful: []uint64{1, 2}, P50: []Milliseconds{1, 2}, P99: []Milliseconds{1, 2}}
	r.Sides[1].Rounds = r.Sides[1].Rounds[:1]
	planted := 0
	// where Void is planted the round becomes void: one such round a side, behind those that count
	for i := range r.Sides {
		r.Sides[i].Rounds = append(r.Sides[i].Rounds, Round{Number: 9})
	}
	keepCounted(r, func() { plantIn(reflect.ValueOf(r).Elem(), &planted) })
	page := htmlOf(t, r)
	if strings.Contains(page, "<script") {
		t.Error("a text of the report became markup")
	}
	if planted < 40 {
		t.Fatalf("only %d texts planted", planted)
	}
	for n := range planted {
		if !strings.Contains(page, fmt.Sprintf("&lt;script&gt;x%dx&lt;/script&gt;", n)) && !excused(r, hostile(n)) {
			t.Errorf("text %d is not in the page", n)
		}
	}
}

// keepCounted undoes what planting does to Void of the rounds that counted, each of which must go on counting.
func keepCounted(r *Report, plant func()) {
	var counted []*Round
	for i := range r.Sides {
		counted = append(counted, r.Sides[i].Counted()...)
	}
	plant()
	for _, round := range counted {
		round.Void = ""
	}
}

// excused are texts that the page leaves out with a reason: a round's Void that keepCounted took back is nowhere in the
// report any more.
func excused(r *Report, text string) bool {
	found := false
	var look func(reflect.Value)
	look = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			found = found || v.String() == text
		case reflect.Pointer:
			if !v.IsNil() {
				look(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				look(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i))
			}
		default:
		}
	}
	look(reflect.ValueOf(r))
	return !found
}

// wellFormed reads a picture as a strict reader of XML would.
func wellFormed(t *testing.T, name, svg string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	elements := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
	if elements < 5 {
		t.Errorf("%s: a picture of %d elements", name, elements)
	}
}

func allPictures(r *Report) map[string]*picture {
	p := r.page()
	all := map[string]*picture{}
	for group, list := range map[string][]*picture{"bars": p.Bars, "time": p.OverTime, "outcomes": p.Outcomes,
		"quantiles": p.Quantiles, "curves": p.Curves} {
		for i, one := range list {
			all[fmt.Sprintf("%s %d", group, i)] = one
		}
	}
	return all
}

func TestPlotsAreWellFormed(t *testing.T) {
	for name, sides := range map[string][]fakeSide{
		"usual":   fakeSides,
		"hostile": named("<b>&amp;\"'", "a\x00b\x1b[31m\ufffe", "\xff\xfe", "#0B5E04", strings.Repeat("long ", 60)),
	} {
		all := allPictures(fakeReport(3, 3, sides))
		for _, group := range []string{"bars 0", "time 3", "outcomes 0", "quantiles 0", "curves 1"} {
			if all[group] == nil {
				t.Errorf("%s: no picture %s", name, group)
			}
		}
		for which, one := range all {
			wellFormed(t, name+", "+which, string(one.SVG))
			if text := string(one.SVG); strings.Contains(text, "font-family") || strings.Contains(text, ":#0B5E") ||
				!strings.Contains(text, "var(--") {
				t.Errorf("%s, %s: colours or fonts are burnt in", name, which)
			}
		}
	}
}

// TestThemedTouchesStylesOnly: a name that looks like a stand-in stays the name.
func TestThemedTouchesStylesOnly(t *testing.T) {
	got := themed(`<text style="fill:#0B5E03;font-family:Liberation Sans;font-variant:none;font-weight:normal;font-style:normal;font-size:11px">#0B5E03 style=&#34;#0B5E03&#34;</text>`)
	if want := `<text style="fill:var(--s0);font-size:11px">#0B5E03 style=&#34;#0B5E03&#34;</text>`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for p := ink; p <= classPaint("never heard of"); p++ {
		if name := p.name(); !strings.Contains(pageStyle, "--"+name+":") {
			t.Errorf("the style sheet has no colour %s", name)
		}
	}
}

// TestVoidRoundsHaveNoFigure: whatever a void round's figures are, no output but the CSV's counts depends on them.
func TestVoidRoundsHaveNoFigure(t *testing.T) {
	make2 := func(lots *rand.Rand) *Report {
		r := fakeReport(11, 3, fakeSides[:3])
		for i := range r.Sides {
			for j := range r.Sides[i].Rounds {
				if round := &r.Sides[i].Rounds[j]; j == 1 || i == 2 {
					other := (&fakeSides[0]).round(lots, round.Number)
					other.Void = "too few requests"
					other.Elapsed = round.Elapsed
					*round = other
				}
			}
		}
		r.Ratios = nil
		r.AddRatios(UsefulRate(), nil)
		return r
	}
	one, two := make2(rand.New(rand.NewPCG(1, 1))), make2(rand.New(rand.NewPCG(2, 2)))
	if reflect.DeepEqual(one, two) {
		t.Fatal("the void rounds are equal: nothing would be seen")
	}
	if one.Text() != two.Text() {
		t.Errorf("the text depends on void rounds:\n%s\n%s", one.Text(), two.Text())
	}
	if htmlOf(t, one) != htmlOf(t, two) {
		t.Error("the page depends on void rounds")
	}
	if !strings.Contains(one.Text(), "all 3 rounds void: too few requests") ||
		!strings.Contains(htmlOf(t, one), "round 2 void: too few requests") {
		t.Errorf("the reason is not told:\n%s", one.Text())
	}
	other := fakeReport(12, 3, fakeSides[:3])
	if Compare(other, one).Text() != Compare(other, two).Text() {
		t.Error("the comparison depends on void rounds")
	}
	csvOf := func(r *Report) string {
		var out bytes.Buffer
		if err := r.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for line := range strings.Lines(csvOf(one)) {
		if strings.Contains(line, "too few requests") && !strings.HasSuffix(line, ",,,,,,,\n") {
			t.Fatalf("a void round's row has figures: %s", line)
		}
	}
}

func TestOddReportsAreShownAllTheSame(t *testing.T) {
	usual := fakeReport(5, 5, fakeSides)
	for name, r := range oddReports() {
		page := htmlOf(t, r)
		for which, one := range allPictures(r) {
			wellFormed(t, name+", "+which, string(one.SVG))
			if strings.Contains(string(one.SVG), "NaN") || strings.Contains(string(one.SVG), "Inf") {
				t.Errorf("%s, %s: a point is nowhere", name, which)
			}
		}
		for _, text := range []string{page, r.Text(), Compare(r, usual).Text(), Compare(usual, r).Text(),
			Compare(r, r).Text()} {
			if text == "" || strings.Contains(text, "NaN") || strings.Contains(text, "+Inf") ||
				strings.Contains(text, "%!") {
				t.Errorf("%s: nothing, or no number, or a format gone wrong:\n%s", name, text)
			}
		}
		if Compare(r, r).Worse() {
			t.Errorf("%s: worse than itself", name)
		}
	}
}

func TestReportIsLightAndStandsAlone(t *testing.T) {
	r := fakeReport(9, 5, fakeSides)
	for i := range r.Sides { // an hour in steps of 100 ms
		for j := range r.Sides[i].Rounds {
			s := r.Sides[i].Rounds[j].Series
			s.Useful, s.P50, s.P99 = slices.Repeat(s.Useful, 60), slices.Repeat(s.P50, 60), slices.Repeat(s.P99, 60)
			for k := range s.Classes {
				s.Classes[k].Counts = slices.Repeat(s.Classes[k].Counts, 60)
			}
		}
	}
	page := htmlOf(t, r)
	if len(page) > 2<<20 {
		t.Errorf("%d bytes; a page ends at 2 MiB", len(page))
	}
	for _, reach := range []string{"src=", "@import", "url(", "href=\"http", "<script", "<link rel=\"stylesheet"} {
		if strings.Contains(page, reach) {
			t.Errorf("the page has %s: it reaches for something outside", reach)
		}
	}
	t.Logf("seven sides, five rounds of 36,000 steps: %d KiB", len(page)>>10)
}

func TestThinningKeepsSumsAndPeaks(t *testing.T) {
	counts := make([]uint64, 1001)
	steps := make([]Milliseconds, 1001)
	for i := range counts {
		counts[i], steps[i] = 3, 2
	}
	steps[777] = 500
	rates := rateOver(counts, time.Second/2, 100)
	if len(rates) > 100 {
		t.Fatalf("%d points", len(rates))
	}
	for _, p := range rates {
		if !near(p.Y, 6, 1e-9) {
			t.Errorf("3 each half second came out as %v/s at %v", p.Y, p.X)
		}
	}
	peak := 0.0
	for _, p := range worstOver(steps, time.Second/2, 100) {
		peak = max(peak, p.Y)
	}
	if peak != 500 {
		t.Errorf("the peak of 500 ms came out as %v", peak)
	}
	steps[0], steps[1] = 0, 0
	if first := worstOver(steps[:2], time.Second, 100); first[0].there() || first[1].there() {
		t.Errorf("steps without answers came out as %v", first)
	}
}

func TestQuantileLineEndsWithItsAnswers(t *testing.T) {
	o := Outcome{Class: "held", Count: 1000, Latency: Quantiles{P50: 1e6, P90: 2e6, P99: 4e6, P999: 8e6, Max: 16e6}}
	s := &sideDigest{counted: []*Round{{Elapsed: 1, Calls: []Call{{"hold", []Outcome{o}}}}}}
	line := s.quantileLine(callKey{"hold", "held"})
	last := line[len(line)-1]
	if !near(last.X, 3, 1e-9) {
		t.Errorf("of 1,000 answers the line ends at %v nines, want 3", last.X)
	}
	for _, p := range line {
		for nine, want := range map[float64]float64{1: 2, 2: 4} {
			if near(p.X, nine, 1e-9) && !near(p.Y, want, 1e-6) {
				t.Errorf("at %v nines %v ms, want %v", nine, p.Y, want)
			}
		}
		if p.X < nines(0.5)-1e-9 {
			t.Errorf("a point at %v nines, below what is known", p.X)
		}
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct{ low, high, wantLow, wantHigh float64 }{
		{1, 1, 1, 2}, {3, 70, 2, 100}, {0.0015, 4, 0.001, 5}, {2, 5, 2, 5}, {999.9999999999, 1000, 1000, 2000},
	} {
		low, high := logEnds(c.low, c.high)
		if !near(low/c.wantLow, 1, 1e-6) || !near(high/c.wantHigh, 1, 1e-6) {
			t.Errorf("logEnds(%v, %v) = %v, %v, want %v, %v", c.low, c.high, low, high, c.wantLow, c.wantHigh)
		}
	}
	for power := -12.0; power < 15; power += 0.37 {
		low, high := logEnds(math.Pow(10, power), math.Pow(10, power+3.3))
		ticks := logTicks(low, high, short)
		if len(ticks) < 2 || len(ticks) > 12 {
			t.Errorf("from %v to %v there are %d ticks", low, high, len(ticks))
		}
		if step := niceStep(0, math.Pow(10, power)); math.Pow(10, power)/step < 2 || math.Pow(10, power)/step > 6.1 {
			t.Errorf("steps of %v up to %v", step, math.Pow(10, power))
		}
	}
}
