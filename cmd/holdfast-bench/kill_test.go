package main

import (
	"strings"
	"testing"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/lab"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// TestKillNineInFrontOfAWaitingRoom: P2, P3, P8. A server is killed with -9 every second while people join and are
// called: places stay theirs, numbers dense, nobody is called twice or skipped, the cap holds, and each audit is clean.
func TestKillNineInFrontOfAWaitingRoom(t *testing.T) {
	s, err := run.FindScenario("doors")
	if err != nil {
		t.Fatal(err)
	}
	s.Venue, s.HoldTTL = lab.UniformVenue(4, 5, 20), 5*time.Second
	s.Load.Conns, s.Load.Rate, s.Load.Count, s.Load.Patience = 32, 300, 1200, time.Minute
	s.WaitingRoom = &lab.WaitingRoom{ActiveMax: 50, Session: 10 * time.Second, Turn: 10 * time.Second,
		Grace: time.Second}
	s.Killed(time.Second)
	r, err := run.Run(t.Context(), run.Config{
		Scenario: s, Targets: []lab.Target{lab.Embedded(plantedBinary(t))}, Seed: 4, Folder: t.TempDir(),
		Habits: buyers.Habits{NoShowPart: 0.2, Think: 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range r.Sides[0].Checks {
		if check.Verdict != report.Passed {
			t.Errorf("%s: %s: %s %v", check.Name, check.Verdict, check.Detail, check.Faults)
		}
	}
	kills := 0.0
	for _, f := range r.Figures {
		if strings.HasSuffix(f.Name, "kill -9") {
			kills = f.Value
		}
	}
	if kills < 2 {
		t.Errorf("it was killed %.0f times: this test shows nothing\n%s", kills, r.Text())
	}
	t.Log(r.Text())
}
