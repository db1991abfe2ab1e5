package views

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage/projection"
)

// Plan is what a fold knows of a section besides its log.
type Plan struct {
	Places []projection.Place             // by seat index
	Name   func(section.BookingNo) string // a booking's id in the API
}

// Fold gives the rows as they stand after the page: the bookings it touched and the seats that changed hands. previous are the touched
// bookings' rows from before the page, in any order; it is left as it is. A change that cannot follow what is known is a
// *storage.CorruptError.
func (p *Page) Fold(plan *Plan, previous []projection.Booking) (projection.Page, error) {
	f := folder{
		plan: plan, bookings: map[section.BookingNo]*projection.Booking{},
		seats: map[section.SeatIndex]projection.Seat{},
	}
	for i := range previous {
		row := previous[i]
		f.bookings[row.No] = &row
	}
	for i := range p.changes {
		c := &p.changes[i]
		if why := f.apply(&c.change); why != "" {
			return projection.Page{}, p.damage(c.seq, why)
		}
	}
	return f.page(), nil
}

type folder struct {
	plan     *Plan
	bookings map[section.BookingNo]*projection.Booking
	seats    map[section.SeatIndex]projection.Seat
}

// apply enters one change; the answer is why it cannot be, or "".
func (f *folder) apply(c *section.Change) (why string) {
	for _, seat := range c.Seats {
		if int(seat) >= len(f.plan.Places) {
			return fmt.Sprintf("seat %d of %d", seat, len(f.plan.Places))
		}
	}
	switch c.Kind {
	case section.HoldPlaced, section.LegBound:
		return f.place(c)
	case section.LegSold, section.LegFreed:
		return f.moveLeg(c)
	case section.LegSeatsFreed:
		return f.shrink(c)
	case section.SeatsBlocked, section.SeatsUnblocked:
		f.mark(c.Seats, projection.Seat{Blocked: c.Kind == section.SeatsBlocked, ChangedAt: c.At})
		return ""
	case section.GrantsFenced, section.OrderSettled, section.OrderServed, section.SaleSwitched,
		section.TermsSet, section.TicketAdmitted, section.TicketDoubled, section.TicketReissued,
		section.TransferOffered, section.TransferEnded: // a booking stays its payer's
		return ""
	case section.RefundDue, section.RefundPending, section.RefundDone, section.RefundFailed:
		return f.refund(c)
	}
	return f.move(c)
}

func (f *folder) place(c *section.Change) string {
	if f.bookings[c.Booking] != nil {
		return fmt.Sprintf("booking %d is placed twice", c.Booking)
	}
	b := &projection.Booking{
		No: c.Booking, Buyer: c.Buyer, State: section.BookingHeld, Split: c.Split, Seats: c.Seats,
		PlacedAt: c.At, ExpiresAt: c.ExpiresAt, ChangedAt: c.At,
	}
	if c.Kind == section.LegBound {
		b.State = section.BookingBound
	}
	f.bookings[c.Booking] = b
	f.mark(c.Seats, projection.Seat{Booking: c.Booking, ChangedAt: c.At})
	return ""
}

// mark makes row true of each of the seats.
func (f *folder) mark(seats []section.SeatIndex, row projection.Seat) {
	for _, seat := range seats {
		row.Seat = seat
		f.seats[seat] = row
	}
}

// refund frees the seats that are on sale again; a booking keeps those that were the last of it.
func (f *folder) refund(c *section.Change) string {
	b := f.bookings[c.Booking]
	switch {
	case b == nil:
		return fmt.Sprintf("refund of booking %d, which was never placed", c.Booking)
	case c.Kind == section.RefundDue || len(c.Seats) == 0 && c.Order == nil:
		return ""
	case b.State != section.BookingConfirmed:
		return fmt.Sprintf("booking %d is %v, and gives seats back", c.Booking, b.State)
	}
	left := without(b.Seats, c.Seats)
	if ended := len(left) == 0 && (c.Order == nil || c.Order.N == 0); ended {
		b.State, b.EndedAt = section.BookingRefunded, c.At
	} else { // maybe none here, and some of its legs
		b.Seats = left
	}
	b.ChangedAt = c.At
	f.mark(c.Seats, projection.Seat{ChangedAt: c.At})
	return ""
}

// shrink frees seats of a leg that keeps others.
func (f *folder) shrink(c *section.Change) string {
	b := f.bookings[c.Booking]
	switch {
	case b == nil:
		return fmt.Sprintf("change of booking %d, which was never placed", c.Booking)
	case b.State != section.BookingBound && b.State != section.BookingConfirmed:
		return fmt.Sprintf("booking %d is %v, and gives seats up", c.Booking, b.State)
	}
	b.Seats, b.ChangedAt = without(b.Seats, c.Seats), c.At
	f.mark(c.Seats, projection.Seat{ChangedAt: c.At})
	return ""
}

// without are the seats that are not among others.
func without(seats, others []section.SeatIndex) []section.SeatIndex {
	return slices.DeleteFunc(
		slices.Clone(seats), func(s section.SeatIndex) bool { return slices.Contains(others, s) },
	)
}

// move is what a change does to a booking.
type move struct {
	from, to section.BookingState
}

var moves = map[section.ChangeKind]move{
	section.HoldExtended:          {section.BookingHeld, section.BookingHeld},
	section.HoldReleased:          {section.BookingHeld, section.BookingReleased},
	section.HoldExpired:           {section.BookingHeld, section.BookingExpired},
	section.PaymentBegun:          {section.BookingHeld, section.BookingPaying},
	section.PaymentChallenged:     {section.BookingPaying, section.BookingPaying},
	section.PaymentFailed:         {section.BookingPaying, section.BookingHeld},
	section.BookingSold:           {section.BookingPaying, section.BookingConfirmed},
	section.BookingRefundedChange: {section.BookingConfirmed, section.BookingRefunded},
}

func (f *folder) move(c *section.Change) string {
	return f.step(c, moves[c.Kind])
}

// moveLeg has a leg follow its home: from bound to sold, and from either to free.
func (f *folder) moveLeg(c *section.Change) string {
	m := move{section.BookingBound, section.BookingConfirmed}
	if c.Kind == section.LegFreed {
		m.to = section.BookingReleased
		if b := f.bookings[c.Booking]; b != nil && b.State == section.BookingConfirmed {
			m = move{section.BookingConfirmed, section.BookingRefunded}
		}
	}
	return f.step(c, m)
}

func (f *folder) step(c *section.Change, m move) string {
	b := f.bookings[c.Booking]
	if b == nil {
		return fmt.Sprintf("change of booking %d, which was never placed", c.Booking)
	}
	if b.State != m.from {
		return fmt.Sprintf("booking %d is %v, not %v, and cannot become %v", c.Booking, b.State, m.from, m.to)
	}
	b.State, b.ChangedAt = m.to, c.At
	switch m.to {
	case section.BookingConfirmed:
		b.ConfirmedAt = c.At
	case section.BookingReleased, section.BookingExpired, section.BookingRefunded:
		b.EndedAt = c.At
		f.mark(b.Seats, projection.Seat{ChangedAt: c.At})
	}
	if c.Kind == section.HoldExtended || c.Kind == section.PaymentFailed && c.ExpiresAt != 0 {
		b.ExpiresAt = c.ExpiresAt
	}
	return ""
}

// page gives what was gathered, named and in order.
func (f *folder) page() (out projection.Page) {
	for _, no := range slices.Sorted(maps.Keys(f.bookings)) {
		b := f.bookings[no]
		f.name(b)
		out.Bookings = append(out.Bookings, *b)
	}
	out.Seats = slices.SortedFunc(
		maps.Values(f.seats), func(a, b projection.Seat) int { return cmp.Compare(a.Seat, b.Seat) },
	)
	return out
}

// name adds what follows from the plan.
func (f *folder) name(b *projection.Booking) {
	b.ID, b.Amount, b.SeatIDs = f.plan.Name(b.No), 0, make([]string, len(b.Seats))
	for i, seat := range b.Seats {
		b.SeatIDs[i] = f.plan.Places[seat].ID
		b.Amount += f.plan.Places[seat].Price
	}
}
