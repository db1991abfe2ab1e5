package gate

import "holdfast/actors/machine"

// decidePlace judges what a buyer asks about their own place.
func (m *Machine) decidePlace(c *Call, at Instant) machine.Decided {
	no, had := m.places.find(c.Command.Buyer)
	if !had {
		return m.refuse(c, PlaceUnknown, 0)
	}
	c.Answer.Place = m.describe(no)
	on := m.since(m.places.at(no).stamp)
	switch c.Command.Kind {
	case Leave:
		return m.decideLeave(c, at, on)
	case Take:
		return m.decideTake(c, at, on)
	}
	return machine.Decided{DependsOn: on}
}

func (m *Machine) decideLeave(c *Call, at Instant, on Seq) machine.Decided {
	p := &c.Answer.Place
	switch {
	case p.State == Inside:
		p.State = Finished
		return m.decide(Change{Kind: SessionEnding, At: at, Session: p.Session, Reason: EndedLeft})
	case p.State.live():
		from := p.State
		p.State = Left
		return m.decide(Change{Kind: LeftQueue, At: at, Number: p.Number, From: from})
	}
	return m.repeat(c, on)
}

// decideTake takes a turn. Whoever comes when no slot is free, or when others are present before, becomes present and
// is offered a slot in the order of ranks (G4).
func (m *Machine) decideTake(c *Call, at Instant, on Seq) machine.Decided {
	p := &c.Answer.Place
	switch {
	case p.State == Left:
		return m.refuse(c, LeftAlready, on)
	case p.State == Lapsed:
		return m.refuse(c, TurnLapsed, on)
	case p.State == Finished || p.State == Inside && at >= p.Until:
		return m.refuse(c, SessionEnded, on)
	case p.State == Inside:
		return m.repeat(c, on)
	case m.paused:
		return m.refuse(c, GatePaused, max(on, m.changed))
	case p.State == Waiting || p.State == Present:
		return m.refuse(c, NotYourTurn, on)
	}
	late := m.places.at(p.Number).missed
	if m.overdue(p.Number, at) {
		if late || m.set.Grace == 0 {
			return m.refuse(c, TurnLapsed, on)
		}
		late = true
	}
	if p.State != Offered && (m.free() == 0 || m.counts[Present] > 0) {
		from := p.State
		p.State = Present
		return m.decide(Change{Kind: CameEarly, At: at, Number: p.Number, From: from})
	}
	from := p.State
	p.State, p.Session, p.Until = Inside, m.sessions.next(), at+Instant(m.set.Session)
	return m.decide(Change{Kind: Admitted, At: at, Number: p.Number, From: from, Session: p.Session, Until: p.Until,
		Latecomer: late})
}

// overdue says that the place's time is up although a wave of lapses has not come to it yet (P4).
func (m *Machine) overdue(no Number, at Instant) (found bool) {
	turn, offer := m.clocksAt(at)
	for _, q := range []struct {
		queue *turnQueue
		now   Millis
	}{{&m.turns, turn}, {&m.offers, offer}, {&m.graces, offer}} {
		q.queue.due(&m.places, q.now, numbersMax, func(other Number) { found = found || other == no })
	}
	return found
}
