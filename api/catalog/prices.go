package catalog

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast/actors/price"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire/pricing"
	"holdfast/storage"
)

// anyCategory in prices stands for every category without a price of its own.
const anyCategory = "*"

// priceReader gathers what is wrong with a price list, all of it at once.
type priceReader struct {
	defects []string
	fields  []string // of each defect
	codes   price.Codes
}

func (r *priceReader) wrong(category, member, why string) {
	field := "prices"
	text := "prices: category " + venue.Spelled(category) + " "
	if member != "" {
		field += "." + category + "." + member
		text = strings.TrimSuffix(text, " ") + ": " + member + " "
	}
	r.defects = append(r.defects, text+why)
	r.fields = append(r.fields, field)
}

// problem is what the caller hears: the place of the only defect, or all of them.
func (r *priceReader) problem() error {
	if len(r.defects) == 0 {
		return nil
	}
	field := "prices"
	if len(r.fields) == 1 {
		field = r.fields[0]
	}
	slices.Sort(r.defects)
	return &problem.Problem{Kind: problem.PlanInvalid, Field: field, Defects: r.defects}
}

// SetPrices gives every category of the plan its price, or lists everything that does not fit.
func SetPrices(event *storage.Event, given map[string]pricing.Given, plan *venue.Venue) error {
	var r priceReader
	prices := r.settled(given)
	event.Prices, event.Components = map[string]int64{}, nil
	known := map[string]bool{anyCategory: true}
	for _, category := range plan.Categories {
		label := venue.Composed(category.Label)
		known[label] = true
		p, some := prices[label]
		if !some {
			p, some = prices[anyCategory]
		}
		if !some {
			r.wrong(category.Label, "", "has no price")
			continue
		}
		event.Prices[category.Label] = p.Total()
		if p.IsPlain() {
			continue
		}
		if event.Components == nil {
			event.Components = map[string]price.Price{}
		}
		event.Components[category.Label] = p.Clone()
	}
	for _, label := range slices.Sorted(maps.Keys(prices)) {
		if !known[label] {
			r.wrong(label, "", "is not in the plan")
		}
	}
	return r.problem()
}

// settled reads all prices, by labels that are spelled in one way, whatever way the plan and the list spell them. A
// price that is wrong is told of and stands there all the same, so that nobody hears besides that it is missing.
func (r *priceReader) settled(given map[string]pricing.Given) map[string]price.Price {
	prices := make(map[string]price.Price, len(given))
	for _, label := range slices.Sorted(maps.Keys(given)) {
		spelled := venue.Composed(label)
		if _, twice := prices[spelled]; twice {
			r.wrong(label, "", "is given twice, in two spellings")
		}
		g := given[label]
		before := len(r.defects)
		p := r.read(spelled, &g)
		if len(r.defects) == before {
			for _, d := range p.Settle(checkName) {
				r.wrong(spelled, d.Member, d.Why)
			}
		}
		if len(r.defects) == before {
			r.compare(spelled, &g, &p)
			for _, d := range r.codes.Meet(spelled, &p) {
				r.wrong(spelled, d.Member, d.Why)
			}
		}
		prices[spelled] = p
	}
	return prices
}

// read takes a price over as it was given, and tells of what is missing.
func (r *priceReader) read(label string, g *pricing.Given) (p price.Price) {
	missing := func(gone bool, member string) {
		if gone {
			r.wrong(label, member, "is missing")
		}
	}
	missing(g.Face == nil, "face")
	p.Face = deref(g.Face)
	if g.Plain && (p.Face < 0 || p.Face > price.TotalMax) {
		r.wrong(label, "", "must cost from 0 to 1000000000000 minor units")
	}
	for i := range g.Fees {
		fee, at := &g.Fees[i], "fees."+strconv.Itoa(i)+"."
		missing(fee.Code == nil, at+"code")
		missing(fee.Amount == nil, at+"amount")
		p.Fees = append(p.Fees, price.Fee{Code: deref(fee.Code), Name: deref(fee.Name), Amount: deref(fee.Amount)})
	}
	for i := range g.Taxes {
		tax, at := &g.Taxes[i], "taxes."+strconv.Itoa(i)+"."
		missing(tax.Code == nil, at+"code")
		missing(tax.Included == nil, at+"included")
		if tax.Rate == nil && tax.Amount == nil {
			r.wrong(label, at+"rate", "is missing, and so is the amount")
		} else if tax.Rate != nil && *tax.Rate == "" {
			r.wrong(label, at+"rate", "is empty")
		}
		p.Taxes = append(p.Taxes, price.Tax{Code: deref(tax.Code), Name: deref(tax.Name), Rate: deref(tax.Rate),
			Amount: deref(tax.Amount), Included: deref(tax.Included)})
	}
	return p
}

// compare holds what the caller has reckoned against what the components come to, so that whatever an answer told may
// be sent back, and nobody sells at another price than they believe.
func (r *priceReader) compare(label string, g *pricing.Given, p *price.Price) {
	for i := range g.Taxes {
		if want := g.Taxes[i].Amount; want != nil && *want != p.Taxes[i].Amount {
			r.wrong(label, "taxes."+strconv.Itoa(i)+".amount", "is not what the rate comes to, which is "+
				strconv.FormatInt(p.Taxes[i].Amount, 10))
		}
	}
	if g.Total != nil && *g.Total != p.Total() {
		r.wrong(label, "total", "is not what face, fees and added taxes come to, which is "+
			strconv.FormatInt(p.Total(), 10))
	}
}

func checkName(name string) string { return venue.CheckName(name, price.NameCharactersMax) }

func deref[T any](given *T) (value T) {
	if given != nil {
		value = *given
	}
	return value
}

// unsoundPrice is the engine's refusal of a price that nobody could be charged.
func unsoundPrice(e *price.UnsoundError) error {
	return &problem.Problem{Kind: problem.PlanInvalid, Field: "prices",
		Defects: []string{"prices: category " + venue.Spelled(e.Category) + " " + e.Why}}
}

// componentsAnswer is what prices are made of that are more than a face value.
func componentsAnswer(e *storage.Event) map[string]pricing.Price {
	if len(e.Components) == 0 {
		return nil
	}
	answer := make(map[string]pricing.Price, len(e.Components))
	for category, p := range e.Components {
		answer[category] = *call.Price(&p, &pricing.Price{})
	}
	return answer
}
