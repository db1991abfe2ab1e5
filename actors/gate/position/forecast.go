package position

import "holdfast/actors/gate"

// Forecast finds out how true ETAs were: it notes what a frame tells of ranks a minute and ten minutes away, and
// compares when they are called. Its size is fixed. The zero value has noted nothing. It is not safe for concurrent
// use.
type Forecast struct {
	noted   [forecastMax]forecast
	n       int
	newest  gate.Instant
	started bool
}

type forecast struct {
	rank     gate.Rank
	from     gate.Instant
	estimate int64 // seconds
}

// Horizons are the ETAs whose truth is looked at, in seconds.
var Horizons = [...]int64{60, 600}

const (
	forecastEvery = 10_000 // ms
	forecastMax   = 256    // what is not called meanwhile: two in ten seconds, for twenty minutes
)

// Saw takes a frame as it was told at an instant, and calls found for each ETA whose time has come: the estimate, and
// what it was in truth, in seconds. While calls stand still for a reason that everybody is told (paused, sold out),
// what was noted is given up: those who wait have been told another answer since.
func (f *Forecast) Saw(at gate.Instant, frame *Frame, found func(estimate, was int64)) {
	if frame.stopped() != "" {
		if frame.Paused || frame.SoldOut {
			f.n = 0
		}
		return
	}
	left := f.noted[:0]
	for _, n := range f.noted[:f.n] {
		if n.rank < frame.Called {
			found(n.estimate, int64(at-n.from)/1000)
		} else {
			left = append(left, n)
		}
	}
	f.n = len(left)
	if f.started && at < f.newest+forecastEvery {
		return
	}
	f.started, f.newest = true, at
	for _, estimate := range Horizons {
		rank := frame.Called + gate.Rank(uint64(estimate)*uint64(frame.Pace)/1000)
		if f.n < forecastMax && rank > frame.Called && uint32(rank) < frame.Joined {
			f.noted[f.n] = forecast{rank - 1, at, estimate}
			f.n++
		}
	}
}
