package buyers

import (
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// expiry: a wave of abandoned holds that all lapse in the same second, and people who wait for just these seats.
//
// Whoever holds in the first minute and goes away without a word comes back as a wave when the holds end: tens of
// thousands of seats become free within a second, while people are waiting for them. A seat that stays taken after its
// hold's end is a seat nobody can buy (P4). The waves are placed second by second, each in an event whose holds last a
// second less, so that all lapse together however long placing them took. Of the seats a few have successors: each asks
// for its seat at the very moment that the first buyer was told, and again every few milliseconds until it is theirs;
// what that took is the lag, felt from outside. The successors are few, so that they measure the wave and are not one
// themselves.
type expiry struct{ h Habits }

func newExpiry(h *Habits) behaviour {
	b := &expiry{*h}
	b.h.SuccessorPart = orElse(b.h.SuccessorPart, 0.02)
	return b
}

const (
	// successors tells a successor's number from the first buyer's.
	successors = 400_000_000
	// successorPause is between a successor's attempts. It bounds how exactly the lag is known.
	successorPause = 5 * time.Millisecond
	// successorTries bounds them: ten seconds.
	successorTries = 2000
)

func (b *expiry) enter(c *Script, s *shopper, t *load.Turn) bool {
	n := s.buyer - c.job.First
	s.event = int(min(n/b.h.Wave, uint64(len(c.events)-1)))
	plan := c.events[s.event].Plan
	seat := n % b.h.Wave // neighbours in number are in different sections, as buyers are
	s.section = uint32(seat % uint64(len(plan.Sections)))
	s.seats = append(s.seats, uint32(seat/uint64(len(plan.Sections))))
	if s.seats[0] >= plan.Sections[s.section].Seats {
		return false
	}
	c.count("holds that lapse", 1)
	return c.hold(s, t, 0)
}

func (b *expiry) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	lapse := time.Duration(c.moment(s.lapses) - c.base)
	switch {
	case !s.bot && h.class == load.Held:
		if c.rng.Float64() >= b.h.SuccessorPart {
			return false
		}
		s.bot, s.buyer, s.op = true, s.buyer+successors, history.NoOp
		s.first = s.lapses
		return c.hold(s, t, max(lapse-t.Returned, 0))
	case s.bot && h.class == load.Held:
		c.time("seat bought again after its hold's end", t.Returned-time.Duration(c.moment(s.first)-c.base))
		return false
	case s.bot && s.tries < successorTries:
		s.tries++
		return c.hold(s, t, successorPause)
	case s.bot:
		c.count("seats that did not come back within ten seconds", 1)
	}
	return false
}
