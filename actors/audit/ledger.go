package audit

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/transfer"
)

// booking is what the ledger knows of one.
type booking struct {
	state     section.BookingState
	buyer     section.BuyerID
	placedAt  section.Instant
	expiresAt section.Instant
	seats     []section.SeatIndex
	bought    []section.SeatIndex // with those that were refunded since
	begun     int                 // payments begun: before the first one nobody can have been charged
	priced    bool
	total     int64       // as it was logged; of a priced booking
	mark      tariff.Mark // of the list that it was placed under
	fare      *tariff.Fare
	due       []section.SeatIndex // sold, and owed back
	owes      bool                // money of an attempt that is not the booking's
	order     *orderNotes
	// Of an order of which single seats were refunded: those of its legs that went back, and that are owed back.
	legsBack, legsDue legSeats
	wholeDue          bool                   // all of it is owed back, whatever its legs have
	passes            map[entry.Ticket]*pass // what was done with its tickets; nil: nothing
	exchange          *exchange.Part         // nil: it is none
	gave              bool                   // an exchange that is done
	offers            []transfer.Transfer    // of its tickets, by number
	holders           map[entry.Ticket]section.BuyerID
}

func (b *booking) equals(o *section.Outcome) bool {
	return b.state == o.State && slices.Equal(b.seats, o.Seats)
}

// ledger is the dumb twin of the core: who has which seat, by the changes alone.
type ledger struct {
	seats    section.SeatIndex                       // how many there are
	rules    section.Rules                           // in force, as the log has them
	terms    uint64                                  // the number of the newest terms in the log; 0: none
	taken    map[section.SeatIndex]section.BookingNo // held, paying or sold
	blocked  map[section.SeatIndex]bool
	bookings map[section.BookingNo]*booking
	last     section.BookingNo // the highest number given
	fresh    section.BookingNo // where a life that has placed nothing yet begins to count; 0: it has
	now      section.Instant
	note     func(code Code, detail string)
	off      bool                        // the event is being cancelled
	back     map[section.BookingNo]int64 // what exchanges of the record that is read give back yet, by their bookings
}

func newLedger(seats int, rules section.Rules, note func(Code, string)) *ledger {
	return &ledger{
		seats: section.SeatIndex(seats), rules: rules, note: note,
		taken:    make(map[section.SeatIndex]section.BookingNo),
		blocked:  make(map[section.SeatIndex]bool),
		bookings: make(map[section.BookingNo]*booking),
	}
}

func (l *ledger) wrong(format string, args ...any) { l.note(WrongChange, fmt.Sprintf(format, args...)) }

// apply enters one change. What the change says is entered even when it is wrong, so that one mistake is told once.
func (l *ledger) apply(c *section.Change) {
	if c.At < l.now {
		l.wrong("time went back from %d to %d", l.now, c.At)
	}
	l.now = max(l.now, c.At)
	switch c.Kind {
	case section.HoldPlaced, section.LegBound:
		l.place(c)
	case section.BookingExchanged:
		l.exchanged(c)
	case section.LegSold, section.LegFreed, section.LegSeatsFreed:
		l.moveLeg(c)
	case section.OrderSettled, section.OrderServed: // judged with the event: see orders.go
	case section.SeatsBlocked:
		l.block(c)
	case section.SeatsUnblocked:
		l.unblock(c)
	case section.TicketAdmitted, section.TicketDoubled, section.TicketReissued:
		l.tickets(c)
	case section.TransferOffered, section.TransferEnded:
		l.transfer(c)
	case section.GrantsFenced: // judged with the event: see limits.go
	case section.PricesSet: // judged in settle.go
	case section.SaleSwitched: // judged in sale.go
		l.off = c.Sale.State() == sales.Cancelling
	case section.TermsSet:
		l.setTerms(c)
	case section.RefundDue, section.RefundPending, section.RefundDone, section.RefundFailed:
		l.refund(c)
	default:
		l.move(c)
	}
}

// setTerms has what follows judged by other terms.
func (l *ledger) setTerms(c *section.Change) {
	t := c.Terms
	if t.No <= l.terms {
		l.wrong("terms %d after terms %d", t.No, l.terms)
	}
	l.terms = t.No
	l.rules.HoldTTL, l.rules.HoldCeiling, l.rules.SeatsPerBookingMax = t.HoldTTL, t.HoldCeiling, t.SeatsPerBookingMax
	l.rules.ForbidTransfers = t.ForbidTransfers
}

// claim begins a life: its first booking is above what the claim's instant says. Lives of earlier builds go on
// counting.
func (l *ledger) claim(at section.Instant) { l.fresh = section.NumbersFrom(at) }

func (l *ledger) place(c *section.Change) {
	if want := l.last + 1; c.Booking != want && (l.fresh == 0 || c.Booking != max(l.last, l.fresh)+1) {
		l.wrong("booking %d placed where %d is next", c.Booking, max(l.last, l.fresh)+1)
	}
	l.last, l.fresh = max(l.last, c.Booking), 0
	if len(c.Seats) == 0 {
		l.wrong("booking %d holds no seat", c.Booking)
	}
	if bound := l.rules.SeatsPerBookingMax; bound > 0 && len(c.Seats) > int(bound) {
		l.wrong("booking %d holds %d seats, %d are allowed", c.Booking, len(c.Seats), bound)
	}
	if c.ExpiresAt <= c.At {
		l.wrong("booking %d ends at %d, before it begins at %d", c.Booking, c.ExpiresAt, c.At)
	}
	if most := min(l.rules.HoldTTL, l.rules.HoldCeiling); l.terms > 0 && c.Kind == section.HoldPlaced &&
		c.ExpiresAt > c.At+section.Instant(most) {
		l.wrong("booking %d is held for %d ms, %d are given since terms %d", c.Booking, c.ExpiresAt-c.At, most, l.terms)
	}
	l.take(c)
	l.bookings[c.Booking] = &booking{
		state: section.BookingHeld, buyer: c.Buyer, placedAt: c.At, expiresAt: c.ExpiresAt,
		seats: slices.Clone(c.Seats), bought: slices.Clone(c.Seats), priced: c.PriceMark != 0, total: c.Total,
		mark: c.PriceMark, fare: c.Fare, exchange: c.Exchange,
	}
	if c.Exchange != nil {
		l.wantsExchange(c)
	}
	if c.Kind == section.LegBound {
		l.bookings[c.Booking].state = section.BookingBound
	}
}

func (l *ledger) take(c *section.Change) {
	l.inOrder(c)
	for _, seat := range c.Seats {
		if owner, taken := l.taken[seat]; taken {
			l.note(Overlap, fmt.Sprintf("seat %d given to booking %d while booking %d has it", seat, c.Booking, owner))
		}
		if l.blocked[seat] {
			l.note(Overlap, fmt.Sprintf("seat %d given to booking %d while it is blocked", seat, c.Booking))
		}
		l.taken[seat] = c.Booking
	}
}

// inOrder checks that the seats exist and strictly ascend, so that no change names a seat twice.
func (l *ledger) inOrder(c *section.Change) {
	for i, seat := range c.Seats {
		if seat >= l.seats {
			l.wrong("seat %d of %d", seat, l.seats)
		}
		if i > 0 && seat <= c.Seats[i-1] {
			l.wrong("seats %d and %d out of order", c.Seats[i-1], seat)
		}
	}
}

func (l *ledger) block(c *section.Change) {
	l.inOrder(c)
	for _, seat := range c.Seats {
		if owner, taken := l.taken[seat]; taken {
			l.note(Overlap, fmt.Sprintf("seat %d blocked while booking %d has it", seat, owner))
		}
		if l.blocked[seat] {
			l.wrong("seat %d blocked twice", seat)
		}
		l.blocked[seat] = true
	}
}

func (l *ledger) unblock(c *section.Change) {
	l.inOrder(c)
	for _, seat := range c.Seats {
		if !l.blocked[seat] {
			l.wrong("seat %d unblocked without being blocked", seat)
		}
		delete(l.blocked, seat)
	}
}

// step is one allowed move of a booking.
type step struct {
	from, to section.BookingState
	frees    bool // the seats are buyable again
}

var steps = map[section.ChangeKind]step{
	section.HoldExtended:          {from: section.BookingHeld, to: section.BookingHeld},
	section.HoldReleased:          {from: section.BookingHeld, to: section.BookingReleased, frees: true},
	section.HoldExpired:           {from: section.BookingHeld, to: section.BookingExpired, frees: true},
	section.PaymentBegun:          {from: section.BookingHeld, to: section.BookingPaying},
	section.PaymentChallenged:     {from: section.BookingPaying, to: section.BookingPaying},
	section.PaymentFailed:         {from: section.BookingPaying, to: section.BookingHeld},
	section.BookingSold:           {from: section.BookingPaying, to: section.BookingConfirmed},
	section.BookingRefundedChange: {from: section.BookingConfirmed, to: section.BookingRefunded, frees: true},
}

func (l *ledger) move(c *section.Change) {
	allowed, known := steps[c.Kind]
	if !known {
		l.wrong("change of unknown kind %d", c.Kind)
		return
	}
	b, known := l.bookings[c.Booking]
	if !known {
		l.wrong("change of kind %d for booking %d, which was never placed", c.Kind, c.Booking)
		return
	}
	if b.state != allowed.from {
		l.wrong("change of kind %d for booking %d in state %d", c.Kind, c.Booking, b.state)
	}
	l.checkTime(c, b)
	if allowed.frees {
		l.free(c.Booking, b)
	}
	b.state = allowed.to
}

// moveLeg has a leg follow its home's word: whether there was such a word is judged with the event.
func (l *ledger) moveLeg(c *section.Change) {
	b, known := l.bookings[c.Booking]
	switch {
	case !known:
		l.wrong("change of kind %d for leg %d, which was never bound", c.Kind, c.Booking)
	case c.Kind == section.LegSold && b.state == section.BookingBound:
		b.state = section.BookingConfirmed
	case c.Kind == section.LegFreed && b.state == section.BookingBound:
		l.free(c.Booking, b)
		b.state = section.BookingReleased
	case c.Kind == section.LegFreed && b.state == section.BookingConfirmed:
		l.free(c.Booking, b)
		b.state = section.BookingRefunded
	case c.Kind == section.LegSeatsFreed && (b.state == section.BookingBound || b.state == section.BookingConfirmed):
		if b.seats = l.giveBack(c, b); len(b.seats) == 0 {
			l.wrong("leg %d gives all of its seats back, and is not freed", c.Booking)
		}
	default:
		l.wrong("change of kind %d for leg %d in state %d", c.Kind, c.Booking, b.state)
	}
}

func (l *ledger) checkTime(c *section.Change, b *booking) {
	switch c.Kind {
	case section.HoldExtended:
		if ceiling := b.placedAt + section.Instant(l.rules.HoldCeiling); l.rules.HoldCeiling > 0 &&
			c.ExpiresAt > ceiling {
			l.wrong("booking %d extended to %d, past its ceiling %d", c.Booking, c.ExpiresAt, ceiling)
		}
		if c.At >= b.expiresAt {
			l.wrong("booking %d extended at %d, past its end %d", c.Booking, c.At, b.expiresAt)
		}
		b.expiresAt = c.ExpiresAt
	case section.PaymentBegun:
		b.begun++
		if c.At >= b.expiresAt {
			l.wrong("payment of booking %d began at %d, past its end %d", c.Booking, c.At, b.expiresAt)
		}
	case section.PaymentFailed:
		b.expiresAt = max(b.expiresAt, c.ExpiresAt)
	case section.HoldExpired:
		if c.At < b.expiresAt {
			l.wrong("booking %d expired at %d, before its end %d", c.Booking, c.At, b.expiresAt)
		}
	default:
	}
}

// refund frees the seats that are on sale again; a booking keeps those that were the last of it.
func (l *ledger) refund(c *section.Change) {
	b, known := l.bookings[c.Booking]
	if l.differs(c); known {
		b.owe(c)
	}
	switch {
	case !known:
		l.wrong("refund of booking %d, which was never placed", c.Booking)
	case c.Kind == section.RefundDue || len(c.Seats) == 0 && c.Order == nil:
		return
	case b.state != section.BookingConfirmed:
		l.wrong("booking %d in state %d gives seats %v back", c.Booking, b.state, c.Seats)
	}
	if !known {
		return
	}
	b.seats = l.giveBack(c, b)
	if legs := l.legsGiven(c, b); len(b.seats)+legs == 0 {
		b.state, b.seats = section.BookingRefunded, slices.Clone(c.Seats)
	}
}

// giveBack frees a change's seats, and gives those that the booking has left.
func (l *ledger) giveBack(c *section.Change, b *booking) (left []section.SeatIndex) {
	for _, seat := range c.Seats {
		if l.taken[seat] != c.Booking {
			l.wrong("booking %d gives seat %d back, which it does not have", c.Booking, seat)
			continue
		}
		delete(l.taken, seat)
	}
	return without(b.seats, c.Seats)
}

// without are the seats that are not among others.
func without(seats, others []section.SeatIndex) []section.SeatIndex {
	return slices.DeleteFunc(
		slices.Clone(seats), func(s section.SeatIndex) bool { return slices.Contains(others, s) },
	)
}

func (l *ledger) free(no section.BookingNo, b *booking) {
	for _, seat := range b.seats {
		if l.taken[seat] == no {
			delete(l.taken, seat)
		}
	}
}

// letter is the seat's status by the ledger.
func (l *ledger) letter(seat section.SeatIndex) section.SeatStatus {
	no, taken := l.taken[seat]
	switch {
	case taken && l.bookings[no] != nil && l.bookings[no].state == section.BookingConfirmed:
		return section.Sold
	case taken:
		return section.Held
	case l.blocked[seat]:
		return section.Blocked
	}
	return section.Available
}

func (l *ledger) totals(t *Totals) {
	t.Seats += uint64(l.seats)
	for seat := range l.seats {
		switch l.letter(seat) {
		case section.Sold:
			t.Sold++
		case section.Held:
			t.Held++
		case section.Blocked:
			t.Blocked++
		case section.Available:
			t.Free++
		}
	}
	for _, b := range l.bookings {
		if b.order == nil || !b.order.leg { // a leg is a part of its home's booking
			t.Bookings.count(b.state)
		}
	}
}
