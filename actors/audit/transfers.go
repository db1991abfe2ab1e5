package audit

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/transfer"
)

// Transfer: a ticket was given to somebody by who did not have it, twice, after the offer's time, or against the terms.
const Transfer Code = "transfer"

// holder is who has a ticket of a booking, by its log.
func (b *booking) holder(t entry.Ticket) section.BuyerID {
	if who, moved := b.holders[t]; moved {
		return who
	}
	return b.buyer
}

// owed says that a ticket's seat is to be given back, or was.
func (b *booking) owed(t entry.Ticket) bool {
	if t.Leg == 0 {
		return slices.Contains(b.due, t.Seat)
	}
	leg := &b.order.Legs[t.Leg-1]
	return b.wholeDue || slices.Contains(b.legsDue[leg.Section], t.Seat) ||
		slices.Contains(b.legsBack[leg.Section], t.Seat)
}

// transfer holds what became of tickets that were offered against who had them: each has one holder at a time, and
// whoever was given one has its newest code alone.
func (l *ledger) transfer(c *section.Change) {
	w, b := c.Transfer, l.bookings[c.Booking]
	wrong := func(format string, args ...any) {
		l.note(Transfer, fmt.Sprintf("transfer %d of booking %d: %s", w.No, c.Booking, fmt.Sprintf(format, args...)))
	}
	if b == nil {
		wrong("there is no such booking")
		return
	}
	if moves := c.Kind == section.TransferOffered || w.Accepted; moves {
		l.mayMove(c, b, wrong)
	}
	if c.Kind == section.TransferOffered {
		if int(w.No) != len(b.offers)+1 {
			wrong("it is the booking's number %d", len(b.offers)+1)
		}
		b.offers = append(b.offers, transfer.Transfer{From: transfer.Buyer(c.Buyer), Until: c.ExpiresAt,
			State: transfer.Offered, Tickets: w.Tickets})
		return
	}
	if int(w.No) > len(b.offers) {
		wrong("it was never offered")
		return
	}
	o := &b.offers[w.No-1]
	switch {
	case o.State != transfer.Offered:
		wrong("it has ended, and is accepted or withdrawn again")
	case !slices.Equal(o.Tickets, w.Tickets):
		wrong("other tickets were offered")
	case w.Accepted && c.At >= o.Until:
		wrong("accepted at %d, and it ended at %d", c.At, o.Until)
	case w.Accepted && transfer.Buyer(c.Buyer) == o.From:
		wrong("accepted by who offered it")
	}
	if o.State = transfer.Withdrawn; !w.Accepted {
		return
	}
	if b.holders == nil {
		b.holders = map[entry.Ticket]section.BuyerID{}
	}
	for _, t := range w.Tickets {
		b.holders[t] = c.Buyer
		b.pass(t).rotation++
	}
}

// mayMove says what is wrong with tickets that are offered, or accepted.
func (l *ledger) mayMove(c *section.Change, b *booking, wrong func(string, ...any)) {
	switch {
	case b.state != section.BookingConfirmed:
		wrong("the booking is %s", stateWord(b.state))
	case l.off:
		wrong("the event is cancelled")
	case l.rules.ForbidTransfers:
		wrong("the terms forbid it")
	}
	if no := l.underWay(c.Booking, 0); no != 0 && c.Kind == section.TransferOffered {
		wrong("exchange %d of the booking is under way", no)
	}
	for _, t := range c.Transfer.Tickets {
		switch p := b.passes[t]; {
		case !b.hasTicket(t):
			wrong("the booking has no seat %d, leg %d", t.Seat, t.Leg)
			continue
		case b.owed(t):
			wrong("seat %d, leg %d is owed back", t.Seat, t.Leg)
		case p != nil && p.in:
			wrong("the ticket of seat %d, leg %d is in", t.Seat, t.Leg)
		}
		if c.Kind != section.TransferOffered {
			continue
		}
		if who := b.holder(t); who != c.Buyer {
			wrong("the ticket of seat %d, leg %d is another's", t.Seat, t.Leg)
		}
		if no := b.onOffer(t, c.At); no != 0 {
			wrong("the ticket of seat %d, leg %d is on offer %d", t.Seat, t.Leg, no)
		}
	}
}

// onOffer is the number of the offer that a ticket is on at an instant; 0: it is on none.
func (b *booking) onOffer(t entry.Ticket, at section.Instant) int {
	return 1 + slices.IndexFunc(b.offers, func(o transfer.Transfer) bool { return o.Open(at) && o.Has(t) })
}
