// Package pricing is the wire of prices and what they are made of, as POST /v1/events takes them and answers show them.
//
// It stands below package wire, whose events and bookings hold these.
package pricing

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Given is the price of a category in the body of POST /v1/events: a whole number of minor units, or an object of
// components. Pointers tell an absent member from a zero one.
type Given struct {
	Plain bool `json:"-"` // a number was given; Face has it

	Face  *int64     `json:"face,omitempty"`
	Fees  []FeeGiven `json:"fees,omitempty"`
	Taxes []TaxGiven `json:"taxes,omitempty"`
	Total *int64     `json:"total,omitempty"` // if given, it must be what the components come to
	// Types are types of tickets with prices of their own, the default one first; then nothing else is given.
	Types []TypeGiven `json:"types,omitempty"`
}

// TypeGiven is a type of ticket, such as a child's: its price, its total where that is a face alone, or both where they
// agree.
type TypeGiven struct {
	Type  *string `json:"type,omitempty"`
	Total *int64  `json:"total,omitempty"`
	Price *Given  `json:"price,omitempty"`
}

// FeeGiven is a part of a price beside the face.
type FeeGiven struct {
	Code   *string `json:"code,omitempty"`
	Name   *string `json:"name,omitempty"`
	Amount *int64  `json:"amount,omitempty"`
}

// TaxGiven is a tax, by its rate in percent, by its amount, or by both where they agree.
type TaxGiven struct {
	Code     *string `json:"code,omitempty"`
	Name     *string `json:"name,omitempty"`
	Rate     *string `json:"rate,omitempty"` // such as "19.00"
	Amount   *int64  `json:"amount,omitempty"`
	Included *bool   `json:"included,omitempty"` // a part of face and fees; false: added to them
}

var errPrice = errors.New("must be a whole number of minor units, or an object of face, fees and taxes, or of types")

// UnmarshalJSONFrom reads a number or an object.
func (g *Given) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case '0':
		g.Plain, g.Face = true, new(int64)
		return json.UnmarshalDecode(d, g.Face)
	case '{':
		type object Given
		return json.UnmarshalDecode(d, (*object)(g))
	}
	return errPrice
}

// MarshalJSON writes a number or an object.
func (g Given) MarshalJSON() ([]byte, error) {
	if g.Plain && g.Face != nil {
		return strconv.AppendInt(nil, *g.Face, 10), nil
	}
	type object Given
	return json.Marshal((*object)(&g))
}

// Faces are prices that are nothing but a number each.
func Faces(prices map[string]int64) map[string]Given {
	out := make(map[string]Given, len(prices))
	for category, face := range prices {
		out[category] = Given{Plain: true, Face: &face}
	}
	return out
}

// Price is what one seat costs, or several together, in minor units.
type Price struct {
	Face  int64 `json:"face"`
	Fees  []Fee `json:"fees,omitempty"`
	Taxes []Tax `json:"taxes,omitempty"`
	Total int64 `json:"total"` // face, fees, and the taxes that are not included
}

// Type is a type of ticket, and what it costs.
type Type struct {
	Type  string `json:"type"`
	Total int64  `json:"total"`
	Price *Price `json:"price,omitempty"` // what the total is made of; nil: of a face alone
}

// Fee is a part of a price beside the face.
type Fee struct {
	Code   string `json:"code"`
	Name   string `json:"name,omitempty"`
	Amount int64  `json:"amount"`
}

// Tax is a tax on the face and the fees.
type Tax struct {
	Code     string `json:"code"`
	Name     string `json:"name,omitempty"`
	Rate     string `json:"rate,omitempty"` // percent
	Amount   int64  `json:"amount"`
	Included bool   `json:"included"`
}

// TypeCount is how many of the best seats are to be of a type of ticket.
type TypeCount struct {
	Type  string
	Seats uint32
}

// SeatType is a seat's type of ticket, and what the seat costs in all, in minor units.
type SeatType struct {
	Seat   string `json:"seat"`
	Type   string `json:"type,omitempty"` // absent: the seat's category has no types
	Amount int64  `json:"amount"`
}

// SeatGiven is a seat's id, or an object of id and type.
type SeatGiven struct {
	ID   string `json:"id"`
	Type string `json:"type,omitempty"`
}

// ErrSeat refuses a seat that is neither.
var ErrSeat = errors.New("must be a list of seat ids, or of objects of id and type")

// UnmarshalJSONFrom reads either form.
func (s *SeatGiven) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case '"':
		return json.UnmarshalDecode(d, &s.ID)
	case '{':
		type object SeatGiven
		return json.UnmarshalDecode(d, (*object)(s))
	}
	return ErrSeat
}
