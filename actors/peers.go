package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/peer"
	"holdfast/actors/peer/wire"
	"holdfast/actors/rebalancer"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
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
func (e *Engine) ViewChanged() { e.peerRPC.ViewChanged() }

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
	})
	e.peerRPC.Handle(waitingroom.ProofCall, func(ctx context.Context, question []byte) ([]byte, error) {
		return waitingroom.ProofFor(ctx, question, func(id storage.EventID) (*waitingroom.Room, error) {
			return e.queueOf(id, e.clock.Now().Add(catalogPatience))
		})
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

const (
	// handsMax is how often a call is brought to a coordinator that is changing hands.
	handsMax = 12
	// handsPause is the first pause between two of them; they grow to eight times as long.
	handsPause = 4 * time.Millisecond
)

// coordinated places a hold in an event with coordinators: the buyer's counts the buyer's seats over all sections and
// knows all of the buyer's keys, so that no limit and no key has two judges (P5, P13).
func (t *bookingCall) coordinated(out *BookingView) error {
	e, all := t.ev.engine, uint8(len(t.ev.coordinators))
	operated := t.call.Operator && t.call.Request != (section.RequestID{}) && !t.keyed
	switch {
	case operated:
		t.which = grant.Of(coordinator.OperatorBuyer, all)
	case !t.keyed:
		t.which = grant.Of(t.call.Buyer, all)
	}
	c := t.ev.coordinators[t.which]
	err := ErrUnavailable
	for n := range handsMax {
		if n > 0 {
			e.clock.Pause(e.ctx, min(handsPause<<min(n, 4)>>1, t.deadline.Sub(e.clock.Now())))
		}
		if !e.clock.Now().Before(t.deadline) {
			break
		}
		if to := c.Placed(); to != e.writer && !c.Granter.Ready() && !t.there {
			err = t.bookThere(to, out)
		} else if err = c.Await(t.deadline); err == nil && operated {
			err = t.operate(out)
		} else if err == nil {
			t.granter = c.Granter
			err = t.placeHere(out)
		}
		lost := err == error(request.PeerLost) && t.call.Request != (section.RequestID{})
		switch {
		case errors.Is(err, errNoGrant), errors.Is(err, ErrMoved) && !t.there, lost:
			continue
		}
		return writer.Reason(err)
	}
	if errors.Is(err, errNoGrant) {
		return ErrMoved
	}
	return writer.Reason(err)
}

// operate sends an operator's hold on to its buyer's coordinator, or to the one that met the key before: whose keys are
// one list, and whose buyers are many, has one node that sees all of them (P5).
func (t *bookingCall) operate(out *BookingView) error {
	ev := t.ev
	mine := storage.SectionNo(grant.Of(t.call.Buyer, uint8(len(ev.coordinators))))
	at, _, err := ev.enterKeyIn(ev.operated, t.deadline, t.call.Request, mine, true)
	if err != nil {
		return err
	}
	onward := *t
	onward.keyed, onward.there, onward.which = true, false, uint8(at)
	err = onward.coordinated(out)
	keep := err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrTimeout)
	ev.operated.Leave(t.call.Request, at, keep, decidedUnknown)
	return err
}

// placeHere places a hold with the buyer's coordinator on this node.
func (t *bookingCall) placeHere(out *BookingView) error {
	if t.call.Best.Quantity == 0 {
		return t.named(out)
	}
	return t.best(out)
}

// bookThere sends the call to the node of the buyer's coordinator, unless the map says no at once (P7).
func (t *bookingCall) bookThere(to storage.WriterID, out *BookingView) error {
	if to == (storage.WriterID{}) {
		return errNoGrant
	}
	m := wire.Book{Event: t.call.Event, Operator: t.call.Operator, AnyBuyerTotal: t.call.AnyBuyerTotal,
		Buyer: t.call.Buyer, Request: t.call.Request, Fingerprint: t.call.Fingerprint,
		Keyed: t.keyed, Coordinator: t.which}
	if a := t.call.Admission; a != nil {
		m.Session, m.Until, m.Began = uint32(a.Session), a.Until, a.Seq
	}
	if b := &t.call.Best; b.Quantity == 0 {
		r := request.New()
		no, err := t.o.resolve(t.call.Seats, r)
		if err != nil {
			r.Free()
			return err
		}
		if r.Command.Kind = section.PlaceHold; t.lostAlready(r, no) && t.isNew(uint32(len(r.Seats))) {
			return t.tooLate(r, no, out)
		}
		m.Named, m.No, m.Seats = true, no, slices.Clone(r.Seats)
		r.Free()
	} else {
		if _, _, err := t.o.category(b.Category); err != nil {
			return err
		}
		var only [1]storage.SectionNo
		if b.Section != "" && len(t.o.named(b.Section, &only)) == 0 {
			return ErrSectionUnknown
		}
		m.Quantity, m.Category, m.Section, m.Accessible = b.Quantity, b.Category, b.Section, b.Accessible
	}
	r, failed := t.ev.engine.peerRPC.Book(to, &m, t.deadline)
	if failed == shard.NotServing { // it could not be asked
		return errNoGrant
	}
	if failed != nil {
		return t.count(failed.Why)
	}
	defer r.Free()
	if err := t.tellBooked(r, out); err != nil {
		return err
	}
	t.awaitFollowed(out.ID)
	return nil
}

// followPatience is how long an answer waits until the map of the node that tells it shows the hold.
const followPatience = 250 * time.Millisecond

// awaitFollowed waits until this node has the record of a hold that another one's coordinator has placed, so that its
// buyer finds it on the map (P9). The record comes from the section's node, and may be behind the answer.
func (t *bookingCall) awaitFollowed(id BookingID) {
	s, clock := t.o.sections[id.Section.Section], t.ev.engine.clock
	until := clock.Now().Add(followPatience)
	for pause := 100 * time.Microsecond; s.shard.Serving() == nil && clock.Now().Before(until); pause *= 2 {
		f, known := s.following(), false
		if f == nil {
			return
		}
		f.Inspect(func(m machine.Machine, _, over bool) {
			known = over
			if m != nil {
				_, has := m.(*section.Machine).Owner(id.No)
				known = known || has
			}
		})
		if known {
			return
		}
		clock.Pause(t.ev.engine.ctx, pause)
	}
}

// tellBooked is the coordinator's answer in this node's words.
func (t *bookingCall) tellBooked(r *request.Request, out *BookingView) error {
	var refused *peer.Refused
	switch outcome := &r.Decision.Outcome; {
	case errors.As(r.Err, &refused):
		return t.o.refusedThere(refused)
	case r.Err != nil:
		return r.Err
	case int(r.From) >= len(t.o.sections):
		return ErrUnavailable
	case outcome.Rejection != section.Accepted:
		out.Seats = t.o.appendIDs(out.Seats[:0], r.From, outcome.Lost)
		return t.verdict(outcome.Rejection, nil, out)
	}
	return t.tellFound(r, out)
}

// bookFor places a hold for another node, until ctx ends.
func (e *Engine) bookFor(ctx context.Context, m *wire.Book) *wire.Answer {
	until, _ := ctx.Deadline()
	ev, o, err := e.openEvent(m.Event, until)
	if err != nil || int(m.Coordinator) >= len(ev.coordinators) || m.Named && int(m.No) >= len(o.sections) {
		return &wire.Answer{Code: wire.Unavailable}
	}
	call := BookCall{
		Event:  m.Event,
		Caller: Caller{Buyer: m.Buyer, Operator: m.Operator, Request: m.Request, Fingerprint: m.Fingerprint},
		Best: BestAvailable{
			Quantity: m.Quantity, Section: m.Section, Category: m.Category, Accessible: m.Accessible,
		},
		AnyBuyerTotal: m.AnyBuyerTotal,
	}
	if m.Session != 0 {
		call.Admission = &place.Admission{Session: gate.SessionNo(m.Session), Until: m.Until, Seq: m.Began}
		call.Admission.Event, call.Admission.Buyer = m.Event, gate.Buyer(m.Buyer)
	}
	if m.Named {
		call.Best = BestAvailable{}
		call.Seats = o.appendIDs(nil, m.No, m.Seats)
	}
	t := bookingCall{ev: ev, o: o, call: &call, deadline: until, decidedAt: decidedUnknown, there: true,
		keyed: m.Keyed, which: m.Coordinator}
	var view BookingView
	return o.answerFound(&view, t.coordinated(&view))
}
