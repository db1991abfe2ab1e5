package section

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
