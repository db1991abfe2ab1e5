package catalog

import (
	"fmt"
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
	"holdfast/storage/onsale"
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
	var labels []string
	for _, category := range plan.Categories {
		labels = append(labels, category.Label)
	}
	var r priceReader
	list := r.list(labels, given, nil)
	event.Prices, event.Components, event.Types = list.Totals, list.Components, list.Types
	return r.problem()
}

// editPrices gives categories of an event that is there other prices. Those that are not named keep theirs.
func editPrices(edit *onsale.Edit, event *storage.Event, given map[string]pricing.Given) error {
	switch {
	case given == nil:
		return nil
	case len(given) == 0:
		return problem.InvalidField("prices", "is empty (leave out what stays)")
	}
	var r priceReader
	now := event.PriceList()
	list := r.list(slices.Sorted(maps.Keys(event.Prices)), given, &now)
	edit.Prices = &onsale.Prices{Totals: list.Totals, Components: list.Components, Types: list.Types}
	return r.problem()
}

// costs is what a category costs.
type costs struct {
	price price.Price // of the first type, if there are types
	types []price.Type
}

// list gives each category its price: the one that is given, or that of now; nil: there is none.
func (r *priceReader) list(labels []string, given map[string]pricing.Given, now *price.List) (list price.List) {
	prices := r.settled(given)
	list.Totals = map[string]int64{}
	known := map[string]bool{anyCategory: true}
	for _, category := range labels {
		label := venue.Composed(category)
		known[label] = true
		p, some := prices[label]
		if !some {
			p, some = prices[anyCategory]
		}
		if !some && now != nil {
			p, some = costs{price: now.Of(category), types: now.Types[category]}, true
			r.meet(label, &p)
		}
		if !some {
			r.wrong(category, "", "has no price")
			continue
		}
		enter(&list, category, &p)
	}
	for _, label := range slices.Sorted(maps.Keys(prices)) {
		if !known[label] {
			r.wrong(label, "", "is not in the plan")
		}
	}
	r.bound(&list)
	return list
}

// enter puts a category's price into a list.
func enter(list *price.List, category string, p *costs) {
	list.Totals[category] = p.price.Total()
	if !p.price.IsPlain() {
		if list.Components == nil {
			list.Components = map[string]price.Price{}
		}
		list.Components[category] = p.price.Clone()
	}
	if len(p.types) > 0 {
		if list.Types == nil {
			list.Types = map[string][]price.Type{}
		}
		list.Types[category] = price.CloneTypes(map[string][]price.Type{"": p.types})[""]
	}
}

// bound refuses more types than an event may have.
func (r *priceReader) bound(list *price.List) {
	names, offers := map[string]bool{}, 0
	for _, types := range list.Types {
		for i := range types {
			names[types[i].Name] = true
		}
		offers += len(types)
	}
	if len(names) > price.TypeNamesMax || offers > price.OffersMax {
		r.defects = append(r.defects, fmt.Sprintf(
			"prices: more than %d types of tickets, or %d in all categories together", price.TypeNamesMax,
			price.OffersMax))
		r.fields = append(r.fields, "prices")
	}
}

// settled reads all prices, by labels that are spelled in one way, whatever way the plan and the list spell them. A
// price that is wrong is told of and stands there all the same, so that nobody hears besides that it is missing.
func (r *priceReader) settled(given map[string]pricing.Given) map[string]costs {
	prices := make(map[string]costs, len(given))
	for _, label := range slices.Sorted(maps.Keys(given)) {
		spelled := venue.Composed(label)
		if _, twice := prices[spelled]; twice {
			r.wrong(label, "", "is given twice, in two spellings")
		}
		g := given[label]
		before := len(r.defects)
		var c costs
		if g.Types == nil {
			c.price = r.settle(spelled, "", &g)
		} else if c.types = r.types(spelled, &g); len(c.types) > 0 {
			c.price = c.types[0].Price
		}
		if len(r.defects) == before {
			r.meet(spelled, &c)
		}
		prices[spelled] = c
	}
	return prices
}

// meet holds the codes of a category's prices against those of the others.
func (r *priceReader) meet(label string, c *costs) {
	for _, d := range r.codes.Meet(label, &c.price) {
		r.wrong(label, d.Member, d.Why)
	}
	for i := range c.types {
		for _, d := range r.codes.Meet(label, &c.types[i].Price) {
			r.wrong(label, "types."+strconv.Itoa(i)+".price."+d.Member, d.Why)
		}
	}
}

// settle reads one price, which stands in a member of the category's; "": it is the category's.
func (r *priceReader) settle(label, at string, g *pricing.Given) price.Price {
	before := len(r.defects)
	p := r.read(label, at, g)
	if len(r.defects) == before {
		for _, d := range p.Settle(checkName) {
			r.wrong(label, at+d.Member, d.Why)
		}
	}
	if len(r.defects) == before {
		r.compare(label, at, g, &p)
	}
	return p
}

// types reads a category's types of tickets, of which the first is the default one.
func (r *priceReader) types(label string, g *pricing.Given) (types []price.Type) {
	switch {
	case g.Face != nil || g.Fees != nil || g.Taxes != nil || g.Total != nil:
		r.wrong(label, "types", "cannot be combined with a price of the category")
		return nil
	case len(g.Types) == 0 || len(g.Types) > price.TypesMax:
		r.wrong(label, "types", "must be from 1 to "+strconv.Itoa(price.TypesMax))
		return nil
	}
	for i := range g.Types {
		one, at := &g.Types[i], "types."+strconv.Itoa(i)+"."
		name := venue.Composed(deref(one.Type))
		switch why := venue.CheckName(name, price.TypeNameCharactersMax); {
		case one.Type == nil:
			r.wrong(label, at+"type", "is missing")
		case strings.TrimSpace(name) == "":
			r.wrong(label, at+"type", "is empty")
		case why != "":
			r.wrong(label, at+"type", why)
		case slices.ContainsFunc(types, func(t price.Type) bool { return t.Name == name }):
			r.wrong(label, at+"type", "is there twice")
		}
		types = append(types, price.Type{Name: name, Price: r.typePrice(label, at, one)})
	}
	return types
}

// typePrice reads what a type costs: a price, a total, or both where they agree.
func (r *priceReader) typePrice(label, at string, g *pricing.TypeGiven) (p price.Price) {
	switch {
	case g.Price == nil && g.Total == nil:
		r.wrong(label, at+"price", "is missing")
		return p
	case g.Price == nil:
		return r.settle(label, at+"total.", &pricing.Given{Plain: true, Face: g.Total})
	case g.Price.Types != nil:
		r.wrong(label, at+"price.types", "is not a known field")
		return p
	}
	before := len(r.defects)
	p = r.settle(label, at+"price.", g.Price)
	if len(r.defects) == before && g.Total != nil && *g.Total != p.Total() {
		r.wrong(label, at+"total", "is not what the price comes to, which is "+strconv.FormatInt(p.Total(), 10))
	}
	return p
}

// read takes a price over as it was given, and tells of what is missing.
func (r *priceReader) read(label, in string, g *pricing.Given) (p price.Price) {
	missing := func(gone bool, member string) {
		if gone {
			r.wrong(label, in+member, "is missing")
		}
	}
	missing(g.Face == nil, "face")
	p.Face = deref(g.Face)
	if g.Plain && (p.Face < 0 || p.Face > price.TotalMax) {
		r.wrong(label, strings.TrimSuffix(in, "."), "must cost from 0 to 1000000000000 minor units")
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
			r.wrong(label, in+at+"rate", "is missing, and so is the amount")
		} else if tax.Rate != nil && *tax.Rate == "" {
			r.wrong(label, in+at+"rate", "is empty")
		}
		p.Taxes = append(p.Taxes, price.Tax{Code: deref(tax.Code), Name: deref(tax.Name), Rate: deref(tax.Rate),
			Amount: deref(tax.Amount), Included: deref(tax.Included)})
	}
	return p
}

// compare holds what the caller has reckoned against what the components come to, so that whatever an answer told may
// be sent back, and nobody sells at another price than they believe.
func (r *priceReader) compare(label, in string, g *pricing.Given, p *price.Price) {
	for i := range g.Taxes {
		if want := g.Taxes[i].Amount; want != nil && *want != p.Taxes[i].Amount {
			r.wrong(label, in+"taxes."+strconv.Itoa(i)+".amount", "is not what the rate comes to, which is "+
				strconv.FormatInt(p.Taxes[i].Amount, 10))
		}
	}
	if g.Total != nil && *g.Total != p.Total() {
		r.wrong(label, in+"total", "is not what face, fees and added taxes come to, which is "+
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

// typesAnswer are the types of tickets of the categories that have several.
func typesAnswer(e *storage.Event) map[string][]pricing.Type {
	if len(e.Types) == 0 {
		return nil
	}
	answer := make(map[string][]pricing.Type, len(e.Types))
	for category, types := range e.Types {
		for i := range types {
			p := &types[i].Price
			one := pricing.Type{Type: types[i].Name, Total: p.Total()}
			if !p.IsPlain() {
				one.Price = call.Price(p, &pricing.Price{})
			}
			answer[category] = append(answer[category], one)
		}
	}
	return answer
}
