package cluster

import (
	"bytes"
	"slices"
	"time"

	"holdfast/storage"
)

// PeerStats are counters about one peer, from when this node first saw it.
type PeerStats struct {
	Peer     storage.WriterID
	Name     string
	Up       bool
	Sessions uint64 // begun so far

	BatchesSent, MessagesSent, BytesSent             uint64 // batches also without messages; bytes with headers, before TLS
	BatchesReceived, MessagesReceived, BytesReceived uint64
	// Dropped counts messages that Send refused and messages received that belonged to no current session.
	Dropped     uint64
	OutboxBytes int           // queued or not acknowledged
	RoundTrip   time.Duration // smoothed; without the time that an acknowledgement rested on the other side
}

// Stats tells of all peers in the view, in order of Writer.
func (n *Node) Stats() []PeerStats {
	var all []PeerStats
	for w, p := range *n.link.desk.peers.Load() {
		s := p.out.snapshot()
		s.Peer, s.Name, s.Up, s.Sessions = w, p.name, p.up.Load(), p.sessions.Load()
		s.BatchesReceived, s.MessagesReceived, s.BytesReceived = p.batches.Load(), p.messages.Load(), p.bytes.Load()
		s.Dropped += p.dropped.Load()
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b PeerStats) int { return bytes.Compare(a.Peer[:], b.Peer[:]) })
	return all
}

// Refused counts what was turned away since the start.
type Refused struct {
	Strays    uint64 // batches of a sender that is not in the view, or meant for another process
	Malformed uint64 // batches that cannot be read
	Streams   uint64 // connections that were ended for saying what no node says
}

// Refused tells how much was turned away. A few strays are normal while views differ; the rest is not.
func (n *Node) Refused() Refused {
	return Refused{n.link.desk.strays.Load(), n.link.desk.malformed.Load(), n.link.refused.Load()}
}
