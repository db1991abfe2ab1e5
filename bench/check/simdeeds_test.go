package check

import "holdfast/api/wire"

// serveDeed judges what is done to a booking.
func (s *simServer) serveDeed(op Op, id string, reply func(simAnswer)) {
	if b := s.memory[op.simKey()]; b != nil {
		s.recall(op.Kind, b, reply)
		return
	}
	b := s.find(id, op.Event)
	switch {
	case b == nil: // only a bug loses one
		reply(simAnswer{verdict: Ended})
	case b.state == "sold" && op.Kind == Confirm:
		reply(simAnswer{verdict: Done})
	case b.state == "sold" || b.state == "paying":
		reply(simAnswer{verdict: Refused})
	case b.state == "gone" && op.Kind == Release:
		reply(simAnswer{verdict: Done})
	case op.Kind == Confirm && s.bug == sellExpired:
		s.sellLate(&op, b, reply)
	case b.state == "gone":
		reply(simAnswer{verdict: Ended})
	default:
		s.serveHeld(&op, b, reply)
	}
}

// recall answers a key that is remembered with what its booking is now.
func (s *simServer) recall(kind Kind, b *simBooking, reply func(simAnswer)) {
	a := simAnswer{verdict: Done}
	switch {
	case kind == Confirm && b.state == "paying":
		a.verdict = Unknown
	case kind == Confirm && b.state != "sold":
		a.verdict = Refused
	case kind == Extend:
		a.expires = s.tells(b).expires
	}
	reply(a)
}

func (s *simServer) serveHeld(op *Op, b *simBooking, reply func(simAnswer)) {
	late := b.expires <= s.clock()
	switch {
	case op.Kind == Release:
		s.change(b, "hold_released", "gone", op.simKey())
		reply(simAnswer{verdict: Done})
	case late:
		reply(simAnswer{verdict: Ended})
	case op.Kind == Extend:
		s.extend(op, b, reply)
	default:
		s.pay(op, b, reply)
	}
}

func (s *simServer) extend(op *Op, b *simBooking, reply func(simAnswer)) {
	before := b.expires
	end := s.clock() + simTTL
	s.log(b.section, wire.LogChange{Kind: "hold_extended", Booking: b.id, Request: s.name(op.simKey()), ExpiresAt: &end}, func() {
		b.expires = before
		delete(s.memory, op.simKey())
	})
	b.expires = end
	s.memory[op.simKey()] = b
	reply(simAnswer{verdict: Done, expires: s.tells(b).expires})
}

// pay begins a payment, and ends it a little later: most succeed. A crash between leaves it to be settled all the same.
func (s *simServer) pay(op *Op, b *simBooking, reply func(simAnswer)) {
	s.change(b, "payment_begun", "paying", op.simKey())
	verdict := []Verdict{Done, Done, Done, Refused}[s.w.pick(4)]
	s.w.after(s.w.upTo(6), func() {
		defer func() { b.section.draw(s.w.now) }()
		switch {
		case b.state != "paying": // a bug took it away
			reply(simAnswer{verdict: Refused})
			return
		case verdict == Done:
			s.change(b, "sold", "sold", simKey{})
		default:
			s.change(b, "payment_failed", "held", simKey{})
		}
		reply(simAnswer{verdict: verdict})
	})
}

// sellLate sells whatever the end says, even if the seats have gone back: a planted bug.
func (s *simServer) sellLate(op *Op, b *simBooking, reply func(simAnswer)) {
	if b.expires > s.clock() {
		s.serveHeld(op, b, reply)
		return
	}
	if op.Call > Nanos(int64(b.expires)*1e6-simStart)+simSlack {
		s.fired++
	}
	if b.state == "gone" {
		b.take()
	}
	s.change(b, "payment_begun", "paying", op.simKey())
	s.change(b, "sold", "sold", simKey{})
	reply(simAnswer{verdict: Done})
}

func (s *simServer) find(id string, event uint16) *simBooking {
	for key, b := range s.memory {
		if key.event == event && b.id == id {
			return b
		}
	}
	return nil
}
