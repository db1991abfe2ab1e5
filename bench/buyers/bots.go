package buyers

import (
	"fmt"
	"time"

	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

// bots: of the arrivals, three of ten are scripts that hold as much as they may, let it lapse, and hold again.
//
// It is what scalpers do to keep seats out of the shop until their own price is paid, and the cheapest way to empty a
// venue without buying a ticket. What a server can do about it is end holds to the moment, refuse cheaply, and lose
// nothing meanwhile; the figures that count are how many people who came to buy went home with tickets, and what their
// calls took. Holds here are short (the event's TTL), so that a script comes back several times. People take the best
// seats of any section, think, and pay; refused, they try again a second later.
type bots struct{ h Habits }

func newBots(h *Habits) behaviour {
	b := &bots{*h}
	b.h.BotPart = orElse(b.h.BotPart, 0.3)
	b.h.PayPart = orElse(b.h.PayPart, 0.9)
	b.h.ReleasePart = orElse(b.h.ReleasePart, 0.05)
	b.h.Think = orElse(b.h.Think, 500*time.Millisecond)
	b.h.Retries = orElse(b.h.Retries, 10)
	b.h.HoldTTL = orElse(b.h.HoldTTL, 3*time.Second)
	return b
}

// botSeats is what a script takes at once: all that a booking may have.
const botSeats = 8

// sharers is how many people have one address: a carrier's, or a house's.
const sharers = 16

// cast draws whether a buyer is a script, and where the buyer comes from.
func (b *bots) cast(c *Script, s *shopper) {
	s.cast, s.bot = true, c.rng.Float64() < b.h.BotPart
	if s.bot {
		c.count("scripts", 1)
	} else {
		c.count("people", 1)
	}
	switch n := uint64(b.h.BotAddresses); {
	case n == 0:
	case s.bot:
		s.from = fmt.Appendf(s.from[:0], "203.0.113.%d", s.buyer%n%256)
	default:
		s.from = fmt.Appendf(s.from[:0], "198.18.%d.%d", s.buyer/sharers/256%256, s.buyer/sharers%256)
	}
	c.ask.from = s.from
}

func (b *bots) enter(c *Script, s *shopper, t *load.Turn) bool {
	s.event = int(s.buyer % uint64(len(c.events)))
	if !s.cast {
		b.cast(c, s)
		s.began = t.Due
	}
	s.section = history.AnySection
	if s.quantity = group(c.rng); s.bot {
		s.quantity = botSeats
	}
	return c.best(s, t, 0)
}

func (b *bots) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	if s.bot {
		return b.again(c, s, t, h)
	}
	switch {
	case h.class == load.Held:
		return c.payOrGo(&b.h, s, t)
	case h.kind == KindBest && s.tries < b.h.Retries:
		s.tries++
		s.section = history.AnySection
		return c.best(s, t, time.Second)
	case h.kind == KindConfirm && h.class == load.Served:
		c.count("people who paid", 1)
		c.time("arriving to having paid, of people", t.Returned-s.began)
	}
	return false
}

// again waits until the hold is over, and takes as much once more.
func (b *bots) again(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	pause := orElse(b.h.BotPause, time.Second)
	if s.tries++; s.tries > b.h.Retries*int(max(time.Second/pause, 1)) {
		return false
	}
	wait := pause
	if h.class == load.Held {
		c.count("holds of scripts", 1)
		wait = b.h.HoldTTL + time.Duration(c.rng.Int64N(int64(50*time.Millisecond)))
	}
	s.section = history.AnySection
	return c.best(s, t, wait)
}
