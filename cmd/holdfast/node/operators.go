package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"holdfast/api/operate"

	"holdfast/actors"
	"holdfast/api/wire"
	"holdfast/api/wire/feeds"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/boundedjson"
	"holdfast/cmd/holdfast/config"
	"holdfast/storage"
)

// The names of what one node's operator may want of another node. A node that does not know one says so.
const (
	callDrain     = "drain"
	callRebalance = "rebalance"
)

// drainRequest is the body of callDrain; the answer is a drainAnswer.
type drainRequest = operate.DrainRequest

// drainAnswer is how the node stands, unless it keeps what it has because it would be the last.
type drainAnswer struct {
	operate.MemberStatus
	LastNode bool
}

// answerCalls says what this node does for operators who ask another. It must be said before the first of the others is
// reached.
func (n *Node) answerCalls() {
	n.engine.Handle(callDrain, func(_ context.Context, body []byte) ([]byte, error) {
		var request drainRequest
		if err := boundedjson.Unmarshal(body, &request); err != nil {
			return nil, fmt.Errorf("the wish to drain is not understood: %w", err)
		}
		standing, err := n.drainSelf(request)
		if err != nil && !errors.Is(err, operate.ErrLastNode) {
			return nil, err
		}
		return json.Marshal(drainAnswer{standing, err != nil})
	})
	n.engine.Handle(callRebalance, func(context.Context, []byte) ([]byte, error) {
		n.engine.Rebalance()
		return nil, nil
	})
}

func (n *Node) drainSelf(request drainRequest) (operate.MemberStatus, error) {
	n.log.Info("an operator wishes a drain of this node", "who", request.By, "undo", request.Undo, "force",
		request.Force)
	if err := n.drainCluster(!request.Undo, request.Force); err != nil {
		return operate.MemberStatus{}, err
	}
	return operate.MemberStatus{State: n.fitFor().String(), Sections: int(n.engine.Stats().SectionsServing.Load())}, nil
}

// operatorAPI is the node as operators see it through the api.
type operatorAPI struct{ node *Node }

// State is for the api: see operate.Cluster. So are the others.
func (f operatorAPI) State() operate.ClusterState {
	n := f.node
	view := n.view()
	look := operate.ClusterState{Self: n.writer, View: view.Version(), Uncertain: n.engine.Stats().Uncertain.Load(),
		Clustered: n.cluster != nil,
		Gone:      n.gone.list(view)}
	for _, s := range n.feed.Status() {
		look.Feeds = append(look.Feeds, feeds.Lag{Sink: s.Name, Behind: s.Behind, Oldest: s.Oldest.Seconds(),
			Stuck: s.Stuck})
	}
	slices.SortFunc(look.Feeds, func(a, b feeds.Lag) int { return cmp.Compare(a.Sink, b.Sink) })
	if n.liveness != nil {
		look.Heartbeats = n.liveness.Others() + 1
	}
	for _, t := range n.troubles() {
		look.Troubles = append(look.Troubles, wire.ClusterTrouble{Code: t.code, Text: t.text})
	}
	links := n.links()
	for _, m := range view.Members() {
		link := links[m.Writer]
		look.Members = append(look.Members, operate.Member{
			ID: m.Writer, Name: m.Name, State: m.State.String(), API: m.API, Peer: m.Peer, Build: m.Build,
			Up: link.Up || m.Writer == n.writer, RoundTrip: link.RoundTrip,
		})
	}
	look.Store = n.storeID
	if n.cluster != nil {
		addOutsiders(&look, n.cluster.Identities())
	}
	return look
}

func addOutsiders(look *operate.ClusterState, c *cluster.Identities) {
	look.StandsDown = c.StandDown
	for i := range c.Foreign {
		s := &c.Foreign[i]
		look.Foreign = append(look.Foreign, operate.ForeignMember{Why: s.Why, Member: operate.Member{
			ID: s.Writer, Name: s.Name, State: s.State.String(), API: s.API, Peer: s.Peer, Build: s.Build,
		}})
	}
	for _, r := range c.NotInGossip {
		look.NotInGossip = append(look.NotInGossip, operate.SilentMember{ID: r.Writer, Name: r.Name, Gossip: r.Gossip})
	}
}

// Shards is for the api.
func (f operatorAPI) Shards(visit func(*actors.ShardStatus)) { f.node.engine.ShardStatuses(visit) }

// Drain is for the api.
func (f operatorAPI) Drain(ctx context.Context, node storage.WriterID,
	request operate.DrainRequest) (standing operate.MemberStatus, err error) {
	n := f.node
	if n.cluster == nil {
		return standing, operate.ErrNotClustered
	}
	if node == n.writer {
		return n.drainSelf(request)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return standing, err
	}
	text, err := n.engine.Call(ctx, node, callDrain, body)
	if err != nil {
		return standing, err
	}
	var answer drainAnswer
	if err := boundedjson.Unmarshal(text, &answer); err != nil {
		return standing, err
	}
	if answer.LastNode {
		return standing, operate.ErrLastNode
	}
	return answer.MemberStatus, nil
}

// Rebalance is for the api.
func (f operatorAPI) Rebalance(ctx context.Context) (unreached []storage.WriterID, err error) {
	n := f.node
	if n.cluster == nil {
		return nil, operate.ErrNotClustered
	}
	n.engine.Rebalance()
	var (
		mu    sync.Mutex
		calls sync.WaitGroup
	)
	for _, m := range n.cluster.View().Members() {
		if m.Writer == n.writer {
			continue
		}
		calls.Go(func() {
			if _, err := n.engine.Call(ctx, m.Writer, callRebalance, nil); err != nil {
				mu.Lock()
				unreached = append(unreached, m.Writer)
				mu.Unlock()
			}
		})
	}
	calls.Wait()
	return unreached, nil
}

// view is the cluster's view; a node that is alone sees itself.
func (n *Node) view() *cluster.View {
	if n.cluster != nil {
		return n.cluster.View()
	}
	return cluster.NewView(n.writer, []cluster.Member{{Writer: n.writer, Name: n.name, API: n.Addr(),
		Build: n.build.String(), State: cluster.Serving}})
}

func (n *Node) links() map[storage.WriterID]cluster.PeerStats {
	if n.cluster == nil {
		return nil
	}
	links := map[storage.WriterID]cluster.PeerStats{}
	for _, s := range n.cluster.Stats() {
		links[s.Peer] = s
	}
	return links
}

// reachableAddr is where others find this node's API: a server that listens on every address of its machine is told to
// them at the one where it is a peer.
func (n *Node) reachableAddr(c *config.Config) (string, error) {
	host, port, err := net.SplitHostPort(n.Addr())
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return n.Addr(), nil
	}
	peer := c.PeerAdvertise
	if peer == "" {
		peer = c.PeerListen
	}
	if host, _, err = net.SplitHostPort(peer); err != nil {
		return "", errors.Join(errors.New("--peer-advertise, --peer-listen"), err)
	}
	return net.JoinHostPort(host, port), nil
}
