package growth

import (
	"holdfast/bench/report"
	"reflect"
	"strings"
	"testing"
)

const benchmarkOutput = `goos: linux
goarch: amd64
pkg: holdfast/actors
cpu: AMD EPYC
BenchmarkGrowth/store=pebble/history=1000-2         	    1000	      1000 ns/op	 900 holds/s
BenchmarkGrowth/store=pebble/history=1000000-2      	     100	    90000 ns/op	 800 holds/s
BenchmarkGrowth/store=pebble/history=1000000-2      	     100	    70000 ns/op	 700 holds/s
BenchmarkGrowth/store=pebble/history=1000000-2      	     100	    80000 ns/op	 600 holds/s
BenchmarkGrowth/store=memory/history=1000-2         	    1000	       100 ns/op	 990 holds/s
BenchmarkFlat/sections=64-2   	  5	 7 ns/op
BenchmarkFlat/sections=8-2    	  5	 6 ns/op
BenchmarkFlat/sections=64/clients=4-2    	  5	 8 ns/op
BenchmarkFlat/sections=8/clients=4-2    	  5	 9 ns/op
BenchmarkAlone-2	 5	 1 ns/op
    growth_test.go:12: BenchmarkGrowth told something
BenchmarkNoResult
PASS
ok  	holdfast/actors	12.3s
`

func TestBenchmarksBecomeCurves(t *testing.T) {
	got, err := Benchmarks(strings.NewReader(benchmarkOutput))
	if err != nil {
		t.Fatal(err)
	}
	axis := func(label string, log bool) report.Axis { return report.Axis{Label: label, Log: log} }
	line := func(name string, points ...[2]float64) report.Line { return report.Line{Name: name, Points: points} }
	want := []report.Curve{
		{Title: "Growth: ns/op", X: axis("history", true), Y: axis("ns/op", true), Lines: []report.Line{
			line("store=memory", [2]float64{1000, 100}), line("store=pebble", [2]float64{1000, 1000},
				[2]float64{1e6, 80000}),
		}},
		{Title: "Growth: holds/s", X: axis("history", true), Y: axis("holds/s", false), Lines: []report.Line{
			line("store=memory", [2]float64{1000, 990}), line("store=pebble", [2]float64{1000, 900},
				[2]float64{1e6, 700}),
		}},
		{Title: "Flat: ns/op", X: axis("sections", false), Y: axis("ns/op", false), Lines: []report.Line{
			line("", [2]float64{8, 6}, [2]float64{64, 7}),
		}},
		{Title: "Flat: ns/op", X: axis("clients", false), Y: axis("ns/op", false), Lines: []report.Line{
			line("sections=8", [2]float64{4, 9}), line("sections=64", [2]float64{4, 8}),
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestBenchmarkNames(t *testing.T) {
	for _, c := range []struct {
		name string
		want benchmarkName
		ok   bool
	}{
		{"Growth/history=1000000-2", benchmarkName{"Growth", "", "history", 1e6}, true},
		{"Growth/history=1000000", benchmarkName{"Growth", "", "history", 1e6}, true},
		{"Growth/history=1e6-16", benchmarkName{"Growth", "", "history", 1e6}, true},
		{"Growth/shift=-5", benchmarkName{"Growth", "", "shift", -5}, true},
		{"Growth/shift=-5-2", benchmarkName{"Growth", "", "shift", -5}, true},
		{"Growth/n=8/hot/kind=hold-2", benchmarkName{"Growth", "hot/kind=hold", "n", 8}, true},
		{"Growth/n=8/m=9-2", benchmarkName{"Growth", "n=8", "m", 9}, true},
		{"Growth-2", benchmarkName{}, false},
		{"Growth/kind=hold-2", benchmarkName{}, false},
		{"Growth/=8-2", benchmarkName{}, false},
	} {
		if got, ok := parseName(c.name); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v, want %+v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestBrokenBenchmarkOutput(t *testing.T) {
	const good = "BenchmarkGrowth/n=8-2 5 7 ns/op\n"
	for _, c := range []struct{ name, text, want string }{
		{"a failed benchmark", good + "--- FAIL: BenchmarkGrowth/n=64\n", "failed"},
		{"a failed build", good + "FAIL\tholdfast/actors [build failed]\n", "build failed"},
		{"a panic", good + "panic: nil map\n", "nil map"},
		{"no number", "BenchmarkGrowth/n=8-2 5 seven ns/op\n", "seven"},
		{"an endless line", strings.Repeat("x", 2<<20), "too long"},
	} {
		if curves, err := Benchmarks(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) ||
			curves != nil {
			t.Errorf("%s: %v, %v, want an error with %q and no curve", c.name, curves, err, c.want)
		}
	}
	if curves, err := Benchmarks(strings.NewReader("")); err != nil || curves != nil {
		t.Errorf("of nothing: %v, %v", curves, err)
	}
}
