package sqlstore

import (
	"context"
	"fmt"

	"holdfast/storage"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Standbys says whether a commit is on more than one machine when it is acknowledged.
type Standbys struct {
	// Waits: a failover to a standby that was waited for loses nothing.
	Waits bool
	// Says is that in words, for an operator.
	Says string
}

// Standbys asks the server whom its commits wait for. It is asked once, at a start: the server's settings may change
// later.
func (s *Store) Standbys(ctx context.Context) (Standbys, error) {
	if s.server.Cockroach {
		return Standbys{true, "commits wait for a majority of the database's replicas"}, nil
	}
	var names, commit string
	var following, waitedFor int
	err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		return c.QueryRow(ctx, sql("standbys")).Scan(&names, &commit, &following, &waitedFor)
	})
	if err != nil {
		return Standbys{}, fmt.Errorf("sqlstore: whom commits wait for: %w", err)
	}
	return judgeStandbys(names, commit, following, waitedFor), nil
}

func judgeStandbys(names, commit string, following, waitedFor int) Standbys {
	switch {
	case names == "":
		return Standbys{false, fmt.Sprintf("commits wait for no standby (synchronous_standby_names is empty, %d "+
			"follow): "+
			"a failover, or the loss of the server's disk, loses what was acknowledged last", following)}
	case commit == "local" || commit == "off":
		return Standbys{false, fmt.Sprintf("commits wait for no standby (synchronous_commit = %s, although "+
			"synchronous_standby_names is %q): "+
			"a failover loses what was acknowledged last", commit, names)}
	case commit == "remote_write":
		return Standbys{true, fmt.Sprintf("commits wait until standbys have written them (%q, remote_write, %d of %d "+
			"followers are waited for): "+
			"a power loss of primary and standby together may lose what was acknowledged last", names, waitedFor,
			following)}
	}
	return Standbys{true, fmt.Sprintf("commits wait for standbys (%q, synchronous_commit = %s, %d of %d followers "+
		"are waited for)", names, commit, waitedFor, following)}
}

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
		return before, after, fmt.Errorf("sqlstore: only the role that owns the tables may give the store another "+
			"id: %w", err)
	case err != nil:
		return before, after, err
	case rows != 1:
		return before, after, fmt.Errorf("sqlstore: %w: the store's id has gone", storage.ErrNotFound)
	}
	return before, after, nil
}
