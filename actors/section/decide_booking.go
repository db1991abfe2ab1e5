package section

import (
	"fmt"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/exchange"
)

// decideBooking judges a command that names a booking. A refusal carries the booking as it stands, if it is the
// caller's.
func (s *State) decideBooking(c *Command, d *Decision) {
	slot := s.bookings.find(c.Booking)
	if slot == 0 || !s.mayAct(c, slot) || s.isLegAt(slot) {
		// That there is no such booking stays true if the newest records are lost, so it depends on none.
		d.refuse(BookingUnknown, 0)
		return
	}
	s.describe(slot, d)
	b := s.bookings.slab.At(slot)
	if c.Kind == ReleaseHold && b.state == BookingReleased {
		// Giving back twice is one request: the second time nothing changes, whatever the request's key.
		d.Outcome.Repeat = true
		d.Outcome.DependsOn = s.since(b.stamp)
		return
	}
	switch c.Kind {
	case ConfirmPayment, FailPayment, ChallengePayment:
		s.decideWord(c, slot, b, d)
		return
	case SettleRefund, RetryRefund:
		s.decideRefundWord(c, slot, b, d)
		return
	}
	if s.sale.Bars() {
		if r := s.barsBooking(c, b); r != Accepted {
			d.refuse(r, max(s.since(b.stamp), s.since(s.sale.Stamp)))
			return
		}
	}
	if r := s.refusalOf(c, b); r != Accepted {
		d.refuse(r, s.since(b.stamp))
		return
	}
	s.acceptBooking(c, slot, b, d)
}

// mayAct reports whether the command's caller may act on the booking. Refunds are the operator's alone.
func (s *State) mayAct(c *Command, slot uint32) bool {
	if c.Operator {
		return true
	}
	return c.Kind != RefundBooking && c.Kind != SettleRefund && c.Kind != RetryRefund &&
		s.buyers.slab.At(s.bookings.slab.At(slot).buyer).id == c.Buyer
}

// refusalOf is the rejection of a command on a booking in its present state, Accepted when there is none.
func (s *State) refusalOf(c *Command, b *booking) Rejection {
	switch b.state {
	case BookingHeld:
		return s.refusalOfHeld(c, b)
	case BookingPaying:
		// The buyer's money may be on its way: only its arrival or failure ends this state, not the clock (P6).
		return PaymentInProgress
	case BookingConfirmed:
		if c.Kind == RefundBooking {
			return Accepted
		}
		return AlreadyConfirmed
	case BookingReleased:
		return HoldReleasedAlready
	case BookingExpired:
		return HoldExpiredAlready
	default:
		return AlreadyRefunded
	}
}

// refusalOfHeld checks the end itself: a late timer must not let a buyer act on a lapsed hold (P4). Giving seats back
// is always welcome.
func (s *State) refusalOfHeld(c *Command, b *booking) Rejection {
	lapsed := c.At >= s.endOf(b)
	switch {
	case c.Kind == ReleaseHold:
		return Accepted
	case c.Kind == RefundBooking:
		return NotConfirmed
	case lapsed:
		return HoldExpiredAlready
	case c.Kind == ConfirmPayment || c.Kind == FailPayment || c.Kind == ChallengePayment:
		return NotPaying
	}
	return Accepted
}

// acceptBooking turns an allowed command into its change. Extensions have their own refusal, the last one.
func (s *State) acceptBooking(c *Command, slot uint32, b *booking, d *Decision) {
	switch c.Kind {
	case ExtendHold:
		ceiling := b.placedAt + Instant(s.rules.HoldCeiling)
		if ceiling-s.endOf(b) < s.extendMin() {
			d.refuse(ExtensionLimit, s.since(b.stamp))
			return
		}
		s.extend(c, b, min(c.At+Instant(s.rules.HoldTTL), ceiling), d)
	case ReleaseHold:
		d.accept(c, HoldReleased, c.Booking, BookingReleased, s.endOf(b))
	case BeginPayment:
		s.begin(c, slot, b, d)
	case RefundBooking:
		s.decideRefund(c, slot, b, d)
	}
}

// extend moves a hold's end. A gain of less than ExtendMin is a repeat: the booking is told as it stands, and no record
// is written, else one hold could fill the log as fast as its buyer can ask.
func (s *State) extend(c *Command, b *booking, end Instant, d *Decision) {
	if end-s.endOf(b) < s.extendMin() {
		d.Outcome.Repeat = true
		d.Outcome.DependsOn = s.since(b.stamp)
		return
	}
	if s.remembersTooMany(c, b.buyer) {
		d.refuse(TooManyRequests, s.since(s.buyers.slab.At(b.buyer).stamp))
		return
	}
	d.accept(c, HoldExtended, c.Booking, BookingHeld, end).ExpiresAt = end
}

// PlaceExchange holds seats that are to take the place of others of a sold booking: Booking, Seats or what PlaceBest
// takes, and Exchange without Of.
const PlaceExchange CommandKind = 28

// BookingExchanged is the record of an exchange: Seats, which Booking held, are the booking's that Exchange names, and
// what that gives is on sale again. Pay: Attempt. What goes back for it follows as RefundDue. Its extended kind in logs
// is the same number; exchangePlaced is that of a HoldPlaced of an exchange.
const (
	BookingExchanged ChangeKind = 48
	exchangePlaced              = 47
)

// decideExchange judges the hold of an exchange: the booking first, then the seats as any hold's. A refusal carries the
// booking as it stands. Its buyer needs neither a grant nor an admission: no seat more is held for good.
func (s *State) decideExchange(c *Command, d *Decision) {
	slot := s.bookings.find(c.Booking)
	if slot == 0 || !s.mayAct(c, slot) || s.isLegAt(slot) {
		d.refuse(BookingUnknown, 0)
		return
	}
	s.describe(slot, d)
	b, p := s.bookings.slab.At(slot), c.Exchange
	on, wanted := s.since(b.stamp), int(c.Quantity)
	if len(c.Seats) > 0 {
		wanted = len(c.Seats)
	}
	gives := slices.Sorted(slices.Values(p.Gives))
	r := s.mayExchange(slot, b, gives, c.At, d)
	switch {
	case r != Accepted:
	case hasTwins(gives):
		r = DuplicateSeat
	case len(gives) != wanted:
		r = ExchangeUneven
	default:
		if open, since := s.exchangeOpen(c.Booking); open {
			r, on = ExchangeUnderWay, max(on, since)
		}
	}
	if r != Accepted {
		d.refuse(r, on)
		return
	}
	credit := min(max(p.Credit, 0), s.moneyLeft(slot, d))
	hold := *c
	hold.Buyer, hold.AnyBuyerTotal = s.buyers.slab.At(b.buyer).id, true
	hold.Exchange = &exchange.Part{Of: c.Booking, Gives: gives, Credit: credit}
	d.reset()
	d.buyer = b.buyer
	if hold.Kind = PlaceHold; len(c.Seats) > 0 {
		hold.Quantity = 0
		s.decidePlace(&hold, d)
	} else {
		hold.Kind = PlaceBest
		s.decideBest(&hold, d)
	}
	for i := range d.Changes { // the hold, if it is placed
		d.Changes[i].Exchange = hold.Exchange
		d.Outcome.Exchange = &exchange.Exchange{Part: *hold.Exchange, Total: d.Changes[i].Total}
	}
}

// placeExchange notes that a hold is an exchange's, if it is: its seats count for nobody.
func (s *State) placeExchange(slot uint32, c *Change) {
	if c.Exchange == nil {
		return
	}
	s.exchanges.Place(slot, exchange.Exchange{Part: *c.Exchange, Total: c.Total})
	s.buyers.slab.At(s.bookings.slab.At(slot).buyer).live -= uint32(len(c.Seats))
}

// mayExchange says why a booking cannot give seats up for others, whose account is in d: it is not sold, or not by
// itself; a seat is not its own any more, or owed back; somebody came in with it; its ticket is on offer, or another's
// by now. Seats are left in Outcome.Lost.
func (s *State) mayExchange(slot uint32, b *booking, gives []SeatIndex, at Instant, d *Decision) Rejection {
	switch {
	case b.state == BookingPaying:
		return PaymentInProgress
	case b.state == BookingHeld:
		return NotConfirmed
	case b.state != BookingConfirmed:
		return s.refusalOf(&Command{Kind: ExtendHold}, b)
	case s.sale.Off():
		return EventCancelled
	case !b.paid() || s.prices.Now() == nil: // of builds without accounts, or without prices
		return NotExchangeable
	case s.orders.Home(slot) != nil:
		return ExchangeOverSections
	case len(gives) == 0:
		return NoSeats
	}
	s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
	mine := d.unowed(s.seatBuffer)
	r := Accepted
	for _, seat := range gives {
		why := AlreadyRefunded
		if slices.Contains(mine, seat) {
			why = s.mayGive(slot, b, entry.Ticket{Seat: seat}, at)
		}
		if why == Accepted {
			continue
		}
		if d.Outcome.Lost = append(d.Outcome.Lost, seat); r == Accepted || why < r {
			r = why
		}
	}
	return r
}

// mayGive says why a sold booking cannot give up a seat that is its own.
func (s *State) mayGive(slot uint32, b *booking, t entry.Ticket, at Instant) Rejection {
	switch p, _ := s.passes.Pass(slot, t); {
	case s.holder(slot, b, t) != s.buyers.slab.At(b.buyer).id:
		return NotHolder
	case p.Admitted:
		return AlreadyAdmitted
	case s.transfers.Pending(slot, t, at):
		return TransferPending
	case p.Rotation == math.MaxUint16:
		return TooManyRequests
	}
	return Accepted
}

// exchangeOpen says that an exchange of a booking is held or paying, and since which record.
func (s *State) exchangeOpen(no BookingNo) (open bool, since Seq) {
	s.exchanges.Of(no, func(slot uint32, x *exchange.Exchange) {
		if b := s.bookings.slab.At(slot); !x.Done && b.state.live() {
			open, since = true, s.since(b.stamp)
		}
	})
	return open, since
}

// moneyLeft is what is left of the money taken for a booking, whose account is in d, and for its exchanges.
func (s *State) moneyLeft(slot uint32, d *Decision) int64 {
	left := d.money.Amount - d.money.Given()
	s.exchanges.Of(s.bookings.numberOf(slot), func(slot uint32, x *exchange.Exchange) {
		if x.Done {
			left += s.accounts.Left(slot)
		}
	})
	return left
}

// oweRest adds refunds of money that a booking's exchanges took: what its own does not suffice for.
func (s *State) oweRest(of BookingNo, rest int64, at Instant, reason account.Reason, d *Decision) {
	s.exchanges.Of(of, func(slot uint32, x *exchange.Exchange) {
		amount := min(rest, s.accounts.Left(slot))
		if !x.Done || amount <= 0 {
			return
		}
		rest -= amount
		attempt, _ := s.accounts.Last(slot)
		d.Changes = append(d.Changes, Change{Kind: RefundDue, At: at, Booking: s.bookings.numberOf(slot),
			Pay: account.Payment{Refund: uint32(len(s.accounts.Refunds(slot)) + 1), Attempt: attempt, Reason: reason,
				Amount: amount}})
	})
}

// mayPay says that an attempt may begin for an exchange: its booking still allows it, and the amount is what it costs.
// It leaves the refusal in d.
func (s *State) mayPay(c *Command, x *exchange.Exchange, d *Decision) bool {
	r, of, now := BookingUnknown, s.bookings.find(x.Of), Decision{}
	on := Seq(0)
	if of != 0 {
		s.describe(of, &now)
		b := s.bookings.slab.At(of)
		on, r = s.since(b.stamp), s.mayExchange(of, b, x.Gives, c.At, &now)
		if r == Accepted && -x.Due() > s.moneyLeft(of, &now) {
			r = RefundTooLarge
		}
	}
	if r == Accepted && c.Pay.Amount != max(0, x.Due()) {
		r = AttemptStale
	}
	if r != Accepted {
		d.Outcome.Lost = append(d.Outcome.Lost, now.Outcome.Lost...)
		d.refuse(r, max(on, s.since(s.bookings.slab.At(s.bookings.find(c.Booking)).stamp)))
	}
	return r == Accepted
}

// decideExchanged judges the processor's word that the money of an exchange was taken, or that there was none to take.
// An exchange that its booking does not allow any more is over, and the money is owed back.
func (s *State) decideExchanged(c *Command, slot uint32, b *booking, x *exchange.Exchange, d *Decision) {
	of := s.bookings.find(x.Of)
	var now Decision
	r := BookingUnknown
	if of != 0 {
		s.describe(of, &now)
		r = s.mayExchange(of, s.bookings.slab.At(of), x.Gives, c.At, &now)
	}
	back := max(0, -x.Due())
	if r != Accepted || back > s.moneyLeft(of, &now) {
		s.decideWordWhenOff(c, slot, b, d)
		return
	}
	change := d.accept(c, BookingExchanged, c.Booking, BookingReleased, s.endOf(b))
	change.Pay, change.Exchange = s.attemptNamed(slot, b, 0), &x.Part
	d.seats = s.bookings.appendSeats(d.seats[:0], b)
	change.Seats = d.seats
	done := *x
	done.Done, d.Outcome.Exchange = true, &done
	own := min(back, now.money.Amount-now.money.Given())
	if own > 0 {
		d.Changes = append(d.Changes, Change{Kind: RefundDue, At: c.At, Booking: x.Of, Pay: account.Payment{
			Refund: uint32(len(now.money.Refunds) + 1), Attempt: now.money.Attempt, Reason: account.Exchanged,
			Amount: own}})
	}
	s.oweRest(x.Of, back-own, c.At, account.Exchanged, d)
}

// applyExchanged makes an exchange true: the seats that were held are the booking's, and those that it gives up are
// free. Codes of these are void, and stay so should the seats ever be the booking's again.
func (s *State) applyExchanged(c *Change, touched []SeatIndex) []SeatIndex {
	slot, of := s.bookings.find(c.Booking), s.bookings.find(c.Exchange.Of)
	x := s.exchanges.At(slot)
	if x == nil || of == 0 || x.Done || x.Of != c.Exchange.Of || !slices.Equal(x.Gives, c.Exchange.Gives) {
		panic(fmt.Sprintf("section: booking %d exchanges as %+v, which is none", c.Booking, *c.Exchange))
	}
	b, to := s.bookings.slab.At(slot), s.bookings.slab.At(of)
	taken := s.bookings.appendSeats(nil, b)
	if b.state != BookingPaying || to.state != BookingConfirmed || !slices.Equal(taken, c.Seats) {
		panic(fmt.Sprintf("section: exchange %d is %v, its booking %v", c.Booking, b.state, to.state))
	}
	for _, seat := range x.Gives {
		if int(seat) >= len(s.seats.holder) || s.seats.holder[seat] != of {
			panic(fmt.Sprintf("section: seat %d is not booking %d's", seat, x.Of))
		}
		w := &entry.Word{Ticket: entry.Ticket{Seat: seat}}
		w.Rotation = s.passes.Rotation(of, w.Ticket) + 1
		s.passes.Reissue(of, w)
	}
	s.paying--
	b.state, b.stamp, to.stamp = BookingReleased, s.stamp(), s.stamp()
	b.setAttempts(0)
	s.accounts.Captured(slot, c.Pay.Attempt, c.At)
	s.buyers.slab.At(b.buyer).stamp = s.stamp()
	all := slices.DeleteFunc(s.bookings.appendSeats(nil, to), func(seat SeatIndex) bool {
		return slices.Contains(x.Gives, seat)
	})
	all = append(all, taken...)
	slices.Sort(all)
	s.bookings.keepSeats(to, all)
	touched = s.markAll(taken, Held, Sold, of, touched)
	touched = s.markAll(x.Gives, Sold, Available, 0, touched)
	s.exchanges.Finish(slot)
	b.refs++ // until its booking is forgotten
	s.remember(c, slot)
	s.end(slot, b)
	return touched
}

// forgetExchanges lets go of the exchanges of a booking that is forgotten.
func (s *State) forgetExchanges(no BookingNo) {
	var done []uint32
	s.exchanges.Of(no, func(slot uint32, x *exchange.Exchange) {
		if x.Done {
			done = append(done, slot)
		}
	})
	for _, slot := range done {
		s.unref(slot)
	}
}

// counts says that a booking's seats count for its buyer: those of an exchange do so by its booking.
func (s *State) counts(slot uint32) bool { return !s.exchanges.Has(slot) }

// readExchange reads what a change says of an exchange.
func readExchange(r *codec.Reader, c *Change) {
	if c.Kind == HoldPlaced {
		readHeld(r, c)
	} else {
		c.Pay.Read(r, account.FormAttempt)
	}
	if c.Exchange = exchange.Read(r); r.Err == nil && (len(c.Seats) != len(c.Exchange.Gives) || c.Booking == 0 ||
		c.Kind == HoldPlaced && c.PriceMark == 0 || c.Kind != HoldPlaced && c.Split) {
		r.Fail("an exchange with the wrong fields")
	}
}
