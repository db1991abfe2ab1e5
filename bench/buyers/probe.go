package buyers

import "holdfast/bench/load"

// probe holds one seat after another, by chance, for whoever wants to see them change on the live map.
type probe struct{}

func newProbe(*Habits) behaviour { return probe{} }

func (probe) enter(c *Script, s *shopper, t *load.Turn) bool {
	c.anywhere(s)
	s.seats = append(s.seats, c.rng.Uint32N(c.events[0].Plan.Sections[s.section].Seats))
	if c.OnProbe != nil {
		c.OnProbe(SeatRef{s.section, s.seats[0]})
	}
	return c.hold(s, t, 0)
}

func (probe) next(*Script, *shopper, *load.Turn, *outcome) bool { return false }
