package views

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/fares"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// Plan is what a fold knows of a section besides its log.
type Plan struct {
	Label  string                         // as in the API
	Places []projection.Place             // by seat index
	Name   func(section.BookingNo) string // a booking's id in the API
	Event  []Plan                         // of all sections of the event, by number: orders have seats in several
	Layout *section.Layout                // nil: nothing is known of Prices
	Prices *fares.Lists                   // of the event, as the catalog had them
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
	if why := f.unknown(c); why != "" {
		return why
	}
	switch c.Kind {
	case section.HoldPlaced, section.LegBound:
		return f.place(c)
	case section.LegSold, section.LegFreed:
		return f.moveLeg(c)
	case section.LegSeatsFreed:
		return f.shrink(c)
	case section.BookingExchanged:
		return f.exchange(c)
	case section.SeatsBlocked, section.SeatsUnblocked:
		f.mark(c.Seats, projection.Seat{Blocked: c.Kind == section.SeatsBlocked, ChangedAt: c.At})
		return ""
	case section.OrderSettled, section.OrderServed:
		return f.serve(c)
	case section.GrantsFenced, section.SaleSwitched, section.TermsSet, section.PricesSet, section.TicketAdmitted,
		section.TicketDoubled, section.TicketReissued, section.TransferOffered,
		section.TransferEnded: // a booking stays its payer's
		return ""
	case section.RefundDue, section.RefundPending, section.RefundDone, section.RefundFailed:
		return f.refund(c)
	}
	return f.move(c)
}

// unknown says which seat of a change, here or elsewhere, the plan does not have.
func (f *folder) unknown(c *section.Change) (why string) {
	beyond := func(seats []section.SeatIndex, plan *Plan) {
		for _, seat := range seats {
			if int(seat) >= len(plan.Places) {
				why = fmt.Sprintf("seat %d of %d", seat, len(plan.Places))
			}
		}
	}
	beyond(c.Seats, f.plan)
	if c.Order == nil {
		return why
	}
	for i := range c.Order.Legs {
		leg := &c.Order.Legs[i]
		if int(leg.Section) >= len(f.plan.Event) {
			return fmt.Sprintf("section %d of %d", leg.Section, len(f.plan.Event))
		}
		beyond(leg.Seats, &f.plan.Event[leg.Section])
	}
	return why
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
		b.State, b.Leg = section.BookingBound, true
	}
	if c.Order != nil {
		b.Order = projection.Order{Home: storage.SectionNo(c.Order.ID.Home), Life: c.Order.ID.Life,
			Count: c.Order.ID.Count}
		b.Elsewhere = elsewhere(c)
	}
	if b.Amount = f.cost(b.Seats, b.Elsewhere); c.PriceMark != 0 {
		b.Amount = c.Total + f.elsewhereCost(c)
	}
	f.bookings[c.Booking] = b
	f.mark(c.Seats, projection.Seat{Booking: c.Booking, ChangedAt: c.At})
	return ""
}

// elsewhere are the seats of other sections that a change of an order names.
func elsewhere(c *section.Change) (seats []projection.Elsewhere) {
	if c.Order == nil {
		return nil
	}
	for i := range c.Order.Legs {
		leg := &c.Order.Legs[i]
		for _, seat := range leg.Seats {
			seats = append(seats, projection.Elsewhere{Section: storage.SectionNo(leg.Section), Seat: seat})
		}
	}
	return seats
}

// serve notes that an order is sold wherever it has seats left, or that all of its legs have heard of its end.
func (f *folder) serve(c *section.Change) string {
	b := f.bookings[c.Booking]
	if b == nil {
		return fmt.Sprintf("change of booking %d, which was never placed", c.Booking)
	}
	if b.Confirming {
		b.Confirming, b.ChangedAt = false, c.At
	}
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
		b.State, b.EndedAt, b.Confirming = section.BookingRefunded, c.At, false
	} else { // maybe none here, and some of its legs
		f.keep(b, left, without(b.Elsewhere, elsewhere(c)))
	}
	b.ChangedAt = c.At
	f.mark(c.Seats, projection.Seat{ChangedAt: c.At})
	return ""
}

// cost is what seats cost by the list of the plan.
func (f *folder) cost(seats []section.SeatIndex, elsewhere []projection.Elsewhere) (sum int64) {
	for _, seat := range seats {
		sum += f.plan.Places[seat].Price
	}
	for _, e := range elsewhere {
		sum += f.plan.Event[e.Section].Places[e.Seat].Price
	}
	return sum
}

// elsewhereCost is what the seats of an order's legs cost by the list that it was placed under; by that of the plan
// where the catalog did not have the list yet.
func (f *folder) elsewhereCost(c *section.Change) (sum int64) {
	if c.Order == nil || c.Kind != section.HoldPlaced || c.Fare.IsGift() {
		return 0
	}
	for i := range c.Order.Legs {
		leg := &c.Order.Legs[i]
		plan := &f.plan.Event[leg.Section]
		for _, seat := range leg.Seats {
			one := plan.Places[seat].Price
			if plan.Layout != nil && plan.Prices.Tariff(c.PriceMark) != nil {
				one, _ = plan.Prices.Tariff(c.PriceMark).Total(int(plan.Layout.Seats[seat].Category),
					c.Fare.TypeOf(uint8(i+1), seat))
			}
			sum += one
		}
	}
	return sum
}

// keep leaves a booking some of its seats. What they cost is the part of what it cost that they have by the list of
// the plan: exact unless seats of several prices were held under another one.
func (f *folder) keep(b *projection.Booking, left []section.SeatIndex, elsewhere []projection.Elsewhere) {
	was, now := f.cost(b.Seats, b.Elsewhere), f.cost(left, elsewhere)
	switch {
	case was == b.Amount:
		b.Amount = now
	case was > 0:
		b.Amount = b.Amount * now / was
	case len(b.Seats)+len(b.Elsewhere) > 0:
		b.Amount = b.Amount * int64(len(left)+len(elsewhere)) / int64(len(b.Seats)+len(b.Elsewhere))
	}
	b.Seats, b.Elsewhere = left, elsewhere
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
	f.keep(b, without(b.Seats, c.Seats), b.Elsewhere)
	b.ChangedAt = c.At
	f.mark(c.Seats, projection.Seat{ChangedAt: c.At})
	return ""
}

// exchange gives a booking the seats that an exchange held, for others that are on sale again.
func (f *folder) exchange(c *section.Change) string {
	b, of := f.bookings[c.Booking], f.bookings[c.Exchange.Of]
	switch {
	case b == nil || of == nil:
		return fmt.Sprintf("exchange %d of booking %d, one of which was never placed", c.Booking, c.Exchange.Of)
	case b.State != section.BookingPaying || of.State != section.BookingConfirmed:
		return fmt.Sprintf("exchange %d is %v, and its booking %v", c.Booking, b.State, of.State)
	}
	b.State, b.EndedAt, b.ChangedAt = section.BookingReleased, c.At, c.At
	f.keep(of, without(of.Seats, c.Exchange.Gives), of.Elsewhere)
	of.Seats, of.ChangedAt = append(of.Seats, c.Seats...), c.At
	of.Amount += b.Amount
	slices.Sort(of.Seats)
	f.mark(c.Exchange.Gives, projection.Seat{ChangedAt: c.At})
	f.mark(c.Seats, projection.Seat{Booking: c.Exchange.Of, ChangedAt: c.At})
	return ""
}

// without are the seats that are not among others.
func without[Seat comparable](seats, others []Seat) []Seat {
	return slices.DeleteFunc(slices.Clone(seats), func(s Seat) bool { return slices.Contains(others, s) })
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
		b.ConfirmedAt, b.Confirming = c.At, len(b.Elsewhere) > 0
	case section.BookingReleased, section.BookingExpired, section.BookingRefunded:
		b.EndedAt, b.Confirming = c.At, false
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

// name adds what follows from the plan: of an order of all of its sections, ascending, as the API lists its seats.
func (f *folder) name(b *projection.Booking) {
	b.ID, b.SeatIDs, b.Sections = f.plan.Name(b.No), []string{}, nil
	if b.Order == (projection.Order{}) || b.Leg {
		f.plan.add(b, b.Seats...)
		return
	}
	b.Sections = []string{}
	own := projection.Elsewhere{Section: b.Order.Home}
	at, _ := slices.BinarySearchFunc(b.Elsewhere, own, func(e, own projection.Elsewhere) int {
		return cmp.Compare(e.Section, own.Section)
	})
	for _, e := range b.Elsewhere[:at] {
		f.plan.Event[e.Section].add(b, e.Seat)
	}
	f.plan.add(b, b.Seats...)
	for _, e := range b.Elsewhere[at:] {
		f.plan.Event[e.Section].add(b, e.Seat)
	}
}

// add names seats of a section.
func (p *Plan) add(b *projection.Booking, seats ...section.SeatIndex) {
	for _, seat := range seats {
		b.SeatIDs = append(b.SeatIDs, p.Places[seat].ID)
		if b.Sections != nil && !slices.Contains(b.Sections, p.Label) {
			b.Sections = append(b.Sections, p.Label)
		}
	}
}
