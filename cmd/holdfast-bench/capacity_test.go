package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/bench/capacity"
	"holdfast/bench/report"
)

// parseCapacity is the command as it would be typed, without anything being run.
func parseCapacity(t *testing.T, arguments ...string) *capacityCommand {
	t.Helper()
	var all commands
	parser, err := kong.New(&all, kong.Exit(func(int) { t.Fatal("the command line was refused") }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"capacity"}, arguments...)); err != nil {
		t.Fatal(err)
	}
	return &all.Capacity
}

func TestCapacityFlagsReachTheSearch(t *testing.T) {
	c, err := parseCapacity(t, "--target", "http://127.0.0.1:1").config()
	if err != nil {
		t.Fatal(err)
	}
	want := capacity.Climb{From: 500, Factor: 1.5, Tolerance: 0.08, Tries: 2}
	if c.Climb != want || c.SLO != (capacity.SLO{P99: 100 * time.Millisecond, Failed: 0.001}) || c.Headroom != 0.3 ||
		c.Step != 5*time.Second || c.Scenario.Name != "onsale" || c.Seed == 0 {
		t.Errorf("%+v", c)
	}
	c, err = parseCapacity(t, "--target", "http://127.0.0.1:1", "--scenario", "steady", "--slo-p99", "20ms",
		"--slo-failed", "1", "--from", "10", "--to", "90", "--factor", "3",
		"--within", "0.05", "--tries", "1", "--step", "1s", "--warmup", "2s", "--think", "3s", "--session", "4s",
		"--conns", "5", "--events", "6", "--hold-ttl", "7s",
		"--seed", "8", "--loops", "2", "--unchecked").config()
	if err != nil {
		t.Fatal(err)
	}
	want = capacity.Climb{From: 10, Most: 90, Factor: 3, Tolerance: 0.05, Tries: 1}
	if c.Climb != want || c.SLO != (capacity.SLO{P99: 20 * time.Millisecond, Failed: 0.01}) || c.Step != time.Second ||
		c.Warmup != 2*time.Second || c.Habits.Think != 3*time.Second ||
		c.Session != 4*time.Second || c.Conns != 5 || c.Events != 6 || c.Scenario.HoldTTL != 7*time.Second ||
		c.Seed != 8 || c.Loops != 2 || !c.Unchecked || c.Scenario.Name != "steady" {
		t.Errorf("%+v", c)
	}
}

func TestCapacityRefusesNonsense(t *testing.T) {
	for name, arguments := range map[string][]string{
		"neither server":       {"capacity"},
		"an unlikely scenario": {"capacity", "--target", "http://127.0.0.1:1", "--scenario", "eras"},
		"nobody is there":      {"capacity", "--target", "http://127.0.0.1:1"},
		"no way up":            {"capacity", "--target", "http://127.0.0.1:1", "--factor", "1"},
	} {
		var out, errs bytes.Buffer
		if code := command(t.Context(), arguments, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%s: code %d, said %q", name, code, errs.String())
		}
	}
}

// The last line is the advice; the files are there; and what is not good ends with another code.
func TestCapacityConcludes(t *testing.T) {
	for name, row := range map[string]struct {
		verdict string
		admit   float64
		want    error
	}{
		"good":           {report.Passed, 70, nil},
		"a failed check": {report.Failed, 70, errVerdict},
		"no rate":        {report.Passed, 0, errVerdict},
	} {
		var out bytes.Buffer
		c := &capacityCommand{}
		c.Report = filepath.Join(t.TempDir(), "out", "capacity")
		found := &capacity.Capacity{Words: []string{"the advice", "and more"}}
		found.Admit += found.Finding.Sustained // zero
		if row.admit > 0 {
			found.Admit = 70
		}
		found.Report = &report.Report{
			Version: report.FormatVersion, Scenario: "capacity, onsale", Notes: found.Words,
			Sides: []report.Side{{Name: "holdfast", Checks: []report.Check{{Name: "all", Verdict: row.verdict}}}},
		}
		if err := c.conclude(&console{ctx: t.Context(), out: &out}, found); !errors.Is(err, row.want) {
			t.Errorf("%s: ends with %v", name, err)
		}
		if !strings.HasSuffix(out.String(), "\n\nthe advice\n") {
			t.Errorf("%s: %s", name, out.String())
		}
		for _, ending := range []string{".html", ".json", ".csv"} {
			if info, err := os.Stat(c.Report + ending); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", ending, err)
			}
		}
	}
}
