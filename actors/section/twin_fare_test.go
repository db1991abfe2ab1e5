package section

import (
	"slices"

	"pgregory.net/rapid"

	"holdfast/actors/section/tariff"
)

// twinFare is what a booking's log must say of its price.
type twinFare struct {
	mark  tariff.Mark
	types map[SeatIndex]uint8
	gift  bool
	came  map[SeatIndex]*twinBooking // by which exchange
}

// now is the list that counts.
func (t *twin) now() *tariff.Tariff {
	if t.prices == nil {
		return modelTariff
	}
	return &t.prices.Tariff
}

// drawPrices gives a list of two categories, of which some have types 1 and 2.
func drawPrices(t *rapid.T, no uint64) *tariff.Prices {
	p := &tariff.Prices{No: no}
	p.Mark = tariff.Mark(rapid.IntRange(1, 3).Draw(t, "mark"))
	for category := range 2 {
		p.Totals = append(p.Totals, int64(rapid.IntRange(0, 900).Draw(t, "total")))
		for kind := range uint8(rapid.IntRange(0, 2).Draw(t, "types")) {
			p.Offers = append(p.Offers, tariff.Offer{Category: uint16(category), Type: kind + 1,
				Total: int64(rapid.IntRange(0, 900).Draw(t, "offer"))})
		}
	}
	return p
}

// drawFare asks for types of tickets, or for nothing to pay, now and then.
func drawFare(t *rapid.T, model *twin, c *Command) {
	if !asksPrice(c) || rapid.IntRange(0, 2).Draw(t, "fare") > 0 {
		return
	}
	f := &tariff.Fare{Mark: tariff.Mark(rapid.SampledFrom([]int{0, 1, 2, 3, 7}).Draw(t, "of list"))}
	if rapid.IntRange(0, 2).Draw(t, "gift") == 0 {
		f.Gift = &tariff.Gift{By: "desk", Reason: "press"}
	}
	kind := func() uint8 { return uint8(rapid.IntRange(1, 2).Draw(t, "type")) }
	if choosesSeats(c) && c.Quantity > 0 {
		f.Wanted = []tariff.Count{{Type: kind(), Seats: 1}, {Seats: 1}, {Type: kind(), Seats: c.Quantity}}
	}
	for _, seat := range c.Seats {
		if c.Kind != PlaceBest && rapid.Bool().Draw(t, "typed") &&
			!slices.ContainsFunc(f.Seats, func(s tariff.Seat) bool { return s.Seat == seat }) {
			f.Seats = append(f.Seats, tariff.Seat{Seat: seat, Type: kind()})
		}
	}
	tariff.Sort(f.Seats)
	c.Fare = f
}

// choosesSeats says that the section does.
func choosesSeats(c *Command) bool {
	return c.Kind == PlaceBest || c.Kind == PlaceExchange && len(c.Seats) == 0
}

func asksPrice(c *Command) bool {
	return c.Kind == PlaceHold || c.Kind == PlaceBest || c.Kind == PlaceExchange
}

func (t *twin) reprices(c *Command) bool {
	return c.Prices != nil && (t.prices == nil || c.Prices.No > t.prices.No)
}

// typeOf is what a command wants of the n-th seat of a hold.
func typeOf(c *Command, n int, seat SeatIndex) uint8 {
	for _, s := range c.Fare.Seats {
		if s.Seat == seat {
			return s.Type
		}
	}
	for _, w := range c.Fare.Wanted {
		if n < int(w.Seats) {
			return w.Type
		}
		n -= int(w.Seats)
	}
	return 0
}

// totalOf looks for a price the slow way.
func (t *twin) totalOf(seat SeatIndex, kind uint8) (total int64, known bool) {
	category := int(t.layout.Seats[seat].Category)
	if kind == 0 {
		return t.now().Totals[category], true
	}
	for _, o := range t.now().Offers {
		if int(o.Category) == category && o.Type == kind {
			return o.Total, true
		}
	}
	return 0, false
}

func (t *twin) fares(c *Command) Rejection {
	return t.faresOf(c, slices.Sorted(slices.Values(c.Seats)))
}

func (t *twin) faresOf(c *Command, seats []SeatIndex) Rejection {
	switch {
	case c.Fare == nil:
		return Accepted
	case c.Fare.Mark != 0 && c.Fare.Mark != t.now().Mark:
		return PricesChanged
	}
	for n, seat := range seats {
		if int(seat) >= len(t.layout.Seats) {
			continue // refused for it
		}
		if _, known := t.totalOf(seat, typeOf(c, n, seat)); !known {
			return TypeUnknown
		}
	}
	return Accepted
}

// faresOfBest judges the seats that were chosen. A refusal names only those that are lost: then any may be.
func (t *twin) faresOfBest(c *Command, out *Outcome) Rejection {
	if out.Rejection == TypeUnknown && c.Fare != nil && len(out.Lost) > 0 {
		return TypeUnknown
	}
	return t.faresOf(c, out.Seats)
}

// keepFare holds a hold's change against what it must cost (I12), and notes it.
func (t *twin) keepFare(r *rapid.T, c *Command, changes []Change) {
	if !asksPrice(c) {
		return
	}
	b, change := t.bookings[t.lastNo], &changes[0]
	if b.types = map[SeatIndex]uint8{}; t.prices != nil {
		b.mark = t.prices.Mark
	}
	total := int64(0)
	for n, seat := range b.seats {
		kind := uint8(0)
		if c.Fare != nil {
			kind = typeOf(c, n, seat)
		}
		one, _ := t.totalOf(seat, kind)
		total += one
		if kind != 0 {
			b.types[seat] = kind
		}
	}
	if b.gift = c.Fare.IsGift(); b.gift {
		total = 0
	}
	if b.exchange != nil {
		b.exchange.total = total
	}
	if change.Total != total || change.PriceMark != t.now().Mark {
		r.Fatalf("logged with %d under %d, want %d under %d: %+v", change.Total, change.PriceMark, total, t.now().Mark,
			*change)
	}
}

func compareFare(t *rapid.T, no BookingNo, o *Outcome, b *twinBooking) {
	if o.Mark != b.mark || o.Fare.IsGift() != b.gift || o.Fare != nil && len(o.Fare.Seats) != len(b.types) ||
		o.Fare == nil && len(b.types) > 0 {
		t.Fatalf("booking %d is under list %d with %+v, the twin has %+v", no, o.Mark, o.Fare, b.twinFare)
	}
	for seat, x := range b.came {
		mark, f := o.Fare.Of(o.Mark, 0, seat)
		if mark != x.mark || f.IsGift() != x.gift || f.TypeOf(0, seat) != x.types[seat] {
			t.Fatalf("seat %d came to booking %d under list %d with %+v, the twin has %+v", seat, no, mark, f, x.twinFare)
		}
	}
	for seat, kind := range b.types {
		if o.Fare.TypeOf(0, seat) != kind {
			t.Fatalf("seat %d of booking %d is of type %d, the twin says %d", seat, no, o.Fare.TypeOf(0, seat), kind)
		}
	}
}
