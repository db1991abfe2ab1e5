package memstore

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// RememberKey implements storage.Catalog.
func (s *Store) RememberKey(ctx context.Context, key storage.OperatorKey) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	if err := s.data.meet(key); err != nil {
		return err
	}
	return s.data.remember(key)
}

// meet is *storage.RepeatedError when the key stands.
func (d *data) meet(key storage.OperatorKey) error {
	if first, stands := d.keys[key.Request]; stands {
		return &storage.RepeatedError{First: first}
	}
	return nil
}

func (d *data) remember(key storage.OperatorKey) error {
	if key.Request == (section.RequestID{}) {
		return nil
	}
	var all []storage.OperatorKey
	for _, other := range d.keys {
		if other.Event == key.Event {
			all = append(all, other)
		}
	}
	slices.SortFunc(all, func(a, b storage.OperatorKey) int {
		return cmp.Or(cmp.Compare(b.At, a.At), bytes.Compare(a.Request[:], b.Request[:]))
	})
	stale, full := storage.StaleKeys(all, key.At)
	if full {
		return storage.ErrTooManyKeys
	}
	for _, other := range stale {
		delete(d.keys, other.Request)
	}
	d.keys[key.Request] = key
	return nil
}

// OperatorKey implements storage.Catalog.
func (s *Store) OperatorKey(ctx context.Context, request section.RequestID) (storage.OperatorKey, error) {
	if err := s.usable(ctx); err != nil {
		return storage.OperatorKey{}, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	key, stands := s.data.keys[request]
	if !stands {
		return key, storage.ErrNotFound
	}
	return key, nil
}

// ForgetKey implements storage.Catalog.
func (s *Store) ForgetKey(ctx context.Context, request section.RequestID) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	delete(s.data.keys, request)
	return nil
}

// OperatorKeys implements storage.Catalog.
func (s *Store) OperatorKeys(ctx context.Context, visit func(storage.OperatorKey) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.RLock()
	all := slices.Collect(maps.Values(s.data.keys))
	s.data.mu.RUnlock()
	slices.SortFunc(all, func(a, b storage.OperatorKey) int { return bytes.Compare(a.Request[:], b.Request[:]) })
	for _, key := range all {
		if err := visit(key); err != nil {
			return err
		}
	}
	return nil
}
