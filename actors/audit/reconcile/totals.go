package reconcile

import "holdfast/actors/section/account"

// Totals add money up, in minor units of one currency. Charged == Sold + Refunded + Owed + InTransit, disputes apart
// (P6).
type Totals struct {
	Currency  string `json:"currency"`
	Charged   int64  `json:"charged"`    // by the processor's list, for bookings that the logs have
	Refunded  int64  `json:"refunded"`   // by the processor's list, given back or on its way
	Sold      int64  `json:"sold"`       // by the logs: captured, less what is to go back
	Owed      int64  `json:"owed"`       // by the logs, and not given back yet
	InTransit int64  `json:"in_transit"` // charged, and not in the logs; below 0: in the logs, and not charged
	Disputed  int64  `json:"disputed"`   // of Charged
}

// Add adds an account.
func (t *Totals) Add(a *Account) {
	t.Currency = a.Currency
	var owed, refunded int64
	for i := range a.Attempts {
		one := &a.Attempts[i]
		if p := one.Paid; p != nil && p.Money() {
			t.Charged += p.Amount
			refunded += p.Back()
			if p.Disputed {
				t.Disputed += p.Amount
			}
		}
		if one.Phase == account.Captured {
			t.Sold += a.amountOf(one)
		}
	}
	for i := range a.Refunds {
		switch r := &a.Refunds[i]; {
		case r.Replaced:
		case r.Anomaly:
			owed += r.Amount
		default:
			owed += r.Amount
			t.Sold -= r.Amount
		}
	}
	t.Refunded += refunded
	t.Owed += owed - refunded
	t.InTransit = t.Charged - t.Sold - t.Refunded - t.Owed
}
