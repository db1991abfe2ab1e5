package buyers

import "holdfast/bench/load"

// steady: a constant rate of buyers below what the server can carry, all over the venue, through the whole life of a
// booking.
//
// It is the question of an ordinary hour: how long does each call take when nothing is scarce? Latency under a load
// that the server carries with ease says what the design costs; under one that it does not carry, any server's latency
// is only the length of its queue. A buyer takes the best seats of a section of their own choice; of ten, seven pay at
// once, one lengthens the hold first, one gives the seats back, and one goes away without a word.
type steady struct{ h Habits }

func newSteady(h *Habits) behaviour {
	s := &steady{*h}
	s.h.PayPart = orElse(s.h.PayPart, 0.7)
	s.h.ReleasePart = orElse(s.h.ReleasePart, 0.1)
	return s
}

func (b *steady) enter(c *Script, s *shopper, t *load.Turn) bool {
	s.event = int(s.buyer % uint64(len(c.events)))
	c.anywhere(s)
	s.quantity = group(c.rng)
	return c.best(s, t, 0)
}

func (b *steady) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	switch {
	case h.kind == KindBest && h.class == load.Held:
		return b.decide(c, s, t)
	case h.kind == KindBest && s.tries < 3: // this section is full; another one
		s.tries++
		c.anywhere(s)
		return c.best(s, t, 0)
	case h.kind == KindExtend:
		return c.confirm(s, t, 0)
	}
	return false
}

const extendPart = 0.1

func (b *steady) decide(c *Script, s *shopper, t *load.Turn) bool {
	switch lot := c.rng.Float64(); {
	case lot < b.h.PayPart:
		return c.confirm(s, t, 0)
	case lot < b.h.PayPart+b.h.ReleasePart:
		return c.release(s, t, 0)
	case lot < b.h.PayPart+b.h.ReleasePart+extendPart:
		return c.extend(s, t, 0)
	}
	return false
}
