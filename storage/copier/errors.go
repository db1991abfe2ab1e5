package copier

import (
	"errors"
	"fmt"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Conditions of a copy. Match with errors.Is; texts are for people.
var (
	ErrBusy   = errors.New("a server is running on it: a copy needs a quiet store, so stop it first")
	ErrSecret = errors.New(
		"the target has a secret of its own: the ticket codes of the source would be void there; copy into an empty store",
	)
	ErrTicketKeys = errors.New(
		"the target signs its tickets with keys of its own: those of the source would be void there; " +
			"copy into an empty store",
	)
	ErrMoved   = errors.New("the source was written to while it was copied: stop its servers and run again")
	ErrUnequal = errors.New("the copy is NOT the same as its source: do not use it")
)

// HistoryError says that a log of the target is not a beginning of the source's. Nothing was written.
type HistoryError struct {
	Section storage.SectionKey
	Seq     section.Seq // the first record that the source does not have, or has otherwise
	Why     string
}

func (e *HistoryError) Error() string {
	return fmt.Sprintf(
		"refused: section %v of the target has another history from record %d on: %s", e.Section, e.Seq, e.Why,
	)
}

// EventError says that the target has an event of the same id that is another one. Nothing was written.
type EventError struct {
	Event storage.EventID
	What  string // what differs
}

func (e *EventError) Error() string {
	return fmt.Sprintf("refused: the target has an event %v with another %s", e.Event, e.What)
}

// PaymentError says that the target has a payment of the same id about other money. Nothing was written.
type PaymentError struct{ ID string }

func (e *PaymentError) Error() string {
	return fmt.Sprintf("refused: the target has a payment %q of another amount or currency", e.ID)
}
