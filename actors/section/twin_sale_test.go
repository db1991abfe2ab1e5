package section

import (
	"slices"

	"pgregory.net/rapid"

	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/terms"
)

// drawSale turns the switch now and then, and winds up what is cancelled.
func drawSale(t *rapid.T, model *twin, c *Command) {
	switch {
	case model.sale.State() == sales.Cancelling && rapid.IntRange(0, 3).Draw(t, "wind up") == 0:
		*c = Command{Kind: WindUp, At: c.At, Max: uint32(rapid.IntRange(1, 9).Draw(t, "pieces"))}
	case rapid.IntRange(0, 9).Draw(t, "turn") == 0:
		state := sales.State(rapid.SampledFrom([]int{1, 1, 1, 2, 3, 4}).Draw(t, "sale"))
		*c = Command{Kind: SwitchSale, At: c.At, Sale: sales.Of(rapid.Uint64Range(1, 9).Draw(t, "number"), state)}
		if rapid.Bool().Draw(t, "edit") {
			ttl := Millis(rapid.IntRange(1, 120).Draw(t, "ttl"))
			c.Terms = &terms.Terms{No: c.Sale.Number(), HoldTTL: ttl, HoldCeiling: ttl * 2,
				SeatsPerBookingMax: uint32(rapid.IntRange(1, 8).Draw(t, "booking")),
				SeatsPerBuyerMax:   uint32(rapid.IntRange(1, 8).Draw(t, "buyer")),
				ForbidTransfers:    rapid.IntRange(0, 3).Draw(t, "no transfers") == 0}
		}
		if rapid.Bool().Draw(t, "priced") {
			c.Prices = drawPrices(t, c.Sale.Number())
		}
	}
}

// judgeSale judges what the switch decides alone.
func (t *twin) judgeSale(c *Command) (r Rejection, repeat, told bool) {
	off := t.sale.State() == sales.Cancelling
	switch c.Kind {
	case SwitchSale:
		return Accepted, !t.takes(c) && !t.edits(c) && !t.reprices(c), true
	case WindUp:
		return Accepted, false, true
	case PlaceHold, PlaceBest, PlaceExchange:
		if off {
			return EventCancelled, false, true
		}
		return SaleNotOpen, false, t.sale.State() == sales.Paused || t.sale.State() == sales.Closed
	}
	return Accepted, false, false
}

// takes says that a turn is newer than the newest, and edits that terms are.
func (t *twin) takes(c *Command) bool {
	off := t.sale.State() == sales.Cancelling
	return c.Sale.Number() > t.sale.Number() && (!off || c.Sale.State() == sales.Cancelling)
}

func (t *twin) edits(c *Command) bool { return c.Terms != nil && c.Terms.No > t.terms }

// turn makes a turn true, and the terms that it brings.
func (t *twin) turn(c *Command) {
	if t.edits(c) {
		t.terms = c.Terms.No
		t.rules.HoldTTL, t.rules.HoldCeiling, t.rules.RefuseOrphans = c.Terms.HoldTTL, c.Terms.HoldCeiling, false
		t.rules.SeatsPerBookingMax, t.rules.SeatsPerBuyerMax = c.Terms.SeatsPerBookingMax, c.Terms.SeatsPerBuyerMax
		t.rules.ForbidTransfers = c.Terms.ForbidTransfers
		t.forget(c.At)
	}
	if t.reprices(c) {
		t.prices = c.Prices
		t.forget(c.At)
	}
	if t.takes(c) {
		t.sale = c.Sale
		t.forget(c.At)
	}
}

// barred is why a booking gets no more time and is not paid.
func (t *twin) barred(c *Command, b *twinBooking, lapsed bool) Rejection {
	over := b.state == BookingHeld || b.state == BookingReleased || b.state == BookingExpired
	switch {
	case t.sale.State() == sales.Cancelling && over && (c.Kind == ExtendHold || c.Kind == BeginPayment):
		return EventCancelled
	case t.sale.State() == sales.Closed && c.Kind == ExtendHold && b.state == BookingHeld && !lapsed:
		return SaleNotOpen
	case c.Kind == ChallengePayment && t.off(c, b):
		return ChallengeLimit
	}
	return Accepted
}

// off says that a command is a word on the open attempt of a cancelled event.
func (t *twin) off(c *Command, b *twinBooking) bool {
	word := c.Kind == ConfirmPayment || c.Kind == FailPayment || c.Kind == ChallengePayment
	return word && t.sale.State() == sales.Cancelling && b.state == BookingPaying && int(c.Pay.Attempt) == b.attempts
}

// endOff ends the booking that the word is about: money that was taken is owed back.
func (t *twin) endOff(c *Command, b *twinBooking) {
	b.leaveChallenge(c.At)
	t.forget(c.At)
	if amount := b.tried[b.attempts-1]; c.Kind == ConfirmPayment && amount > 0 {
		b.refunds = append(b.refunds,
			twinRefund{attempt: b.attempts, anomaly: true, state: account.Due, amount: amount})
		t.forget(c.At)
	}
	t.finish(c.Booking, BookingReleased, c.At)
}

// windUp holds what was done against what had to be, and makes it true: every hold ends, and all that a sold booking
// has left is owed, with its fees.
func (t *twin) windUp(r *rapid.T, c *Command, changes []Change) {
	for i := range changes {
		change := &changes[i]
		b := t.bookings[change.Booking]
		switch {
		case change.Kind == HoldReleased && b.state == BookingHeld:
			t.finish(change.Booking, BookingReleased, c.At)
		case change.Kind == RefundDue && b.exchange != nil && b.exchange.done &&
			change.Pay.Amount == b.leftOfSale() && change.Pay.Amount > 0:
			b.refunds = append(b.refunds, twinRefund{attempt: b.sold, state: account.Due, amount: change.Pay.Amount})
		case change.Kind == RefundDue && b.state == BookingConfirmed:
			whole := Command{Kind: RefundBooking, At: c.At, Booking: change.Booking, Pay: change.Pay}
			left := b.leftOfSale()
			if judged := b.judgeRefund(&whole, left); judged != Accepted || change.Pay.Amount != left {
				r.Fatalf("%+v of a booking that has %d left: %v", *change, left, judged)
			}
			t.refund(&whole, b)
		case change.Kind == RefundDone: // of nothing: refund has done it
		default:
			r.Fatalf("winding up makes %+v of %+v", *change, b)
		}
		t.forget(c.At)
	}
	if len(changes) == 0 {
		t.isWoundUp(r)
	}
}

func (t *twin) isWoundUp(r *rapid.T) {
	for no, b := range t.bookings {
		owed := 0
		for _, k := range b.refunds {
			if !k.anomaly && !k.back && !k.replaced {
				owed += len(k.seats)
			}
		}
		if b.state == BookingHeld || b.state == BookingConfirmed && owed < len(b.seats) {
			r.Fatalf("booking %d is left: %+v, seats %v", no, b, slices.Clone(b.seats))
		}
	}
}
