package gate

import (
	"slices"

	"holdfast/actors/gate/draw"
	"holdfast/actors/machine"
)

// Decide judges a *Call.
func (m *Machine) Decide(command any, at Instant) machine.Decided {
	c := command.(*Call)
	c.Answer = Answer{Places: c.Answer.Places[:0]}
	m.decided = m.decided[:0]
	if m.phase == Unfounded && c.Command.Kind != Found {
		return m.refuse(c, NotFounded, m.changed)
	}
	switch c.Command.Kind {
	case Join:
		return m.decideJoin(c, at)
	case Leave, Take, Look:
		return m.decidePlace(c, at)
	case Finish:
		return m.decideFinish(c, at)
	case Free:
		return m.decideFree(c, at)
	case Restock:
		return m.decideRestock(c, at)
	case HandIn:
		return m.decideHandIn(c, at)
	case Operate:
		return m.decideOperate(c, at)
	case Mint, Revoke:
		return m.decideCodes(c, at)
	}
	return m.decideFound(c, at)
}

func (m *Machine) refuse(c *Call, r Rejection, on Seq) machine.Decided {
	c.Answer.Rejection = r
	return machine.Decided{DependsOn: on}
}

func (m *Machine) repeat(c *Call, on Seq) machine.Decided {
	c.Answer.Repeat = true
	return machine.Decided{DependsOn: on}
}

// decide adds a change.
func (m *Machine) decide(c Change) machine.Decided {
	m.decided = append(m.decided, c)
	return machine.Decided{Changes: len(m.decided)}
}

func (m *Machine) decideFound(c *Call, at Instant) machine.Decided {
	s := &c.Command.Settings
	switch {
	case m.phase != Unfounded && *s == m.set:
		return m.repeat(c, m.changed)
	case m.phase != Unfounded:
		return m.refuse(c, FoundedAlready, m.changed)
	case s.Reject() != Accepted:
		return m.refuse(c, s.Reject(), 0)
	}
	return m.decide(Change{Kind: Founded, At: at, Settings: *s})
}

// numbersMax leaves numbers room in 32 bits.
const numbersMax = 1 << 31

func (m *Machine) decideJoin(c *Call, at Instant) machine.Decided {
	all := c.Command.Entrants
	switch {
	case at < m.set.OpensAt:
		return m.refuse(c, NotOpenYet, m.changed)
	case len(all) == 0 || len(all) > EntrantsMax || int(m.joined)+len(all) > numbersMax:
		return m.refuse(c, TooMany, m.changed)
	case slices.ContainsFunc(all, func(e Entrant) bool { return e.Party == 0 }):
		return m.refuse(c, BadParty, 0)
	}
	m.fresh = m.fresh[:0]
	clear(m.seen)
	dependsOn := Seq(0)
	for _, e := range all {
		p, stamp := m.joinOne(e, at, len(all) > 1)
		c.Answer.Places, dependsOn = append(c.Answer.Places, p), max(dependsOn, stamp)
	}
	if len(m.fresh) == 0 {
		c.Answer.Repeat = !slices.ContainsFunc(c.Answer.Places, func(p Place) bool { return p.Refused != Accepted })
		return machine.Decided{DependsOn: dependsOn}
	}
	oldest := c.Command.Oldest
	if oldest == 0 || oldest > at {
		oldest = at
	}
	m.decide(Change{Kind: Joined, At: at, Oldest: oldest, Entrants: m.fresh})
	return m.callAtOnce(c, at)
}

// joinOne gives the place of an entrant: the one there is, or the next, or none if the code lets nobody in.
func (m *Machine) joinOne(e Entrant, at Instant, batch bool) (Place, Seq) {
	if no, had := m.places.find(e.Buyer); had && m.places.at(no).state.live() {
		p := m.describe(no)
		p.Repeat = true
		return p, m.since(m.places.at(no).stamp)
	}
	if no, twice := m.seen[e.Buyer]; batch && twice {
		return Place{Number: no, State: Waiting, Party: m.fresh[uint32(no)-m.joined].Party, Repeat: true}, 0
	}
	if why := m.refuseCode(&e, at); why != Accepted {
		return Place{Refused: why}, max(m.coded, m.changed)
	}
	no := Number(m.joined) + Number(len(m.fresh))
	if m.fresh = append(m.fresh, e); batch {
		m.seen[e.Buyer] = no
	}
	return Place{Number: no, State: Waiting, Party: e.Party}, 0
}

// callAtOnce calls in the same record whoever joins open doors when nobody waits.
func (m *Machine) callAtOnce(c *Call, at Instant) machine.Decided {
	people := uint32(0)
	if m.counts[Waiting] == 0 {
		people = min(m.mayCall(at), uint32(len(m.fresh)))
	}
	if people == 0 {
		return machine.Decided{Changes: len(m.decided)}
	}
	upto := Rank(m.joined + people)
	for i := range c.Answer.Places {
		if p := &c.Answer.Places[i]; p.State == Waiting && Rank(p.Number) < upto && uint32(p.Number) >= m.joined {
			p.State = Called
		}
	}
	return m.decide(
		Change{Kind: CalledUp, At: at, Upto: upto, People: people, Cites: m.stockNo, ShowRate: m.showRate()},
	)
}

// describe gives a place as it stands.
func (m *Machine) describe(no Number) Place {
	p := m.places.at(no)
	out := Place{Number: no, State: p.state, Party: p.party}
	if session := m.holders[no]; p.state == Inside {
		out.Session, out.Until = session, m.sessions.find(session).until
	}
	return out
}

func (m *Machine) decideFinish(c *Call, at Instant) machine.Decided {
	ended, known := m.Ended(c.Command.Session)
	switch {
	case !known:
		return m.refuse(c, SessionUnknown, m.changed)
	case ended:
		return m.repeat(c, m.changed)
	}
	return m.decide(Change{Kind: SessionEnding, At: at, Session: c.Command.Session, Reason: EndedBought})
}

// decideFree frees slots whose end every node has followed (G6).
func (m *Machine) decideFree(c *Call, at Instant) machine.Decided {
	acks := c.Command.Acks
	switch {
	case len(acks) == 0 || len(c.Command.Sessions) == 0:
		return m.refuse(c, AcksMissing, 0)
	case len(acks) > AcksMax || len(c.Command.Sessions) > SessionsMax:
		return m.refuse(c, TooMany, 0)
	}
	oldest := slices.MinFunc(acks, func(a, b Ack) int { return int(a.Seq) - int(b.Seq) }).Seq
	m.freed = m.freed[:0]
	for _, no := range c.Command.Sessions {
		ended, known := m.Ended(no)
		s := m.sessions.find(no)
		switch {
		case !known:
			return m.refuse(c, SessionUnknown, m.changed)
		case !ended:
			return m.refuse(c, NotEnding, m.changed)
		case s == nil || s.state == sessionFreed:
			continue
		case oldest < s.ended:
			return m.refuse(c, AcksTooOld, m.changed)
		}
		m.freed = append(m.freed, no)
	}
	if len(m.freed) == 0 {
		return m.repeat(c, m.changed)
	}
	slices.Sort(m.freed)
	m.freed = slices.Compact(m.freed)
	return m.decide(Change{Kind: SlotsFreed, At: at, Sessions: m.freed, Acks: acks})
}

func (m *Machine) decideRestock(c *Call, at Instant) machine.Decided {
	s := &c.Command.Stock
	switch {
	case s.Pool != m.set.Pool:
		return m.refuse(c, WrongPool, m.changed)
	case len(s.Sections) > SectionsMax:
		return m.refuse(c, TooMany, 0)
	case !slices.IsSortedFunc(s.Sections, func(a, b SectionSeq) int { return int(a.Section) - int(b.Section) }):
		return m.refuse(c, BadValue, 0)
	}
	before := m.stock.Sections
	for i, section := range s.Sections {
		if i > 0 && s.Sections[i-1].Section == section.Section {
			return m.refuse(c, BadValue, 0)
		}
		for len(before) > 0 && before[0].Section < section.Section {
			before = before[1:]
		}
		if len(before) > 0 && before[0].Section == section.Section && before[0].Seq > section.Seq {
			return m.refuse(c, StockTooOld, m.changed)
		}
	}
	return m.decide(Change{Kind: Stocked, At: at, Stock: *s})
}

// decideHandIn takes the beacon's round, from whoever brings it. Whether the signature is the round's was checked by
// the caller, who knows the beacon's key; the audit checks it again.
func (m *Machine) decideHandIn(c *Call, at Instant) machine.Decided {
	signature := c.Command.Signature
	switch {
	case m.phase == Lobby || m.set.ClosesAt == 0:
		return m.refuse(c, NotClosed, m.changed)
	case c.Command.Round != m.round:
		return m.refuse(c, WrongRound, m.changed)
	case m.phase > Closed && slices.Equal(signature, m.signature):
		return m.repeat(c, m.changed)
	case m.phase > Closed:
		return m.refuse(c, DrawnAlready, m.changed)
	case len(signature) == 0 || len(signature) > SignatureMax || len(c.Command.Previous) > SignatureMax:
		return m.refuse(c, BadValue, 0)
	}
	return m.decide(Change{Kind: LotsDrawn, At: at, Signature: signature, Previous: c.Command.Previous,
		Seed: draw.Seed(m.set.Event, m.entrants, m.root, signature)})
}

// known says whether an operator's request was done before, and whether its body was the same (P5).
func (m *Machine) known(o *Command) (known, same bool) {
	for _, r := range m.requests {
		if r.id == o.Request {
			return true, r.fingerprint == o.Fingerprint
		}
	}
	return false, false
}

func (m *Machine) decideOperate(c *Call, at Instant) machine.Decided {
	o := &c.Command
	if known, same := m.known(o); known && same {
		return m.repeat(c, m.changed)
	} else if known {
		return m.refuse(c, IdempotencyMismatch, m.changed)
	}
	switch {
	case o.Reason == "":
		return m.refuse(c, NoReason, 0)
	case o.Action == 0 || o.Action >= actions || len(o.Reason) > TextMax || len(o.Text) > TextMax:
		return m.refuse(c, BadValue, 0)
	case o.Action == OpenDoors && m.phase < Drawn:
		return m.refuse(c, NotDrawn, m.changed)
	case o.Action == OpenDoors && m.phase == Open:
		return m.repeat(c, m.changed)
	}
	return m.decide(Change{Kind: Operated, At: at, Action: o.Action, Value: o.Value, Text: o.Text, Why: o.Reason,
		Request: o.Request, Fingerprint: o.Fingerprint})
}
