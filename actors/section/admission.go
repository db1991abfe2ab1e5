package section

// EndsFollowed says that a new hold needs an admission that was looked up at that record of the gate's log or behind
// it, for the record has the end of a session. Once the section has answered, no hold is placed in it under a session
// that had ended by then (P8): a node acknowledges an end when all of its sections have.
//
// One number stands for all sessions that ever ended: a list of them would grow as long as people come.
func (s *State) EndsFollowed(seq Seq) { s.gateEnds = max(s.gateEnds, seq) }

// admits says whether a command may go on before a waiting room: all may but new holds of buyers, which need a session
// that is alive.
func (s *State) admits(c *Command, d *Decision) bool {
	switch {
	case c.Kind != PlaceHold && c.Kind != PlaceBest, c.Operator:
		return true
	case c.Session == 0:
		d.refuse(NotAdmitted, 0)
	case c.At >= c.SessionUntil:
		d.refuse(AdmissionExpired, 0)
	case c.Horizon < s.gateEnds:
		d.refuse(AdmissionStale, 0)
	default:
		return true
	}
	return false
}

// Unpaid calls visit for every booking that is held or paying, ascending. It looks at every booking: for start-up.
func (s *State) Unpaid(visit func(no BookingNo, buyer BuyerID, seats uint32, paying bool)) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if b.state == BookingHeld || b.state == BookingPaying {
			visit(s.bookings.number(b), s.buyers.slab.At(b.buyer).id, uint32(b.count), b.state == BookingPaying)
		}
	})
}
