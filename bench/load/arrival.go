package load

import (
	"errors"
	"math"
	"time"
)

// RequestNo numbers the requests of one load, from 0.
type RequestNo uint64

// Rate is requests a second.
type Rate float64

// Never is the start of a request that a Pace never comes to.
const Never = time.Duration(math.MaxInt64)

// Pace is an arrival schedule: when request n starts, as a function of nothing but n. Something else watches the clock.
//
//	Burst at once when the doors open, then From a second, growing (or falling) evenly to To within Ramp, then To.
type Pace struct {
	Burst uint64
	From  Rate
	To    Rate
	Ramp  time.Duration // zero: To from the beginning
}

// Steady is a constant rate.
func Steady(rate Rate) Pace { return Pace{From: rate, To: rate} }

// Validate refuses schedules that make no sense.
func (p Pace) Validate() error {
	if p.From < 0 || p.To < 0 || p.Ramp < 0 || math.IsNaN(float64(p.From+p.To)) || math.IsInf(float64(p.From+p.To), 0) {
		return errors.New("load: a pace has no negative or endless rates")
	}
	return nil
}

// Start is the intended start of request n, counted from the load's beginning.
func (p Pace) Start(n RequestNo) time.Duration {
	if uint64(n) < p.Burst {
		return 0
	}
	m := float64(uint64(n) - p.Burst)
	ramp := p.Ramp.Seconds()
	within := ramp * float64(p.From+p.To) / 2 // how many the ramp starts
	if m < within {
		return instant(solveRamp(m, float64(p.From), float64(p.To), ramp))
	}
	if p.To == 0 {
		return Never
	}
	return instant(ramp + (m-within)/float64(p.To))
}

// solveRamp finds t with from·t + (to−from)·t²/(2·ramp) = m. This form of the root stays exact when from and to are
// nearly equal.
func solveRamp(m, from, to, ramp float64) float64 {
	if m == 0 {
		return 0
	}
	slope := (to - from) / ramp
	return 2 * m / (from + math.Sqrt(max(from*from+2*slope*m, 0)))
}

func instant(seconds float64) time.Duration {
	if nanos := seconds * float64(time.Second); nanos < float64(Never) {
		return time.Duration(nanos)
	}
	return Never
}

// Due is how many requests have started when elapsed has passed: the number of n with Start(n) <= elapsed.
func (p Pace) Due(elapsed time.Duration) uint64 {
	if elapsed < 0 {
		return 0
	}
	t, ramp := elapsed.Seconds(), p.Ramp.Seconds()
	count := float64(p.To) * max(t-ramp, 0)
	if in := min(t, ramp); in > 0 {
		count += float64(p.From)*in + float64(p.To-p.From)*in*in/(2*ramp)
	}
	due := p.Burst + uint64(max(count, 0))
	for p.Start(RequestNo(due)) <= elapsed { // rounding decides by one; Start has the last word
		due++
	}
	for due > 0 && p.Start(RequestNo(due-1)) > elapsed {
		due--
	}
	return due
}
