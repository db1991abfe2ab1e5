package waitingroom

import (
	"encoding/binary"
	"slices"

	"holdfast/actors/gate"
)

// submit sends what somebody wants to a node: a buyer, an operator, or a node's own duty.
func (s *world) submit(n *node) {
	c, r := gate.Command{}, &request{}
	switch dice := s.chance.IntN(100); {
	case dice < 22:
		s.join(&c, r)
	case dice < 62:
		if c.Kind, r.who = gate.Take, s.calledOrNot(); !r.who.shows && s.percent(90) {
			c.Kind = gate.Look
		}
		c.Buyer = r.who.buyer
	case dice < 66:
		r.who = s.somebody()
		c.Kind, c.Buyer = gate.Leave, r.who.buyer
	case dice < 72:
		c = s.finish()
	case dice < 82:
		c = s.free()
	case dice < 91:
		c = s.restock()
	case dice < 96:
		c = s.operate()
	default:
		c = gate.Command{Kind: gate.HandIn, Round: s.model.round, Signature: []byte{byte(s.pick(7, 7, 7, 8))}}
	}
	r.Command = c
	s.send(n, r)
}

func (s *world) send(n *node, r *request) {
	r.Payload, r.Owner = &r.Call, r
	r.At, r.since, r.highest = s.now+n.clock, n.w.Durable(), s.highest
	n.asked[r] = true
	n.w.Submit(&r.Request)
	s.hear(n)
}

// calledOrNot is rather somebody who was called: they are who has something to do.
func (s *world) calledOrNot() *person {
	p := s.somebody()
	for range 5 {
		if no, had := s.model.newest[p.buyer]; had && s.model.places[no].called != 0 && s.model.places[no].left == 0 {
			return p
		}
		p = s.somebody()
	}
	return p
}

func (s *world) somebody() *person { return s.crowd[s.chance.IntN(len(s.crowd))] }

// join is a batch, as nodes send them: whoever has a place already, or is in it twice, is in it too.
func (s *world) join(c *gate.Command, r *request) {
	c.Kind, c.Oldest = gate.Join, s.now-gate.Instant(s.chance.IntN(50))
	for range s.chance.IntN(4) + 1 {
		p := s.somebody()
		r.all = append(r.all, p)
		c.Entrants = append(c.Entrants, gate.Entrant{Buyer: p.buyer, Party: uint8(s.chance.IntN(4) + 1)})
	}
}

func (s *world) finish() gate.Command {
	most := len(s.model.sessions)
	return gate.Command{Kind: gate.Finish, Session: gate.SessionNo(s.chance.IntN(most+1) + 1)}
}

// free asks for the slots of all sessions whose end is durable, with what each site has followed: often too early.
func (s *world) free() gate.Command {
	c := gate.Command{Kind: gate.Free}
	for i := range s.model.sessions {
		if stay := &s.model.sessions[i]; stay.ended != 0 && stay.freed == 0 {
			c.Sessions = append(c.Sessions, gate.SessionNo(i+1))
		}
	}
	for i, at := range s.sites {
		c.Acks = append(c.Acks, gate.Ack{Node: gate.Node{byte(i + 1)}, Seq: at.tail.Seq})
	}
	return c
}

func (s *world) restock() gate.Command {
	s.counted += gate.Seq(s.chance.IntN(3))
	return gate.Command{Kind: gate.Restock, Stock: gate.Stock{
		Free: uint32(s.pick(100, 100, 100, 3, 0)), Held: uint32(s.pick(0, 0, 9)),
		Holding: uint32(s.pick(0, 0, 1)), Sections: []gate.SectionSeq{{Section: 0, Seq: s.counted}},
	}}
}

// operate does something new, or what was asked for before, under its key.
func (s *world) operate() gate.Command {
	if len(s.asked) > 0 && s.percent(25) {
		return s.asked[s.chance.IntN(len(s.asked))]
	}
	c := gate.Command{Kind: gate.Operate, Reason: "why", Value: uint32(s.pick(1, 2, 3, 5, 0)), Fingerprint: 1,
		Action: gate.Action(s.pick(1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 7, 10))}
	if c.Action == gate.SetRate {
		c.Value *= 4000
	}
	binary.BigEndian.PutUint64(c.Request[:], uint64(len(s.asked)+1))
	s.asked = append(s.asked, c)
	return c
}

// hear takes the answers that a node tells now, and judges each against the log as it stands now.
func (s *world) hear(n *node) {
	for _, told := range n.w.Answers() {
		r := told.Owner.(*request)
		if !n.asked[r] {
			s.failf("P2: a request was answered twice")
		}
		delete(n.asked, r)
		a := &r.Answer
		switch {
		case r.Err != nil:
			s.tally["no answer"]++
		case a.Rejection != gate.Accepted:
			s.tally[a.Rejection.String()]++
			s.judgeRefusal(r)
		default:
			s.judgeAcceptance(n, r)
		}
	}
}

func (s *world) judgeAcceptance(n *node, r *request) {
	m, c := s.model, &r.Command
	switch c.Kind {
	case gate.Join:
		for i := range r.Answer.Places {
			s.joined(n, r, i)
		}
	case gate.Take, gate.Look, gate.Leave:
		s.judgePlace(n, r)
	case gate.Finish:
		if int(c.Session) > len(m.sessions) || m.sessions[c.Session-1].ended == 0 {
			s.failf("P2: session %d told to be over, which no durable record says", c.Session)
		}
	case gate.Free:
		for _, no := range c.Sessions {
			if m.sessions[no-1].freed == 0 {
				s.failf("P2: the slot of session %d told to be free, which no durable record says", no)
			}
		}
	case gate.HandIn:
		if !slices.Equal(m.lots, c.Signature) {
			s.failf("G3: a signature accepted, the durable draw has another")
		}
	case gate.Operate:
		if m.effects[c.Request] == 0 && !r.Answer.Repeat && c.Request != (gate.RequestID{}) {
			s.failf("P2: an operator's command told done, which no durable record says")
		}
	}
}

// joined judges a number that somebody is told: G1, G2.
func (s *world) joined(n *node, r *request, i int) {
	told, p := r.Answer.Places[i], r.all[i]
	no := told.Number
	switch {
	case int(no) >= len(s.model.places):
		s.failf("P2: place %d told, the durable log has %d", no, len(s.model.places))
		return
	case s.model.places[no].buyer != p.buyer:
		s.failf("G1: a buyer is told place %d, which is another's", no)
	case !told.Repeat && (s.fresh[no] || s.model.places[no].writer != n.id):
		s.failf("P3: place %d told as new twice, or by a writer whose record it is not", no)
	case !told.Repeat && int(no) <= r.highest:
		s.failf("G2: place %d given to whoever asked after place %d was told", no, r.highest)
	case p.told && no < p.number && s.model.places[p.number].joined <= r.since: // else a node knew no better
		s.failf("G1: a buyer told place %d is told place %d", p.number, no)
	case p.told && no > p.number && !s.model.gone(p.number):
		s.failf("G1: a buyer of place %d, which counts, is told place %d", p.number, no)
	}
	if s.tally["joined"]++; !told.Repeat {
		s.fresh[no] = true
	}
	p.told, p.number = true, max(p.number, no)
	s.highest = max(s.highest, int(no))
}

// judgePlace holds what somebody is told of their place against the log.
func (s *world) judgePlace(n *node, r *request) {
	told := r.Answer.Place
	if int(told.Number) >= len(s.model.places) || s.model.places[told.Number].buyer != r.who.buyer {
		s.failf("G1: place %d told to whom it does not belong", told.Number)
		return
	}
	p := &s.model.places[told.Number]
	just := true
	switch told.State {
	case gate.Waiting:
		just = s.waitedAt(told.Number, r.since)
	case gate.Called, gate.Late, gate.Lapsed, gate.Offered:
		just = p.called != 0
	case gate.Present:
		just = p.came != 0
	case gate.Left:
		just = p.left != 0
	case gate.Finished:
		just = p.inside != 0 && s.model.sessions[p.inside-1].ended != 0
	case gate.Inside:
		s.judgeInside(n, r, p)
		return
	}
	if !just {
		s.failf("P2: place %d told as state %d, which no durable record says", told.Number, told.State)
	}
}

func (s *world) judgeInside(n *node, r *request, p *place) {
	told := r.Answer.Place
	if p.inside == 0 || p.inside != told.Session {
		s.failf("P2: place %d told session %d, the durable log has session %d", told.Number, told.Session, p.inside)
		return
	}
	switch stay := &s.model.sessions[p.inside-1]; {
	case stay.until != told.Until:
		s.failf("P2: session %d told to last to %d, the durable log says %d", told.Session, told.Until, stay.until)
	case r.Command.Kind == gate.Take && !r.Answer.Repeat && stay.writer != n.id:
		s.failf("P3: session %d begun by a writer whose record it is not", told.Session)
	}
	s.tally["inside"]++
	r.who.settled = true
}

// waitedAt says that a place waited at some durable moment since a record.
func (s *world) waitedAt(no gate.Number, since gate.Seq) bool {
	p := &s.model.places[no]
	return (p.called == 0 || p.called > since) && (p.left == 0 || p.left > since)
}

// judgeRefusal holds a "no" against the log: some durable moment since the request came in must justify it (P2).
func (s *world) judgeRefusal(r *request) {
	m, no := s.model, r.Answer.Place.Number
	owns := r.who != nil && int(no) < len(m.places) && m.places[no].buyer == r.who.buyer
	just := true
	switch r.Answer.Rejection {
	case gate.PlaceUnknown:
		first := slices.IndexFunc(m.places, func(p place) bool { return p.buyer == r.who.buyer })
		just = first < 0 || m.places[first].joined > r.since
	case gate.NotYourTurn:
		just = owns && (s.waitedAt(no, r.since) || m.places[no].came != 0)
	case gate.TurnLapsed:
		just = owns && m.places[no].called != 0
		r.who.settled = true
	case gate.LeftAlready:
		just = owns && m.places[no].left != 0
	case gate.SessionEnded:
		just = owns && m.places[no].inside != 0
		r.who.settled = true
	case gate.GatePaused:
		just = m.paused || m.resumed > r.since
	case gate.DrawnAlready:
		just = m.lots != nil && !slices.Equal(m.lots, r.Command.Signature)
	}
	if !just {
		s.failf("P2: refusal %v of %+v told, but nothing durable since record %d justifies it", r.Answer.Rejection,
			r.Answer.Place, r.since)
	}
}
