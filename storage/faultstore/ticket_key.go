package faultstore

import (
	"context"

	"holdfast/storage"
)

// PutTicketKey implements storage.TicketKeys.
func (s *Store) PutTicketKey(ctx context.Context, key storage.TicketKey) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.PutTicketKey(ctx, key)
}

// TicketKeys implements storage.TicketKeys.
func (s *Store) TicketKeys(ctx context.Context) ([]storage.TicketKey, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return nil, err
	}
	return s.inner.TicketKeys(ctx)
}
