package storectl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/cmd/holdfast/keyfile"
	"holdfast/cmd/holdfast/pause"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// newIDWatch is how long the heartbeats are watched: longer than a node that lives lets its row stand still.
const newIDWatch = 3 * time.Second

// Identity is a database that no node lives on, and its id.
type Identity struct {
	ID     storage.StoreID
	Events int // how many are kept in it

	store *sqlstore.Store
	rows  []storage.NodeBeat // of nodes that are gone
}

// OpenIdentity watches the heartbeats of a database for a moment. It is an error that names the nodes when some live.
func OpenIdentity(ctx context.Context, address string) (*Identity, error) {
	if err := keyfile.CheckStore(address); err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{AttemptTimeout: commandTimeout})
	if err != nil {
		return nil, err
	}
	d := &Identity{store: store}
	if err := d.look(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return d, nil
}

func (d *Identity) look(ctx context.Context) error {
	events, err := d.store.Events(ctx)
	if err != nil {
		return err
	}
	d.Events = len(events)
	if d.ID, err = d.store.StoreID(ctx); err != nil {
		return err
	}
	d.rows, err = deadRows(ctx, d.store)
	return err
}

// Renew removes the heartbeats of those that are gone, and gives the database another id.
func (d *Identity) Renew(ctx context.Context) (before, after storage.StoreID, err error) {
	for _, r := range d.rows {
		if err := d.store.Forget(ctx, r.Writer); err != nil {
			return before, after, err
		}
	}
	return d.store.NewStoreID(ctx)
}

// Close closes the database.
func (d *Identity) Close() error { return d.store.Close() }

// deadRows are the heartbeat rows, if none of them moves. The error names the nodes that live.
func deadRows(ctx context.Context, store *sqlstore.Store) ([]storage.NodeBeat, error) {
	before, err := store.Nodes(ctx)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	if !pause.For(ctx, newIDWatch) {
		return nil, ctx.Err()
	}
	now, err := store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var living []string
	for _, r := range now {
		if !slices.Contains(before, r) {
			living = append(living, r.Name)
		}
	}
	if len(living) > 0 {
		return nil, fmt.Errorf("nodes live on this database: %s. Stop them first, or choose the other database: what "+
			"they sell from must keep its id", strings.Join(living, ", "))
	}
	return now, nil
}
