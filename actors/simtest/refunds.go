package simtest

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
)

// refunded follows the seats of a refund; with the last of them the booking is refunded.
func (m *Model) refunded(c *section.Change, seq section.Seq) error {
	b := m.Bookings[c.Booking]
	b.owe(c)
	switch {
	case b == nil || c.Kind == section.RefundDue && c.Pay.Reason == account.Requested &&
		b.State != section.BookingConfirmed && (b.Exchange == nil || len(c.Seats) > 0):
		return fmt.Errorf("change %d of booking %d (%+v)", c.Kind, c.Booking, b)
	case c.Kind == section.RefundDue && c.Pay.Reason == account.Anomaly:
		b.Owed = append(b.Owed, c.Pay.Attempt)
		return nil
	case c.Kind == section.RefundDue:
		b.oweSeats(c, seq)
		return nil
	case len(c.Seats) == 0 && c.Order == nil:
		return nil
	}
	left := slices.DeleteFunc(
		slices.Clone(b.Seats), func(s section.SeatIndex) bool { return slices.Contains(c.Seats, s) },
	)
	legs := 0
	if p := c.Order; p != nil {
		b.Partly = true
		for _, leg := range p.Legs {
			b.Gave = append(b.Gave, Gift{seq, leg.Section, leg.Seats})
		}
		for _, leg := range b.Order.Legs {
			legs += len(b.Kept(&leg))
		}
	}
	if len(left)+legs == 0 {
		b.State, b.Ever[section.BookingRefunded] = section.BookingRefunded, true
		b.note(seq)
		return m.give(c.Seats, c.Booking, seq)
	}
	if b.Seats = left; c.Order != nil && len(c.Order.Legs) > 0 {
		b.note(seq)
	}
	return m.give(c.Seats, c.Booking, seq)
}

// owe follows what a change of a refund says of money.
func (b *Booking) owe(c *section.Change) {
	switch {
	case b == nil:
	case c.Kind == section.RefundDue:
		if b.Due == nil {
			b.Due = map[uint32]bool{}
		}
		b.Due[c.Pay.Refund] = true
		b.Given += c.Pay.Amount
		if n := c.Pay.Attempt; c.Pay.Reason == account.Anomaly && n != b.off && int(n) <= len(b.opened) {
			b.Taken += b.opened[n-1] // by an attempt of which it was believed that it never would
		}
	default:
		if delete(b.Due, c.Pay.Refund); c.Pay.Next != 0 {
			b.Due[c.Pay.Next] = true
		}
	}
}

// oweSeats follows which seats of legs are owed back; whether their refund is taken later changes nothing of that.
func (b *Booking) oweSeats(c *section.Change, seq section.Seq) {
	if b.OwesAll = b.OwesAll || c.Order == nil; c.Order == nil {
		return
	}
	for _, leg := range c.Order.Legs {
		b.Owing = append(b.Owing, Gift{seq, leg.Section, leg.Seats})
	}
}

// Owes says that all seats which an order keeps in a leg are owed back: they are not to be sold any more.
func (b *Booking) Owes(leg *order.Leg) bool {
	return b.OwesAll || !slices.ContainsFunc(b.Kept(leg), func(seat section.SeatIndex) bool {
		return !slices.ContainsFunc(b.Owing, func(g Gift) bool {
			return g.Section == leg.Section && slices.Contains(g.Seats, seat)
		})
	})
}

// Gift are seats of a section that a record of an order's home gave back, or owes.
type Gift struct {
	Seq     section.Seq
	Section uint32
	Seats   []section.SeatIndex
}

// Kept are the seats of a leg that an order's home has not given back.
func (b *Booking) Kept(leg *order.Leg) []section.SeatIndex {
	return slices.DeleteFunc(slices.Clone(leg.Seats), func(seat section.SeatIndex) bool {
		return slices.ContainsFunc(b.Gave, func(g Gift) bool {
			return g.Section == leg.Section && slices.Contains(g.Seats, seat)
		})
	})
}
