package section

import (
	"strconv"

	"holdfast/actors/grant"
	"holdfast/actors/section/account"
	"holdfast/actors/section/cold"
	"holdfast/actors/section/dense"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/terms"
	"holdfast/actors/section/transfer"
)

// State is the truth of one section. It is not safe for concurrent use: one writer owns it.
//
// Invariants: a seat is held or sold exactly when one live booking (held, paying, confirmed) names it (P1); the expiry
// heap holds exactly the held bookings; a buyer's live count is the number of seats of their live bookings.
type State struct {
	layout *Layout
	rules  Rules

	seq    Seq     // record being applied
	lastAt Instant // newest At applied
	lastNo BookingNo
	above  BookingNo // no number up to here is given; a writer's own, and no part of the truth: a snapshot is without it

	seats    seatMap
	bookings bookingBook
	buyers   buyerBook
	requests requestMemory
	ended    dense.Queue[endedBooking]
	expiry   dense.Slab[expiryItem]
	paying   uint32
	accounts account.Book
	cooling  cold.Book // seats that challenges kept for nothing; follows from accounts and ended

	fences grant.Fences
	orders *order.Book // nil until there is one
	sale   sales.Log
	terms  terms.Terms // as the log has them; then rules go by them
	passes entry.Book
	prices tariff.Book

	exchanges exchange.Book
	transfers transfer.Book

	winding []uint32 // scratch of decideWindUp: slots of what was sold when it began
	wound   bool     // all of that is owed back

	termsOwed   *terms.Terms // to be logged before anything is granted; a writer's own, and no part of the truth
	termsStamp  uint32       // of the record that set terms
	gated       bool         // new holds need an admission; a writer's own, and no part of the truth
	coordinated bool         // new holds need a grant; likewise
	gateEnds    Seq          // see EndsFollowed; no part of the truth
	life        Seq          // the first record of this life; likewise

	// Scratch: no meaning between calls.
	best       searcher
	seatBuffer []SeatIndex
	candidates []uint32
}

// NewState returns an empty section: all seats available, before the first record. The layout must not change
// afterwards. It panics when rows do not cover the seats exactly, in order: a plan is checked long before it gets here.
func NewState(l *Layout, r Rules) *State {
	s := &State{layout: l, rules: r}
	s.seats.init(l)
	s.bookings.init()
	s.buyers.init()
	s.best.init(&s.seats)
	return s
}

// Begin says that the Apply calls that follow belong to record seq. What they touch is stamped with it, and answers
// judged on it depend on that record. It panics if seq goes back.
func (s *State) Begin(seq Seq) {
	if seq < s.seq {
		panic(
			"section: record " + strconv.FormatUint(
				uint64(seq), 10,
			) + " begun after " + strconv.FormatUint(
				uint64(s.seq), 10,
			),
		)
	}
	s.seq = seq
}

// stamp is the current record's number, cut to 32 bits: it stands on every seat, booking, buyer and request.
func (s *State) stamp() uint32 { return uint32(s.seq) }

// since gives a stamp its high bits back. A stamp older than 2^32 records comes back too young, never too old: an
// answer may then wait for a record it does not need, and is never told too early (P2).
func (s *State) since(stamp uint32) Seq {
	age := uint32(s.seq) - stamp
	if Seq(age) > s.seq {
		return 0
	}
	return s.seq - Seq(age)
}

// NextExpiry is the earliest end of a held booking. ok is false when nothing is held. O(1).
func (s *State) NextExpiry() (end Instant, ok bool) {
	if s.expiry.Len() == 0 {
		return 0, false
	}
	return s.expiry.At(0).at, true
}

// NumberAbove says that no booking gets a number up to no any more.
func (s *State) NumberAbove(no BookingNo) { s.above = max(s.above, no) }

// LastNo is the highest booking number that was ever given in what was applied; 0 when there is none.
func (s *State) LastNo() BookingNo { return s.lastNo }

// LastAt is the newest At applied; no later command may have an older one.
func (s *State) LastAt() Instant { return s.lastAt }

// Seq is the record last begun.
func (s *State) Seq() Seq { return s.seq }

// Status is what the public map shows of a seat.
func (s *State) Status(i SeatIndex) SeatStatus { return SeatStatus(s.seats.letters[i]) }

// AppendLetters appends the section's map, one letter a seat in seat-index order.
func (s *State) AppendLetters(dst []byte) []byte { return append(dst, s.seats.letters...) }

// Free is the number of available seats.
func (s *State) Free() int { return int(s.seats.free) }

// Seats is the number of seats.
func (s *State) Seats() int { return len(s.seats.letters) }

// LiveHolds is the number of bookings that are held or paying, and of legs that are bound.
func (s *State) LiveHolds() int { return int(s.expiry.Len()+s.paying) + s.BoundLegs() }

// BuyerSeats is the number of a buyer's live seats (held, paying, confirmed) in this section.
func (s *State) BuyerSeats(b BuyerID) uint32 {
	if h := s.buyers.find(b); h != 0 {
		return s.buyers.slab.At(h).live
	}
	return 0
}

// Lookup fills d.Outcome with the booking as it stands. It is false when there is no such booking, or it was forgotten.
func (s *State) Lookup(no BookingNo, d *Decision) bool {
	d.reset()
	slot := s.bookings.find(no)
	if slot == 0 {
		return false
	}
	s.describe(slot, d)
	d.Outcome.DependsOn = s.since(s.bookings.slab.At(slot).stamp)
	return true
}

// Owner is the buyer of a booking.
func (s *State) Owner(no BookingNo) (BuyerID, bool) {
	slot := s.bookings.find(no)
	if slot == 0 {
		return BuyerID{}, false
	}
	return s.buyers.slab.At(s.bookings.slab.At(slot).buyer).id, true
}

// Unsettled calls visit for every booking about whose money the processor is to be asked, ascending: those in state
// paying, those with a refund that is due or pending, and those with one that waits for an operator. It looks at every
// booking: for start-up, not for every command.
func (s *State) Unsettled(visit func(BookingNo)) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if b.state == BookingPaying || b.paid() && (s.accounts.Owes(slot) || s.accounts.Stuck(slot)) {
			visit(s.bookings.number(b))
		}
	})
}

// SoldSeats calls visit for every sold seat, ascending, with its booking.
func (s *State) SoldSeats(visit func(SeatIndex, BookingNo)) {
	for i, letter := range s.seats.letters {
		if SeatStatus(letter) == Sold {
			visit(SeatIndex(i), s.bookings.numberOf(s.seats.holder[i]))
		}
	}
}

// Requests calls visit for every remembered request, oldest first.
func (s *State) Requests(visit func(RequestID)) {
	q := &s.requests.entries
	for i := range q.Len() {
		visit(q.At(q.Head() + i).id)
	}
}

// RemembersFrom is the At of the oldest remembered request: what was accepted before it is forgotten. 0 when there is
// none. It never goes back.
func (s *State) RemembersFrom() Instant {
	if s.requests.entries.Len() == 0 {
		return 0
	}
	return s.requests.at(s.requests.entries.Head())
}

// describe fills the outcome's booking fields from a booking.
func (s *State) describe(slot uint32, d *Decision) {
	b := s.bookings.slab.At(slot)
	o := &d.Outcome
	o.Booking, o.State, o.ExpiresAt, o.Split = s.bookings.number(b), b.state, s.endOf(b), b.split()
	o.Seats = s.bookings.appendSeats(o.Seats[:0], b)
	s.tellMoney(slot, b, d)
	if s.orders != nil {
		o.Order, o.Unsettled, o.Served = s.orders.Home(slot), s.orders.Unsettled(slot), s.orders.Served(slot)
		o.Cold = o.Order != nil && s.ranOutUnsold(slot, b)
	}
	if s.prices.Edited() {
		o.Mark = s.prices.MarkOf(uint64(o.Booking))
	}
	if s.prices.Any() {
		o.Fare = s.prices.Fare(slot)
	}
	if s.exchanges.Any() && (s.prices.Edited() || s.prices.Any()) {
		o.Fare = s.withCame(o.Booking, o.Fare)
	}
	if s.passes.Any() {
		o.Passes = s.passes.Passes(slot)
	}
	if s.exchanges.Any() {
		o.Exchange = s.exchanges.At(slot)
	}
	if s.transfers.Any() {
		o.Transfers = s.transfers.Of(slot)
	}
}

// Knows says that some booking of the buyer is remembered here.
func (s *State) Knows(buyer BuyerID) bool { return s.buyers.find(buyer) != 0 }

// Older visits the bookings that are remembered, newest first: those with a number below one, placed at a moment or
// before. A leg of an order is no booking of its own. It ends where visit says no, and gives the number of the last
// booking that it has met; 0: there are no older ones.
//
// Numbers grow with time, so the order is that of placing. The cost is that of what is met, and a look at each 128th
// booking for each 128 of them; nothing is kept.
func (s *State) Older(below BookingNo, until Instant,
	visit func(no BookingNo, is BookingState, placed Instant, buyer BuyerID) (more bool)) (last BookingNo) {
	k := &s.bookings
	for page := s.pageBelow(below, until); page != 0; page = s.pageBelow(below, until) {
		p := k.pages[page]
		first := BookingNo(p.number) << pageBits
		for place := pageSlots - 1; place >= 0; place-- {
			no, slot := first+BookingNo(place), p.slots[place]
			if slot == 0 || no >= below || s.isLegAt(slot) {
				continue
			}
			b := k.slab.At(slot)
			if b.placedAt <= until && !visit(no, b.state, b.placedAt, s.buyers.slab.At(b.buyer).id) {
				return no
			}
		}
		below = first
	}
	return 0
}

// pageBelow is the page with the highest numbers below one that has bookings placed at a moment or before; 0: none.
func (s *State) pageBelow(below BookingNo, until Instant) (page uint32) {
	k := &s.bookings
	for i, p := range k.pages[1:] {
		if p.used == 0 || BookingNo(p.number)<<pageBits >= below || page != 0 && p.number < k.pages[page].number {
			continue
		}
		if k.oldestOn(p) <= until {
			page = uint32(i + 1)
		}
	}
	return page
}

// oldestOn is when the first booking of a page in use was placed.
func (k *bookingBook) oldestOn(p *numberPage) Instant {
	for _, slot := range p.slots {
		if slot != 0 {
			return k.slab.At(slot).placedAt
		}
	}
	return 0
}
