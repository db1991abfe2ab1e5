package actors

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"holdfast/actors/checkout/pending"
	"holdfast/actors/machine"
	"holdfast/actors/peer"
	"holdfast/actors/peer/wire"
	"holdfast/actors/rebalancer"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/trace"
	"holdfast/actors/waitingroom"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// View is what one node sees of the cluster at one moment; see peer.View.
type View = peer.View

// Peers are the other nodes, and a way to each of them; see peer.Links and Config.Peers.
type Peers = peer.Links

// CallHandler does what another node's operator wants of this one.
type CallHandler = peer.CallHandler

// PeerUp begins a conversation with another node, and PeerDown ends it: nothing that was on the way will be answered.
func (e *Engine) PeerUp(node storage.WriterID) { e.peerRPC.Up(node) }

// PeerDown says that the node's link has gone.
func (e *Engine) PeerDown(node storage.WriterID) { e.peerRPC.Down(node) }

// ViewChanged says that Peers.View has another number.
func (e *Engine) ViewChanged() {
	e.peerRPC.ViewChanged()
	e.cfg.Feed.Moved()
}

// TellsOf says that this node is the one to tell the feed's sinks of a section: it should have it. While nodes differ
// about that, two of them tell, or none. Of two nodes on one store that are no cluster the one that serves tells.
func (e *Engine) TellsOf(key storage.SectionKey) bool {
	if e.peerRPC == nil && e.cfg.shared {
		return e.stats.SectionsServing.Load() > 0
	}
	return e.placed(key) == e.writer
}

// Received takes one message of a peer; see peer.Network.Received.
func (e *Engine) Received(from storage.WriterID, message []byte) error {
	return e.peerRPC.Received(from, message)
}

// Handle says who answers calls of that name. All handlers are given before the first peer is up.
func (e *Engine) Handle(name string, handler CallHandler) { e.peerRPC.Handle(name, handler) }

// Call has another node do something rare, and waits for its word. ErrUnavailable: it could not be asked, or has not
// answered by ctx's end, and may have done it.
func (e *Engine) Call(ctx context.Context, node storage.WriterID, name string, body []byte) ([]byte, error) {
	return e.peerRPC.Call(ctx, node, name, body)
}

// spread has the other nodes read the catalog, and waits until they have.
func (e *Engine) spread() {
	if e.peerRPC != nil {
		e.peerRPC.SpreadCatalog()
	}
}

// joinPeers makes the engine one of several nodes.
func (e *Engine) joinPeers(links Peers) {
	e.peerRPC = peer.New(peer.Config{
		Self: e.writer, Links: links, Host: peerHost{e}, Context: e.ctx, Clock: e.clock, Spawn: e.spawn,
		InflightMax: e.cfg.InflightMax, Forwarded: &e.stats.Forwarded, Dropped: &e.stats.StreamDropped,
		Traced: func(from storage.WriterID, p *trace.Parent) {
			e.cfg.Logger.Debug("a request of another node", "node", hex.EncodeToString(from[:4]), "traceparent", p)
		},
	})
	e.peerRPC.Handle(waitingroom.ProofCall, func(ctx context.Context, question []byte) ([]byte, error) {
		return waitingroom.ProofFor(ctx, question, func(id storage.EventID) (*waitingroom.Room, error) {
			return e.queueOf(id, e.clock.Now().Add(catalogPatience))
		})
	})
	e.peerRPC.Handle(pending.CallName, func(ctx context.Context, question []byte) ([]byte, error) {
		return e.openMoney().Answer(ctx, question)
	})
	e.coordinator = e.peerRPC.Searches
	e.rebalancer = rebalancer.New(e.ctx, rebalancerHost{e}, e.clock, e.spawn)
}

// peerHost is the engine as the other nodes meet it.
type peerHost struct{ e *Engine }

// Events implements peer.Host.
func (h peerHost) Events(visit func(ev *peer.Event)) {
	for _, ev := range *h.e.catalog.Load() {
		visit(&ev.remote)
	}
}

// Sections implements peer.Host.
func (h peerHost) Sections(id storage.EventID) []*peer.Section {
	if ev, err := h.e.event(id); err == nil {
		if o := ev.ready.Load(); o != nil {
			return o.remotes
		}
	}
	return nil
}

// Gate implements peer.Host.
func (h peerHost) Gate(id storage.EventID) *peer.Section {
	if ev, err := h.e.event(id); err == nil {
		if o := ev.ready.Load(); o != nil && o.queue != nil {
			return o.queue.Remote()
		}
	}
	return nil
}

// Open implements peer.Host.
func (h peerHost) Open(look, open context.Context, id storage.EventID) ([]*peer.Section, error) {
	ev, err := h.e.find(look, id)
	if err != nil {
		return nil, err
	}
	o, err := ev.open(open)
	if err != nil {
		return nil, err
	}
	return o.remotes, nil
}

// Search implements peer.Host.
func (h peerHost) Search(ctx context.Context, m *wire.Search) *wire.Answer {
	return h.e.searchFor(ctx, m)
}

// Book implements peer.Host.
func (h peerHost) Book(ctx context.Context, m *wire.Book) *wire.Answer {
	return h.e.bookFor(ctx, m)
}

// Command implements peer.Host.
func (h peerHost) Command(ctx context.Context, m *wire.Ask) *wire.Answer {
	return h.e.commandFor(ctx, m)
}

// ReadCatalog implements peer.Host.
func (h peerHost) ReadCatalog() error { return h.e.refreshCatalog() }

// Closing implements peer.Host.
func (h peerHost) Closing() bool { return h.e.closing.Load() }

// Changed implements peer.Host.
func (h peerHost) Changed() { h.e.rebalancer.Wake() }

// peerSection is a section as other nodes' requests and records meet it.
type peerSection struct{ s *Section }

// FewerFree implements peer.SectionHost.
func (p peerSection) FewerFree(quantity uint32) bool {
	return p.s.mapIsTrue() && p.s.ev.live.Free(p.s.key.Section) < int(quantity)
}

// Lost implements peer.SectionHost.
func (p peerSection) Lost(r *request.Request) []section.SeatIndex { return p.s.lostAlready(r) }

// payerPatience is how much longer than a charge may take its node is believed to be about to tell how it ended.
const payerPatience = 2 * time.Second

// Accepted has this node see to a payment or a refund that another one has begun here: that one may be gone before it
// knows. It is asked about only when the other should have its answer, and no more once the section has heard it.
func (p peerSection) Accepted(r *request.Request) {
	id := BookingID{Section: p.s.key, No: r.Decision.Outcome.Booking}
	switch e := p.s.engine; r.Command.Kind {
	case section.BeginPayment, section.RefundBooking:
		e.reconciler.AddAfter(id, e.cfg.ChargeTimeout+payerPatience)
	case section.ConfirmPayment, section.FailPayment:
		if r.Decision.Outcome.State != section.BookingHeld || r.Command.Kind == section.FailPayment {
			e.reconciler.Drop(id)
		}
	}
}

// Position implements peer.SectionHost.
func (p peerSection) Position() (section.Seq, section.Epoch) {
	return p.s.ev.live.Seq(p.s.key.Section), section.Epoch(p.s.lastEpoch.Load())
}

// allReceived says that this node's index has every request that the section remembers.
func (s *Section) allReceived() bool {
	if s.shard.Serving() != nil {
		return true
	}
	var f *replica.Replica
	out := false
	s.shard.Inspect(func(life *writer.Lifecycle) {
		f = s.replica
		out = life.Phase() == Condemned || s.passivated.Load() || f != nil && f.IsStuck()
	})
	if out {
		return true // it takes nothing any more, or has taken nothing for long, here and elsewhere
	}
	if f == nil {
		return false
	}
	if _, ok := f.CaughtUp(); !ok {
		return false
	}
	return s.remote.Announced()
}

// AllReceived implements peer.SectionHost.
func (p peerSection) AllReceived() bool { return p.s.allReceived() }

// Streamed implements peer.SectionHost.
func (p peerSection) Streamed(e *storage.Entry) {
	if f := p.s.following(); f != nil {
		f.Record(e)
	}
}

// Served wakes a section that sleeps, and holds what is known of its log against what its node says.
func (p peerSection) Served(seq section.Seq, epoch section.Epoch) {
	s := p.s
	s.wakeUp()
	if known := s.seen.Mark(); seq < known.Seq || seq == known.Seq && epoch > known.Epoch || s.lacks() {
		s.suspect(known, true)
	}
	if f := s.following(); f != nil {
		f.KnownTo(seq)
	}
}

// CheckOwner implements peer.SectionHost.
func (p peerSection) CheckOwner(a *shard.Activation) { p.s.engine.checkOwner(p.s.shard, p.s.seen, a) }

// Acknowledged implements peer.SectionHost.
func (p peerSection) Acknowledged(mark witness.Mark) { p.s.suspect(mark, false) }

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

// Dropped has the ledgers go on with what they know of the section, until it is loaded again.
func (h replicaHost) Dropped(dropped machine.Machine) {
	h.s.ev.lastKnown.Keep(h.s.key.Section, dropped.(*section.Machine))
}

// Contradicted has the log held against what is known.
func (h replicaHost) Contradicted() { h.s.suspect(h.s.seen.Mark(), true) }

// Stuck closes the section if its log lacks what was acknowledged.
func (h replicaHost) Stuck(why error) {
	if f := h.s.following(); f != nil {
		f.Inspect(func(m machine.Machine, _, _ bool) {
			if m != nil {
				h.s.ev.lastKnown.Keep(h.s.key.Section, m.(*section.Machine))
			}
		})
	}
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
		c.Granter.Known(no, state.Live)
		c.Settle()
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
