package reconcile

import (
	"time"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/storage"
)

// Status is a processor's last word on a payment.
type Status uint8

// What a processor may say. Unknown is a word that the audit does not know either, and a finding.
const (
	Unknown Status = iota
	Charged
	Declined // or cancelled: it never takes money
	Refunded // charged, and given back whole
	Open     // not decided
)

func (s Status) String() string {
	return [...]string{Unknown: "in no known state", Charged: "charged", Declined: "declined", Refunded: "refunded",
		Open: "not decided"}[s]
}

// Payment is one attempt to pay by the processor's own list, with the last word on it.
type Payment struct {
	ID        string // as the processor has it, for people; empty: not one of Holdfast's
	Section   storage.SectionKey
	Booking   section.BookingNo // 0: the id names no booking
	Attempt   uint8             // 0: what a build without attempts has begun
	Reference string            // the processor's; empty: it has none
	Status    Status
	Amount    int64 // minor units
	Refunded  int64 // given back or on its way; of Status Refunded at least Amount, whatever stands here
	Currency  string
	Disputed  bool // the buyer's bank asks for the money back
	At        time.Time
}

// Money says that the processor has or had it.
func (p *Payment) Money() bool { return p.Status == Charged || p.Status == Refunded }

// Back is what went back, in minor units.
func (p *Payment) Back() int64 {
	if p.Status == Refunded {
		return max(p.Refunded, p.Amount)
	}
	return p.Refunded
}

// Attach enters a line of the processor's list. A second line of the same attempt takes the place of the first where it
// has more to say.
func (a *Account) Attach(p *Payment) {
	t := a.attempt(p.Attempt)
	if t != nil && t.Number != p.Attempt {
		t = nil
	}
	if t == nil {
		a.Attempts = append(a.Attempts, Attempt{Number: p.Attempt})
		t = &a.Attempts[len(a.Attempts)-1]
	}
	if t.Paid == nil || weight(t.Paid) <= weight(p) {
		t.Paid = p
	}
}

// weight orders lines of one attempt: money counts, and a no only where there is nothing else.
func weight(p *Payment) int {
	switch p.Status {
	case Declined, Open:
		return 0
	case Refunded:
		return 1
	default:
		return 2
	}
}

// Detach forgets the processor's list, and gives what Attach had entered.
func (a *Account) Detach() (had []*Payment) {
	logged := a.Attempts[:0]
	for _, t := range a.Attempts {
		if t.Paid != nil {
			had = append(had, t.Paid)
		}
		if t.Paid = nil; t.Phase != account.None {
			logged = append(logged, t)
		}
	}
	a.Attempts = logged
	return had
}
