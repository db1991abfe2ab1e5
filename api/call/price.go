package call

import (
	"holdfast/actors/price"
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
