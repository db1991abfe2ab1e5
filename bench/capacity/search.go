package capacity

import (
	"errors"
	"math"

	"holdfast/bench/load"
)

// Climb looks for the highest rate at which a server keeps what was asked of it. It only decides which step comes next:
// a pure function of the steps so far, so that every way a search can go is a row of a table in a test, and nobody has
// to wait for it.
//
//	From ──×Factor──▶ … ──▶ first that does not pass ──halving──▶ [passed, not passed] within Tolerance
//	  └─ does not pass: down, in growing strides                    └──▶ long step at the one that passed
//	                                                     not passed: a little lower, long again ◀──┘
//
// Halving is by the geometric mean, for rates that differ by a factor are as far apart at the bottom as at the top. A
// rate that does not pass is tried once more before it counts (Tries): a machine that paused for a moment is no knee. A
// rate that passed is not: what it was worth the long step says, which alone is ever recommended.
type Climb struct {
	From      load.Rate // the first one
	Most      load.Rate // none above it; 0: a million, more than a client sends
	Factor    float64   // from one to the next on the way up
	Tolerance float64   // ends the halving: 0.1 when the rate that did not pass is at most 10 % above the one that did
	Tries     int       // so often a rate must not pass before that is believed
}

// Verdict is what a step says about its rate.
type Verdict uint8

// Kept: the server did what was asked of it. Broke: it did not. Unclear: the step did not come to a verdict on the
// server, because the client or the venue was at its end first; for the way up it is a limit like a break, and in words
// it is none.
const (
	Kept Verdict = iota + 1
	Broke
	Unclear
)

// Trial is a step that was made.
type Trial struct {
	Move
	Verdict Verdict
}

// Move is a step to be made. Long ones confirm.
type Move struct {
	Rate load.Rate
	Long bool
}

// Finding is where a search has come to.
type Finding struct {
	// Sustained is the rate that passed a long step; 0: there is none.
	Sustained load.Rate
	// Above is the lowest rate that did not pass; 0: none was met. AboveBroke: the server broke there; otherwise nobody
	// knows.
	Above      load.Rate
	AboveBroke bool
}

// Ends of a search that finds nothing: so often it goes down, and so often a long step may fail.
const (
	descentsMax = 4
	refusalsMax = 5
	rateMost    = 1_000_000
)

func (c *Climb) validate() error {
	switch {
	case !(c.From > 0) || c.Most < 0:
		return errors.New("capacity: a search needs a rate above zero to begin with")
	case !(c.Factor >= 1.1 && c.Factor <= 10):
		return errors.New("capacity: the factor of a search is between 1.1 and 10")
	case !(c.Tolerance >= 0.02 && c.Tolerance <= 1):
		return errors.New("capacity: the tolerance of a search is between 0.02 and 1: nearer than that, one step and " +
			"the next differ anyway")
	case c.Tries < 1:
		return errors.New("capacity: a search needs one try of each rate at least")
	}
	return nil
}

// climbed is what the trials so far add up to.
type climbed struct {
	low, high load.Rate // the highest that passed, the lowest that did not; 0: none
	broke     bool      // at high
	last      Move
	tries     int // of last, that did not pass
	tryBroke  bool
	descents  int // rates that did not pass before any did
	refusals  int // long steps that did not pass
	sustained load.Rate
}

func (c *Climb) fold(trials []Trial) (s climbed) {
	for _, t := range trials {
		s.last = t.Move
		if t.Verdict == Kept {
			s.pass(t.Move)
			continue
		}
		s.tries++
		s.tryBroke = s.tryBroke || t.Verdict == Broke
		if s.tries >= c.Tries {
			s.fail(t.Move)
		}
	}
	return s
}

func (s *climbed) pass(m Move) {
	s.tries, s.tryBroke = 0, false
	s.low = max(s.low, m.Rate)
	if m.Long {
		s.sustained = m.Rate
	}
}

func (s *climbed) fail(m Move) {
	s.high, s.broke = m.Rate, s.tryBroke
	s.tries, s.tryBroke = 0, false
	switch {
	case m.Long:
		s.refusals++
	case s.low == 0:
		s.descents++
	}
}

// Next is the step to be made after these; done: there is none.
func (c *Climb) Next(trials []Trial) (next Move, done bool) {
	s := c.fold(trials)
	switch {
	case s.sustained > 0 || s.descents > descentsMax || s.refusals > refusalsMax:
		return Move{}, true
	case s.tries > 0:
		return s.last, false
	case s.refusals > 0:
		return Move{short(s.high / load.Rate(math.Pow(1+c.Tolerance, float64(s.refusals)))), true}, false
	case s.low == 0 && s.high == 0:
		return Move{Rate: min(c.From, c.most())}, false
	case s.low == 0:
		return Move{Rate: short(s.high / load.Rate(math.Pow(c.Factor, float64(s.descents))))}, false
	case s.high == 0 && s.low < c.most():
		return Move{Rate: min(short(s.low*load.Rate(c.Factor)), c.most())}, false
	}
	return c.between(&s), false
}

// between halves what is left, or confirms when that is little.
func (c *Climb) between(s *climbed) Move {
	middle := short(load.Rate(math.Sqrt(float64(s.low) * float64(s.high))))
	if s.high == 0 || s.high <= s.low*load.Rate(1+c.Tolerance) || middle <= s.low || middle >= s.high {
		return Move{s.low, true}
	}
	return Move{Rate: middle}
}

func (c *Climb) most() load.Rate {
	if c.Most > 0 {
		return c.Most
	}
	return rateMost
}

// Find is what is known after these steps.
func (c *Climb) Find(trials []Trial) Finding {
	s := c.fold(trials)
	return Finding{Sustained: s.sustained, Above: s.high, AboveBroke: s.high > 0 && s.broke}
}

// short keeps three digits: a rate that nobody can say is no better than its neighbour.
func short(rate load.Rate) load.Rate { return load.Rate(digits(float64(rate), 3, math.Round)) }

func digits(v float64, n int, round func(float64) float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return v
	}
	shift := n - 1 - int(math.Floor(math.Log10(v)))
	if shift < 0 {
		unit := math.Pow10(-shift)
		return round(v/unit) * unit
	}
	unit := math.Pow10(shift)
	return round(v*unit) / unit
}
