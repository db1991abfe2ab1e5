//go:build planted

package simtest

import (
	"errors"
	"testing"

	"holdfast/actors/planted"
)

// plantedSeeds is how many runs a planted bug may survive. The rarest needs some dozens.
const plantedSeeds = 600

// TestPlantedBugsAreFound runs the simulator with each bug that it must find: make test.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range []struct {
		name string
		bugs string
	}{
		{"P2: an acceptance told before it is durable", "answer-early"},
		{"P2: a refusal told before its cause is durable", "refuse-early"},
		{"P3: carry on after a fence", "past-fence"},
		{"P3: carry on after a fence, without the second guard", "past-fence,no-tickets"},
		{"P3: unknown taken for done", "unknown-is-done"},
		{"P3: unknown taken for failed", "unknown-is-failed"},
		{"S6: not written taken for the word on earlier sendings", "resend-is-word"},
		{"P5: requests forgotten by replay", "forget-requests"},
		{"P1: sales that leave the tickets table alone", "no-tickets"},
	} {
		t.Run(bug.name, func(t *testing.T) {
			planted.For(t, bug.bugs)
			for seed := uint64(1); seed <= plantedSeeds; seed++ {
				if _, err := simulate(seed); err != nil {
					t.Logf("found: %v", err)
					return
				}
			}
			t.Errorf("survived %d seeds", plantedSeeds)
		})
	}
}

// salesUnder counts double sales over many runs that judge nothing else, and how often the tickets table refused one.
func salesUnder(t *testing.T, bugs string, seeds uint64) (double, guardMet int) {
	planted.For(t, bugs)
	for seed := uint64(1); seed <= seeds; seed++ {
		w := newWorld(seed)
		w.salesOnly = true
		var sale doubleSale
		if errors.As(w.run(steps), &sale) {
			double++
		}
		guardMet += w.guardMet
	}
	return double, guardMet
}

// TestPlantedFenceAlone shows that P1's two guards are independent: with the fence broken the tickets table alone stops
// every double sale, with both broken some happen.
func TestPlantedFenceAlone(t *testing.T) {
	const seeds = 1500
	double, met := salesUnder(t, "past-fence", seeds)
	if double != 0 {
		t.Errorf("P1: %d runs sold a seat twice although the tickets table was there", double)
	}
	if met == 0 {
		t.Errorf("the tickets table was never asked to stop a double sale in %d runs: this test shows nothing", seeds)
	}
	both, _ := salesUnder(t, "past-fence,no-tickets", seeds)
	if both == 0 {
		t.Errorf("no double sale in %d runs without any guard: this test shows nothing", seeds)
	}
	t.Logf("fence broken: stopped by the tickets table %d times; both broken: double sales in %d runs", met, both)
}

// TestPlantedBuyersBugsAreFound: the simulator finds those that the log of one section shows.
func TestPlantedBuyersBugsAreFound(t *testing.T) {
	for _, bug := range []string{"double-grant", "drop-hold", "early-lapse", "repeat-anew", "false-sold-out"} {
		planted.For(t, bug)
		found := error(nil)
		for seed := uint64(1); seed <= plantedSeeds && found == nil; seed++ {
			_, found = simulate(seed)
		}
		if t.Logf("bug %s: %v", bug, found); found == nil {
			t.Errorf("bug %s survived %d seeds", bug, plantedSeeds)
		}
	}
}
