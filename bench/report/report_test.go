package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file that a person has read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was (-update writes it anew); now:\n%s", name, got)
	}
}

// smallReport is two sides in two rounds, one of them void, by hand.
func smallReport() *Report {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	quantiles := func(k float64) Quantiles {
		return Quantiles{Mean: ms(1.5 * k), P50: ms(k), P90: ms(2 * k), P99: ms(4.25 * k), P999: ms(9 * k),
			Max: ms(20.5 * k)}
	}
	round := func(number int, useful, refusals uint64, k float64) Round {
		return Round{
			Number: number, Elapsed: 10 * time.Second, Useful: Rate{useful, float64(useful) / 10},
			Refusals: Rate{refusals, float64(refusals) / 10},
			Calls: []Call{{"hold", []Outcome{{"held", useful, quantiles(k)}, {"taken", refusals, quantiles(k / 2)}}},
				{"look", []Outcome{{"served", 40, quantiles(k)}}}},
			Client: Client{Processes: 1, Loops: 1, CPU: 0.25, BusiestLoop: 0.5, LateStarts: 3}, ServerCPU: 0.5,
		}
	}
	void := round(2, 9_999_999, 8_888_888, 77)
	void.Void = "the client was the bottleneck"
	r := &Report{
		Version: FormatVersion, Scenario: "steady", Seed: 7, Command: "holdfast-bench run steady --seed 7",
		Started: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC),
		Machine: Machine{OS: "linux/amd64", Cores: 2},
		Sides: []Side{
			{Name: "holdfast", About: "one node", Rounds: []Round{round(1, 200_000, 500_000, 1),
				round(2, 220_000, 540_000, 1.1)},
				Checks: []Check{{Name: NothingOversold, Verdict: Passed, Detail: "420,000 changes"}}},
			{Name: "textbook", About: "Redis and PostgreSQL", Rounds: []Round{round(1, 20_000, 100_000, 12), void},
				Checks: []Check{{Name: NothingOversold, Verdict: NotChecked, Detail: "out of time"}}},
		},
		Notes: []string{"A note."},
	}
	r.AddRatios(UsefulRate(), map[string]float64{"textbook": 12})
	r.AddRatios(LatencyAt("hold", "held", 0.99), map[string]float64{"textbook": 1})
	return r
}

func TestGoldenText(t *testing.T) { golden(t, "small.txt", smallReport().Text()) }

func TestGoldenCSV(t *testing.T) {
	var out bytes.Buffer
	if err := smallReport().WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "small.csv", out.String())
}

func TestCSVColumnsAreExplainedAndFull(t *testing.T) {
	var out bytes.Buffer
	if err := fakeReport(1, 2, fakeSides).WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll() // refuses rows of unequal length
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 7*2*5; len(rows) != want {
		t.Errorf("%d rows, want %d: a header, and 7 sides of 2 rounds of 5 classes", len(rows), want)
	}
	for i, name := range rows[0] {
		if name != CSVColumns[i].Name || !strings.Contains(CSVHelp(), name+" ") {
			t.Errorf("column %d is %q, and explained is %q", i, name, CSVColumns[i].Name)
		}
	}
	empty := &Report{Sides: []Side{{Name: "a", Rounds: []Round{{Number: 1, Void: "nothing came"}}}}}
	out.Reset()
	if err := empty.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	if rows, err = csv.NewReader(&out).ReadAll(); err != nil || len(rows) != 2 || rows[1][3] != "nothing came" {
		t.Errorf("a round without requests: %v, %v", rows, err)
	}
}

// drawnReport is any report that JSON can hold.
func drawnReport(t *rapid.T) *Report {
	text := rapid.StringOfN(rapid.Rune(), 0, 12, -1)
	number := rapid.Float64Range(-1e12, 1e12)
	quantiles := rapid.Custom(func(t *rapid.T) Quantiles {
		d := rapid.Map(rapid.Int64Range(0, 1e12), func(n int64) time.Duration { return time.Duration(n) })
		return Quantiles{Mean: d.Draw(t, "mean"), P50: d.Draw(t, "p50"), Max: d.Draw(t, "max"),
			Curve: []Quantile{{rapid.Float64Range(0, 1).Draw(t, "part"), d.Draw(t, "d")}}}
	})
	r := &Report{
		Version: FormatVersion, Scenario: text.Draw(t, "scenario"), Seed: rapid.Uint64().Draw(t, "seed"),
		Command:  text.Draw(t, "command"),
		Started:  time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "started"), 0).UTC(),
		Settings: []Setting{{text.Draw(t, "name"), text.Draw(t, "value")}},
		Curves: []Curve{{Title: text.Draw(t, "title"),
			Lines: []Line{{Points: [][2]float64{{number.Draw(t, "x"), number.Draw(t, "y")}}}}}},
		Figures: []Figure{{Value: number.Draw(t, "figure"), Reached: rapid.Ptr(rapid.Bool(), true).Draw(t, "met")}},
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "sides") {
		round := Round{
			Number:  rapid.IntRange(0, 99).Draw(t, "number"),
			Elapsed: time.Duration(rapid.Int64Range(1, 1e12).Draw(t, "elapsed")), Void: text.Draw(t, "void"),
			Calls: []Call{{text.Draw(t, "kind"),
				[]Outcome{{text.Draw(t, "class"), rapid.Uint64().Draw(t, "count"), quantiles.Draw(t, "latency")}}}},
			Series: &Series{Step: 1, Useful: []uint64{rapid.Uint64().Draw(t, "useful")}},
		}
		side := Side{Name: string(rune('a' + i)), Rounds: []Round{round},
			Checks: []Check{{Name: text.Draw(t, "check"),
				Verdict: rapid.SampledFrom([]string{Passed, Failed, NotChecked}).Draw(t, "verdict")}}}
		r.Sides = append(r.Sides, side)
		r.Ratios = append(r.Ratios, Ratio{Over: side.Name, What: "useful/s",
			Spread: Spread{number.Draw(t, "ratio"), 0, 0}, Aim: rapid.Ptr(number, true).Draw(t, "aim")})
	}
	return r
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawnReport(t)
		var text bytes.Buffer
		if err := r.WriteJSON(&text); err != nil {
			t.Fatal(err)
		}
		back, err := Read(&text)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r, back) {
			t.Fatalf("written %+v\nread    %+v", r, back)
		}
	})
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "no report"},
		{"another kind of file", "goos: linux", "no report"},
		{"no version", `{"scenario":"steady"}`, "no version"},
		{"a later version", `{"version":2,"what_is_this":1}`, "version 2"},
		{"an unknown field", `{"version":1,"useful_per_fortnight":1}`, "useful_per_fortnight"},
		{"an unknown field deep inside", `{"version":1,"sides":[{"name":"a","rounds":[{"client":{"mood":1}}]}]}`,
			"mood"},
		{"a wrong type", `{"version":1,"seed":"seven"}`, "seed"},
		{"something behind", `{"version":1} {"version":1}`, "no report"},
		{"an unknown verdict", `{"version":1,"sides":[{"name":"a","checks":[{"name":"c","verdict":"fine"}]}]}`,
			"no verdict"},
		{"two sides of one name", `{"version":1,"sides":[{"name":"a"},{"name":"a"}]}`, "another side's"},
		{"a side without a name", `{"version":1,"sides":[{"name":""}]}`, "empty"},
		{"a round twice", `{"version":1,"sides":[{"name":"a","rounds":[{"number":1,"void":"x"},{"number":1,"void":"x"}]}]}`, "two rounds 1"},
		{"a round without time", `{"version":1,"sides":[{"name":"a","rounds":[{"number":1}]}]}`, "took no time"},
		{"a ratio over nobody", `{"version":1,"sides":[{"name":"a"}],"ratios":[{"over":"b","what":"useful/s"}]}`,
			"no side"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
	if _, err := Read(strings.NewReader(`{"version":1}`)); err != nil {
		t.Errorf("the least there is: %v", err)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWritersTellWhatWentWrong(t *testing.T) {
	r := smallReport()
	for name, err := range map[string]error{"json": r.WriteJSON(brokenWriter{}), "csv": r.WriteCSV(brokenWriter{}),
		"html": r.WriteHTML(brokenWriter{})} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v, want the writer's error", name, err)
		}
	}
	r.Figures = []Figure{{Value: math.NaN()}}
	if err := r.WriteJSON(&bytes.Buffer{}); err == nil {
		t.Error("a number that is none was written")
	}
}

// TestDataIsWrittenBeforeItIsJudged: a run's figures are not thrown away for a slip in them.
func TestDataIsWrittenBeforeItIsJudged(t *testing.T) {
	r := smallReport()
	r.Sides[0].Checks[0].Verdict = "fine"
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err == nil || !strings.Contains(err.Error(), "no verdict") {
		t.Errorf("an unknown verdict: %v", err)
	}
	if !strings.Contains(out.String(), "holdfast-bench run steady") {
		t.Error("the report was not written")
	}
	if strings.Contains(r.Headline(), "passed") {
		t.Errorf("an unknown verdict was taken for passed: %s", r.Headline())
	}
}

func TestAddRatiosPairsRoundsByNumber(t *testing.T) {
	r := smallReport() // round 2 of the textbook is void
	if len(r.Ratios) != 2 {
		t.Fatalf("%d ratios", len(r.Ratios))
	}
	if got := r.Ratios[0].Spread; got != (Spread{10, 10, 10}) {
		t.Errorf("useful/s: %v, want 10 of the one pair of rounds that counts", got)
	}
	if reached, known := r.Ratios[0].Reached(); reached || !known {
		t.Errorf("10 against an aim of at least 12: %v, %v", reached, known)
	}
	if reached, known := r.Ratios[1].Reached(); !reached || !known || !r.Ratios[1].AtMost {
		t.Errorf("a twelfth of the latency against an aim of at most the same: %v, %v", reached, known)
	}
	r.Sides[1].Rounds[0].Number, r.Ratios = 5, nil // now no round of theirs is of one number
	r.AddRatios(UsefulRate(), nil)
	if len(r.Ratios) != 0 {
		t.Errorf("a ratio of rounds that were not beside each other: %v", r.Ratios)
	}
}

func TestAimMetByTheMedianOnly(t *testing.T) {
	aim := 10.0
	ratio := Ratio{Spread: Spread{11, 9, 12}, Aim: &aim}
	if text := ratio.aimInWords(); !strings.Contains(text, "not by every round") {
		t.Errorf("%q hides that a round missed the aim", text)
	}
}

func TestLatencyNeedsAnswersBehindIt(t *testing.T) {
	r := Round{Elapsed: time.Second, Calls: []Call{{"hold", []Outcome{{"held", 99, Quantiles{P50: 1e6, P99: 5e6}}}}}}
	if _, ok := LatencyAt("hold", "held", 0.99).Of(&r); ok {
		t.Error("a p99 of 99 answers")
	}
	r.Calls[0].Outcomes[0].Count = 100
	if v, ok := LatencyAt("hold", "held", 0.99).Of(&r); !ok || v != 5 {
		t.Errorf("a p99 of 100 answers: %v, %v", v, ok)
	}
	if _, ok := LatencyAt("hold", "taken", 0.5).Of(&r); ok {
		t.Error("a latency of no answers")
	}
}

func TestCostIsProcessorTimePerRequest(t *testing.T) {
	r := Round{Elapsed: 10 * time.Second, ServerCPU: 0.5, Client: Client{CPU: 0.25},
		Calls: []Call{{"hold", []Outcome{{"held", 100_000, Quantiles{}}}}}}
	if v, ok := ServerCost(2).Of(&r); !ok || v != 100 { // half of two cores for 10 s are 10 s
		t.Errorf("server: %v µs, want 100", v)
	}
	if v, ok := ClientCost(2).Of(&r); !ok || v != 50 {
		t.Errorf("client: %v µs, want 50", v)
	}
	if _, ok := ServerCost(0).Of(&r); ok {
		t.Error("a cost on a machine without cores")
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{figure(0), "0"}, {figure(0.01234), "0.0123"}, {figure(0.07), "0.0700"}, {figure(0.00001234), "1.23e-05"},
		{figure(1.236), "1.24"}, {figure(12.34), "12.3"}, {figure(123.4), "123"},
		{figure(999.6), "1,000"}, {figure(21_342), "21,300"}, {figure(1_234_567), "1,230,000"},
		{figure(-1500), "-1,500"}, {figure(math.NaN()), nothing}, {figure(math.Inf(1)), nothing},
		{lastingMS(0), "0 ms"}, {lastingMS(0.0000123), "12.3 ns"}, {lastingMS(0.5), "500 µs"},
		{lastingMS(12.34), "12.3 ms"}, {lastingMS(2500), "2.50 s"},
		{whole(0), "0"}, {whole(999), "999"}, {whole(1000), "1,000"},
		{whole(math.MaxUint64), "18,446,744,073,709,551,615"},
		{span(Spread{2, 1, 3}, 3, lastingMS), "2.00 ms (1.00 … 3.00 ms)"}, {span(Spread{2, 1, 3}, 0, figure), nothing},
		{span(Spread{2, 2, 2}, 1, figure), "2.00"},
		{span(Spread{0.9, 0.5, 1.5}, 3, lastingMS), "900 µs (500 µs … 1.50 ms)"},
		{short(20_000), "20 k"}, {short(1.5e6), "1.5 M"}, {short(0.02), "0.02"}, {shortMS(1000), "1 s"},
		{shortMS(0.05), "50 µs"}, {clipped("abcdef", 4), "abc…"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
