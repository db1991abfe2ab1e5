package audit

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/entry"
)

// Admission: a ticket was let in, or issued anew, that was not sold, was void, or was in already.
const Admission Code = "admission"

// pass is what the log has told of a ticket.
type pass struct {
	rotation uint16
	in       bool
	doubles  int
}

// tickets holds what was done with a ticket against what its booking has sold: who is in has a ticket that is sold and
// not owed back, and at most one admission.
func (l *ledger) tickets(c *section.Change) {
	w, b := c.Entry, l.bookings[c.Booking]
	wrong := func(what string) {
		l.note(Admission, fmt.Sprintf("ticket of seat %d, leg %d of booking %d: %s", w.Seat, w.Leg, c.Booking, what))
	}
	switch {
	case b == nil:
		wrong("there is no such booking")
		return
	case b.state != section.BookingConfirmed:
		wrong("the booking is " + stateWord(b.state))
	case !b.hasTicket(w.Ticket):
		wrong("the booking has no such seat")
	case b.owed(w.Ticket):
		wrong("the seat is owed back")
	}
	p := b.pass(w.Ticket)
	switch {
	case c.Kind == section.TicketReissued && (p.in || w.Rotation != p.rotation+1):
		wrong(fmt.Sprintf("rotation %d after %d", w.Rotation, p.rotation))
	case c.Kind != section.TicketReissued && w.Rotation != p.rotation:
		wrong(fmt.Sprintf("a code of rotation %d, where %d is the newest", w.Rotation, p.rotation))
	case c.Kind == section.TicketAdmitted && p.in:
		wrong("admitted a second time")
	case c.Kind == section.TicketDoubled && (!p.in || !w.Offline || p.doubles >= entry.DoublesMax):
		wrong("let in by a second scanner, which nobody was before, or which could have asked")
	}
	switch c.Kind {
	case section.TicketReissued:
		p.rotation = w.Rotation
	case section.TicketDoubled:
		p.doubles++
	default:
		p.in = true
	}
}

// pass is what the log has told of a ticket, to be told more.
func (b *booking) pass(t entry.Ticket) *pass {
	if b.passes == nil {
		b.passes = map[entry.Ticket]*pass{}
	}
	p := b.passes[t]
	if p == nil {
		p = new(pass)
		b.passes[t] = p
	}
	return p
}

// hasTicket says that the booking, which is no leg, has that seat, of its own or of a leg.
func (b *booking) hasTicket(t entry.Ticket) bool {
	switch {
	case b.order != nil && b.order.leg:
		return false
	case t.Leg == 0:
		return slices.Contains(b.seats, t.Seat)
	}
	return b.order != nil && int(t.Leg) <= len(b.order.Legs) && slices.Contains(b.order.Legs[t.Leg-1].Seats, t.Seat)
}
