package gate

import (
	"errors"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/gate/draw"
)

// ErrSnapshot says that bytes are not a snapshot of a gate: of another version, damaged, or not canonical. The way out
// is to replay the log from its start.
var ErrSnapshot = errors.New("gate: not a snapshot of a gate")

func snapshotError(r *codec.Reader) error {
	if r.Err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrSnapshot, r.Err)
}

func check(r *codec.Reader, ok bool, what string) {
	if !ok {
		r.Fail("bad " + what)
	}
}

// restoreMachine makes the machine that AppendSnapshot wrote. It checks what the parts say of each other.
func restoreMachine(snapshot []byte) (*Machine, error) {
	m := newMachine()
	r := &codec.Reader{Src: snapshot}
	version := r.Byte()
	check(r, version == snapshotOwner || version == snapshotCodes, "version")
	part := &codec.Reader{Src: readBytes(r, math.MaxInt32)}
	m.board.restore(part)
	check(part, len(part.Src) == 0, "length of the board")
	check(r, part.Err == nil, "board")
	m.restoreTree(r)
	m.restorePlaces(r)
	for _, q := range m.queues() {
		m.restoreQueue(r, q)
	}
	for range readCount(r, requestsMax, 24) {
		var request operatorRequest
		r.Copy(request.id[:])
		request.fingerprint = r.Fixed64()
		m.requests = append(m.requests, request)
	}
	if version == snapshotCodes {
		m.codes.Restore(r)
	}
	check(r, len(r.Src) == 0, "trailing bytes")
	if r.Err == nil {
		m.restoreHolders(r)
	}
	if err := snapshotError(r); err != nil {
		return nil, err
	}
	return m, nil
}

// restoreFollower reads the board of either snapshot.
func restoreFollower(snapshot []byte) (*Follower, error) {
	f := &Follower{}
	r := &codec.Reader{Src: snapshot}
	switch r.Byte() {
	case snapshotOwner, snapshotCodes:
		r.Src = readBytes(r, math.MaxInt32)
	case snapshotFollower:
	default:
		r.Fail("bad version")
	}
	f.restore(r)
	check(r, len(r.Src) == 0, "trailing bytes")
	if err := snapshotError(r); err != nil {
		return nil, err
	}
	return f, nil
}

func readInstant(r *codec.Reader) Instant {
	n := r.Uvarint()
	check(r, n <= 1<<62, "instant")
	return Instant(n)
}

func (b *board) restore(r *codec.Reader) {
	b.seq, b.lastAt = Seq(r.Uvarint()), readInstant(r)
	readSettings(r, &b.set)
	b.phase, b.paused = Phase(r.Byte()), readFlag(r)
	check(r, b.phase <= Open && (b.phase == Unfounded || b.set.Reject() == Accepted), "phase or settings")
	b.cap, b.rate, b.message = read32(r), read32(r), string(readBytes(r, TextMax))
	b.closedAt, b.entrants = readInstant(r), read32(r)
	r.Copy(b.root[:])
	b.round = r.Uvarint()
	if signature := readBytes(r, SignatureMax); len(signature) > 0 {
		b.signature = append([]byte(nil), signature...)
	}
	r.Copy(b.seed[:])
	if b.phase >= Drawn && b.set.ClosesAt != 0 {
		check(r, b.seed == draw.Seed(b.set.Event, b.entrants, b.root, b.signature), "seed")
		b.order = draw.NewPermutation(b.seed, b.entrants)
	}
	b.joined, b.called = read32(r), Rank(read32(r))
	sum := uint64(0)
	for i := range b.counts {
		b.counts[i] = read32(r)
		sum += uint64(b.counts[i])
	}
	check(r, uint32(b.called) <= b.joined && b.entrants <= b.joined && sum == uint64(b.joined), "counters")
	b.overtake, b.stockNo = Millis(readInstant(r)), StockNo(read32(r))
	readStock(r, &b.stock)
	b.shown, b.missed = read32(r), read32(r)
	check(r, b.shown <= showWindow && b.missed <= showWindow, "show rate")
	b.paid, b.lastCall = int64(readInstant(r)), readInstant(r)
	b.clock = turnClock{at: readInstant(r), turn: Millis(readInstant(r)), offer: Millis(readInstant(r))}
	check(r, b.clock.at <= b.lastAt, "clock")
	b.sessions.restore(r, b)
	if b.limits = b.set.Limits; len(r.Src) > 0 {
		b.limits.Read(r)
		chained := len(r.Src) > 0
		if chained {
			b.previous = append([]byte(nil), readBytes(r, SignatureMax)...)
		}
		check(r, chained == (len(b.previous) > 0), "round before")
		check(r, chained || b.limits != b.set.Limits, "limits")
	}
}

func (l *sessionList) restore(r *codec.Reader, b *board) {
	first, last := SessionNo(read32(r)), Instant(0)
	n := readCount(r, math.MaxInt32, 3)
	check(r, first != 0 || n == 0, "sessions")
	for range n {
		s := session{number: Number(read32(r))}
		flags := r.Byte()
		s.state, s.reason = sessionState(flags&15), EndReason(flags>>4)
		if s.until = readInstant(r); s.state != sessionInside {
			s.ended = Seq(r.Uvarint())
		}
		check(r, s.state <= sessionFreed && s.reason <= EndedExpired && s.until >= last &&
			uint32(s.number) < b.joined && (s.reason == 0) == (s.state == sessionInside), "session")
		last = s.until
		if l.list = append(l.list, s); s.state == sessionInside {
			l.inside++
		}
		if s.state != sessionFreed {
			l.occupied++
		}
	}
	l.first = first
	check(r, n == 0 || len(l.list) > 0 && l.list[0].state != sessionFreed, "first session")
	check(r, l.inside == b.counts[Inside], "sessions inside")
	l.settle()
}

func (m *Machine) restoreTree(r *codec.Reader) {
	leaves := uint32(0)
	if m.phase == Lobby {
		leaves = m.joined
	}
	peaks := make([]draw.Hash, readCount(r, 32, 32))
	for i := range peaks {
		r.Copy(peaks[i][:])
	}
	tree, err := draw.RestoreFrontier(leaves, peaks)
	check(r, err == nil, "tree")
	m.tree = tree
}

func (m *Machine) restorePlaces(r *codec.Reader) {
	n := readCount(r, numbersMax, 18)
	check(r, n == int(m.joined), "number of places")
	m.places.index.reserve(n)
	var counts [placeStates]uint32
	for no := range Number(n) {
		if r.Err != nil {
			return
		}
		var e Entrant
		r.Copy(e.Buyer[:])
		e.Party = r.Byte()
		flags := r.Byte()
		state := PlaceState(flags & 0x7f)
		check(r, e.Party > 0 && state > NoPlace && state < placeStates, "place")
		if r.Err != nil {
			return
		}
		before, had := m.places.add(e, 0)
		check(r, !had || !m.places.at(before).state.live(), "second live place of one buyer")
		p := m.places.at(no)
		p.state, p.missed = state, flags&0x80 != 0
		counts[state]++
		if state == Present {
			m.present.push(presentRank{m.Rank(no), no})
		}
	}
	check(r, counts == m.counts, "places by state")
}

func (m *Machine) restoreQueue(r *codec.Reader, q *turnQueue) {
	last, seen := Millis(0), make(map[Number]bool)
	for range readCount(r, numbersMax, 2) {
		t := turn{Number(read32(r)), Millis(readInstant(r))}
		ok := uint32(t.number) < m.places.n && t.deadline >= last && !seen[t.number] &&
			m.places.at(t.number).state == q.state
		if check(r, ok, "turn"); !ok {
			return
		}
		seen[t.number], last = true, t.deadline
		q.turns = append(q.turns, t)
	}
	check(r, uint32(len(q.turns)) == m.counts[q.state], "number of turns")
}

// restoreHolders finds who is inside by the sessions.
func (m *Machine) restoreHolders(r *codec.Reader) {
	for i := range m.sessions.list {
		s := &m.sessions.list[i]
		if s.state != sessionInside {
			continue
		}
		_, twice := m.holders[s.number]
		check(r, !twice && m.places.at(s.number).state == Inside, "place of a session")
		m.holders[s.number] = m.sessions.first + SessionNo(i)
	}
}
