package simtest

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
)

// exchanged gives a booking what an exchange held, and frees what it gave up for that.
func (m *Model) exchanged(c *section.Change, seq section.Seq) error {
	b, of := m.Bookings[c.Booking], m.Bookings[c.Exchange.Of]
	if b == nil || of == nil || b.State != section.BookingPaying || of.State != section.BookingConfirmed ||
		b.Exchange == nil || b.Exchange.Of != c.Exchange.Of || !slices.Equal(b.Exchange.Gives, c.Exchange.Gives) ||
		!slices.Equal(b.Seats, c.Seats) || len(c.Seats) != len(c.Exchange.Gives) || c.Pay.Attempt != b.Attempt {
		return fmt.Errorf("exchange %d (%+v) of booking %d (%+v)", c.Booking, b, c.Exchange.Of, of)
	}
	b.State, b.Ever[section.BookingReleased] = section.BookingReleased, true
	b.Taken += b.opened[len(b.opened)-1]
	if err := m.give(c.Seats, c.Booking, seq); err != nil {
		return err
	}
	if err := m.take(c.Seats, c.Exchange.Of); err != nil {
		return err
	}
	of.Seats = append(slices.DeleteFunc(slices.Clone(of.Seats), func(s section.SeatIndex) bool {
		return slices.Contains(c.Exchange.Gives, s)
	}), c.Seats...)
	slices.Sort(of.Seats)
	for _, seat := range c.Exchange.Gives {
		if err := of.void(seat); err != nil {
			return err
		}
	}
	return m.give(c.Exchange.Gives, c.Exchange.Of, seq)
}

// void has codes of a seat that nobody came in with open no door any more.
func (b *Booking) void(seat section.SeatIndex) error {
	key := [2]uint32{0, uint32(seat)}
	if b.Passes == nil {
		b.Passes = map[[2]uint32]*Pass{}
	}
	if b.Passes[key] == nil {
		b.Passes[key] = new(Pass)
	}
	if b.Passes[key].Scans > 0 {
		return fmt.Errorf("seat %d is given up, and somebody came in with it", seat)
	}
	b.Passes[key].Rotation++
	return nil
}
