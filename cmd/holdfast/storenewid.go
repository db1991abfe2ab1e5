package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

type newIDCommand struct {
	Store string `required:"" help:"The copy: postgres://OWNER@HOST/NAME. Keep passwords in HOLDFAST_STORE or a passfile." placeholder:"URL"`
	Yes   bool   `help:"Do it. Without this nothing is changed: it is only told what would be." env:"-"`
}

// Help is shown by holdfast store new-id --help.
func (newIDCommand) Help() string {
	return `Examples:

  holdfast store new-id --store 'postgres://owner@db.example/restored?sslmode=verify-full'
  holdfast store new-id --store 'postgres://owner@db.example/restored?sslmode=verify-full' --yes

A database has an id, and nodes on databases of different ids never work together. A restored copy has the id of its original, and the same
events: if both are sold from, every seat is sold twice, and nothing in either log shows it. So give a copy an id of its own before the first
node is started on it: to try something out, or to go on from it where the original is gone. In the second case see to it that no node
is ever started on the original again.

Nothing else is changed: events, bookings, tickets and their codes stay as they are. Heartbeats of the original's nodes are removed. It runs as
the role that owns the tables, and refuses while a node lives on the database.

Exit code: 0 done, 2 not done.`
}

// newIDWatch is how long the heartbeats are watched: longer than a node that lives lets its row stand still.
const newIDWatch = 3 * time.Second

// Run gives the database another id.
func (n *newIDCommand) Run(c *console) (err error) {
	if err := checkStoreSecrets(n.Store); err != nil {
		return err
	}
	store, err := sqlstore.Open(c.ctx, n.Store, sqlstore.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	events, err := store.Events(c.ctx)
	if err != nil {
		return err
	}
	id, err := store.StoreID(c.ctx)
	if err != nil {
		return err
	}
	rows, err := deadRows(c.ctx, store)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.out, "%s: store id %v, %d event(s)\n", sqlstore.Redacted(n.Store), id, len(events)); err != nil {
		return err
	}
	if !n.Yes {
		return errors.New("nothing was changed. With --yes the database gets another id: nodes on it and nodes on whatever it is a copy of will " +
			"refuse each other, and sell the same seats if both are sold from")
	}
	for _, r := range rows {
		if err := store.Forget(c.ctx, r.Writer); err != nil {
			return err
		}
	}
	before, after, err := store.NewStoreID(c.ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "the store id was %v and is %v; start the nodes of the new cluster with a gossip key of their own\n", before, after)
	return err
}

// deadRows are the heartbeat rows, if none of them moves. The error names the nodes that live.
func deadRows(ctx context.Context, store *sqlstore.Store) ([]storage.NodeBeat, error) {
	before, err := store.Nodes(ctx)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	if !pause(ctx, newIDWatch) {
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
		return nil, fmt.Errorf("nodes live on this database: %s. Stop them first, or choose the other database: what they sell from must keep its id", strings.Join(living, ", "))
	}
	return now, nil
}
