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
	case OrderSettled, OrderServed, SaleSwitched, TermsSet, PricesSet,
		TicketAdmitted, TicketDoubled, TicketReissued, TransferOffered, TransferEnded:
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
	s.prices.Keep(slot, c.Fare)
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

// expiryItem is one held booking's end, 16 bytes. State.expiry is a 4-ary heap of them. Each booking knows its place,
// so release and payment take it out at once: with lazy deletion a hot section would carry every hold of the last TTL.
// Holds are placed in order of their end, so a push is usually a plain append.
type expiryItem struct {
	at   Instant
	no   uint32 // low bits of the booking number: breaks ties without a look at the booking
	slot uint32
}

// before orders by (end, booking number). Numbers compare as a difference, so that the low bits may wrap: two bookings
// with the same end are never 2^31 numbers apart.
func (a *expiryItem) before(b *expiryItem) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return int32(a.no-b.no) < 0
}

// endOf is when a booking ends, or was to end.
func (s *State) endOf(b *booking) Instant {
	if b.state == BookingHeld {
		return s.expiry.At(b.end - 1).at
	}
	return s.bookings.endOf(b)
}

// expiryPush has a booking end then.
func (s *State) expiryPush(slot uint32, end Instant) {
	b := s.bookings.slab.At(slot)
	if b.end == lifeLong {
		delete(s.bookings.long, b.place)
	}
	i := s.expiry.Push()
	s.expirySet(i, expiryItem{at: end, no: uint32(s.bookings.number(b)), slot: slot})
	s.expiryUp(i)
}

// expirySet puts an item in a place and tells its booking.
func (s *State) expirySet(i uint32, item expiryItem) {
	*s.expiry.At(i) = item
	s.bookings.slab.At(item.slot).end = i + 1
}

// expiryRemove takes a booking out and gives its end.
func (s *State) expiryRemove(slot uint32) (end Instant) {
	i := s.bookings.slab.At(slot).end - 1
	end = s.expiry.At(i).at
	last := s.expiry.Len() - 1
	moved := *s.expiry.At(last)
	s.expiry.Pop()
	if i == last {
		return end
	}
	s.expirySet(i, moved)
	s.expiryDown(i)
	s.expiryUp(s.bookings.slab.At(moved.slot).end - 1)
	return end
}

// expiryMoved makes a booking's end later.
func (s *State) expiryMoved(slot uint32, end Instant) {
	i := s.bookings.slab.At(slot).end - 1
	s.expiry.At(i).at = end
	s.expiryDown(i)
}

func (s *State) expiryUp(i uint32) {
	item := *s.expiry.At(i)
	start := i
	for i > 0 {
		parent := (i - 1) / 4
		p := s.expiry.At(parent)
		if !item.before(p) {
			break
		}
		s.expirySet(i, *p)
		i = parent
	}
	if i != start {
		s.expirySet(i, item)
	}
}

func (s *State) expiryDown(i uint32) {
	h := &s.expiry
	item := *h.At(i)
	start := i
	for {
		child := s.expiryFirstChild(i)
		if child == 0 || !h.At(child).before(&item) {
			break
		}
		s.expirySet(i, *h.At(child))
		i = child
	}
	if i != start {
		s.expirySet(i, item)
	}
}

// expiryFirstChild is the place of the earliest child, 0 when there is none.
func (s *State) expiryFirstChild(i uint32) uint32 {
	h := &s.expiry
	best := uint32(0)
	for child := 4*i + 1; child <= 4*i+4 && child < h.Len(); child++ {
		if best == 0 || h.At(child).before(h.At(best)) {
			best = child
		}
	}
	return best
}

// decideExpire emits the due holds in (end, booking number) order without taking the heap apart: candidates is a small
// heap of places whose parents were emitted, so k holds cost O(k log k) however many wait behind them.
func (s *State) decideExpire(c *Command, d *Decision) {
	s.candidates = s.candidates[:0]
	s.offer(0, c.At)
	for len(s.candidates) > 0 && len(d.Changes) < int(c.Max) {
		place := s.takeCandidate()
		no := s.bookings.numberOf(s.expiry.At(place).slot)
		d.Changes = append(d.Changes, Change{Kind: HoldExpired, At: c.At, Booking: no})
		for child := 4*place + 1; child <= 4*place+4; child++ {
			s.offer(child, c.At)
		}
	}
}

// offer adds a heap place to the candidates if it exists and is due.
func (s *State) offer(place uint32, now Instant) {
	if place >= s.expiry.Len() || s.expiry.At(place).at > now {
		return
	}
	i := len(s.candidates)
	s.candidates = append(s.candidates, place)
	for i > 0 && s.earlier(i, (i-1)/2) {
		s.candidates[i], s.candidates[(i-1)/2] = s.candidates[(i-1)/2], s.candidates[i]
		i = (i - 1) / 2
	}
}

func (s *State) earlier(i, j int) bool {
	return s.expiry.At(s.candidates[i]).before(s.expiry.At(s.candidates[j]))
}

func (s *State) takeCandidate() uint32 {
	top, last := s.candidates[0], len(s.candidates)-1
	s.candidates[0] = s.candidates[last]
	s.candidates = s.candidates[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return top
		}
		if child+1 < last && s.earlier(child+1, child) {
			child++
		}
		if !s.earlier(child, i) {
			return top
		}
		s.candidates[i], s.candidates[child] = s.candidates[child], s.candidates[i]
		i = child
	}
}
