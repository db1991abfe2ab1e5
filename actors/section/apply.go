package section

import "fmt"

// Apply makes a change true. It cannot fail: it is what live decisions and replay share, and replay must never judge
// again. A change that does not fit the state means that the log or the program is broken, and panics. The seats whose
// map letter changed are appended to touched; a replayer that passes the same slice cut to zero each time allocates
// nothing.
func (s *State) Apply(c *Change, touched []SeatIndex) []SeatIndex {
	if c.At < s.lastAt {
		panic(fmt.Sprintf("section: change at %d after one at %d", c.At, s.lastAt))
	}
	s.lastAt = c.At
	switch c.Kind {
	case HoldPlaced:
		touched = s.applyPlaced(c, touched)
	case SeatsBlocked:
		touched = s.markAll(c.Seats, Available, Blocked, 0, touched)
		s.remember(c, 0)
	case SeatsUnblocked:
		touched = s.markAll(c.Seats, Blocked, Available, 0, touched)
		s.remember(c, 0)
	case GrantsFenced:
		s.fences.Raise(&c.Grant, s.stamp())
	case RefundDue, RefundPending, RefundDone, RefundFailed:
		touched = s.applyRefund(c, touched)
	case BookingExchanged:
		touched = s.applyExchanged(c, touched)
	case LegBound:
		touched = s.applyBound(c, touched)
	case LegSold, LegFreed:
		touched = s.applyLeg(c, touched)
	case LegSeatsFreed:
		touched = s.applyShrunk(c, touched)
	case OrderSettled, OrderServed, SaleSwitched, TermsSet,
		TicketAdmitted, TicketDoubled, TicketReissued:
		s.applyNews(c)
	default:
		touched = s.applyBooking(c, touched)
	}
	s.forget()
	return touched
}

func (s *State) markAll(seats []SeatIndex, from, to SeatStatus, holder uint32, touched []SeatIndex) []SeatIndex {
	stamp := s.stamp()
	for _, seat := range seats {
		s.seats.mark(seat, from, to, holder, stamp)
	}
	return append(touched, seats...)
}

func (s *State) applyPlaced(c *Change, touched []SeatIndex) []SeatIndex {
	if c.Booking <= s.lastNo || len(c.Seats) == 0 {
		panic(fmt.Sprintf("section: booking %d of %d seats placed after booking %d", c.Booking, len(c.Seats), s.lastNo))
	}
	s.lastNo = c.Booking
	slot, b := s.bookings.add(c.Booking)
	b.state, b.placedAt, b.stamp = BookingHeld, c.At, s.stamp()
	b.setMarks(c.Split, 0)
	s.bookings.setSeats(b, c.Seats)
	b.buyer = s.buyers.hold(c.Buyer)
	k := s.buyers.slab.At(b.buyer)
	k.live += uint32(len(c.Seats))
	k.stamp = s.stamp()
	s.expiryPush(slot, c.ExpiresAt)
	s.placeOrder(slot, c.Order)
	s.placeExchange(slot, c)
	s.remember(c, slot)
	return s.markAll(c.Seats, Available, Held, slot, touched)
}

// transition is what a change of a booking does. The booking's seats go from seatsFrom to seatsTo unless those are
// equal.
type transition struct {
	from, to           BookingState
	seatsFrom, seatsTo SeatStatus
}

var transitions = [PaymentChallenged + 1]transition{
	HoldExtended:          {BookingHeld, BookingHeld, Held, Held},
	HoldReleased:          {BookingHeld, BookingReleased, Held, Available},
	HoldExpired:           {BookingHeld, BookingExpired, Held, Available},
	PaymentBegun:          {BookingHeld, BookingPaying, Held, Held},
	PaymentChallenged:     {BookingPaying, BookingPaying, Held, Held},
	PaymentFailed:         {BookingPaying, BookingHeld, Held, Held},
	BookingSold:           {BookingPaying, BookingConfirmed, Held, Sold},
	BookingRefundedChange: {BookingConfirmed, BookingRefunded, Sold, Available},
}

func (s *State) applyBooking(c *Change, touched []SeatIndex) []SeatIndex {
	slot := s.bookings.find(c.Booking)
	if int(c.Kind) >= len(transitions) || transitions[c.Kind].to == BookingNone || slot == 0 {
		panic(fmt.Sprintf("section: change of kind %d of booking %d, which is not there", c.Kind, c.Booking))
	}
	t := transitions[c.Kind]
	b := s.bookings.slab.At(slot)
	if b.state != t.from {
		panic(fmt.Sprintf("section: booking %d is %v, not %v, and cannot become %v", c.Booking, b.state, t.from, t.to))
	}
	b.state, b.stamp = t.to, s.stamp()
	b.countAttempt(c.Kind, c.Pay.Attempt)
	s.buyers.slab.At(b.buyer).stamp = s.stamp()
	s.schedule(c, slot, b, t)
	if c.Pay.Attempt != 0 {
		s.applyAttempt(c, slot, b)
	}
	if t.seatsFrom != t.seatsTo {
		touched = s.moveSeats(slot, b, t, touched)
	}
	s.remember(c, slot)
	if t.to != BookingHeld && t.to != BookingPaying {
		s.orders.Move(slot, s.seq, t.to.live())
	}
	if !t.to.live() {
		s.end(slot, b)
	}
	return touched
}

// schedule keeps the expiry heap: exactly the held bookings, by their end. The booking's state is the new one already.
func (s *State) schedule(c *Change, slot uint32, b *booking, t transition) {
	switch {
	case c.Kind == HoldExtended:
		if c.ExpiresAt < s.endOf(b) {
			panic(fmt.Sprintf("section: booking %d extended backwards", c.Booking))
		}
		s.expiryMoved(slot, c.ExpiresAt)
		return
	case c.Kind == PaymentChallenged:
		return
	case t.from == BookingHeld:
		s.bookings.setEnd(b, s.expiryRemove(slot))
	case t.to == BookingHeld:
		s.expiryPush(slot, max(s.bookings.endOf(b), c.ExpiresAt))
	}
	if t.from == BookingPaying {
		s.paying--
	}
	if t.to == BookingPaying {
		s.paying++
	}
}

func (s *State) moveSeats(slot uint32, b *booking, t transition, touched []SeatIndex) []SeatIndex {
	holder := slot
	if t.seatsTo == Available {
		holder = 0
	}
	s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
	for _, seat := range s.seatBuffer {
		if s.seats.holder[seat] != slot {
			panic(fmt.Sprintf("section: seat %d is not booking %d's", seat, s.bookings.number(b)))
		}
	}
	return s.markAll(s.seatBuffer, t.seatsFrom, t.seatsTo, holder, touched)
}

// end gives the buyer's seats back to their allowance and starts the wait after which the booking is forgotten.
func (s *State) end(slot uint32, b *booking) {
	if s.counts(slot) {
		s.buyers.slab.At(b.buyer).live -= uint32(b.count)
	}
	b.refs++
	if s.orders.Unsettled(slot) {
		b.refs++ // until its legs have heard of the end
	}
	s.ended.Push(endedBooking{at: s.lastAt, slot: slot})
	s.cool(slot, b, s.lastAt)
}
