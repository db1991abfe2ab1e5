package section

import (
	"slices"

	"holdfast/actors/section/account"
	"holdfast/actors/section/dense"
	"holdfast/actors/section/transfer"
)

// remembered is one accepted request, 32 bytes.
type remembered struct {
	id          RequestID
	fingerprint uint64
	at          uint32 // the low bits; requestMemory.at has the others
	ref         uint32 // booking slot<<2, with refPlaced if the request placed it; of a (un)block: stamp<<2 | refNone
}

const (
	refPlaced = 1
	refNone   = 2
	refBits   = 2
)

// refTo is a remembered request's ref. The stamp counts without a booking only.
func refTo(slot uint32, placed bool, stamp uint32) uint32 {
	switch {
	case slot == 0:
		return stamp<<refBits | refNone
	case placed:
		return slot<<refBits | refPlaced
	}
	return slot << refBits
}

func (e *remembered) slot() uint32 {
	if e.ref&refNone != 0 {
		return 0
	}
	return e.ref >> refBits
}

// requestMemory is the idempotency memory (P5): it lives in the state, so it is as durable as what it remembers. Only
// accepted requests are in it: remembering a refusal would cost a write (P7), and the loser is welcome to try again.
type requestMemory struct {
	entries dense.Queue[remembered] // ascending At, because At never goes back
	index   dense.Table             // tag of the id → entry number
	// eras are the entries from which on the high bits of At are others, ascending: the entry's number, and below it
	// the bits. The first is that of the oldest entry. A new one begins each 49 days.
	eras    []uint64
	eraRoom [1]uint64 // for eras, while there is one
}

const lowBits = 32

// at is when the request of an entry was accepted.
func (m *requestMemory) at(number uint32) Instant {
	i := len(m.eras) - 1
	for i > 0 && number-m.entries.Head() < uint32(m.eras[i]>>lowBits)-m.entries.Head() {
		i--
	}
	return Instant(m.eras[i]<<lowBits) | Instant(m.entries.At(number).at)
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

func (m *requestMemory) add(e remembered, at Instant) {
	e.at = uint32(at)
	number := m.entries.Push(e)
	m.index.Insert(dense.TagOf(e.id), number)
	if m.entries.Len() == 1 {
		m.eras = m.eraRoom[:0]
	}
	high := uint32(at >> lowBits)
	if n := len(m.eras); n == 0 || uint32(m.eras[n-1]) != high {
		m.eras = append(m.eras, uint64(number)<<lowBits|uint64(high))
	}
}

// forget drops the oldest and returns its booking slot.
func (m *requestMemory) forget() (slot uint32) {
	e := m.entries.Front()
	slot = e.slot()
	m.index.Remove(dense.TagOf(e.id), m.entries.Head())
	m.entries.Drop()
	if len(m.eras) > 1 && uint32(m.eras[1]>>lowBits) == m.entries.Head() {
		m.eras = append(m.eras[:0], m.eras[1:]...)
	}
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
	ref := refTo(slot, c.Kind == HoldPlaced, s.stamp())
	s.requests.add(remembered{id: c.Request, fingerprint: c.Fingerprint, ref: ref}, c.At)
	if slot != 0 {
		b := s.bookings.slab.At(slot)
		b.refs++
		s.buyers.slab.At(b.buyer).kept++
	}
}

// rememberedSince is the record that a repeat depends on: the last one that touched the request's booking, which is not
// older than the request; of a request without a booking its own, whose stamp is cut to 30 bits here (see since).
func (s *State) rememberedSince(e *remembered) Seq {
	if slot := e.slot(); slot != 0 {
		return s.since(s.bookings.slab.At(slot).stamp)
	}
	age := Seq((s.stamp()<<refBits - e.ref&^refNone) >> refBits)
	return s.seq - min(age, s.seq)
}

// forget drops what has left the idempotency memory, oldest first.
func (s *State) forget() {
	q := &s.requests.entries
	for range forgetMax {
		if q.Len() <= s.rules.DedupeCountMin || !s.aged(s.requests.at(q.Head())) {
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
		s.cooling.Drop(s.bookings.slab.At(slot).buyer, slot)
		s.unref(slot)
	}
}

func (s *State) aged(at Instant) bool { return Millis(s.lastAt-at) > s.rules.DedupeWindow }

// unref takes one reference from a booking, and forgets it when it has ended and nothing names it any more.
func (s *State) unref(slot uint32) {
	b := s.bookings.slab.At(slot)
	b.refs--
	if b.refs == 0 && !b.state.live() {
		if b.paid() {
			s.accounts.Close(slot)
		}
		s.buyers.release(b.buyer)
		s.orders.Forget(slot)
		if s.passes.Any() {
			s.passes.Forget(slot)
		}
		s.prices.Forget(slot)
		s.exchanges.Forget(slot)
		if s.transfers.Has(slot) {
			s.transfers.Forget(slot, func(who transfer.Buyer) { s.buyers.release(s.buyers.find(BuyerID(who))) })
		}
		no := s.bookings.number(b)
		s.bookings.remove(slot)
		s.forgetExchanges(no)
	}
}

// Limits on what one buyer can make a section write and remember. They are judged in Decide only: Apply takes whatever
// the log has, so logs from before these limits replay to the same state. All three are part of the public API.
const (
	// PaymentAttemptsMax is how many payments may be begun for one booking: enough for a card mistyped and a second
	// card, too few for trying out stolen ones.
	PaymentAttemptsMax = 5
	// RequestsPerBuyerMax is how many requests of one buyer a section remembers before it takes no more holds and
	// extensions of theirs. Nothing is forgotten early for it (P5). Releasing and paying go on: each booking has but
	// one release and PaymentAttemptsMax payments, so the memory stays bounded and nobody is kept from what they hold.
	RequestsPerBuyerMax = 1000
	// ExtendMin is the least time by which an extension moves a hold's end; half of HoldTTL where holds are shorter
	// than two of it.
	ExtendMin Millis = 1000
)

// attemptsKept is as far as attempts are counted: four bits in a snapshot. Logs from before the limit may hold more.
const attemptsKept = 15

// countAttempt keeps the number of payments begun while there may be more of them. A state that was restored from a
// build which did not count learns it from the attempt's own number.
func (b *booking) countAttempt(kind ChangeKind, attempt uint8) {
	switch {
	case kind == PaymentBegun:
		b.setAttempts(min(max(b.attempts()+1, attempt), attemptsKept))
	case b.state != BookingHeld && b.state != BookingPaying:
		b.setAttempts(0)
	}
}

func (s *State) extendMin() Instant { return Instant(min(ExtendMin, s.rules.HoldTTL/2)) }

// agedScanMax bounds how far remembersTooMany looks, some 100 µs. More can be waiting only while a busy day is being
// forgotten.
const agedScanMax = 16_384

// remembersTooMany says whether the memory of this buyer's requests is full at c.At. Requests older than DedupeWindow
// that happen to be remembered still (they are among the youngest, or their turn has not come) do not count: a full
// memory always ages out. The operator is no suspect, and a box office has many requests.
func (s *State) remembersTooMany(c *Command, h uint32) bool {
	if c.Operator || h == 0 || c.Request == (RequestID{}) {
		return false
	}
	kept := s.buyers.slab.At(h).kept
	if kept < RequestsPerBuyerMax {
		return false
	}
	q := &s.requests.entries
	for i := range min(q.Len(), agedScanMax) {
		e := q.At(q.Head() + i)
		if Millis(c.At-s.requests.at(q.Head()+i)) <= s.rules.DedupeWindow {
			break
		}
		if slot := e.slot(); slot != 0 && s.bookings.slab.At(slot).buyer == h {
			kept--
		}
	}
	return kept >= RequestsPerBuyerMax
}

// Whoever lets a bank's challenge run out has kept seats from others for nothing, for longer than any hold. Their buyer
// gets none of them again for account.CoolDown after the booking's end, so that nobody keeps seats in turns:
//
//	challenge ── ChallengeMax is over ──▶ held ── its end, or released ──▶ cooling ── CoolDown ──▶ as before
//
// What cools follows from what the state has anyway: accounts, and when bookings ended. So the log and snapshots have
// nothing of it, and it ends early where a section is told to forget its bookings sooner than that
// (Rules.DedupeWindow). Best-available looks past such seats: for this buyer they are not there.
//
// Rejected: no new hold at all for a while. Another seat is blocked by nobody's challenge, and a bank that does not
// answer is not its customer's fault. Rejected: the buyer's address or card; the section knows neither.

// cool is called when a booking has ended at an instant, or its end is read from a snapshot.
func (s *State) cool(slot uint32, b *booking, at Instant) {
	leg, _ := s.orders.Leg(slot)
	if s.ranOutUnsold(slot, b) || leg.Cold {
		s.cooling.Add(b.buyer, slot, at+account.CoolDown)
	}
}

// ranOutUnsold says that a booking has ended of which a challenge had run out. The legs of an order hear so by their
// home's word, and cool as it does.
func (s *State) ranOutUnsold(slot uint32, b *booking) bool {
	return b.paid() && (b.state == BookingExpired || b.state == BookingReleased) && s.accounts.Exhausted(slot)
}

// coolingFor appends the seats that the caller does not get now, in no order, and says until when at most, and which
// record says so. An operator gets any.
func (s *State) coolingFor(c *Command, dst []SeatIndex) (seats []SeatIndex, until Instant, on Seq) {
	if c.Operator {
		return dst, 0, 0
	}
	s.cooling.Each(s.buyers.find(c.Buyer), c.At, func(slot uint32, end Instant) {
		b := s.bookings.slab.At(slot)
		dst, until, on = s.bookings.appendSeats(dst, b), max(until, end), max(on, s.since(b.stamp))
	})
	return dst, until, on
}

// allMayBeHad refuses, naming the seats, if some of d.seats cool for the caller.
func (s *State) allMayBeHad(c *Command, d *Decision) bool {
	cold, until, on := s.coolingFor(c, s.seatBuffer[:0])
	s.seatBuffer = cold[:0]
	for _, seat := range d.seats {
		if slices.Contains(cold, seat) {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
		}
	}
	if len(d.Outcome.Lost) == 0 {
		return true
	}
	d.refuse(ChallengeCoolDown, on)
	d.Outcome.ExpiresAt = until
	return false
}

// hide takes the free seats that cool for the caller off the map, for a search; show puts them back. Between the two
// nobody else looks: a state has one user.
func (s *State) hide(c *Command) (hidden []SeatIndex) {
	cold, _, _ := s.coolingFor(c, nil)
	slices.Sort(cold)
	for _, seat := range slices.Compact(cold) {
		if s.seats.isOpen(seat) {
			s.seats.conceal(seat, true)
			hidden = append(hidden, seat)
		}
	}
	return hidden
}

func (s *State) show(hidden []SeatIndex) {
	for _, seat := range hidden {
		s.seats.conceal(seat, false)
	}
}
