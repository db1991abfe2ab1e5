package section

import (
	"encoding/binary"
	"errors"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
)

// ErrSnapshot says that bytes are not a snapshot of this section: of another version or layout, damaged, or not
// canonical. The way out is to replay the log from its start.
var ErrSnapshot = errors.New("section: not a snapshot of this section")

// snapshotError is ErrSnapshot with the part that is wrong.
type snapshotError string

func (e snapshotError) Error() string { return ErrSnapshot.Error() + ": bad " + string(e) }
func (e snapshotError) Unwrap() error { return ErrSnapshot }

// Restore makes the state that AppendSnapshot wrote. It is strict: it accepts exactly the bytes that AppendSnapshot
// gives for the restored state, checks every invariant of State, and otherwise answers an error that is ErrSnapshot.
// body is not kept.
func Restore(l *Layout, r Rules, body []byte) (s *State, err error) {
	s = NewState(l, r)
	d := &decoder{rest: body}
	orders, turned, edited, tickets, more := d.head()
	d.require(d.version >= snapshotVersion1 && d.version <= snapshotVersion4, "version")
	d.require(d.fixed64() == layoutHash(l), "layout")
	s.seq = Seq(d.uvarint(math.MaxUint64))
	s.lastAt = Instant(d.uvarint(math.MaxInt64))
	s.lastNo = BookingNo(d.uvarint(math.MaxUint64 - 1))
	s.restoreBlocked(d)
	s.restoreBookings(d)
	s.restoreRequests(d)
	s.restoreEnded(d)
	if d.version >= snapshotVersion3 {
		d.require(s.fences.Restore(d.uvarint) || d.version > snapshotVersion3 && !s.fences.Any(), "fences")
	}
	if d.version >= snapshotVersion4 {
		s.restoreAccounts(d)
	}
	if orders {
		s.restoreOrders(d)
	}
	d.require(s.boundLegs() == s.BoundLegs(), "bound legs")
	if turned {
		d.require(s.sale.Restore(d.uvarint, s.lastAt), "sale switch")
	}
	if edited {
		d.require(s.terms.Restore(d.uvarint), "terms")
		s.setTerms(s.terms)
	}
	if more&snapshotExchanges != 0 {
		s.restoreExchanges(d)
	}
	s.checkAccounts(d)
	if tickets {
		s.restoreTickets(d)
	}
	if more&snapshotTransfers != 0 {
		s.restoreTransfers(d)
	}
	d.require(len(d.rest) == 0, "trailing bytes")
	s.checkRemembered(d)
	d.require(d.version != snapshotVersion2 || s.anyAttempts(), "version without need")
	if d.err != nil {
		return nil, d.err
	}
	return s, nil
}

// head reads the version, and what it says besides. More is the second byte; 0: there is none.
func (d *decoder) head() (orders, turned, edited, tickets bool, more byte) {
	v := d.byte()
	orders, turned, edited = v&snapshotOrders != 0, v&snapshotSale != 0, v&snapshotTerms != 0
	if tickets = v&snapshotTickets != 0; v&snapshotMore != 0 {
		more = d.byte()
		d.require(more != 0 && more&^(snapshotExchanges|snapshotTransfers) == 0, "second byte")
	}
	d.version = v &^ (snapshotOrders | snapshotSale | snapshotTerms | snapshotTickets | snapshotMore)
	return orders, turned, edited, tickets, more
}

func (s *State) restoreBlocked(d *decoder) {
	s.restoreSeats(d)
	for _, seat := range s.seatBuffer {
		s.seats.mark(seat, Available, Blocked, 0, 0)
	}
}

// restoreSeats reads ascending seats of this section into seatBuffer.
func (s *State) restoreSeats(d *decoder) {
	s.seatBuffer = s.seatBuffer[:0]
	next, end := uint64(0), uint64(len(s.seats.letters))
	for n := d.uvarint(end); n > 0 && d.err == nil; n-- {
		seat := next + d.uvarint(end)
		d.require(seat < end, "seat")
		if d.err == nil {
			s.seatBuffer = append(s.seatBuffer, SeatIndex(seat))
		}
		next = seat + 1
	}
}

func (s *State) restoreBookings(d *decoder) {
	next := BookingNo(1)
	for n := d.uvarint(math.MaxUint32); n > 0 && d.err == nil; n-- {
		gap := BookingNo(d.uvarint(math.MaxUint64))
		no := next + gap
		d.require(no >= next && no <= s.lastNo, "booking number")
		s.restoreBooking(d, no)
		next = no + 1
	}
}

func (s *State) restoreBooking(d *decoder, no BookingNo) {
	flags := d.byte()
	id := BuyerID(d.id())
	placedAt := s.lastAt - Instant(d.uvarint(uint64(s.lastAt)))
	life := Instant(d.uvarint(math.MaxInt64 - uint64(placedAt)))
	s.restoreSeats(d)
	state, attempts := BookingState(flags>>1), uint8(0)
	if d.version >= snapshotVersion2 {
		state, attempts = state&7, flags>>4
	}
	d.require(state >= BookingHeld && state <= BookingBound, "booking state")
	d.require(attempts == 0 || state == BookingHeld || state == BookingPaying, "payment attempts")
	d.require(len(s.seatBuffer) <= bookingSeatsMax, "seat count") // none: see checkRemembered
	d.require(!state.live() || s.allOpen(), "seat of two bookings")
	if d.err != nil {
		return
	}
	slot, b := s.bookings.add(no)
	b.state, b.placedAt = state, placedAt
	b.setMarks(flags&1 != 0, attempts)
	s.bookings.setSeats(b, s.seatBuffer)
	b.buyer = s.buyers.hold(id)
	if state == BookingHeld {
		s.expiryPush(slot, placedAt+life)
	} else {
		s.bookings.setEnd(b, placedAt+life)
	}
	if state.live() {
		s.restoreLive(slot, b)
	}
}

// restoreLive takes a live booking's seats and puts it where its state belongs.
func (s *State) restoreLive(slot uint32, b *booking) {
	letter := Held
	if b.state == BookingConfirmed {
		letter = Sold
	}
	for _, seat := range s.seatBuffer {
		s.seats.mark(seat, Available, letter, slot, 0)
	}
	s.buyers.slab.At(b.buyer).live += uint32(b.count)
	if b.state == BookingPaying {
		s.paying++
	}
}

// boundLegs counts the bookings that are bound, each of which is a leg of an order.
func (s *State) boundLegs() (n int) {
	for slot := uint32(1); slot < s.bookings.slab.Len(); slot++ {
		if s.bookings.slab.At(slot).state == BookingBound {
			n++
		}
	}
	return n
}

func (s *State) allOpen() bool {
	for _, seat := range s.seatBuffer {
		if !s.seats.isOpen(seat) {
			return false
		}
	}
	return true
}

// requestBytesMin is the shortest request: id, fingerprint, age, booking number, placed.
const requestBytesMin = 16 + 8 + 1 + 1 + 1

func (s *State) restoreRequests(d *decoder) {
	youngest := uint64(math.MaxUint64)
	n := d.uvarint(math.MaxUint32)
	s.requests.index.Reserve(min(n, uint64(len(d.rest)/requestBytesMin)))
	for ; n > 0 && d.err == nil; n-- {
		id := RequestID(d.id())
		fingerprint := d.fixed64()
		age := d.uvarint(uint64(s.lastAt))
		no := BookingNo(d.uvarint(math.MaxUint64))
		placed := d.byte()
		slot := s.bookings.find(no)
		d.require(id != RequestID{} && s.requests.find(id) == nil, "request id")
		d.require(age <= youngest && placed <= 1 && (slot != 0 || no == 0 && placed == 0), "request")
		youngest = age
		if d.err != nil {
			return
		}
		s.requests.add(remembered{id: id, fingerprint: fingerprint, ref: refTo(slot, placed == 1, 0)},
			s.lastAt-Instant(age))
		if slot != 0 {
			b := s.bookings.slab.At(slot)
			b.refs++
			s.buyers.slab.At(b.buyer).kept++
		}
	}
}

func (s *State) restoreEnded(d *decoder) {
	youngest := uint64(math.MaxUint64)
	seen := make([]bool, s.bookings.slab.Len()) // by slot
	for n := d.uvarint(math.MaxUint32); n > 0 && d.err == nil; n-- {
		no := BookingNo(d.uvarint(math.MaxUint64))
		age := d.uvarint(uint64(s.lastAt))
		slot := s.bookings.find(no)
		d.require(
			slot != 0 && !s.bookings.slab.At(slot).state.live() && !seen[slot] && age <= youngest, "ended booking",
		)
		youngest, seen[slot] = age, true
		if d.err != nil {
			return
		}
		s.bookings.slab.At(slot).refs++
		s.ended.Push(endedBooking{at: s.lastAt - Instant(age), slot: slot})
	}
}

// restoreAccounts reads the accounts, which a snapshot of this version has some of.
func (s *State) restoreAccounts(d *decoder) {
	n, next := d.uvarint(math.MaxUint32), BookingNo(1)
	d.require(n > 0, "version without need")
	for ; n > 0 && d.err == nil; n-- {
		no := next + BookingNo(d.uvarint(math.MaxUint64))
		slot := s.bookings.find(no)
		d.require(no >= next && slot != 0, "account of no booking")
		if d.err != nil {
			return
		}
		next = no + 1
		open := s.accounts.RestoreAccount(slot, s.lastAt, d)
		b := s.bookings.slab.At(slot)
		b.marks |= paidMark
		b.refs += open
	}
	for i := range s.ended.Len() {
		e := s.ended.At(s.ended.Head() + i)
		s.cool(e.slot, s.bookings.slab.At(e.slot), e.at)
	}
}

// checkAccounts refuses accounts that their bookings' states contradict.
func (s *State) checkAccounts(d *decoder) {
	s.bookings.each(func(slot uint32) {
		if b := s.bookings.slab.At(slot); b.paid() && d.err == nil {
			s.checkAccount(d, slot, b)
		}
	})
}

// checkAccount refuses an account that its booking's state contradicts.
func (s *State) checkAccount(d *decoder, slot uint32, b *booking) {
	_, phase := s.accounts.Last(slot)
	sold := b.state == BookingConfirmed || b.state == BookingRefunded
	if x := s.exchanges.At(slot); x != nil {
		sold = x.Done
	}
	running := phase == account.Opened || phase == account.Challenge
	d.require(!running || b.state == BookingPaying, "account of a booking that does not pay")
	d.require(phase != account.Captured || sold, "money for nothing")
	refunds := s.accounts.Refunds(slot)
	for i := range refunds {
		r := &refunds[i]
		for _, seat := range r.Seats {
			d.require(r.Back || r.Replaced || int(seat) < len(s.seats.holder) && s.seats.holder[seat] == slot &&
				b.state == BookingConfirmed, "refund of a seat that is not there")
		}
	}
}

// checkRemembered refuses an ended booking that nothing names: it would never be forgotten; and one without seats that
// is no home of an order with seats elsewhere.
func (s *State) checkRemembered(d *decoder) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		d.require(b.refs > 0 || b.state.live(), "ended booking that nothing names")
		d.require(b.count > 0 || s.returnedHome(slot, b), "booking without seats")
	})
}

// restoreOrders reads what appendOrders wrote.
func (s *State) restoreOrders(d *decoder) {
	o := s.ordersOf()
	s.restoreEach(d, func(slot uint32, b *booking) {
		l := order.Bond{ID: d.orderID(), Hash: d.fixed64(), K: d.byte(), N: d.byte()}
		l.Cited, l.Cold, l.K = Seq(d.uvarint(math.MaxUint64)), l.K&coldLeg != 0, l.K&^coldLeg
		d.require(!l.Cold || b.state == BookingReleased, "leg that cools")
		d.require(l.K > 0 && l.K < l.N && l.N <= order.SectionsMax && o.Find(&l.ID) == 0, "leg")
		d.require(b.state == BookingBound || b.state == BookingConfirmed || !b.state.live(), "leg's state")
		d.require(b.state != BookingBound || l.Cited == 0, "leg's record")
		d.require(b.state != BookingConfirmed || l.Cited > 0, "leg's record")
		o.RestoreLeg(slot, l, b.state == BookingBound, s.endOf(b), s.bookings.number(b))
	})
	s.restoreEach(d, func(slot uint32, b *booking) {
		p := &order.Part{ID: d.orderID(), Hash: d.fixed64(), Cited: Seq(d.uvarint(math.MaxUint64))}
		settled := d.byte()
		p.Legs = d.legs()
		d.require(!s.isLegAt(slot) && o.Find(&p.ID) == 0 && settled <= 2 && len(p.Legs) > 0, "order")
		final := b.state != BookingHeld && b.state != BookingPaying
		d.require(final == (p.Cited > 0) && (final || settled == 0) && b.state != BookingBound, "order's record")
		d.require(settled < 2 || b.state == BookingConfirmed, "order that is served")
		o.Restore(slot, p, settled == 1, settled > 0 && b.state == BookingConfirmed)
		s.checkReturns(d, slot, p)
		if o.Unsettled(slot) && !b.state.live() {
			b.refs++
		}
	})
	d.require(o.Any(), "orders")
	for i := range s.ended.Len() {
		if e := s.ended.At(s.ended.Head() + i); s.isLegAt(e.slot) {
			s.cool(e.slot, s.bookings.slab.At(e.slot), e.at)
		}
	}
}

// restoreEach reads what some bookings have besides: a count, and for each the gap from the number before.
func (s *State) restoreEach(d *decoder, read func(slot uint32, b *booking)) {
	next := BookingNo(1)
	for n := d.uvarint(math.MaxUint32); n > 0 && d.err == nil; n-- {
		no := next + BookingNo(d.uvarint(math.MaxUint64))
		slot := s.bookings.find(no)
		if d.require(no >= next && slot != 0, "booking of an order"); d.err == nil {
			read(slot, s.bookings.slab.At(slot))
		}
		next = no + 1
	}
}

// Number, Bytes, Require and Failed make a decoder an account.Source.
func (d *decoder) Number(limit uint64) uint64   { return d.uvarint(limit) }
func (d *decoder) Bytes(n int) []byte           { return d.take(n) }
func (d *decoder) Require(ok bool, what string) { d.require(ok, what) }
func (d *decoder) Failed() bool                 { return d.err != nil }

// decoder reads a snapshot. After its first error it reads zeros.
type decoder struct {
	rest    []byte
	version byte
	err     error
}

func (d *decoder) require(ok bool, what string) {
	if !ok && d.err == nil {
		d.err = snapshotError(what)
	}
}

// take returns the next n bytes, of which there are few.
func (d *decoder) take(n int) []byte {
	d.require(len(d.rest) >= n, "length")
	if d.err != nil {
		return make([]byte, n)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte      { return d.take(1)[0] }
func (d *decoder) fixed64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *decoder) id() [16]byte    { return [16]byte(d.take(16)) }

// by has one of the log's readers read on from here.
func (d *decoder) by(read func(r *codec.Reader)) {
	r := codec.Reader{Src: d.rest}
	read(&r)
	d.rest = r.Src
	d.require(r.Err == nil, "order")
}

func (d *decoder) orderID() (id order.ID) {
	d.by(func(r *codec.Reader) { id = order.ReadID(r) })
	return id
}

func (d *decoder) legs() (legs []order.Leg) {
	d.by(func(r *codec.Reader) { legs = order.ReadLegs(r) })
	return legs
}

// uvarint reads a number ≤ limit in its shortest form. Most are of one byte.
func (d *decoder) uvarint(limit uint64) uint64 {
	if rest := d.rest; len(rest) > 0 && rest[0] < 0x80 && uint64(rest[0]) <= limit && d.err == nil {
		d.rest = rest[1:]
		return uint64(rest[0])
	}
	return d.longUvarint(limit)
}

func (d *decoder) longUvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(d.rest)
	d.require(n > 0 && v <= limit && (n == 1 || d.rest[n-1] != 0), "number")
	if d.err != nil {
		return 0
	}
	d.rest = d.rest[n:]
	return v
}
