package storage

import (
	"errors"
	"fmt"

	"holdfast/actors/section"
)

// Conditions of a store. Match with errors.Is / errors.As; texts are for people.
var (
	ErrUnknown     = errors.New("storage: outcome unknown")                  // re-send the same append until it answers
	ErrUnavailable = errors.New("storage: not done: refused or unreachable") // surely not written
	ErrTicketTaken = errors.New("storage: ticket exists: second guard of no-oversell met")
	ErrGap         = errors.New("storage: append does not continue the log")
	ErrNotFound    = errors.New("storage: not found")
	ErrExists      = errors.New("storage: exists already")
	ErrInUse       = errors.New("storage: another process owns this directory")
	ErrTooManyKeys = errors.New("storage: an event's operators used more keys in a day than are remembered")
	ErrTooLarge    = errors.New("storage: entry body over 64 KiB")
	ErrForgotten   = errors.New("storage: the event's key is destroyed, so nothing can be sold in it any more")
	ErrOnSale      = errors.New("storage: the event's sale is not closed")
)

// FencedError says that another writer owns the log now. The section must stop; never retry.
type FencedError struct {
	Section SectionKey
	Tail    Tail
}

func (e *FencedError) Error() string {
	return fmt.Sprintf("storage: fenced: section %v is at seq %d epoch %d of writer %x",
		e.Section, e.Tail.Seq, e.Tail.Epoch, e.Tail.Writer[:4])
}

// CorruptError names damaged data. Nothing is guessed: the section is not served.
type CorruptError struct {
	Section SectionKey
	Seq     section.Seq // 0: the snapshot or something outside the log
	Why     string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("storage: corrupt: section %v record %d: %s", e.Section, e.Seq, e.Why)
}
