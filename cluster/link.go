package cluster

import (
	"bytes"
	"fmt"
	"slices"

	"holdfast/cluster/peerlink"
	"holdfast/storage"
)

// MaxMessage is the most bytes of one message of Send.
const MaxMessage = peerlink.MaxMessage

// PeerStats are counters about one peer, from when this node first saw the peer.
type PeerStats = peerlink.Stats

// Refused counts what the link turned away since the start.
type Refused = peerlink.Refused

// newLink listens for the other nodes. The link's address book is the view.
func (n *Node) newLink() (err error) {
	o := &n.opts
	n.link, err = peerlink.Listen(peerlink.Options{
		ID: o.Writer, Protocol: o.protocol, Store: o.Store, Listen: o.PeerListen, Keys: o.Keys, Handler: o.Handler,
		Port: n.linkPort, Refusals: n.refusals, Logger: o.Logger, KeepAlive: o.KeepAlive, DownAfter: o.DownAfter,
		OutboxBytes: o.OutboxBytes,
	})
	if err != nil {
		return fmt.Errorf("cluster: PeerListen %s: %w", o.PeerListen, err)
	}
	return nil
}

// linkTo has the link keep streams to the members of a view, and to nobody else.
func (n *Node) linkTo(v *View) {
	book := make([]peerlink.Peer, 0, len(v.members))
	for i := range v.members {
		m := &v.members[i]
		book = append(book, peerlink.Peer{ID: m.Writer, Name: m.Name, Address: m.Peer})
	}
	n.link.SetPeers(book)
}

// Send hands a message of at most MaxMessage bytes to the link to a peer, and returns at once; the message is copied.
// False: nothing is sent, because there is no session with that peer (it is unknown, this node itself, or down), the
// message is too long, or OutboxBytes are queued. True is no promise that it arrives, only that it does so in order:
// what a peer receives of one session is a prefix of what was sent in it.
func (n *Node) Send(to storage.WriterID, message []byte) bool { return n.link.Send(to, message) }

// Up tells whether there is a session with that peer.
func (n *Node) Up(peer storage.WriterID) bool { return n.link.Up(peer) }

// Stats tells of all peers in the view, in order of Writer.
func (n *Node) Stats() []PeerStats {
	all := n.link.Stats()
	slices.SortFunc(all, func(a, b PeerStats) int { return bytes.Compare(a.Peer[:], b.Peer[:]) })
	return all
}

// Refused tells how much the link turned away. A few strays are normal while views differ; the rest is not.
func (n *Node) Refused() Refused { return n.link.Refused() }
