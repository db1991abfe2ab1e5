package buyers

import (
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// The moves of a buyer: each fills the turn with one request.

func (c *Crowd) hold(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	s.quantity = uint32(len(s.seats))
	section := &c.houses[s.house].Plan.Sections[s.section]
	t.Kind, t.After, t.Request = KindHold, after, c.ask.hold(t.Request[:0], s.house, section, s.seats, s.buyer, s.key)
	return true
}

// best asks for any seats of s.section.
func (c *Crowd) best(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	name := ""
	if s.section != history.AnySection {
		name = c.houses[s.house].Plan.Sections[s.section].ID
	}
	t.Kind, t.After, t.Request = KindBest, after, c.ask.best(t.Request[:0], s.house, name, s.quantity, s.buyer, s.key)
	return true
}

const payment = `{"payment_token":"tok_ok"}`

func (c *Crowd) confirm(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	t.Kind, t.After, t.Request = KindConfirm, after, c.ask.onBooking(t.Request[:0], "POST", "/confirm", s.booking, payment, s.buyer, s.key)
	return true
}

func (c *Crowd) release(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	t.Kind, t.After, t.Request = KindRelease, after, c.ask.onBooking(t.Request[:0], "DELETE", "", s.booking, "", s.buyer, s.key)
	return true
}

func (c *Crowd) extend(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	t.Kind, t.After, t.Request = KindExtend, after, c.ask.onBooking(t.Request[:0], "POST", "/extend", s.booking, "", s.buyer, s.key)
	return true
}

func (c *Crowd) look(s *shopper, t *load.Turn, after time.Duration) bool {
	t.Kind, t.After, t.Request = KindLook, after, append(t.Request[:0], c.ask.look[s.house]...)
	return true
}

func (c *Crowd) seatmap(s *shopper, t *load.Turn, after time.Duration) bool {
	t.Kind, t.After, t.Request = KindSeatmap, after, append(t.Request[:0], c.ask.seatmap[s.house]...)
	return true
}

// repeatsMax is how often a buyer repeats one request that was turned away or lost.
const repeatsMax = 20

// repeat sends the same request again under the same key: what a good client does when it does not know, or was turned away.
func (c *Crowd) repeat(s *shopper, t *load.Turn, after time.Duration) bool {
	if s.repeats >= repeatsMax {
		return false
	}
	s.repeats++
	t.After = after
	return true
}

// Waits before the same request is repeated: short after a broken connection, longer after a server that said it was too busy.
const (
	afterLost   = 100 * time.Millisecond
	afterTurned = time.Second
)

// unsettled repeats a request that ended neither way. handled is false when the answer is a word to act upon.
func (c *Crowd) unsettled(s *shopper, t *load.Turn, h *heard) (more, handled bool) {
	switch h.class {
	case load.Unknown:
		return c.repeat(s, t, afterLost), true
	case load.Limited:
		return c.repeat(s, t, afterTurned), true
	case load.Failed, load.Queued:
		return false, true
	}
	return false, false
}

// run picks a run of neighbours in a row; quantity is cut to what the row has.
func (c *Crowd) run(s *shopper, row Row) {
	n := min(s.quantity, row.Count)
	first := row.First + c.rng.Uint32N(row.Count-n+1)
	s.seats = s.seats[:0]
	for i := range n {
		s.seats = append(s.seats, first+i)
	}
	s.quantity = n
}

// anywhere picks a section by chance.
func (c *Crowd) anywhere(s *shopper) {
	s.section = c.rng.Uint32N(uint32(len(c.houses[s.house].Plan.Sections)))
}
