package sqlstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
)

// StoreID says which store this is. The migration makes it; where the row has gone missing since, the first process
// that asks makes another. A restored copy has the id of its original; see NewStoreID. The error is the server's.
func (s *Store) StoreID(ctx context.Context) (storage.StoreID, error) {
	id, there, err := s.storeID(ctx)
	if err != nil || there {
		return id, err
	}
	fresh := storage.NewStoreID()
	if _, err := s.exec(ctx, sql("store_id_insert"), fresh[:]); err != nil {
		return id, fmt.Errorf("sqlstore: the store has no id, and none could be made: %w", err)
	}
	id, _, err = s.storeID(ctx)
	return id, err
}

func (s *Store) storeID(ctx context.Context) (id storage.StoreID, there bool, err error) {
	found, err := fetch(ctx, s.present, pgx.RowTo[[]byte], sql("store_id"))
	switch {
	case err != nil || len(found) == 0:
		return id, false, err
	case len(found[0]) != len(id):
		return id, false, fmt.Errorf("sqlstore: %w: store id of %d bytes", storage.ErrFormat, len(found[0]))
	}
	return storage.StoreID(found[0]), true, nil
}

// NewStoreID gives the store another id than it has, which makes it a store of its own: nodes on its original refuse
// those on it, and the other way round. The role must own the tables. Nobody may serve from the store meanwhile:
// whoever calls has to see to that.
func (s *Store) NewStoreID(ctx context.Context) (before, after storage.StoreID, err error) {
	if before, err = s.StoreID(ctx); err != nil {
		return before, after, err
	}
	after = storage.NewStoreID()
	rows, err := s.exec(ctx, sql("store_id_replace"), after[:])
	switch {
	case sqlState(err) == stateInsufficientPrivilege:
		return before, after, fmt.Errorf(
			"sqlstore: only the role that owns the tables may give the store another id: %w", err,
		)
	case err != nil:
		return before, after, err
	case rows != 1:
		return before, after, fmt.Errorf("sqlstore: %w: the store's id has gone", storage.ErrNotFound)
	}
	return before, after, nil
}
