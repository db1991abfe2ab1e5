package report

import (
	"math"
	"time"
)

// oddCurves have no points, one, or such as cannot be drawn.
var oddCurves = []Curve{
	{}, {Title: "no points", Lines: []Line{{Name: "l"}}},
	{Title: "one", X: Axis{Log: true}, Y: Axis{Log: true}, Lines: []Line{{Points: [][2]float64{{1, 1}}}}},
	{Title: "zero on a log axis", X: Axis{Log: true}, Y: Axis{Log: true},
		Lines: []Line{{Points: [][2]float64{{0, 0}, {10, 5}}}}},
	{Title: "below zero", Lines: []Line{{Points: [][2]float64{{-5, -2}, {3, 4}}}}},
	{Title: "no numbers", Y: Axis{Log: true},
		Lines: []Line{{Points: [][2]float64{{1, math.NaN()}, {2, math.Inf(1)}, {3, 2}}}}},
}

// oddReports are what a run can leave behind when it did not go as it should.
func oddReports() map[string]*Report {
	one := changedReport
	zero := func(r *Round) {
		for i := range r.Calls {
			for j := range r.Calls[i].Outcomes {
				r.Calls[i].Outcomes[j].Latency = Quantiles{Curve: []Quantile{{0, 0}, {1, 0}}}
			}
		}
	}
	return map[string]*Report{
		"empty":             {},
		"no rounds":         {Sides: []Side{{Name: "a"}, {Name: "b"}}},
		"one side":          fakeReport(5, 3, fakeSides[:1]),
		"one round":         fakeReport(5, 1, fakeSides),
		"nine sides":        fakeReport(5, 2, named("a", "b", "c", "d", "e", "f", "g", "h", "i")),
		"all void":          one(func(r *Round) { r.Void = "why" }),
		"no time":           one(func(r *Round) { r.Elapsed = 0 }),
		"no calls":          one(func(r *Round) { r.Calls = nil }),
		"no series":         one(func(r *Round) { r.Series = nil }),
		"empty series":      one(func(r *Round) { r.Series = &Series{} }),
		"series of nothing": one(func(r *Round) { r.Series = &Series{Step: time.Second} }),
		"one step": one(func(r *Round) {
			r.Series.Useful, r.Series.P50 = r.Series.Useful[:1], r.Series.P50[:1]
		}),
		"uneven series": one(func(r *Round) { r.Series.Classes[1].Counts = r.Series.Classes[1].Counts[:7] }),
		"zero series": one(func(r *Round) {
			r.Series = &Series{Step: time.Second, Useful: make([]uint64, 9), P99: make([]Milliseconds, 9),
				Classes: []SeriesClass{{"held", make([]uint64, 9)}}}
		}),
		"zero latency": one(zero),
		"no curve":     one(func(r *Round) { r.Calls[0].Outcomes[0].Latency.Curve = nil }),
		"zero rates":   one(func(r *Round) { r.Useful, r.Refusals = Rate{}, Rate{} }),
		"one answer":   one(func(r *Round) { r.Calls[0].Outcomes[0].Count = 1 }),
		"infinite rate": one(func(r *Round) {
			r.Useful.PerSecond, r.Series.P99[3] = math.Inf(1), Milliseconds(math.Inf(1))
		}),
		"no number":     one(func(r *Round) { r.Useful.PerSecond = math.NaN() }),
		"great numbers": one(func(r *Round) { r.Useful.PerSecond, r.Elapsed = 1e300, math.MaxInt64 }),
		"odd curves":    {Curves: oddCurves},
	}
}

// changedReport is a small one with each of its rounds changed.
func changedReport(change func(*Round)) *Report {
	r := fakeReport(5, 1, fakeSides[:2])
	for i := range r.Sides {
		for j := range r.Sides[i].Rounds {
			change(&r.Sides[i].Rounds[j])
		}
	}
	return r
}
