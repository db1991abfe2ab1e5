package section

import (
	"fmt"
	"math"

	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/terms"
)

// saleExtension is the extended kind of SaleSwitched.
const saleExtension = 37

// termsExtension is that of TermsSet.
const termsExtension = byte(TermsSet)

// SaleAt is the newest turn of the sale switch in the log, and when it was logged.
func (s *State) SaleAt() (turn sales.Turn, at Instant) { return s.sale.Turn, s.sale.At }

// Returned is what was given back since the event is being cancelled: how many refunds, and their sum in minor units.
func (s *State) Returned() (refunds uint64, sum int64) { return s.sale.Returned, s.sale.ReturnedSum }

// SaleOwed says that the switch has been turned so, which the log is to say before the section grants anything more.
func (s *State) SaleOwed(turn sales.Turn) { s.sale.Owe(turn) }

// TermsOwed says that the event has such terms, likewise; nil: those that it was made with. The turn that brought them
// is owed, or logged.
func (s *State) TermsOwed(since *terms.Terms) { s.termsOwed = since }

// Terms are those that holds go by since the newest edit in the log; the zero Terms: those that the event was made
// with.
func (s *State) Terms() terms.Terms { return s.terms }

// owesTerms says that the event has newer terms than the log.
func (s *State) owesTerms() bool { return s.termsOwed != nil && s.termsOwed.No > s.terms.No }

// hasDuties says that something is to be logged although no hold ends: a turn of the switch, or the end of bookings of
// an event that is cancelled.
func (s *State) hasDuties() bool {
	_, owed := s.sale.Owed()
	return owed || s.owesTerms() || s.sale.Off() && (s.expiry.Len() > 0 || !s.wound)
}

// isBarred refuses new holds while the sale is not open.
func (s *State) isBarred(c *Command, d *Decision) bool {
	switch {
	case c.Kind != PlaceHold && c.Kind != PlaceBest && c.Kind != BindLeg && c.Kind != PlaceExchange:
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

// decideSwitch lets a turn of the switch in, and the terms that come with it. What is no newer than the log's is
// accepted without a change. The outcome's Booking is the turn that the section goes by.
func (s *State) decideSwitch(c *Command, d *Decision) {
	if !c.Sale.Sound() {
		panic(fmt.Sprintf("section: turn %d of the sale switch", c.Sale))
	}
	newer := c.Terms != nil && c.Terms.No > s.terms.No
	if newer {
		d.accept(c, TermsSet, 0, BookingNone, 0).Terms = c.Terms
	}
	switch {
	case s.sale.Takes(c.Sale):
		d.accept(c, SaleSwitched, 0, BookingNone, 0).Sale = c.Sale
		d.Outcome.Booking = BookingNo(c.Sale)
	case newer:
		d.Outcome.Booking = BookingNo(s.sale.Turn)
	default:
		d.Outcome.Repeat, d.Outcome.Booking = true, BookingNo(s.sale.Turn)
		d.Outcome.DependsOn = max(s.since(s.sale.Stamp), s.since(s.termsStamp))
	}
}

// setTerms has holds go by terms from here on.
func (s *State) setTerms(t terms.Terms) {
	s.terms = t
	s.rules.HoldTTL, s.rules.HoldCeiling, s.rules.RefuseOrphans = t.HoldTTL, t.HoldCeiling, t.RefuseOrphans
	s.rules.SeatsPerBookingMax, s.rules.SeatsPerBuyerMax = t.SeatsPerBookingMax, t.SeatsPerBuyerMax
	s.rules.ForbidTransfers = t.ForbidTransfers
}

// applyNews makes true what moves no seat.
func (s *State) applyNews(c *Change) {
	switch c.Kind {
	case OrderSettled:
		s.applySettled(c)
		return
	case OrderServed:
		s.applyServed(c)
		return
	case TermsSet:
		if !c.Terms.Sound() || c.Terms.No <= s.terms.No {
			panic(fmt.Sprintf("section: terms %+v after %+v", *c.Terms, s.terms))
		}
		s.setTerms(*c.Terms)
		s.termsStamp = s.stamp()
		return
	case TicketAdmitted, TicketDoubled, TicketReissued:
		s.applyTicket(c)
		return
	case TransferOffered, TransferEnded:
		s.applyTransfer(c)
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
	seats := d.unowed(s.seatBuffer)
	part, legs := s.legsLeft(slot, d)
	if len(seats)+legs == 0 {
		return 0
	}
	from := len(d.seats)
	d.seats = append(d.seats, seats...)
	due := Change{Kind: RefundDue, At: at, Booking: s.bookings.number(b), Seats: d.seats[from:], Order: part,
		Pay: account.Payment{Refund: uint32(len(d.money.Refunds) + 1), Attempt: d.money.Attempt,
			Reason: account.Requested, Amount: d.money.Amount - d.money.Given()}}
	s.oweRest(due.Booking, math.MaxInt64, at, account.Requested, d)
	if d.Changes = append(d.Changes, due); due.Pay.Amount == 0 {
		due.Kind, due.Pay = RefundDone, account.Payment{Refund: due.Pay.Refund}
		due.Order = s.taken(slot, b, len(seats), part, d)
		d.Changes = append(d.Changes, due)
	}
	return len(seats) + legs
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

// Standing calls visit for every booking that is remembered, ascending.
func (s *State) Standing(visit func(state BookingState, b *order.Standing)) {
	var d Decision
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		is := order.Standing{No: s.bookings.number(b), Left: int(b.count), Leg: s.isLegAt(slot),
			Unsettled: s.orders.Unsettled(slot)}
		if b.paid() {
			s.accounts.Read(slot, &d.money)
			s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
			_, legs := s.legsLeft(slot, &d)
			is.Money, is.Left = &d.money, len(d.unowed(s.seatBuffer))+legs
		}
		visit(b.state, &is)
	})
}
