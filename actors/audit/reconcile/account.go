package reconcile

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// Account is a booking's money. Apply follows the log, Attach the processor's list.
type Account struct {
	No       section.BookingNo
	State    section.BookingState // BookingNone: the log has no such booking
	Total    int64                // what its seats cost, in minor units
	Sure     bool                 // Total is known
	Currency string               // of the event
	PlacedAt section.Instant
	Seats    []section.SeatIndex
	Attempts []Attempt
	Refunds  []Refund
}

// Attempt is one try to pay.
type Attempt struct {
	Number    uint8 // 0: what a build without attempts has begun
	Phase     account.Phase
	Amount    int64 // of number 0 nothing: the booking's total
	Reference string
	Paid      *Payment // by the processor's list; nil: not seen there
}

// Refund is money on its way back, by the log.
type Refund struct {
	Attempt  uint8
	State    account.RefundState
	Anomaly  bool
	Replaced bool
	Amount   int64
	Seats    []section.SeatIndex
}

// Apply enters a change of the log that is about the booking's money. The text says what of the change cannot be; what
// the change says is entered all the same. Whether the booking's state allows the change is the caller's to judge.
func (a *Account) Apply(c *section.Change) (wrong string) {
	switch c.Kind {
	case section.PaymentBegun:
		return a.begin(&c.Pay)
	case section.PaymentChallenged, section.BookingSold, section.PaymentFailed, section.BookingExchanged:
		return a.word(c)
	case section.BookingRefundedChange: // of a build without attempts: the money went before it
		a.Refunds = append(a.Refunds, Refund{State: account.Refunded, Amount: a.Total, Seats: c.Seats})
	case section.RefundDue:
		return a.owe(c)
	case section.RefundPending, section.RefundDone:
		return a.move(c, account.Pending+account.RefundState(c.Kind-section.RefundPending))
	case section.RefundFailed:
		return a.fail(&c.Pay)
	default:
	}
	return ""
}

func (a *Account) attempt(number uint8) *Attempt {
	at := slices.IndexFunc(a.Attempts, func(t Attempt) bool { return t.Number == number })
	if at < 0 && number == account.Legacy { // by the number that refunds give it
		at = slices.IndexFunc(a.Attempts, func(t Attempt) bool { return t.Number == 0 })
	}
	if at < 0 {
		return nil
	}
	return &a.Attempts[at]
}

func (a *Account) open() *Attempt {
	for i := range a.Attempts {
		if t := &a.Attempts[i]; t.Phase == account.Opened || t.Phase == account.Challenge {
			return t
		}
	}
	return nil
}

func (a *Account) begin(p *account.Payment) (wrong string) {
	open, last := a.open(), uint8(0)
	for _, t := range a.Attempts {
		last = max(last, t.Number)
	}
	if p.Attempt == 0 {
		if old := a.attempt(0); old != nil {
			old.Phase = account.Opened
			return ""
		}
	}
	a.Attempts = append(a.Attempts, Attempt{
		Number: p.Attempt, Phase: account.Opened, Amount: p.Amount, Reference: p.Reference,
	})
	switch {
	case p.Attempt == 0:
		return ""
	case open != nil:
		return fmt.Sprintf("I1: attempt %d begun while attempt %d is open", p.Attempt, open.Number)
	case p.Attempt <= last:
		return fmt.Sprintf("I1: attempt %d begun after attempt %d", p.Attempt, last)
	case p.Amount > 0 && p.Reference == "":
		return fmt.Sprintf("I2: attempt %d begun without the processor's reference", p.Attempt)
	}
	return ""
}

// word is the processor's word on the open attempt, as the log has it.
func (a *Account) word(c *section.Change) (wrong string) {
	t := a.open()
	switch {
	case t == nil:
		return "" // the booking is not paying: told as such
	case t.Number != c.Pay.Attempt:
		wrong = fmt.Sprintf("I1: a word on attempt %d while attempt %d is open", c.Pay.Attempt, t.Number)
	case c.Kind == section.PaymentFailed && t.Number > 0 && !c.Pay.Reason.EndsAttempt():
		wrong = fmt.Sprintf("I3: attempt %d left without the processor's last word", t.Number)
	}
	switch c.Kind {
	case section.PaymentChallenged:
		t.Phase = account.Challenge
	case section.BookingSold, section.BookingExchanged:
		t.Phase = account.Captured
	default:
		t.Phase = account.Over
	}
	return wrong
}

// captured is the attempt that the booking was sold for; nil: none was.
func (a *Account) captured() *Attempt {
	for i := range a.Attempts {
		if a.Attempts[i].Phase == account.Captured {
			return &a.Attempts[i]
		}
	}
	return nil
}

// amountOf is what the log has an attempt take.
func (a *Account) amountOf(t *Attempt) int64 {
	if t.Number == 0 {
		return a.Total
	}
	return t.Amount
}

func (a *Account) owe(c *section.Change) (wrong string) {
	r := Refund{Attempt: c.Pay.Attempt, State: account.Due, Anomaly: c.Pay.Reason == account.Anomaly,
		Amount: c.Pay.Amount, Seats: slices.Clone(c.Seats)}
	t, given := a.attempt(r.Attempt), r.Amount
	for _, other := range a.Refunds {
		if !other.Replaced && other.Attempt == r.Attempt && other.Anomaly == r.Anomaly {
			given += other.Amount
		}
	}
	number := len(a.Refunds) + 1
	a.Refunds = append(a.Refunds, r)
	switch {
	case int(c.Pay.Refund) != number:
		return fmt.Sprintf("I6: refund %d owed where refund %d is next", c.Pay.Refund, number)
	case t == nil:
		return fmt.Sprintf("I6: refund %d is of attempt %d, which never began", number, r.Attempt)
	case r.Anomaly && t.Phase != account.Over:
		return fmt.Sprintf("I6: refund %d gives attempt %d back as nobody's, and that is the booking's", number,
			t.Number)
	case !r.Anomaly && t != a.captured():
		return fmt.Sprintf("I6: refund %d is of attempt %d, for which nothing was sold", number, r.Attempt)
	case r.Amount < 0 || given > a.amountOf(t) && (a.Sure || t.Number > 0):
		return fmt.Sprintf("I6: refunds of attempt %d are %d, and %d was taken", t.Number, given, a.amountOf(t))
	}
	return ""
}

func (a *Account) refund(number uint32) *Refund {
	if number == 0 || int(number) > len(a.Refunds) {
		return nil
	}
	return &a.Refunds[number-1]
}

func (a *Account) move(c *section.Change, to account.RefundState) (wrong string) {
	r := a.refund(c.Pay.Refund)
	switch {
	case r == nil:
		return fmt.Sprintf("I6: refund %d is %v and was never owed", c.Pay.Refund, to)
	case to <= r.State:
		wrong = fmt.Sprintf("I6: refund %d becomes %v after %v", c.Pay.Refund, to, r.State)
	case len(c.Seats) > 0 && !slices.Equal(c.Seats, r.Seats):
		wrong = fmt.Sprintf("I6: refund %d gives seats %v back, and owed %v", c.Pay.Refund, c.Seats, r.Seats)
	}
	r.State = to
	return wrong
}

// fail notes that a refund has failed, and that the next one takes its place.
func (a *Account) fail(p *account.Payment) (wrong string) {
	r := a.refund(p.Refund)
	switch {
	case r == nil:
		return fmt.Sprintf("I6: refund %d failed and was never owed", p.Refund)
	case r.State == account.Failed && (r.Replaced || p.Next == 0):
		wrong = fmt.Sprintf("I6: refund %d failed twice", p.Refund)
	case p.Next != 0 && int(p.Next) != len(a.Refunds)+1:
		wrong = fmt.Sprintf("I6: refund %d follows where refund %d is next", p.Next, len(a.Refunds)+1)
	}
	if r.State = account.Failed; p.Next != 0 {
		r.Replaced = true
		again := *r
		again.State, again.Replaced = account.Due, false
		a.Refunds = append(a.Refunds, again)
	}
	return wrong
}
