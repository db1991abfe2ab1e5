//go:build planted

package cluster_test

import (
	"strings"
	"testing"

	"holdfast/actors/planted"
)

// TestPlantedOutsidersAreFoundInClusters runs whole clusters with the bugs of package cluster that let in whom an
// operator started by mistake.
func TestPlantedOutsidersAreFoundInClusters(t *testing.T) {
	for _, bug := range []struct {
		name string
		bug  string
		says string // part of what must be found
	}{
		{"two databases under one gossip", "foreign-members", "P1: "},
		{"a stand-by that was forgotten claims", "forgotten-standby", "in no gossip"},
	} {
		t.Run(bug.name, func(t *testing.T) {
			planted.For(t, bug.bug)
			for seed := uint64(1); seed <= plantedClusterSeeds; seed++ {
				if _, err := simulateCluster(seed); err != nil && strings.Contains(err.Error(), bug.says) {
					t.Logf("found: %v", err)
					return
				}
			}
			t.Errorf("survived %d seeds", plantedClusterSeeds)
		})
	}
}
