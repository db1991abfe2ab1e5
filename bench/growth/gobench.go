package growth

import (
	"bufio"
	"cmp"
	"fmt"
	"holdfast/bench/report"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Benchmarks reads what `go test -bench` prints (the format is the Go project's "Go Benchmark Data Format") and makes
// curves of the benchmarks that vary one number: of BenchmarkGrowth/store=pebble/history=1000000-2 with its 123 ns/op
// and 789 holds/s come two curves over history, "Growth: ns/op" and "Growth: holds/s", each with a line named
// store=pebble. The number is the last part of the name that reads name=number; the other parts name the line. Repeated
// results (-count) give their median. Benchmarks without such a part make no curve.
//
// An axis is a log axis where all of its values are above zero and they span more than a factor of twenty. Curves come
// in the order in which they first occur. A failed run is an error: what it printed before is no result.
func Benchmarks(r io.Reader) ([]report.Curve, error) {
	b := &benchmarks{results: map[curveKey]map[string]map[float64][]float64{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := b.line(lines.Text()); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("growth: benchmark output: %w", err)
	}
	var curves []report.Curve
	for _, key := range b.order {
		curves = append(curves, key.curve(b.results[key]))
	}
	return curves, nil
}

// curveKey tells curves apart: the benchmark, what varies, and the unit of the result.
type curveKey struct{ benchmark, x, unit string }

// benchmarks gathers results: by curve, line and x.
type benchmarks struct {
	order   []curveKey
	results map[curveKey]map[string]map[float64][]float64
}

func (b *benchmarks) line(text string) error {
	fields := strings.Fields(text)
	switch {
	case len(fields) == 0:
		return nil
	case fields[0] == "FAIL" || fields[0] == "panic:" || strings.HasPrefix(text, "--- FAIL"):
		return fmt.Errorf("growth: the benchmark run failed: %s", text)
	case len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark"):
		return nil
	}
	if _, err := strconv.ParseUint(fields[1], 10, 64); err != nil {
		return nil //nolint:nilerr // a line of the benchmark's own that begins alike
	}
	name, ok := parseName(strings.TrimPrefix(fields[0], "Benchmark"))
	if !ok {
		return nil
	}
	for i := 2; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return fmt.Errorf("growth: benchmark output: %q is no number: %s", fields[i], text)
		}
		b.add(curveKey{name.benchmark, name.x, fields[i+1]}, name, value)
	}
	return nil
}

func (b *benchmarks) add(key curveKey, name benchmarkName, value float64) {
	lines := b.results[key]
	if lines == nil {
		lines = map[string]map[float64][]float64{}
		b.results[key] = lines
		b.order = append(b.order, key)
	}
	if lines[name.line] == nil {
		lines[name.line] = map[float64][]float64{}
	}
	lines[name.line][name.at] = append(lines[name.line][name.at], value)
}

// benchmarkName is a name taken apart: Growth/store=pebble/history=1000 is benchmark Growth, line store=pebble, x
// history at 1000.
type benchmarkName struct {
	benchmark, line, x string
	at                 float64
}

var processors = regexp.MustCompile(`-\d+$`)

// parseName looks for what varies. The number of processors at the end is left out unless the name ends in a negative
// number that only looks like one.
func parseName(name string) (benchmarkName, bool) {
	if parsed, ok := takeApart(processors.ReplaceAllString(name, "")); ok {
		return parsed, true
	}
	return takeApart(name)
}

func takeApart(name string) (benchmarkName, bool) {
	parts := strings.Split(name, "/")
	for i := len(parts) - 1; i > 0; i-- {
		x, number, ok := strings.Cut(parts[i], "=")
		at, err := strconv.ParseFloat(number, 64)
		if ok && err == nil && x != "" {
			others := append(slices.Clone(parts[1:i]), parts[i+1:]...)
			return benchmarkName{benchmark: parts[0], line: strings.Join(others, "/"), x: x, at: at}, true
		}
	}
	return benchmarkName{}, false
}

func (k curveKey) curve(lines map[string]map[float64][]float64) report.Curve {
	c := report.Curve{Title: k.benchmark + ": " + k.unit, X: report.Axis{Label: k.x}, Y: report.Axis{Label: k.unit}}
	var xs, ys []float64
	for _, name := range slices.SortedFunc(maps.Keys(lines), byNumberInside) {
		line := report.Line{Name: name}
		for _, x := range slices.Sorted(maps.Keys(lines[name])) {
			y := report.SpreadOf(lines[name][x]).Median
			line.Points = append(line.Points, [2]float64{x, y})
			xs, ys = append(xs, x), append(ys, y)
		}
		c.Lines = append(c.Lines, line)
	}
	c.X.Log, c.Y.Log = spansWide(xs), spansWide(ys)
	return c
}

var digits = regexp.MustCompile(`\d+`)

// byNumberInside puts sections=8 before sections=64.
func byNumberInside(a, b string) int {
	number := func(s string) float64 {
		n, err := strconv.ParseFloat(digits.FindString(s), 64)
		if err != nil {
			return 0
		}
		return n
	}
	if digits.ReplaceAllString(a, "") == digits.ReplaceAllString(b, "") {
		return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(a, b))
	}
	return strings.Compare(a, b)
}

func spansWide(values []float64) bool {
	s := report.SpreadOf(values)
	return s.Min > 0 && s.Max > report.FarApart*s.Min
}
