package section

// Knows says that some booking of the buyer is remembered here.
func (s *State) Knows(buyer BuyerID) bool { return s.buyers.find(buyer) != 0 }

// Older visits the bookings that are remembered, newest first: those with a number below one, placed at a moment or
// before. A leg of an order is no booking of its own. It ends where visit says no, and gives the number of the last
// booking that it has met; 0: there are no older ones.
//
// Numbers grow with time, so the order is that of placing. The cost is that of what is met, and a look at each 128th
// booking for each 128 of them; nothing is kept.
func (s *State) Older(below BookingNo, until Instant,
	visit func(no BookingNo, is BookingState, placed Instant, buyer BuyerID) (more bool)) (last BookingNo) {
	k := &s.bookings
	for page := s.pageBelow(below, until); page != 0; page = s.pageBelow(below, until) {
		p := k.pages[page]
		first := BookingNo(p.number) << pageBits
		for place := pageSlots - 1; place >= 0; place-- {
			no, slot := first+BookingNo(place), p.slots[place]
			if slot == 0 || no >= below || s.isLegAt(slot) {
				continue
			}
			b := k.slab.At(slot)
			if b.placedAt <= until && !visit(no, b.state, b.placedAt, s.buyers.slab.At(b.buyer).id) {
				return no
			}
		}
		below = first
	}
	return 0
}

// pageBelow is the page with the highest numbers below one that has bookings placed at a moment or before; 0: none.
func (s *State) pageBelow(below BookingNo, until Instant) (page uint32) {
	k := &s.bookings
	for i, p := range k.pages[1:] {
		if p.used == 0 || BookingNo(p.number)<<pageBits >= below || page != 0 && p.number < k.pages[page].number {
			continue
		}
		if k.oldestOn(p) <= until {
			page = uint32(i + 1)
		}
	}
	return page
}

// oldestOn is when the first booking of a page in use was placed.
func (k *bookingBook) oldestOn(p *numberPage) Instant {
	for _, slot := range p.slots {
		if slot != 0 {
			return k.slab.At(slot).placedAt
		}
	}
	return 0
}
