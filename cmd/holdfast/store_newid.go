package main

import (
	"errors"
	"fmt"

	"holdfast/cmd/holdfast/storectl"
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

// Run gives the database another id.
func (n *newIDCommand) Run(c *console) (err error) {
	database, err := storectl.OpenIdentity(c.ctx, n.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	if _, err := fmt.Fprintf(c.out, "%s: store id %v, %d event(s)\n", sqlstore.Redacted(n.Store), database.ID,
		database.Events); err != nil {
		return err
	}
	if !n.Yes {
		return errors.New("nothing was changed. With --yes the database gets another id: nodes on it and nodes on " +
			"whatever it is a copy of will " +
			"refuse each other, and sell the same seats if both are sold from")
	}
	before, after, err := database.Renew(c.ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "the store id was %v and is %v; start the nodes of the new cluster with a gossip key "+
		"of their own\n", before, after)
	return err
}
