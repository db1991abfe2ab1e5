package simtest

import (
	"fmt"
	"testing"
)

// steps is the length of one run: long enough for a few takeovers, short enough to be read after a failure.
const steps = 250

// seedsUsual is how many runs an ordinary test takes.
const seedsUsual = 3000

func simulate(seed uint64) (*world, error) {
	w := newWorld(seed)
	if err := w.run(steps); err != nil {
		return w, fmt.Errorf("seed %d: %w", seed, err)
	}
	return w, nil
}

// TestSimulation runs two writers of one section through crashes, takeovers, pauses, lost, late and repeated appends,
// and holds every answer against the log (P1, P2, P3, P5, P10). HOLDFAST_SIM_SEED=n replays one run,
// HOLDFAST_SIM_SEEDS=n takes n runs.
func TestSimulation(t *testing.T) {
	if seed, one := Seed(t); one {
		w, err := simulate(seed)
		t.Logf("what happened: %v", w.tally)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	total := map[string]int{}
	for seed := range Seeds(t, seedsUsual) {
		w, err := simulate(seed + 1)
		if err != nil {
			t.Fatalf("%v\nreplay with HOLDFAST_SIM_SEED=%d go test ./actors/simtest -run TestSimulation -v",
				err, seed+1)
		}
		for what, n := range w.tally {
			total[what] += n
		}
	}
	t.Logf("what happened: %v", total)
	for _, what := range []string{"accepted", "seat_taken", "sold_out", "idempotency_mismatch", "hold_expired", "crash",
		"takeover", "stopped", "lost", "late", "kept unheard", "unavailable", "snapshot", "no answer"} {
		if total[what] == 0 {
			t.Errorf("no run ever met %q: the simulator has lost its teeth", what)
		}
	}
}
