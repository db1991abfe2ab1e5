package memstore

import (
	"context"
	"slices"

	"holdfast/storage"
)

// PutTicketKey implements storage.TicketKeys.
func (s *Store) PutTicketKey(ctx context.Context, key storage.TicketKey) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	done, err := key.Follows(s.data.ticketKeys)
	if !done && err == nil {
		s.data.ticketKeys = append(s.data.ticketKeys, key)
	}
	return err
}

// TicketKeys implements storage.TicketKeys.
func (s *Store) TicketKeys(ctx context.Context) ([]storage.TicketKey, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	return slices.Clone(s.data.ticketKeys), nil
}
