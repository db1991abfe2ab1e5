package node

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/cluster"
)

// uselessAfter is how long a node may reach no section until its /readyz says so: sections move, and a start takes its
// moment.
const uselessAfter = 2 * time.Second

// useEvery is the time between two looks at it.
const useEvery = 250 * time.Millisecond

// watchUse finds out whether this node can serve anybody, until it leaves. A node is of no use that runs no section of
// the events in use and reaches no other's, while other nodes are alive by their heartbeats: it refuses every buyer,
// and they do not. A wrong certificate or gossip key leads there.
//
// It is about this one only. A node that runs sections is ready though no link is up: nobody else could serve those.
// One that others would be no better than is ready too: the database is away from all, no section is in use, or all of
// them are closed for good; a balancer that has nobody left tells buyers less than a refusal does. So never all nodes
// at once are of no use: as long as one section is served, the node that runs it is ready.
func (n *Node) watchUse() {
	tick := time.NewTicker(useEvery)
	defer tick.Stop()
	for {
		select {
		case <-n.left:
			return
		case now := <-tick.C:
			switch since := n.uselessSince.Load(); {
			case n.reaches():
				n.uselessSince.Store(nil)
			case since == nil:
				n.uselessSince.Store(&now)
			}
		}
	}
}

// isUseless says that it has been so for long enough.
func (n *Node) isUseless(now time.Time) bool {
	since := n.uselessSince.Load()
	return since != nil && now.Sub(*since) > uselessAfter
}

// reaches says that buyers have something of this node, or would have no more of another one. It is cheap as long as
// the node runs a section.
func (n *Node) reaches() bool {
	if n.engine.Stats().SectionsServing.Load() > 0 || n.liveness.Others() == 0 {
		return true
	}
	if _, sure := n.liveness.Lease(); !sure || n.engine.Ready() != nil { // another reason counts: see engine.Ready
		return true
	}
	total, reached := 0, 0
	n.engine.ShardStatuses(func(p *actors.ShardStatus) {
		if p.Passivated && !p.Sure {
			return
		}
		total++
		if p.Sure || p.Life == actors.Condemned {
			reached++
		}
	})
	return total == 0 || reached > 0
}

// The codes of troubles that a node knows of itself. They are for ever.
const (
	codeStoreUnreachable   = "store_unreachable"
	codeAppendsFailing     = "appends_failing"
	codeDiskFull           = "disk_full"
	codeNoHeartbeat        = "heartbeat_not_written"
	codeNotReady           = "not_ready"
	codeCertificateExpires = "certificate_expires"
	codeCertificateExpired = "certificate_expired"
	codeKeysNotReloaded    = "keys_not_reloaded"
	codeTurnedAway         = "turned_away"
	codeNodeLeftOut        = "node_left_out"
	codeClockDoubted       = "clock_doubted"
)

// trouble is one thing that is not as it should be, by its code and for people.
type trouble struct{ code, text string }

// troubles are what this node knows to be wrong with itself.
func (n *Node) troubles() (all []trouble) {
	if n.sql != nil && !n.sql.Stats().Reachable() {
		all = append(all, trouble{codeStoreUnreachable,
			"its database does not answer: everything is refused until it does"})
	}
	if n.sql != nil && n.sql.Stats().Reachable() && !n.sql.Stats().AppendsHealthy() {
		all = append(all, trouble{codeAppendsFailing,
			"its database answers and takes no record (a full disk there?): everything is refused until it does"})
	}
	if err := n.writable(); err != nil {
		all = append(all, trouble{codeDiskFull, "it takes nothing: " + err.Error()})
	}
	if n.liveness != nil {
		if _, sure := n.liveness.Lease(); !sure {
			all = append(all, trouble{codeNoHeartbeat,
				"its heartbeat does not reach the database: it claims nothing, and gives up what it has after 2 s"})
		}
	}
	if step, doubted := n.engine.ClockDoubt(); doubted {
		all = append(all, trouble{codeClockDoubted,
			fmt.Sprintf("its wall clock has stepped by %v and is not believed: everything is refused", step)})
	}
	if err := n.Ready(); err != nil && !n.draining.Load() && !errors.Is(err, ErrStandby) {
		all = append(all, trouble{codeNotReady, "it is not ready: " + err.Error()})
	}
	if n.keys != nil {
		all = append(all, n.keys.troubles()...)
	}
	if n.cluster != nil {
		all = append(all, n.turnedAway()...)
		left := n.cluster.LeftOut()
		for _, name := range slices.Sorted(maps.Keys(left)) {
			all = append(all, trouble{codeNodeLeftOut, "it leaves " + name + " out: " + left[name]})
		}
	}
	return all
}

// turnedAway are the handshakes that fail, and the strangers that knock. Whoever only hangs up is a health check.
func (n *Node) turnedAway() (all []trouble) {
	for _, t := range n.cluster.Troubles() {
		if t.Kind.Reason == cluster.ReasonSilent {
			continue
		}
		way, who := "from", t.Newest.Address
		if t.Kind.Side == cluster.SideDialer {
			way = "to"
		}
		if t.Newest.Peer != "" {
			who = t.Newest.Peer + " (" + who + ")"
		}
		all = append(all, trouble{codeTurnedAway, fmt.Sprintf("%s %s %s fails (%s, %d times in the last minute): %s",
			t.Kind.Port, way, who, t.Kind.Reason, t.Count, t.Newest.Why)})
	}
	slices.SortFunc(all, func(a, b trouble) int { return strings.Compare(a.text, b.text) })
	return all
}
