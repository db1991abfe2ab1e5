package cluster

import (
	"time"

	"holdfast/storage"
)

// judge says who of those in gossip is a member. Under mu.
func (n *Node) judge() *Company {
	others := n.membership.others()
	c := &Company{Members: others}
	if n.opts.Rows != nil {
		c = n.kin.Judge(others, n.self.State, n.opts.Rows.Rows(), time.Now(), n.opts.MeetWithin)
		c.Unmet = n.membership.without(c.Unmet)
	}
	n.company.Store(c)
	if c.Look && n.ctx.Err() == nil {
		n.opts.Rows.LookNow()
	}
	return c
}

// Company is who was found among those in gossip. Not to be changed.
func (n *Node) Company() *Company { return n.company.Load() }

// Looked has the rows judged anew: Options.Rows has others.
func (n *Node) Looked() { n.membership.touch() }

// MayServe says why this node must not own anything now; empty: it may. Before it has called all whom it was told to
// join, it does not know what house it would open.
func (n *Node) MayServe() (why string) {
	if !n.sought.Load() {
		return "the nodes to join have not been called yet"
	}
	return n.company.Load().Yield
}

// reported is what the log has been told of the company.
type reported struct {
	strangers map[storage.WriterID]string
	unmet     map[storage.WriterID]string
	yield     string
}

// report logs what is new about the company: each thing once when it begins, and once when it is over.
func (n *Node) report(said *reported) {
	c, log := n.company.Load(), n.opts.Logger
	strangers, unmet := map[storage.WriterID]string{}, map[storage.WriterID]string{}
	for i := range c.Strangers {
		s := &c.Strangers[i]
		strangers[s.Writer] = s.Name
		if _, old := said.strangers[s.Writer]; !old {
			log.Error("ALARM: a stranger in the gossip: no section is given to that node, and nothing asked of it or "+
				"answered to it",
				"alarm", "stranger", "node", s.Name, "address", s.Peer, "api", s.API, "why", s.Why)
		}
	}
	for _, r := range c.Unmet {
		unmet[r.Writer] = r.Name
		if _, old := said.unmet[r.Writer]; !old {
			log.Error("ALARM: a living node on this database that gossip does not know: what it claims cannot be "+
				"reached from here",
				"alarm", "unmet", "node", r.Name, "gossip", r.Gossip, "clustered", r.Gossip != "")
		}
	}
	for w := range said.strangers {
		if _, still := strangers[w]; !still {
			log.Info("no stranger any more, or gone", "node", said.strangers[w])
		}
	}
	for w := range said.unmet {
		if _, still := unmet[w]; !still {
			log.Info("met in gossip, or gone", "node", said.unmet[w])
		}
	}
	switch {
	case c.Yield != "" && said.yield == "":
		log.Error("ALARM: this node claims nothing and serves nothing", "alarm", "yields", "why", c.Yield)
	case c.Yield == "" && said.yield != "":
		log.Info("this node may serve")
	}
	*said = reported{strangers, unmet, c.Yield}
}
