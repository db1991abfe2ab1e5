// Package onsale has what is said of an event's sale: where its switch stands, and what is announced by a turn of it.
// It is a room of its own for the words alone; what they do to an event is storage's.
package onsale

import "holdfast/actors/machine"

// State is an event's sale switch.
type State string

// States of an event that is called off: the switch stands still from there on.
const (
	// Cancelling: nobody buys any more, and what was sold is being given back.
	Cancelling State = "cancelling"
	// Cancelled: nothing is held or sold any more, and every refund has been asked for.
	Cancelled State = "cancelled"
)

// Off says that the event is called off for ever.
func (s State) Off() bool { return s == Cancelling || s == Cancelled }

// Cancellation says that an event was called off.
type Cancellation struct {
	At     machine.Instant
	Reason string // in the words of whoever did it; buyers are told
}

// Postponement says that an event takes place at another time than was sold.
type Postponement struct {
	At     machine.Instant
	Reason string // as in Cancellation
	// From is when it was to begin when it was first put off; 0: it had no time.
	From machine.Instant `json:",omitempty"`
	// Unknown says that nobody knows the new time yet: the event's StartsAt is the old one until then.
	Unknown bool `json:",omitempty"`
	// KeepUntil is until when, exclusive, buyers may give their bookings back for all of their money.
	KeepUntil machine.Instant
}

// Change is one turn of an event's sale switch, with what is announced by it.
type Change struct {
	Sale State
	// No is the least number that the switch has afterwards; 0: one more than before. For copies, and for a catalog
	// that has lost turns which sections have in their logs.
	No uint64
	// Cancelled is of a cancelling. One that stands is kept.
	Cancelled *Cancellation
	// Postponed changes the event's time as well: to StartsAt, with StartsMinutes, unless it is unknown.
	Postponed     *Postponement
	StartsAt      machine.Instant
	StartsMinutes int16
	SaleEndsAt    machine.Instant // likewise; 0: the start
	// Edit changes the event, and leaves the switch where it stands: Sale says nothing.
	Edit *Edit
	// Standing is what edits have made of the event; of a copy.
	Standing *Standing
}
