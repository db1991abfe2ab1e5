package baselines

import "math/rand/v2"

// first and anyOf pick one of n candidates. A baseline that chooses before it takes picks any of the good ones: were
// everybody to pick the first, everybody but one would be too late.
func first(int) int   { return 0 }
func anyOf(n int) int { return rand.IntN(n) }

// candidatesMax is among how many runs a buyer's seats are picked: the front of what is free, not all of it.
const candidatesMax = 32

// choose picks quantity of the open seats (rising, of one section): neighbours if there are any, else the ones in
// front. It is nil when there are too few.
func choose(e *event, open []int32, quantity int, pick func(n int) int) []int32 {
	if len(open) < quantity {
		return nil
	}
	var starts []int
	for i := 0; i+quantity <= len(open) && len(starts) < candidatesMax; {
		if run := open[i : i+quantity]; e.together(run) {
			starts = append(starts, i)
			i += quantity
		} else {
			i++
		}
	}
	if starts == nil {
		at := pick(min(candidatesMax, len(open)-quantity+1))
		return open[at : at+quantity]
	}
	at := starts[pick(len(starts))]
	return open[at : at+quantity]
}
