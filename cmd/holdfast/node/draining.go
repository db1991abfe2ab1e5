package node

import (
	"bytes"
	"context"
	"slices"
	"time"

	"holdfast/api/operate"

	"holdfast/cluster"
)

// DrainCluster has this node give its sections away and own none until it is told otherwise, whoever else there is; it
// forwards and answers all the while. It returns at once.
func (n *Node) DrainCluster(drain bool) error { return n.drainCluster(drain, true) }

// drainSettles is how long an unforced drain may be taken back: gossip tells of a drain within some tenths of a second.
const drainSettles = 3 * time.Second

// drainCluster is DrainCluster that, without force, is refused to the last node that could serve: operate.ErrLastNode.
//
// Two nodes that are asked in the same moment each see the other serving. Neither can know better, so both begin, and
// the one with the lower id takes its drain back once gossip tells that nobody serves: see settleDrain. The limit of it
// is what gossip knows: two halves of a cluster that do not hear of each other each keep somebody, and a node that is
// stopped (SIGTERM) is not asked.
func (n *Node) drainCluster(drain, force bool) error {
	if n.cluster == nil {
		return errAlone
	}
	n.drainMu.Lock()
	defer n.drainMu.Unlock()
	if drain && !force && !n.draining.Load() && !n.successorReached() {
		return operate.ErrLastNode
	}
	if n.draining.Swap(drain) == drain {
		if force {
			n.unsettled = time.Time{}
		}
		return nil
	}
	if !drain {
		n.endDrain()
		n.announceState()
		n.engine.Resume()
		return nil
	}
	n.unsettled = time.Time{}
	if !force {
		n.unsettled = time.Now().Add(drainSettles)
	}
	var ctx context.Context
	ctx, n.endDrain = context.WithCancel(context.Background())
	go n.releaseSections(ctx)
	return nil
}

// successorReached says that another node serves, and could be handed this one's sections.
func (n *Node) successorReached() bool {
	return slices.ContainsFunc(n.cluster.View().Members(), func(m cluster.Member) bool {
		return m.Writer != n.writer && m.State == cluster.Serving && n.cluster.Up(m.Writer)
	})
}

// settleDrain takes an unforced drain back that was begun in the same moment as that of the last other node.
func (n *Node) settleDrain() {
	n.drainMu.Lock()
	unsettled := n.draining.Load() && time.Now().Before(n.unsettled)
	n.drainMu.Unlock()
	if unsettled && !n.stopping.Load() && lastToDrain(n.cluster.View(), n.writer) {
		n.log.Warn("the drain of this node is taken back: every other node drains too, and nobody would serve; " +
			"--force drains it all the same")
		_ = n.drainCluster(false, false) // an error says that there is no cluster
	}
}

// lastToDrain says that nobody serves, that others drain, and that of those that do this node has the lowest id.
func lastToDrain(v *cluster.View, me [16]byte) bool {
	drains := 0
	for _, m := range v.Members() {
		switch {
		case m.State == cluster.Serving:
			return false
		case m.State != cluster.Draining || m.Writer == me:
		case bytes.Compare(m.Writer[:], me[:]) < 0:
			return false
		default:
			drains++
		}
	}
	return drains > 0
}
