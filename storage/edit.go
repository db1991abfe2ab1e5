package storage

import (
	"errors"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/terms"
	"holdfast/storage/onsale"
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
	}
}

// takeStanding has the event stand as another copy's edits have made it.
func (e *Event) takeStanding(o *onsale.Standing) {
	e.Name, e.StartsAt, e.StartsMinutes, e.SaleEndsAt = o.Name, o.StartsAt, o.StartsMinutes, o.SaleEndsAt
	e.Rules, e.MadeWith, e.TermsNo, e.Edits = o.Rules, o.MadeWith, o.TermsNo, o.Edits
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
