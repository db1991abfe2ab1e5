package buyers

import (
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// onsale: people arrive when the doors open, look at the live map, choose, think, and pay or go.
//
// It is the whole evening in small, and the nearest to what a server does for a living: reads and writes together,
// choices made on a map that is a moment old, second attempts after a refusal, and holds that come back because
// somebody changed their mind. Arrivals are a burst at the doors and then a stream (see the load's pace). A buyer looks
// at the map, picks neighbours that were free on it, near the front of a section they like; refused, they look again,
// three times, and then let the server choose. Of those who hold, some pay, some give back, and the rest go away
// without a word. Where the server has a waiting room, whoever is sent there is counted as queued.
type onsale struct{ h Habits }

func newOnsale(h *Habits) behaviour {
	b := &onsale{*h}
	b.h.HotSections = orElse(b.h.HotSections, 0.2)
	b.h.PayPart = orElse(b.h.PayPart, 0.75)
	b.h.ReleasePart = orElse(b.h.ReleasePart, 0.1)
	b.h.Think = orElse(b.h.Think, 500*time.Millisecond)
	b.h.Retries = orElse(b.h.Retries, 3)
	return b
}

// likeHot is the part of buyers who want the sections that everybody wants.
const likeHot = 0.8

func (b *onsale) enter(c *Script, s *shopper, t *load.Turn) bool {
	s.event = int(s.buyer % uint64(len(c.events)))
	s.quantity = group(c.rng)
	c.anywhere(s)
	if c.rng.Float64() < likeHot {
		s.section = c.rng.Uint32N(b.h.hot(len(c.events[s.event].Plan.Sections)))
	}
	c.count("buyers", 1)
	return c.look(s, t, 0)
}

func (b *onsale) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	switch {
	case h.kind == KindLook:
		return b.choose(c, s, t)
	case h.class == load.Held:
		return c.payOrGo(&b.h, s, t)
	case h.kind == KindHold && s.tries < b.h.Retries:
		s.tries++
		return c.look(s, t, 0)
	case h.kind == KindHold:
		s.section = history.AnySection
		return c.best(s, t, 0)
	case h.kind == KindConfirm && h.class == load.Served:
		c.count("buyers who paid", 1)
		c.count("seats paid", uint64(s.size()))
	}
	return false
}

// choose picks neighbours that were free on the map; without any in this section the server is asked for the best
// elsewhere.
func (b *onsale) choose(c *Script, s *shopper, t *load.Turn) bool {
	letters, ok := c.letters(s, t)
	if !ok || !c.pick(s, letters) {
		s.section = history.AnySection
		return c.best(s, t, 0)
	}
	return c.hold(s, t, c.exponential(b.h.Think))
}

// payOrGo ends a buyer's hold: after thinking, by paying, giving back, or nothing.
func (c *Script) payOrGo(h *Habits, s *shopper, t *load.Turn) bool {
	after := time.Duration(0)
	if h.Think > 0 {
		after = c.exponential(h.Think)
	}
	switch lot := c.rng.Float64(); {
	case lot < h.PayPart:
		return c.confirm(s, t, after)
	case lot < h.PayPart+h.ReleasePart:
		return c.release(s, t, after)
	}
	return false
}

// pickAmong is how many of the frontmost runs a buyer chooses from: people agree on what is good, and not quite.
const pickAmong = 8

// pick chooses one of the frontmost runs of s.quantity free neighbours.
func (c *Script) pick(s *shopper, letters []byte) bool {
	var found [pickAmong]uint32
	n := 0
	for _, row := range c.events[s.event].Plan.Sections[s.section].Rows {
		free := uint32(0)
		for seat := row.First; seat < row.First+row.Count && n < pickAmong; seat++ {
			if free++; letters[seat] != 'a' {
				free = 0
			}
			if free == s.quantity {
				found[n], free = seat+1-s.quantity, 0
				n++
			}
		}
	}
	if n == 0 {
		return false
	}
	first := found[c.rng.IntN(n)]
	s.seats = s.seats[:0]
	for i := range s.quantity {
		s.seats = append(s.seats, first+i)
	}
	return true
}
