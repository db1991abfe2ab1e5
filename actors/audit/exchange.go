package audit

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
)

// Exchange: seats, tickets and money of an exchange do not add up.
const Exchange Code = "exchange"

func (l *ledger) notEven(format string, args ...any) { l.note(Exchange, fmt.Sprintf(format, args...)) }

// wantsExchange judges the hold of an exchange: its booking is sold and has what it is to give up, which is as many
// seats as it takes, so that the buyer's count stays (P13).
func (l *ledger) wantsExchange(c *section.Change) {
	x, of := c.Exchange, l.bookings[c.Exchange.Of]
	switch {
	case of == nil || of.state != section.BookingConfirmed || of.order != nil && of.order.leg:
		l.notEven("exchange %d is of booking %d, which is not sold", c.Booking, x.Of)
	case of.buyer != c.Buyer:
		l.notEven("exchange %d is another buyer's than booking %d", c.Booking, x.Of)
	case len(without(x.Gives, of.seats)) > 0 || len(without(x.Gives, of.due)) != len(x.Gives):
		l.notEven("exchange %d gives seats %v, which booking %d does not have", c.Booking, x.Gives, x.Of)
	}
	l.keepsTickets(c)
	if len(c.Seats) != len(x.Gives) {
		l.notEven("P13: exchange %d takes %d seats for %d", c.Booking, len(c.Seats), len(x.Gives))
	}
	if no := l.underWay(x.Of, c.Booking); no != 0 {
		l.notEven("exchange %d of booking %d is under way beside exchange %d", c.Booking, x.Of, no)
	}
}

// underWay is an exchange of a booking that is held or paying, other than but; 0: there is none.
func (l *ledger) underWay(of, but section.BookingNo) section.BookingNo {
	for no, other := range l.bookings {
		if other.exchange != nil && no != but && other.exchange.Of == of &&
			(other.state == section.BookingHeld || other.state == section.BookingPaying) {
			return no
		}
	}
	return 0
}

// keepsTickets holds seats that are given up against who has their tickets: who has paid, and nobody else soon.
func (l *ledger) keepsTickets(c *section.Change) {
	of := l.bookings[c.Exchange.Of]
	for _, seat := range c.Exchange.Gives {
		if t := (entry.Ticket{Seat: seat}); of != nil && (of.holder(t) != of.buyer || of.onOffer(t, c.At) != 0) {
			l.notEven("exchange %d gives seat %d up, whose ticket is another's or on offer", c.Booking, seat)
		}
	}
}

// exchanged makes an exchange true: what it held is its booking's, and what that gives up is free.
func (l *ledger) exchanged(c *section.Change) {
	x, b, of := c.Exchange, l.bookings[c.Booking], l.bookings[c.Exchange.Of]
	if b == nil || of == nil || b.exchange == nil {
		l.notEven("exchange %d of booking %d, one of which was never placed", c.Booking, x.Of)
		return
	}
	if b.state != section.BookingPaying || of.state != section.BookingConfirmed {
		l.notEven("exchange %d in state %d, of booking %d in state %d", c.Booking, b.state, x.Of, of.state)
	}
	if b.exchange.Of != x.Of || b.exchange.Credit != x.Credit || !slices.Equal(b.exchange.Gives, x.Gives) ||
		!slices.Equal(b.seats, c.Seats) {
		l.notEven("exchange %d is done as %+v for seats %v, and was placed as %+v for %v", c.Booking, *x, c.Seats,
			*b.exchange, b.seats)
	}
	for _, seat := range c.Seats {
		if l.taken[seat] != c.Booking {
			l.note(Overlap, fmt.Sprintf("exchange %d gives seat %d to booking %d, and does not have it", c.Booking,
				seat, x.Of))
		}
		l.taken[seat] = x.Of
	}
	l.keepsTickets(c)
	for _, seat := range x.Gives {
		l.giveUp(c.Exchange.Of, of, seat)
	}
	of.seats = append(without(of.seats, x.Gives), c.Seats...)
	of.bought = append(of.bought, c.Seats...)
	slices.Sort(of.seats)
	b.state, b.gave = section.BookingReleased, true
	if back := x.Credit - b.total; back > 0 {
		if l.back == nil {
			l.back = map[section.BookingNo]int64{}
		}
		l.back[x.Of] += back
	}
}

// giveUp frees a seat of a booking, whose code opens no door any more.
func (l *ledger) giveUp(no section.BookingNo, of *booking, seat section.SeatIndex) {
	if l.taken[seat] != no {
		l.notEven("booking %d gives seat %d up, which it does not have", no, seat)
		return
	}
	if slices.Contains(of.due, seat) {
		l.notEven("booking %d gives seat %d up, whose money is owed back", no, seat)
	}
	delete(l.taken, seat)
	if of.passes == nil {
		of.passes = map[entry.Ticket]*pass{}
	}
	p := of.passes[entry.Ticket{Seat: seat}]
	if p == nil {
		p = new(pass)
		of.passes[entry.Ticket{Seat: seat}] = p
	}
	if p.in {
		l.note(Admission, fmt.Sprintf("booking %d gives seat %d up, and somebody came in with it", no, seat))
	}
	p.rotation++
}

// differs holds what is owed back because of exchanges against what they cost less: in one record with them, or never.
func (l *ledger) differs(c *section.Change) {
	if c.Kind != section.RefundDue || c.Pay.Reason != account.Exchanged {
		return
	}
	of := c.Booking
	if b := l.bookings[of]; b != nil && b.exchange != nil {
		of = b.exchange.Of
	}
	if l.back[of] < c.Pay.Amount {
		l.notEven("booking %d is owed %d for an exchange, in whose record it is %d", of, c.Pay.Amount, l.back[of])
	}
	l.back[of] -= c.Pay.Amount
}

// close ends a record: all that its exchanges cost less is owed back in it.
func (l *ledger) close() {
	for no, left := range l.back {
		if left > 0 {
			l.notEven("booking %d is owed %d less than its exchange gives back", no, left)
		}
	}
	clear(l.back)
}
