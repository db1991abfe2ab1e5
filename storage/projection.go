package storage

import (
	"context"
	"errors"

	"holdfast/actors/section"
)

// ErrMoved says that another projector has taken the section on meanwhile: what was brought is dropped, and nothing is lost by it.
var ErrMoved = errors.New("storage: another projector was faster")

// Projection is what a store offers beside [Store] to keep the logs' story in tables that people read. It is never consulted to grant,
// may be dropped at any time, and is made again from the logs; nothing in [Store] knows of it. All methods may be called by several
// projectors at once.
type Projection interface {
	// Prepare makes the tables that are missing.
	Prepare(ctx context.Context) error
	// Empty forgets every row and keeps the tables, so that what readers were granted stays granted.
	Empty(ctx context.Context) error
	// Drop removes all of it. No error when there is none.
	Drop(ctx context.Context) error
	// Unknown lists the events of the catalog that were not enrolled.
	Unknown(ctx context.Context) ([]EventID, error)
	// Enrol enters an event whole: its sections before their first record, and their seats, free. No error when it is there already.
	Enrol(ctx context.Context, e *Event, sections [][]ProjectedPlace) error
	// Behind lists the sections whose log does not end where their projection stands.
	Behind(ctx context.Context) ([]ProjectionLag, error)
	// FirstKept is the seq of the oldest record that the log still has; 0 when it has none.
	FirstKept(ctx context.Context, key SectionKey) (section.Seq, error)
	// Advance takes one section from one point to a later one, or changes nothing. fold is given the rows of the bookings touched (those
	// that are there) and answers what to write; it may be called more than once. Errors: ErrMoved when the section does not stand at
	// from (any more); fold's own, as they are.
	Advance(ctx context.Context, key SectionKey, from, to ProjectionPoint, touched []section.BookingNo,
		fold func(previous []ProjectedBooking) (ProjectedPage, error)) error
	// Complete notes that nothing which was in any log at that moment is missing.
	Complete(ctx context.Context, at section.Instant) error
}

// ProjectionPoint is the record that a section's projection has reached. The zero value is "before the first".
type ProjectionPoint struct {
	Seq   section.Seq
	Epoch section.Epoch
	Hash  Hash
	At    section.Instant
}

// ProjectionLag is a section whose log does not end where its projection stands.
type ProjectionLag struct {
	Section SectionKey
	Reached ProjectionPoint // At is not filled in
	Tail    section.Seq     // 0: the log is empty; not above Reached: it is another log
}

// ProjectedPlace is a seat as the plan has it: the half that never changes.
type ProjectedPlace struct {
	ID         string // as in the API, unique in its event
	Row, Label string
	Category   string
	Price      int64 // minor units of the event's currency
	Accessible bool
}

// ProjectedBooking is one booking. Instants are 0 while there is nothing to tell.
type ProjectedBooking struct {
	No      section.BookingNo
	ID      string // as in the API
	Buyer   section.BuyerID
	State   section.BookingState
	Split   bool
	Seats   []section.SeatIndex // ascending; they stay when the booking has ended
	SeatIDs []string            // the same seats, as in the API. Not filled in for Advance's fold.
	Amount  int64               // minor units

	PlacedAt, ExpiresAt, ConfirmedAt, EndedAt, ChangedAt section.Instant
}

// ProjectedSeat is the half of a seat that changes.
type ProjectedSeat struct {
	Seat      section.SeatIndex
	Booking   section.BookingNo // that has it; 0: none
	Blocked   bool
	ChangedAt section.Instant
}

// ProjectedPage is what a stretch of a log comes to: rows as they stand after it, each once, ascending.
type ProjectedPage struct {
	Bookings []ProjectedBooking
	Seats    []ProjectedSeat
}
