package capacity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"holdfast/bench/load"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// SLO is what the server has to keep to.
type SLO struct {
	// P99 bounds the 99th percentile of holds granted or refused, from their intended start.
	P99 time.Duration
	// Failed bounds the part (0 … 1) of requests that were limited, failed or unknown.
	Failed float64
}

// Config is one search. Of the RunConfig, one Target is used, and no Rounds.
type Config struct {
	run.Config
	SLO
	Climb
	// Headroom is the part of the sustained rate that is kept free.
	Headroom float64
	// Step is the part of a step that counts, Warmup what comes before it. Zero Warmup: as long as the venue needs to
	// fill.
	Step, Warmup time.Duration
	// Events and Conns are of every step; 0: as many as its rate needs.
	Events, Conns int
	// Session is how long a real buyer stays inside, for the cap that is told; 0: as long as one here.
	Session time.Duration
	// Stepped, if set, is told each step when it is over.
	Stepped func(*Step)
}

// Capacity is what a search found. Admit is zero when no rate can be told.
type Capacity struct {
	Report *report.Report
	Steps  []*Step
	Finding
	// Admit is the rate to set, buyers a second; Inside how many of them are inside at once then (Little's law).
	Admit  load.Rate
	Inside uint64
	// Words are the recommendation and where it comes from, a paragraph each.
	Words []string
}

// ascent is a search under way.
type ascent struct {
	config   *Config
	runner   *run.Session
	contest  *run.Subject
	steps    []*Step
	trials   []Trial
	perBuyer float64
}

// Measure searches, checks every answer of every step, and reports. An error means that there is nothing to report; a
// server that keeps its SLO at no rate at all, or fails its checks, is a finding.
func Measure(ctx context.Context, c Config) (found *Capacity, err error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	started := time.Now()
	r, err := run.Open(ctx, &c.Config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	a := &ascent{config: &c, runner: r, contest: r.Subjects[0], perBuyer: perBuyerWild}
	if err := a.climb(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("capacity: capacity of %s, step %d: %w", a.contest.Name, len(a.steps)+1,
			err), a.contest.LastWords())
	}
	if err := r.Judge(ctx, a.contest); err != nil {
		return nil, err
	}
	return a.finish(started), nil
}

// Scenarios are those whose buyers may come at any rate for any time.
var Scenarios = []string{"steady", "onsale", "stampede"}

func (c *Config) fill() error {
	if len(c.Targets) != 1 || c.Targets[0].Blind {
		return errors.New("capacity: the capacity of one server is measured at a time, and its answers must mean " +
			"something")
	}
	if c.SLO.P99 <= 0 || c.SLO.Failed < 0 || c.Step <= 0 || !(c.Headroom >= 0 && c.Headroom < 1) {
		return errors.New("capacity: a search needs an SLO, a length of its steps, and a headroom from 0 to below 1")
	}
	if c.Scenario.Name == "onsale" {
		c.Habits.Think = cmp.Or(c.Habits.Think, thinkOnsale)
	}
	c.Warmup = cmp.Or(c.Warmup, warmLeast+warmThinks*c.Habits.Think)
	c.Scenario.HoldTTL = max(c.Scenario.HoldTTL, wholeSeconds(ttlThinks*c.Habits.Think))
	return c.Climb.validate()
}

func wholeSeconds(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(d.Seconds())) * time.Second
}

// climb makes steps until the search has what it wants.
func (a *ascent) climb(ctx context.Context) error {
	a.runner.Scenario.Events = 1
	// reads the venue: how many events a step needs depends on it
	if _, err := a.runner.Open(ctx, a.contest); err != nil {
		return err
	}
	for {
		next, done := a.config.Next(a.trials)
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := a.step(ctx, next)
		if err != nil {
			return err
		}
		a.contest.Forget() // of steps, other things are told
		a.steps = append(a.steps, s)
		a.trials = append(a.trials, Trial{next, s.Verdict})
		if a.config.Stepped != nil {
			a.config.Stepped(s)
		}
	}
}
