package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/actors/section"
)

// PseudonymVersion is a way from a buyer's name to the id in the logs.
type PseudonymVersion uint8

// The versions.
const (
	// PseudonymsPlain are those of events of earlier builds: half a SHA-256 of the name. Whoever guesses a name can
	// look it up in such a log, for ever.
	PseudonymsPlain PseudonymVersion = iota
	// PseudonymsKeyed are keyed by the event's own key: see package actors/pseudonym.
	PseudonymsKeyed
)

// EventKey is the secret under which an event's buyers stand in its logs (P14). It is random, kept beside the logs, and
// never printed: no verb of fmt, no encoder and no logger shows its bytes.
type EventKey [32]byte

// NewEventKey makes a key that is like no other.
func NewEventKey() (key EventKey) { random(key[:]); return key }

const eventKeyText = "(secret)"

// String hides the key.
func (EventKey) String() string { return eventKeyText }

// Format hides the key from every verb.
func (EventKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, eventKeyText) }

// MarshalText refuses: a key is in no document.
func (EventKey) MarshalText() ([]byte, error) {
	return nil, errors.New("storage: an event's key is not to be written down")
}

// Forgetting says that an event's key was destroyed: nothing leads from its logs to a person any more.
type Forgetting struct {
	At     section.Instant
	Reason string // in the words of whoever asked for it
}

// EventKeys keeps the key of each event, beside the logs and apart from the headers.
type EventKeys interface {
	// PutEventKey makes key the event's, durably; the event need not be there yet. The same key again is no error.
	// ErrExists: another one stands, or the event is forgotten.
	PutEventKey(ctx context.Context, id EventID, key EventKey) error
	// EventKey answers the key; ErrNotFound when there is none (any more).
	EventKey(ctx context.Context, id EventID) (EventKey, error)
	// ForgetEvent marks the event, remembers the call's key as SetSale does, and destroys the event's key. nil means
	// that all of it is durable. A store that cannot do it in one write marks first: after a crash in between, both the
	// next call and the next start destroy the key. An event that is marked already keeps its mark. ErrNotFound;
	// ErrOnSale: the sale is neither closed nor the event deleted; *RepeatedError (the key is gone); ErrTooManyKeys;
	// ErrUnknown: it may be done in part, so repeat.
	ForgetEvent(ctx context.Context, id EventID, why Forgetting, key OperatorKey) error
}

// Forgettable says whether the event's key may be destroyed: its sale is closed, or it is deleted.
func (e *Event) Forgettable() bool {
	return e.Sale == SaleClosed || e.Sale == SaleDeleted || e.Sale == SaleCancelled
}

// Sellable says whether the sale may be switched so: an event whose key is gone can only be closed, deleted or called
// off.
func (e *Event) Sellable(sale SaleState) bool {
	return e.Forgotten == nil || sale == SaleClosed || sale == SaleDeleted || sale.Off()
}
