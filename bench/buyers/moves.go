package buyers

import (
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// The moves of a buyer: each fills the turn with one request.

func (c *Script) hold(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	s.quantity = uint32(len(s.seats))
	section := &c.events[s.event].Plan.Sections[s.section]
	t.Kind, t.After, t.Request = KindHold, after, c.ask.hold(t.Request[:0], s.event, section, s.seats, s.buyer, s.key)
	return true
}

// best asks for any seats of s.section.
func (c *Script) best(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	name := ""
	if s.section != history.AnySection {
		name = c.events[s.event].Plan.Sections[s.section].ID
	}
	t.Kind, t.After, t.Request = KindBest, after, c.ask.best(t.Request[:0], s.event, name, s.quantity, s.buyer, s.key)
	return true
}

const payment = `{"payment_token":"tok_ok"}`

func (c *Script) confirm(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	t.Kind, t.After, t.Request = KindConfirm, after, c.ask.onBooking(t.Request[:0], "POST", "/confirm", s.booking,
		payment, s.buyer, s.key)
	return true
}

func (c *Script) release(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	t.Kind, t.After, t.Request = KindRelease, after, c.ask.onBooking(t.Request[:0], "DELETE", "", s.booking, "",
		s.buyer, s.key)
	return true
}

func (c *Script) extend(s *shopper, t *load.Turn, after time.Duration) bool {
	s.newKey()
	t.Kind, t.After, t.Request = KindExtend, after, c.ask.onBooking(t.Request[:0], "POST", "/extend", s.booking, "",
		s.buyer, s.key)
	return true
}

func (c *Script) look(s *shopper, t *load.Turn, after time.Duration) bool {
	t.Kind, t.After, t.Request = KindLook, after, append(t.Request[:0], c.ask.look[s.event]...)
	return true
}

func (c *Script) seatmap(s *shopper, t *load.Turn, after time.Duration) bool {
	t.Kind, t.After, t.Request = KindSeatmap, after, append(t.Request[:0], c.ask.seatmap[s.event]...)
	return true
}

// repeatsMax is how often a buyer repeats one request that was turned away or lost.
const repeatsMax = 20

// repeat sends the same request again under the same key: what a good client does when it does not know, or was turned
// away.
func (c *Script) repeat(s *shopper, t *load.Turn, after time.Duration) bool {
	if s.repeats >= repeatsMax {
		return false
	}
	s.repeats++
	t.After = after
	return true
}

// Waits before the same request is repeated: short after a broken connection, longer after a server that said it was
// too busy.
const (
	afterLost   = 100 * time.Millisecond
	afterTurned = time.Second
)

// unsettled repeats a request that ended neither way. handled is false when the answer is a word to act upon.
func (c *Script) unsettled(s *shopper, t *load.Turn, h *outcome) (more, handled bool) {
	switch h.class {
	case load.Unknown:
		return c.repeat(s, t, afterLost), true
	case load.Limited:
		return c.repeat(s, t, max(afterTurned, retryAfter(t.Answer.Head))), true
	case load.Failed, load.Queued:
		return false, true
	}
	return false, false
}

// run picks a run of neighbours in a row; quantity is cut to what the row has.
func (c *Script) run(s *shopper, row Row) {
	n := min(s.quantity, row.Count)
	first := row.First + c.rng.Uint32N(row.Count-n+1)
	s.seats = s.seats[:0]
	for i := range n {
		s.seats = append(s.seats, first+i)
	}
	s.quantity = n
}

// anywhere picks a section by chance.
func (c *Script) anywhere(s *shopper) {
	s.section = c.rng.Uint32N(uint32(len(c.events[s.event].Plan.Sections)))
}
