package reconcile

import (
	"fmt"

	"holdfast/actors/money"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// Check says which claims are judged; see the package comment.
type Check uint8

// The checks.
const (
	More Check = 1 << iota
	Less
	Both = More | Less
)

// Code names a kind of ruling.
type Code string

// The findings.
const (
	Missing       Code = "payment_missing"
	Stray         Code = "payment_stray"
	Differs       Code = "payment_differs"
	LiveTwice     Code = "attempts_live"
	Unended       Code = "attempt_unended"
	RefundMissing Code = "refund_missing"
	RefundStray   Code = "refund_stray"
	NoWord        Code = "unreadable"
)

// What is under way, and no damage.
const (
	ChargeUnderWay Code = "charge_under_way"
	RefundUnderWay Code = "refund_under_way"
	RefundStuck    Code = "refund_failed"
)

// Ruling is what follows about one booking.
type Ruling struct {
	Code     Code
	UnderWay bool // no damage
	Late     bool // whoever sells may be about to mend it
	Text     string
}

// Judge says what does not add up, and what is under way.
func (a *Account) Judge(check Check) []Ruling {
	j := judge{Account: a, check: check}
	live := 0
	for i := range a.Attempts {
		t := &a.Attempts[i]
		if t.Paid != nil && t.Paid.Status == Open {
			live++
		}
		j.attempt(t)
	}
	if live > 1 {
		j.find(Less, LiveTwice, "booking %d has %d payments that are not decided (I1)", a.No, live)
	}
	return j.found
}

type judge struct {
	*Account
	check Check
	found []Ruling
}

func (j *judge) find(check Check, code Code, format string, args ...any) {
	if j.check&check != 0 {
		j.found = append(j.found, Ruling{Code: code, Text: fmt.Sprintf(format, args...)})
	}
}

func (j *judge) underWay(code Code, format string, args ...any) {
	if j.check&More != 0 {
		j.found = append(j.found, Ruling{Code: code, UnderWay: true, Text: fmt.Sprintf(format, args...)})
	}
}

func (j *judge) attempt(t *Attempt) {
	p, amount := t.Paid, j.amountOf(t)
	free := amount == 0 && (t.Number > 0 && t.Phase != account.None || j.Sure)
	paid := p != nil && p.Money()
	switch {
	case free && (p == nil || p.Amount == 0):
		return // nobody is asked for nothing; earlier builds have a charge of 0 in their books
	case p != nil && p.Status == Unknown:
		j.find(More, NoWord, "payment %s of booking %d is in no known state", p.ID, j.No)
		return
	case t.Phase == account.None:
		if paid {
			j.stray(t)
		}
		return
	case t.Phase == account.Captured && !paid:
		j.find(Less, Missing, "booking %d was sold in seats %v, but nobody was charged for it", j.No, j.Seats)
	case t.Phase == account.Captured:
		j.refunds(t)
	case t.Phase == account.Over && paid:
		j.late(t)
	case t.Phase == account.Over && p != nil && p.Status == Open && t.Number > 0:
		j.find(Less, Unended, "payment %s is not decided, but the log has attempt %d of booking %d as over (I3)", p.ID,
			t.Number, j.No)
	case paid:
		j.paying(t)
	}
	if paid {
		j.same(t, amount)
	}
}

// stray is money that no attempt of the log has asked for.
func (j *judge) stray(t *Attempt) {
	p := t.Paid
	switch {
	case j.State == section.BookingNone:
		j.find(More, Stray, "payment %s is %v, for booking %d that the log does not have", p.ID, p.Status, j.No)
	case t.Number > 1 || len(j.Attempts) > 1:
		j.find(More, Stray, "payment %s is %v, but booking %d is %s and its log has no such attempt", p.ID, p.Status,
			j.No, StateWord(j.State))
	case p.Back() < p.Amount:
		j.find(More, Stray, "payment %s is charged, but booking %d is %s", p.ID, j.No, StateWord(j.State))
	}
}

// paying is money of an attempt that the log has open.
func (j *judge) paying(t *Attempt) {
	switch p := t.Paid; {
	case p.Back() == 0:
		j.underWay(ChargeUnderWay, "payment %s is charged, booking %d still paying: its node is about to confirm it, "+
			"or the next start does", p.ID, j.No)
	case t.Number == 0:
		j.before(t)
	default:
		j.find(More, RefundStray, "payment %s has %s given back, and booking %d is still paying (I6)", p.ID,
			j.money(p.Back()), j.No)
	}
}

// before is money of a build without attempts, which went back before the log said so.
func (j *judge) before(t *Attempt) {
	j.underWay(RefundUnderWay, "payment %s is refunded, booking %d still %s: the seats follow, or repeat its refund",
		t.Paid.ID, j.No, StateWord(j.State))
}

// late is money of an attempt that is over: the log has to owe it.
func (j *judge) late(t *Attempt) {
	p, owed := t.Paid, false
	for i := range j.Refunds {
		owed = owed || j.Refunds[i].Anomaly && j.of(&j.Refunds[i], t)
	}
	switch {
	case owed:
		j.refunds(t)
	case p.Back() >= p.Amount: // somebody has settled it by hand
	default:
		if j.check&More != 0 {
			j.found = append(j.found, Ruling{Code: Stray, Late: true, Text: fmt.Sprintf(
				"payment %s is charged, but booking %d is %s", p.ID, j.No, StateWord(j.State))})
		}
	}
}

// of says that a refund is of an attempt's money.
func (j *judge) of(r *Refund, t *Attempt) bool {
	return !r.Replaced && j.Account.attempt(r.Attempt) == t
}

// refunds holds what the processor has given back against what the log owes.
func (j *judge) refunds(t *Attempt) {
	p, back := t.Paid, t.Paid.Back()
	var done, open, stuck int64
	for i := range j.Refunds {
		switch r := &j.Refunds[i]; {
		case !j.of(r, t):
		case r.State == account.Refunded:
			done += r.Amount
		case r.State == account.Failed:
			stuck += r.Amount
		default:
			open += r.Amount
		}
	}
	switch {
	case back == 0 && j.State == section.BookingRefunded && done >= p.Amount:
		j.find(Less, Stray, "payment %s is charged, but booking %d is refunded", p.ID, j.No)
	case back < done:
		j.find(Less, RefundMissing, "payment %s has %s given back, the log of booking %d says %s", p.ID, j.money(back),
			j.No, j.money(done))
	case back > done+open && t.Number == 0 && len(j.Refunds) == 0:
		j.before(t)
	case back > done+open:
		j.find(More, RefundStray, "payment %s has %s given back, and the log of booking %d owes no more than %s (I6)",
			p.ID, j.money(back), j.No, j.money(done+open))
	}
	if open > 0 {
		j.underWay(RefundUnderWay, "booking %d is owed %s of payment %s, of which the processor has given %s", j.No,
			j.money(open), p.ID, j.money(min(max(back-done, 0), open)))
	}
	if stuck > 0 {
		j.underWay(
			RefundStuck, "booking %d is owed %s of payment %s, and the processor gives it no more: retry by hand", j.No,
			j.money(stuck), p.ID,
		)
	}
}

// same holds what is said of a payment against what the log asked for (I12). Neither ever changes.
func (j *judge) same(t *Attempt, amount int64) {
	p := t.Paid
	switch {
	case t.Number == 0 && !j.Sure:
	case p.Amount != amount || p.Currency != j.Currency:
		j.find(Less, Differs, "payment %s is of %s, booking %d costs %s", p.ID, money.Format(p.Amount, p.Currency),
			j.No, j.money(amount))
	case t.Reference != "" && p.Reference != "" && t.Reference != p.Reference:
		j.find(Less, Differs, "payment %s is %s at the processor, and %s in the log (I2)", p.ID, p.Reference,
			t.Reference)
	}
}

func (j *judge) money(amount int64) string { return money.Format(amount, j.Currency) }

// StateWord is a booking's state for people.
func StateWord(s section.BookingState) string {
	return [...]string{
		section.BookingNone: "none", section.BookingHeld: "held", section.BookingPaying: "paying",
		section.BookingConfirmed: "confirmed", section.BookingReleased: "released", section.BookingExpired: "expired",
		section.BookingRefunded: "refunded", section.BookingBound: "bound",
	}[s]
}
