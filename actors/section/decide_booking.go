package section

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
