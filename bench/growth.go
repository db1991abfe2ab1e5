package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"holdfast/bench/report"
)

// GrowthConfig says what grows, and how far.
//
//	dimension ──▶ points ──▶ each, in every round, on a server of its own:
//	                         fill, warm up (unrecorded) ─▶ loads (recorded) ─▶ stop ─▶ checks
//	                                                         │
//	                                     medians of rounds ◀─┘ ──▶ curves, one table
//
// A server for each point keeps points apart: on one server the third would be measured beside what the first two left behind. Rounds go
// through all points there and back in turns, so that a machine that slows down over an hour bends no curve.
type GrowthConfig struct {
	// Dimensions are names; empty: all.
	Dimensions []string
	// To is the largest step; 0: what is ordinary for the dimension.
	To         uint64
	Contestant Contestant
	Rounds     int           // of each point; 0: 3
	Conns      int           // 0: 256
	Duration   time.Duration // of each load that is measured; 0: 3 s
	Seed       uint64
	Loops      int    // of the client; 0: half of the cores
	Folder     string // takes servers' data: choose the disk; empty: the system's place for temporary files
	Command    string // what was typed, so that a figure carries its own recipe
	// Unchecked leaves the histories unjudged, which the report says loudly. Budget bounds the search for orders at each point.
	Unchecked bool
	Budget    time.Duration
	// Progress, if set, is told what is under way, from several goroutines.
	Progress func(Status)
	// Benchmarks are further curves for the same page: growth in process, read by report.Benchmarks.
	Benchmarks []report.Curve
}

func (c *GrowthConfig) fill() {
	c.Rounds = cmp.Or(c.Rounds, 3)
	c.Conns = cmp.Or(c.Conns, 256)
	c.Duration = cmp.Or(c.Duration, 3*time.Second)
	c.Budget = cmp.Or(c.Budget, budgetDefault)
}

// growing is a measurement under way.
type growing struct {
	*GrowthConfig
	dimensions []Dimension
	left       []string
	points     []*grownPoint
	started    time.Time
	version    string
}

// grownPoint is one point, and what its rounds found so far.
type grownPoint struct {
	growthPoint
	dimension *Dimension
	at        uint64
	sides     []report.Side    // one a measured load
	checks    [][]report.Check // by round
	figures   gathered
}

func (p *grownPoint) name() string { return p.dimension.Name + " " + grouped(p.at) }

// Grow measures how cost grows, point by point. A point that fails is void, with its reason: the others were dear enough to be kept. An error
// means that the server does not start, or that ctx ended. In the second case there is what was measured until then, if anything was, and it
// says that it was cut short.
func Grow(ctx context.Context, c GrowthConfig) (*Grown, error) {
	dimensions, left, err := chooseDimensions(c.Dimensions, c.To)
	if err != nil {
		return nil, err
	}
	return grow(ctx, c, dimensions, left)
}

func grow(ctx context.Context, c GrowthConfig, dimensions []Dimension, left []string) (*Grown, error) {
	c.fill()
	g := &growing{GrowthConfig: &c, dimensions: dimensions, left: left, started: time.Now()}
	for i := range dimensions {
		for _, at := range dimensions[i].Steps {
			g.points = append(g.points, newGrownPoint(&dimensions[i], at, growthShape{c.Conns, c.Duration}))
		}
	}
	err := g.rounds(ctx)
	if err != nil && (ctx.Err() == nil || !g.anything()) {
		return nil, err
	}
	return g.result(), err
}

func (g *growing) rounds(ctx context.Context) error {
	for round := range g.Rounds {
		order := slices.Clone(g.points)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, p := range order {
			err := g.measure(ctx, p, round)
			if err == nil {
				continue
			}
			err = fmt.Errorf("bench: %s, round %d: %w", p.name(), round+1, err)
			g.left = append(g.left, "It was cut short, and later rounds are missing: "+err.Error())
			return err
		}
	}
	return nil
}

// anything says whether there is a round of any point.
func (g *growing) anything() bool {
	return slices.ContainsFunc(g.points, func(p *grownPoint) bool { return len(p.checks) > 0 })
}

func newGrownPoint(d *Dimension, at uint64, s growthShape) *grownPoint {
	p := &grownPoint{growthPoint: d.point(at, s), dimension: d, at: at, figures: gathered{}}
	for i, l := range p.measured {
		side := report.Side{Name: p.name()}
		if at == d.Steps[0] && i == 0 { // told once
			side.About = d.About
		}
		if l.title != "" {
			side.Name += ": " + l.title
		}
		p.sides = append(p.sides, side)
	}
	return p
}

// measure is one round of one point. What fails after the server's start makes the round void and is no error.
func (g *growing) measure(ctx context.Context, p *grownPoint, round int) error {
	r, err := g.start(ctx, p)
	if err != nil {
		return err
	}
	c := r.contests[0]
	failed := g.play(ctx, r, p, round)
	if failed == nil {
		failed = r.judge(ctx, c)
	}
	if failed != nil {
		failed = errors.Join(failed, lastWords(c.log.Name()))
	}
	if err := errors.Join(ctx.Err(), r.close()); err != nil {
		return err
	}
	g.version = c.running.Version
	p.keep(c, round, failed)
	return nil
}

// start starts a server for one point.
func (g *growing) start(ctx context.Context, p *grownPoint) (*runner, error) {
	folder, err := os.MkdirTemp(g.Folder, "holdfast-bench-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	one := g.Contestant
	one.Name = p.name()
	r := &runner{folder: folder, RunConfig: &RunConfig{
		Scenario: p.measured[0].scenario, Contestants: []Contestant{one}, Rounds: g.Rounds, Seed: g.Seed, Loops: g.Loops, Command: g.Command,
		Unchecked: g.Unchecked, Budget: g.Budget, Progress: g.Progress,
	}}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// play goes through a point's loads.
func (g *growing) play(ctx context.Context, r *runner, p *grownPoint, round int) error {
	for i := range p.before {
		if err := r.prepare(ctx, &p.before[i], round); err != nil {
			return err
		}
	}
	c := r.contests[0]
	for i := range p.measured {
		if err := r.one(ctx, &p.measured[i], round, r.Unchecked); err != nil {
			return err
		}
		if c.figures[figureResident] == nil {
			c.figures.add(residentFigure(c)...)
		}
	}
	return nil
}

// prepare sends a load that is no part of the history: its events are forgotten again, so that the log's check passes them over, and so is its
// round. All that it was to change must have been acknowledged.
func (r *runner) prepare(ctx context.Context, l *growthLoad, round int) error {
	c := r.contests[0]
	events, rounds := len(c.history.Header.Events), len(c.side.Rounds)
	if err := r.one(ctx, l, round, true); err != nil {
		return err
	}
	made := c.side.Rounds[rounds].Useful.Count
	c.history.Header.Events, c.side.Rounds = c.history.Header.Events[:events], c.side.Rounds[:rounds]
	if made != l.makes {
		return fmt.Errorf("bench: %s: %d changes were acknowledged instead of %d", l.title, made, l.makes)
	}
	return nil
}

// one puts the server under one load of a point, under a name that says which.
func (r *runner) one(ctx context.Context, l *growthLoad, round int, unrecorded bool) error {
	c := r.contests[0]
	config := *r.RunConfig
	config.Scenario, config.Unchecked = l.scenario, unrecorded
	if c.venue.Name != l.scenario.Venue.Name {
		c.venue, c.plan = l.scenario.Venue, nil
	}
	name := c.Name
	defer func() { c.Name = name }()
	if l.title != "" {
		c.Name += ", " + l.title
	}
	return (&runner{RunConfig: &config, folder: r.folder, contests: r.contests}).round(ctx, c, round)
}

// keep adds a round to its point.
func (p *grownPoint) keep(c *contest, round int, failed error) {
	if failed != nil {
		for i := range p.sides {
			p.sides[i].Rounds = append(p.sides[i].Rounds, report.Round{Number: round + 1, Void: "it failed: " + failed.Error()})
		}
		p.checks = append(p.checks, []report.Check{{Name: "the whole round", Verdict: report.NotChecked, Detail: failed.Error()}})
		return
	}
	for i := range p.sides {
		p.sides[i].Rounds = append(p.sides[i].Rounds, thin(c.side.Rounds[i]))
	}
	p.checks = append(p.checks, c.side.Checks)
	for name, f := range c.figures {
		for _, v := range f.values {
			p.figures.add(report.Figure{Name: name, Unit: f.unit, Value: v})
		}
	}
}
