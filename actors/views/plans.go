package views

import (
	"context"
	"fmt"
	"sync"

	"holdfast/actors/fares"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// plansMax bounds the plans kept in memory; a stadium's is some megabytes. Beyond it all are dropped: reading one again
// takes milliseconds.
const plansMax = 64

// plans reads venues and keeps those in use. Safe for concurrent use.
type plans struct {
	source Source
	name   func(storage.SectionKey, section.BookingNo) string
	mu     sync.Mutex
	known  map[storage.EventID][]Plan
}

// of gives the section's plan.
func (p *plans) of(ctx context.Context, key storage.SectionKey) (*Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all, known := p.known[key.Event]
	if !known {
		e, err := p.source.Event(ctx, key.Event)
		if err != nil {
			return nil, fmt.Errorf("event %v: %w", key.Event, err)
		}
		if all, err = p.load(ctx, e); err != nil {
			return nil, err
		}
		if p.known == nil || len(p.known) >= plansMax {
			p.known = map[storage.EventID][]Plan{}
		}
		p.known[key.Event] = all
	}
	if int(key.Section) >= len(all) {
		return nil, &storage.CorruptError{Section: key, Why: "the event has no such section"}
	}
	return &all[key.Section], nil
}

// load reads an event's venue. A venue that does not belong to the event is a *storage.CorruptError.
func (p *plans) load(ctx context.Context, e *storage.Event) ([]Plan, error) {
	stored, err := p.source.Venue(ctx, e.ID)
	if err != nil {
		return nil, fmt.Errorf("venue of event %v: %w", e.ID, err)
	}
	v, err := venue.Decode(stored)
	if err != nil {
		return nil, &storage.CorruptError{
			Section: storage.SectionKey{Event: e.ID}, Why: "the venue does not decode: " + err.Error(),
		}
	}
	if len(v.Sections) != len(e.Sections) {
		return nil, &storage.CorruptError{Section: storage.SectionKey{Event: e.ID},
			Why: fmt.Sprintf("the venue has %d sections, the event %d", len(v.Sections), len(e.Sections))}
	}
	var labels []string
	for i := range v.Categories {
		labels = append(labels, v.Categories[i].Label)
	}
	all, prices := make([]Plan, len(v.Sections)), fares.Of(e, labels)
	for i := range v.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		all[i] = Plan{Label: e.Sections[i].ID, Places: placesOf(e, v, i), Event: all,
			Layout: v.Layout(i), Prices: prices,
			Name: func(no section.BookingNo) string { return p.name(key, no) }}
	}
	return all, nil
}

// placesOf lists a section's seats by seat index, which is the plan's order.
func placesOf(e *storage.Event, v *venue.Venue, i int) []projection.Place {
	out := make([]projection.Place, 0, v.Sections[i].SeatCount())
	for r := range v.Sections[i].Rows {
		row := &v.Sections[i].Rows[r]
		for k := range row.Seats {
			seat := &row.Seats[k]
			category := v.Categories[seat.Category].Label
			out = append(out, projection.Place{
				ID: seat.ID, Row: row.Label, Label: seat.Label, Category: category, Price: e.Prices[category], Accessible: seat.Accessible,
			})
		}
	}
	return out
}
