//go:build planted

package cluster_test

import (
	"testing"

	"holdfast/actors/planted"
)

// plantedClusterSeeds is how many worlds a planted bug may survive.
const plantedClusterSeeds = 3000

// TestPlantedBugsAreFoundInClusters runs whole clusters with each bug that only several nodes show, or that they must
// show too.
func TestPlantedBugsAreFoundInClusters(t *testing.T) {
	for _, bug := range []struct {
		name string
		bug  string
	}{
		{"P1, P3: the fence is ignored", "past-fence"},
		{"P2: an acceptance told before it is durable", "answer-early"},
		{"P2: a refusal told before its cause is durable", "refuse-early"},
		{"a claim without asking the rule of takeover", "reclaim-without-rule"},
		{"an append after the release", "past-release"},
		{"liveness: the release forgotten at a hand-over", "no-release"},
		{"P5: a search that does not wait until all are settled", "unsettled"},
		{"P5: a section that does not ask who the home is", "any-home"},
		{"P10: a follower that applies what comes", "out-of-order"},
		{"a route that ignores who announced", "deaf-route"},
		{"P4: records stamped by a clock that has stepped", "blind-clock"},
		{"P5: a drained section that judges what it turns away", "ghosts"},
		{"P1, P2: a log that lost acknowledged records is claimed", "forget-seen"},
		{"P5: an operator's key that only one process knows", "own-memory"},
	} {
		t.Run(bug.name, func(t *testing.T) {
			planted.For(t, bug.bug)
			for seed := uint64(1); seed <= plantedClusterSeeds; seed++ {
				if _, err := simulateCluster(seed); err != nil {
					t.Logf("found: %v", err)
					return
				}
			}
			t.Errorf("survived %d seeds", plantedClusterSeeds)
		})
	}
}
