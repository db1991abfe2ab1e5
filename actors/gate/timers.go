package gate

import (
	"math"

	"holdfast/actors/machine"
)

// lapsePiece bounds the lapses of one piece, so that a wave leaves room for commands.
const lapsePiece = 1024

const never = Instant(math.MaxInt64)

// NextTimer is the earliest instant at which DecideTimers has something to do.
func (m *Machine) NextTimer() (at Instant, ok bool) {
	if m.outage() {
		return m.claimed, true
	}
	at = min(m.phaseFrom(), m.turnsFrom())
	if until, ok := m.sessions.lapse(); ok {
		at = min(at, until)
	}
	if m.serving() && m.counts[Present] > 0 && m.free() > 0 {
		at = min(at, m.lastAt)
	}
	if from, ok := m.callFrom(); ok {
		at = min(at, from)
	}
	return at, at != never
}

// outage says that clocks ran when the life before this one ended: nothing says how long anybody was served after its
// newest record.
func (m *Machine) outage() bool {
	running := m.counts[Called] + m.counts[Offered] + m.counts[Late]
	return m.claimed > m.lastAt && running > 0 && m.serving()
}

func (m *Machine) phaseFrom() Instant {
	switch m.phase {
	case Lobby:
		return m.set.ClosesAt
	case Drawn:
		return m.set.DoorsAt
	}
	return never
}

// turnsFrom is the earliest end of a turn, an offer or a grace window, if their clocks go on as they do.
func (m *Machine) turnsFrom() Instant {
	from := never
	ends := func(q *turnQueue, now Millis) {
		if len(q.turns) > 0 {
			from = min(from, m.clock.at+Instant(max(0, q.turns[0].deadline-now)))
		}
	}
	if !m.serving() {
		return never
	}
	if m.free() > 0 {
		ends(&m.turns, m.clock.turn)
	}
	ends(&m.offers, m.clock.offer)
	ends(&m.graces, m.clock.offer)
	return from
}

// DecideTimers judges what time alone has made due by at. What depends on another change waits for the next piece.
func (m *Machine) DecideTimers(at Instant) machine.Decided {
	m.decided = m.decided[:0]
	switch {
	case m.outage():
		return m.decide(Change{Kind: Outage, At: min(m.claimed, at)})
	case m.phaseFrom() <= at && m.phase == Lobby:
		return m.decide(Change{Kind: LobbyClosed, At: at, Count: m.joined, Root: m.tree.Root(),
			Round: m.set.Rule.RoundAfter(at)})
	case m.phaseFrom() <= at:
		return m.decide(Change{Kind: DoorsOpened, At: at})
	}
	m.decideLapses(at)
	if len(m.decided) == 0 {
		m.decideCalls(at)
	}
	return machine.Decided{Changes: len(m.decided)}
}

func (m *Machine) decideLapses(at Instant) {
	if n := m.sessions.due(at, lapsePiece); n > 0 {
		m.decide(Change{Kind: SessionsLapse, At: at, People: n})
	}
	if !m.serving() {
		return
	}
	turn, offer := m.clocksAt(at)
	lapsed := Change{Kind: TurnsLapsed, At: at, People: m.turns.due(&m.places, turn, lapsePiece, nil)}
	lapsed.Offers = m.offers.due(&m.places, offer, lapsePiece, func(no Number) {
		if m.places.at(no).missed || m.set.Grace == 0 {
			lapsed.OffersGone++
		}
	})
	if lapsed.People+lapsed.Offers > 0 {
		m.decide(lapsed)
	}
	if n := m.graces.due(&m.places, offer, lapsePiece, nil); n > 0 {
		m.decide(Change{Kind: GraceEnded, At: at, People: n})
	}
}

// decideCalls offers free slots to the present first, and calls others for what is left.
func (m *Machine) decideCalls(at Instant) {
	if n := min(m.counts[Present], m.free(), lapsePiece); n > 0 && m.serving() {
		m.decide(Change{Kind: SlotsOffered, At: at, People: n})
		return
	}
	if from, ok := m.callFrom(); !ok || from > at {
		return
	}
	upto, people, most := m.called, uint32(0), m.mayCall(at)
	for passed := 0; people < most && upto < Rank(m.joined) && passed < walkPiece; passed++ {
		if m.places.at(m.at(upto)).state == Waiting {
			people++
		}
		upto++
	}
	if upto > m.called {
		m.decide(Change{Kind: CalledUp, At: at, Upto: upto, People: people, Cites: m.stockNo, ShowRate: m.showRate()})
	}
}
