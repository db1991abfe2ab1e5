package section

import (
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/terms"
)

// saleExtension is the extended kind of SaleSwitched.
const saleExtension = 37

// termsExtension and pricesExtension are those of TermsSet and PricesSet. fareExtension stands before a hold that has a
// fare, which comes first: so a hold of any form may have one.
const (
	termsExtension  = byte(TermsSet)
	pricesExtension = byte(PricesSet)
	fareExtension   = 52
)

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
	return owed || s.owesTerms() || s.prices.Owed() != nil || s.sale.Off() && (s.expiry.Len() > 0 || !s.wound)
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

// decideSwitch lets a turn of the switch in, and the terms and prices that come with it. What is no newer than the
// log's is accepted without a change. The outcome's Booking is the turn that the section goes by.
func (s *State) decideSwitch(c *Command, d *Decision) {
	if !c.Sale.Sound() {
		panic(fmt.Sprintf("section: turn %d of the sale switch", c.Sale))
	}
	newer := c.Terms != nil && c.Terms.No > s.terms.No
	if newer {
		d.accept(c, TermsSet, 0, BookingNone, 0).Terms = c.Terms
	}
	if s.prices.Takes(c.Prices) {
		d.accept(c, PricesSet, 0, BookingNone, 0).Prices = c.Prices
		newer = true
	}
	switch {
	case s.sale.Takes(c.Sale):
		d.accept(c, SaleSwitched, 0, BookingNone, 0).Sale = c.Sale
		d.Outcome.Booking = BookingNo(c.Sale)
	case newer:
		d.Outcome.Booking = BookingNo(s.sale.Turn)
	default:
		d.Outcome.Repeat, d.Outcome.Booking = true, BookingNo(s.sale.Turn)
		d.Outcome.DependsOn = max(s.since(s.sale.Stamp), s.since(s.termsStamp),
			s.since(s.prices.Stamp()))
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
	case PricesSet:
		s.prices.Set(c.Prices, s.categories(), uint64(s.lastNo), s.stamp())
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

// PricesOwed says that the event has such a price list, as TermsOwed does of terms.
func (s *State) PricesOwed(since *tariff.Prices) { s.prices.Owe(since) }

// PricesNo is the number of the edit that the section's prices are of; 0: those that the event was made with.
func (s *State) PricesNo() uint64 { return s.prices.No() }

// categories is how many categories the section has to know prices of.
func (s *State) categories() int { return (len(s.seats.freeByKind) + 1) / 2 }

// readTerms reads terms, or prices.
func readTerms(r *codec.Reader, c *Change, extension byte) {
	if extension == pricesExtension {
		c.Prices = tariff.ReadPrices(r)
	} else {
		t := terms.Read(r)
		c.Terms = &t
	}
	if len(c.Seats) > 0 || c.Split || c.Booking != 0 {
		r.Fail("terms with more")
	}
}

// appendFare appends what comes before a hold that has a fare.
func appendFare(dst []byte, c *Change) []byte {
	if !c.takesSeats() || c.PriceMark == 0 || len(c.Fare.Seats) == 0 && c.Fare.Gift == nil {
		panic(fmt.Sprintf("section: change of kind %d, mark %d, with fare %+v", c.Kind, c.PriceMark, *c.Fare))
	}
	return c.Fare.Append(append(dst, extended, fareExtension))
}

// readFared reads a change, and the fare that may come before it.
func readFared(r *codec.Reader, at Instant, c *Change) {
	if len(r.Src) < 2 || r.Src[0] != extended || r.Src[1] != fareExtension {
		readChange(r, at, c)
		return
	}
	r.Take(2)
	c.Fare = tariff.ReadFare(r)
	readChange(r, at, c)
	paid := c.Fare.IsGift() && c.Total > 0
	if r.Err == nil && (!c.takesSeats() || c.PriceMark == 0 || !c.Fare.Covers(c.seatsOf) || paid) {
		r.Fail("a fare of something else")
	}
}

// seatsOf are the seats of a hold, or of its k-th leg.
func (c *Change) seatsOf(leg uint8) []SeatIndex {
	switch {
	case leg == 0:
		return c.Seats
	case c.Kind == HoldPlaced && c.Order != nil && int(leg) <= len(c.Order.Legs):
		return c.Order.Legs[leg-1].Seats
	}
	return nil
}

// fareOf leaves in the outcome what the log has of the fare of d.seats, or refuses: a type of ticket that a
// seat's category does not have, or numbers of another list than the log's. A leg costs what its home's list says; so
// once prices were edited the commands of an order name the list.
func (s *State) fareOf(c *Command, d *Decision) (ok bool) {
	f, now := c.Fare, s.prices.Now()
	named := f != nil && f.Mark != 0
	if now == nil || named && c.Kind != BindLeg && f.Mark != now.Mark || !named && c.Order != nil && s.prices.Edited() {
		d.refuse(PricesChanged, s.since(s.prices.Stamp()))
		return false
	}
	d.Outcome.Fare = f.Logged(d.seats)
	if c.Kind == BindLeg && named {
		return true
	}
	for _, seat := range d.seats {
		if _, known := s.costOf(now, seat, d.Outcome.Fare); !known {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
		}
	}
	if len(d.Outcome.Lost) > 0 {
		d.Outcome.Fare = nil
		d.refuse(TypeUnknown, s.since(s.prices.Stamp()))
		return false
	}
	return true
}

// costOf is what a seat of the section costs; false: its category does not have its type of ticket.
func (s *State) costOf(now *tariff.Tariff, seat SeatIndex, f *tariff.Fare) (total int64, known bool) {
	return now.Total(int(s.layout.Seats[seat].Category), f.TypeOf(0, seat))
}

// price enters in a hold what its seats cost.
func (s *State) price(c *Command, change *Change, d *Decision) {
	now := s.prices.Now()
	if change.Fare = d.Outcome.Fare; c.Kind == BindLeg && c.Fare != nil && c.Fare.Mark != 0 {
		change.Total, change.PriceMark = c.Fare.Total, c.Fare.Mark
	} else if now != nil {
		change.PriceMark = now.Mark
		for _, seat := range change.Seats {
			one, _ := s.costOf(now, seat, change.Fare)
			change.Total += one
		}
	}
	if change.Fare.IsGift() {
		change.Total = 0
	}
	if s.prices.Edited() {
		d.Outcome.Mark = change.PriceMark
	}
}
