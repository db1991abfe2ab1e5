package ticketing

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync"

	"holdfast/actors/section"
	"holdfast/actors/ticket"
	"holdfast/storage"
)

// ErrNoKeys: the keys of tickets cannot be read now. It stands beside the store's own error.
var ErrNoKeys = errors.New("ticketing: the keys of tickets cannot be read")

const (
	keysFresh   section.Millis = 30_000 // how long a node may not know that another has made a key
	keysUnknown section.Millis = 1000   // how often codes of unknown keys have the store read
)

// Key is one key of the house, as it is told.
type Key struct {
	No     uint16
	At     section.Instant // when it was made
	Public ed25519.PublicKey
	Signs  bool // new codes are signed with it
}

// Ring has the house's keys, as the store has them.
type Ring struct {
	store storage.TicketKeys
	now   func() section.Instant

	mu     sync.Mutex
	keys   []ed25519.PrivateKey // by number, from 1
	made   []section.Instant
	readAt section.Instant
}

// NewRing reads nothing yet.
func NewRing(store storage.TicketKeys, now func() section.Instant) *Ring {
	return &Ring{store: store, now: now}
}

// refresh reads the keys unless they were read not longer ago than that. What is known stays while the store is away.
func (r *Ring) refresh(ctx context.Context, fresh section.Millis) error {
	age := section.Millis(r.now() - r.readAt)
	if len(r.keys) > 0 && age >= 0 && age <= fresh {
		return nil
	}
	keys, err := r.store.TicketKeys(ctx)
	if err == nil && len(keys) == 0 {
		if err = r.store.PutTicketKey(ctx, storage.NewTicketKey(1, r.now())); err == nil ||
			errors.Is(err, storage.ErrExists) {
			keys, err = r.store.TicketKeys(ctx)
		}
	}
	switch {
	case err != nil && len(r.keys) == 0:
		return errors.Join(ErrNoKeys, err)
	case err != nil:
		return nil
	}
	r.keys, r.made, r.readAt = r.keys[:0:0], r.made[:0:0], r.now()
	for i := range keys {
		r.keys = append(r.keys, ed25519.NewKeyFromSeed(keys[i].Seed[:]))
		r.made = append(r.made, keys[i].At)
	}
	return nil
}

// Signer is the key that signs, with its number.
func (r *Ring) Signer(ctx context.Context) (number uint16, key ed25519.PrivateKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(ctx, keysFresh); err != nil {
		return 0, nil, err
	}
	return uint16(len(r.keys)), r.keys[len(r.keys)-1], nil
}

// Open reads a code: see ticket.Open; ErrNoKeys. A key that is not known may be one that another node has just made.
func (r *Ring) Open(ctx context.Context, text string) (ticket.Code, error) {
	r.mu.Lock()
	err := r.refresh(ctx, keysFresh)
	public := r.public()
	r.mu.Unlock()
	if err != nil {
		return ticket.Code{}, err
	}
	c, err := ticket.Open(text, public)
	if !errors.Is(err, ticket.ErrUnknownKey) {
		return c, err
	}
	r.mu.Lock()
	err = r.refresh(ctx, keysUnknown)
	public = r.public()
	r.mu.Unlock()
	if err != nil {
		return c, err
	}
	return ticket.Open(text, public)
}

// public finds keys among those that are known now.
func (r *Ring) public() ticket.Public {
	keys := r.keys // not changed in place
	return func(number uint16) ed25519.PublicKey {
		if number == 0 || int(number) > len(keys) {
			return nil
		}
		return keys[number-1].Public().(ed25519.PublicKey)
	}
}

// Keys lists the house's keys, ascending by number.
func (r *Ring) Keys(ctx context.Context) ([]Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refresh(ctx, 0); err != nil {
		return nil, err
	}
	return r.list(), nil
}

func (r *Ring) list() (all []Key) {
	for i, key := range r.keys {
		all = append(all, Key{No: uint16(i + 1), At: r.made[i], Public: key.Public().(ed25519.PublicKey),
			Signs: i+1 == len(r.keys)})
	}
	return all
}

// rotateTries bounds how often others may make a key between a reading and a writing.
const rotateTries = 4

// Rotate makes a new key, which signs from now on: here at once, on other nodes within half a minute. Codes that are
// printed stay valid.
func (r *Ring) Rotate(ctx context.Context) ([]Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := ErrNoKeys
	for range rotateTries {
		if err = r.refresh(ctx, -1); err != nil {
			return nil, err
		}
		err = r.store.PutTicketKey(ctx, storage.NewTicketKey(uint16(len(r.keys)+1), r.now()))
		if !errors.Is(err, storage.ErrExists) {
			break
		}
	}
	if err == nil {
		err = r.refresh(ctx, -1)
	}
	if err != nil {
		return nil, errors.Join(ErrNoKeys, err)
	}
	return r.list(), nil
}
