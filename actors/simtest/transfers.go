package simtest

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
)

// Offer is a transfer of a booking's tickets, as the log tells it.
type Offer struct {
	From, To section.BuyerID // To: zero until somebody has accepted it
	Until    section.Instant
	Tickets  [][2]uint32 // leg and seat
	Ended    bool
}

// holder is who has a ticket.
func (b *Booking) holder(ticket [2]uint32) section.BuyerID {
	who := b.Buyer
	for _, o := range b.Offers {
		if o.To != (section.BuyerID{}) && slices.Contains(o.Tickets, ticket) {
			who = o.To
		}
	}
	return who
}

// transferred follows tickets from one buyer to another: each has one holder, who is the only one to offer it, on one
// offer at a time, and an offer is accepted once, in its time.
func (m *Model) transferred(c *section.Change) error {
	b, w := m.Bookings[c.Booking], c.Transfer
	if b == nil || b.Leg {
		return fmt.Errorf("transfer %+v of booking %d (%+v)", *w, c.Booking, b)
	}
	wrong := func(why string) error {
		return fmt.Errorf("P1: transfer %+v of booking %d, by %x: %s", *w, c.Booking, c.Buyer[:2], why)
	}
	var tickets [][2]uint32
	for _, t := range w.Tickets {
		key := [2]uint32{uint32(t.Leg), uint32(t.Seat)}
		tickets = append(tickets, key)
		p := b.Passes[key]
		switch moves := c.Kind == section.TransferOffered || w.Accepted; {
		case !moves:
		case b.State != section.BookingConfirmed, t.Leg == 0 && !slices.Contains(b.Seats, t.Seat):
			return wrong("a ticket is not sold")
		case p != nil && p.Scans > 0:
			return wrong("a ticket is in")
		case c.Kind == section.TransferOffered && b.holder(key) != c.Buyer:
			return wrong("a ticket is another's")
		case c.Kind == section.TransferOffered && slices.ContainsFunc(b.Offers, func(o Offer) bool {
			return !o.Ended && c.At < o.Until && slices.Contains(o.Tickets, key)
		}):
			return wrong("a ticket is on offer already")
		}
	}
	if c.Kind == section.TransferOffered {
		if int(w.No) != len(b.Offers)+1 {
			return wrong("its number is not the next")
		}
		b.Offers = append(b.Offers, Offer{From: c.Buyer, Until: c.ExpiresAt, Tickets: tickets})
		return nil
	}
	if why := b.answered(c, tickets); why != "" {
		return wrong(why)
	}
	return nil
}

// answered notes that an offer was accepted or withdrawn, or says why it cannot have been.
func (b *Booking) answered(c *section.Change, tickets [][2]uint32) (why string) {
	w := c.Transfer
	if int(w.No) > len(b.Offers) {
		return "it was never offered"
	}
	o := &b.Offers[w.No-1]
	if o.Ended || !slices.Equal(o.Tickets, tickets) || w.Accepted && (c.At >= o.Until || c.Buyer == o.From) {
		return fmt.Sprintf("it is %+v", *o)
	}
	if o.Ended = true; w.Accepted {
		o.To = c.Buyer
		for _, key := range tickets {
			b.pass(key).Rotation++
		}
	}
	return ""
}

// pass is what is known of a ticket, to be told more.
func (b *Booking) pass(key [2]uint32) *Pass {
	if b.Passes == nil {
		b.Passes = map[[2]uint32]*Pass{}
	}
	if b.Passes[key] == nil {
		b.Passes[key] = new(Pass)
	}
	return b.Passes[key]
}
