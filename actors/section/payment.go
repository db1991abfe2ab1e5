package section

import (
	"fmt"
	"slices"

	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
)

// tellMoney fills the outcome with a booking's account. A payment that a build without attempts has begun has none in
// the state, and one that follows from it.
func (s *State) tellMoney(slot uint32, b *booking, d *Decision) {
	switch {
	case b.paid():
		s.accounts.Read(slot, &d.money)
		if s.sale.Off() { // no challenge outlasts it
			d.money.Until = min(d.money.Until, s.sale.At)
		}
	case b.state == BookingPaying:
		d.money = account.Money{
			Attempt: s.openAttempt(slot, b), Phase: account.Opened, Legacy: true, Refunds: d.money.Refunds[:0],
			Past: d.money.Past[:0],
		}
	case b.state == BookingConfirmed || b.state == BookingRefunded:
		d.money = account.Money{Attempt: account.Legacy, Phase: account.Captured, Legacy: true,
			Refunds: d.money.Refunds[:0], Past: d.money.Past[:0]}
	default:
		return
	}
	d.Outcome.Money = &d.money
}

// openAttempt is the attempt that a paying booking waits for.
func (s *State) openAttempt(slot uint32, b *booking) uint8 {
	if b.paid() {
		if number, phase := s.accounts.Last(slot); phase == account.Opened || phase == account.Challenge {
			return number
		}
	}
	return max(b.attempts(), account.Legacy)
}

// isLegacy says that the attempt which a paying booking waits for stands in the log without a number.
func (s *State) isLegacy(slot uint32, b *booking) bool {
	if !b.paid() {
		return true
	}
	_, phase := s.accounts.Last(slot)
	return phase != account.Opened && phase != account.Challenge
}

func (s *State) ceilingOf(b *booking) Instant { return b.placedAt + Instant(s.rules.HoldCeiling) }

// begin opens an attempt. A hold's end is never behind its ceiling, so that no attempt begins there.
func (s *State) begin(c *Command, slot uint32, b *booking, d *Decision) {
	last, _ := s.accounts.Last(slot)
	switch {
	case b.attempts() >= PaymentAttemptsMax:
		d.refuse(PaymentAttempts, s.since(b.stamp))
	case c.Pay.Attempt != max(last, b.attempts())+1:
		d.refuse(AttemptStale, s.since(b.stamp))
	case s.exchanges.Has(slot) && !s.mayPay(c, s.exchanges.At(slot), d):
	default:
		d.accept(c, PaymentBegun, c.Booking, BookingPaying, s.endOf(b)).Pay = account.Payment{
			Attempt: c.Pay.Attempt, Amount: c.Pay.Amount, Reference: c.Pay.Reference}
	}
}

// decideWord judges the processor's word on an attempt. One that is not about the open attempt changes nothing of the
// booking: at most money is owed back.
func (s *State) decideWord(c *Command, slot uint32, b *booking, d *Decision) {
	mine := b.state == BookingPaying && c.Pay.Attempt == s.openAttempt(slot, b)
	off := s.sale.Off() && mine && !s.isLegacy(slot, b)
	switch {
	case off && c.Kind == ChallengePayment:
		d.refuse(ChallengeLimit, max(s.since(b.stamp), s.since(s.sale.Stamp)))
	case off:
		s.decideWordWhenOff(c, slot, b, d)
	case mine && c.Kind == ConfirmPayment && s.exchanges.Has(slot):
		s.decideExchanged(c, slot, b, s.exchanges.At(slot), d)
	case mine && c.Kind == ConfirmPayment:
		d.accept(c, BookingSold, c.Booking, BookingConfirmed, s.endOf(b)).Pay = s.attemptNamed(slot, b, 0)
	case mine && c.Kind == FailPayment:
		s.fail(c, slot, b, d)
	case mine:
		s.challenge(c, slot, b, d)
	case c.Kind == ConfirmPayment:
		s.decideStray(c, slot, b, d)
	case b.state == BookingPaying:
		d.refuse(AttemptStale, s.since(b.stamp))
	default:
		d.refuse(s.refusalOf(c, b), s.since(b.stamp))
	}
}

// attemptNamed is what a change says of an attempt: nothing of one that has no number in the log.
func (s *State) attemptNamed(slot uint32, b *booking, reason account.Reason) account.Payment {
	if s.isLegacy(slot, b) {
		return account.Payment{}
	}
	number, _ := s.accounts.Last(slot)
	return account.Payment{Attempt: number, Reason: reason}
}

// fail gives the booking back to its buyer; one that would end at once gets its minute, as far as the hold's ceiling
// allows, unless its buyer has let a challenge run out.
func (s *State) fail(c *Command, slot uint32, b *booking, d *Decision) {
	pay := s.attemptNamed(slot, b, max(c.Pay.Reason, account.Declined))
	end := s.endOf(b)
	change := d.accept(c, PaymentFailed, c.Booking, BookingHeld, end)
	if change.Pay = pay; pay.Attempt == 0 || s.accounts.Graced(slot) || s.ranOut(c, d) {
		return
	}
	if graced := min(c.At+account.Grace, s.ceilingOf(b)); graced > end {
		change.ExpiresAt, d.Outcome.ExpiresAt = graced, graced
	}
}

// ranOut says that a challenge was not passed in its time.
func (s *State) ranOut(c *Command, d *Decision) bool {
	return d.money.Phase == account.Challenge && c.At >= d.money.Until
}

func (s *State) challenge(c *Command, slot uint32, b *booking, d *Decision) {
	until, ok := s.accounts.ChallengeUntil(slot, c.At)
	switch {
	case !ok, s.isLegacy(slot, b):
		d.refuse(ChallengeLimit, s.since(b.stamp))
	case d.money.Phase == account.Challenge:
		d.Outcome.Repeat = true
		d.Outcome.DependsOn = s.since(b.stamp)
	default:
		change := d.accept(c, PaymentChallenged, c.Booking, BookingPaying, s.endOf(b))
		change.Pay.Attempt, change.ExpiresAt = c.Pay.Attempt, until
		d.money.Phase, d.money.Until = account.Challenge, until
	}
}

// decideStray judges money that is not the open attempt's. What the booking was sold for is its own; any other is owed
// back, once, whatever the booking is by now.
func (s *State) decideStray(c *Command, slot uint32, b *booking, d *Decision) {
	last, phase := s.accounts.Last(slot)
	own := phase == account.Captured && last == c.Pay.Attempt ||
		!b.paid() && c.Pay.Attempt == account.Legacy && (b.state == BookingConfirmed || b.state == BookingRefunded)
	amount, reference, known := s.accounts.Tried(slot, c.Pay.Attempt)
	owed := slices.ContainsFunc(d.money.Refunds, func(r account.Refund) bool {
		return r.Reason == account.Anomaly && r.Attempt == c.Pay.Attempt
	})
	switch {
	case own || !b.paid() || !known || amount == 0 || !c.Operator:
		r := s.refusalOf(c, b)
		if b.state == BookingPaying {
			r = AttemptStale
		}
		d.refuse(r, s.since(b.stamp))
	case owed:
		d.Outcome.Repeat = true
		d.Outcome.DependsOn = s.since(b.stamp)
	default:
		d.accept(c, RefundDue, c.Booking, b.state, s.endOf(b)).Pay = account.Payment{
			Refund: uint32(len(d.money.Refunds) + 1), Attempt: c.Pay.Attempt, Reason: account.Anomaly, Amount: amount,
			Reference: reference,
		}
	}
}

// decideRefund owes seats' money back: of those named, or of all that are left. The tickets' codes die with it; the
// seats are on sale again once the processor has taken the refund, or at once when there is nothing to give back.
func (s *State) decideRefund(c *Command, slot uint32, b *booking, d *Decision) {
	pay := account.Payment{
		Refund: uint32(len(d.money.Refunds) + 1), Attempt: d.money.Attempt, Reason: account.Requested,
		Amount: c.Pay.Amount,
	}
	own := d.money.Amount - d.money.Given()
	left := s.moneyLeft(slot, d)
	if !b.paid() {
		pay.Captured, left = max(c.Pay.Captured, 0), c.Pay.Captured
	}
	part := s.refundable(c, slot, d)
	switch {
	case d.Outcome.Rejection != Accepted:
		d.Outcome.DependsOn = s.since(b.stamp)
	case pay.Amount < 0 || pay.Amount > left:
		d.refuse(RefundTooLarge, s.since(b.stamp))
	default:
		taken := s.taken(slot, b, len(d.seats), part, d)
		state := BookingConfirmed
		if rest := pay.Amount - own; b.paid() && rest > 0 {
			pay.Amount = own
			s.oweRest(c.Booking, rest, c.At, account.Requested, d)
		}
		if endsBy(len(d.seats), b, taken) && pay.Amount == 0 {
			state = BookingRefunded
		}
		change := d.accept(c, RefundDue, c.Booking, state, s.endOf(b))
		if change.Pay, change.Seats, change.Order = pay, d.seats, part; pay.Amount == 0 {
			d.Changes = append(d.Changes, Change{Kind: RefundDone, At: c.At, Booking: c.Booking, Seats: d.seats,
				Order: taken, Pay: account.Payment{Refund: pay.Refund}})
		}
	}
}

// unowed keeps those of a booking's seats that are not owed back.
func (d *Decision) unowed(seats []SeatIndex) []SeatIndex {
	return slices.DeleteFunc(seats, func(seat SeatIndex) bool {
		return slices.ContainsFunc(d.money.Refunds, func(r account.Refund) bool {
			return r.Reason == account.Requested && !r.Back && !r.Replaced && slices.Contains(r.Seats, seat)
		})
	})
}

// refundable leaves the seats of a refund in d.seats, ascending, or refuses: all of them are the booking's, and none is
// owed already. Of an order it gives what is named of it; nil: the whole, or it is none.
func (s *State) refundable(c *Command, slot uint32, d *Decision) *order.Part {
	if home := s.orders.Home(slot); home != nil {
		return s.refundableOfOrder(c, home, d)
	}
	left := d.unowed(slices.Clone(d.Outcome.Seats))
	if d.seats = append(d.seats, c.Seats...); len(c.Seats) == 0 {
		d.seats = append(d.seats, left...)
	}
	slices.Sort(d.seats)
	for _, seat := range d.seats {
		if !slices.Contains(left, seat) {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
		}
	}
	switch {
	case len(d.Outcome.Lost) > 0, len(d.seats) == 0:
		d.Outcome.Rejection = AlreadyRefunded
	case hasTwins(d.seats):
		d.Outcome.Rejection = DuplicateSeat
	}
	return nil
}

// decideRefundWord judges the processor's word on a refund, or an operator's wish to try a failed one anew. A word that
// says no more than the log changes nothing.
func (s *State) decideRefundWord(c *Command, slot uint32, b *booking, d *Decision) {
	r := s.accounts.Refund(slot, c.Pay.Refund)
	next := uint32(len(d.money.Refunds) + 1)
	accept := func(kind ChangeKind, next uint32) *Change {
		change := d.accept(c, kind, c.Booking, b.state, s.endOf(b))
		change.Pay = account.Payment{Refund: c.Pay.Refund, Next: next}
		return change
	}
	switch {
	case !b.paid() || r == nil:
		d.refuse(AttemptStale, s.since(b.stamp))
	case c.Kind == RetryRefund && r.State == account.Failed && !r.Replaced:
		accept(RefundFailed, next)
	case c.Kind == RetryRefund || r.State == account.Failed || c.Pay.State <= r.State:
		d.Outcome.Repeat = true
		d.Outcome.DependsOn = s.since(b.stamp)
	case c.Pay.State == account.Failed && r.Tries+1 < account.TriesMax:
		accept(RefundFailed, next)
	default:
		change := accept(RefundDue+ChangeKind(c.Pay.State-account.Due), 0)
		if c.Pay.State == account.Failed || r.Back {
			return
		}
		if r.Exact {
			change.Order = s.taken(slot, b, len(r.Seats), s.owedPart(slot, r), d)
		}
		if change.Seats = r.Seats; endsBy(len(r.Seats), b, change.Order) && b.state == BookingConfirmed {
			d.Outcome.State = BookingRefunded
		}
	}
}

// applyAttempt makes true what a change says of an attempt. The booking's state is the new one already.
func (s *State) applyAttempt(c *Change, slot uint32, b *booking) {
	switch c.Kind {
	case PaymentBegun:
		s.accounts.Open(slot, &c.Pay)
		b.marks |= paidMark
	case PaymentChallenged:
		s.accounts.Challenged(slot, c.Pay.Attempt, c.At, c.ExpiresAt)
	case BookingSold:
		s.accounts.Captured(slot, c.Pay.Attempt, c.At)
	case PaymentFailed:
		s.accounts.Ended(slot, c.Pay.Attempt, c.At, c.ExpiresAt != 0)
	}
}

// applyRefund makes a change of a refund true. A booking with an open one is not forgotten.
func (s *State) applyRefund(c *Change, touched []SeatIndex) []SeatIndex {
	slot := s.bookings.find(c.Booking)
	if slot == 0 {
		panic(fmt.Sprintf("section: refund %d of booking %d, which is not there", c.Pay.Refund, c.Booking))
	}
	b := s.bookings.slab.At(slot)
	b.stamp = s.stamp()
	s.buyers.slab.At(b.buyer).stamp = s.stamp()
	s.remember(c, slot)
	was, is := false, false
	if r := s.accounts.Refund(slot, c.Pay.Refund); r != nil && s.sale.Off() {
		s.countReturned(c, r.Amount, r.State)
	}
	switch c.Kind {
	case RefundDue:
		is = true
		s.owe(c, slot, b)
	case RefundFailed:
		was, is = s.failRefund(slot, &c.Pay)
	default:
		var r *account.Refund
		r, was, is = s.accounts.Move(slot, c.Pay.Refund, account.RefundState(c.Kind-RefundDue)+account.Due)
		if len(c.Seats) > 0 || c.Order != nil {
			if r.Back || !slices.Equal(r.Seats, c.Seats) || r.Exact != (c.Order != nil) {
				panic(
					fmt.Sprintf("section: refund %d of booking %d frees seats %v of %+v", r.No, c.Booking, c.Seats, *r),
				)
			}
			touched = s.takeBack(slot, b, c, touched)
		}
		r.Back = true
	}
	if is && !was {
		b.refs++
	}
	if was && !is {
		s.unref(slot)
	}
	return touched
}

func (s *State) owe(c *Change, slot uint32, b *booking) {
	p := &c.Pay
	if p.Reason == account.Requested && b.state != BookingConfirmed && (len(c.Seats) > 0 || s.counts(slot)) {
		panic(fmt.Sprintf("section: booking %d is %v, and owes seats", c.Booking, b.state))
	}
	for _, seat := range c.Seats {
		if int(seat) >= len(s.seats.holder) || s.seats.holder[seat] != slot {
			panic(fmt.Sprintf("section: seat %d is not booking %d's", seat, c.Booking))
		}
	}
	s.accounts.Owe(slot, account.Refund{No: p.Refund, Attempt: p.Attempt, State: account.Due, Reason: p.Reason,
		Amount: p.Amount, Seats: slices.Clone(c.Seats), Reference: p.Reference, Exact: c.Order != nil,
		Legs: s.legSeats(slot, c.Order)}, p.Captured)
	b.marks |= paidMark
}

// failRefund notes that a refund has failed, and begins the one that takes its place.
func (s *State) failRefund(slot uint32, p *account.Payment) (was, is bool) {
	r := s.accounts.Refund(slot, p.Refund)
	tries := uint8(0)
	if r == nil || r.State != account.Failed {
		r, was, _ = s.accounts.Move(slot, p.Refund, account.Failed)
		tries = r.Tries + 1
	}
	if p.Next == 0 {
		return was, false
	}
	r.Replaced = true
	again := *r
	again.No, again.State, again.Tries, again.Replaced = p.Next, account.Due, tries, false
	s.accounts.Owe(slot, again, 0)
	return was, true
}

// takeBack puts seats of a sold booking on sale again; with the last of them the booking has ended.
func (s *State) takeBack(slot uint32, b *booking, c *Change, touched []SeatIndex) []SeatIndex {
	seats := c.Seats
	for _, seat := range seats {
		if b.state != BookingConfirmed || s.seats.holder[seat] != slot {
			panic(fmt.Sprintf("section: seat %d is not booking %d's", seat, s.bookings.number(b)))
		}
	}
	if endsBy(len(seats), b, c.Order) {
		b.state = BookingRefunded
		s.orders.Move(slot, s.seq, false)
		s.end(slot, b)
	} else {
		if c.Order != nil && len(c.Order.Legs) > 0 {
			s.orders.Move(slot, s.seq, true)
		}
		s.buyers.slab.At(b.buyer).live -= uint32(len(seats))
		s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
		s.seatBuffer = slices.DeleteFunc(s.seatBuffer, func(seat SeatIndex) bool {
			return slices.Contains(seats, seat)
		})
		s.bookings.keepSeats(b, s.seatBuffer)
	}
	return s.markAll(seats, Sold, Available, 0, touched)
}
