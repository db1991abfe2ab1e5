package memstore

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// SaveSnapshot implements storage.Snapshots.
func (s *Store) SaveSnapshot(ctx context.Context, key storage.SectionKey, snapshot storage.Snapshot) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	if s.data.snapshots[key].Seq > snapshot.Seq {
		return nil // a slow writer must not put an older one over a newer
	}
	snapshot.Body = bytes.Clone(snapshot.Body)
	s.data.snapshots[key] = snapshot
	return nil
}

// LoadSnapshot implements storage.Snapshots.
func (s *Store) LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return storage.Snapshot{}, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	snapshot, ok := s.data.snapshots[key]
	if !ok {
		return storage.Snapshot{}, storage.ErrNotFound
	}
	snapshot.Body = bytes.Clone(snapshot.Body)
	return snapshot, nil
}

// CreateEvent implements storage.Catalog.
func (s *Store) CreateEvent(ctx context.Context, e *storage.Event, venue []byte) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	if _, ok := s.data.events[e.ID]; ok {
		return storage.ErrExists
	}
	s.data.events[e.ID] = e.Clone()
	s.data.venues[e.ID] = bytes.Clone(venue)
	return nil
}

// SetSale implements storage.Catalog.
func (s *Store) SetSale(
	ctx context.Context, id storage.EventID, sale storage.SaleState, key storage.OperatorKey,
) error {
	return s.ChangeSale(ctx, id, onsale.Change{Sale: sale}, key)
}

// ChangeSale implements storage.Catalog.
func (s *Store) ChangeSale(
	ctx context.Context, id storage.EventID, change onsale.Change, key storage.OperatorKey,
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
	if !ok {
		return storage.ErrNotFound
	}
	changed := e.Clone()
	if err := changed.Switch(change); err != nil {
		return err
	}
	if err := s.data.remember(key); err != nil {
		return err
	}
	s.data.events[id] = changed
	return nil
}

// Event implements storage.Catalog.
func (s *Store) Event(ctx context.Context, id storage.EventID) (*storage.Event, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	e, ok := s.data.events[id]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return e.Clone(), nil
}

// Venue implements storage.Catalog.
func (s *Store) Venue(ctx context.Context, id storage.EventID) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	venue, ok := s.data.venues[id]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return bytes.Clone(venue), nil
}

// Events implements storage.Catalog.
func (s *Store) Events(ctx context.Context) ([]*storage.Event, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	events := make([]*storage.Event, 0, len(s.data.events))
	for _, e := range s.data.events {
		events = append(events, e.Clone())
	}
	slices.SortFunc(events, storage.CompareEvents)
	return events, nil
}

// Tickets implements storage.Tickets. visit runs outside the store's lock.
func (s *Store) Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.RLock()
	rows := maps.Clone(s.data.tickets[key])
	s.data.mu.RUnlock()
	for _, seat := range slices.Sorted(maps.Keys(rows)) {
		if err := visit(section.Ticket{Seat: section.SeatIndex(seat), Booking: rows[seat]}); err != nil {
			return err
		}
	}
	return nil
}

// Beat implements storage.Nodes.
func (s *Store) Beat(ctx context.Context, b storage.NodeBeat) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	s.data.nodes[b.Writer] = b
	return nil
}

// Nodes implements storage.Nodes, in order of writer.
func (s *Store) Nodes(ctx context.Context) ([]storage.NodeBeat, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.data.nodes), func(a, b storage.NodeBeat) int {
		return bytes.Compare(a.Writer[:], b.Writer[:])
	}), nil
}

// Forget implements storage.Nodes.
func (s *Store) Forget(ctx context.Context, w storage.WriterID) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	delete(s.data.nodes, w)
	return nil
}
