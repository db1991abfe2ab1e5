// Package calledoff has the JSON types of events that are called off or put off.
package calledoff

import "holdfast/api/wire/pay"

// Announcement is what an event's buyers are told: that it is called off, or put off. Times are RFC 3339, by the
// venue's clock.
type Announcement struct {
	At     string `json:"at"`
	Reason string `json:"reason"`
	// Of a postponement: when it was to begin, that nobody knows the new time, and until when buyers may give their
	// bookings back.
	From      string `json:"from,omitempty"`
	Unknown   bool   `json:"starts_unknown,omitempty"`
	KeepUntil string `json:"keep_until,omitempty"`
}

// Refunds counts some and says what they come to.
type Refunds struct {
	Count  uint64     `json:"count"`
	Amount pay.Amount `json:"amount"`
}

// Cancellation is how far the cancelling of an event has come.
type Cancellation struct {
	Event  string `json:"event"`
	State  string `json:"state"` // "cancelling" or "cancelled"
	At     string `json:"at"`
	Reason string `json:"reason"`
	// Sections of the event: Cancelling of them have logged it, Unheard could not be asked now.
	Sections   int `json:"sections"`
	Cancelling int `json:"sections_cancelling"`
	Unheard    int `json:"sections_unheard"`
	// Bookings that have not ended, and are not owed back.
	Held   uint64 `json:"held"`
	Paying uint64 `json:"paying"`
	Sold   uint64 `json:"sold"`

	Due      Refunds `json:"refunds_due"`
	Pending  Refunds `json:"refunds_pending"`
	Refunded Refunds `json:"refunds_done"`
	Failed   Refunds `json:"refunds_failed"` // for an operator to look at
}
