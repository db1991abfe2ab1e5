package price

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// List is the prices of one event: by category, what a seat costs in all, and of those that are more than a face what
// the cost is made of.
type List struct {
	Currency   string // ISO 4217
	Totals     map[string]int64
	Components map[string]Price
	// Types are what kinds of tickets cost in categories that have several. The first is the default one: what Totals
	// and Components say of the category is of that.
	Types map[string][]Type
}

// Type is a kind of ticket, such as a child's.
type Type struct {
	Name  string
	Price Price
}

// Bounds of types.
const (
	TypesMax              = 16   // of one category
	TypeNamesMax          = 63   // distinct ones of one event
	OffersMax             = 4096 // of all categories together
	TypeNameCharactersMax = 64
)

// Edition is a list that an event had, or has, since one of its edits.
type Edition struct {
	No         uint64 `json:",omitempty"` // of the edit; 0: the event was made with it
	Mark       Mark   // other editions of the event have others
	Totals     map[string]int64
	Components map[string]Price  `json:",omitempty"`
	Types      map[string][]Type `json:",omitempty"`
}

// List is the edition's, in a currency.
func (e *Edition) List(currency string) List {
	return List{Currency: currency, Totals: e.Totals, Components: e.Components, Types: e.Types}
}

// Entries is how many prices the edition has.
func (e *Edition) Entries() (n int) {
	for _, types := range e.Types {
		n += len(types)
	}
	return n + len(e.Totals)
}

// CloneTypes shares nothing with types.
func CloneTypes(types map[string][]Type) map[string][]Type {
	if types == nil {
		return nil
	}
	c := make(map[string][]Type, len(types))
	for category, list := range types {
		for i := range list {
			c[category] = append(c[category], Type{list[i].Name, list[i].Price.Clone()})
		}
	}
	return c
}

// Of is what a seat of a category costs; free for one that the list does not have.
func (l *List) Of(category string) Price {
	if p, some := l.Components[category]; some {
		return p
	}
	return Price{Face: l.Totals[category]}
}

// Agrees is an error when the components of some category come to another total, or are of no category.
func (l *List) Agrees() error {
	for _, category := range slices.Sorted(maps.Keys(l.Components)) {
		p := l.Components[category]
		if total, some := l.Totals[category]; !some || p.Total() != total {
			return fmt.Errorf(
				"price: the components of category %q come to %d, its price is %d",
				category,
				p.Total(),
				total,
			)
		}
	}
	for _, category := range slices.Sorted(maps.Keys(l.Types)) {
		types := l.Types[category]
		if total, some := l.Totals[category]; !some || len(types) == 0 || types[0].Price.Total() != total {
			return fmt.Errorf("price: the first type of category %q is not what the category costs", category)
		}
	}
	return nil
}

// Mark is a fingerprint of a list in 14 bits; 0 is none.
type Mark uint16

// MarkMax is the highest mark.
const MarkMax Mark = 1<<14 - 1

// Mark is the list's: of every component's code, name, rate and amount, whatever order a map has them in.
func (l *List) Mark() Mark {
	hash := sha256.New()
	text := func(s string) { hash.Write([]byte(strconv.Itoa(len(s)) + ":" + s)) }
	text(l.Currency)
	one := func(p *Price) {
		text(strconv.FormatInt(p.Face, 10))
		for _, fee := range p.Fees {
			text("fee " + fee.Code)
			text(fee.Name)
			text(strconv.FormatInt(fee.Amount, 10))
		}
		for _, tax := range p.Taxes {
			text("tax " + tax.Code)
			text(tax.Name)
			text(tax.Rate)
			text(strconv.FormatInt(tax.Amount, 10))
			text(strconv.FormatBool(tax.Included))
		}
	}
	for _, category := range slices.Sorted(maps.Keys(l.Totals)) {
		p := l.Of(category)
		text(category)
		one(&p)
		for i := range l.Types[category] {
			text("type " + l.Types[category][i].Name)
			one(&l.Types[category][i].Price)
		}
	}
	sum := binary.BigEndian.Uint64(hash.Sum(nil))
	return Mark(sum%uint64(MarkMax)) + 1
}
