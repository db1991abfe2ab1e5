//go:build planted

package cluster_test

import (
	"strings"
	"testing"

	"holdfast/actors/planted"
)

// TestPlantedBugsOfCoordinatorsAreFound runs whole clusters whose event has coordinators with each bug that breaks what
// they promise: the judge or the audit's G10 and G11 must say so.
func TestPlantedBugsOfCoordinatorsAreFound(t *testing.T) {
	for _, bug := range []struct {
		name string
		bug  string
		says string // part of what must be found
		from uint64 // where the search begins: a little before the world that found it last
	}{
		{"a section takes an older coordinator's grants", "older-grant", "P13", 0},
		{"a coordinator grants before all sections have its fence", "hasty-grant", "in peace", 0}, // the others refuse
		{"a grant of unknown fate is given back", "doubt-is-no", "P13", 300},
		{"a key that no coordinator has seen", "lone-key", "P5", 365},
		{"a count that forgets a closed section", "closed-uncounted", "P13", 1825},
		{"a section without the epoch's fence is excluded", "skips-living", "P13", 30},
	} {
		t.Run(bug.name, func(t *testing.T) {
			planted.For(t, bug.bug)
			for seed := uint64(1); seed <= plantedClusterSeeds; seed++ {
				_, err := simulateCluster(coordinatedFrom + bug.from + seed)
				if err != nil && strings.Contains(err.Error(), bug.says) {
					t.Logf("found: %v", err)
					return
				}
			}
			t.Errorf("survived %d seeds", plantedClusterSeeds)
		})
	}
}
