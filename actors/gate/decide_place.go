package gate

import (
	"holdfast/actors/gate/codebook"
	"holdfast/actors/machine"
)

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

// decideCodes mints presale codes, or takes some back. Both are operators' commands, logged with their reason.
func (m *Machine) decideCodes(c *Call, at Instant) machine.Decided {
	o := &c.Command
	if known, same := m.known(o); known && !same {
		return m.refuse(c, IdempotencyMismatch, m.changed)
	} else if known {
		c.Answer.Codes = m.codes.MintedBy(o.Request)
		return m.repeat(c, m.changed)
	}
	codes, kind := o.Codes, CodesMinted
	if o.Kind == Revoke {
		codes, kind = codebook.Codes{First: o.Codes.First, Count: o.Codes.Count}, CodesRevoked
	} else {
		codes.First = m.codes.Next()
	}
	switch {
	case o.Reason == "":
		return m.refuse(c, NoReason, 0)
	case len(o.Reason) > TextMax, codes.Count == 0, kind == CodesMinted && !codes.Sound():
		return m.refuse(c, BadValue, 0)
	case kind == CodesRevoked && !m.codes.Has(codes.First, codes.Count):
		return m.refuse(c, CodeUnknown, m.changed)
	case kind == CodesMinted && m.codes.Full(codes.Count):
		return m.refuse(c, TooMany, m.changed)
	}
	if kind == CodesMinted {
		c.Answer.Codes = codes
	}
	return m.decide(Change{Kind: kind, At: at, Codes: codes, Why: o.Reason, Request: o.Request,
		Fingerprint: o.Fingerprint})
}

// codeRefusals say what a verdict is to buyers.
var codeRefusals = [...]Rejection{codebook.Good: Accepted, codebook.Unknown: CodeUnknown, codebook.NotYet: CodeNotYet,
	codebook.Expired: CodeExpired, codebook.Revoked: CodeRevoked, codebook.UsedUp: CodeUsedUp}

// refuseCode says why an entrant of the batch that is judged has no right to a new place.
func (m *Machine) refuseCode(e *Entrant, at Instant) Rejection {
	switch {
	case e.Code == 0 && m.set.Presale != 0:
		return CodeRequired
	case e.Code == 0:
		return Accepted
	}
	besides := uint32(0)
	for i := range m.fresh {
		if m.fresh[i].Code == e.Code {
			besides++
		}
	}
	return codeRefusals[m.codes.Judge(e.Code, at, besides)]
}
