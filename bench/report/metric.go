package report

import (
	"fmt"
	"math"
	"time"
)

// Counted tells whether the round's figures may be shown: it is not void and took any time at all.
func (r *Round) Counted() bool { return r.Void == "" && r.Elapsed > 0 }

// Counted are the side's rounds whose figures may be shown, in their order.
func (s *Side) Counted() []*Round {
	var counted []*Round
	for i := range s.Rounds {
		if s.Rounds[i].Counted() {
			counted = append(counted, &s.Rounds[i])
		}
	}
	return counted
}

// Requests is how many answers of all kinds and classes the round had.
func (r *Round) Requests() uint64 {
	var sum uint64
	for _, call := range r.Calls {
		for _, o := range call.Outcomes {
			sum += o.Count
		}
	}
	return sum
}

// outcome is one class of answers to one kind of request, nil if the round had none.
func (r *Round) outcome(key callKey) *Outcome {
	for i := range r.Calls {
		if r.Calls[i].Kind != key.Kind {
			continue
		}
		for j := range r.Calls[i].Outcomes {
			if o := &r.Calls[i].Outcomes[j]; o.Class == key.Class && o.Count > 0 {
				return o
			}
		}
	}
	return nil
}

// callKey names one class of answers to one kind of request.
type callKey struct{ Kind, Class string }

func (k callKey) String() string { return k.Kind + " " + k.Class }

// Metric is one figure of a round. Of answers it, or false when the round has none; it is asked only of rounds that
// count.
type Metric struct {
	Name string
	// AtMost: smaller is better.
	AtMost bool
	Of     func(*Round) (float64, bool)
}

// UsefulRate is the durable changes a second.
func UsefulRate() Metric {
	return Metric{Name: "useful/s", Of: func(r *Round) (float64, bool) { return r.Useful.PerSecond, true }}
}

// RefusalRate is the engine's noes a second.
func RefusalRate() Metric {
	return Metric{Name: "refusals/s", Of: func(r *Round) (float64, bool) { return r.Refusals.PerSecond, true }}
}

// tailLeast is how many answers a quantile needs behind it, so that it is not the maximum under another name: a p99 of
// fewer than a hundred answers is one answer.
const tailLeast = 1

// LatencyAt is a quantile of one class of answers to one kind of request, in milliseconds: part 0.5, 0.9, 0.99 or
// 0.999. A round with fewer than 1/(1-part) such answers has none.
func LatencyAt(kind, class string, part float64) Metric {
	key := callKey{kind, class}
	return Metric{Name: fmt.Sprintf("%s %s", key, partName(part)), AtMost: true, Of: func(r *Round) (float64, bool) {
		o := r.outcome(key)
		if o == nil || float64(o.Count)*(1-part) < tailLeast-1e-9 {
			return 0, false
		}
		d, known := o.Latency.at(part)
		return milliseconds(d), known
	}}
}

// ClientCost is the processor time that the client spent on a request, in microseconds. cores is the machine's number.
func ClientCost(cores int) Metric {
	return cost("client CPU, µs a request", cores, func(r *Round) float64 { return r.Client.CPU })
}

// ServerCost is the processor time that the server (with its database) spent on a request, in microseconds.
func ServerCost(cores int) Metric {
	return cost("server CPU, µs a request", cores, func(r *Round) float64 { return r.ServerCPU })
}

func cost(name string, cores int, share func(*Round) float64) Metric {
	return Metric{Name: name, AtMost: true, Of: func(r *Round) (float64, bool) {
		n, used := r.Requests(), share(r)
		if n == 0 || used <= 0 || cores < 1 {
			return 0, false
		}
		return used * float64(cores) * float64(r.Elapsed.Microseconds()) / float64(n), true
	}}
}

// partName is p50, p99, p99.9.
func partName(part float64) string { return fmt.Sprintf("p%.6g", 100*part) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// at is one of the quantiles that every distribution has.
func (q *Quantiles) at(part float64) (time.Duration, bool) {
	switch part {
	case 0.5:
		return q.P50, true
	case 0.9:
		return q.P90, true
	case 0.99:
		return q.P99, true
	case 0.999:
		return q.P999, true
	}
	return 0, false
}

// of is Of, without what is no number: such a figure is none, and would poison every other that it is compared with.
func (m Metric) of(r *Round) (float64, bool) {
	v, ok := m.Of(r)
	return v, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// values are the metric of the side's rounds that count and have it.
func (m Metric) values(s *Side) []float64 {
	var all []float64
	for _, r := range s.Counted() {
		if v, ok := m.of(r); ok {
			all = append(all, v)
		}
	}
	return all
}

// byRound is the same by the rounds' numbers.
func (m Metric) byRound(s *Side) map[int]float64 {
	all := map[int]float64{}
	for _, r := range s.Counted() {
		if v, ok := m.of(r); ok {
			all[r.Number] = v
		}
	}
	return all
}

// ratios are a's figure over b's, by the numbers of the rounds that both have it in. A round in which b has zero has no
// ratio.
func (m Metric) ratios(a, b *Side) map[int]float64 {
	above, below := m.byRound(a), m.byRound(b)
	quotients := map[int]float64{}
	for number, v := range above {
		if under := below[number]; under > 0 {
			quotients[number] = v / under
		}
	}
	return quotients
}

// AddRatios adds the first side over each other one, round by round. A pair of rounds of which one is void is left out;
// so is a side that shares no round with the first in which both have the metric. aims (may be nil) are by the other
// side's name: at least so much, or at most when the metric is better the smaller it is.
func (r *Report) AddRatios(m Metric, aims map[string]float64) {
	for i := 1; i < len(r.Sides); i++ {
		other := &r.Sides[i]
		quotients := inOrder(m.ratios(&r.Sides[0], other))
		if len(quotients) == 0 {
			continue
		}
		ratio := Ratio{Over: other.Name, What: m.Name, Spread: SpreadOf(quotients), AtMost: m.AtMost}
		if aim, ok := aims[other.Name]; ok {
			ratio.Aim = &aim
		}
		r.Ratios = append(r.Ratios, ratio)
	}
}

// Reached tells whether the median reaches the aim; known is false when there is no aim.
func (r *Ratio) Reached() (reached, known bool) {
	if r.Aim == nil {
		return false, false
	}
	return r.reached(r.Spread.Median), true
}

func (r *Ratio) reached(v float64) bool {
	if r.AtMost {
		return v <= *r.Aim
	}
	return v >= *r.Aim
}

// alwaysReached tells whether every round reached the aim, not only the one in the middle.
func (r *Ratio) alwaysReached() bool { return r.reached(r.Spread.Min) && r.reached(r.Spread.Max) }
