package section

// Live calls visit for every live booking (held, paying, confirmed), ascending by number, with its buyer and its count of seats.
// It looks at every booking: for start-up and for leaving, not for every command.
func (s *State) Live(visit func(buyer BuyerID, seats uint32)) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.at(slot)
		if !b.state.live() {
			return
		}
		buyer, _ := s.Owner(b.no)
		visit(buyer, uint32(b.count))
	})
}
