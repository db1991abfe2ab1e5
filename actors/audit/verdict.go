package audit

import "strings"

// Word is what an audit says of one half of the truth; stable, for machines.
type Word string

// The words. Whoever reads "clean" must not have to know what was left out.
const (
	Sound         Word = "clean"          // checked, all of it, and nothing was found
	Unsound       Word = "damaged"        // something does not add up
	PartlyChecked Word = "partly_checked" // nothing was found in what could be checked
	NotChecked    Word = "not_checked"    // nobody looked: there was nothing to hold against
)

// Verdict says what was checked, and what came of it.
type Verdict struct {
	Seats    Word `json:"seats"`    // logs, chains, seats, tickets, snapshots
	Payments Word `json:"payments"` // the processor's books against what was sold (P6)
}

// Verdict sums the report up.
func (r *Report) Verdict() Verdict {
	v := Verdict{Seats: Sound, Payments: Sound}
	switch {
	case !r.Payments.Checked:
		v.Payments = NotChecked
	case r.Payments.Unchecked > 0:
		v.Payments = PartlyChecked
	}
	for i := range r.Findings {
		switch {
		case !r.Findings[i].ofMoney():
			v.Seats = Unsound
		case r.Payments.Checked:
			v.Payments = Unsound
		}
	}
	return v
}

// ofMoney says that the finding is about payments. Two codes are used for both halves.
func (f *Finding) ofMoney() bool {
	switch f.Code {
	case PaymentMissing, PaymentStray, PaymentDiffers, AttemptsLive, AttemptUnended, RefundMissing, RefundStray:
		return true
	case Unreadable, More:
		return strings.Contains(f.Detail, "payment")
	}
	return false
}
