package lab

import (
	"os"
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

func TestResidentMemory(t *testing.T) {
	if got := parseStatm("1000 25 3 1 0 9 0", 4096); got != 25*4096 {
		t.Errorf("%d", got)
	}
	if parseStatm("", 4096) != 0 {
		t.Error("nothing was read as something")
	}
	if own := ResidentOf(os.Getpid()); own < 1<<20 {
		t.Errorf("this process has %d bytes", own)
	}
}

func TestParseBusy(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"cpu  1 2 4 800 1600 8 16 32 64 128\ncpu0 9 9 9 9 9 9 9 9 9 9\n": 63 * tick,
		"cpu  1 2 4":                         0,
		"intr 1 2 4 800 1600 8 16 32 64 128": 0,
		"":                                   0,
	} {
		if got := parseBusy(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// What is said to limit is what was seen.
