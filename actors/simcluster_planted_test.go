//go:build planted

package actors

import "testing"

// plantedClusterSeeds is how many worlds a planted bug may survive.
const plantedClusterSeeds = 3000

// TestPlantedBugsAreFoundInClusters runs whole clusters with each bug that only several nodes show, or that they must show too.
func TestPlantedBugsAreFoundInClusters(t *testing.T) {
	defer func() { activeBugs = 0 }()
	for _, bug := range []struct {
		name string
		bug  plantedBug
	}{
		{"P1, P3: the fence is ignored", plantPastFence},
		{"P2: an acceptance told before it is durable", plantAnswerEarly},
		{"P2: a refusal told before its cause is durable", plantRefuseEarly},
		{"a claim without asking the rule of takeover", plantReclaim},
		{"an append after the release", plantPastRelease},
		{"liveness: the release forgotten at a hand-over", plantNoRelease},
		{"P5: a search that does not wait until all are settled", plantUnsettled},
		{"P5: a section that does not ask who the home is", plantAnyHome},
		{"P10: a follower that applies what comes", plantOutOfOrder},
		{"a route that ignores who announced", plantDeafRoute},
		{"P4: records stamped by a clock that has stepped", plantBlindClock},
		{"P5: a drained section that judges what it turns away", plantGhosts},
		{"P1, P2: a log that lost acknowledged records is claimed", plantForgetSeen},
		{"P5: an operator's key that only one process knows", plantOwnMemory},
	} {
		t.Run(bug.name, func(t *testing.T) {
			activeBugs = bug.bug
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
