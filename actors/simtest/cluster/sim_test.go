package cluster_test

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/simtest"
)

func simulateCluster(seed uint64) (w *world, err error) {
	w = newWorld(seed)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("seed %d: panic: %v", seed, p)
		}
	}()
	if err := w.run(); err != nil {
		return w, fmt.Errorf("seed %d: %w", seed, err)
	}
	return w, nil
}

// TestSimulationOfCluster runs whole clusters, nodes with real engines, through pauses, crashes, drains, cuts and views
// that differ, and holds every answer, claim and record against the logs (P1, P2, P3, P4, P5, P9, P10, P11), and the
// time to come to rest against a bound. HOLDFAST_SIM_SEED=n replays one run, HOLDFAST_SIM_SEEDS=n takes n runs,
// HOLDFAST_SIM_TRACE=n tells the last n things that happened (9000: all, messages too).
func TestSimulationOfCluster(t *testing.T) {
	if seed, one := simtest.Seed(t); one {
		w, err := simulateCluster(seed)
		t.Logf("the end of the story:\n%s", w.story())
		t.Logf("fingerprint %x; what happened: %s", w.print, tallyText(w.tally))
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a world is garbage as soon as it has ended
	began, seeds := time.Now(), simtest.Seeds(t, seedsUsual)
	total := map[string]int{}
	for seed := range seeds {
		w, err := simulateCluster(seed + 1)
		if err != nil {
			t.Fatalf(
				"%v\nthe end of the story:\n%s\nreplay with: make sim SEED=%d", err, w.story(), seed+1,
			)
		}
		for what, n := range w.tally {
			total[what] += n
		}
	}
	took := time.Since(began)
	checkTeeth(t, total, seeds)
	t.Logf(
		"%d seeds in %v, %.0f a second; what happened: %s", seeds, took.Round(time.Millisecond),
		float64(seeds)/took.Seconds(), tallyText(total),
	)
}

// mustMeet is what enough worlds cannot miss.
var mustMeet = []string{
	"start", "crash: killed", "crash: left", "pause", "pause longer than the lapse", "drain", "leave", "store cut",
	"line cut", "held back", "flap", "shunned by all", "search by another than the home", "gossip lags", "clock step",
	"clock jump", "view changed", "session ended", "outbox full", "read broken off", "overslept", "freed", "fenced",
	"snapshot", "store: lost", "store: refused", "store: kept unheard", "store: late", "claim: first",
	"claim: released", "claim: lapsed", "claim: without a row", "claim refused", "told: accepted", "told: seat_taken",
	"told: sold_out", "told: mismatch", "told: too_many_for_buyer", "told: hold_expired", "told: hold_released",
	"lost: under its owner", "lost: behind a killed owner", "lost: while nobody ran", "lost: and closed everywhere",
	"told: not_confirmed", "told: already_confirmed", "told: unavailable", "told: timeout", "told: moved",
	"switch repeated late", "told: actors: sale is not open", "search told: accepted", "search told: sold_out",
	"start: on a restored copy", "start: forgotten",
}

// mustMeetOften is what only many worlds cannot miss.
var mustMeetOften = []string{"claim: yielded"}

func checkTeeth(t *testing.T, total map[string]int, seeds uint64) {
	must := slices.Clone(mustMeet)
	switch {
	case seeds < 1000:
		return
	case seeds >= 2000:
		must = append(must, mustMeetOften...)
	}
	for _, what := range must {
		if total[what] == 0 {
			t.Errorf("no world ever met %q: the simulator has lost its teeth", what)
		}
	}
}

// TestSimulationOfClusterRepeatsItself: one seed is one history, to the last moment; else no failure could be looked at
// twice.
func TestSimulationOfClusterRepeatsItself(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		first, _ := simulateCluster(seed)
		again, _ := simulateCluster(seed)
		if first.print != again.print || first.traced != again.traced {
			t.Errorf(
				"seed %d had two histories: fingerprints %x and %x, %d and %d notes", seed, first.print, again.print,
				first.traced, again.traced,
			)
		}
	}
}

func tallyText(tally map[string]int) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(tally)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, tally[what]))
	}
	return strings.Join(parts, " · ")
}

// TestSteppedEngineStartsNothingByItself: what runs is run by the simulator; a goroutine of the engine's own would be
// chance in a history that its seed is to decide.
func TestSteppedEngineStartsNothingByItself(t *testing.T) {
	w := newWorld(1)
	h := w.newHost(w.spots[0])
	_ = system()                          // it has goroutines, which nobody waits for
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
		h.build()
		if h.e.NextCommit() != nil || h.e.SnapshotsWait() {
			t.Error("an engine that nobody has asked for anything writes")
		}
		if again, err := h.e.Opening(w.plan.header.ID); again != nil || err != nil {
			t.Errorf("an event that is being opened is opened once more: %v", err)
		}
	})
	if queued := len(w.queue.heap); queued == 0 {
		t.Error("nothing waits for its time: the engine has found another clock")
	}
}
