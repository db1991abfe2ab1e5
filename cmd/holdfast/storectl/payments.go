package storectl

import (
	"context"
	"errors"
	"fmt"

	"holdfast/actors/audit"
	"holdfast/actors/booking"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// OpenPayments visits the bookings of an event whose money its logs leave open, in order of section and number. When
// the processor was last asked no log says.
func OpenPayments(ctx context.Context, source Source, event storage.EventID, visit func(*pending.Item) error) (
	err error) {
	from, err := source.open(ctx, "holdfast payments")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	events, err := from.Events(ctx)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.ID == event {
			return openOf(ctx, from.Source, e, visit)
		}
	}
	return fmt.Errorf("there is no event %s", event)
}

func openOf(ctx context.Context, from audit.Source, e *storage.Event, visit func(*pending.Item) error) error {
	stored, err := from.Venue(ctx, e.ID)
	if err != nil {
		return err
	}
	plan, err := venue.Decode(stored)
	if err != nil {
		return err
	}
	for i := range plan.Sections {
		key := storage.SectionKey{Event: e.ID, Section: storage.SectionNo(i)}
		state := section.NewState(plan.Layout(i), e.FirstRules())
		err := from.Read(ctx, key, 0, func(entry *storage.Entry, _ storage.Hash) error {
			state.Begin(entry.Seq)
			if entry.Kind != storage.EntryChanges {
				return nil
			}
			return section.DecodeChanges(entry.Body, entry.At, func(c *section.Change) error {
				state.Apply(c, nil)
				return nil
			})
		})
		if err != nil {
			return fmt.Errorf("section %s: %w", e.Sections[i].ID, err)
		}
		var failed error
		var d section.Decision
		state.Unsettled(func(no section.BookingNo) {
			if failed != nil || !state.Lookup(no, &d) {
				return
			}
			b := till.Booking{ID: booking.ID{Section: key, No: no}, State: d.Outcome.State, Currency: e.Currency}
			if d.Outcome.Money != nil {
				b.Money = *d.Outcome.Money.Clone()
			}
			b.Total = b.Money.Amount
			failed = visit(&pending.Item{Booking: b, Line: pending.Line{ID: b.ID}, Kinds: pending.KindsOf(&b, false)})
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}
