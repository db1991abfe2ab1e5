package memstore

import (
	"context"
	"maps"

	"holdfast/storage"
)

// frozen hides the writing half of a handle on a copy.
type frozen struct {
	storage.Frozen
}

// Freeze implements storage.Freezer: the instant is a copy under the lock. Records and snapshots are never changed in place and are
// shared; logs, tickets and the list of snapshots are copied.
func (s *Store) Freeze(ctx context.Context) (storage.Frozen, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	copied := &data{
		logs:      make(map[storage.SectionKey]*log, len(s.data.logs)),
		tickets:   maps.Clone(s.data.tickets),
		snapshots: maps.Clone(s.data.snapshots),
	}
	for key, l := range s.data.logs {
		whole := *l
		copied.logs[key] = &whole
	}
	for key, rows := range copied.tickets {
		copied.tickets[key] = maps.Clone(rows)
	}
	return frozen{&Store{data: copied}}, nil
}
