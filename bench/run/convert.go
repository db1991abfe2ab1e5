package run

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// nines are the quantiles of a distribution's curve.
var nines = []float64{
	0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.985, 0.99, 0.9925, 0.995,
	0.997, 0.998,
	0.9985, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999, 1,
}

func quantilesOf(l load.Latencies) report.Quantiles {
	q := l.Quantiles()
	made := report.Quantiles{Mean: q.Mean, P50: q.P50, P90: q.P90, P99: q.P99, P999: q.P999, Max: q.Max}
	if q.Count == 0 {
		return made
	}
	for _, part := range nines {
		if part < 1 && float64(q.Count)*(1-part) < 1 {
			continue // finer than there are requests
		}
		made.Curve = append(made.Curve, report.Quantile{Part: part, Duration: l.At(part)})
	}
	return made
}

func callOf(k *load.KindResult) report.Call {
	call := report.Call{Kind: k.Name}
	for class := range load.OutcomeCount {
		if n := k.Outcomes[class]; n > 0 {
			call.Outcomes = append(call.Outcomes, report.Outcome{Class: class.String(), Count: n,
				Latency: quantilesOf(k.Latency[class])})
		}
	}
	return call
}

// Limits beyond which the client, and not the server, made the figure. A loop that used more than this of a core had no
// time to wait for anybody; and where more than this part of the arrivals began late with a connection free, latency is
// the client's too.
const (
	loopBusyMax = 0.92
	// LatePartMax is a part of all requests.
	LatePartMax = 0.05
)

// ClientBound says why a result's figures are the client's own, and whether they are for want of processor; empty: they
// are not.
func ClientBound(r *load.Result) (why string, saturated bool) {
	busiest := slices.Max(append([]float64{0}, r.LoopCPU...))
	if busiest > loopBusyMax {
		return "the client was the bottleneck: one of its loops used " + percent(busiest) +
			" of a core; give it more loops or processes", true
	}
	if n := r.StartLag.Count(); n > 0 && float64(r.LateStarts) > LatePartMax*float64(n) {
		return "the client fell behind: " + percent(float64(r.LateStarts)/float64(n)) +
			" of the requests began late although a connection was free", false
	}
	return "", false
}

func percent(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) }

// RoundOf is a load's result as the report has it. Useful and refusals are told a second of the whole round.
func RoundOf(r *load.Result, number, processes int) report.Round {
	outcomes := r.Outcomes()
	void, _ := ClientBound(r)
	round := report.Round{
		Number: number, Elapsed: r.Elapsed, Series: seriesOf(&r.Series), Void: void,
		Useful:   report.Rate{Count: r.Useful},
		Refusals: report.Rate{Count: outcomes[load.Taken] + outcomes[load.SoldOut]},
		Client: report.Client{
			Processes: processes, Loops: len(r.LoopCPU), CPU: lab.Share(r.CPU, r.Elapsed),
			BusiestLoop: slices.Max(append([]float64{0}, r.LoopCPU...)),
			LateStarts:  r.LateStarts, Queued: r.Queued, StartLag: quantilesOf(r.StartLag), Unstarted: r.Unstarted,
			Reconnect: r.Reconnects,
		},
	}
	for i := range r.Kinds {
		if r.Kinds[i].Outcomes.Total() > 0 {
			round.Calls = append(round.Calls, callOf(&r.Kinds[i]))
		}
	}
	if seconds := r.Elapsed.Seconds(); round.Void == "" && seconds > 0 {
		round.Useful.PerSecond = float64(round.Useful.Count) / seconds
		round.Refusals.PerSecond = float64(round.Refusals.Count) / seconds
	}
	return round
}

func seriesOf(s *load.Series) *report.Series {
	made := &report.Series{Step: s.Width}
	var seen load.Outcomes
	for i := range s.Steps {
		seen.Add(&s.Steps[i].Outcomes)
	}
	for class := range load.OutcomeCount {
		if seen[class] == 0 {
			continue
		}
		line := report.SeriesClass{Class: class.String()}
		for i := range s.Steps {
			line.Counts = append(line.Counts, s.Steps[i].Outcomes[class])
		}
		made.Classes = append(made.Classes, line)
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		made.Useful = append(made.Useful, step.Useful)
		made.P50, made.P99 = append(made.P50, report.InMilliseconds(step.P50)),
			append(made.P99, report.InMilliseconds(step.P99))
	}
	return made
}

// Figures are figures of several rounds by name.
type Figures map[string]*valuesOfFigure

type valuesOfFigure struct {
	unit   string
	values []float64
}

// Add appends each figure to those of its name.
func (g Figures) Add(figures ...report.Figure) {
	for _, f := range figures {
		if g[f.Name] == nil {
			g[f.Name] = &valuesOfFigure{unit: f.Unit}
		}
		g[f.Name].values = append(g[f.Name].values, f.Value)
	}
}

// Of are the values of a figure by its name, one a round; nil: there are none.
func (g Figures) Of(name string) []float64 {
	if f := g[name]; f != nil {
		return f.values
	}
	return nil
}

// Merge adds another's values.
func (g Figures) Merge(other Figures) {
	for name, f := range other {
		for _, v := range f.values {
			g.Add(report.Figure{Name: name, Unit: f.unit, Value: v})
		}
	}
}

// Figures are the medians over rounds.
func (g Figures) Figures(side string) (figures []report.Figure) {
	for _, name := range slices.Sorted(maps.Keys(g)) {
		figures = append(figures, report.Figure{Name: side + ": " + name, Value: report.SpreadOf(g[name].values).Median,
			Unit: g[name].unit})
	}
	return figures
}

// figures are what a scenario counted and timed besides requests.
func (a *Account) figures() (figures []report.Figure) {
	for what, n := range a.Counts {
		figures = append(figures, report.Figure{Name: what, Value: float64(n)})
	}
	for what, took := range a.Times {
		for _, q := range []struct {
			name string
			part float64
		}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}} {
			figures = append(figures, report.Figure{Name: what + ", " + q.name,
				Value: float64(report.InMilliseconds(took.At(q.part))), Unit: "ms"})
		}
	}
	return figures
}
