package cluster

import (
	"time"

	"holdfast/storage"
)

// judge says who of those in gossip is a member. Under mu.
func (n *Node) judge() *Identities {
	others := n.membership.others()
	c := &Identities{Members: others}
	if n.opts.Rows != nil {
		c = n.identity.Judge(others, n.self.State, n.opts.Rows.Rows(), time.Now(), n.opts.MeetWithin)
		c.NotInGossip = n.membership.without(c.NotInGossip)
	}
	n.identities.Store(c)
	if c.Look && n.ctx.Err() == nil {
		n.opts.Rows.LookNow()
	}
	return c
}

// Identities is who was found among those in gossip. Not to be changed.
func (n *Node) Identities() *Identities { return n.identities.Load() }

// Looked has the rows judged anew: Options.Rows has others.
func (n *Node) Looked() { n.membership.touch() }

// MayServe says why this node must not own anything now; empty: it may. Before it has called all whom it was told to
// join, it does not know which cluster it would be in.
func (n *Node) MayServe() (why string) {
	if !n.sought.Load() {
		return "the nodes to join have not been called yet"
	}
	return n.identities.Load().StandDown
}

// reported is what the log has been told of the identities.
type reported struct {
	foreign     map[storage.WriterID]string
	notInGossip map[storage.WriterID]string
	standDown   string
}

// report logs what is new about the identities: each thing once when it begins, and once when it is over.
func (n *Node) report(said *reported) {
	c, log := n.identities.Load(), n.opts.Logger
	foreign, notInGossip := map[storage.WriterID]string{}, map[storage.WriterID]string{}
	for i := range c.Foreign {
		s := &c.Foreign[i]
		foreign[s.Writer] = s.Name
		if _, old := said.foreign[s.Writer]; !old {
			log.Error("ALARM: a stranger in the gossip: no section is given to that node, and nothing asked of it or "+
				"answered to it",
				"alarm", "stranger", "node", s.Name, "address", s.Peer, "api", s.API, "why", s.Why)
		}
	}
	for _, r := range c.NotInGossip {
		notInGossip[r.Writer] = r.Name
		if _, old := said.notInGossip[r.Writer]; !old {
			log.Error("ALARM: a living node on this database that gossip does not know: what it claims cannot be "+
				"reached from here",
				"alarm", "unmet", "node", r.Name, "gossip", r.Gossip, "clustered", r.Gossip != "")
		}
	}
	for w := range said.foreign {
		if _, still := foreign[w]; !still {
			log.Info("no stranger any more, or gone", "node", said.foreign[w])
		}
	}
	for w := range said.notInGossip {
		if _, still := notInGossip[w]; !still {
			log.Info("met in gossip, or gone", "node", said.notInGossip[w])
		}
	}
	switch {
	case c.StandDown != "" && said.standDown == "":
		log.Error("ALARM: this node claims nothing and serves nothing", "alarm", "yields", "why", c.StandDown)
	case c.StandDown == "" && said.standDown != "":
		log.Info("this node may serve")
	}
	*said = reported{foreign, notInGossip, c.StandDown}
}
