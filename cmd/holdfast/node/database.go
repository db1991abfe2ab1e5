package node

import (
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// catalogEvery is how soon a sale switch thrown on one node counts on the others: one small statement a node.
const catalogEvery = 2 * time.Second

// startPatience is how much longer than --store-timeout the first questions to a database are waited for: a machine
// that starts everything at once is slow, and a supervisor that starts it again makes it slower.
const startPatience = 10 * time.Second

// openShared opens a database that other nodes may use too: the store, the books beside it, and the heartbeats, which
// wait until it is known of every other node whether it lives. A server that refuses connections ends the start at
// once: the one who starts a node wants to hear of a wrong address now. One that only is slow is waited for.
func (n *Node) openShared(ctx context.Context, c *config.Config, config *actors.Config) error {
	if err := keyfile.CheckStore(c.Store); err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, c.Store, sqlOptions(c, n))
	if err != nil {
		return err
	}
	n.store, n.sql = store, store
	if c.Inside() {
		n.inside = sandbox.OpenShared(store)
	}
	concurrency, group := store.Shape()
	n.log.Info("database", "address", sqlstore.Redacted(c.Store), "server", store.Server().Version, "connections",
		concurrency, "records_per_write", group)
	if sqlstore.Exposed(c.Store) {
		n.log.Warn("the database is on another machine and its certificate is not checked: whoever stands between " +
			"can change what is sold; use sslmode=verify-full")
	}
	if err := n.logStandbys(ctx); err != nil {
		return err
	}
	if c.StateDir != "" {
		if err := n.remember(c.StateDir); err != nil {
			return err
		}
	}
	if n.storeID, err = store.StoreID(ctx); err != nil {
		return fmt.Errorf("which database this is: %w", err)
	}
	if err := n.startHeartbeats(ctx, c, config.Name); err != nil {
		return err
	}
	config.Lease = n.liveness.Lease
	config.MayClaim, config.CatalogEvery = n.mayClaim, catalogEvery
	config.CommitConcurrency, config.CommitGroup = concurrency, group
	return nil
}

// startHeartbeats returns once it is known of every other node whether it lives.
func (n *Node) startHeartbeats(ctx context.Context, c *config.Config, name string) (err error) {
	n.liveness, err = cluster.Start(ctx, cluster.Config{
		Nodes: n.sql, Writer: n.writer, Name: name, Logger: n.log, OnVacated: n.claimVacated,
		OnStale: n.recheckOwners, Gossip: c.GossipAddress(), Looked: n.rowsRead,
	})
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	began := time.Now()
	if err := n.liveness.Settle(ctx); err != nil {
		return fmt.Errorf("waiting to know who else is alive: %w", err)
	}
	n.log.Info("who else is there is known", "alive", n.liveness.Others(), "took",
		time.Since(began).Round(time.Millisecond))
	if others := n.liveness.Clustered(); len(others) > 0 && !c.Clustered() {
		return forgotten(others)
	}
	return nil
}

func sqlOptions(c *config.Config, n *Node) sqlstore.Options {
	return sqlstore.Options{
		Migrate: c.Migrate, AppendConcurrency: c.StoreConnections, AttemptTimeout: c.StoreTimeout,
		Logf:     terminal.StoreLogf(n.log),
		Alarm:    n.logStoreAlarm,
		Migrated: func(steps []string) { n.log.Info("the database's schema was changed", "steps", steps) },
	}
}

// logStoreAlarm is a line for the beginning of the database's trouble, and one for its end.
func (n *Node) logStoreAlarm(a sqlstore.Alarm) {
	if a.On {
		n.log.Error("ALARM: "+a.Text, "alarm", a.Name, "error", a.Err)
		return
	}
	n.log.Info(a.Text, "alarm", a.Name)
}

// claimVacated takes over what a node that has gone left behind, before anybody asks for it.
func (n *Node) claimVacated() {
	if engine := n.engineOpened.Load(); engine != nil {
		engine.ClaimStopped()
	}
}

// recheckOwners looks whether what this node believes to have is still its own.
func (n *Node) recheckOwners() {
	if engine := n.engineOpened.Load(); engine != nil {
		engine.CheckOwners()
	}
}

// standsBy says that another node sells from this database and this one has none of it: requests sent here would only
// be refused. A database that does not answer is no reason to say so: the map and the pages are still served, and a
// refusal with Retry-After tells buyers more than a balancer that has nobody left.
func (n *Node) standsBy() bool {
	return n.liveness != nil && n.cluster == nil && n.engine.Stats().SectionsServing.Load() == 0 &&
		n.engine.Foreign() > 0
}

// forgotten refuses to be part of no cluster beside one: this node would claim what a node of the cluster leaves
// behind, and none of the others could find it.
func forgotten(others []cluster.Row) error {
	var names, joins []string
	for _, r := range others {
		names = append(names, fmt.Sprintf("%s (gossip %s)", r.Name, r.Gossip))
		joins = append(joins, r.Gossip)
	}
	return fmt.Errorf("a cluster lives on this database, and this node was told to join none: %s. Give it "+
		"--gossip-listen HOST:PORT, --join %s "+
		"and --cluster-keys DIR (or --insecure on loopback addresses). If those nodes are gone for good, start it "+
		"again in a moment: "+
		"their heartbeats lapse after 2 s", strings.Join(names, ", "), strings.Join(joins, ","))
}

// rowsRead has the cluster judge who is on this database, for the heartbeat rows were read anew.
func (n *Node) rowsRead() {
	if n.adapter == nil {
		return
	}
	if node := n.adapter.node.Load(); node != nil {
		node.Looked()
	}
}

// mayClaim is what the heartbeats allow, and the cluster: a node that does not know yet what it would join, or that
// stands down, claims nothing.
func (n *Node) mayClaim(key storage.SectionKey, tail storage.Tail) bool {
	if n.adapter != nil {
		if node := n.adapter.node.Load(); node == nil || node.MayServe() != "" {
			return false
		}
	}
	return n.liveness.MayClaim(key, tail)
}
