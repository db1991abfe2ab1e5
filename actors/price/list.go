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
	for _, category := range slices.Sorted(maps.Keys(l.Totals)) {
		p := l.Of(category)
		text(category)
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
	sum := binary.BigEndian.Uint64(hash.Sum(nil))
	return Mark(sum%uint64(MarkMax)) + 1
}
