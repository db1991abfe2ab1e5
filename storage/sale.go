package storage

import (
	"errors"

	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/storage/onsale"
)

// States of an event that is called off: the switch stands still from there on.
const (
	SaleCancelling = onsale.Cancelling
	SaleCancelled  = onsale.Cancelled
)

// ErrCancelled says that an event is called off: its switch cannot be turned any more.
var ErrCancelled = errors.New("storage: the event is cancelled")

// Switch has the event stand as the change wants it. Nothing changes with an error: ErrNotFound (it is deleted),
// ErrForgotten, ErrCancelled, *onsale.VersionError, ErrTerms, ErrPrices. An edit turns the switch to where it stands.
// An event that is called off can only go on to SaleCancelled and SaleDeleted; what it is already is no error, and no
// turn.
func (e *Event) Switch(c onsale.Change) error {
	if c.Edit != nil {
		c.Sale = e.Sale
	}
	switch {
	case e.Sale == SaleDeleted:
		return ErrNotFound
	case c.Edit != nil && e.Sale.Off():
		return ErrCancelled
	case c.Edit != nil && c.Edit.Version != e.Version():
		return &onsale.VersionError{Now: e.Version()}
	case c.Edit != nil: // of a forgotten event too
		switch {
		case !e.fits(c.Edit):
			return ErrTerms
		case c.Edit.Prices != nil && !e.mayReprice(c.Edit.Prices):
			return ErrPrices
		}
	case !e.Sellable(c.Sale):
		return ErrForgotten
	case e.Sale.Off() && c.Sale.Off() && (e.Sale == c.Sale || e.Sale == SaleCancelled):
		return nil
	case e.Sale.Off() && c.Sale != SaleCancelled && c.Sale != SaleDeleted:
		return ErrCancelled
	}
	e.Sale, e.SaleNo = c.Sale, max(e.SaleNo+1, c.No)
	if c.Cancelled != nil {
		kept := *c.Cancelled
		e.Cancelled = &kept
	}
	if c.Postponed != nil {
		e.postpone(&c)
	}
	if c.Edit != nil {
		e.edit(c.Edit)
	}
	if c.Standing != nil {
		e.takeStanding(c.Standing)
	}
	return nil
}

func (e *Event) postpone(c *onsale.Change) {
	p := *c.Postponed
	if p.From = e.StartsAt; e.Postponed != nil {
		p.From = e.Postponed.From
	}
	if e.Postponed = &p; !p.Unknown {
		e.StartsAt, e.StartsMinutes, e.SaleEndsAt = c.StartsAt, c.StartsMinutes, c.SaleEndsAt
	}
}

// Starts is when the event begins; false: it has no time, or nobody knows the new one.
func (e *Event) Starts() (at section.Instant, known bool) {
	return e.StartsAt, e.StartsAt != 0 && (e.Postponed == nil || !e.Postponed.Unknown)
}

// LastChange is what makes an earlier copy of the event stand as e does.
func (e *Event) LastChange() onsale.Change {
	c := onsale.Change{Sale: e.Sale, No: e.SaleNo, Cancelled: e.Cancelled, Postponed: e.Postponed,
		StartsAt: e.StartsAt, StartsMinutes: e.StartsMinutes, SaleEndsAt: e.SaleEndsAt}
	if len(e.Edits) > 0 {
		c.Standing = e.standing()
	}
	return c
}

// Before is e as it would stand if its switch stood as another copy's.
func (e *Event) Before(other *Event) *Event {
	c, o := e.Clone(), other.Clone()
	c.Sale, c.SaleNo, c.Cancelled, c.Postponed = o.Sale, o.SaleNo, o.Cancelled, o.Postponed
	if len(e.Edits)+len(o.Edits) > 0 { // else what edits change is what tells two events apart
		c.takeStanding(o.standing())
	}
	c.StartsAt, c.StartsMinutes, c.SaleEndsAt = o.StartsAt, o.StartsMinutes, o.SaleEndsAt
	return c
}

// SwitchedAlike says that the switch of two copies of an event has had the same turns.
func (e *Event) SwitchedAlike(other *Event) bool {
	return e.Sale == other.Sale && e.SaleNo == other.SaleNo
}

// Turn is where the event's switch stands, as sections have it in their logs; 0: it was never turned by a build that
// counts, and the catalog's word counts alone. A deleted event's seats are all blocked.
func (e *Event) Turn() sales.Turn {
	state := sales.Closed
	switch {
	case e.SaleNo == 0 || e.Sale == SaleDeleted:
		return 0
	case e.Sale == SaleOpen:
		state = sales.Open
	case e.Sale == SalePaused:
		state = sales.Paused
	case e.Sale.Off():
		state = sales.Cancelling
	}
	return sales.Of(e.SaleNo, state)
}
