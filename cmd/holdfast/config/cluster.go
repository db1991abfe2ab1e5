package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
)

// Membership is how a node finds others and is found by them. Without it a node on a database stands by for the one
// that sells; with it the sections are shared out over all of them.
type Membership struct {
	// NodeName is shown to people and written into claims; two nodes must not share it. Default: the machine's name.
	NodeName string `help:"This node's name, unlike any other's. Default: the machine's." placeholder:"NAME" group:"Cluster"`
	// Join names gossip addresses of other nodes; the first one of a cluster may be given its own or none. They are
	// tried until one answers, for ever.
	Join []string `help:"Gossip addresses of nodes to share the sections with. The first node of a cluster is given none, and --gossip-listen." placeholder:"HOST:PORT" group:"Cluster"`
	// GossipListen is where this node hears who else is there, UDP and TCP. Default: the host of --listen, on a port of
	// the system's choice; whoever is to be joined needs one that is known. Whoever reaches it must have the cluster's
	// key, unless Insecure.
	GossipListen string `help:"Address for membership, UDP and TCP. Given or with --join, this node is part of a cluster." placeholder:"HOST:PORT" group:"Cluster"`
	// GossipAdvertise is GossipListen as others reach it, behind an address translation.
	GossipAdvertise string `help:"The same as others reach it. Default: --gossip-listen." placeholder:"HOST:PORT" group:"Cluster"`
	// PeerListen is where other nodes bring requests for this one's sections, TCP. Default: the host of GossipListen,
	// on a port of the system's choice, which is told to the others.
	PeerListen string `help:"Address for requests between nodes, TCP. Default: any port of the gossip's host." placeholder:"HOST:PORT" group:"Cluster"`
	// PeerAdvertise is PeerListen as others reach it.
	PeerAdvertise string `help:"The same as others reach it. Default: --peer-listen." placeholder:"HOST:PORT" group:"Cluster"`
	// ClusterKeys is a folder made by holdfast cluster keys, with this node's certificate, the authority's, and the
	// gossip's key.
	ClusterKeys string `help:"Folder of this node's certificate and the cluster's keys, made by holdfast cluster keys." placeholder:"DIR" group:"Cluster"`
	// Coordinators has events made from now on count each buyer's seats at one place for all nodes. An event keeps what
	// it was made with.
	Coordinators bool `help:"New events: max_seats_per_buyer and keys hold exactly over all nodes, for up to one hop more a call (on unless --coordinators=false)." default:"true" negatable:"" group:"Cluster"`
	// Insecure lets nodes talk in plaintext to whoever asks. Loopback only: whoever reaches the ports is a node, and
	// may buy and refund anything.
	Insecure bool `help:"No keys between nodes: for trying out, on loopback addresses only." group:"Cluster"`
}

// Clustered says that this node is to share sections with others.
func (c *Config) Clustered() bool { return len(c.Join) > 0 || c.GossipListen != "" }

// GossipAddress is where other nodes find this one, as far as that is known before it listens; empty: it is part of no
// cluster.
func (c *Config) GossipAddress() string { return cmp.Or(c.GossipAdvertise, c.GossipListen) }

// checkCluster refuses what cannot work, and fills in what follows from the rest.
func (c *Config) checkCluster() error {
	if !c.Clustered() {
		if c.ClusterKeys != "" || c.Insecure || c.PeerListen != "" || c.GossipAdvertise != "" || c.PeerAdvertise != "" {
			return errors.New("--gossip-listen or --join is needed too: without them this node is part of no cluster")
		}
		return nil
	}
	switch {
	case c.Store == "":
		return errors.New("a cluster needs a database that all nodes share (--store postgres://…): the embedded " +
			"store of --data is one node's alone")
	case c.ClusterKeys == "" && !c.Insecure:
		return errors.New("--cluster-keys DIR is needed (holdfast cluster keys makes it), or --insecure to try it " +
			"out on loopback addresses")
	case c.ClusterKeys != "" && c.Insecure:
		return errors.New("--cluster-keys and --insecure exclude each other")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	c.GossipListen = cmp.Or(c.GossipListen, net.JoinHostPort(host, "0"))
	gossipHost, _, err := net.SplitHostPort(c.GossipListen)
	if err != nil {
		return fmt.Errorf("--gossip-listen %s: %w", c.GossipListen, err)
	}
	c.PeerListen = cmp.Or(c.PeerListen, net.JoinHostPort(gossipHost, "0"))
	return nil
}
