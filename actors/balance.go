package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/actors/placement"
	"holdfast/actors/rebalancer"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/waitingroom"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Sections of events that are not on sale, and that nobody has asked for in a while, go to sleep: its node
// releases it, and nobody follows it any more, so that the shows of last season cost their maps and no more. The next
// request wakes the section where it is placed; so does whoever puts the event on sale again, on every node.
//
//	serving ── quiet for PassivateAfter ──▶ released, passivated
//	passivated ── a request, a Serving of another node, sale open ──▶ as any section that stands still
//	followed ── its log ends with a release, and nobody serves it ──▶ passivated

// restless says whether the event's sections are to be kept active, whatever they do.
func (ev *event) restless() bool {
	header := ev.header.Load()
	return ev.isBusy() ||
		header.WaitingRoom != nil && header.Sale != storage.SaleDeleted &&
			!header.Sale.Off() && ev.refusesByClock(header) == nil
}

// isBusy says that the event is on sale, or money has to go back.
func (ev *event) isBusy() bool {
	sale := ev.header.Load().Sale
	return sale == storage.SaleOpen || sale == storage.SaleCancelling
}

// mayTransfer says that a buyer who has no booking in the event may come to have one although it is not on sale here:
// by a ticket that somebody gives them at another node. At this one the event is open then.
func (ev *event) mayTransfer(now section.Instant) bool {
	header := ev.header.Load()
	return !ev.engine.exclusive() && header.Turn() != 0 && !header.Rules.ForbidTransfers &&
		(header.StartsAt == 0 || now < header.StartsAt)
}

// passivateUnserved stops following a section that nobody serves and whose owner has let go of it.
func (s *Section) passivateUnserved() {
	f := s.following()
	if f == nil || s.remote.Announced() {
		return
	}
	if at, ok := f.CaughtUp(); ok && (at.Kind == storage.EntryReleased || at.Seq == 0) && s.shard.MayActivate() {
		s.passivated.Store(true)
		_, _ = s.takeReplica()
	}
}

// wakeUp ends the section's sleep: it is followed again, or claimed by whoever calls.
func (s *Section) wakeUp() {
	if s.passivated.CompareAndSwap(true, false) {
		s.follow()
	}
}

// wakeAll is for an event that is put on sale.
func (ev *event) wakeAll() {
	if o := ev.ready.Load(); o != nil && ev.engine.peerRPC != nil {
		for _, s := range o.sections {
			s.wakeUp()
		}
		if o.queue != nil {
			o.queue.Wake()
		}
		ev.engine.rebalancer.Wake()
	}
}

// rebalancerHost is the engine as its rebalancer meets it.
type rebalancerHost struct{ e *Engine }

// Sections implements rebalancer.Host.
func (h rebalancerHost) Sections(visit func(s rebalancer.Section, complete bool) (more bool)) {
	for id, ev := range *h.e.catalog.Load() {
		o := ev.ready.Load()
		if o == nil {
			continue
		}
		complete := h.e.peerRPC.AllSubscribed(id)
		for _, s := range o.sections {
			if !visit(balanced{s}, complete) {
				return
			}
		}
		if o.queue != nil && !visit(waitingroom.Balanced{Room: o.queue}, complete) {
			return
		}
	}
}

// Repeat implements rebalancer.Host.
func (h rebalancerHost) Repeat() { h.e.peerRPC.Tick() }

// MayMove says that the lease is good: after an outage of the store those whose heartbeats come first are alone in the
// view for a moment. Whoever was cut off until now keeps what it has, until its lease is good again and the others have
// been heard.
func (h rebalancerHost) MayMove() bool {
	_, sure := h.e.cfg.Lease()
	return sure
}

// Closing implements rebalancer.Host.
func (h rebalancerHost) Closing() bool { return h.e.closing.Load() }

// Looked counts the sections that are placed here and refuse.
func (h rebalancerHost) Looked() {
	var inDoubt, uncertain int64
	var which []*Section
	h.Sections(func(b rebalancer.Section, _ bool) bool {
		if h.Closing() {
			return false
		}
		of, is := b.(balanced)
		if !is {
			return true
		}
		s := of.s
		doubt, unsure := s.inDoubt()
		if doubt > 0 && len(which) < describedMax {
			which = append(which, s)
		}
		inDoubt, uncertain = inDoubt+doubt, uncertain+unsure
		return true
	})
	h.e.tendCoordinators()
	h.e.eventLog.Fallback(inDoubt, uncertain, func() string { return h.e.describe(which, inDoubt) })
}

// balanced is a section as the rebalancer meets it.
type balanced struct{ s *Section }

// gateStatus is where an event's gate is.
func (e *Engine) gateStatus(q *waitingroom.Room) ShardStatus {
	remote := q.Remote()
	p := ShardStatus{Key: q.Key, Name: gateName, Life: q.Shard().Phase(), Seq: q.Horizon(),
		Placed: remote.Routing().Placed, Passivated: q.Passivated()}
	if inc := q.Shard().Serving(); inc != nil {
		p.Owner, p.Sure, p.Epoch = e.writer, inc.Trusted(), inc.Epoch()
		return p
	}
	if o, known := remote.Directory.Owner(); known {
		p.Owner, p.Epoch, p.Sure = o.Writer, o.Epoch, e.peerRPC != nil && remote.Announced()
	}
	if f := q.Replica(); f != nil {
		if at, known := f.Position(); known > at.Seq {
			p.Behind = known - at.Seq
		}
	}
	return p
}

// Resync implements rebalancer.Section.
func (b balanced) Resync() { b.s.remote.Resync() }

// Situation implements rebalancer.Section.
func (b balanced) Situation(complete bool) placement.Situation {
	s := b.s
	c := placement.Situation{Routing: s.remote.Routing()}
	if !c.Serving {
		c.Stopped, c.OwnerAnnounced = complete && s.shard.MayActivate() && !s.passivated.Load(), s.remote.Announced()
	} else if c.Placed != c.Me {
		c.Ready = c.PlacedUp && s.engine.peerRPC.Follows(c.Placed, s.key.Event)
	}
	return c
}

// Claim implements rebalancer.Section.
func (b balanced) Claim() { _, _ = b.s.shard.Activate() } // ErrUnavailable: it rests

// Transfer implements rebalancer.Section.
func (b balanced) Transfer(ctx context.Context, successor storage.WriterID) {
	b.s.transfer(ctx, successor)
}

// Idle says that it is time to put a section that serves to sleep, and does so with one that is followed.
func (b balanced) Idle(now time.Time) bool {
	s := b.s
	after := s.engine.cfg.PassivateAfter
	if after < 0 || s.ev.restless() || s.passivated.Load() {
		s.quietSince = time.Time{}
		return false
	}
	inc := s.shard.Serving()
	switch {
	case inc == nil:
		s.passivateUnserved()
	case inc.UsedSince() || inc.HasTimer() || s.quietSince.IsZero():
		s.quietSince = now
	case now.Sub(s.quietSince) >= after:
		s.quietSince = time.Time{}
		return true
	}
	return false
}

// Passivate implements rebalancer.Section.
func (b balanced) Passivate(ctx context.Context) {
	b.s.engine.stats.Passivated.Add(1)
	b.s.shard.Drain(ctx, shard.Leave{Release: true, Sleep: true})
}

// Unreceived implements rebalancer.Section.
func (b balanced) Unreceived() bool { return b.s.following() != nil && !b.s.remote.Announced() }

// CatchUp implements rebalancer.Section.
func (b balanced) CatchUp(ctx context.Context) error {
	tail, err := b.s.engine.cfg.Store.Tail(ctx, b.s.key)
	if err != nil {
		return err
	}
	if f := b.s.following(); f != nil {
		f.KnownTo(tail.Seq)
	}
	return nil
}

// inDoubt counts the section when it was tried to be claimed here and is not, and nobody who can be reached has it.
func (s *Section) inDoubt() (doubt, uncertain int64) {
	var phase writer.Phase
	var why error
	failures := 0
	s.shard.Inspect(func(life *writer.Lifecycle) { phase, why, failures = life.Phase(), life.Why(), life.Failures() })
	if phase == Serving || phase == Draining || failures == 0 || !s.PlacedHere() || s.remote.Announced() {
		return 0, 0
	}
	if writer.Undecided(why) {
		return 1, 1
	}
	return 1, 0
}

// ErrNobodyElse: there is no other node that could take the sections.
var ErrNobodyElse = errors.New("actors: no other node can take the sections")

// releaseAllEvery is how often a node that hands over everything looks whether it has.
const releaseAllEvery = 10 * time.Millisecond

// ReleaseAll hands every section over to other nodes, which the view must name already (this node is to be a member
// that owns nothing), and returns once none is left. Requests are served all the while, here or there. ErrNobodyElse;
// ctx's error: the rest is still here.
func (e *Engine) ReleaseAll(ctx context.Context) error {
	if e.rebalancer == nil {
		return ErrNobodyElse
	}
	e.rebalancer.Drain(true)
	for e.stats.SectionsServing.Load()+e.stats.GatesServing.Load() > 0 && e.rebalancer.Draining() {
		owner := e.peerRPC.Links.View().Owner(storage.SectionKey{})
		if owner == e.writer || owner == (storage.WriterID{}) {
			return ErrNobodyElse
		}
		e.rebalancer.Wake()
		if e.clock.Pause(ctx, releaseAllEvery); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// Resume ends ReleaseAll: the node takes sections again once the view gives it some.
func (e *Engine) Resume() {
	if e.rebalancer != nil {
		e.rebalancer.Drain(false)
	}
}

// Rebalance has this node look at once which of its sections belong elsewhere. It does so by itself after every change
// and four times a second, so that nothing depends on it: it is for an operator who does not want to wait.
func (e *Engine) Rebalance() {
	if e.rebalancer != nil {
		e.rebalancer.Wake()
	}
}

// tendCoordinators lets go of coordinators that are placed elsewhere, and has grants of unknown fate settled.
func (e *Engine) tendCoordinators() {
	for _, ev := range *e.catalog.Load() {
		if o := ev.ready.Load(); o != nil {
			for _, c := range o.coordinators {
				c.Tend(e.peerRPC.Links.Up)
			}
		}
	}
}

// ShardStatus is where one section is, as this node knows.
type ShardStatus struct {
	Key   storage.SectionKey
	Name  string    // the section's id in the plan
	Life  Lifecycle // here
	Owner storage.WriterID
	// Sure: the owner says so over a link that is up, or is this node, under a lease. Without it, Owner is a guess.
	Sure       bool
	Epoch      section.Epoch // of the owner
	Seq        section.Seq   // newest record on this node's map
	Behind     section.Seq   // records known to be in the log and not on the map
	Placed     storage.WriterID
	Passivated bool // its event is not on sale, and nobody has asked for long: the next request wakes it
}

// ShardStatuses visits every section of the events in use, in order of event and section, and after an event's
// sections its waiting room's gate.
func (e *Engine) ShardStatuses(visit func(p *ShardStatus)) {
	for _, header := range e.Events() {
		ev, err := e.event(header.ID)
		if err != nil {
			continue
		}
		if o := ev.ready.Load(); o != nil {
			for i, s := range o.sections {
				p := s.shardStatus()
				p.Name = o.venue.Sections[i].ID
				visit(&p)
			}
			if o.queue != nil {
				p := e.gateStatus(o.queue)
				visit(&p)
			}
		}
	}
}

func (s *Section) shardStatus() ShardStatus {
	p := ShardStatus{
		Key: s.key, Seq: s.ev.live.Seq(s.key.Section), Placed: s.remote.Routing().Placed, Passivated: s.passivated.Load(),
	}
	p.Life = s.shard.Phase()
	f := s.following()
	if inc := s.shard.Serving(); inc != nil {
		p.Owner, p.Sure, p.Epoch = s.engine.writer, inc.Trusted(), inc.Epoch()
		return p
	}
	if o, known := s.remote.Directory.Owner(); known {
		p.Owner, p.Epoch, p.Sure = o.Writer, o.Epoch, s.remote.Announced()
	}
	if f != nil {
		if at, known := f.Position(); known > at.Seq {
			p.Behind = known - at.Seq
		}
	}
	return p
}

// Unserved counts the sections of open sales that nobody serves as far as this node knows: neither this node, nor one
// that it can reach and that said so. Nobody can buy there. A node that stands by does not count what another one has.
// It looks at every section, so it is for somebody who asks once a second.
func (e *Engine) Unserved() (n int) {
	for _, ev := range *e.catalog.Load() {
		header := ev.header.Load()
		if header.Sale != storage.SaleOpen {
			continue
		}
		o := ev.ready.Load()
		if o == nil { // never loaded, or could not be
			if e.cfg.Preload {
				n += len(header.Sections)
			}
			continue
		}
		for _, s := range o.sections {
			if s.unserved() {
				n++
			}
		}
	}
	return n
}

// UnservedGates counts the waiting rooms of events in use that nobody serves as far as this node knows: nobody joins
// there, and nobody is called.
func (e *Engine) UnservedGates() (n int) {
	for _, ev := range *e.catalog.Load() {
		if o := ev.ready.Load(); o != nil && o.queue != nil && ev.restless() && o.queue.Unserved() {
			n++
		}
	}
	return n
}

func (s *Section) unserved() bool {
	switch {
	case s.shard.Serving() != nil || s.passivated.Load():
		return false
	case s.engine.peerRPC == nil:
		return !s.foreign()
	}
	return !s.remote.Announced()
}

const describedMax = 3 // sections that a line names
// describe names sections by their plan, each with the writer that has its log.
func (e *Engine) describe(some []*Section, all int64) string {
	parts := make([]string, 0, len(some)+1)
	for _, s := range some {
		name, _ := e.SectionName(s.key)
		var other *writer.NotOursError
		if errors.As(s.shard.Why(), &other) {
			name += fmt.Sprintf(" of writer %x", other.Tail.Writer[:4])
		}
		parts = append(parts, name)
	}
	if more := all - int64(len(some)); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}
