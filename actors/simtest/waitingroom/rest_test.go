package waitingroom

import "holdfast/actors/gate"

// restRounds bounds how long the crowd may take to get in once all is well: a session each, two at a time, and the
// turns of those who do not come.
const restRounds = 600

// rest lets everything land; then one last node serves a gate with two slots, seats and no pause, and everybody who
// comes when called must get in, whoever else does not come.
func (s *world) rest() {
	s.land()
	s.nodes = [2]*node{}
	for try := 0; try < 20 && s.nodes[0] == nil; try++ { // the store may be away
		s.takeover(0)
	}
	n := s.nodes[0]
	if n == nil || s.failure != nil {
		s.failf("nobody could claim the gate")
		return
	}
	s.now = max(s.now, n.m.LastAt())
	s.land()
	waiting := s.whoWaits()
	s.mend(n)
	for round := 0; round < restRounds && s.failure == nil; round++ {
		if s.now += 100; s.allSettled() {
			s.tally["all settled"]++
			break
		}
		s.serve(n)
	}
	for _, p := range waiting {
		if place := &s.model.places[p.number]; place.inside == 0 {
			s.failf("G4: place %d waited, came when called, and never got in: %+v", p.number, *place)
		}
	}
	if !s.allSettled() {
		s.failf("somebody with a place was told neither to come in nor why not in %d rounds", restRounds)
	}
	for _, at := range s.sites {
		s.follow(at)
		at.follows.Begin(n.m.Seq())
		if got, want := at.follows.Public(), n.m.Public(); got != want {
			s.failf("P10: a site that follows shows %+v, the owner %+v", got, want)
		}
	}
}

// whoWaits are those who will come when called, and are not called yet.
func (s *world) whoWaits() (all []*person) {
	for _, p := range s.crowd {
		no, had := s.model.newest[p.buyer]
		if had && p.shows && s.waitedAt(no, s.model.tail.Seq) {
			p.told, p.number, p.settled = true, no, false
			all = append(all, p)
		}
	}
	return all
}

// mend gives the gate what it needs: slots, no pause, no rate, seats, the draw.
func (s *world) mend(n *node) {
	operate := func(action gate.Action, value uint32) {
		s.send(n, &request{Call: gate.Call{Command: gate.Command{Kind: gate.Operate, Action: action, Value: value,
			Reason: "the end"}}})
	}
	operate(gate.Resume, 0)
	operate(gate.SetCap, 2)
	operate(gate.SetRate, 0)
	s.counted++
	s.send(n, &request{Call: gate.Call{Command: gate.Command{Kind: gate.Restock, Stock: gate.Stock{Free: 1000,
		Sections: []gate.SectionSeq{{Section: 0, Seq: s.counted}}}}}})
	s.land()
}

// serve is a tenth of a second of ordinary life: who comes when called takes the turn, buys and is gone.
func (s *world) serve(n *node) {
	n.w.RunTimers(s.now)
	s.hear(n)
	if s.model.lots == nil && s.set.ClosesAt != 0 {
		s.land()
		s.send(n, &request{Call: gate.Call{Command: gate.Command{Kind: gate.HandIn, Round: s.model.round,
			Signature: []byte{7}}}})
	}
	for _, p := range s.crowd {
		if p.told && p.shows && !p.settled && s.mayCome(p) {
			s.send(n, &request{who: p, Call: gate.Call{Command: gate.Command{Kind: gate.Take, Buyer: p.buyer}}})
		}
	}
	s.land()
	for i := range s.model.sessions {
		if s.model.sessions[i].ended == 0 {
			c := gate.Command{Kind: gate.Finish, Session: gate.SessionNo(i + 1)}
			s.send(n, &request{Call: gate.Call{Command: c}})
		}
	}
	s.land()
	for _, at := range s.sites {
		s.follow(at)
	}
	if c := s.free(); len(c.Sessions) > 0 {
		s.send(n, &request{Call: gate.Call{Command: c}})
	}
	s.land()
}

// mayCome says that a place was called, or is gone: whoever asks then is told.
func (s *world) mayCome(p *person) bool {
	place := &s.model.places[s.model.newest[p.buyer]]
	return place.called != 0 || place.left != 0
}

func (s *world) allSettled() bool {
	for _, p := range s.crowd {
		if p.told && p.shows && !p.settled && s.model.places[s.model.newest[p.buyer]].left == 0 {
			return false
		}
	}
	return true
}
