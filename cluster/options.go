package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"holdfast/cluster/heartbeat"
	"holdfast/storage"
)

// Options of a Node. Durations and sizes that are zero take the defaults named.
type Options struct {
	Writer storage.WriterID // required: the id that this process's claims and records carry
	Name   string           // required: of the node, the same after a restart
	API    string           // told to the others; opaque here
	Build  string           // told to the others; opaque here

	// Store is the id of the store that this node is on. Nodes that say they are on another are shut out. Zero:
	// unknown.
	Store storage.StoreID
	// Rows are the heartbeat rows of the store that this node is on: who is in gossip and not among them is foreign
	// (see IdentityCheck). The maker of the node calls Node.Looked after every look. Nil: every node in gossip is a
	// member.
	Rows RowSource
	// Lapse is the Liveness's of all nodes. Default 2 s.
	Lapse time.Duration
	// MeetWithin is how long a living node's row may be unknown to gossip before it is an alarm. Default 10 s: a start
	// with a large store to load takes seconds between its first beat and its first word in gossip.
	MeetWithin time.Duration

	// GossipListen is the host:port, UDP and TCP, where membership is spoken; port 0 lets the system choose.
	// GossipAdvertise is how others reach it; default: GossipListen.
	GossipListen, GossipAdvertise string
	// PeerListen is the host:port, TCP, of the link; port 0 lets the system choose, and the real one is gossiped.
	// PeerAdvertise is how others reach it (a name is resolved by them); default: PeerListen.
	PeerListen, PeerAdvertise string
	// Join are gossip addresses of other nodes; its own among them does no harm. They are tried until one answers, for
	// ever and in the background, and again while any of them is missing: so a cluster that fell in two heals.
	Join []string
	// Keys make gossip and link secret and closed to strangers. Nil means plaintext, in which a caller of a port is
	// a node: refused unless every address here is a loopback one.
	Keys    *Keys
	Handler Handler      // required
	Logger  *slog.Logger // default: discards

	// ProbeInterval and ProbeTimeout are memberlist's: how often one other node is asked whether it lives, and how long
	// the answer may take. Defaults 250 ms and 200 ms. Longer finds a dead node later; shorter calls a busy one dead.
	ProbeInterval, ProbeTimeout time.Duration
	// SuspicionMult is how many probe intervals (times log10 of the members) a silent node is suspected before it is
	// dead. Default 3.
	SuspicionMult int
	// GossipInterval is the time between two rounds of news. Default 100 ms.
	GossipInterval time.Duration
	// Rejoin is the time between two tries to reach configured and lost addresses. Default 1 s; the first tries come
	// faster.
	Rejoin time.Duration

	// KeepAlive is the silence after which the link says that it is there. Default 200 ms.
	KeepAlive time.Duration
	// DownAfter is the silence of a peer after which its link is down. Default 1 s. At least twice KeepAlive. Shorter
	// breaks sessions on pauses of a busy machine; longer keeps buyers waiting for a node that is gone without a trace.
	DownAfter time.Duration
	// OutboxBytes bounds what is queued for a peer; beyond it Send says no. Default 4 MiB.
	OutboxBytes int

	protocol [2]uint8 // tests pretend to be other builds
}

func (o Options) withDefaults() Options {
	o.GossipAdvertise = cmp.Or(o.GossipAdvertise, o.GossipListen)
	o.PeerAdvertise = cmp.Or(o.PeerAdvertise, o.PeerListen)
	o.Lapse = cmp.Or(o.Lapse, heartbeat.LapseDefault)
	o.MeetWithin = cmp.Or(o.MeetWithin, 10*time.Second)
	o.ProbeInterval = cmp.Or(o.ProbeInterval, 250*time.Millisecond)
	o.ProbeTimeout = cmp.Or(o.ProbeTimeout, 200*time.Millisecond)
	o.SuspicionMult = cmp.Or(o.SuspicionMult, 3)
	o.GossipInterval = cmp.Or(o.GossipInterval, 100*time.Millisecond)
	o.Rejoin = cmp.Or(o.Rejoin, time.Second)
	o.KeepAlive = cmp.Or(o.KeepAlive, 200*time.Millisecond)
	o.DownAfter = cmp.Or(o.DownAfter, time.Second)
	o.OutboxBytes = cmp.Or(o.OutboxBytes, 4<<20)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.protocol == [2]uint8{} {
		o.protocol = protocols
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.Writer == (storage.WriterID{}) || o.Name == "" || o.Handler == nil:
		return errors.New("cluster: Options needs Writer, Name and Handler")
	case o.DownAfter < 2*o.KeepAlive:
		return fmt.Errorf("cluster: DownAfter (%v) must be at least twice KeepAlive (%v)", o.DownAfter, o.KeepAlive)
	}
	addresses := []struct{ field, address string }{
		{"GossipListen", o.GossipListen}, {"GossipAdvertise", o.GossipAdvertise}, {"PeerListen", o.PeerListen},
		{"PeerAdvertise", o.PeerAdvertise},
	}
	for _, j := range o.Join {
		addresses = append(addresses, struct{ field, address string }{"Join", j})
	}
	for _, a := range addresses {
		if err := checkAddress(a.field, a.address, o.Keys == nil); err != nil {
			return err
		}
	}
	return nil
}

func checkAddress(field, address string, plaintext bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("cluster: %s %q: give host:port", field, address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && field == "Join" {
		return fmt.Errorf("cluster: %s %q: %q is not a port", field, address, port)
	}
	if plaintext && !loopback(host) {
		return fmt.Errorf("cluster: %s %q can be reached from other machines, and without keys whoever reaches it is "+
			"a node: make keys (holdfast cluster keys), or stay on 127.0.0.1", field, address)
	}
	if field != "GossipListen" && field != "PeerListen" && unspecified(host) {
		return fmt.Errorf("cluster: %s %q is not an address that another node can reach: say which one is", field,
			address)
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func unspecified(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// Handler hears of the cluster. Its methods must return soon and never wait for a Node; they may call Send, Up, View
// and SetState, and must not call Leave or Close. They may be called before Join has returned, and are not called after
// Close or Leave has.
type Handler interface {
	// ViewChanged tells the newest view. Never twice at once, in order; views that were outdated before they could be
	// told are left out.
	ViewChanged(v *View)
	// PeerUp says that a session with that node has begun: Send will take messages for it. Calls about one peer
	// (PeerUp, Received, PeerDown) are never concurrent; those about several peers are, for each peer is read by a
	// goroutine of its own, which reads no further before the call has returned.
	PeerUp(peer storage.WriterID)
	// PeerDown says that the session is over: nothing more of it will be delivered, and what was sent and not answered
	// may or may not have arrived.
	PeerDown(peer storage.WriterID)
	// Received hands over one message; it is valid during the call only. Between PeerUp and PeerDown messages of that
	// peer come in the order in which they were sent, each once, without gaps.
	//
	// The error is that no node says such a thing. It ends the session, and is counted and told as a frame that cannot
	// be read.
	Received(from storage.WriterID, message []byte) error
}
