package node

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"holdfast/api"
	"holdfast/storage"
)

// useSecret gives the outside what is derived from the store's secret.
func (n *Node) useSecret(ctx context.Context, outside *api.Config) (err error) {
	if outside.Persons, err = personsKey(ctx, n.store); err != nil {
		return err
	}
	return n.keepWaitingRooms(ctx, outside, n.store)
}

// personsKey is the key under which limits know buyers on all nodes of a store, in Redis too: whoever reads there finds
// nobody's name, and nothing that is in a log (P14).
func personsKey(ctx context.Context, store storage.Store) (key storage.EventKey, err error) {
	secret, err := store.Secret(ctx)
	if err != nil {
		return key, fmt.Errorf("reading the store's secret: %w", err)
	}
	derived, err := hkdf.Key(sha256.New, secret[:], nil, "holdfast persons v1", len(key))
	if err != nil {
		return key, fmt.Errorf("deriving a key: %w", err)
	}
	copy(key[:], derived)
	return key, nil
}
