package price

import (
	"fmt"
	"maps"
	"slices"
)

// Table is a list by the numbers of an event's categories, for whoever adds up prices of seats. It never changes.
type Table struct {
	Totals   []int64
	Prices   []Price
	Mark     Mark
	Composed bool // some price is more than a face
}

// Table puts the list in the order of categories.
func (l *List) Table(categories []string) *Table {
	t := &Table{Mark: l.Mark()}
	for _, category := range categories {
		p := l.Of(category)
		t.Prices = append(t.Prices, p)
		t.Totals = append(t.Totals, p.Total())
		t.Composed = t.Composed || !p.IsPlain()
	}
	return t
}

// Add answers what a seat of a category costs, and adds its price to sum where some price of the event has components.
func (t *Table) Add(category int, sum *Price) (total int64) {
	if t.Composed {
		sum.Add(&t.Prices[category])
	}
	return t.Totals[category]
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
		total := l.Totals[category]
		p, composed := l.Components[category]
		switch {
		case total < 0 || total > TotalMax:
			return &UnsoundError{category, fmt.Sprintf("must cost from 0 to %d minor units", int64(TotalMax))}
		case composed && p.Total() != total:
			return &UnsoundError{category, fmt.Sprintf("costs %d, and its components come to %d", total, p.Total())}
		case total == 0 || chargeable == nil:
			continue
		}
		for _, amount := range [2]int64{total, total * seatsMax} {
			if err := chargeable(amount, l.Currency); err != nil {
				return &UnsoundError{category, fmt.Sprintf("cannot be charged, one seat of %d or a booking of %d: %v",
					total, total*seatsMax, err)}
			}
		}
	}
	return l.Agrees()
}
