// Package fares is a pure room: the price lists of one event as its node knows them, and what is asked for in words
// said in their numbers. Sections log which list a hold was placed under; the catalog has what the lists say.
//
//	header ─▶ Lists ─▶ Table(mark)     what a booking's seats cost, by the list that it was placed under
//	             │
//	             ├──▶ Made, Prices     what sections log holds by
//	             └──▶ Named, Best     "child" ─▶ the list's number; sections refuse numbers of another list
//
// A list that the catalog has is never changed, so a booking costs the same wherever and whenever it is told. A mark
// that Lists do not have is of an edit that this node has not read yet: the catalog had it before any log, so whoever
// asks reads the header again.
package fares

import (
	"slices"

	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/storage"
)

// Lists are an event's price lists. They never change.
type Lists struct {
	no     uint64           // of the newest edit of prices
	tables []*price.Table   // oldest first
	logged []*tariff.Tariff // the same as logs have them
	made   *tariff.Tariff
	prices *tariff.Prices
	labels []string // of the categories
}

// Of makes the lists of a header, whose categories have these labels, by number.
func Of(header *storage.Event, categories []string) *Lists {
	l := &Lists{no: header.PricesNo, labels: categories}
	for _, e := range header.Editions() {
		list := e.List(header.Currency)
		t := list.Table(categories)
		t.Mark = e.Mark
		l.tables, l.logged = append(l.tables, t), append(l.logged, tariffOf(t))
	}
	if header.Pricing == storage.PricingLogged {
		l.made = l.logged[0]
	}
	if l.no > 0 {
		l.prices = &tariff.Prices{No: l.no, Tariff: *l.logged[len(l.logged)-1]}
	}
	return l
}

func tariffOf(t *price.Table) *tariff.Tariff {
	out := &tariff.Tariff{Totals: t.Totals, Mark: tariff.Mark(t.Mark)}
	for _, o := range t.Offers() {
		out.Offers = append(out.Offers, tariff.Offer{Category: uint16(o.Category), Type: o.Type, Total: o.Total})
	}
	return out
}

// With makes the lists of a newer header.
func (l *Lists) With(header *storage.Event) *Lists { return Of(header, l.labels) }

// Stale says that a header has lists which these do not.
func (l *Lists) Stale(header *storage.Event) bool { return l.no != header.PricesNo }

// Edited says that the event's prices were edited.
func (l *Lists) Edited() bool { return l.no > 0 }

// Made is what sections log holds by before any edit; nil: they log none, in events of earlier builds.
func (l *Lists) Made() *tariff.Tariff { return l.made }

// Prices are what sections are to log and go by since the last edit; nil: there was none.
func (l *Lists) Prices() *tariff.Prices { return l.prices }

// Unlogged says that holds are logged without a price, in events of earlier builds: all cost the same, and something.
func (l *Lists) Unlogged() bool { return l.made == nil && l.prices == nil }

// Now is the list that counts now.
func (l *Lists) Now() *price.Table { return l.tables[len(l.tables)-1] }

// Table is a list by its mark, 0 for the one that the event was made with; nil: an edit that is not known here.
func (l *Lists) Table(mark tariff.Mark) *price.Table {
	if at := l.at(mark); at >= 0 {
		return l.tables[at]
	}
	return nil
}

// at is the place of a list; below 0: it is not known.
func (l *Lists) at(mark tariff.Mark) int {
	if mark == 0 {
		return 0
	}
	return slices.IndexFunc(l.tables, func(t *price.Table) bool { return t.Mark == price.Mark(mark) })
}

// Tariff is a list by its mark as logs have it, 0 for the one that the event was made with; nil: it is not known.
func (l *Lists) Tariff(mark tariff.Mark) *tariff.Tariff {
	if at := l.at(mark); at >= 0 {
		return l.logged[at]
	}
	return nil
}

// TypeName is what a type of ticket is called in a list; empty: list or type is not known.
func (l *Lists) TypeName(mark tariff.Mark, no uint8) string {
	if t := l.Table(mark); t != nil && no > 0 {
		return t.TypeName(no)
	}
	return ""
}

// Request is what a call wants, in words.
type Request struct {
	Types  []string // of the seats that were named, in their order, "" for the default one; shorter: the rest are that
	Wanted []Wanted // where the seats are to be chosen
	Gift   *tariff.Gift
}

// Wanted is how many seats are to be of a type.
type Wanted struct {
	Type  string
	Seats uint32
}

// Any says that the call wants anything.
func (a *Request) Any() bool {
	return a.Gift != nil || len(a.Wanted) > 0 || slices.ContainsFunc(a.Types, func(s string) bool { return s != "" })
}

// TypeOf is what the n-th seat that was named is to be.
func (a *Request) TypeOf(n int) string {
	if n < len(a.Types) {
		return a.Types[n]
	}
	return ""
}

// Seat is a seat that was named: where it is, and its category.
type Seat struct {
	Leg      uint8
	Index    section.SeatIndex
	Category section.CategoryID
}

// Named gives what is asked for seats that were named, in the numbers of a list; nil: nothing is. A type that a seat's
// category does not have is tariff.NoType: the section refuses it, unless it remembers the request (P5).
func (a *Request) Named(t *price.Table, n int, seat func(n int) Seat) *tariff.Fare {
	if !a.Any() {
		return nil
	}
	f := &tariff.Fare{Gift: a.Gift, Mark: tariff.Mark(t.Mark)}
	for i := range n {
		name := a.TypeOf(i)
		if name == "" {
			continue
		}
		s := seat(i)
		no, known := t.Number(name)
		if !known || t.Price(int(s.Category), no) == nil {
			no = tariff.NoType
		}
		if no != t.Default(int(s.Category)) {
			f.Seats = append(f.Seats, tariff.Seat{Leg: s.Leg, Seat: s.Index, Type: no})
		}
	}
	if tariff.Sort(f.Seats); len(f.Seats) == 0 && f.Gift == nil {
		return nil
	}
	return f
}

// Best gives what is asked for seats that are to be chosen of a category, or of any; nil: nothing is. A type that not
// all of what is searched has is tariff.NoType.
func (a *Request) Best(t *price.Table, category section.CategoryID, any bool) *tariff.Fare {
	if len(a.Wanted) == 0 && a.Gift == nil {
		return nil
	}
	f := &tariff.Fare{Gift: a.Gift, Mark: tariff.Mark(t.Mark)}
	for _, w := range a.Wanted {
		no, known := t.Number(w.Type)
		for c := range t.Totals {
			known = known && (!any && section.CategoryID(c) != category || t.Price(c, no) != nil)
		}
		if !known {
			no = tariff.NoType
		}
		f.Wanted = append(f.Wanted, tariff.Count{Type: no, Seats: w.Seats})
	}
	return f
}

// Part is what an order is to have of one section.
type Part struct {
	Seats  []section.SeatIndex
	Layout *section.Layout
}

// Order gives what the commands of an order say of prices, the home's first; nil: nothing. The order goes by one list,
// which its home says. false: a seat's category does not have the type that is asked for.
func (a *Request) Order(t *price.Table, named func(n int) Seat, n int, parts []Part) (all []*tariff.Fare, ok bool) {
	f := a.Named(t, n, named)
	if f == nil {
		f = &tariff.Fare{Mark: tariff.Mark(t.Mark), Gift: a.Gift}
	}
	wanted := slices.Clone(a.Wanted)
	for k := range parts {
		for _, seat := range parts[k].Seats {
			category := int(parts[k].Layout.Seats[seat].Category)
			for len(wanted) > 0 && wanted[0].Seats == 0 {
				wanted = wanted[1:]
			}
			if len(wanted) == 0 {
				break
			}
			wanted[0].Seats--
			no, known := t.Number(wanted[0].Type)
			if !known || t.Price(category, no) == nil {
				no = tariff.NoType
			}
			if no != t.Default(category) {
				f.Seats = append(f.Seats, tariff.Seat{Leg: uint8(k), Seat: seat, Type: no})
			}
		}
	}
	tariff.Sort(f.Seats)
	all = append(all, f)
	for k := 1; k < len(parts); k++ {
		all = append(all, ofLeg(f, t, uint8(k), parts[k]))
	}
	return all, !slices.ContainsFunc(f.Seats, func(s tariff.Seat) bool { return s.Type == tariff.NoType })
}

// ForNodes is what is asked for in words, as a message between nodes has it: seats are those that were named.
func (a *Request) ForNodes(n int, seat func(n int) Seat) *tariff.Fare {
	if !a.Any() {
		return nil
	}
	f := &tariff.Fare{Gift: a.Gift}
	number := func(name string) uint8 {
		at := slices.Index(f.Names, name)
		if at < 0 {
			at, f.Names = len(f.Names), append(f.Names, name)
		}
		return uint8(at + 1)
	}
	for i := range n {
		if name := a.TypeOf(i); name != "" {
			s := seat(i)
			f.Seats = append(f.Seats, tariff.Seat{Leg: s.Leg, Seat: s.Index, Type: number(name)})
		}
	}
	for _, w := range a.Wanted {
		f.Wanted = append(f.Wanted, tariff.Count{Type: number(w.Type), Seats: w.Seats})
	}
	tariff.Sort(f.Seats)
	return f
}

// FromNodes reads what ForNodes made, for seats that are named in this order; nil: nothing is asked.
func FromNodes(f *tariff.Fare, n int, seat func(n int) Seat) (a Request) {
	if f == nil {
		return a
	}
	name := func(no uint8) string {
		if no == 0 || int(no) > len(f.Names) {
			return ""
		}
		return f.Names[no-1]
	}
	a.Gift = f.Gift
	for i := range n {
		s := seat(i)
		a.Types = append(a.Types, name(f.TypeOf(s.Leg, s.Index)))
	}
	for _, w := range f.Wanted {
		a.Wanted = append(a.Wanted, Wanted{Type: name(w.Type), Seats: w.Seats})
	}
	return a
}

// ofLeg is what of an order's fare is of leg k, priced by a list: as a command has it that binds the leg.
func ofLeg(f *tariff.Fare, t *price.Table, k uint8, p Part) *tariff.Fare {
	leg := &tariff.Fare{Mark: tariff.Mark(t.Mark), Gift: f.Gift}
	for _, seat := range p.Seats {
		if kind := f.TypeOf(k, seat); kind != 0 {
			leg.Seats = append(leg.Seats, tariff.Seat{Seat: seat, Type: kind})
		}
		if one := Price(t, f, k, seat, p.Layout); one != nil {
			leg.Total += one.Total()
		}
	}
	return leg
}

// Priced is what a booking's price depends on, besides its seats.
type Priced struct {
	Lists *Lists
	Table *price.Table // of Lists, by Mark
	Mark  tariff.Mark  // of the list that it was placed under; 0: that the event was made with
	Fare  *tariff.Fare
	// Itemised: buyers are told what each seat costs, and not only what its category does: it has types, or another
	// price by now.
	Itemised bool
}

// Seat is what a seat of the booking costs, and its type of ticket: of its k-th leg, or, of 0, of its own section. It
// adds the price to sum where some price of the event has components.
func (p *Priced) Seat(
	k uint8, seat section.SeatIndex, of *section.Layout, sum *price.Price,
) (total int64, kind string) {
	t, fare := p.of(k, seat)
	category, no := int(of.Seats[seat].Category), fare.TypeOf(k, seat)
	if !fare.IsGift() {
		total = t.Add(category, no, sum)
	}
	if t.Typed() {
		kind = t.Name(category, no)
	}
	return total, kind
}

// of is what a seat's price depends on. Lists have those of all seats.
func (p *Priced) of(k uint8, seat section.SeatIndex) (*price.Table, *tariff.Fare) {
	mark, fare := p.Fare.Of(p.Mark, k, seat)
	if mark == p.Mark {
		return p.Table, fare
	}
	return p.Lists.Table(mark), fare
}

// Price is what a seat of the booking costs, and what that is made of; nil: nobody was sold it.
func (p *Priced) Price(k uint8, seat section.SeatIndex, of *section.Layout) *price.Price {
	t, fare := p.of(k, seat)
	return Price(t, fare, k, seat, of)
}

var free price.Price

// Price is what a seat of a booking costs, and what that is made of; nil: its category does not have its type, so
// nobody was sold it.
func Price(t *price.Table, f *tariff.Fare, k uint8, seat section.SeatIndex, of *section.Layout) *price.Price {
	if f.IsGift() {
		return &free
	}
	return t.Price(int(of.Seats[seat].Category), f.TypeOf(k, seat))
}

// Name is what a seat's type of ticket is called; empty: its category has none.
func Name(t *price.Table, f *tariff.Fare, k uint8, seat section.SeatIndex, of *section.Layout) string {
	return t.Name(int(of.Seats[seat].Category), f.TypeOf(k, seat))
}

// SeatType is what type of ticket a seat is of, empty for none, and what the seat costs.
type SeatType struct {
	Type   string
	Amount int64
}
