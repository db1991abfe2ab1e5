package actors

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/machine"
	"holdfast/actors/peer"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Section is one section of an event on this node: its shard, and what the event and the other nodes have to do with
// it.
type Section struct {
	engine *Engine
	ev     *event
	key    storage.SectionKey
	kind   section.Kind
	shard  *shard.Shard

	// remembersFrom, in milliseconds since the epoch: requests judged before it are out of the section's memory.
	remembersFrom atomic.Int64
	remote        *peer.Section // the section among the nodes
	lastEpoch     atomic.Uint64 // of the newest life here
	suspected     atomic.Bool   // its log is being held against what is known
	passivated    atomic.Bool   // neither served nor followed here; see balance.go
	quietSince    time.Time     // the rebalancer's
	boundLegs     atomic.Int32  // of orders whose homes are elsewhere, while it serves here
	saleTurn      atomic.Uint64 // of the switch, as its log has it while it serves here
	feed          *feed.Shard   // of what lands; nil: nobody is

	keysKnown   atomic.Bool   // the event's index has the keys that it has met; keysUnknown counts those without
	keysUnknown *atomic.Int32 // of the event
	seen        *witness.Seen // what is known to have been acknowledged

	replica *replica.Replica // nil: served here, or alone, or not begun. The shard's lock guards it: see shard.Shard.Inspect
}

// newNode is what all sections of this engine share.
func (e *Engine) newNode() *shard.Node {
	return &shard.Node{
		Context: e.ctx, Runtime: e.clock, Store: e.cfg.Store, Committer: e.committer, SaveSnapshot: e.snapshots.Save,
		Writer: e.writer, Name: e.cfg.Name, MayClaim: e.cfg.MayClaim, Lease: e.cfg.Lease, Stamp: e.stamp,
		Spawn: e.spawn, Closing: e.closing.Load, InflightMax: e.cfg.InflightMax, Activations: e.activations,
		System: e.system, Dispatcher: e.dispatcher, ErrClock: errClock,
	}
}

func (e *Engine) newSection(ev *event, key storage.SectionKey, kind section.Kind, keysUnknown *atomic.Int32) *Section {
	s := &Section{engine: e, ev: ev, key: key, kind: kind, keysUnknown: keysUnknown, seen: e.cfg.Witness.Of(key),
		feed: e.cfg.Feed.Shard(key)}
	s.shard = shard.New(e.node, s, s, key, &s.kind, s.seen, &e.stats.Sections)
	s.remote = peer.NewSection(e.peerRPC, &ev.remote, s.shard, peerSection{s})
	keysUnknown.Add(1)
	return s
}

// do has the section judge r, on this node or another, and waits: see request.Retrier.Do.
func (s *Section) do(r *request.Request, deadline time.Time) *writer.Failure {
	return s.engine.retrier.Do(s, r, deadline)
}

// outcome is do for those who need no more than the outcome or a reason. On success the caller frees r.
func (s *Section) outcome(r *request.Request, deadline time.Time) (*section.Outcome, error) {
	if failed := s.do(r, deadline); failed != nil {
		return nil, failed.Why
	}
	return &r.Decision.Outcome, nil
}

// Elsewhere says that the section has a node that can be asked, or is this one's.
func (s *Section) Elsewhere() bool {
	to, ok := s.remote.Route()
	return ok && s.remote.Up(to)
}

// Send passes a request to the section: here, activating it when needed and waiting for that until the deadline, or on
// the node that has it. A failure means that the section has not seen the request.
func (s *Section) Send(r *request.Request, deadline time.Time) *writer.Failure {
	for attempt := 0; ; attempt++ {
		if sent, failed := s.sendHere(r); sent || failed != nil {
			return failed
		}
		if !s.shard.AwaitLeft(deadline) {
			return shard.NotServing
		}
		to, ok := s.remote.Route()
		if !ok {
			return shard.NotServing
		}
		if to != s.engine.writer {
			return s.remote.Ask(to, r, deadline)
		}
		if err := s.shard.Await(deadline); err != nil && (attempt > 0 || !s.remote.FoundElsewhere()) {
			return shard.NotServing
		}
	}
}

// sendHere passes a request to the section if it serves here. The generation of a search is kept open while a request
// of it is inside: the search may give up waiting before.
func (s *Section) sendHere(r *request.Request) (sent bool, failed *writer.Failure) {
	if r.Gen == 0 {
		return s.shard.Run(&r.Request)
	}
	s.engine.coordinator.Hold(r.Gen)
	r.Held = true
	if sent, failed = s.shard.Run(&r.Request); !sent {
		r.Held = false
		s.engine.coordinator.Leave(r.Gen)
	}
	return sent, failed
}

// PlacedHere implements shard.Host.
func (s *Section) PlacedHere() bool { return s.remote.PlacedHere() }

// Claimed tells the followers of the claim, and gives what was followed here.
func (s *Section) Claimed(claim *storage.Entry) (machine.Machine, storage.Tail) {
	s.remote.Directory.SetTailIsOurs(true)
	s.remote.Stream(claim)
	if m, at := s.takeReplica(); m != nil {
		return m, at
	}
	return nil, storage.Tail{}
}

// Loaded checks the section against what is remembered of it, and makes the event's ledgers and its map true.
func (s *Section) Loaded(loaded machine.Machine, tail storage.Tail) error {
	m := loaded.(*section.Machine)
	if err := s.seen.Mark().CheckCharged(s.key, tail, m.LastNo()); err != nil {
		return err
	}
	s.tellAhead(m.LastAt())
	if err := s.adoptGate(tail.Seq, m.State); err != nil {
		return err
	}
	header := s.ev.header.Load()
	m.SaleOwed(header.Turn())
	m.TermsOwed(header.Terms())
	m.PricesOwed(s.ev.lists().Prices())
	logged, _ := m.SaleAt()
	s.saleTurn.Store(uint64(logged))
	s.ev.adopt(s, m.State)
	s.ev.counted(s.key.Section, m.State)
	s.ev.live.Reset(s.key.Section, tail.Seq, m.AppendLetters(nil), m.Free())
	s.learnedKeys()
	s.adoptOrders(m.State)
	s.passivated.Store(false)
	s.lastEpoch.Store(uint64(tail.Epoch))
	s.engine.stats.SectionsServing.Add(1)
	return nil
}

// Serving tells the others.
func (s *Section) Serving(_ *shard.Activation, tail storage.Tail, replayed int, took time.Duration) {
	s.remote.Began(tail.Epoch, tail.Seq)
	s.feed.Landed()
	s.engine.eventLog.SectionServing(s.key, tail.Epoch, replayed, took)
}

// Ending learns from the reason who has the section, before anybody asks again.
func (s *Section) Ending(why error, served bool) {
	s.remote.LearnOwner(why)
	s.forgetKeys(why)
	s.binds(0)
	if served {
		s.engine.stats.SectionsServing.Add(-1)
	}
	s.engine.stats.Stopped(why)
}

// Failed follows a section that could not be had. A store that is away is said once for each section.
func (s *Section) Failed(why error, repeated bool) {
	s.follow()
	if !repeated {
		s.tellStopped(why)
	}
}

// Stopped tells the others, and goes on as a follower.
func (s *Section) Stopped(a *shard.Activation, why error) {
	s.tellStopped(why)
	if s.engine.peerRPC == nil {
		return
	}
	s.follow() // before it can be claimed anew: then it goes on from here
	if !errors.Is(why, shard.ErrDrained) {
		s.remote.Ended(a.Epoch(), storage.WriterID{})
	}
	s.engine.rebalancer.Wake()
}

// Died has the ledgers go on with what they know of the section, until it is loaded again.
func (s *Section) Died(m machine.Machine) {
	s.ev.lastKnown.Keep(s.key.Section, m.(*section.Machine))
}

// Landed publishes a durable record: the map first, then (by the shard) its answers.
func (s *Section) Landed(p *writer.Record, m machine.Machine, took time.Duration) {
	e, did := &p.Append.Entry, p.Effects.(*section.Effects)
	if s.kind.Coordinated {
		s.ev.followed(s.key.Section, m.(*section.Machine).SharesOf(did), did)
	}
	s.publish(e, did.Seats)
	s.turned(m, did)
	s.saw(e.Kind, e.Seq, e.Epoch, p.Hash)
	s.remote.Stream(e)
	s.feed.Landed()
	s.engine.stats.Landed(p, took)
	s.remembersFrom.Store(int64(m.(*section.Machine).RemembersFrom()))
	s.ordersLanded(m.(*section.Machine), did)
}

// Handled keeps the event's buyer ledger equal to this memory.
func (s *Section) Handled(m machine.Machine) {
	if !s.kind.Coordinated { // else what is durable counts, and no more
		s.ev.count(m.(*section.Machine).Shares())
	}
}

// Answering gives back what was reserved for a hold that did not come of it, and ends the request's part in a search.
func (s *Section) Answering(answered *writer.Request) {
	r := request.In(answered)
	switch {
	case r.Command.Grant.Number != 0:
		s.ev.granted(r)
	case r.Reserved == 0:
	case r.Err != nil && r.Changed:
		r.Reserved = 0 // the seats became live seats of the memory, which is taken back as a whole
	case writer.ClassOf(r.Err) == writer.NotDone && r.Keep():
	case r.Err == nil && r.Decision.Outcome.Rejection == section.AdmissionStale && r.Keep(): // it comes again
	case r.Err != nil, r.Decision.Outcome.Rejection != section.Accepted, r.Decision.Outcome.Repeat:
		s.ev.buyers.Release(r.Command.Buyer, r.Reserved)
	}
	if r.Trace != nil {
		s.keepTrace(r)
	}
	if r.Held {
		r.Held = false
		s.engine.coordinator.Leave(r.Gen)
	}
}

// Doubt is logged.
func (s *Section) Doubt(resends int, err error) {
	if err == nil {
		s.engine.eventLog.AppendDecided(s.key, resends)
		return
	}
	s.engine.eventLog.AppendUndecided(s.key, resends, err)
}

// Released hands the section to its successor, and follows on with what it knew; or puts it to sleep.
func (s *Section) Released(a *shard.Activation, released machine.Machine, tail storage.Tail) {
	m, left := released.(*section.Machine), a.Left()
	s.remote.Directory.SetTailIsOurs(false)
	if left.Sleep {
		s.passivated.Store(true)
		s.ev.lastKnown.Keep(s.key.Section, m)
	} else {
		s.followOn(m, tail)
	}
	s.remote.Ended(a.Epoch(), left.Successor)
}

// transfer drains the section for another node, which is told once the log says so. What came in meanwhile is told that
// it moved.
func (s *Section) transfer(ctx context.Context, successor storage.WriterID) {
	if s.shard.Serving() == nil {
		return
	}
	s.engine.stats.HandedOver.Add(1)
	s.shard.Drain(ctx, shard.Leave{Release: true, Successor: successor})
}

// adoptGate has a section that was claimed hear of everything in the gate's log, before its first grant, and counts its
// stock. An error says that the gate's log could not be looked at: the section does not serve.
func (s *Section) adoptGate(seq section.Seq, state *section.State) error {
	q := s.ev.queue
	if q == nil {
		return nil
	}
	ends := q.Horizon()
	if e := s.engine; e.cfg.shared {
		tail, err := e.cfg.Store.Tail(e.ctx, gateKey(s.key.Event))
		if err != nil {
			return err
		}
		ends = max(ends, tail.Seq)
	}
	state.EndsFollowed(ends)
	q.SectionLoaded(s.key.Section, seq, state)
	return nil
}

// publish shows a durable record: on the map, and in the waiting room's stock.
func (s *Section) publish(e *storage.Entry, seats []section.SeatChange) {
	s.ev.live.Publish(&Delta{Section: s.key.Section, Seq: e.Seq, Changes: seats})
	if q := s.ev.queue; q != nil {
		q.SectionLanded(s.key.Section, e, seats)
	}
}

// served says that a node which is up serves a section, or that the next request wakes it.
func (o *openEvent) served(no storage.SectionNo) bool {
	s := o.sections[no]
	return s.shard.Serving() != nil || s.passivated.Load() || s.remote.Announced()
}

// known visits what buyers have in a section that is not served here; false: it is being loaded, or served.
func (o *openEvent) known(no storage.SectionNo, visit func(buyer section.BuyerID, seats uint32)) (known bool) {
	s := o.sections[no]
	if list, kept := s.ev.lastKnown.Of(no); kept {
		for _, k := range list {
			visit(k.Buyer, k.Seats)
		}
		return true
	}
	if f := s.following(); f != nil {
		f.Inspect(func(m machine.Machine, _, over bool) {
			if known = m != nil && !over; known {
				m.(*section.Machine).Live(visit)
			}
		})
	}
	return known
}

// learn notes a key that may have been used in a section that nobody serves.
func (ev *event) learn(no storage.SectionNo, id section.RequestID) {
	ev.index.Suspect(id, no, ev.operatedAt())
}

// look shows the section's state, as it is served or followed here; false: it is neither, or ctx has ended.
func (s *Section) look(ctx context.Context, see func(*section.State)) (seen bool) {
	s.wakeUp()
	done := make(chan struct{})
	r := request.Of(section.Call{Look: see})
	r.OnAnswer = func(*writer.Request) { close(done) }
	if sent, failed := s.shard.Send(&r.Request); sent && failed == nil {
		return s.engine.clock.Await(ctx, time.Time{}, done, nil) && r.Err == nil
	}
	if f := s.following(); f != nil {
		f.Inspect(func(m machine.Machine, _, _ bool) {
			if seen = m != nil; seen {
				see(m.(*section.Machine).State)
			}
		})
	}
	return seen
}

// turned has the reconciler see to what a record of a section leaves open whose event is cancelled.
func (s *Section) turned(m machine.Machine, did *section.Effects) {
	if did.Sale != 0 {
		s.saleTurn.Store(uint64(did.Sale))
	}
	if did.Sale.State() == sales.Cancelling {
		s.engine.adoptMoney(s.key, m.(*section.Machine).State)
	}
	for _, no := range did.Owed {
		s.engine.reconciler.Add(BookingID{Section: s.key, No: no})
	}
}

// hearTurn has the sections that serve here and lack it log what the header says, without waiting. It is called at
// every look at the catalog: a section may have been claimed with an older header, or its store may have failed.
func (ev *event) hearTurn(header *storage.Event) {
	o, turn := ev.ready.Load(), header.Turn()
	if o == nil || turn == 0 {
		return
	}
	for _, s := range o.sections {
		if s.shard.Serving() == nil || sales.Turn(s.saleTurn.Load()) >= turn {
			continue
		}
		r := request.Of(section.Call{Command: ev.switchTo(turn)})
		r.OnAnswer = func(*writer.Request) {}
		_, _ = s.shard.Send(&r.Request) // one that stands still hears when it is claimed
	}
}

// list is look for what people are told: a section that serves here answers once the record which see names is durable,
// and a replica is waited for. fresh says that nothing newer is known.
func (s *Section) list(ctx context.Context, see func(*section.State) section.Seq) (fresh, ok bool) {
	s.wakeUp()
	done := make(chan struct{})
	r := request.Of(section.Call{List: see})
	r.OnAnswer = func(*writer.Request) { close(done) }
	if sent, failed := s.shard.Send(&r.Request); sent && failed == nil {
		return true, s.engine.clock.Await(ctx, time.Time{}, done, nil) && r.Err == nil
	}
	f := s.following()
	if f == nil || !s.engine.clock.Await(ctx, time.Time{}, f.Loaded(), nil) {
		return false, false
	}
	f.Inspect(func(m machine.Machine, _, over bool) {
		if ok = m != nil && !over; ok {
			see(m.(*section.Machine).State)
		}
	})
	at, caughtUp := f.CaughtUp()
	return caughtUp && (s.remote.Announced() || at.Kind == storage.EntryReleased || at.Seq == 0), ok
}
