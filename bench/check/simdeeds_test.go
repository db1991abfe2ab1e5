package check

import (
	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// serveDeed judges what is done to a booking.
func (s *simServer) serveDeed(op history.Op, id string, reply func(simAnswer)) {
	if b := s.memory[simKeyOf(&op)]; b != nil {
		s.recall(op.Kind, b, reply)
		return
	}
	b := s.find(id, op.Event)
	switch {
	case b == nil: // only a bug loses one
		reply(simAnswer{verdict: history.Ended})
	case b.state == "sold" && op.Kind == history.Confirm:
		reply(simAnswer{verdict: history.Done})
	case b.state == "sold" || b.state == "paying":
		reply(simAnswer{verdict: history.Refused})
	case b.state == "gone" && op.Kind == history.Release:
		reply(simAnswer{verdict: history.Done})
	case op.Kind == history.Confirm && s.bug == sellExpired:
		s.sellLate(&op, b, reply)
	case b.state == "gone":
		reply(simAnswer{verdict: history.Ended})
	default:
		s.serveHeld(&op, b, reply)
	}
}

// recall answers a key that is remembered with what its booking is now.
func (s *simServer) recall(kind history.Kind, b *simBooking, reply func(simAnswer)) {
	a := simAnswer{verdict: history.Done}
	switch {
	case kind == history.Confirm && b.state == "paying":
		a.verdict = history.Unknown
	case kind == history.Confirm && b.state != "sold":
		a.verdict = history.Refused
	case kind == history.Extend:
		a.expires = s.tells(b).expires
	}
	reply(a)
}

func (s *simServer) serveHeld(op *history.Op, b *simBooking, reply func(simAnswer)) {
	late := b.expires <= s.clock()
	switch {
	case op.Kind == history.Release:
		s.change(b, "hold_released", "gone", simKeyOf(op))
		reply(simAnswer{verdict: history.Done})
	case late:
		reply(simAnswer{verdict: history.Ended})
	case op.Kind == history.Extend:
		s.extend(op, b, reply)
	default:
		s.pay(op, b, reply)
	}
}

func (s *simServer) extend(op *history.Op, b *simBooking, reply func(simAnswer)) {
	before := b.expires
	end := s.clock() + simTTL
	s.log(b.section, wire.LogChange{Kind: "hold_extended", Booking: b.id, Request: s.name(simKeyOf(op)),
		ExpiresAt: &end}, func() {
		b.expires = before
		delete(s.memory, simKeyOf(op))
	})
	b.expires = end
	s.memory[simKeyOf(op)] = b
	reply(simAnswer{verdict: history.Done, expires: s.tells(b).expires})
}

// pay begins a payment, and ends it a little later: most succeed. A crash between leaves it to be settled all the same.
func (s *simServer) pay(op *history.Op, b *simBooking, reply func(simAnswer)) {
	s.change(b, "payment_begun", "paying", simKeyOf(op))
	verdict := []history.Verdict{history.Done, history.Done, history.Done, history.Refused}[s.w.pick(4)]
	s.w.after(s.w.upTo(6), func() {
		defer func() { b.section.draw(s.w.now) }()
		switch {
		case b.state != "paying": // a bug took it away
			reply(simAnswer{verdict: history.Refused})
			return
		case verdict == history.Done:
			s.change(b, "sold", "sold", simKey{})
		default:
			s.change(b, "payment_failed", "held", simKey{})
		}
		reply(simAnswer{verdict: verdict})
	})
}

// sellLate sells whatever the end says, even if the seats have gone back: a planted bug.
func (s *simServer) sellLate(op *history.Op, b *simBooking, reply func(simAnswer)) {
	if b.expires > s.clock() {
		s.serveHeld(op, b, reply)
		return
	}
	if op.Call > history.Nanos(int64(b.expires)*1e6-simStart)+simSlack {
		s.fired++
	}
	if b.state == "gone" {
		b.take()
	}
	s.change(b, "payment_begun", "paying", simKeyOf(op))
	s.change(b, "sold", "sold", simKey{})
	reply(simAnswer{verdict: history.Done})
}

func (s *simServer) find(id string, event uint16) *simBooking {
	for key, b := range s.memory {
		if key.event == event && b.id == id {
			return b
		}
	}
	return nil
}
