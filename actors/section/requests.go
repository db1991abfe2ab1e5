package section

// remembered is one accepted request, 40 bytes.
type remembered struct {
	id          RequestID
	fingerprint uint64
	at          Instant
	ref         uint32 // booking slot<<1 | 1 if the request placed that booking; 0 for block and unblock
	stamp       uint32
}

func (e *remembered) slot() uint32 { return e.ref >> 1 }

// requestMemory is the idempotency memory (P5): it lives in the state, so it is as durable as what it remembers. Only
// accepted requests are in it: remembering a refusal would cost a write (P7), and the loser is welcome to try again.
type requestMemory struct {
	entries queue[remembered] // ascending At, because At never goes back
	index   tagTable          // tag of the id → entry number
}

func (m *requestMemory) find(id RequestID) *remembered {
	tag := tagOf(id)
	for number, n := m.index.seek(tag, 0); n != 0; number, n = m.index.seek(tag, n) {
		if e := m.entries.at(number); e.id == id {
			return e
		}
	}
	return nil
}

func (m *requestMemory) add(e remembered) {
	m.index.insert(tagOf(e.id), m.entries.push(e))
}

// forget drops the oldest and returns its booking slot.
func (m *requestMemory) forget() (slot uint32) {
	e := m.entries.front()
	slot = e.slot()
	m.index.remove(tagOf(e.id), m.entries.head)
	m.entries.drop()
	return slot
}

// endedBooking keeps a released, expired or refunded booking for DedupeWindow after its end, so that a buyer who comes
// back late hears what became of it instead of "unknown".
type endedBooking struct {
	at   Instant
	slot uint32
}

// forgetMax bounds how much one Apply forgets: more than one Apply can add, so memory shrinks when it may, and small,
// so that a command after a quiet day does not pay for the day. It is part of replay: changing it changes what a
// snapshot holds.
const forgetMax = 4

// remember adds an accepted change's request. slot is 0 for block and unblock.
func (s *State) remember(c *Change, slot uint32) {
	if c.Request == (RequestID{}) {
		return
	}
	e := remembered{id: c.Request, fingerprint: c.Fingerprint, at: c.At, ref: slot << 1, stamp: s.stamp()}
	if c.Kind == HoldPlaced {
		e.ref |= 1
	}
	s.requests.add(e)
	if slot != 0 {
		b := s.bookings.slab.at(slot)
		b.refs++
		s.buyers.slab.at(b.buyer).kept++
	}
}

// forget drops what has left the idempotency memory, oldest first.
func (s *State) forget() {
	q := &s.requests.entries
	for range forgetMax {
		if q.n <= s.rules.DedupeCountMin || !s.aged(q.front().at) {
			break
		}
		if slot := s.requests.forget(); slot != 0 {
			s.buyers.slab.at(s.bookings.slab.at(slot).buyer).kept--
			s.unref(slot)
		}
	}
	for range forgetMax {
		if s.ended.n == 0 || !s.aged(s.ended.front().at) {
			break
		}
		slot := s.ended.front().slot
		s.ended.drop()
		s.unref(slot)
	}
}

func (s *State) aged(at Instant) bool { return Millis(s.lastAt-at) > s.rules.DedupeWindow }

// unref takes one reference from a booking, and forgets it when it has ended and nothing names it any more.
func (s *State) unref(slot uint32) {
	b := s.bookings.slab.at(slot)
	b.refs--
	if b.refs == 0 && !b.state.live() {
		s.buyers.release(b.buyer)
		s.bookings.remove(slot)
	}
}
