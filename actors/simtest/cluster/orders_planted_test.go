//go:build planted

package cluster_test

import (
	"strings"
	"testing"

	"holdfast/actors/planted"
)

// TestPlantedBugsOfOrdersAreFound runs whole clusters whose buyers book over several sections with each bug that breaks
// what such bookings promise: the judge must say so.
func TestPlantedBugsOfOrdersAreFound(t *testing.T) {
	for _, bug := range []struct {
		name string
		bug  string
		says string // part of what must be found
		from uint64 // where the search begins: a little before the world that found it last
	}{
		{"a leg is forgotten", "leg-forgotten", "I9", 0},
		{"a leg acts by its clock", "leg-by-clock", "I10", 0},
		{"a leg is freed on doubt", "doubt-frees", "I7", 235},
		{"a sale is told before all legs are sold", "sold-in-part", "I9", 0},
		{"presumed abort without a fence", "abort-unfenced", "I7", 0},
		{"a leg keeps what its home has given back", "shrunk-forgotten", "I9", 45},
		{"money that comes late sells in a cancelled event", "cancel-sells", "called off", 70},
		{"a buyer may not give a booking of a postponed event back", "return-refused", "refuses to take", 0},
		{"a booking of a postponed event may be given back for ever", "return-late", "when the time for it is over", 0},
		{"a grant that waits for its section is given back", "waiting-fenced", "P13", 29040},
		{"what is given back is owed twice", "return-twice", "is given back, and", 40},
	} {
		t.Run(bug.name, func(t *testing.T) {
			planted.For(t, bug.bug)
			for seed := uint64(1); seed <= plantedClusterSeeds; seed++ {
				_, err := simulateCluster(ordersFrom + bug.from + seed)
				if err != nil && strings.Contains(err.Error(), bug.says) {
					t.Logf("found: %v", err)
					return
				}
			}
			t.Errorf("survived %d seeds", plantedClusterSeeds)
		})
	}
}
