package faultstore

import (
	"context"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// SaveSnapshot implements storage.Snapshots.
func (s *Store) SaveSnapshot(ctx context.Context, key storage.SectionKey, snapshot storage.Snapshot) error {
	if err := s.guard(ctx, sectionCall(OpSaveSnapshot, key)); err != nil {
		return err
	}
	return s.inner.SaveSnapshot(ctx, key, snapshot)
}

// LoadSnapshot implements storage.Snapshots.
func (s *Store) LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	if err := s.guard(ctx, sectionCall(OpLoadSnapshot, key)); err != nil {
		return storage.Snapshot{}, err
	}
	return s.inner.LoadSnapshot(ctx, key)
}

// CreateEvent implements storage.Catalog.
func (s *Store) CreateEvent(ctx context.Context, e *storage.Event, venue []byte) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.CreateEvent(ctx, e, venue)
}

// SetSale implements storage.Catalog.
func (s *Store) SetSale(
	ctx context.Context, id storage.EventID, sale storage.SaleState, key storage.OperatorKey,
) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.SetSale(ctx, id, sale, key)
}

// ChangeSale implements storage.Catalog.
func (s *Store) ChangeSale(
	ctx context.Context, id storage.EventID, change onsale.Change, key storage.OperatorKey,
) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.ChangeSale(ctx, id, change, key)
}

// RememberKey implements storage.Catalog.
func (s *Store) RememberKey(ctx context.Context, key storage.OperatorKey) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.RememberKey(ctx, key)
}

// OperatorKey implements storage.Catalog.
func (s *Store) OperatorKey(ctx context.Context, request section.RequestID) (storage.OperatorKey, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return storage.OperatorKey{}, err
	}
	return s.inner.OperatorKey(ctx, request)
}

// ForgetKey implements storage.Catalog.
func (s *Store) ForgetKey(ctx context.Context, request section.RequestID) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.ForgetKey(ctx, request)
}

// OperatorKeys implements storage.Catalog.
func (s *Store) OperatorKeys(ctx context.Context, visit func(storage.OperatorKey) error) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.OperatorKeys(ctx, visit)
}

// Event implements storage.Catalog.
func (s *Store) Event(ctx context.Context, id storage.EventID) (*storage.Event, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return nil, err
	}
	return s.inner.Event(ctx, id)
}

// Venue implements storage.Catalog.
func (s *Store) Venue(ctx context.Context, id storage.EventID) ([]byte, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return nil, err
	}
	return s.inner.Venue(ctx, id)
}

// Events implements storage.Catalog.
func (s *Store) Events(ctx context.Context) ([]*storage.Event, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return nil, err
	}
	return s.inner.Events(ctx)
}

// Secret implements storage.Catalog.
func (s *Store) Secret(ctx context.Context) ([32]byte, error) {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return [32]byte{}, err
	}
	return s.inner.Secret(ctx)
}

// Tickets implements storage.Tickets.
func (s *Store) Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	if err := s.guard(ctx, sectionCall(OpTickets, key)); err != nil {
		return err
	}
	return s.inner.Tickets(ctx, key, visit)
}

// Beat implements storage.Nodes.
func (s *Store) Beat(ctx context.Context, b storage.NodeBeat) error {
	if err := s.guard(ctx, call{op: OpNodes}); err != nil {
		return err
	}
	return s.inner.Beat(ctx, b)
}

// Nodes implements storage.Nodes.
func (s *Store) Nodes(ctx context.Context) ([]storage.NodeBeat, error) {
	if err := s.guard(ctx, call{op: OpNodes}); err != nil {
		return nil, err
	}
	return s.inner.Nodes(ctx)
}

// Forget implements storage.Nodes.
func (s *Store) Forget(ctx context.Context, w storage.WriterID) error {
	if err := s.guard(ctx, call{op: OpNodes}); err != nil {
		return err
	}
	return s.inner.Forget(ctx, w)
}

// Sections implements storage.Store.
func (s *Store) Sections(ctx context.Context) ([]storage.SectionKey, error) {
	if err := s.guard(ctx, call{op: OpSections}); err != nil {
		return nil, err
	}
	return s.inner.Sections(ctx)
}

// Close closes the inner store.
func (s *Store) Close() error { return s.inner.Close() }
