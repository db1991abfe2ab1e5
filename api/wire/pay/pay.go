// Package pay has the JSON of a booking's money: what a buyer has to do, and what is on its way back.
package pay

import "holdfast/api/wire/pricing"

// RefundRequest is the body of POST /v1/bookings/{b}/refund, which may be absent.
type RefundRequest struct {
	Seats []string `json:"seats,omitempty"` // none: all that are left
	Fees  string   `json:"fees,omitempty"`  // return, which is the default, or keep
}

// ExchangeRequest is the body of POST /v1/bookings/{b}/exchanges: Gives, and one of the others.
type ExchangeRequest struct {
	Gives []string            `json:"gives"` // of the booking
	Seats []pricing.SeatGiven `json:"seats,omitempty"`
	Best  *Best               `json:"best_available,omitempty"` // as many as are given up
}

// Best lets the engine choose in the booking's section. Empty strings mean "any".
type Best struct {
	Category   string `json:"category,omitempty"`
	Accessible bool   `json:"accessible,omitempty"`
}

// Exchange is what a booking that is an exchange has to do with another one.
type Exchange struct {
	Booking    string   `json:"booking"` // whose seats it exchanges
	Gives      []string `json:"gives"`
	Credit     Amount   `json:"credit"`     // what they count for
	Difference Amount   `json:"difference"` // what the exchange costs; below 0: what is given back
}

// Refund is money on its way back.
type Refund struct {
	No     uint32   `json:"no"`
	State  string   `json:"state"` // due, pending, refunded, failed
	Amount Amount   `json:"amount"`
	Seats  []string `json:"seats,omitempty"` // absent: money that was taken against the processor's own word
}

// Amount is money in minor units.
type Amount struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// NextAction is what the buyer has to do before the payment goes on.
type NextAction struct {
	Type      string `json:"type"` // redirect_to_url
	URL       string `json:"url"`
	ExpiresAt string `json:"expires_at"` // RFC 3339; then the payment is cancelled
}

// Payments is the answer of GET /v1/events/{event}/payments: bookings whose money is open or wrong.
type Payments struct {
	Payments   []Payment `json:"payments"`
	Incomplete bool      `json:"incomplete"` // a node or a section did not answer
	NextCursor *string   `json:"next_cursor"`
}

// Payment is a booking's money.
type Payment struct {
	Booking        string          `json:"booking"`
	Event          string          `json:"event"`
	State          string          `json:"state"` // the booking's
	Total          Amount          `json:"total"`
	Open           []string        `json:"open"` // see the document; none: it is settled
	Attempts       []Attempt       `json:"attempts"`
	Refunds        []RefundOf      `json:"refunds,omitempty"`
	Reconciliation *Reconciliation `json:"reconciliation,omitempty"` // absent: no server has to ask the processor
	Why            string          `json:"why,omitempty"`            // it stands, for people
}

// Attempt is one try to pay.
type Attempt struct {
	No        uint8  `json:"no"`
	State     string `json:"state"` // opened, challenge, captured, ended
	Amount    Amount `json:"amount"`
	Reference string `json:"reference,omitempty"` // the processor's own name of it
}

// RefundOf is money on its way back, as operators see it.
type RefundOf struct {
	No      uint32 `json:"no"`
	Attempt uint8  `json:"attempt"` // whose money
	State   string `json:"state"`   // due, pending, refunded, failed
	Amount  Amount `json:"amount"`
	Stray   bool   `json:"stray,omitempty"` // money that was taken against the processor's own word
}

// Reconciliation is how the server sees to open money. Times are RFC 3339, UTC.
type Reconciliation struct {
	Since  string `json:"since,omitempty"`   // on this list
	LastAt string `json:"last_at,omitempty"` // absent: not yet
	NextAt string `json:"next_at,omitempty"`
	Tries  int    `json:"tries"`
}

// Transfer is an offer of a booking's tickets to somebody else: offered, accepted, withdrawn or expired.
type Transfer struct {
	Number uint16   `json:"number"`
	State  string   `json:"state"`
	Side   string   `json:"side,omitempty"` // sent or received, by the caller
	Seats  []string `json:"seats"`
}
