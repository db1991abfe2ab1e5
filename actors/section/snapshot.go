package section

import (
	"encoding/binary"
	"hash/fnv"

	"holdfast/actors/codec"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
)

// The first byte of a snapshot. Version 2 counts payment attempts, version 3 has coordinators' fences too, version 4
// accounts. Each is written only where there are any: everything else keeps the bytes of version 1, which older builds
// read too.
const (
	snapshotVersion1 = 1
	snapshotVersion2 = 2
	snapshotVersion3 = 3
	snapshotVersion4 = 4
	// snapshotSale beside a version says that the log has turned the sale switch: what it says follows everything else.
	snapshotSale = 0x80
	// snapshotTerms beside a version says that the log has set terms: they are the very last.
	snapshotTerms = 0x20
	// snapshotMore beside a version says that a byte follows with bits of its own, of which at least one is set.
	snapshotMore = 0x08
	// snapshotExchanges in that byte says that there are exchanges: they stand before the tickets.
	snapshotExchanges = 0x10
	// snapshotTransfers in that byte says that tickets were offered to others: that is the very last.
	snapshotTransfers = 0x01
)

// AppendSnapshot appends the whole state in its canonical form: equal states give equal bytes, whatever way they came
// about, so two replays can be compared by their snapshots. Stamps are left out: a snapshot is saved of durable records
// only, and what is durable needs no waiting for.
//
//	version byte · more bits (with snapshotMore) · layout hash 8 · seq · last At · last booking number
//	blocked seats: count, gaps
//	bookings:  count, each: number gap, attempts<<4|state<<1|split, buyer 16, life so far, end − placed, seat count, seat gaps
//	requests:  count, each: id 16, fingerprint 8, age, booking number, placed
//	ended:     count, each: booking number, age
//	fences:    count, each: epoch, number of the first grant that counts (version 3)
//	accounts:  count, each: booking number gap, account.Book.AppendAccount (version 4)
//	orders:    see appendOrders (of any version, with snapshotOrders)
//	sale:      turn, age, refunds given back, their sum (with snapshotSale)
//	terms:     see terms.Terms.Append (with snapshotTerms)
//	exchanges: count, each: number gap, exchange.Book.AppendExchange (with snapshotExchanges)
//	tickets:   see appendTickets (with snapshotTickets)
//	transfers: see appendTransfers (with snapshotTransfers)
//
// Numbers are shortest-form varints; ages are measured from the last At.
func (s *State) AppendSnapshot(dst []byte) []byte {
	switch {
	case s.accounts.Len() > 0:
		return s.appendSnapshot(dst, snapshotVersion4)
	case s.fences.Any():
		return s.appendSnapshot(dst, snapshotVersion3)
	case s.anyAttempts():
		return s.appendSnapshot(dst, snapshotVersion2)
	}
	return s.appendSnapshot(dst, snapshotVersion1)
}

// AppendTruth is AppendSnapshot without the payment attempts, for comparing states of different origin: one that was
// restored from an older build's snapshot knows of fewer attempts than a replay of the whole log, and both are right
// about every seat.
func (s *State) AppendTruth(dst []byte) []byte {
	if dst = s.appendSnapshot(dst, snapshotVersion1); s.fences.Any() {
		dst = s.fences.AppendSnapshot(dst)
	}
	if s.accounts.Len() > 0 {
		dst = s.appendAccounts(dst)
	}
	return dst
}

func (s *State) anyAttempts() (found bool) {
	for slot := uint32(1); slot < s.bookings.slab.Len() && !found; slot++ {
		found = s.bookings.slab.At(slot).attempts() > 0
	}
	return found
}

func (s *State) appendSnapshot(dst []byte, version byte) []byte {
	dst = s.appendHead(dst, version)
	dst = binary.LittleEndian.AppendUint64(dst, layoutHash(s.layout))
	dst = binary.AppendUvarint(dst, uint64(s.seq))
	dst = binary.AppendUvarint(dst, uint64(s.lastAt))
	dst = binary.AppendUvarint(dst, uint64(s.lastNo))
	dst = s.appendBlocked(dst)
	dst = s.appendBookings(dst, version)
	dst = s.appendRequests(dst)
	dst = s.appendEnded(dst)
	if version >= snapshotVersion3 {
		dst = s.fences.AppendSnapshot(dst)
	}
	if version >= snapshotVersion4 {
		dst = s.appendAccounts(dst)
	}
	if s.orders.Any() {
		dst = s.appendOrders(dst)
	}
	if s.sale.Turn != 0 {
		dst = s.sale.AppendSnapshot(dst, s.lastAt)
	}
	if s.terms.No != 0 {
		dst = s.terms.Append(dst)
	}
	if s.exchanges.Any() {
		dst = s.appendExchanges(dst)
	}
	if s.passes.Any() {
		dst = s.appendTickets(dst)
	}
	return s.appendMore(dst)
}

// appendMore appends what the second byte says.
func (s *State) appendMore(dst []byte) []byte {
	if s.transfers.Any() {
		dst = s.appendTransfers(dst)
	}
	return dst
}

// appendHead appends the version, and what the snapshot has besides.
func (s *State) appendHead(dst []byte, version byte) []byte {
	head := version
	if s.orders.Any() {
		head |= snapshotOrders
	}
	if s.sale.Turn != 0 {
		head |= snapshotSale
	}
	if s.terms.No != 0 {
		head |= snapshotTerms
	}
	if s.passes.Any() {
		head |= snapshotTickets
	}
	more := byte(0)
	if s.exchanges.Any() {
		more |= snapshotExchanges
	}
	if s.transfers.Any() {
		more |= snapshotTransfers
	}
	if dst = append(dst, head); more != 0 {
		dst[len(dst)-1] |= snapshotMore
		dst = append(dst, more)
	}
	return dst
}

// layoutHash names what the truth depends on: the number of seats and who is whose neighbour. Quality and categories
// may be judged anew without making a snapshot wrong.
func layoutHash(l *Layout) uint64 {
	h := fnv.New64a()
	b := binary.AppendUvarint(nil, uint64(len(l.Seats)))
	if l.General {
		b = append(b, 1)
	} else {
		for _, r := range l.Rows {
			b = binary.AppendUvarint(b, uint64(r.First))
			b = binary.AppendUvarint(b, uint64(r.Count))
			b = binary.AppendUvarint(b, uint64(len(r.Breaks)))
			for _, at := range r.Breaks {
				b = binary.AppendUvarint(b, uint64(at))
			}
		}
	}
	h.Write(b) // a hash.Hash never fails
	return h.Sum64()
}

func (s *State) appendBlocked(dst []byte) []byte {
	s.seatBuffer = s.seatBuffer[:0]
	for i, letter := range s.seats.letters {
		if SeatStatus(letter) == Blocked {
			s.seatBuffer = append(s.seatBuffer, SeatIndex(i))
		}
	}
	return appendSeatGaps(dst, s.seatBuffer)
}

// appendSeatGaps appends ascending seats: their count, the first, then each one's distance from the one before, less
// one.
func appendSeatGaps(dst []byte, ascending []SeatIndex) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ascending)))
	next := SeatIndex(0)
	for _, seat := range ascending {
		dst = binary.AppendUvarint(dst, uint64(seat-next))
		next = seat + 1
	}
	return dst
}

func (s *State) appendBookings(dst []byte, version byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.bookings.count))
	next := BookingNo(1)
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		no := s.bookings.number(b)
		dst = binary.AppendUvarint(dst, uint64(no-next))
		next = no + 1
		flags := byte(b.state) << 1
		if b.split() {
			flags |= 1
		}
		if version >= snapshotVersion2 {
			flags |= b.attempts() << 4
		}
		dst = append(dst, flags)
		id := s.buyers.slab.At(b.buyer).id
		dst = append(dst, id[:]...)
		dst = binary.AppendUvarint(dst, uint64(s.lastAt-b.placedAt))
		dst = binary.AppendUvarint(dst, uint64(s.endOf(b)-b.placedAt))
		s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
		dst = appendSeatGaps(dst, s.seatBuffer)
	})
	return dst
}

func (s *State) appendRequests(dst []byte) []byte {
	q := &s.requests.entries
	dst = binary.AppendUvarint(dst, uint64(q.Len()))
	for i := range q.Len() {
		e := q.At(q.Head() + i)
		dst = append(dst, e.id[:]...)
		dst = binary.LittleEndian.AppendUint64(dst, e.fingerprint)
		dst = binary.AppendUvarint(dst, uint64(s.lastAt-s.requests.at(q.Head()+i)))
		dst = binary.AppendUvarint(dst, uint64(s.bookings.numberOf(e.slot())))
		dst = append(dst, byte(e.ref&refPlaced))
	}
	return dst
}

func (s *State) appendEnded(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.ended.Len()))
	for i := range s.ended.Len() {
		e := s.ended.At(s.ended.Head() + i)
		dst = binary.AppendUvarint(dst, uint64(s.bookings.numberOf(e.slot)))
		dst = binary.AppendUvarint(dst, uint64(s.lastAt-e.at))
	}
	return dst
}

func (s *State) appendAccounts(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.accounts.Len()))
	next := BookingNo(1)
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if !b.paid() {
			return
		}
		no := s.bookings.number(b)
		dst = binary.AppendUvarint(dst, uint64(no-next))
		next = no + 1
		dst = s.accounts.AppendAccount(dst, slot, s.lastAt)
	})
	return dst
}

// appendExchanges appends the exchanges, by ascending numbers.
func (s *State) appendExchanges(dst []byte) []byte {
	return s.appendEach(dst, s.exchanges.Len(), s.exchanges.Has, s.exchanges.AppendExchange)
}

// appendEach appends what some bookings have besides, by ascending numbers of the bookings: see restoreEach.
func (s *State) appendEach(
	dst []byte, count int, has func(slot uint32) bool, add func(dst []byte, slot uint32) []byte,
) []byte {
	dst = binary.AppendUvarint(dst, uint64(count))
	last := BookingNo(0)
	s.bookings.each(func(slot uint32) {
		if has(slot) {
			no := s.bookings.numberOf(slot)
			dst = add(binary.AppendUvarint(dst, uint64(no-last-1)), slot)
			last = no
		}
	})
	return dst
}

// coldLeg stands in a leg's number if its seats cool down.
const coldLeg = 0x80

// snapshotOrders is added to a snapshot's version where there are orders: they follow everything else.
const snapshotOrders = 0x40

// appendOrders appends the orders, by ascending numbers of their bookings here:
//
//	legs:  count, each: number gap, id, hash 8, k, n, cited
//	homes: count, each: number gap, id, hash 8, cited, settled (2: served), legs: section, number, seats
func (s *State) appendOrders(dst []byte) []byte {
	o := s.orders
	legs, homes := o.Lengths()
	dst = binary.AppendUvarint(dst, uint64(legs))
	last := BookingNo(0)
	s.bookings.each(func(slot uint32) {
		if l, is := o.Leg(slot); is {
			no := s.bookings.numberOf(slot)
			dst = l.ID.Append(binary.AppendUvarint(dst, uint64(no-last-1)))
			dst = append(binary.LittleEndian.AppendUint64(dst, l.Hash), l.K|coldLeg*byte(codec.Bit(l.Cold)), l.N)
			dst, last = binary.AppendUvarint(dst, uint64(l.Cited)), no
		}
	})
	dst = binary.AppendUvarint(dst, uint64(homes))
	last = 0
	s.bookings.each(func(slot uint32) {
		if p := o.Home(slot); p != nil {
			no := s.bookings.numberOf(slot)
			dst = p.ID.Append(binary.AppendUvarint(dst, uint64(no-last-1)))
			dst = binary.AppendUvarint(binary.LittleEndian.AppendUint64(dst, p.Hash), uint64(p.Cited))
			settled := byte(codec.Bit(o.Settled(slot)))
			if settled == 0 && o.Served(slot) {
				settled = 2
			}
			dst = order.AppendLegs(append(dst, settled), p.Legs)
			last = no
		}
	})
	return dst
}

// restoreExchanges reads what appendExchanges wrote.
func (s *State) restoreExchanges(d *decoder) {
	s.restoreEach(d, func(slot uint32, b *booking) {
		var x exchange.Exchange
		d.by(func(r *codec.Reader) { x = s.exchanges.RestoreExchange(r, slot) })
		d.require(x.Of < s.bookings.number(b) && int(b.count) == len(x.Gives) && !s.isLegAt(slot) &&
			b.state != BookingConfirmed && b.state != BookingRefunded, "exchange's booking")
		d.require(!x.Done || b.state == BookingReleased && b.paid(), "exchange's state")
		if d.err != nil {
			return
		}
		if of := s.bookings.find(x.Of); of != 0 && x.Done {
			b.refs++
		}
		if b.state.live() {
			s.buyers.slab.At(b.buyer).live -= uint32(b.count)
		}
	})
	d.require(s.exchanges.Any(), "exchanges")
}
