package buyers

import "holdfast/bench/load"

// browse: nine of ten come to look, and one buys; beside them, other clients follow the live map (they are no part of
// these buyers).
//
// On every sale far more people look than buy, and a map that is late sells seats that are gone. Looking must be cheap,
// stay fresh while the venue sells, and take nothing from those who book: the figures are the reads' latency and the
// bookings', together and apart. Whoever looks reads the availability, and now and then the seat map as a browser
// without a cache does.
type browse struct{ steady }

func newBrowse(h *Habits) behaviour { return &browse{*newSteady(h).(*steady)} }

const (
	lookPart    = 0.9
	seatmapPart = 0.02
)

func (b *browse) enter(c *Script, s *shopper, t *load.Turn) bool {
	switch lot := c.rng.Float64(); {
	case lot < seatmapPart:
		s.event = int(s.buyer % uint64(len(c.events)))
		return c.seatmap(s, t, 0)
	case lot < lookPart:
		s.event = int(s.buyer % uint64(len(c.events)))
		c.anywhere(s)
		return c.look(s, t, 0)
	}
	return b.steady.enter(c, s, t)
}

func (b *browse) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if h.kind == KindLook || h.kind == KindSeatmap {
		return false
	}
	return b.steady.next(c, s, t, h)
}
