package price

import (
	"fmt"
	"maps"
	"slices"
)

// Table is a list by the numbers of an event's categories, for whoever adds up prices of seats. It never changes.
type Table struct {
	Totals   []int64 // of the default types
	Prices   []Price // likewise
	Mark     Mark
	Composed bool // some price is more than a face

	names []string  // of types, by number less one: those of an event have one number in all categories
	types [][]typed // by category, the default one first
}

// typed is a type that a category has.
type typed struct {
	no    uint8
	price Price
}

// Offer is what a ticket of a type costs in a category.
type Offer struct {
	Category int
	Type     uint8
	Total    int64
}

// Table puts the list in the order of categories.
func (l *List) Table(categories []string) *Table {
	t := &Table{Mark: l.Mark()}
	for _, category := range categories {
		p := l.Of(category)
		t.Prices = append(t.Prices, p)
		t.Totals = append(t.Totals, p.Total())
		t.Composed = t.Composed || !p.IsPlain()
		var types []typed
		for i := range l.Types[category] {
			kind := &l.Types[category][i]
			types = append(types, typed{t.number(kind.Name), kind.Price})
			t.Composed = t.Composed || !kind.Price.IsPlain()
		}
		t.types = append(t.types, types)
	}
	return t
}

// number gives a type its number, from 1.
func (t *Table) number(name string) uint8 {
	no, known := t.Number(name)
	if !known {
		t.names = append(t.names, name)
		no = uint8(len(t.names))
	}
	return no
}

// Number is a type's; false: no category has such a type.
func (t *Table) Number(name string) (no uint8, known bool) {
	at := slices.Index(t.names, name)
	return uint8(at + 1), at >= 0
}

// Name is what a seat's type is called: of number 0, the category's default one; empty: the category has no types.
func (t *Table) Name(category int, kind uint8) string {
	if kind == 0 {
		kind = t.Default(category)
	}
	return t.TypeName(kind)
}

// TypeName is what a type is called; empty: there is none of that number.
func (t *Table) TypeName(no uint8) string {
	if no == 0 || int(no) > len(t.names) {
		return ""
	}
	return t.names[no-1]
}

// Typed says that some category has types.
func (t *Table) Typed() bool { return len(t.names) > 0 }

// Default is the number of a category's default type; 0: it has no types.
func (t *Table) Default(category int) uint8 {
	if len(t.types[category]) == 0 {
		return 0
	}
	return t.types[category][0].no
}

// Price is what a seat of a category costs as a type, 0 for the default one; nil: the category does not have it.
func (t *Table) Price(category int, kind uint8) *Price {
	if kind == 0 {
		return &t.Prices[category]
	}
	for i := range t.types[category] {
		if t.types[category][i].no == kind {
			return &t.types[category][i].price
		}
	}
	return nil
}

// Offers are what all types of all categories cost, ascending by category and number.
func (t *Table) Offers() (all []Offer) {
	for category, types := range t.types {
		from := len(all)
		for i := range types {
			all = append(all, Offer{category, types[i].no, types[i].price.Total()})
		}
		slices.SortFunc(all[from:], func(a, b Offer) int { return int(a.Type) - int(b.Type) })
	}
	return all
}

// Add answers what a seat of a category costs as a type, 0 for the default one, and adds its price to sum where some
// price of the event has components. A type that the category does not have costs nothing: nobody was sold one.
func (t *Table) Add(category int, kind uint8, sum *Price) (total int64) {
	if kind == 0 {
		if t.Composed {
			sum.Add(&t.Prices[category])
		}
		return t.Totals[category]
	}
	p := t.Price(category, kind)
	if p == nil {
		return 0
	}
	if t.Composed {
		sum.Add(p)
	}
	return p.Total()
}

// UnsoundError says why an event cannot have the prices that it is to have.
type UnsoundError struct {
	Category string
	Why      string // such as "must cost from 0 to 1000000000000 minor units"
}

func (e *UnsoundError) Error() string { return fmt.Sprintf("price: category %q %s", e.Category, e.Why) }

// seatsOfABookingMax keeps sums of TotalMax far from overflowing, whatever an event's rules say.
const seatsOfABookingMax = 1 << 20

// Sound is an *UnsoundError for a list of a new event whose totals are out of bounds, or not what its components come
// to, and for one that chargeable refuses: what a seat costs, and what seatsMax of the dearest do. A price of 0 is
// asked of nobody. chargeable may be nil.
func (l *List) Sound(seatsMax int64, chargeable func(amount int64, currency string) error) error {
	seatsMax = min(seatsMax, seatsOfABookingMax)
	for _, category := range slices.Sorted(maps.Keys(l.Totals)) {
		if p, composed := l.Components[category]; composed && p.Total() != l.Totals[category] {
			return &UnsoundError{category, fmt.Sprintf("costs %d, and its components come to %d", l.Totals[category],
				p.Total())}
		}
		totals := []int64{l.Totals[category]}
		for i := range l.Types[category] {
			totals = append(totals, l.Types[category][i].Price.Total())
		}
		for _, total := range totals {
			if err := l.sound(category, total, seatsMax, chargeable); err != nil {
				return err
			}
		}
	}
	return l.Agrees()
}

// sound is Sound of one total of a category.
func (l *List) sound(
	category string, total, seatsMax int64, chargeable func(amount int64, currency string) error,
) error {
	switch {
	case total < 0 || total > TotalMax:
		return &UnsoundError{category, fmt.Sprintf("must cost from 0 to %d minor units", int64(TotalMax))}
	case total == 0 || chargeable == nil:
		return nil
	}
	for _, amount := range [2]int64{total, total * seatsMax} {
		if err := chargeable(amount, l.Currency); err != nil {
			return &UnsoundError{category, fmt.Sprintf("cannot be charged, one seat of %d or a booking of %d: %v",
				total, total*seatsMax, err)}
		}
	}
	return nil
}
