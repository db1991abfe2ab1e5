package faultstore

import (
	"context"

	"holdfast/storage"
)

// PutEventKey implements storage.EventKeys.
func (s *Store) PutEventKey(ctx context.Context, id storage.EventID, key storage.EventKey) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.PutEventKey(ctx, id, key)
}

// EventKey implements storage.EventKeys.
func (s *Store) EventKey(ctx context.Context, id storage.EventID) (storage.EventKey, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return storage.EventKey{}, err
	}
	return s.inner.EventKey(ctx, id)
}

// ForgetEvent implements storage.EventKeys.
func (s *Store) ForgetEvent(
	ctx context.Context, id storage.EventID, why storage.Forgetting, key storage.OperatorKey,
) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.ForgetEvent(ctx, id, why, key)
}
