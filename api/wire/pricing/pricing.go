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

var errPrice = errors.New("must be a whole number of minor units, or an object of face, fees and taxes")

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
