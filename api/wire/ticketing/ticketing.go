// Package ticketing is the wire of tickets: what buyers show, what scanners tell, and what operators keep.
//
// It stands above package wire, whose times and money it uses.
package ticketing

import (
	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
)

// Tickets are those of a booking.
type Tickets struct {
	Booking   string          `json:"booking"`
	Event     string          `json:"event"`
	EventName string          `json:"event_name"`
	StartsAt  wire.OffsetTime `json:"starts_at"`
	TimeZone  string          `json:"time_zone,omitempty"`
	Tickets   []Ticket        `json:"tickets"`
}

// Ticket is one seat of a booking. State is valid, admitted or void; a void one has no code.
type Ticket struct {
	Number   int            `json:"number"` // in its booking, from 1
	ID       string         `json:"id"`
	Seat     string         `json:"seat"`
	Section  string         `json:"section"`
	Category string         `json:"category"`
	Type     string         `json:"ticket_type,omitempty"` // absent: the category has no types
	Total    wire.Money     `json:"total"`
	Price    *pricing.Price `json:"price,omitempty"` // where the price has components
	State    string         `json:"state"`
	Code     string         `json:"code,omitempty"`
	Rotation uint16         `json:"rotation"` // how often it was issued anew
	*Admission
}

// Admission says when and where a ticket was let in, by the scanner's clock, and who else has let it in.
type Admission struct {
	AdmittedAt wire.OffsetTime `json:"admitted_at"`
	Scanner    string          `json:"scanner"`
	Offline    bool            `json:"offline,omitempty"` // the scanner could not ask
	Conflicts  []Conflict      `json:"conflicts,omitempty"`
}

// Conflict is an admission of a ticket that another was before.
type Conflict struct {
	AdmittedAt wire.OffsetTime `json:"admitted_at"`
	Scanner    string          `json:"scanner"`
}

// Scan is the body of POST /v1/tickets/scan.
type Scan struct {
	Code    string           `json:"code"`
	Scanner string           `json:"scanner"`
	At      *wire.OffsetTime `json:"at,omitempty"`
	Event   *string          `json:"event,omitempty"`
}

// Batch is the body of POST /v1/tickets/scan/batch.
type Batch struct {
	Scanner string      `json:"scanner"`
	Scans   []BatchScan `json:"scans"`
}

// BatchScan is one scan that a scanner made alone.
type BatchScan struct {
	Code string           `json:"code"`
	At   *wire.OffsetTime `json:"at"`
}

// Scanned is what became of a scan. Result is admitted or repeated; of a batch also conflict, void, unknown, forged,
// mismatch or retry.
type Scanned struct {
	Result   string `json:"result"`
	Ticket   string `json:"ticket,omitempty"` // its id
	Event    string `json:"event,omitempty"`
	Booking  string `json:"booking,omitempty"`
	Seat     string `json:"seat,omitempty"`
	Section  string `json:"section,omitempty"`
	Category string `json:"category,omitempty"`
	Type     string `json:"ticket_type,omitempty"` // absent: the category has no types
	*Admission
}

// BatchAnswer has a result for each scan, in their order.
type BatchAnswer struct {
	Results []Scanned `json:"results"`
}

// Reissue is the body of POST /v1/bookings/{booking}/tickets/reissue.
type Reissue struct {
	Ticket *int `json:"ticket"` // its number
}

// Key is one key that tickets are signed with: Ed25519, the public half in the base64 of RFC 4648.
type Key struct {
	Number    uint16    `json:"number"`
	CreatedAt wire.Time `json:"created_at"`
	PublicKey string    `json:"public_key"`
	Signs     bool      `json:"signs"`
}

// Keys are a house's.
type Keys struct {
	Keys []Key `json:"keys"`
}

// Manifest is a page of an event's valid tickets.
type Manifest struct {
	Event       string           `json:"event"`
	EventName   string           `json:"event_name"`
	GeneratedAt wire.Time        `json:"generated_at"`
	Keys        []Key            `json:"keys"`
	Sections    []SectionSeq     `json:"sections"`
	Tickets     []ManifestTicket `json:"tickets"`
	NextCursor  string           `json:"next_cursor,omitempty"`
}

// SectionSeq says which record of a section's log the page's tickets of that section stand for.
type SectionSeq struct {
	Section uint32 `json:"section"` // its number, as tickets' ids have it
	Seq     uint64 `json:"seq"`
}

// ManifestTicket is a valid ticket: a code is good if its signature is, and its id and rotation are here.
type ManifestTicket struct {
	ID       string `json:"id"`
	Rotation uint16 `json:"rotation"`
	Seat     string `json:"seat"`
	Section  string `json:"section"`
	Category string `json:"category"`
	Type     string `json:"ticket_type,omitempty"` // absent: the category has no types
	*Admission
}

// Offer is the body of POST /v1/bookings/{booking}/transfers. Without seats it is of all tickets that the caller has.
type Offer struct {
	Seats *[]string `json:"seats,omitempty"`
}

// Transfer is an offer of tickets to somebody else, and what became of it. State is offered, accepted, withdrawn or
// expired.
type Transfer struct {
	ID        string           `json:"id"`                // no secret, and no link
	Booking   string           `json:"booking,omitempty"` // absent: the caller has no part in it
	Event     string           `json:"event"`
	EventName string           `json:"event_name"`
	StartsAt  wire.OffsetTime  `json:"starts_at"`
	TimeZone  string           `json:"time_zone,omitempty"`
	State     string           `json:"state"`
	Side      string           `json:"side,omitempty"`  // sent or received, by the caller
	Token     string           `json:"token,omitempty"` // the secret of the link, to who offers
	OfferedAt wire.OffsetTime  `json:"offered_at"`
	ExpiresAt wire.OffsetTime  `json:"expires_at"`
	EndedAt   *wire.OffsetTime `json:"ended_at,omitempty"` // when it was accepted or withdrawn
	Tickets   []Travelling     `json:"tickets"`
}

// Travelling is a ticket of a transfer.
type Travelling struct {
	ID       string `json:"id"`
	Seat     string `json:"seat"`
	Section  string `json:"section"`
	Category string `json:"category"`
}

// Transfers are those of a booking that the caller has a part in.
type Transfers struct {
	Transfers []Transfer `json:"transfers"`
}
