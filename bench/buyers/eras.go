package buyers

import (
	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// eras: 52 stadium shows on sale at once until the last of 2.4 million tickets is paid.
//
// On 15 November 2022 one seller tried this for one tour: by its own account 3.5 billion requests came, two million
// tickets were sold that day, and the public sale was called off. What it asks of an engine is not a peak but a whole
// sale: every seat of every show must end with exactly one owner, through millions of holds, payments and refusals,
// with no pause.
//
// A buyer wants one show. They first name neighbours in the front rows, as often as Habits.Losers says (nearly always
// refused: these are the losers whose ratio is stated), then take the best of a section, of another, of any; and pay at
// once. A show's last seats are taken one by one. Nobody goes away without paying, so that the end is a sold-out house
// and not a draw. The load ends when every show says that it is sold out.
type eras struct {
	h    Habits
	full []bool
	left int
}

func newEras(h *Habits) behaviour {
	b := &eras{h: *h}
	b.h.HotSections = orElse(b.h.HotSections, 1)
	b.h.FrontRows = orElse(b.h.FrontRows, 3)
	b.h.Losers = orElse(b.h.Losers, 1)
	b.h.Retries = orElse(b.h.Retries, 3)
	return b
}

const (
	erasFront uint8 = iota
	erasSection
	erasAnywhere
)

func (b *eras) begin(events int) {
	if b.full == nil {
		b.full, b.left = make([]bool, events), events
	}
}

// soldOut notes that a show has nothing left: a buyer has heard so inside, or before the doors.
func (b *eras) soldOut(event int) {
	if !b.full[event] {
		b.full[event] = true
		b.left--
	}
}

func (b *eras) enter(c *Script, s *shopper, t *load.Turn) bool {
	b.begin(len(c.events))
	if b.left == 0 {
		return false
	}
	s.event = int(s.buyer % uint64(len(c.events)))
	for b.full[s.event] {
		s.event = (s.event + 1) % len(c.events)
	}
	s.quantity = group(c.rng)
	c.anywhere(s)
	if b.h.Losers >= 1 {
		return b.front(c, s, t)
	}
	s.phase = erasSection
	return c.best(s, t, 0)
}

func (b *eras) front(c *Script, s *shopper, t *load.Turn) bool {
	rows := c.events[s.event].Plan.Sections[s.section].Rows
	c.run(s, rows[c.rng.IntN(min(b.h.FrontRows, len(rows)))])
	return c.hold(s, t, 0)
}

func (b *eras) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	switch {
	case h.class == load.Held:
		return c.confirm(s, t, 0)
	case h.kind == KindConfirm:
		c.count("bookings paid", 1)
		c.count("seats paid", uint64(s.size()))
		return false
	}
	return b.refused(c, s, t)
}

// refused goes on with the next best request.
func (b *eras) refused(c *Script, s *shopper, t *load.Turn) bool {
	s.tries++
	switch {
	case s.phase == erasFront && s.tries < int(b.h.Losers):
		c.anywhere(s)
		return b.front(c, s, t)
	case s.phase == erasFront:
		s.phase, s.tries = erasSection, 0
	case s.phase == erasSection && s.tries < b.h.Retries:
		c.anywhere(s)
	case s.phase == erasSection:
		s.phase, s.section = erasAnywhere, history.AnySection
	case s.quantity > 1: // fewer than that are left: take what there is
		s.section, s.quantity = history.AnySection, s.quantity/2
	default:
		b.soldOut(s.event)
		return false
	}
	return c.best(s, t, 0)
}

// over says that every show is sold out.
func (b *eras) over() bool { return b.full != nil && b.left == 0 }
