package buyers

import (
	"math"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// stampede: everybody wants the front rows of 5 % of the sections, in the same second.
//
// It is what an on-sale's first minute is made of, and the honest worst case for one writer a section: few sections
// carry all of the load, and nearly every request for a good seat is refused. A buyer names neighbours in a hot front
// row; refused, they take the best that is left in that section, then anything in the venue, and keep what they get:
// holds are not paid within the stampede. Refusals and holds are told apart, for they cost a server very different
// things.
type stampede struct{ h Habits }

func newStampede(h *Habits) behaviour {
	s := &stampede{*h}
	s.h.HotSections = orElse(s.h.HotSections, 0.05)
	s.h.FrontRows = orElse(s.h.FrontRows, 3)
	return s
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// hot is how many of so many sections are the ones that everybody wants.
func (h *Habits) hot(sections int) uint32 {
	return uint32(min(max(math.Round(h.HotSections*float64(sections)), 1), float64(sections)))
}

const (
	stampedeFront uint8 = iota
	stampedeSection
	stampedeAnywhere
)

func (b *stampede) enter(c *Script, s *shopper, t *load.Turn) bool {
	s.event = int(s.buyer % uint64(len(c.events)))
	plan := c.events[s.event].Plan
	s.section = c.rng.Uint32N(b.h.hot(len(plan.Sections)))
	s.quantity = group(c.rng)
	rows := plan.Sections[s.section].Rows
	c.run(s, rows[c.rng.IntN(min(b.h.FrontRows, len(rows)))])
	s.phase = stampedeFront
	return c.hold(s, t, 0)
}

func (b *stampede) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	if h.class == load.Held {
		return false
	}
	switch s.phase {
	case stampedeFront:
		s.phase = stampedeSection
	case stampedeSection:
		s.phase, s.section = stampedeAnywhere, history.AnySection
	default:
		return false
	}
	return c.best(s, t, 0)
}
