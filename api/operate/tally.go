package operate

import (
	"holdfast/actors"
	"holdfast/api/wire"
	"holdfast/storage"
)

// tally is the sections of a ClusterState, counted.
type tally struct {
	cluster   *ClusterState
	nodes     map[storage.WriterID]*nodeTally
	event     storage.EventID // the one whose text is eventText
	eventText string
}

// nodeTally is a node, there or gone, as thousands of sections name it.
type nodeTally struct {
	id, name string
	sections int
}

func newTally(state *ClusterState) *tally {
	c := &tally{cluster: state, nodes: map[storage.WriterID]*nodeTally{}}
	for i := range state.Members {
		c.node(state.Members[i].ID).name = state.Members[i].Name
	}
	for i := range state.Gone {
		c.node(state.Gone[i].ID).name = state.Gone[i].Name
	}
	return c
}

func (c *tally) node(id storage.WriterID) *nodeTally {
	p := c.nodes[id]
	if p == nil {
		p = &nodeTally{id: hexID(id)}
		c.nodes[id] = p
	}
	return p
}

func (c *tally) eventOf(id storage.EventID) string {
	if c.event != id || c.eventText == "" {
		c.event, c.eventText = id, id.String()
	}
	return c.eventText
}

// stateOf is a section's state as people want it: what this node does with it, or who else does.
func (c *tally) stateOf(p *actors.ShardStatus) string {
	switch {
	case p.Life != actors.Stopped || !c.cluster.Clustered:
		return p.Life.String()
	case p.Sure:
		return wire.SectionElsewhere
	case p.Passivated:
		return wire.SectionAsleep
	}
	return wire.SectionInDoubt
}

// count takes one section in.
func (c *tally) count(p *actors.ShardStatus, into *wire.Cluster) (state string) {
	state = c.stateOf(p)
	into.Total++
	if state == wire.SectionAsleep { // nobody's, wherever it was
		into.Asleep++
		return state
	}
	c.node(p.Owner).sections++
	if p.Sure {
		into.Serving++
	}
	if state == wire.SectionInDoubt {
		into.InDoubt++
	}
	if p.Owner != p.Placed {
		into.Misplaced++
	}
	if p.Life == actors.Condemned {
		into.Condemned++
	}
	return state
}

func (c *tally) section(p *actors.ShardStatus, state string) wire.ClusterSection {
	owner := c.node(p.Owner)
	return wire.ClusterSection{
		Event: c.eventOf(p.Key.Event), Section: p.Name, State: state, Owner: owner.id, OwnerName: owner.name,
		Epoch: uint64(p.Epoch), Seq: uint64(p.Seq), Behind: uint64(p.Behind), Placed: c.node(p.Placed).id, Sure: p.Sure,
	}
}

func (c *tally) memberAnswer(m *Member) wire.ClusterNode {
	return wire.ClusterNode{
		ID: hexID(m.ID), Name: m.Name, State: m.State, API: m.API, Peer: m.Peer, Build: m.Build, Up: m.Up,
		Self:     m.ID == c.cluster.Self,
		Sections: c.node(m.ID).sections, RoundTrip: float64(m.RoundTrip.Microseconds()) / 1000,
	}
}
