package bench

import (
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	cases := []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{5, 1, 3}, Spread{3, 1, 5}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
	}
	for _, c := range cases {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestProcessorTimeOfOtherProcesses(t *testing.T) {
	cases := []struct {
		stat string
		want time.Duration
	}{
		{"42 (holdfast) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 9 0 100", 1750 * time.Millisecond},
		{"42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 9 0 100", 30 * time.Millisecond},
		{"42 (x) S", 0},
		{"", 0},
	}
	for _, c := range cases {
		if got := parseStat(c.stat); got != c.want {
			t.Errorf("%q: %s, want %s", c.stat, got, c.want)
		}
	}
}
