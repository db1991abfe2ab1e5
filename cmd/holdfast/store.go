package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage/sqlstore"
)

// storeCommand is what an operator does about a store that lost something, or was restored.
type storeCommand struct {
	NewID      newIDCommand      `cmd:"" name:"new-id" help:"Make a restored copy of a database a store of its own."`
	AcceptLoss acceptLossCommand `cmd:"" help:"Show what a store has lost of what was acknowledged; with --yes, go on without it."`
}

type acceptLossCommand struct {
	sourceFlags
	StateDir string `help:"With --store: the folder of the node that remembers, as given to serve." placeholder:"DIR"`
	Yes      bool   `help:"Accept the loss. Without it nothing is changed."`
}

// Help is shown by holdfast store accept-loss --help.
func (acceptLossCommand) Help() string {
	return `Examples:

  holdfast store accept-loss --data /var/lib/holdfast
  holdfast store accept-loss --data /var/lib/holdfast --yes
  holdfast store accept-loss --store 'postgres://…' --state-dir /var/lib/holdfast-n1 --yes

Lists every section whose log lacks records that were acknowledged, and says up to where it is whole. Buyers were told of what is missing:
they may have paid. Restore it if anything can; accept the loss only if nothing can. holdfast audit finds charges without bookings.

With --yes what the store holds counts from now on: the loss is written into accepted-losses.jsonl beside the marks, and the next start
serves the sections. Seats that were sold in what is lost are free again. No booking number is given a second time. The server, or this
node, must be stopped. In a cluster each node remembers for itself: stop all nodes, run it for each --state-dir, then start them.

Exit code: 0 nothing is missing, or the loss was accepted; 1 something is missing; 2 it could not be looked at.`
}

// Run shows what is missing, and accepts it when told so.
func (a *acceptLossCommand) Run(c *console) error {
	dir := cmp.Or(a.Data, a.StateDir)
	switch {
	case a.Data != "" && a.StateDir != "":
		return errors.New("--state-dir is for --store: with --data its folder holds what was acknowledged")
	case dir == "":
		return errors.New("--state-dir DIR is needed with --store: nobody else remembers what the database has lost")
	}
	found, err := storectl.FindLosses(c.ctx, a.source(), dir)
	if err != nil {
		return err
	}
	for i := range found {
		if _, err := fmt.Fprintln(c.out, "LOST", found[i].Why); err != nil {
			return err
		}
	}
	switch {
	case len(found) == 0:
		_, err = fmt.Fprintln(c.out, "nothing is missing, as far as is remembered in", dir)
		return err
	case !a.Yes:
		_, err = fmt.Fprintf(c.out, "%s; nothing was changed. --yes accepts the loss: seats sold in what is missing "+
			"are free again\n", terminal.Numbered(len(found), "loss"))
		return cmp.Or(err, errFindings)
	}
	if err := storectl.AcceptLosses(a.Data, dir, found); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "accepted, and written into %s\n", filepath.Join(dir, storectl.AcceptedFile))
	return err
}

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
