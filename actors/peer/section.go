package peer

import (
	"errors"
	"slices"
	"sync/atomic"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/placement"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Event is one event among the nodes. ID is set once; Keys and Buyers before its sections are given to anybody.
type Event struct {
	ID     storage.EventID
	Keys   *coordinator.KeyIndex
	Buyers *coordinator.BuyerQuota
	// Granted hears of the answer to a command under a grant; nil: the event has no coordinators.
	Granted func(r *request.Request)

	subscribers atomic.Pointer[[]storage.WriterID] // not changed once stored
	// safeSince is the number of the view since which this node knows all keys, under Searches.mu; 0: never.
	safeSince int
}

// Subscribers are the peers that follow the event's sections. Not to be changed.
func (ev *Event) Subscribers() []storage.WriterID {
	if list := ev.subscribers.Load(); list != nil {
		return *list
	}
	return nil
}

// SectionHost is a section as other nodes' requests and records meet it. None of its methods may wait.
type SectionHost interface {
	// FewerFree says that the section serves here and surely has fewer seats free than that.
	FewerFree(quantity uint32) bool
	// Lost lists the seats of a hold that the map shows to be surely taken; it may be kept in r's outcome.
	Lost(r *request.Request) []section.SeatIndex
	// Accepted hears of another node's request that the section has accepted.
	Accepted(r *request.Request)
	// Position is how far the section's log is, as far as this node knows, and the epoch of its newest life here.
	Position() (section.Seq, section.Epoch)
	// AllReceived says that the event's index has every request that the section remembers.
	AllReceived() bool
	// Streamed takes a record that the section's node has sent.
	Streamed(e *storage.Entry)
	// Served hears that a peer serves the section, and how far its log is.
	Served(seq section.Seq, epoch section.Epoch)
	// CheckOwner looks, and may wait, whether the life here is still the log's owner.
	CheckOwner(a *shard.Activation)
	// Acknowledged hears that a peer knows a record which the log lacks.
	Acknowledged(mark witness.Mark)
}

// Section is a section of an event among the nodes: who has it, and what goes to them and to its followers.
type Section struct {
	// Directory is who serves the section elsewhere, as far as this node has heard.
	Directory placement.Entry

	network   *Network // nil: this node is alone
	event     *Event
	shard     *shard.Shard
	host      SectionHost
	inTransit atomic.Int64 // requests on their way to its node
	unsynced  atomic.Bool  // a follower was not told of a record
}

// NewSection is a section of which nothing has been heard. Without a network the section is always this node's.
func NewSection(network *Network, event *Event, of *shard.Shard, host SectionHost) *Section {
	return &Section{network: network, event: event, shard: of, host: host}
}

// InTransit is how many requests are on their way to the section's node.
func (s *Section) InTransit() int64 { return s.inTransit.Load() }

// PlacedHere says that this node should have the section, or is the only one that can: the newest record of its log is
// this node's, and no release, so that no other may claim it while this one lives.
func (s *Section) PlacedHere() bool {
	n := s.network
	return n == nil || s.Directory.TailIsOurs() || n.Links.View().Owner(s.shard.Key()) == n.Self
}

// Routing is what this node knows of where the section is.
func (s *Section) Routing() placement.Routing {
	n := s.network
	r := placement.Routing{Me: s.shard.Writer(), Serving: s.shard.Serving() != nil}
	if n == nil {
		r.Placed, r.PlacedUp = r.Me, true
		return r
	}
	r.Placed = n.Links.View().Owner(s.shard.Key())
	r.TailIsOurs = s.Directory.TailIsOurs()
	r.PlacedUp = r.Placed == n.Self || n.Links.Up(r.Placed)
	if o, known := s.Directory.Owner(); known && o.Writer != n.Self {
		r.Reported, r.ReportedUp = o.Writer, n.Links.Up(o.Writer)
	}
	return r
}

// Route says which node to ask; false: nobody who could have the section can be reached.
func (s *Section) Route() (to storage.WriterID, ok bool) {
	if s.network == nil {
		return s.shard.Writer(), true
	}
	return placement.Route(s.Routing())
}

// Up says that the node can be asked.
func (s *Section) Up(node storage.WriterID) bool {
	return node == s.shard.Writer() || s.network.Links.Up(node)
}

// FoundElsewhere says that an activation which failed has found out whose the section is, and that this one can be
// asked.
func (s *Section) FoundElsewhere() bool {
	if s.network == nil {
		return false
	}
	r := s.Routing()
	return r.Reported != (storage.WriterID{}) && r.ReportedUp
}

// LearnOwner takes from a failed activation or a fence who owns the log.
func (s *Section) LearnOwner(why error) {
	if s.network == nil {
		return
	}
	if writer.LostTo(why) {
		s.Directory.SetTailIsOurs(false)
	}
	var fenced *storage.FencedError
	var foreign *writer.NotOursError
	switch {
	case errors.As(why, &fenced):
		s.Directory.Hear(fenced.Tail.Writer, fenced.Tail.Epoch, false)
	case errors.As(why, &foreign):
		s.Directory.Hear(foreign.Tail.Writer, foreign.Tail.Epoch, false)
	}
}

// Announced says that a node which is up serves the section, by its own word.
func (s *Section) Announced() bool {
	o, known := s.Directory.Owner()
	return known && o.Announced && s.network.Links.Up(o.Writer)
}

// agreed says that nobody serves the section who is no member of the view: who has not agreed to it may be searching
// there under an older one, although the link still brings what comes of that.
func (s *Section) agreed(now coordinator.View) bool {
	owner, known := s.Directory.Owner()
	return s.shard.Serving() != nil || !known || !owner.Announced || slices.Contains(now.Peers(), owner.Writer)
}

// Began tells everybody who follows the event that the section serves here now.
func (s *Section) Began(epoch section.Epoch, seq section.Seq) {
	if s.network == nil {
		return
	}
	s.Directory.Clear()
	s.announce(&wire.Serving{Section: s.shard.Key(), Epoch: epoch, Seq: seq})
}

// Ended tells everybody who follows the event that the section serves here no more, and who should claim it next; the
// zero id: nobody in particular.
func (s *Section) Ended(epoch section.Epoch, successor storage.WriterID) {
	if successor != (storage.WriterID{}) {
		s.Directory.Hear(successor, epoch, false)
	}
	s.announce(&wire.Released{Section: s.shard.Key(), Epoch: epoch, Successor: successor})
}

// Lacks tells all nodes that the section's log lacks a record which was acknowledged.
func (s *Section) Lacks(mark witness.Mark) {
	if s.network == nil {
		return
	}
	m := wire.Acknowledged{Section: s.shard.Key(), Epoch: mark.Epoch, Seq: mark.Seq, Hash: mark.Hash}
	s.network.others(func(node storage.WriterID) { s.network.send(node, &m) })
}

// Stream sends a record that has landed to whoever follows the section. A peer that is too slow misses it, and reads
// the log.
func (s *Section) Stream(e *storage.Entry) {
	list := s.event.Subscribers()
	if len(list) == 0 {
		return
	}
	b := newMessage()
	defer messageBuffers.Put(b)
	*b = storage.AppendEntry(wire.AppendRecordHead((*b)[:0], s.shard.Key()), e)
	for _, node := range list {
		if !s.network.Links.Send(node, *b) {
			s.missed()
		}
	}
}

// announce sends a message to everybody who follows the event.
func (s *Section) announce(m message) {
	for _, node := range s.event.Subscribers() {
		if !s.network.send(node, m) {
			s.missed()
		}
	}
}

// missed notes that a follower was not told of a record. It is told later how far the log is, and reads it; until then
// this node says of nothing that it is settled, for the record may have a key in it.
func (s *Section) missed() {
	s.network.Dropped.Add(1)
	if !s.unsynced.Swap(true) {
		s.network.unsynced.Add(1)
		s.network.Host.Changed()
	}
}

// Resync tells followers that missed records how far the log is.
func (s *Section) Resync() {
	if !s.unsynced.Load() {
		return
	}
	m := s.position()
	s.unsynced.Store(false) // before the look at what stands: a record missed from here on is noted anew
	for _, node := range s.event.Subscribers() {
		if !s.network.send(node, m) {
			s.unsynced.Store(true)
			return
		}
	}
	if s.network.unsynced.Add(-1) == 0 {
		s.network.Searches.synced()
	}
}

// position is what a follower has to know of the section now.
func (s *Section) position() message {
	if a := s.shard.Serving(); a != nil {
		seq, _ := s.host.Position()
		return &wire.Serving{Section: s.shard.Key(), Epoch: a.Epoch(), Seq: seq}
	}
	_, epoch := s.host.Position()
	return &wire.Released{Section: s.shard.Key(), Epoch: epoch}
}
