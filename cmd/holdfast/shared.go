package main

import (
	"context"
	"fmt"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/cluster"
	"holdfast/storage/sqlstore"
)

// catalogEvery is how soon a sale switch thrown on one node counts on the others: one small statement a node.
const catalogEvery = 2 * time.Second

// openShared opens a database that other nodes may use too: the store, the books beside it, and a heart, which waits
// until it knows of every other node whether it lives. A server that does not answer ends the start at once: whoever
// starts a node wants to hear of a wrong address now, and a supervisor repeats the start anyway.
func (n *Node) openShared(ctx context.Context, c *config, config *actors.Config) error {
	if err := checkStoreSecrets(c.Store); err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, c.Store, sqlOptions(c, n))
	if err != nil {
		return err
	}
	n.store, n.sql, n.payments = store, store, sandbox.OpenShared(store)
	lanes, group := store.Shape()
	n.log.Info("database", "address", sqlstore.Redacted(c.Store), "server", store.Server().Version, "connections", lanes, "records_per_write", group)
	if sqlstore.Exposed(c.Store) {
		n.log.Warn("the database is on another machine and its certificate is not checked: whoever stands between can change what is sold; use sslmode=verify-full")
	}
	n.heart, err = cluster.Start(ctx, cluster.Config{
		Nodes: store, Writer: config.Writer, Name: config.Name, Logger: n.log, Freed: n.inherit, Overslept: n.doubt,
	})
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	began := time.Now()
	if err := n.heart.Settle(ctx); err != nil {
		return fmt.Errorf("waiting to know who else is alive: %w", err)
	}
	n.log.Info("who else is there is known", "alive", n.heart.Others(), "took", time.Since(began).Round(time.Millisecond))
	config.Lease = n.heart.Lease
	config.MayClaim, config.CommitLanes, config.CommitGroup, config.CatalogEvery = n.heart.MayClaim, lanes, group, catalogEvery
	return nil
}

func sqlOptions(c *config, n *Node) sqlstore.Options {
	return sqlstore.Options{
		Migrate: c.Migrate, Lanes: c.StoreConnections, AttemptTimeout: c.StoreTimeout,
		Logf:     storeLogf(n.log),
		Alarm:    n.tellStore,
		Migrated: func(steps []string) { n.log.Info("the database's schema was changed", "steps", steps) },
	}
}

// tellStore is a line for the beginning of the database's trouble, and one for its end.
func (n *Node) tellStore(a sqlstore.Alarm) {
	if a.On {
		n.log.Error("ALARM: "+a.Text, "alarm", a.Name, "error", a.Err)
		return
	}
	n.log.Info(a.Text, "alarm", a.Name)
}

// inherit takes over what a node that has gone left behind, before anybody asks for it.
func (n *Node) inherit() {
	if engine := n.heir.Load(); engine != nil {
		engine.ClaimStopped()
	}
}

// doubt looks whether what this node believes to have is still its own.
func (n *Node) doubt() {
	if engine := n.heir.Load(); engine != nil {
		engine.CheckOwners()
	}
}

// standsBy says that another node sells from this database and this one has none of it: requests sent here would only
// be refused. A database that does not answer is no reason to say so: the map and the pages are still served, and a
// refusal with Retry-After tells buyers more than a balancer that has nobody left.
func (n *Node) standsBy() bool {
	return n.heart != nil && n.cluster == nil && n.engine.Stats().SectionsServing.Load() == 0 && n.engine.Foreign() > 0
}
