// Package projection is what a store offers beside storage.Store to keep the logs' story in tables that people read.
// Package views fills them; nothing is granted by them.
package projection

import (
	"context"
	"errors"

	"holdfast/actors/section"
	"holdfast/storage"
)

// ErrMoved says that another projector has taken the section on meanwhile: what was brought is dropped, and nothing is
// lost by it.
var ErrMoved = errors.New("projection: another projector was faster")

// Tables are what a store offers beside [storage.Store] to keep the logs' story in tables that people read. It is never
// consulted to grant, may be dropped at any time, and is made again from the logs; nothing in [storage.Store] knows of
// it. All methods may be called by several projectors at once.
type Tables interface {
	// Prepare makes the tables that are missing.
	Prepare(ctx context.Context) error
	// Empty forgets every row and keeps the tables, so that what readers were granted stays granted.
	Empty(ctx context.Context) error
	// Drop removes all of it. No error when there is none.
	Drop(ctx context.Context) error
	// Unknown lists the events of the catalog that were not enrolled.
	Unknown(ctx context.Context) ([]storage.EventID, error)
	// Enrol enters an event whole: its sections before their first record, and their seats, free. No error when it is
	// there already.
	Enrol(ctx context.Context, e *storage.Event, sections [][]Place) error
	// Behind lists the sections whose log does not end where their projection stands.
	Behind(ctx context.Context) ([]Lag, error)
	// FirstKept is the seq of the oldest record that the log still has; 0 when it has none.
	FirstKept(ctx context.Context, key storage.SectionKey) (section.Seq, error)
	// Advance takes one section from one point to a later one, or changes nothing. fold is given the rows of the
	// bookings touched (those that are there) and answers what to write; it may be called more than once. Errors:
	// ErrMoved when the section does not stand at from (any more); fold's own, as they are.
	Advance(ctx context.Context, key storage.SectionKey, from, to Point, touched []section.BookingNo,
		fold func(previous []Booking) (Page, error)) error
	// Complete notes that nothing which was in any log at that moment is missing.
	Complete(ctx context.Context, at section.Instant) error
}

// Point is the record that a section's projection has reached. The zero value is "before the first".
type Point struct {
	Seq   section.Seq
	Epoch section.Epoch
	Hash  storage.Hash
	At    section.Instant
}

// Lag is a section whose log does not end where its projection stands.
type Lag struct {
	Section storage.SectionKey
	Reached Point       // At is not filled in
	Tail    section.Seq // 0: the log is empty; not above Reached: it is another log
}

// Place is a seat as the plan has it: the half that never changes.
type Place struct {
	ID         string // as in the API, unique in its event
	Row, Label string
	Category   string
	Price      int64 // minor units of the event's currency
	Accessible bool
}

// Booking is one booking, or the leg of one that is another section's. Instants are 0 while there is nothing to tell.
type Booking struct {
	No      section.BookingNo
	ID      string // as in the API
	Buyer   section.BuyerID
	State   section.BookingState
	Split   bool
	Seats   []section.SeatIndex // of this section, ascending; they stay when the booking has ended
	SeatIDs []string            // all of its seats, as in the API. Not filled in for Advance's fold.
	Amount  int64               // minor units, of all of its seats

	Order      Order       // zero: it is of one section
	Leg        bool        // its booking is Order's home's
	Confirming bool        // sold, and some section may not have sold its seats yet
	Elsewhere  []Elsewhere // a home's seats in other sections, by section and seat; they stay when it has ended
	Sections   []string    // an order's, as in SeatIDs; of others none. Not filled in for Advance's fold.

	PlacedAt, ExpiresAt, ConfirmedAt, EndedAt, ChangedAt section.Instant
}

// Order names a booking over several sections. Home is the section whose log has the booking, Life and Count are what
// it was given there.
type Order struct {
	Home  storage.SectionNo
	Life  section.Seq
	Count uint64
}

// Elsewhere is a seat of another section than its booking's.
type Elsewhere struct {
	Section storage.SectionNo
	Seat    section.SeatIndex
}

// Seat is the half of a seat that changes.
type Seat struct {
	Seat      section.SeatIndex
	Booking   section.BookingNo // that has it; 0: none
	Blocked   bool
	ChangedAt section.Instant
}

// Page is what a stretch of a log comes to: rows as they stand after it, each once, ascending.
type Page struct {
	Bookings []Booking
	Seats    []Seat
}
