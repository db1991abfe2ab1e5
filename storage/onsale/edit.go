package onsale

import (
	"fmt"
	"slices"

	"holdfast/actors/machine"
	"holdfast/actors/price"
	"holdfast/actors/section"
)

// Edit is what an operator changes of an event that is there. What is nil stays.
type Edit struct {
	Version uint64 // of the event that the operator has seen: its number of turns
	At      machine.Instant
	By      string // the name of the operator's key
	Reason  string

	Name               *string
	Starts             *Start
	SaleEndsAt         *machine.Instant
	HoldTTL            *machine.Millis
	HoldCeiling        *machine.Millis
	SeatsPerBookingMax *uint32
	SeatsPerBuyerMax   *uint32
	RefuseOrphans      *bool
	ForbidTransfers    *bool
	Prices             *Prices
}

// Prices are what new holds cost from an edit on: all of it, see price.List.
type Prices struct {
	Totals     map[string]int64
	Components map[string]price.Price
	Types      map[string][]price.Type
}

// Start is when an event begins, and the venue's clock then.
type Start struct {
	At      machine.Instant
	Minutes int16
}

// Terms says that the edit changes what holds go by.
func (e *Edit) Terms() bool {
	return e.HoldTTL != nil || e.HoldCeiling != nil || e.SeatsPerBookingMax != nil || e.SeatsPerBuyerMax != nil ||
		e.RefuseOrphans != nil || e.ForbidTransfers != nil
}

// Fields names what the edit changes, as the API does.
func (e *Edit) Fields() (names []string) {
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"name", e.Name != nil}, {"starts_at", e.Starts != nil}, {"sale_ends_at", e.SaleEndsAt != nil},
		{"hold_ttl_seconds", e.HoldTTL != nil}, {"hold_ceiling_seconds", e.HoldCeiling != nil},
		{"max_seats_per_booking", e.SeatsPerBookingMax != nil}, {"max_seats_per_buyer", e.SeatsPerBuyerMax != nil},
		{"refuse_orphans", e.RefuseOrphans != nil}, {"forbid_transfers", e.ForbidTransfers != nil},
		{"prices", e.Prices != nil},
	} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

// Edited is a note of an edit that was made.
type Edited struct {
	No     uint64 // of the turn that it was
	At     machine.Instant
	By     string `json:",omitempty"`
	Reason string
	Fields []string // as the API names them
}

// EditsKept is how many notes of edits an event keeps, the newest.
const EditsKept = 20

// Edits are the notes of an event's edits.
type Edits []Edited

// With is the notes with one more, in memory of their own.
func (n Edits) With(e *Edit, no uint64) Edits {
	all := append(slices.Clone(n), Edited{No: no, At: e.At, By: e.By, Reason: e.Reason, Fields: e.Fields()})
	return all[max(0, len(all)-EditsKept):]
}

// Standing is what edits have made of an event, for a copy of it.
type Standing struct {
	Name          string
	StartsAt      machine.Instant
	StartsMinutes int16
	SaleEndsAt    machine.Instant
	Rules         section.Rules
	MadeWith      *section.Rules
	TermsNo       uint64
	Edits         Edits
	Prices        Prices
	PricesNo      uint64
	PricesMark    price.Mark
	Earlier       []price.Edition
}

// VersionError says that an edit is about an event as it stood before somebody else changed it.
type VersionError struct{ Now uint64 }

func (e *VersionError) Error() string {
	return fmt.Sprintf("storage: the event is at version %d", e.Now)
}
