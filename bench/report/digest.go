package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// digest is a report with what every output asks for: which rounds count, which calls matter, what each side came to.
type digest struct {
	*Report
	sides []sideDigest
	calls []callKey // what most of the run was about, first
}

// sideDigest is a side with its rounds that count.
type sideDigest struct {
	*Side
	index   int // among the sides: its colour
	counted []*Round
	middle  *Round // the round to show over time; nil when none counts
}

func (r *Report) digest() *digest {
	d := &digest{Report: r, calls: r.mainCalls()}
	for i := range r.Sides {
		s := sideDigest{Side: &r.Sides[i], index: i, counted: r.Sides[i].Counted()}
		s.middle = middleRound(s.counted)
		d.sides = append(d.sides, s)
	}
	return d
}

// void tells whether no round of the side counts.
func (s *sideDigest) void() bool { return len(s.counted) == 0 }

// alive are the sides of which something can be shown.
func (d *digest) alive() []sideDigest {
	return slices.DeleteFunc(slices.Clone(d.sides), func(s sideDigest) bool { return s.void() })
}

// middleRound is the round with the median of useful changes a second; where nothing was to be changed, of answers.
func middleRound(rounds []*Round) *Round {
	if len(rounds) == 0 {
		return nil
	}
	sorted := slices.SortedStableFunc(slices.Values(rounds), func(a, b *Round) int {
		return cmp.Or(cmp.Compare(a.Useful.PerSecond, b.Useful.PerSecond), cmp.Compare(a.answers(), b.answers()))
	})
	return sorted[(len(sorted)-1)/2]
}

// answers are all answers a second.
func (r *Round) answers() float64 { return float64(r.Requests()) / r.Elapsed.Seconds() }

// mainCalls are all calls of all rounds that count. Those that hold a seat come first, then the most frequent.
func (r *Report) mainCalls() []callKey {
	counts := map[callKey]uint64{}
	for i := range r.Sides {
		for _, round := range r.Sides[i].Counted() {
			for _, call := range round.Calls {
				for _, o := range call.Outcomes {
					if o.Count > 0 {
						counts[callKey{call.Kind, o.Class}] += o.Count
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(counts), func(a, b callKey) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(counts[b], counts[a]),
			strings.Compare(a.String(), b.String()))
	})
}

func rank(k callKey) int {
	switch k.Class {
	case "held":
		return 0
	case "failed", "unknown":
		return 2
	}
	return 1
}

// main are the first few calls.
func (d *digest) main(most int) []callKey { return d.calls[:min(most, len(d.calls))] }

// spread is a metric's spread over the side's rounds, and of how many.
func (s *sideDigest) spread(m Metric) (Spread, int) {
	values := m.values(s.Side)
	return SpreadOf(values), len(values)
}

func (s *sideDigest) show(m Metric, format func(float64) string) string {
	spread, n := s.spread(m)
	return span(spread, n, format)
}

// callTotal is a call over all rounds of a side that count: how many, and the medians of the rounds' quantiles.
type callTotal struct {
	Count                          uint64
	Mean, P50, P90, P99, P999, Max string
}

func (s *sideDigest) total(key callKey) callTotal {
	t := callTotal{}
	var means []float64
	var slowest time.Duration
	for _, r := range s.counted {
		if o := r.outcome(key); o != nil {
			t.Count += o.Count
			means = append(means, milliseconds(o.Latency.Mean))
			slowest = max(slowest, o.Latency.Max)
		}
	}
	if t.Count == 0 {
		return t
	}
	t.Mean, t.Max = lastingMS(SpreadOf(means).Median), lasting(slowest)
	t.P50, t.P90 = s.quantile(key, 0.5), s.quantile(key, 0.9)
	t.P99, t.P999 = s.quantile(key, 0.99), s.quantile(key, 0.999)
	return t
}

func (s *sideDigest) quantile(key callKey, part float64) string {
	spread, n := s.spread(LatencyAt(key.Kind, key.Class, part))
	if n == 0 {
		return nothing
	}
	return lastingMS(spread.Median)
}

// voids tells the void rounds by their reasons: "rounds 2, 4: the client was the bottleneck".
func (s *sideDigest) voids() []string {
	numbers := map[string][]string{}
	var reasons []string
	for i := range s.Rounds {
		r := &s.Rounds[i]
		if r.Counted() {
			continue
		}
		why := cmp.Or(r.Void, "it took no time")
		if len(numbers[why]) == 0 {
			reasons = append(reasons, why)
		}
		numbers[why] = append(numbers[why], fmt.Sprint(r.Number))
	}
	for i, why := range reasons {
		reasons[i] = fmt.Sprintf("%s void: %s", s.roundsInWords(numbers[why]), why)
	}
	return reasons
}

// roundsInWords is "round 3", "rounds 2, 4", "all 5 rounds".
func (s *sideDigest) roundsInWords(numbers []string) string {
	switch len(numbers) {
	case 1:
		return "round " + numbers[0]
	case len(s.Rounds):
		return fmt.Sprintf("all %d rounds", len(numbers))
	}
	return "rounds " + strings.Join(numbers, ", ")
}

// counts is "5 rounds" or "4 of 5 rounds".
func (s *sideDigest) counts() string {
	if len(s.counted) == len(s.Rounds) {
		return plural(len(s.Rounds), "round")
	}
	return fmt.Sprintf("%d of %s", len(s.counted), plural(len(s.Rounds), "round"))
}

// countsShort is the same under a head that says rounds.
func (s *sideDigest) countsShort() string {
	short, _, _ := strings.Cut(s.counts(), " round")
	return short
}

// inOrder are a map's values by rising key.
func inOrder(values map[int]float64) []float64 {
	var all []float64
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all = append(all, values[key])
	}
	return all
}
