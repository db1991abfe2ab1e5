// Package tariff is a pure room: what a section knows of prices. It is enough for the section's log to prove what a
// buyer was told (I12), and nothing of what a price is made of: package price reckons.
//
//	made with ─▶ Tariff ── Prices, by an edit ──▶ Tariff ── Prices ──▶ …      one list after another
//
//	               └ holds: total, mark of the list └ holds from here on
//
// A hold keeps the list that it was placed under: its total and the list's mark are logged with it, and state knows the
// list by the booking's number, since numbers grow (Book). So a list costs a few bytes a section, and a hold none.
//
// A Fare is what of a hold's price does not follow from where its seats are: types of ticket besides the default ones
// (a child's seat), and that the hold is given away. Holds without either have no fare. Types go by numbers of the
// list; a command says which list its numbers are of, and one of another list is refused, never guessed.
//
// Rejected: a list's number in each booking, which every hold would pay for; names of types in the log, which a list of
// numbers beside the event's header has for all of them.
package tariff

import (
	"encoding/binary"
	"math"
	"slices"

	"holdfast/actors/codec"
)

// Mark is a short fingerprint of one of an event's price lists, from 1 to MarkMax; 0: none.
type Mark uint16

// MarkMax is the highest Mark: two bits of it are the log's.
const MarkMax Mark = 1<<14 - 1

// Bounds of a list, which is a change in a log and has to fit into one record.
const (
	CategoriesMax = 1000
	OffersMax     = 4096 // types of all categories together
	TypesMax      = 63   // distinct types of an event
)

// NoType stands for a type that a list does not have: a section refuses it, unless it remembers the request (P5).
const NoType = TypesMax + 1

// Tariff is what the seats of a section cost. A hold is logged with its seats' total and the list's mark. It is not
// changed once it is made.
type Tariff struct {
	Totals []int64 // by the number of the category, of its default type: minor units, none negative
	Mark   Mark    // of the list that Totals is of; not 0
	Offers []Offer // what seats of categories with types cost, the default ones among them, ascending
}

// Offer is a type of ticket that a category has.
type Offer struct {
	Category uint16
	Type     uint8 // its number in the list, from 1
	Total    int64
}

func (o *Offer) key() int { return int(o.Category)<<8 | int(o.Type) }

// Total is what a seat of a category costs; kind is the number of its type, 0 for the default one. false: the category
// has no such type.
func (t *Tariff) Total(category int, kind uint8) (total int64, ok bool) {
	if kind == 0 {
		if category >= len(t.Totals) {
			return 0, false
		}
		return t.Totals[category], true
	}
	wanted := Offer{Category: uint16(category), Type: kind}
	at, found := slices.BinarySearchFunc(t.Offers, wanted, func(a, b Offer) int { return a.key() - b.key() })
	if !found {
		return 0, false
	}
	return t.Offers[at].Total, true
}

// Prices is a list that counts from an edit of the event on.
type Prices struct {
	No uint64 // of the turn of the sale switch that the edit was, from 1; it grows
	Tariff
}

// Sound says that it is one.
func (p *Prices) Sound() bool {
	if p.No == 0 || p.Mark == 0 || p.Mark > MarkMax || len(p.Totals) == 0 || len(p.Totals) > CategoriesMax ||
		len(p.Offers) > OffersMax {
		return false
	}
	last := -1
	for i := range p.Offers {
		o := &p.Offers[i]
		if o.Type == 0 || o.Type > TypesMax || int(o.Category) >= len(p.Totals) || o.Total < 0 || o.key() <= last {
			return false
		}
		last = o.key()
	}
	return !slices.ContainsFunc(p.Totals, func(n int64) bool { return n < 0 })
}

// Append appends what a change says of prices: number, mark, totals, and of each offer category, type and total.
func (p *Prices) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, p.No), uint64(p.Mark))
	dst = binary.AppendUvarint(dst, uint64(len(p.Totals)))
	for _, total := range p.Totals {
		dst = binary.AppendUvarint(dst, uint64(total))
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Offers)))
	for i := range p.Offers {
		o := &p.Offers[i]
		dst = binary.AppendUvarint(dst, uint64(o.Category))
		dst = binary.AppendUvarint(append(dst, o.Type), uint64(o.Total))
	}
	return dst
}

// ReadPrices reads what Append wrote.
func ReadPrices(r *codec.Reader) *Prices {
	number := func(most uint64) uint64 {
		n := r.Uvarint()
		if n > most {
			r.Fail("prices out of range")
			return 0
		}
		return n
	}
	p := &Prices{No: r.Uvarint()}
	p.Mark = Mark(number(uint64(MarkMax)))
	for n := number(CategoriesMax); n > 0 && r.Err == nil; n-- {
		p.Totals = append(p.Totals, int64(number(math.MaxInt64)))
	}
	for n := number(OffersMax); n > 0 && r.Err == nil; n-- {
		o := Offer{Category: uint16(number(CategoriesMax - 1)), Type: r.Byte()}
		o.Total = int64(number(math.MaxInt64))
		p.Offers = append(p.Offers, o)
	}
	if r.Err == nil && !p.Sound() {
		r.Fail("prices that are none")
	}
	return p
}
