package api

import (
	"context"
	"time"

	"holdfast/actors"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// Engine is what the handlers call; *actors.Engine is the one that sells. Calls return the conditions listed in
// actors/calls.go.
//
// Deadlines: every call that may write takes a timeout, after which it answers actors.ErrTimeout (outcome unknown).
type Engine interface {
	CreateEvent(ctx context.Context, e *storage.Event, v *venue.Venue) (*storage.Event, error) // ID, CreatedAt, Sections are filled in; a repeat of e.Create returns the first
	// SetSaleOnce turns the sale switch; a repeat of who's key changes nothing and tells the event as it stands.
	SetSaleOnce(ctx context.Context, id storage.EventID, who actors.Caller, s storage.SaleState) (*storage.Event, error)
	// DeleteEvent deletes an event that nobody has seats of; a repeat of who's key finds it deleted.
	DeleteEvent(ctx context.Context, id storage.EventID, who actors.Caller) (*storage.Event, error)
	// Done says whether an operator's call about the nodes was acknowledged under who's key; MarkDone makes it so.
	Done(ctx context.Context, who actors.Caller) (bool, error)
	MarkDone(ctx context.Context, who actors.Caller) error
	Catalog() *actors.Catalog // immutable, newest first; the same pointer as long as nothing changes
	Event(id storage.EventID) (*storage.Event, error)
	Venue(ctx context.Context, id storage.EventID) (*venue.Venue, error)
	Live(ctx context.Context, id storage.EventID) (Live, error) // the event's map; loads its sections when they are not

	Book(call *actors.BookCall, timeout time.Duration, out *actors.BookingView) error
	Booking(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Extend(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Release(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	// Confirm pays with token and sells. A nil error with out.State BookingPaying means that the processor's answer is
	// not known yet.
	Confirm(id actors.BookingID, who actors.Caller, token string, timeout time.Duration, out *actors.BookingView) error
	Refund(id actors.BookingID, who actors.Caller, timeout time.Duration, out *actors.BookingView) error
	Block(event storage.EventID, who actors.Caller, seats []string, unblock bool, timeout time.Duration) error

	// Ready answers nil once requests can be served, else why not.
	Ready() error
}

// Live is an event's projection; see actors.LiveMap.
type Live = actors.LiveMap
