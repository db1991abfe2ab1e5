package call

import (
	"strings"
	"unicode/utf8"

	"holdfast/actors/fares"
	"holdfast/actors/price"
	"holdfast/actors/section/tariff"
	"holdfast/actors/venue"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
)

// Price puts a price into the wire's words, and answers into, whose lists are used again.
func Price(p *price.Price, into *pricing.Price) *pricing.Price {
	into.Face, into.Fees, into.Taxes, into.Total = p.Face, into.Fees[:0], into.Taxes[:0], p.Total()
	for _, fee := range p.Fees {
		into.Fees = append(into.Fees, pricing.Fee(fee))
	}
	for _, tax := range p.Taxes {
		into.Taxes = append(into.Taxes, pricing.Tax(tax))
	}
	return into
}

// Fares is what a request wants of types of tickets, and whether the booking is given away. It outlives the parser's
// buffer in what sections remember.
func (r *Call) Fares(request *wire.Book) (a fares.Request) {
	for i, kind := range request.Types {
		if kind = venue.Composed(kind); kind != "" {
			a.Types = append(a.Types, make([]string, i+1-len(a.Types))...)
			a.Types[i] = strings.Clone(kind)
		}
	}
	if best := request.BestAvailable; best != nil {
		for _, c := range best.Types {
			a.Wanted = append(a.Wanted, fares.Wanted{Type: strings.Clone(venue.Composed(c.Type)), Seats: c.Seats})
		}
	}
	if request.Complimentary {
		a.Gift = &tariff.Gift{By: strings.Clone(r.Who.Name), Reason: strings.Clone(request.Reason)}
	}
	return a
}

// SeatTypes is what r.View says of types of tickets.
func (r *Call) SeatTypes() (all []pricing.SeatType) {
	for i, t := range r.View.Types {
		all = append(all, pricing.SeatType{Seat: r.View.Seats[i], Type: t.Type, Amount: t.Amount})
	}
	return all
}

// Gift says whether the booking was given away: by whom and why is for operators.
func (r *Call) Gift() (is bool, by, reason string) {
	g := r.View.Gift
	if g == nil || !r.Who.Operator {
		return g != nil, "", ""
	}
	return true, g.By, g.Reason
}

// SeatsGiven reads the seats of an exchange, and the types of tickets that they are to be of.
func SeatsGiven(seats []pricing.SeatGiven, f *Fingerprint) (ids, types []string, err error) {
	for _, seat := range seats {
		if utf8.RuneCountInString(seat.Type) > wire.TypeCharactersMax {
			return nil, nil, problem.BadField("seats", "has a type of more than 64 characters")
		}
		f.Text("seat")
		f.Text(seat.ID)
		if seat.Type != "" {
			f.Text("\x00type")
			f.Text(seat.Type)
		}
		ids, types = append(ids, seat.ID), append(types, venue.Composed(seat.Type))
	}
	return ids, types, nil
}
