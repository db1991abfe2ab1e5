package growth

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"

	"holdfast/bench/report"
)

// growthCurve is one plot of a dimension: lines of one unit.
type growthCurve struct {
	title, unit string
	logY        bool
	lines       []growthLine
}

// growthLine is one figure of every point, by the rounds that count.
type growthLine struct {
	name   string
	values func(p *grownPoint) []float64
}

// ofRounds is a metric of one of a point's loads. Void rounds have none.
func ofRounds(load int, m report.Metric) func(*grownPoint) []float64 {
	return func(p *grownPoint) (values []float64) {
		for _, round := range p.sides[load].Counted() {
			if v, ok := m.Of(round); ok {
				values = append(values, v)
			}
		}
		return values
	}
}

// measured is what was measured at a point besides its loads.
func measured(figure, name string) growthLine {
	return growthLine{name: name, values: func(p *grownPoint) []float64 {
		return p.figures.Of(figure)
	}}
}

func useful(load int, name string) growthLine {
	return growthLine{name, ofRounds(load, report.UsefulRate())}
}

func costs(load int, name string) growthLine {
	return growthLine{name, ofRounds(load, report.ServerCost(runtime.NumCPU()))}
}

// held is the latency of granted holds.
func held(load int, kind, who string) []growthLine { return latencies(load, kind, "held", who) }

func latencies(load int, kind, class, who string) []growthLine {
	return []growthLine{
		{who + "p50", ofRounds(load, report.LatencyAt(kind, class, 0.5))},
		{who + "p99", ofRounds(load, report.LatencyAt(kind, class, 0.99))},
	}
}

// curvesOf are what every dimension has.
func curvesOf(rates, times, cpu []growthLine) []growthCurve {
	return []growthCurve{
		{title: "throughput", unit: "a second", lines: rates},
		{title: "latency", unit: "ms", logY: true, lines: times},
		{title: "server's processor time", unit: "µs a request", lines: cpu},
		{title: figureResident, unit: "MiB", lines: []growthLine{measured(figureResident, "the whole process")}},
	}
}

// curve draws a dimension's points. One without a figure is left out: what was not measured is not shown as anything.
func (c *growthCurve) curve(d *Dimension, points []*grownPoint) (made report.Curve, any bool) {
	made = report.Curve{Title: d.Name + ": " + c.title, X: report.Axis{Label: d.Axis, Log: true},
		Y: report.Axis{Label: c.unit, Log: c.logY}}
	var notes []string
	for _, line := range c.lines {
		drawn := report.Line{Name: line.name}
		var ends []string
		for _, p := range points {
			values := line.values(p)
			if len(values) == 0 {
				continue
			}
			s := report.SpreadOf(values)
			drawn.Points = append(drawn.Points, [2]float64{p.x(), s.Median})
			ends = append(ends, fmt.Sprintf("%s: %s (%s … %s)", grouped(p.at), compact(s.Median), compact(s.Min),
				compact(s.Max)))
		}
		if len(drawn.Points) > 0 {
			made.Lines = append(made.Lines, drawn)
			notes = append(notes, line.name+" "+strings.Join(ends, ", "))
		}
	}
	made.Note = "median (least … greatest) of the rounds that count. " + strings.Join(notes, "; ")
	return made, len(made.Lines) > 0
}

// x is where a point is drawn: a log axis has no nought.
func (p *grownPoint) x() float64 { return float64(max(p.at, 1)) }

// compact writes three significant digits: 0.123, 4.56, 78.9, 12.3k, 1.24M.
func compact(v float64) string {
	unit := ""
	switch {
	case v >= 999_500:
		v, unit = v/1e6, "M"
	case v >= 999.5:
		v, unit = v/1e3, "k"
	}
	decimals := 0
	for limit := 99.95; decimals < 3 && v < limit; limit /= 10 {
		decimals++
	}
	return fmt.Sprintf("%.*f%s", decimals, v, unit)
}

// clientWord says whether the client kept up at a point.
func (p *grownPoint) clientWord() string {
	all, counted := 0, 0
	for i := range p.sides {
		all += len(p.sides[i].Rounds)
		counted += len(p.sides[i].Counted())
	}
	switch {
	case all == 0:
		return "–"
	case counted == all:
		return "kept up"
	case counted == 0:
		return "void"
	}
	return fmt.Sprintf("%d of %d void", all-counted, all)
}

// voids are the reasons, each once, of a point's void rounds.
func (p *grownPoint) voids() (reasons []string) {
	seen := map[string]bool{}
	for i := range p.sides {
		for _, round := range p.sides[i].Rounds {
			if why := cmp.Or(round.Void, "it took no time"); !round.Counted() && !seen[why] {
				seen[why] = true
				reasons = append(reasons, fmt.Sprintf("%s, round %d is void: %s", p.sides[i].Name, round.Number, why))
			}
		}
	}
	return reasons
}
