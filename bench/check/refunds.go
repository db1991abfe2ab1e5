package check

import "slices"

// money follows a change of a booking's money. A refund gives back the seats that its line names: when the processor
// has taken it, or, if it was never pending, when it is done. Lines of builds without refunds name none, and give all.
func (p *replay) money() {
	s, l := p.now, &p.line
	at, known := s.byID[string(l.booking)]
	if !known {
		p.blame(LogMove, "of a booking that was never placed")
		return
	}
	b := &s.list[at]
	back := l.seats
	switch {
	case l.kind == logMoney:
		b.owed = true
		return
	case l.kind == logRefunded && !b.owed && len(back) == 0:
		back = s.pool[b.seats.At : b.seats.At+b.seats.Len]
	case len(back) == 0: // its seats went before, or the money is of no seat
		return
	}
	if b.state != soldFor {
		p.blame(LogMove, "the booking is %v", b.state)
	}
	certain := p.attribute(b)
	p.refunded += uint64(len(back))
	for _, seat := range back {
		if int(seat) >= len(s.seats) || s.seats[seat].holder != at+1 {
			p.blame(LogMove, "gives seat %d back, which it does not have", seat)
			continue
		}
		s.seats[seat].holder = 0
		s.draw(seat, 'a', certain)
	}
	if !slices.ContainsFunc(s.pool[b.seats.At:b.seats.At+b.seats.Len], func(seat uint32) bool {
		return int(seat) < len(s.seats) && s.seats[seat].holder == at+1
	}) {
		b.state = gone
		p.homeSays(b)
	}
}
