package report

import (
	"math"
	"time"
)

// The most points of a line and of a stack's edge. A plot is not wider than that on most screens, and a page with all
// of a long run's steps would be too heavy to send.
const (
	linePoints  = 400
	stackPoints = 240
)

// thinBy is how many steps make one point.
func thinBy(steps, most int) int { return max(1, (steps+most-1)/most) }

// rateOver are the steps as rates: the sum of every few steps over the time that they took. x is seconds at the middle
// of each.
func rateOver(counts []uint64, step time.Duration, most int) []point {
	width := thinBy(len(counts), most)
	var points []point
	for from := 0; from < len(counts); from += width {
		to := min(from+width, len(counts))
		var sum uint64
		for _, n := range counts[from:to] {
			sum += n
		}
		points = append(points, point{middleOf(from, to, step), float64(sum) / (float64(to-from) * step.Seconds())})
	}
	return points
}

func middleOf(from, to int, step time.Duration) float64 { return float64(from+to) / 2 * step.Seconds() }

// worstOver are the steps as latencies: the greatest of every few, so that thinning hides no peak. A step without
// answers is a gap.
func worstOver(steps []Milliseconds, step time.Duration, most int) []point {
	width := thinBy(len(steps), most)
	var points []point
	for from := 0; from < len(steps); from += width {
		to := min(from+width, len(steps))
		worst := 0.0
		for _, ms := range steps[from:to] {
			worst = max(worst, float64(ms))
		}
		at := middleOf(from, to, step)
		if worst <= 0 {
			points = append(points, gap(at))
		} else {
			points = append(points, point{at, worst})
		}
	}
	return points
}

// drawable tells whether there is a time axis.
func (s *Series) drawable() bool { return s != nil && s.Step > 0 }

// answers are the answers of all classes in each step.
func (s *Series) answers() []uint64 {
	var all []uint64
	for _, class := range s.Classes {
		for i, n := range class.Counts {
			if i == len(all) {
				all = append(all, 0)
			}
			all[i] += n
		}
	}
	return all
}

// overTime is the round that is shown over time: the middle one of those that have a series.
func (s *sideDigest) overTime() *Round {
	var with []*Round
	for _, r := range s.counted {
		if r.Series.drawable() {
			with = append(with, r)
		}
	}
	return middleRound(with)
}

// The scale of quantiles: x is the number of nines, so that every nine more is as wide as the one before. It ends at
// 99.99 %.
const (
	ninesMost  = 4.0
	ninesSteps = 80
)

func nines(part float64) float64 { return -math.Log10(1 - part) }

// leastMS is what a latency of nothing is drawn as: a log axis has no zero, and no clock here tells a microsecond
// apart.
const leastMS = 0.001

// quantileLine is the distribution of a call over the side's rounds: at each quantile, the median of the rounds. It
// ends where there is less than one answer behind the quantile in most of the rounds: a tail drawn further would be the
// maximum, drawn as a line.
func (s *sideDigest) quantileLine(key callKey) []point {
	var outcomes []*Outcome
	for _, r := range s.counted {
		if o := r.outcome(key); o != nil {
			outcomes = append(outcomes, o)
		}
	}
	var line []point
	for i := range ninesSteps + 1 {
		x := ninesMost * float64(i) / ninesSteps
		var values []float64
		for _, o := range outcomes {
			if y, ok := o.atNines(x); ok {
				values = append(values, y)
			}
		}
		if len(values) > 0 && 2*len(values) > len(outcomes) {
			line = append(line, point{x, SpreadOf(values).Median})
		}
	}
	return line
}

// atNines is the latency in milliseconds at a quantile, between two known ones drawn straight in the plot.
func (o *Outcome) atNines(x float64) (float64, bool) {
	most := math.Log10(float64(o.Count))
	if x > most+1e-9 {
		return 0, false
	}
	known := o.known(most)
	for i, next := range known {
		switch {
		case next.X < x:
		case i == 0:
			return next.Y, next.X <= x+1e-9
		case next.X-known[i-1].X < 1e-12:
			return next.Y, true
		default:
			before := known[i-1]
			part := (x - before.X) / (next.X - before.X)
			return before.Y * math.Pow(next.Y/before.Y, part), true
		}
	}
	return 0, false
}

// known are the distribution's points as the plot has them. Without a curve they are the few quantiles that each has.
// The last answer's quantile, which would be infinitely far out, stands where one answer of all is.
func (o *Outcome) known(most float64) []point {
	curve := o.Latency.Curve
	if len(curve) == 0 {
		q := &o.Latency
		curve = []Quantile{{0.5, q.P50}, {0.9, q.P90}, {0.99, q.P99}, {0.999, q.P999}, {1, q.Max}}
	}
	var points []point
	for _, q := range curve {
		at := point{most, max(leastMS, milliseconds(q.Duration))}
		if q.Part < 1 {
			at.X = min(most, nines(max(0, q.Part)))
		}
		if len(points) == 0 || at.X >= points[len(points)-1].X {
			points = append(points, at)
		}
	}
	return points
}
