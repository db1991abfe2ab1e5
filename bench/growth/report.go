package growth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"holdfast/bench/report"
	"holdfast/bench/run"
)

// Grown is what was found: the report for every output, and a table for the terminal.
type Grown struct {
	Report *report.Report
	Table  string
}

const growthAbout = "How cost grows: the same buyers at steps of a deployment's size, each step on a fresh server " +
	"with fresh events, so that one thing alone differs between two points of a curve. " +
	"A design is told by its slopes. What should stay flat (a hold's cost beside a million others) stays flat, and " +
	"what must grow (a larger map) grows no faster than its cause."

// result puts together what was found.
func (g *growing) result() *Grown {
	made := &report.Report{
		Version: report.FormatVersion, Scenario: "growth", About: growthAbout, Command: g.Command, Seed: g.Seed,
		Started: g.started,
		Machine: run.DescribeMachine(), Settings: g.settings(), Notes: g.notes(),
	}
	if g.version != "" {
		made.Machine.Versions = append(made.Machine.Versions, report.Setting{Name: g.Target.Name, Value: g.version})
	}
	var tables strings.Builder
	for i := range g.dimensions {
		d := &g.dimensions[i]
		points := g.pointsOf(d)
		for _, c := range d.curves {
			if drawn, any := c.curve(d, points); any {
				made.Curves = append(made.Curves, drawn)
			}
		}
		for _, p := range points {
			made.Sides = append(made.Sides, p.finished()...)
			made.Figures = append(made.Figures, p.figures.Figures(p.name())...)
		}
		tables.WriteString(d.table(points))
	}
	made.Curves = append(made.Curves, g.Benchmarks...)
	return &Grown{Report: made, Table: tables.String()}
}

func (g *growing) pointsOf(d *Dimension) (points []*grownPoint) {
	for _, p := range g.points {
		if p.dimension == d {
			points = append(points, p)
		}
	}
	return points
}

func (g *growing) settings() []report.Setting {
	settings := []report.Setting{
		{Name: "load", Value: "closed loop: each connection sends as soon as it is free"},
		{Name: "connections", Value: strconv.Itoa(g.Conns) + ", unless they are what grows"},
		{Name: "measured", Value: "each load for " + g.Duration.String() + ", or until every seat is on hold"},
		{Name: "rounds", Value: strconv.Itoa(g.Rounds) + ", each through all points, there and back in turns"},
		{Name: "server", Value: "a fresh one, with fresh data, for each point of each round: " + g.Target.About},
		{Name: "warming up", Value: fmt.Sprintf("%s buyers who hold and release, not counted", grouped(warmUpBuyers))},
		{Name: "client", Value: "1 process"},
	}
	for i := range g.dimensions {
		d := &g.dimensions[i]
		settings = append(settings, report.Setting{Name: d.Name, Value: listed(d.Steps) + " " + d.Axis})
	}
	return settings
}

func (g *growing) notes() []string {
	notes := []string{
		"The load is a closed loop: its latency is the depth of its own queue, connections over throughput, and " +
			"compares points with each other, not with what a buyer feels (see the scenario steady).",
	}
	has := func(name string) bool {
		return slices.ContainsFunc(g.dimensions, func(d Dimension) bool { return d.Name == name })
	}
	if has("holds") || has("history") {
		notes = append(notes, "What is made before (live holds, a history) is sent as fast as it goes, is not "+
			"recorded, and is not checked request by request: "+
			"every change must have been acknowledged, else the point is void, and the server's own audit looks "+
			"through all of it. What is measured afterwards is recorded and checked whole.")
	}
	if has("holds") {
		notes = append(notes, "The resident memory of a hold is what the whole process grew by while they were "+
			"placed, over their number: it holds the collector's slack and the store's buffers too, which is most of "+
			"it at the first steps.")
	}
	for _, p := range g.points {
		notes = append(notes, p.voids()...)
	}
	return append(notes, g.left...)
}

// finished are the point's loads as sides of a report. What was checked is the point's, so each has it. A point that
// was never reached has none.
func (p *grownPoint) finished() []report.Side {
	if len(p.checks) == 0 {
		return nil
	}
	checks := mergeChecks(p.checks)
	for i := range p.sides {
		p.sides[i].Checks = checks
	}
	return p.sides
}

// mergeChecks makes one verdict of many rounds' checks, and lists those that did not pass.
func mergeChecks(rounds [][]report.Check) []report.Check {
	all := report.Check{Name: report.NothingOversold, Verdict: report.Passed}
	var others []report.Check
	made := 0
	for i, checks := range rounds {
		made += len(checks)
		for _, one := range checks {
			if one.Verdict == report.Passed {
				continue
			}
			if all.Verdict != report.Failed {
				all.Verdict = one.Verdict
			}
			one.Name = fmt.Sprintf("round %d: %s", i+1, one.Name)
			others = append(others, one)
		}
	}
	if made == 0 {
		all.Verdict = report.NotChecked
	}
	all.Detail = fmt.Sprintf("%d checks of every request and answer, in %d rounds", made, len(rounds))
	if len(others) > 0 {
		all.Detail += "; see below"
	}
	return append([]report.Check{all}, others...)
}

// thin leaves a round's figures and drops its plots: dozens of points are compared by their figures, and a page has
// room for curves.
func thin(round report.Round) report.Round {
	round.Series = nil
	round.Client.StartLag.Curve = nil
	for i := range round.Calls {
		for j := range round.Calls[i].Outcomes {
			round.Calls[i].Outcomes[j].Latency.Curve = nil
		}
	}
	return round
}

// table is a dimension in lines of text: a column a point, and for each figure the median over its least and greatest.
func (d *Dimension) table(points []*grownPoint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %s\n", d.Name, d.Axis)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(*grownPoint) string) {
		fmt.Fprintf(w, "  %s\t", name)
		for _, p := range points {
			fmt.Fprintf(w, "%s\t", cell(p))
		}
		fmt.Fprintln(w)
	}
	row("", func(p *grownPoint) string { return grouped(p.at) })
	for _, c := range d.curves {
		for _, line := range c.lines {
			row(fmt.Sprintf("%s, %s: %s", c.title, c.unit, line.name), func(p *grownPoint) string {
				return medianCell(line.values(p))
			})
			if slices.ContainsFunc(points, func(p *grownPoint) bool { return len(line.values(p)) > 1 }) {
				row("", func(p *grownPoint) string { return endsCell(line.values(p)) })
			}
		}
	}
	row("client", (*grownPoint).clientWord)
	row("checks", func(p *grownPoint) string { return mergeChecks(p.checks)[0].Verdict })
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

func medianCell(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	return compact(report.SpreadOf(values).Median)
}

func endsCell(values []float64) string {
	if len(values) < 2 {
		return ""
	}
	s := report.SpreadOf(values)
	return compact(s.Min) + "…" + compact(s.Max)
}
