package waitingroom

import (
	"fmt"
	"testing"

	"holdfast/actors/simtest"
)

// steps is the length of one run: long enough for a few takeovers, short enough to be read after a failure.
const steps = 600

// seedsUsual is how many runs an ordinary test takes.
const seedsUsual = 300

func simulate(seed uint64) (*world, error) {
	w := newWorld(seed)
	if err := w.run(steps); err != nil {
		return w, fmt.Errorf("seed %d: %w", seed, err)
	}
	return w, nil
}

// TestSimulationOfWaitingRoom runs two writers of one gate through crashes, takeovers, clock steps, lost and repeated
// appends that come late, and holds every answer against the log, and the log against the audit (P2, P3, P5, P8, P10).
func TestSimulationOfWaitingRoom(t *testing.T) {
	if seed, one := simtest.Seed(t); one {
		w, err := simulate(seed)
		t.Logf("what happened: %v", w.tally)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	total := map[string]int{}
	for seed := range simtest.Seeds(t, seedsUsual) {
		w, err := simulate(seed + 1)
		if err != nil {
			t.Fatalf("%v\nreplay with HOLDFAST_SIM_SEED=%d go test ./actors/simtest/waitingroom -run TestSimulation -v",
				err, seed+1)
		}
		for what, n := range w.tally {
			total[what] += n
		}
	}
	t.Logf("what happened: %v", total)
	for _, what := range []string{"joined", "inside", "hold", "crash", "takeover", "clock step", "stopped", "lost",
		"late", "kept unheard", "unavailable", "snapshot", "no answer", "not_your_turn", "turn_lapsed", "place_left",
		"session_ended", "queue_paused", "acks_too_old", "drawn_already", "all settled"} {
		if total[what] == 0 {
			t.Errorf("no run ever met %q: the simulator has lost its teeth", what)
		}
	}
}
