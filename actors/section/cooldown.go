package section

import (
	"slices"

	"holdfast/actors/section/account"
)

// Whoever lets a bank's challenge run out has kept seats from others for nothing, for longer than any hold. Their buyer
// gets none of them again for account.CoolDown after the booking's end, so that nobody keeps seats in turns:
//
//	challenge ── ChallengeMax is over ──▶ held ── its end, or released ──▶ cooling ── CoolDown ──▶ as before
//
// What cools follows from what the state has anyway: accounts, and when bookings ended. So the log and snapshots have
// nothing of it, and it ends early where a section is told to forget its bookings sooner than that
// (Rules.DedupeWindow). Best-available looks past such seats: for this buyer they are not there.
//
// Rejected: no new hold at all for a while. Another seat is blocked by nobody's challenge, and a bank that does not
// answer is not its customer's fault. Rejected: the buyer's address or card; the section knows neither.

// cooled is a booking whose seats its buyer does not get again until then.
type cooled struct {
	slot  uint32
	until Instant
}

// cool is called when a booking has ended at an instant, or its end is read from a snapshot.
func (s *State) cool(slot uint32, b *booking, at Instant) {
	if !b.paid() || b.state != BookingExpired && b.state != BookingReleased || !s.accounts.Exhausted(slot) {
		return
	}
	if s.cooling == nil {
		s.cooling = map[uint32][]cooled{}
	}
	s.cooling[b.buyer] = append(s.cooling[b.buyer], cooled{slot, at + account.CoolDown})
}

// thaw is called when the end of a booking is forgotten.
func (s *State) thaw(slot uint32, b *booking) {
	if len(s.cooling) == 0 {
		return
	}
	left := slices.DeleteFunc(s.cooling[b.buyer], func(c cooled) bool { return c.slot == slot })
	if s.cooling[b.buyer] = left; len(left) == 0 {
		delete(s.cooling, b.buyer)
	}
}

// coolingFor appends the seats that the caller does not get now, in no order, and says until when at most, and which
// record says so. An operator gets any.
func (s *State) coolingFor(c *Command, dst []SeatIndex) (seats []SeatIndex, until Instant, on Seq) {
	if len(s.cooling) == 0 || c.Operator {
		return dst, 0, 0
	}
	for _, one := range s.cooling[s.buyers.find(c.Buyer)] {
		if c.At < one.until {
			b := s.bookings.slab.At(one.slot)
			dst, until, on = s.bookings.appendSeats(dst, b), max(until, one.until), max(on, s.since(b.stamp))
		}
	}
	return dst, until, on
}

// allMayBeHad refuses, naming the seats, if some of d.seats cool for the caller.
func (s *State) allMayBeHad(c *Command, d *Decision) bool {
	cold, until, on := s.coolingFor(c, s.seatBuffer[:0])
	s.seatBuffer = cold[:0]
	for _, seat := range d.seats {
		if slices.Contains(cold, seat) {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
		}
	}
	if len(d.Outcome.Lost) == 0 {
		return true
	}
	d.refuse(ChallengeCoolDown, on)
	d.Outcome.ExpiresAt = until
	return false
}

// hide takes the free seats that cool for the caller off the map, for a search; show puts them back. Between the two
// nobody else looks: a state has one user.
func (s *State) hide(c *Command) (hidden []SeatIndex) {
	if len(s.cooling) == 0 {
		return nil
	}
	cold, _, _ := s.coolingFor(c, nil)
	slices.Sort(cold)
	for _, seat := range slices.Compact(cold) {
		if s.seats.isOpen(seat) {
			s.seats.conceal(seat, true)
			hidden = append(hidden, seat)
		}
	}
	return hidden
}

func (s *State) show(hidden []SeatIndex) {
	for _, seat := range hidden {
		s.seats.conceal(seat, false)
	}
}
