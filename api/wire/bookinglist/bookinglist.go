// Package bookinglist has the JSON types of searches for bookings.
package bookinglist

import "holdfast/api/wire"

// Listed is a booking in a list. Next actions are told by the booking itself.
type Listed struct {
	wire.Booking
	PlacedAt wire.OffsetTime `json:"placed_at"`
	Buyer    string          `json:"buyer,omitempty"` // to operators: the pseudonym in the event, in hex
}

// Page is one page of a search, newest first. NextCursor is nil on the last page; a page that has one may be shorter
// than asked for.
type Page struct {
	Bookings   []Listed        `json:"bookings"`
	NextCursor *string         `json:"next_cursor"`
	AsOf       wire.OffsetTime `json:"as_of"`      // what was durable then is told
	Incomplete bool            `json:"incomplete"` // some section could not be seen, or is seen as it was
}
