package section

import (
	"fmt"
	"slices"

	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
)

// saleExtension is the extended kind of SaleSwitched.
const saleExtension = 37

// SaleAt is the newest turn of the sale switch in the log, and when it was logged.
func (s *State) SaleAt() (turn sales.Turn, at Instant) { return s.sale.Turn, s.sale.At }

// Returned is what was given back since the event is being cancelled: how many refunds, and their sum in minor units.
func (s *State) Returned() (refunds uint64, sum int64) { return s.sale.Returned, s.sale.ReturnedSum }

// SaleOwed says that the switch has been turned so, which the log is to say before the section grants anything more.
func (s *State) SaleOwed(turn sales.Turn) { s.sale.Owe(turn) }

// hasDuties says that something is to be logged although no hold ends: a turn of the switch, or the end of bookings of
// an event that is cancelled.
func (s *State) hasDuties() bool {
	_, owed := s.sale.Owed()
	return owed || s.sale.Off() && (s.expiry.Len() > 0 || !s.wound)
}

// isBarred refuses new holds while the sale is not open.
func (s *State) isBarred(c *Command, d *Decision) bool {
	switch {
	case c.Kind != PlaceHold && c.Kind != PlaceBest && c.Kind != BindLeg:
		return false
	case s.sale.Off():
		d.refuse(EventCancelled, s.since(s.sale.Stamp))
	default:
		d.refuse(SaleNotOpen, s.since(s.sale.Stamp))
	}
	return true
}

// barsBooking is why a booking that does not pay gets no more time, or is not paid: the event is cancelled, or its sale
// is closed. The booking's own end is a better reason than a closed sale.
func (s *State) barsBooking(c *Command, b *booking) Rejection {
	unsold := b.state == BookingHeld || b.state == BookingReleased || b.state == BookingExpired
	switch state := s.sale.State(); {
	case state < sales.Closed || c.Kind != ExtendHold && c.Kind != BeginPayment:
	case state == sales.Cancelling && unsold:
		return EventCancelled
	case state == sales.Closed && c.Kind == ExtendHold && b.state == BookingHeld && c.At < s.endOf(b):
		return SaleNotOpen
	}
	return Accepted
}

// decideSwitch lets a turn of the switch in. One that is no newer than the log's is accepted without a change. The
// outcome's Booking is the turn that the section goes by.
func (s *State) decideSwitch(c *Command, d *Decision) {
	if !c.Sale.Sound() {
		panic(fmt.Sprintf("section: turn %d of the sale switch", c.Sale))
	}
	if !s.sale.Takes(c.Sale) {
		d.Outcome.Repeat, d.Outcome.Booking = true, BookingNo(s.sale.Turn)
		d.Outcome.DependsOn = s.since(s.sale.Stamp)
		return
	}
	d.accept(c, SaleSwitched, 0, BookingNone, 0).Sale = c.Sale
	d.Outcome.Booking = BookingNo(c.Sale)
}

// applyNews makes true what moves no seat.
func (s *State) applyNews(c *Change) {
	switch {
	case c.Kind == OrderSettled:
		s.applySettled(c)
		return
	case isTicketKind(c.Kind):
		s.applyTicket(c)
		return
	}
	s.sale.Switch(c.Sale, c.At, s.stamp())
	s.winding, s.wound = nil, false
}

// windUpSeatsMax bounds the seats of one piece of winding up, so that it fits into a record.
const windUpSeatsMax = 4096

// decideWindUp ends what can be ended of an event that is cancelled, a piece at a time: holds are released, and what is
// sold is owed back, with its fees. What is being paid ends by the processor's word.
func (s *State) decideWindUp(c *Command, d *Decision) {
	if !s.sale.Off() {
		return
	}
	for i := uint32(0); i < s.expiry.Len() && len(d.Changes) < int(c.Max); i++ {
		no := s.bookings.numberOf(s.expiry.At(i).slot)
		d.Changes = append(d.Changes, Change{Kind: HoldReleased, At: c.At, Booking: no})
	}
	if s.wound || len(d.Changes) == int(c.Max) {
		return
	}
	if s.winding == nil {
		s.bookings.each(func(slot uint32) {
			if b := s.bookings.slab.At(slot); b.state == BookingConfirmed && b.paid() {
				s.winding = append(s.winding, slot)
			}
		})
	}
	seats, list := 0, s.winding
	for i, slot := range list {
		if len(d.Changes) >= int(c.Max) || seats >= windUpSeatsMax {
			break
		}
		if seats += s.oweAll(slot, c.At, d); seats == 0 { // done, and so is all before it
			s.winding = list[i+1:]
		}
	}
	s.wound = len(d.Changes) == 0
}

// oweAll adds the refund of all that a sold booking has left, and counts its seats.
func (s *State) oweAll(slot uint32, at Instant, d *Decision) int {
	b := s.bookings.slab.At(slot)
	if b.state != BookingConfirmed {
		return 0
	}
	s.accounts.Read(slot, &d.money)
	s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
	seats := slices.DeleteFunc(s.seatBuffer, func(seat SeatIndex) bool {
		return slices.ContainsFunc(d.money.Refunds, func(r account.Refund) bool {
			return r.Reason == account.Requested && !r.Back && !r.Replaced && slices.Contains(r.Seats, seat)
		})
	})
	if len(seats) == 0 {
		return 0
	}
	from := len(d.seats)
	d.seats = append(d.seats, seats...)
	due := Change{Kind: RefundDue, At: at, Booking: s.bookings.number(b), Seats: d.seats[from:],
		Pay: account.Payment{Refund: uint32(len(d.money.Refunds) + 1), Attempt: d.money.Attempt,
			Reason: account.Requested, Amount: d.money.Amount - d.money.Given()}}
	if d.Changes = append(d.Changes, due); due.Pay.Amount == 0 {
		due.Kind, due.Pay = RefundDone, account.Payment{Refund: due.Pay.Refund}
		d.Changes = append(d.Changes, due)
	}
	return len(seats)
}

// decideWordWhenOff judges the processor's last word on the open attempt of an event that is cancelled: nothing is sold
// any more, so the booking ends, and money that was taken is owed back.
func (s *State) decideWordWhenOff(c *Command, slot uint32, b *booking, d *Decision) {
	number, _ := s.accounts.Last(slot)
	pay := account.Payment{Attempt: number, Reason: max(c.Pay.Reason, account.Declined)}
	amount, reference, _ := s.accounts.Tried(slot, number)
	if c.Kind == ConfirmPayment {
		pay.Reason = account.EventOff
	}
	d.accept(c, PaymentFailed, c.Booking, BookingReleased, s.endOf(b)).Pay = pay
	if c.Kind == ConfirmPayment && amount > 0 {
		d.Changes = append(d.Changes, Change{Kind: RefundDue, At: c.At, Booking: c.Booking, Pay: account.Payment{
			Refund: uint32(len(d.money.Refunds) + 1), Attempt: number, Reason: account.Anomaly, Amount: amount,
			Reference: reference}})
	}
	d.Changes = append(d.Changes, Change{Kind: HoldReleased, At: c.At, Booking: c.Booking})
}

// countReturned keeps the sum of what was given back since the event is being cancelled. A bank may still refuse what
// was given.
func (s *State) countReturned(c *Change, amount int64, was account.RefundState) {
	switch {
	case c.Kind == RefundDone:
		s.sale.Return(1, amount)
	case c.Kind == RefundFailed && was == account.Refunded:
		s.sale.Return(-1, amount)
	}
}

// Standing calls visit for every booking that is remembered, ascending, with its account, which is visit's until it
// returns; nil: it never paid, or by a build without attempts. A leg of an order has an empty one: its money is its
// home's.
func (s *State) Standing(visit func(no BookingNo, state BookingState, seats int, m *account.Money)) {
	var m account.Money
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if s.isLegAt(slot) {
			visit(s.bookings.number(b), b.state, int(b.count), new(account.Money))
			return
		}
		if !b.paid() {
			visit(s.bookings.number(b), b.state, int(b.count), nil)
			return
		}
		s.accounts.Read(slot, &m)
		visit(s.bookings.number(b), b.state, int(b.count), &m)
	})
}
