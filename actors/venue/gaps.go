package venue

import (
	"math"
	"slices"
)

// gapRatio is how much wider than its neighbours a step must be to be an aisle. Curved and tapered rows vary by a few per cent, an
// aisle is one seat or more.
const gapRatio = 1.75

// markGaps sets breaks where neighbouring seats stand clearly farther apart than seats of their row do. The usual step is the lower
// quartile: the median would be an aisle itself in a row of pairs.
func markGaps(seats []draftSeat) {
	if len(seats) < 3 {
		return // one step has nothing to be compared with
	}
	steps := make([]float64, len(seats)-1)
	for i := range steps {
		steps[i] = math.Hypot(seats[i+1].x-seats[i].x, seats[i+1].y-seats[i].y)
	}
	sorted := slices.Sorted(slices.Values(steps))
	usual := sorted[(len(sorted)-1)/4]
	if usual <= 0 {
		return // seats drawn on one spot say nothing about neighbours
	}
	for i, step := range steps {
		if step > gapRatio*usual {
			seats[i+1].breakBefore = true
		}
	}
}
