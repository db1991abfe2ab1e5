package storage

import (
	"errors"
	"slices"

	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/section/terms"
	"holdfast/storage/onsale"
)

// ErrPrices says that an event has had as many price lists as it may.
var ErrPrices = errors.New("storage: too many price lists")

// Bounds of all price lists of an event, which its header has for ever.
const (
	EditionsMax       = 64
	EditionEntriesMax = 16 << 10 // prices of all lists
)

// ErrTerms says that a hold would last longer than it may.
var ErrTerms = errors.New("storage: a hold's time is above its ceiling")

// fits says that the terms which the edit would leave are some.
func (e *Event) fits(c *onsale.Edit) bool {
	r := e.Rules
	set(&r.HoldTTL, c.HoldTTL)
	set(&r.HoldCeiling, c.HoldCeiling)
	return !c.Terms() || r.HoldTTL <= r.HoldCeiling
}

// Version is what an edit must name: it grows with each change of the event.
func (e *Event) Version() uint64 { return e.SaleNo }

// edit has the event stand as an operator wants it. The caller has turned the switch, to no other state.
func (e *Event) edit(c *onsale.Edit) {
	if c.Terms() {
		if e.MadeWith == nil {
			made := e.Rules
			e.MadeWith = &made
		}
		e.TermsNo = e.SaleNo
	}
	set(&e.Name, c.Name)
	if c.Starts != nil {
		if e.SaleEndsAt == e.StartsAt { // the sale ends as the show begins
			e.SaleEndsAt = c.Starts.At
		}
		e.StartsAt, e.StartsMinutes = c.Starts.At, c.Starts.Minutes
	}
	set(&e.SaleEndsAt, c.SaleEndsAt)
	set(&e.Rules.HoldTTL, c.HoldTTL)
	set(&e.Rules.HoldCeiling, c.HoldCeiling)
	set(&e.Rules.SeatsPerBookingMax, c.SeatsPerBookingMax)
	set(&e.Rules.SeatsPerBuyerMax, c.SeatsPerBuyerMax)
	set(&e.Rules.RefuseOrphans, c.RefuseOrphans)
	set(&e.Rules.ForbidTransfers, c.ForbidTransfers)
	if c.Prices != nil {
		e.reprice(c.Prices)
	}
	e.Edits = e.Edits.With(c, e.SaleNo)
}

func set[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}

// FirstRules are those that the event was made with. A section's log says from where on others hold.
func (e *Event) FirstRules() section.Rules {
	if e.MadeWith != nil {
		return *e.MadeWith
	}
	return e.Rules
}

// Terms are those that holds go by since the last edit that changed them, as sections have them in their logs; nil:
// those that the event was made with.
func (e *Event) Terms() *terms.Terms {
	if e.TermsNo == 0 || e.Turn() == 0 {
		return nil
	}
	r := &e.Rules
	return &terms.Terms{No: e.TermsNo, HoldTTL: r.HoldTTL, HoldCeiling: r.HoldCeiling,
		SeatsPerBookingMax: r.SeatsPerBookingMax, SeatsPerBuyerMax: r.SeatsPerBuyerMax, RefuseOrphans: r.RefuseOrphans,
		ForbidTransfers: r.ForbidTransfers}
}

// standing is what edits have made of the event.
func (e *Event) standing() *onsale.Standing {
	c := e.Clone()
	return &onsale.Standing{
		Name: c.Name, StartsAt: c.StartsAt, StartsMinutes: c.StartsMinutes, SaleEndsAt: c.SaleEndsAt, Rules: c.Rules,
		MadeWith: c.MadeWith, TermsNo: c.TermsNo, Edits: c.Edits,
		Prices:   onsale.Prices{Totals: c.Prices, Components: c.Components, Types: c.Types},
		PricesNo: c.PricesNo, PricesMark: c.PricesMark, Earlier: c.Earlier,
	}
}

// takeStanding has the event stand as another copy's edits have made it.
func (e *Event) takeStanding(o *onsale.Standing) {
	e.Name, e.StartsAt, e.StartsMinutes, e.SaleEndsAt = o.Name, o.StartsAt, o.StartsMinutes, o.SaleEndsAt
	e.Rules, e.MadeWith, e.TermsNo, e.Edits = o.Rules, o.MadeWith, o.TermsNo, o.Edits
	e.Prices, e.Components, e.Types = o.Prices.Totals, o.Prices.Components, o.Prices.Types
	e.PricesNo, e.PricesMark, e.Earlier = o.PricesNo, o.PricesMark, o.Earlier
}

// cloneEdits gives the event edits in memory of its own.
func (e *Event) cloneEdits() {
	if e.MadeWith != nil {
		made := *e.MadeWith
		e.MadeWith = &made
	}
	e.Edits = slices.Clone(e.Edits)
	for i := range e.Edits {
		e.Edits[i].Fields = slices.Clone(e.Edits[i].Fields)
	}
}

// editions is which lists the event has had, the one that counts now last.
func (e *Event) editions() []price.Edition {
	now := price.Edition{No: e.PricesNo, Mark: e.PricesMark, Totals: e.Prices, Components: e.Components, Types: e.Types}
	if now.Mark == 0 {
		list := e.PriceList()
		now.Mark = list.Mark()
	}
	return append(slices.Clone(e.Earlier), now)
}

// Editions are all price lists that the event has had, the one that counts now last. They are not to be changed.
func (e *Event) Editions() []price.Edition { return e.editions() }

// mayReprice says that the event may have one more list.
func (e *Event) mayReprice(p *onsale.Prices) bool {
	more := price.Edition{Totals: p.Totals, Types: p.Types}
	entries := more.Entries()
	for _, was := range e.editions() {
		entries += was.Entries()
	}
	return len(e.Earlier)+2 <= EditionsMax && entries <= EditionEntriesMax
}

// reprice has new holds go by other prices. The list gets a mark that none before it had.
func (e *Event) reprice(p *onsale.Prices) {
	e.Earlier = e.editions()
	e.Prices, e.Components, e.Types, e.PricesNo = p.Totals, p.Components, p.Types, e.SaleNo
	list := e.PriceList()
	e.PricesMark = list.Mark()
	for slices.ContainsFunc(e.Earlier, func(was price.Edition) bool { return was.Mark == e.PricesMark }) {
		e.PricesMark = e.PricesMark%price.MarkMax + 1
	}
}
