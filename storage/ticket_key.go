package storage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/actors/section"
)

// TicketKey is what the codes of a house's tickets are signed with: the seed of an Ed25519 key. It is random, kept
// beside the logs, and never printed: no verb of fmt, no encoder and no logger shows it. Keys are numbered from 1; the
// one with the highest number signs, and all of them verify. None is ever changed or dropped: what was printed must be
// read at the door.
type TicketKey struct {
	No   uint16 // from 1, dense
	At   section.Instant
	Seed [32]byte
}

// NewTicketKey makes a key that is like no other.
func NewTicketKey(no uint16, at section.Instant) TicketKey {
	key := TicketKey{No: no, At: at}
	random(key.Seed[:])
	return key
}

// TicketKeysMax bounds the keys of a store.
const TicketKeysMax = 10_000

// String hides the key.
func (TicketKey) String() string { return eventKeyText }

// Format hides the key from every verb.
func (TicketKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, eventKeyText) }

// MarshalJSON refuses: a key is in no document.
func (TicketKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("storage: a key of tickets is not to be written down")
}

// TicketKeys keeps the keys that tickets are signed with.
type TicketKeys interface {
	// PutTicketKey makes a key durable under its number, which is one above the highest, or stands. The same key again
	// is no error. ErrExists: another key has the number, or the number is not the next; ErrUnknown: it may be done, so
	// repeat.
	PutTicketKey(ctx context.Context, key TicketKey) error
	// TicketKeys answers all keys, ascending by number.
	TicketKeys(ctx context.Context) ([]TicketKey, error)
}

// Follows says whether a key may be put beside those that stand: nil, ErrExists; done says that it stands already.
func (k *TicketKey) Follows(standing []TicketKey) (done bool, err error) {
	switch n := len(standing); {
	case k.No >= 1 && int(k.No) <= n && standing[k.No-1] == *k:
		return true, nil
	case int(k.No) != n+1 || n >= TicketKeysMax:
		return false, ErrExists
	}
	return false, nil
}
