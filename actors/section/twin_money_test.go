package section

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"holdfast/actors/section/account"
)

// twinMoney is what the twin knows of a booking's money.
type twinMoney struct {
	tried        []int64 // what each attempt was to take
	challengedAt Instant // and one; 0: it is not
	spent        Instant
	graced       bool
	sold         int // the attempt that it was sold for; 0: none
	refunds      []twinRefund
}

type twinRefund struct {
	attempt, tries int
	anomaly        bool
	state          account.RefundState
	replaced, back bool
	amount         int64
	seats          []SeatIndex
}

// drawPayment names mostly the right attempt, seats and refund of the command's booking, and sometimes any.
func drawPayment(t *rapid.T, model *twin, c *Command) {
	b := model.bookings[c.Booking]
	if b == nil {
		return
	}
	stray := rapid.IntRange(0, 3).Draw(t, "stray") == 0
	switch c.Kind {
	case BeginPayment, ConfirmPayment, FailPayment, ChallengePayment:
		c.Pay.Attempt = uint8(max(b.attempts, 1))
		if c.Kind == BeginPayment {
			c.Pay.Attempt = uint8(b.attempts + 1)
			c.Pay.Amount = rapid.Int64Range(0, 9).Draw(t, "amount")
			c.Pay.Reference = fmt.Sprint("reference ", b.attempts)
			if b.exchange != nil && !stray {
				c.Pay.Amount = max(0, b.exchange.total-b.exchange.credit)
			}
		}
		if stray {
			c.Pay.Attempt = uint8(rapid.IntRange(1, 3).Draw(t, "attempt"))
		}
		if c.Kind == FailPayment {
			c.Pay.Reason = account.Cancelled
		}
	case RefundBooking:
		if !stray {
			c.Seats = slices.Clone(b.seats[:rapid.IntRange(0, len(b.seats)).Draw(t, "of them")])
		}
		c.Pay.Amount = rapid.Int64Range(0, 9).Draw(t, "back")
	case SettleRefund, RetryRefund:
		c.Pay.Refund = uint32(len(b.refunds))
		if stray {
			c.Pay.Refund = rapid.Uint32Range(0, 4).Draw(t, "refund")
		}
		c.Pay.State = account.RefundState(rapid.IntRange(2, 4).Draw(t, "word"))
	}
}

// judgeWord judges the words that no state of a booking decides alone.
func (b *twinBooking) judgeWord(c *Command) (r Rejection, repeat, told bool) {
	open := b.state == BookingPaying && int(c.Pay.Attempt) == b.attempts
	switch c.Kind {
	case ConfirmPayment:
		if open {
			return Accepted, false, true
		}
		n := int(c.Pay.Attempt)
		stray := c.Operator && n >= 1 && n <= len(b.tried) && b.tried[n-1] > 0 && n != b.sold
		if b.state == BookingPaying && !stray {
			return AttemptStale, false, true
		}
		owed := slices.ContainsFunc(b.refunds, func(r twinRefund) bool { return r.anomaly && r.attempt == n })
		return Accepted, owed, stray
	case FailPayment, ChallengePayment:
		switch {
		case b.state == BookingPaying && !open:
			return AttemptStale, false, true
		case open && c.Kind == ChallengePayment && b.spent >= account.ChallengeMax:
			return ChallengeLimit, false, true
		case open:
			return Accepted, c.Kind == ChallengePayment && b.challengedAt > 0, true
		}
	case SettleRefund, RetryRefund:
		n := int(c.Pay.Refund)
		if n < 1 || n > len(b.refunds) {
			return AttemptStale, false, true
		}
		k := &b.refunds[n-1]
		if c.Kind == RetryRefund {
			return Accepted, k.state != account.Failed || k.replaced, true
		}
		return Accepted, k.state == account.Failed || c.Pay.State <= k.state, true
	}
	return Accepted, false, false
}

func (b *twinBooking) judgeRefund(c *Command, left int64) Rejection {
	owed := []SeatIndex{}
	for _, k := range b.refunds {
		if !k.anomaly && !k.replaced && !k.back {
			owed = append(owed, k.seats...)
		}
	}
	seats := c.Seats
	if len(seats) == 0 {
		seats = slices.DeleteFunc(slices.Clone(b.seats), func(s SeatIndex) bool { return slices.Contains(owed, s) })
	}
	for i, s := range seats {
		switch {
		case !slices.Contains(b.seats, s) || slices.Contains(owed, s):
			return AlreadyRefunded
		case slices.Contains(seats[:i], s) && !slices.ContainsFunc(seats, func(s SeatIndex) bool {
			return !slices.Contains(b.seats, s) || slices.Contains(owed, s)
		}):
			return DuplicateSeat
		}
	}
	switch {
	case len(seats) == 0:
		return AlreadyRefunded
	case c.Pay.Amount > left:
		return RefundTooLarge
	}
	return Accepted
}

func (b *twinBooking) owes() bool {
	return slices.ContainsFunc(b.refunds, func(r twinRefund) bool { return r.state.Open() })
}

func (b *twinBooking) failed(c *Command, ceiling Instant, end *Instant) {
	ranOut := b.challengedAt > 0 && c.At >= b.challengedAt-1+account.ChallengeMax-b.spent
	b.leaveChallenge(c.At)
	if minute := min(c.At+account.Grace, ceiling); !b.graced && !ranOut && minute > *end {
		b.graced, *end = true, minute
	}
}

func (b *twinBooking) leaveChallenge(at Instant) {
	if b.challengedAt > 0 {
		b.spent += at - b.challengedAt + 1
	}
	b.challengedAt = 0
}

func (t *twin) captured(c *Command, b *twinBooking) {
	if n := int(c.Pay.Attempt); b.state != BookingPaying || n != b.attempts {
		b.refunds = append(b.refunds,
			twinRefund{attempt: n, anomaly: true, state: account.Due, amount: b.tried[n-1]})
		return
	}
	if b.exchange != nil {
		t.exchanged(c, b)
		return
	}
	b.leaveChallenge(c.At)
	b.state, b.sold = BookingConfirmed, b.attempts
	t.paint(b.seats, Sold)
}

func (t *twin) refund(c *Command, b *twinBooking) {
	seats := slices.Clone(c.Seats)
	if len(seats) == 0 {
		for _, s := range b.seats {
			if !slices.ContainsFunc(b.refunds, func(r twinRefund) bool {
				return !r.anomaly && !r.replaced && !r.back && slices.Contains(r.seats, s)
			}) {
				seats = append(seats, s)
			}
		}
	}
	t.owe(c.Booking, c.Pay.Amount, c.At, seats)
	if k := &b.refunds[len(b.refunds)-1]; k.amount == 0 {
		t.settled(c, b, k, account.Refunded)
	}
}

func (t *twin) settle(c *Command, b *twinBooking) {
	k := &b.refunds[c.Pay.Refund-1]
	tries := 0
	if c.Kind == SettleRefund {
		if tries = k.tries + 1; c.Pay.State != account.Failed {
			t.settled(c, b, k, c.Pay.State)
			return
		}
	}
	if k.state = account.Failed; c.Kind == RetryRefund || tries < account.TriesMax {
		k.replaced = true
		again := *k
		again.state, again.tries, again.replaced = account.Due, tries, false
		b.refunds = append(b.refunds, again)
	}
}

func (t *twin) settled(c *Command, b *twinBooking, k *twinRefund, to account.RefundState) {
	was := k.back
	if k.state, k.back = to, true; was || len(k.seats) == 0 {
		return
	}
	t.paint(k.seats, Available)
	left := slices.DeleteFunc(slices.Clone(b.seats), func(s SeatIndex) bool { return slices.Contains(k.seats, s) })
	if len(left) > 0 {
		b.seats = left
		return
	}
	b.state = BookingRefunded
	t.ended = append(t.ended, twinRequest{at: c.At, booking: c.Booking})
}

// compareMoney holds a booking's account against the twin's (P6).
func compareMoney(t *rapid.T, no BookingNo, m *account.Money, b *twinBooking) {
	if m == nil {
		if len(b.tried)+len(b.refunds) > 0 {
			t.Fatalf("booking %d has no account, the twin has %+v", no, b.twinMoney)
		}
		return
	}
	phase := account.Over
	switch {
	case b.sold > 0:
		phase = account.Captured
	case b.state == BookingPaying && b.challengedAt > 0:
		phase = account.Challenge
	case b.state == BookingPaying:
		phase = account.Opened
	}
	if int(m.Attempt) != b.attempts || m.Phase != phase || m.Amount != b.tried[b.attempts-1] ||
		len(m.Refunds) != len(b.refunds) || m.Reference() != fmt.Sprint("reference ", b.attempts-1) {
		t.Fatalf("booking %d has %+v, the twin %+v", no, *m, b.twinMoney)
	}
	given := int64(0)
	for i := range m.Refunds {
		got, want := &m.Refunds[i], &b.refunds[i]
		if got.State != want.state || got.Amount != want.amount || got.Replaced != want.replaced ||
			got.Back != want.back || !slices.Equal(got.Seats, want.seats) || int(got.Tries) != want.tries ||
			int(got.Attempt) != want.attempt || (got.Reason == account.Anomaly) != want.anomaly {
			t.Fatalf("booking %d has refund %+v, the twin %+v", no, *got, *want)
		}
		if !want.anomaly && !want.replaced {
			given += want.amount
		}
	}
	if b.sold > 0 && given > b.tried[b.sold-1] {
		t.Fatalf("P6: booking %d gives back %d of %d", no, given, b.tried[b.sold-1])
	}
}
