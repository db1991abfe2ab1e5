//go:build planted

package money

import (
	"testing"

	"holdfast/actors/planted"
)

// TestPlantedBugsOfMoneyAreFound guards P6: the explorer sees bugs in the checkout's own source, in the till and in the
// section, as it sees those of the ports around it; and without them the same worlds go well.
func TestPlantedBugsOfMoneyAreFound(t *testing.T) {
	for bug, as := range map[string]struct{ mistake, says string }{
		"confirm-before-charged": {"sold before the money is there", "I3, I4"},
		"refund-twice":           {"a refund given under two ids", "I6"},
		"stale-decline":          {"a late no to one attempt ends another", "I3"},
		"late-money-dropped":     {"money taken against the bank's word is lost", "P6"},
	} {
		t.Run(bug, func(t *testing.T) {
			row := mistakes[as.mistake]
			for at := range row.depth + 1 {
				if _, err := exploreFrom(none, row.from, at); err != nil {
					t.Fatalf("asleep: %v", err)
				}
			}
			planted.For(t, bug)
			findMistake(t, as.mistake, none, as.says)
		})
	}
}
