package rig

import (
	"context"
	"fmt"

	"holdfast/bench/report"
)

// comparedTarget is one side of a comparison.
type comparedTarget struct {
	Name string
	// Round runs the load once and returns what came of it; round -1 warms up. Preparation (fresh seats) belongs
	// inside, before the load starts its clock.
	Round func(ctx context.Context, round int) (Result, error)
}

// Side is one contender's rounds.
type Side struct {
	Name      string        `json:"name"`
	PerSecond report.Spread `json:"per_second"`
	Rounds    []Result      `json:"rounds"`
}

// Comparison is two contenders under the same load, in alternating rounds of one run. Ratio is A over B round by round:
// noise that lasts longer than a round hits both and cancels out.
type Comparison struct {
	Scenario string        `json:"scenario"`
	A        Side          `json:"a"`
	B        Side          `json:"b"`
	Ratio    report.Spread `json:"ratio"`
	// PerServerSecond is A's requests for each second of processor time its server used, over B's: what is left when
	// the client's own cost, which flatters the slower side, is taken out. Zero when the servers' time is not known.
	PerServerSecond float64 `json:"per_server_second_ratio"`
}

// compare runs A B, B A, A B … for so many rounds, after one round of each that does not count (fresh processes are
// slower). The order alternates so that neither always follows the other.
func compare(ctx context.Context, scenario string, a, b comparedTarget, rounds int) (*Comparison, error) {
	c := &Comparison{Scenario: scenario, A: Side{Name: a.Name}, B: Side{Name: b.Name}}
	for _, warm := range []comparedTarget{a, b} {
		if _, err := warm.Round(ctx, -1); err != nil {
			return nil, fmt.Errorf("rig: %s, warming up %s: %w", scenario, warm.Name, err)
		}
	}
	for round := range rounds {
		first, second := &c.A, &c.B
		targets := [2]comparedTarget{a, b}
		if round%2 == 1 {
			first, second = second, first
			targets[0], targets[1] = targets[1], targets[0]
		}
		for i, side := range []*Side{first, second} {
			result, err := targets[i].Round(ctx, round)
			if err != nil {
				return nil, fmt.Errorf("rig: %s, round %d of %s: %w", scenario, round+1, targets[i].Name, err)
			}
			side.Rounds = append(side.Rounds, result)
		}
	}
	c.finish()
	return c, nil
}

func (c *Comparison) finish() {
	var ratios []float64
	for i := range c.A.Rounds {
		ratios = append(ratios, float64(c.A.Rounds[i].PerSecond)/float64(c.B.Rounds[i].PerSecond))
	}
	c.Ratio = report.SpreadOf(ratios)
	c.A.finish()
	c.B.finish()
	if b := c.B.perServerSecond(); b > 0 {
		c.PerServerSecond = c.A.perServerSecond() / b
	}
}

func (s *Side) finish() {
	var rates []float64
	for i := range s.Rounds {
		rates = append(rates, float64(s.Rounds[i].PerSecond))
	}
	s.PerSecond = report.SpreadOf(rates)
}

// perServerSecond is requests for each share of the machine the server used.
func (s *Side) perServerSecond() float64 {
	var rate, cpu float64
	for i := range s.Rounds {
		rate += float64(s.Rounds[i].PerSecond)
		cpu += s.Rounds[i].ServerCPU
	}
	if cpu == 0 {
		return 0
	}
	return rate / cpu
}
