package actors

import (
	"errors"

	"holdfast/actors/machine"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// follow begins to follow the section, unless that is done already or it is served here. The channel closes when the
// map is true.
func (s *Section) follow() (loaded <-chan struct{}) {
	s.shard.Inspect(func(life *writer.Lifecycle) { loaded = s.followIn(life.Phase()) })
	return loaded
}

func (s *Section) followIn(phase writer.Phase) <-chan struct{} {
	if s.engine.peerRPC == nil || phase == Loading || phase == Serving || s.passivated.Load() ||
		s.engine.closing.Load() {
		return shard.Closed
	}
	if s.replica == nil {
		f := s.newReplica()
		if !f.Start() {
			return shard.Closed
		}
		s.replica = f
	}
	return s.replica.Loaded()
}

func (s *Section) newReplica() *replica.Replica {
	return replica.New(s.engine.node, replicaHost{s}, s.key, &s.kind, s.seen)
}

// followOn is for a section that has let go in good order: its memory is the log's, up to tail.
func (s *Section) followOn(m *section.Machine, tail storage.Tail) {
	s.shard.Inspect(func(*writer.Lifecycle) {
		if s.replica != nil || s.engine.closing.Load() {
			return
		}
		s.replica = s.newReplica()
		s.replica.GoOn(m, tail)
	})
}

// takeReplica ends the following and gives what was followed, or nil. The ledgers have forgotten it then: the caller
// who goes on from it enters it anew.
func (s *Section) takeReplica() (machine.Machine, storage.Tail) {
	var f *replica.Replica
	s.shard.Inspect(func(*writer.Lifecycle) { f, s.replica = s.replica, nil })
	if f == nil {
		return nil, storage.Tail{}
	}
	return f.Take()
}

// following is the section's replica; nil when there is none.
func (s *Section) following() (f *replica.Replica) {
	s.shard.Inspect(func(*writer.Lifecycle) { f = s.replica })
	return f
}

// replicaHost is a section as its replica sees it.
type replicaHost struct{ s *Section }

// Loaded makes what was loaded the map's and the ledgers' truth.
func (h replicaHost) Loaded(loaded machine.Machine, at storage.Tail) {
	m := loaded.(*section.Machine)
	h.s.ev.adoptLedgers(h.s, m.State)
	h.s.ev.counted(h.s.key.Section, m.State)
	h.s.ev.live.Reset(h.s.key.Section, at.Seq, m.AppendLetters(nil), m.Free())
	if q := h.s.ev.queue; q != nil {
		q.SectionLoaded(h.s.key.Section, at.Seq, m.State)
	}
}

// Saw remembers the newest record.
func (h replicaHost) Saw(newest storage.Tail) {
	h.s.saw(newest.Kind, newest.Seq, newest.Epoch, newest.Hash)
}

// Took tells the map and the ledgers of a record.
func (h replicaHost) Took(e *storage.Entry, hash storage.Hash, taken machine.Machine, effects machine.Effects) {
	s, m, did := h.s, taken.(*section.Machine), effects.(*section.Effects)
	s.saw(e.Kind, e.Seq, e.Epoch, hash)
	s.remembersFrom.Store(int64(m.RemembersFrom()))
	s.ev.followed(s.key.Section, m.Shares(), did)
	for _, keysKnown := range did.Requests {
		s.ev.index.Adopt(keysKnown.Request, s.key.Section, keysKnown.At)
	}
	s.publish(e, did.Seats)
}

// Dropped takes the section out of the ledgers: what was applied and not told yet is told first, for the memory has it
// and is taken back as a whole.
func (h replicaHost) Dropped(dropped machine.Machine) {
	m := dropped.(*section.Machine)
	h.s.ev.uncounted(h.s.key.Section)
	h.s.ev.count(m.Shares())
	h.s.ev.disown(m.State)
}

// Contradicted has the log held against what is known.
func (h replicaHost) Contradicted() { h.s.suspect(h.s.seen.Mark(), true) }

// Stuck closes the section if its log lacks what was acknowledged.
func (h replicaHost) Stuck(why error) {
	var lost *witness.LostError
	if errors.As(why, &lost) {
		h.s.condemn(lost, false)
		return
	}
	h.s.engine.eventLog.FollowerStuck(h.s.key, why)
	h.s.suspect(h.s.seen.Mark(), true)
}

// counted tells the event's coordinators that a section's live seats are in the buyer ledger, by a durable state.
func (ev *event) counted(no storage.SectionNo, state *section.State) {
	for i, c := range ev.coordinators {
		fence, from := state.FencedAt(uint8(i))
		c.Granter.Counted(no, fence, from)
		c.Settle()
	}
}

// uncounted tells them that they are about to be taken out of it.
func (ev *event) uncounted(no storage.SectionNo) {
	for _, c := range ev.coordinators {
		c.Granter.Uncounted(no)
	}
}

// givenUp tells them that a section is closed for good.
func (ev *event) givenUp(no storage.SectionNo) {
	for _, c := range ev.coordinators {
		c.Granter.GivenUp(no)
	}
}

// followed counts a durable record.
func (ev *event) followed(no storage.SectionNo, shares []section.Share, did *section.Effects) {
	ev.count(shares)
	for i := range did.Fences {
		if g := &did.Fences[i]; int(g.Coordinator) < len(ev.coordinators) {
			ev.coordinators[g.Coordinator].Granter.Fenced(no, g)
		}
	}
}

// granted hears of the answer to a request under a grant. The seats of one that was not done go on counting while its
// waiter may send it again.
func (ev *event) granted(r *request.Request) {
	g := &r.Command.Grant
	if r.Reserved == 0 || int(g.Coordinator) >= len(ev.coordinators) {
		return // of another node's coordinator
	}
	granter, o := ev.coordinators[g.Coordinator].Granter, &r.Decision.Outcome
	class := writer.ClassOf(r.Err)
	switch {
	case r.Err != nil && (r.Changed || class == writer.Unknown), r.Err == nil && o.Repeat:
		granter.Unknown(g)
	case class == writer.NotDone && r.Keep(), r.Err == nil && o.Rejection == section.AdmissionStale && r.Keep():
		return
	case r.Err != nil || o.Rejection != section.Accepted:
		granter.Refused(g)
	}
	r.Reserved = 0
}
