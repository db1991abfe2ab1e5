package bench

import (
	"testing"
	"time"
)

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
