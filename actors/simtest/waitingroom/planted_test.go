//go:build planted

package waitingroom

import (
	"testing"

	"holdfast/actors/planted"
)

// plantedSeeds is how many runs a planted bug may survive. The rarest needs a handful.
const plantedSeeds = 300

// TestPlantedWaitingRoomBugsAreFound runs the simulator with each bug that it must find: make test.
func TestPlantedWaitingRoomBugsAreFound(t *testing.T) {
	for _, bug := range []struct {
		name string
		bugs string
	}{
		{"G1: one number told to two", "same-number-twice"},
		{"G4: called out of order", "call-out-of-order"},
		{"G5: the cap is off by one", "cap-off-by-one"},
		{"G6: a slot freed without its barrier", "slot-without-barrier"},
		{"G8, G9: called when nothing is left", "call-past-stock"},
		{"P2: an acceptance told before it is durable", "answer-early"},
		{"P2: a refusal told before its cause is durable", "refuse-early"},
		{"P3: carry on after a fence", "past-fence"},
		{"P3: unknown taken for done", "unknown-is-done"},
		{"P3: unknown taken for failed", "unknown-is-failed"},
		{"S6: not written taken for the word on earlier sendings", "resend-is-word"},
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
