package gate

import (
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
)

// register is what only the owner keeps, and who preloads to become it: every place, and who among them is called.
type register struct {
	places   placeBook
	tree     draw.Frontier // of the lobby's entrants
	turns    turnQueue     // of the called
	offers   turnQueue     // of the offered
	graces   turnQueue     // of the late
	present  presentHeap
	holders  map[Number]SessionNo // of those inside
	requests []operatorRequest    // the youngest, oldest first
	codes    codebook.Book
	coded    Seq // the newest record that changed a code: what is told of codes rests on it (P2)
}

type operatorRequest struct {
	id          RequestID
	fingerprint uint64
}

// requestsMax is how many operators' requests are remembered (P5).
const requestsMax = 256

func (w *register) init() {
	w.turns.state, w.offers.state, w.graces.state = Called, Offered, Late
	w.holders = make(map[Number]SessionNo)
}

// apply makes a change true: first for the counters, then for the places it is about.
func (m *Machine) apply(c *Change, e *Effects) {
	from := m.called
	if c.Kind == SessionsLapse || c.Kind == SessionEnding {
		m.endPlaces(c)
	}
	m.board.apply(c, e)
	stamp := uint32(m.seq)
	switch c.Kind {
	case Joined:
		m.join(c, stamp)
	case LobbyClosed:
		require(m.tree.Root() == c.Root, "another root than the entrants'")
		m.tree = draw.Frontier{}
	case LeftQueue:
		m.become(c.Number, c.From, Left)
	case CalledUp:
		m.call(from, c)
	case CameEarly:
		m.become(c.Number, c.From, Present)
		m.present.push(presentRank{m.Rank(c.Number), c.Number})
	case SlotsOffered:
		for range c.People {
			no := m.present.pop(&m.places)
			m.become(no, Present, Offered)
			m.offers.push(no, m.clock.offer+m.set.Turn)
		}
	case Admitted:
		m.become(c.Number, c.From, Inside)
		m.holders[c.Number] = c.Session
	case TurnsLapsed, GraceEnded:
		m.lapsePlaces(c)
	case Operated:
		m.remember(c)
		m.operated(c)
	case CodesMinted:
		m.remember(c)
		require(c.Codes.First == m.codes.Next() && c.Codes.Sound(), "codes out of order")
		m.codes.Mint(c.Codes, c.Request)
	case CodesRevoked:
		m.remember(c)
		require(m.codes.Has(c.Codes.First, c.Codes.Count), "codes taken back that were never minted")
		m.codes.Revoke(c.Codes.First, c.Codes.Count)
	}
	m.turns.settle(&m.places)
	m.offers.settle(&m.places)
	m.graces.settle(&m.places)
}

// become changes a place's state.
func (m *Machine) become(no Number, from, to PlaceState) *place {
	require(uint32(no) < m.places.n, "a place that was never given")
	p := m.places.at(no)
	require(p.state == from, "a place in another state")
	p.state, p.stamp = to, uint32(m.seq)
	return p
}

func (m *Machine) join(c *Change, stamp uint32) {
	for i := range c.Entrants {
		e := &c.Entrants[i]
		if require(e.Code != 0 || m.set.Presale == 0, "a join without a code"); e.Code != 0 {
			require(m.codes.Judge(e.Code, c.At, 0) == codebook.Good, "a join by a code that lets nobody in")
			m.codes.Use(e.Code)
			m.coded = m.seq
		}
		if m.phase == Lobby {
			n := m.places.n
			m.tree.Append(draw.Leaf(n, e.Buyer, e.Party, draw.SaltOf(&m.set.SaltKey, n)))
		}
		before, had := m.places.add(*e, stamp)
		require(!had || !m.places.at(before).state.live(), "a second live place of one buyer")
	}
}

func (m *Machine) at(rank Rank) Number { return Number(m.order.Number(uint32(rank))) }

func (m *Machine) call(from Rank, c *Change) {
	people := uint32(0)
	for rank := from; rank < c.Upto; rank++ {
		if no := m.at(rank); m.places.at(no).state == Waiting {
			m.become(no, Waiting, Called)
			m.turns.push(no, m.clock.turn+m.set.Turn)
			people++
		}
	}
	require(people == c.People, "a call of others than wait")
}

// lapsePlaces ends turns in the order in which they began.
func (m *Machine) lapsePlaces(c *Change) {
	if c.Kind == GraceEnded {
		for range c.People {
			m.become(m.graces.take(&m.places).number, Late, Lapsed)
		}
		return
	}
	gone := uint32(0)
	for range c.People {
		m.miss(m.turns.take(&m.places).number, Called)
	}
	for range c.Offers {
		if m.miss(m.offers.take(&m.places).number, Offered) == Lapsed {
			gone++
		}
	}
	require(gone == c.OffersGone, "other lapses than the turns'")
}

// miss lets a turn pass: once, a grace window follows.
func (m *Machine) miss(no Number, from PlaceState) PlaceState {
	p := m.places.at(no)
	if p.missed || m.set.Grace == 0 {
		return m.become(no, from, Lapsed).state
	}
	p.missed = true
	m.graces.push(no, m.clock.offer+m.set.Grace)
	return m.become(no, from, Late).state
}

// endPlaces takes the places out of sessions that are about to end: as long as the sessions can be found.
func (m *Machine) endPlaces(c *Change) {
	if c.Kind == SessionEnding {
		s := m.sessions.find(c.Session)
		require(s != nil && s.state == sessionInside, "the end of a session that is not inside")
		m.finish(s.number)
		return
	}
	n := c.People
	for i := m.sessions.lapsing; i < len(m.sessions.list) && n > 0; i++ {
		if s := &m.sessions.list[i]; s.state == sessionInside {
			m.finish(s.number)
			n--
		}
	}
}

func (m *Machine) finish(no Number) {
	m.become(no, Inside, Finished)
	delete(m.holders, no)
}

// remember keeps an operator's request, so that a repeat is none.
func (m *Machine) remember(c *Change) {
	if c.Request != (RequestID{}) {
		if len(m.requests) == requestsMax {
			m.requests = append(m.requests[:0], m.requests[1:]...)
		}
		m.requests = append(m.requests, operatorRequest{c.Request, c.Fingerprint})
	}
}

func (m *Machine) operated(c *Change) {
	for offered := m.offers.live(&m.places); c.Action == SetCap && offered > m.counts[Offered]; offered-- {
		no := m.offers.takeLast(&m.places).number
		m.become(no, Offered, Present)
		m.present.push(presentRank{m.Rank(no), no})
	}
}

// live counts those who are really in the queue.
func (q *turnQueue) live(p *placeBook) (n uint32) {
	for i := range q.turns {
		if p.at(q.turns[i].number).state == q.state {
			n++
		}
	}
	return n
}
