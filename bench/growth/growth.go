package growth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// Config says what grows, and how far.
type Config struct {
	// Dimensions are names; empty: all.
	Dimensions []string
	// To is the largest step; 0: what is ordinary for the dimension.
	To       uint64
	Target   lab.Target
	Rounds   int           // of each point; 0: 3
	Conns    int           // 0: 256
	Duration time.Duration // of each load that is measured; 0: 3 s
	Seed     uint64
	Loops    int    // of the client; 0: half of the cores
	Folder   string // takes servers' data: choose the disk; empty: the system's place for temporary files
	Command  string // what was typed, so that a figure carries its own recipe
	// Unchecked leaves the histories unjudged, which the report says loudly. Budget bounds the search for orders at
	// each point.
	Unchecked bool
	Budget    time.Duration
	// Progress, if set, is told what is under way, from several goroutines.
	Progress func(run.Status)
	// Benchmarks are further curves for the same page: growth in process, read by report.Benchmarks.
	Benchmarks []report.Curve
}

func (c *Config) fill() {
	c.Rounds = cmp.Or(c.Rounds, 3)
	c.Conns = cmp.Or(c.Conns, 256)
	c.Duration = cmp.Or(c.Duration, 3*time.Second)
	c.Budget = cmp.Or(c.Budget, run.BudgetDefault)
}

// growing is a measurement under way.
type growing struct {
	*Config
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
	figures   run.Figures
}

func (p *grownPoint) name() string { return p.dimension.Name + " " + grouped(p.at) }

// Grow measures how cost grows, point by point. A point that fails is void, with its reason: the others were dear
// enough to be kept. An error means that the server does not start, or that ctx ended. In the second case there is what
// was measured until then, if anything was, and it says that it was cut short.
func Grow(ctx context.Context, c Config) (*Grown, error) {
	dimensions, left, err := chooseDimensions(c.Dimensions, c.To)
	if err != nil {
		return nil, err
	}
	return grow(ctx, c, dimensions, left)
}

func grow(ctx context.Context, c Config, dimensions []Dimension, left []string) (*Grown, error) {
	c.fill()
	g := &growing{Config: &c, dimensions: dimensions, left: left, started: time.Now()}
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
			err = fmt.Errorf("growth: %s, round %d: %w", p.name(), round+1, err)
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
	p := &grownPoint{growthPoint: d.point(at, s), dimension: d, at: at, figures: run.Figures{}}
	for i, l := range p.measured {
		side := report.Side{Name: p.name()}
		if at == d.Steps[0] && i == 0 { // measured once
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
	c := r.Subjects[0]
	failed := g.play(ctx, r, p, round)
	if failed == nil {
		failed = r.Judge(ctx, c)
	}
	if failed != nil {
		failed = errors.Join(failed, c.LastWords())
	}
	if err := errors.Join(ctx.Err(), r.Close()); err != nil {
		return err
	}
	g.version = c.Running.Version
	p.keep(c, round, failed)
	return nil
}

// start starts a server for one point.
func (g *growing) start(ctx context.Context, p *grownPoint) (*run.Session, error) {
	one := g.Target
	one.Name = p.name()
	return run.Open(ctx, &run.Config{
		Scenario: p.measured[0].scenario, Targets: []lab.Target{one}, Rounds: g.Rounds, Seed: g.Seed, Loops: g.Loops,
		Folder:  g.Folder,
		Command: g.Command, Unchecked: g.Unchecked, Budget: g.Budget, Progress: g.Progress,
	})
}

// play goes through a point's loads.
func (g *growing) play(ctx context.Context, r *run.Session, p *grownPoint, round int) error {
	for i := range p.before {
		l := &p.before[i]
		made, err := r.Fill(ctx, l.scenario, l.title, round)
		if err == nil && made != l.makes {
			err = fmt.Errorf("growth: %s: %d changes were acknowledged instead of %d", l.title, made, l.makes)
		}
		if err != nil {
			return err
		}
	}
	c := r.Subjects[0]
	for i := range p.measured {
		if err := r.Measure(ctx, p.measured[i].scenario, p.measured[i].title, round); err != nil {
			return err
		}
		if c.Figures.Of(figureResident) == nil {
			c.Figures.Add(residentFigure(c)...)
		}
	}
	return nil
}

// keep adds a round to its point.
func (p *grownPoint) keep(c *run.Subject, round int, failed error) {
	if failed != nil {
		for i := range p.sides {
			p.sides[i].Rounds = append(p.sides[i].Rounds, report.Round{Number: round + 1,
				Void: "it failed: " + failed.Error()})
		}
		p.checks = append(p.checks, []report.Check{{Name: "the whole round", Verdict: report.NotChecked,
			Detail: failed.Error()}})
		return
	}
	for i := range p.sides {
		p.sides[i].Rounds = append(p.sides[i].Rounds, thin(c.Side.Rounds[i]))
	}
	p.checks = append(p.checks, c.Side.Checks)
	p.figures.Merge(c.Figures)
}
