// Package pay has the JSON of a booking's money: what a buyer has to do, and what is on its way back.
package pay

// RefundRequest is the body of POST /v1/bookings/{b}/refund, which may be absent.
type RefundRequest struct {
	Seats []string `json:"seats,omitempty"` // none: all that are left
	Fees  string   `json:"fees,omitempty"`  // return, which is the default, or keep
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
