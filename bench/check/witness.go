package check

import (
	"cmp"
	"slices"
)

// witness looks for one order of the steps that the model allows and that respects time. An order found is a proof, as
// good as porcupine's: it was walked through the same model, step by step. None found proves nothing, and porcupine
// searches all of them. A correct server's seats nearly always have the order found here, which takes nanoseconds where
// the full search takes microseconds and garbage.
//
// The order is by return, except that a step which is not possible yet pulls forward one that makes it so. Why that
// respects time: of what is left, the step with the earliest return is i. A step j may go before everything left
// exactly when none of that returned before j was called, that is when call(j) ≤ ret(i); i itself always may. The steps
// are sorted by return as a side effect.
func witness(steps []step) bool {
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.ret, b.ret) })
	state, ok := seatState(0), false
	for i := 0; i < len(steps); i++ {
		for pulls := 0; ; pulls++ {
			if next, possible := state.next(steps[i].act, steps[i].booking); possible {
				state = next
				break
			}
			j := enabler(state, steps[i:])
			if j < 0 || pulls == pullsMax {
				return false
			}
			pulled := steps[i+j]
			if state, ok = state.next(pulled.act, pulled.booking); !ok {
				return false
			}
			copy(steps[i+1:i+j+1], steps[i:i+j])
			steps[i] = pulled
			i++
		}
	}
	return true
}

// pullsMax bounds how many steps one step may need before it: a hold that lapses, the next one's grant, its lapse …
const pullsMax = 4

// enabler finds, among the steps left, one that may come now and brings the state nearer to what the first one needs:
// -1, none. Of several it is the one that returns first, for it has the least time.
func enabler(state seatState, left []step) int {
	first := &left[0]
	for j := 1; j < len(left); j++ {
		s := &left[j]
		if s.call <= first.ret && leadsTo(state, s, first) {
			return j
		}
	}
	return -1
}

// leadsTo says whether s is a step from state towards what want needs.
func leadsTo(state seatState, s, want *step) bool {
	ends := state > 0 && s.booking == state && (s.act == lapse || s.act == release || s.act == maybeRelease)
	switch want.act {
	case grant, seenFree, seenEnded:
		return ends
	case seenTaken, seenHeld:
		return state == 0 && (s.act == grant || s.act == ghostHold)
	case confirm, extend:
		return ends || state == 0 && s.act == grant && s.booking == want.booking
	case seenSold:
		return state > 0 && s.booking == state && (s.act == confirm || s.act == maybeConfirm)
	}
	return false
}
