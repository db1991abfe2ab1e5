package memstore

import (
	"context"

	"holdfast/storage"
)

// PutEventKey implements storage.EventKeys.
func (s *Store) PutEventKey(ctx context.Context, id storage.EventID, key storage.EventKey) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	if e := s.data.events[id]; e != nil && e.Forgotten != nil {
		return storage.ErrExists
	}
	if standing, there := s.data.eventKeys[id]; there && standing != key {
		return storage.ErrExists
	}
	s.data.eventKeys[id] = key
	return nil
}

// EventKey implements storage.EventKeys.
func (s *Store) EventKey(ctx context.Context, id storage.EventID) (key storage.EventKey, err error) {
	if err := s.usable(ctx); err != nil {
		return key, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	key, there := s.data.eventKeys[id]
	if !there {
		return key, storage.ErrNotFound
	}
	return key, nil
}

// ForgetEvent implements storage.EventKeys.
func (s *Store) ForgetEvent(
	ctx context.Context, id storage.EventID, why storage.Forgetting, key storage.OperatorKey,
) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	if err := s.data.meet(key); err != nil {
		return err
	}
	e, ok := s.data.events[id]
	switch {
	case !ok:
		return storage.ErrNotFound
	case !e.Forgettable():
		return storage.ErrOnSale
	}
	if err := s.data.remember(key); err != nil {
		return err
	}
	if e.Forgotten == nil {
		e.Forgotten = &why
	}
	delete(s.data.eventKeys, id)
	return nil
}
