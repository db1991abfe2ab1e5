package api

import (
	"holdfast/actors"
	"holdfast/api/booking"
	"holdfast/api/bookinglist"
	"holdfast/api/catalog"
	"holdfast/api/contact"
	"holdfast/api/live"
	"holdfast/api/operate"
	"holdfast/api/payments"
	"holdfast/api/tickets"
)

// Engine is what the handlers call; *actors.Engine is the one that sells. Calls return the conditions listed in
// actors/calls.go. Each room of handlers says for itself what it calls.
//
// Deadlines: every call that may write takes a timeout, after which it answers actors.ErrTimeout (outcome unknown).
type Engine interface {
	catalog.Engine
	booking.Engine
	operate.Engine
	live.Engine
	contact.Engine
	bookinglist.Engine
	payments.Engine
	tickets.Engine

	// Ready answers nil once requests can be served, else why not.
	Ready() error
}

// Live is an event's projection; see actors.LiveMap.
type Live = actors.LiveMap
