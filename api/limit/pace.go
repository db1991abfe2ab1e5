package limit

import (
	"time"

	"holdfast/api/problem"
)

// Rate bounds calls: PerSecond for ever, and Burst of them at once. What a call counts is its Weight; a hold counts
// one, a read a tenth. PerSecond 0: no bound. Burst 0: one second's worth.
type Rate struct{ PerSecond, Burst float64 }

func (r Rate) burst() float64 {
	if r.Burst > 0 {
		return max(r.Burst, 1)
	}
	return max(r.PerSecond, 1)
}

// pace is a Rate as the generic cell rate algorithm counts it. A bucket's whole state is how far it is ahead: the
// nanoseconds until it is full again.
type pace struct {
	name   string
	rate   Rate
	step   int64  // nanoseconds that a tenth of a call takes to come back; 0: no bound
	burst  int64  // nanoseconds that a bucket may be ahead
	policy []byte // as RateLimit-Policy says it
}

// Bounds of a pace, in nanoseconds: no sum of a moment, a burst and a call overflows.
const (
	stepMax  = 1e16
	burstMax = 4e18
)

func newPace(name string, rate Rate) pace {
	p := pace{name: name, rate: rate}
	if rate.PerSecond <= 0 {
		return p
	}
	burst := rate.burst()
	p.step = int64(min(max(1, float64(time.Second)/rate.PerSecond/tenths), stepMax))
	p.burst = int64(min(float64(p.step)*tenths*burst, burstMax))
	p.policy = problem.RatePolicy(name, burst, burst/rate.PerSecond)
	return p
}

// take is how far ahead a bucket is after a call of that weight; refused, the bucket stays as it was. A bucket is never
// further ahead than the burst: a limit that was loosened is loose at once.
func (p *pace) take(ahead, weight int64) (after int64, ok bool) {
	ahead = min(max(ahead, 0), p.burst)
	if after = ahead + p.step*weight; after > p.burst {
		return ahead, false
	}
	return after, true
}

// wait is how long until a bucket takes a call of that weight.
func (p *pace) wait(ahead, weight int64) time.Duration {
	return time.Duration(max(ahead+p.step*weight-p.burst, 0))
}

// left is how many whole calls a bucket takes at once, and the seconds until one more; 0: there are no more.
func (p *pace) left(ahead int64) (calls, seconds int64) {
	one := p.step * tenths
	room := p.burst - ahead
	if calls = room / one; ahead > 0 {
		more := min((calls+1)*one, p.burst) - room
		seconds = (more + int64(time.Second) - 1) / int64(time.Second)
	}
	return calls, seconds
}
