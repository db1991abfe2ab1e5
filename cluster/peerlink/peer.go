package peerlink

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"holdfast/storage"
)

// Peer is one entry of the address book: a node that messages are exchanged with.
type Peer struct {
	ID      storage.WriterID
	Name    string // the node's, which its certificate has to carry
	Address string // host:port
}

// peer is what the link knows of one entry. It lives as long as the entry.
type peer struct {
	id      storage.WriterID
	name    string
	ctx     context.Context
	cancel  context.CancelCauseFunc
	turn    *turn
	current atomic.Pointer[session] // nil: down
	address atomic.Pointer[string]
	newest  atomic.Uint64 // number of the newest stream

	sessions, dropped atomic.Uint64
	sent, received    counters
}

type counters struct{ frames, messages, bytes atomic.Uint64 }

// turn is held by the session whose callbacks run: those about one peer are never concurrent, also when the peer leaves
// the book and comes back while a callback runs.
type turn struct {
	held  chan struct{} // capacity 1
	peers int           // that use it; guarded by Link.mu
}

// newPeer is under mu.
func (l *Link) newPeer(b Peer) *peer {
	t := l.turns[b.ID]
	if t == nil {
		t = &turn{held: make(chan struct{}, 1)}
		l.turns[b.ID] = t
	}
	t.peers++
	p := &peer{id: b.ID, name: b.Name, turn: t}
	p.address.Store(&b.Address)
	p.ctx, p.cancel = context.WithCancelCause(l.ctx)
	return p
}

// keep is the peer's goroutine for as long as the peer is in the book: the lower id dials.
func (l *Link) keep(p *peer) {
	if l.dials(p.id) {
		l.dialOn(p)
	}
	<-p.ctx.Done()
	p.turn.held <- struct{}{} // the last session has ended
	<-p.turn.held
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.turn.peers--; p.turn.peers == 0 {
		delete(l.turns, p.id)
	}
}

// dials tells which of the two nodes of a pair dials: the one with the lower id, so that there is one stream.
func (l *Link) dials(other storage.WriterID) bool { return bytes.Compare(l.opts.ID[:], other[:]) < 0 }

// takeTurn makes a stream the peer's session to be: the one before ends, and its callbacks come to an end. The newest
// stream counts, for only one side dials, and dials anew when the stream before has ended there.
func (s *session) takeTurn() error {
	p := s.peer
	s.number = p.newest.Add(1)
	if old := p.current.Load(); old != nil {
		old.end(errReplaced)
	}
	select {
	case p.turn.held <- struct{}{}:
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
	if s.number != p.newest.Load() {
		<-p.turn.held
		return errReplaced
	}
	return nil
}

// at is the peer's address now.
func (p *peer) at() string { return *p.address.Load() }

// Stats are counters about one peer, from when this node first saw the peer.
type Stats struct {
	Peer     storage.WriterID
	Name     string
	Up       bool
	Protocol uint8  // of the present session; zero: there is none
	Sessions uint64 // begun so far

	BatchesSent, MessagesSent, BytesSent             uint64 // batches also without messages; bytes before TLS
	BatchesReceived, MessagesReceived, BytesReceived uint64
	// Dropped counts messages that Send refused.
	Dropped     uint64
	OutboxBytes int           // queued: not yet handed to the stream
	RoundTrip   time.Duration // smoothed; without the time that a frame rested on the other side
}

func (p *peer) stats() Stats {
	s := Stats{
		Peer: p.id, Name: p.name, Sessions: p.sessions.Load(), Dropped: p.dropped.Load(),
		BatchesSent: p.sent.frames.Load(), MessagesSent: p.sent.messages.Load(), BytesSent: p.sent.bytes.Load(),
		BatchesReceived: p.received.frames.Load(), MessagesReceived: p.received.messages.Load(),
		BytesReceived: p.received.bytes.Load(),
	}
	if now := p.current.Load(); now != nil {
		s.Up, s.Protocol = true, now.protocol
		s.OutboxBytes, s.RoundTrip = now.out.figures()
	}
	return s
}

// Stats tells of all peers in the book, in no order.
func (l *Link) Stats() []Stats {
	book := *l.book.Load()
	all := make([]Stats, 0, len(book))
	for _, p := range book {
		all = append(all, p.stats())
	}
	return all
}

// Refused counts what was turned away since the start.
type Refused struct {
	Strays    uint64 // streams of a sender that is not in the book, or meant for another process
	Malformed uint64 // hellos and frames that cannot be read
	Streams   uint64 // streams that were ended for saying what no node says
}

// Refused tells how much was turned away. A few strays are normal while views differ; the rest is not.
func (l *Link) Refused() Refused {
	return Refused{l.strays.Load(), l.malformed.Load(), l.refused.Load()}
}
