package main

import (
	"path/filepath"
	"testing"
	"time"

	"holdfast/actors/planted"
	"holdfast/bench/lab"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// plantedBinary builds a server that has bugs on purpose, none of which is awake until HOLDFAST_PLANT names it.
func plantedBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "holdfast")
	if err := planted.Build(t.Context(), binary); err != nil {
		t.Fatal(err)
	}
	return binary
}

func verdictOn(t *testing.T, scenario string, environment ...string) *report.Report {
	t.Helper()
	s, err := run.FindScenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	s.Venue, s.Load.Conns, s.Load.Duration, s.Load.Patience = lab.UniformVenue(8, 20, 20), 32, time.Second,
		10*time.Second
	if s.Load.Rate > 0 {
		s.Load.Rate, s.Load.Burst = 1000, 0
	}
	r, err := run.Run(t.Context(), run.Config{
		Scenario: s, Targets: []lab.Target{lab.Embedded(plantedServer(t), environment...)}, Seed: 3,
		Folder: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var built string

func plantedServer(t *testing.T) string {
	if built == "" {
		t.Fatal("the server is not built")
	}
	return built
}

// TestPlantedServerIsCaught runs real servers that are broken on purpose. Each must fail a check, and the same server
// with no bug awake must pass them all: else the verdict would be worth nothing.
func TestPlantedServerIsCaught(t *testing.T) {
	built = plantedBinary(t)
	defer func() { built = "" }()
	for _, c := range []struct {
		bug      string
		scenario string
		caught   bool
	}{
		{"", "stampede", false},
		{"", "failover", false},
		{"double-grant", "stampede", true},   // P1
		{"drop-hold", "stampede", true},      // P2
		{"early-lapse", "bots", true},        // P4
		{"false-sold-out", "stampede", true}, // P11
		{"phantom", "stampede", true},        // P7: a refused request in the log
	} {
		t.Run(c.bug+" in "+c.scenario, func(t *testing.T) {
			var environment []string
			if c.bug != "" {
				environment = []string{"HOLDFAST_PLANT=" + c.bug}
			}
			r := verdictOn(t, c.scenario, environment...)
			first := r.Sides[0].Checks[0]
			if caught := first.Verdict == report.Failed; caught != c.caught {
				t.Fatalf("%s: %s\n%s", first.Name, first.Verdict, r.Text())
			}
			if !c.caught && !good(r) && r.Sides[0].Rounds[0].Void == "" {
				t.Errorf("a server without a bug did not pass:\n%s", r.Text())
			}
		})
	}
}
