package check

import (
	"github.com/anishathalye/porcupine"
	"holdfast/bench/check/history"
)

// seatState is one seat in the model: 0 free, b held by booking b, -b sold to booking b. Bookings are numbered from 1
// within the seat.
type seatState int32

// act is one step a seat can take, or one look at it.
type act uint8

// The acts. Those that say "maybe" are what a request of unknown outcome, or the clock, may do: always possible, for
// where they do not fit they do nothing. Their return is Never, so an order may put them last, behind everything that
// was observed; that is how "it had no effect" is modelled.
const (
	grant act = iota + 1 // booking takes the free seat
	// booking gives it back, or had lost it already: a hold that is over is released without complaint
	release
	maybeRelease //
	confirm      // booking's hold becomes a sale; again, nothing
	maybeConfirm //
	extend       // booking holds it
	lapse        // booking's hold ends by the clock
	ghostHold    // a booking whose id nobody heard takes the seat, if it is free
	seenEnded    // booking does not have it
	seenTaken    // it is not free
	seenFree     // the map's letters
	seenHeld     //
	seenSold     //
)

var actNames = [...]string{
	grant: "granted", release: "released", maybeRelease: "perhaps released", confirm: "confirmed",
	maybeConfirm: "perhaps confirmed",
	extend:       "extended", lapse: "may lapse", ghostHold: "perhaps held by an unknown booking",
	seenEnded: "told that it ended",
	seenTaken: "refused as taken", seenFree: "shown free", seenHeld: "shown held", seenSold: "shown sold",
}

func (a act) String() string { return actNames[a] }

// next is the whole model: what the seat is after the act, and whether the act was possible.
func (s seatState) next(a act, booking seatState) (seatState, bool) {
	mine := s == booking
	switch a {
	case grant:
		return booking, s == 0
	case ghostHold:
		if s == 0 {
			return booking, true
		}
	case release:
		if mine {
			return 0, true
		}
		return s, s != -booking
	case maybeRelease, lapse:
		if mine {
			return 0, true
		}
	case confirm:
		return -booking, mine || s == -booking
	case maybeConfirm:
		if mine {
			return -booking, true
		}
	default:
		return s, s.shows(a, booking)
	}
	return s, true
}

// shows says whether an act that changes nothing is possible.
func (s seatState) shows(a act, booking seatState) bool {
	switch a {
	case extend:
		return s == booking
	case seenEnded:
		return s != booking && s != -booking
	case seenTaken:
		return s != 0
	case seenFree:
		return s == 0
	case seenHeld:
		return s > 0
	}
	return s < 0 // seenSold
}

// step is an act with the time it had for it.
type step struct {
	call, ret history.Nanos
	booking   seatState
	act       act
}

// seatModel is the same for porcupine.
var seatModel = porcupine.Model{
	Init: func() any { return seatState(0) },
	Step: func(state, input, _ any) (bool, any) {
		s := input.(step)
		next, ok := state.(seatState).next(s.act, s.booking)
		return ok, next
	},
	Equal: func(a, b any) bool { return a == b },
	Hash:  func(state any) uint64 { return mix(uint64(state.(seatState))) },
}

// operations are the steps as porcupine wants them.
func operations(steps []step) []porcupine.Operation {
	list := make([]porcupine.Operation, len(steps))
	for i, s := range steps {
		list[i] = porcupine.Operation{ClientId: i, Input: s, Call: int64(s.call), Return: int64(s.ret)}
	}
	return list
}
