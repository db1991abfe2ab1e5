package section

import "holdfast/actors/section/dense"

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
	entries dense.Queue[remembered] // ascending At, because At never goes back
	index   dense.Table             // tag of the id → entry number
}

func (m *requestMemory) find(id RequestID) *remembered {
	tag := dense.TagOf(id)
	for number, n := m.index.Seek(tag, 0); n != 0; number, n = m.index.Seek(tag, n) {
		if e := m.entries.At(number); e.id == id {
			return e
		}
	}
	return nil
}

func (m *requestMemory) add(e remembered) {
	m.index.Insert(dense.TagOf(e.id), m.entries.Push(e))
}

// forget drops the oldest and returns its booking slot.
func (m *requestMemory) forget() (slot uint32) {
	e := m.entries.Front()
	slot = e.slot()
	m.index.Remove(dense.TagOf(e.id), m.entries.Head())
	m.entries.Drop()
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
		b := s.bookings.slab.At(slot)
		b.refs++
		s.buyers.slab.At(b.buyer).kept++
	}
}

// forget drops what has left the idempotency memory, oldest first.
func (s *State) forget() {
	q := &s.requests.entries
	for range forgetMax {
		if q.Len() <= s.rules.DedupeCountMin || !s.aged(q.Front().at) {
			break
		}
		if slot := s.requests.forget(); slot != 0 {
			s.buyers.slab.At(s.bookings.slab.At(slot).buyer).kept--
			s.unref(slot)
		}
	}
	for range forgetMax {
		if s.ended.Len() == 0 || !s.aged(s.ended.Front().at) {
			break
		}
		slot := s.ended.Front().slot
		s.ended.Drop()
		s.unref(slot)
	}
}

func (s *State) aged(at Instant) bool { return Millis(s.lastAt-at) > s.rules.DedupeWindow }

// unref takes one reference from a booking, and forgets it when it has ended and nothing names it any more.
func (s *State) unref(slot uint32) {
	b := s.bookings.slab.At(slot)
	b.refs--
	if b.refs == 0 && !b.state.live() {
		s.buyers.release(b.buyer)
		s.bookings.remove(slot)
	}
}
