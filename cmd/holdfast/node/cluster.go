package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/config"
	"holdfast/storage"
)

// clusterAdapter is the engine's view of the other nodes, and theirs of the engine: it joins package cluster, which
// knows no seats, with package actors, which knows no network.
//
//	cluster.Node ── ViewChanged, PeerUp, PeerDown, Received ──▶ engine
//	     ▲                                                        │
//	     └──────────────── View, Up, Send ────────────────────────┘
type clusterAdapter struct {
	node   atomic.Pointer[cluster.Node]
	engine atomic.Pointer[actors.Engine]
	view   atomic.Pointer[clusterView]
	gone   *departed
	joined chan struct{} // closed once node is there, or will never be
}

// clusterView is a view as the engine wants it.
type clusterView struct {
	*cluster.View
	peers []storage.WriterID
}

// Peers lists the members.
func (v *clusterView) Peers() []storage.WriterID { return v.peers }

func newClusterAdapter(me storage.WriterID, gone *departed) *clusterAdapter {
	f := &clusterAdapter{gone: gone, joined: make(chan struct{})}
	f.view.Store(&clusterView{View: cluster.NewView(me, nil)})
	return f
}

// View is for the engine: see actors.Peers. So are Up and Send. It is the cluster's newest, whether or not that has
// been told.
func (f *clusterAdapter) View() actors.View {
	known := f.view.Load()
	if n := f.node.Load(); n != nil && n.View() != known.View {
		next := newClusterView(n.View())
		f.view.CompareAndSwap(known, next)
		return next
	}
	return known
}

func newClusterView(v *cluster.View) *clusterView {
	next := &clusterView{View: v}
	for _, m := range v.Members() {
		next.peers = append(next.peers, m.Writer)
	}
	return next
}

// Up is for the engine.
func (f *clusterAdapter) Up(peer storage.WriterID) bool {
	n := f.node.Load()
	return n != nil && n.Up(peer)
}

// Send is for the engine.
func (f *clusterAdapter) Send(to storage.WriterID, message []byte) bool {
	n := f.node.Load()
	return n != nil && n.Send(to, message)
}

// ViewChanged is for the cluster: see cluster.Handler. So are the others.
func (f *clusterAdapter) ViewChanged(v *cluster.View) {
	f.view.Store(newClusterView(v))
	f.gone.see(v, time.Now())
	f.engine.Load().ViewChanged()
}

// PeerUp is for the cluster. The engine answers it by sending, so it waits until that is possible.
func (f *clusterAdapter) PeerUp(peer storage.WriterID) {
	<-f.joined
	f.engine.Load().PeerUp(peer)
}

// PeerDown is for the cluster.
func (f *clusterAdapter) PeerDown(peer storage.WriterID) { f.engine.Load().PeerDown(peer) }

// Received is for the cluster.
func (f *clusterAdapter) Received(from storage.WriterID, message []byte) error {
	return f.engine.Load().Received(from, message)
}

// join makes this node one of the cluster. It owns nothing until keepState finds it fit to.
func (n *Node) join(ctx context.Context, c *config.Config) error {
	if !c.Clustered() {
		return nil
	}
	address, err := n.reachableAddr(c)
	if err != nil {
		return err
	}
	options := cluster.Options{
		Writer: n.writer, Name: n.name, API: address, Build: n.build.String(), GossipListen: c.GossipListen,
		GossipAdvertise: c.GossipAdvertise,
		PeerListen:      c.PeerListen, PeerAdvertise: c.PeerAdvertise, Join: c.Join, Handler: n.adapter, Logger: n.log,
		Store: n.storeID, Rows: n.liveness,
	}
	if c.ClusterKeys != "" {
		if n.keys, err = loadNodeKeys(c.ClusterKeys, n.name, n.log); err != nil {
			return err
		}
		options.Keys = n.keys.keys
	}
	n.answerCalls()
	n.adapter.engine.Store(n.engine)
	defer close(n.adapter.joined)
	node, err := cluster.Join(ctx, options)
	if err != nil {
		return err
	}
	n.cluster = node
	n.adapter.node.Store(node)
	n.liveness.SetGossip(node.GossipAddress())
	n.engine.ViewChanged()
	n.log.Info("in a cluster", "name", n.name, "gossip", node.GossipAddress(), "join", c.Join, "plaintext", c.Insecure)
	if c.Insecure {
		n.log.Warn("insecure: whoever reaches this node's ports for the cluster is a node")
	}
	go n.keepState()
	go n.watchUse()
	if n.keys != nil {
		go n.keys.watch(n.left)
	}
	return nil
}

// stateEvery is how soon a node that was cut from the store, or is back, says so to the others.
const stateEvery = 50 * time.Millisecond

// keepState tells the others whether this node may own sections: not before it has loaded, not while it is cut from the
// store (they are to take over what it has, once its heartbeat has lapsed), and not when it is to leave. With its first
// beat after an outage it is back: those whose beats come half a second later are to keep what they have.
func (n *Node) keepState() {
	tick := time.NewTicker(stateEvery)
	defer tick.Stop()
	for {
		n.announceState()
		n.settleDrain()
		select {
		case <-tick.C:
		case <-n.left:
			return
		}
	}
}

// announceState says to the others what this node is fit for now, if that is another thing than before.
func (n *Node) announceState() {
	n.stateMu.Lock()
	defer n.stateMu.Unlock()
	if why := n.cluster.MayServe(); why != "" && n.announced == cluster.Serving {
		n.fail(fmt.Errorf("this node must not serve any more: %s", why))
	}
	if now := n.fitFor(); now != n.announced {
		n.log.Info("cluster state", "was", n.announced.String(), "now", now.String())
		n.cluster.SetState(now)
		n.announced = now
	}
}

func (n *Node) fitFor() cluster.State {
	switch {
	case n.draining.Load() || n.stopping.Load():
		return cluster.Draining
	case !n.liveness.Shown() || n.engine.Ready() != nil || n.cluster.MayServe() != "":
		return cluster.Joining
	}
	return cluster.Serving
}

// fail ends this process. It is for a node that sells from another database than most of its gossip: what it holds
// cannot be handed over, and to stop selling now matters more than to stop in good order.
func (n *Node) fail(why error) {
	select {
	case n.failed <- why:
	default:
	}
}

// notFitReason is what readyz says of a node that is not fit.
func (n *Node) notFitReason() error {
	if why := n.cluster.MayServe(); why != "" {
		return fmt.Errorf("%w: %s", errStandsDown, why)
	}
	return errNotFit
}

// errAlone says that there is no cluster that could be asked.
var errAlone = errors.New("this node is part of no cluster")

// releaseSections hands this node's sections to others, as far as there are any who can take them.
func (n *Node) releaseSections(ctx context.Context) {
	if n.cluster == nil {
		return
	}
	n.announceState() // before the engine looks to whom it could give anything
	began, had := time.Now(), n.engine.Stats().SectionsServing.Load()
	switch err := n.engine.ReleaseAll(ctx); {
	case err == nil:
		n.log.Info("all sections handed over", "sections", had, "took", time.Since(began).Round(time.Millisecond))
	case errors.Is(err, actors.ErrNobodyElse):
		n.log.Info("no other node to hand sections to", "sections", had)
	case errors.Is(err, context.Canceled):
		n.log.Info("the drain was undone", "left", n.engine.Stats().SectionsServing.Load())
	default:
		n.log.Warn("not all sections were handed over", "left", n.engine.Stats().SectionsServing.Load(), "error", err)
	}
}

// fit says that this node is in its cluster's view as one that serves, or that no other is: then it is as good as any.
func (n *Node) fit() bool {
	if n.cluster == nil {
		return true
	}
	if n.cluster.MayServe() != "" {
		return false
	}
	me, _ := n.cluster.View().Member(n.writer)
	return me.State == cluster.Serving || me.State == cluster.Joining && n.engine.Ready() == nil && !n.othersServe()
}

func (n *Node) othersServe() bool {
	return slices.ContainsFunc(n.cluster.View().Members(), func(m cluster.Member) bool {
		return m.Writer != n.writer && m.State == cluster.Serving
	})
}
