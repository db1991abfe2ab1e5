package gate

// sessionState is where a session stands.
type sessionState uint8

const (
	sessionInside sessionState = iota
	sessionEnding              // its end is logged; the slot is not free yet
	sessionFreed
)

// session is one admitted buyer's time inside, and the slot it holds.
type session struct {
	number Number
	state  sessionState
	reason EndReason
	until  Instant
	ended  Seq // the record that has its end
}

// sessionList holds every session that may hold a slot, in order of their numbers, which is the order of their ends by
// time: all are equally long. Freed ones leave from the front.
type sessionList struct {
	first    SessionNo // of list[0]; 0 before the first session
	list     []session
	lapsing  int    // index of the first that is inside: the next whose time is up
	inside   uint32 // sessions inside
	occupied uint32 // sessions that hold a slot: inside and ending
}

// next is the number of the next session.
func (l *sessionList) next() SessionNo {
	if l.first == 0 {
		return 1
	}
	return l.first + SessionNo(len(l.list))
}

// find gives a session that may hold a slot; nil: it was freed long ago, or never was.
func (l *sessionList) find(no SessionNo) *session {
	if l.first == 0 || no < l.first || no >= l.next() {
		return nil
	}
	return &l.list[no-l.first]
}

func (l *sessionList) begin(no SessionNo, number Number, until Instant) {
	require(no == l.next(), "a session out of order")
	if l.first == 0 {
		l.first = no
	}
	last := len(l.list) - 1
	require(last < 0 || l.list[last].until <= until, "a session that ends before an older one")
	l.list = append(l.list, session{number: number, until: until})
	l.inside++
	l.occupied++
}

func (l *sessionList) end(no SessionNo, reason EndReason, seq Seq) *session {
	s := l.find(no)
	require(s != nil && s.state == sessionInside, "the end of a session that is not inside")
	s.state, s.reason, s.ended = sessionEnding, reason, seq
	l.inside--
	l.settle()
	return s
}

func (l *sessionList) free(no SessionNo, acks []Ack) {
	s := l.find(no)
	require(s != nil && s.state == sessionEnding, "a slot freed of a session that is not ending")
	require(len(acks) > 0, "a slot freed without a barrier")
	for i := range acks {
		require(acks[i].Seq >= s.ended, "a slot freed before a node followed the end")
	}
	s.state = sessionFreed
	l.occupied--
}

// settle finds the next whose time is up.
func (l *sessionList) settle() {
	for l.lapsing < len(l.list) && l.list[l.lapsing].state != sessionInside {
		l.lapsing++
	}
}

// dropFreed takes freed sessions from the front.
func (l *sessionList) dropFreed() {
	gone := 0
	for gone < len(l.list) && l.list[gone].state == sessionFreed {
		gone++
	}
	if gone == 0 {
		return
	}
	l.first, l.list, l.lapsing = l.first+SessionNo(gone), l.list[gone:], l.lapsing-gone
}

// lapse is the end by time of the oldest session inside.
func (l *sessionList) lapse() (until Instant, ok bool) {
	if l.lapsing == len(l.list) {
		return 0, false
	}
	return l.list[l.lapsing].until, true
}

// due counts the sessions whose time is up, at most a piece: they are the first that are inside.
func (l *sessionList) due(at Instant, piece uint32) (n uint32) {
	for i := l.lapsing; i < len(l.list) && n < piece && l.list[i].until <= at; i++ {
		if l.list[i].state == sessionInside {
			n++
		}
	}
	return n
}
