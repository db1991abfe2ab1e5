package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/actors/planted"
	"holdfast/bench/buyers"
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
	scenario, crammed := strings.CutSuffix(scenario, ", crammed")
	s, err := run.FindScenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	s.Venue, s.Load.Conns, s.Load.Duration, s.Load.Patience = lab.UniformVenue(8, 20, 20), 32, time.Second,
		10*time.Second
	habits := buyers.Habits{}
	if s.WaitingRoom != nil { // soon sold out
		s.Venue, s.HoldTTL, s.Load.Patience = lab.UniformVenue(4, 2, 20), 5*time.Second, 40*time.Second
		habits = buyers.Habits{NoShowPart: 0.05, Think: 200 * time.Millisecond, PayPart: 0.9, ReleasePart: 0.1}
		s.WaitingRoom = &lab.WaitingRoom{ActiveMax: 200, Session: 10 * time.Second, Turn: 10 * time.Second,
			Grace: time.Second}
	}
	if crammed { // many are on their way when the cap is lowered: they wait for slots, which are free one by one
		s.Load.Patience, habits.Think = 12*time.Second, 2*time.Second
		s.WaitingRoom.Lowered, s.WaitingRoom.LoweredAfter = 5, 1500*time.Millisecond
	}
	if s.Load.Rate > 0 {
		s.Load.Rate, s.Load.Burst, s.Load.Count = 1000, 0, 0
	}
	r, err := run.Run(t.Context(), run.Config{
		Scenario: s, Targets: []lab.Target{lab.Embedded(plantedServer(t), environment...)}, Seed: 3, Habits: habits,
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
	t.Cleanup(func() { built = "" })
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
		{"", "doors", false},
		{"call-out-of-order", "doors, crammed", true}, // P8, G4
		{"cap-off-by-one", "doors, crammed", true},    // P8, G5
		{"call-past-stock", "doors", true},            // P8, G9
		{"same-number-twice", "doors", true},          // P8, G1
		{"slot-without-barrier", "doors", true},       // P8, G6
		{"admit-borrowed", "doors", true},             // P8, G7
	} {
		t.Run(c.bug+" in "+c.scenario, func(t *testing.T) {
			if strings.HasPrefix(
				c.scenario, "doors",
			) { // it waits most of the time: for turns that pass, and for the last seats
				t.Parallel()
			}
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
