package storage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/nesting"
	"holdfast/actors/price"
)

// Clone returns a copy that shares nothing with e.
func (e *Event) Clone() *Event {
	c := *e
	c.Prices = maps.Clone(e.Prices)
	if e.Components != nil {
		c.Components = make(map[string]price.Price, len(e.Components))
		for category, p := range e.Components {
			c.Components[category] = p.Clone()
		}
	}
	c.Sections = slices.Clone(e.Sections)
	c.WaitingRoom = e.WaitingRoom.Clone()
	if e.Forgotten != nil {
		forgotten := *e.Forgotten
		c.Forgotten = &forgotten
	}
	if e.Cancelled != nil {
		cancelled := *e.Cancelled
		c.Cancelled = &cancelled
	}
	if e.Postponed != nil {
		postponed := *e.Postponed
		c.Postponed = &postponed
	}
	c.Types = price.CloneTypes(e.Types)
	c.Earlier = slices.Clone(e.Earlier) // what an edition has is never changed
	c.cloneEdits()
	return &c
}

// CompareEvents is the order of Catalog lists: CreatedAt, then ID.
func CompareEvents(a, b *Event) int {
	return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), a.ID.Compare(b.ID))
}

// EncodeEvent is the stored form of an event's header: JSON, because it is small, rare, and read by operators in an
// emergency.
func EncodeEvent(e *Event) ([]byte, error) {
	stored, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("storage: event %v: %w", e.ID, err)
	}
	return stored, nil
}

// eventDepthMax bounds a stored header's nesting; the deepest member, a section, is on the third level.
const eventDepthMax = 16

// DecodeEvent reads EncodeEvent's form. A field that this version does not know is an error wrapping ErrFormat: it
// would be lost at the next write.
func DecodeEvent(stored []byte) (*Event, error) {
	if at, deeper := nesting.Deeper(stored, eventDepthMax); deeper {
		return nil, fmt.Errorf("%w: event: nests deeper than %d levels, at byte %d", ErrFormat, eventDepthMax, at)
	}
	d := json.NewDecoder(bytes.NewReader(stored))
	d.DisallowUnknownFields()
	var e Event
	if err := d.Decode(&e); err != nil {
		return nil, fmt.Errorf("%w: event: %w", ErrFormat, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: event: trailing bytes", ErrFormat)
	}
	if list := e.PriceList(); list.Agrees() != nil {
		return nil, fmt.Errorf("%w: event: %w", ErrFormat, list.Agrees())
	}
	return &e, nil
}
