package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/coordination"
	"holdfast/actors/coordinator"
	"holdfast/actors/fares"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/grant"
	"holdfast/actors/machine"
	"holdfast/actors/peer"
	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

const (
	// handsMax is how often a call is brought to a coordinator that is changing hands.
	handsMax = 12
	// handsPause is the first pause between two of them; they grow to eight times as long.
	handsPause = 4 * time.Millisecond
)

// coordinated places a hold in an event with coordinators: the buyer's counts the buyer's seats over all sections and
// knows all of the buyer's keys, so that no limit and no key has two judges (P5, P13).
func (t *bookingCall) coordinated(out *BookingView) error {
	all := uint8(len(t.ev.coordinators))
	operated := t.call.Operator && t.call.Request != (section.RequestID{}) && !t.keyed
	switch {
	case operated:
		t.which = grant.Of(coordinator.OperatorBuyer, all)
	case !t.keyed:
		t.which = grant.Of(t.call.Buyer, all)
	}
	over := func(to storage.WriterID) error { return t.bookThere(to, out) }
	return t.ev.bring(t.which, t.there, t.call.Request != (section.RequestID{}), t.deadline, over,
		func(c *coordination.Coordinator) error {
			if operated {
				return t.operate(out)
			}
			t.granter = c.Granter
			t.epoch, _, _ = c.Granter.Epoch()
			return t.placeHere(out)
		})
}

// bring has a call done at a coordinator: here on this node, or over on the one that should have it; there: the call
// came from another node. While the coordinator changes hands, and nothing was done, the call is brought to it again.
func (ev *event) bring(which uint8, there, keyed bool, deadline time.Time, over func(to storage.WriterID) error,
	here func(c *coordination.Coordinator) error) error {
	e, c := ev.engine, ev.coordinators[which]
	err := ErrUnavailable
	for n := range handsMax {
		if n > 0 {
			e.clock.Pause(e.ctx, min(handsPause<<min(n, 4)>>1, deadline.Sub(e.clock.Now())))
		}
		if !e.clock.Now().Before(deadline) {
			break
		}
		if to := c.Placed(); to != e.writer && to != (storage.WriterID{}) && !c.Granter.Ready() && !there {
			err = over(to)
		} else if err = c.Await(deadline); err == nil {
			err = here(c)
		}
		lost := keyed && err == error(request.PeerLost)
		if !lost && !notYet(err) && (there || !errors.Is(err, ErrMoved)) {
			return writer.Reason(err)
		}
	}
	if notYet(err) {
		return ErrMoved
	}
	return writer.Reason(err)
}

// notYet says that a coordinator could not do a call now, and nothing was done.
func notYet(err error) bool {
	return errors.Is(err, errNoGrant) || errors.Is(err, coordination.ErrReturning)
}

// operate sends an operator's hold on to its buyer's coordinator, or to the one that met the key before: operators'
// keys are one list, so one node sees all of them (P5). A key that a log has is asked for there.
func (t *bookingCall) operate(out *BookingView) error {
	ev := t.ev
	mine := storage.SectionNo(grant.Of(t.call.Buyer, uint8(len(ev.coordinators))))
	if use, known := ev.index.Use(t.call.Request); known && use.Accepted {
		rejection, err := t.recall(use.Section, false, out)
		if err != nil || rejection != section.NoSeats {
			return t.verdict(rejection, err, out)
		}
	}
	at, _, err := ev.enterKeyIn(ev.operated, t.deadline, t.call.Request, mine, true)
	switch {
	case err != nil:
		return err
	case at == blockMark:
		ev.operated.Leave(t.call.Request, at, false, ev.operatedAt())
		return ErrMismatch
	}
	onward := *t
	onward.keyed, onward.there, onward.which = true, false, uint8(at)
	err = onward.coordinated(out)
	keep := err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrTimeout)
	ev.operated.Leave(t.call.Request, at, keep, ev.operatedAt())
	return err
}

// keyed has a command about a booking done under a key, in an event with coordinators: that of who asks sees every use
// of the key, in whatever section (P5). The section takes the command only while the coordinator's fence stands there,
// so that none that an older coordinator let in can come after the next one has looked. there: it came from another
// node. The caller frees the answered request. Errors are those of a section, and ErrMismatch.
func (s *Section) keyed(m *wire.Ask, there bool, deadline time.Time) (r *request.Request, err error) {
	which := grant.Of(coordinator.Asker(m.Command.Operator, m.Command.Buyer), uint8(len(s.ev.coordinators)))
	err = s.ev.bring(which, there, true, deadline, func(to storage.WriterID) (err error) {
		r, err = s.keyedOver(to, m, deadline)
		return err
	}, func(c *coordination.Coordinator) (err error) {
		r, err = s.keyedHere(m, c.Granter, which, deadline)
		return err
	})
	return r, err
}

// keyedOver has the coordinator's node do it.
func (s *Section) keyedOver(to storage.WriterID, m *wire.Ask, deadline time.Time) (*request.Request, error) {
	if to == (storage.WriterID{}) {
		return nil, errNoGrant
	}
	r, failed := s.engine.peerRPC.Through(to, m, deadline)
	var refused *peer.Refused
	switch {
	case failed == shard.NotServing: // it could not be asked
		return nil, errNoGrant
	case failed != nil:
		return nil, failed.Why
	case r.Err == nil:
		return r, nil
	case errors.As(r.Err, &refused) && refused.Code == wire.Mismatch:
		r.Free()
		return nil, ErrMismatch
	}
	defer r.Free()
	return nil, r.Err
}

// keyedHere does it with the coordinator on this node. The key is looked for after the epoch is known: what older
// epochs let in anywhere stands in the index by then, and what this one lets in is refused wherever a newer one has its
// fence.
func (s *Section) keyedHere(
	m *wire.Ask, granter *coordinator.Granter, which uint8, deadline time.Time,
) (*request.Request, error) {
	epoch, ready, _ := granter.Epoch()
	switch {
	case !ready:
		return nil, errNoGrant
	case granter.Excluded(s.key.Section):
		return nil, s.ev.coordinators[which].Without(s.key.Section)
	}
	if !m.Command.Operator {
		return s.enterKeyed(m, grant.Key(which, epoch), deadline)
	}
	ev, mine := s.ev, storage.SectionNo(which) // a hold of an operator's goes on to its buyer's coordinator
	blocks := m.Command.Kind == section.BlockSeats || m.Command.Kind == section.UnblockSeats
	if blocks {
		mine = blockMark
	}
	at, _, err := ev.enterKeyIn(ev.operated, deadline, m.Command.Request, mine, true)
	if err != nil {
		return nil, err
	}
	var r *request.Request
	switch {
	case at != mine:
		err = ErrMismatch
	case blocks:
		r, err = s.blockKeyed(m, grant.Key(which, epoch), deadline)
	default:
		r, err = s.enterKeyed(m, grant.Key(which, epoch), deadline)
	}
	ev.operated.Leave(m.Command.Request, at, at == mine && keepsKey(m, r, err), ev.operatedAt())
	return r, err
}

// enterKeyed has the section do it, with the key in the event's index.
func (s *Section) enterKeyed(m *wire.Ask, g grant.Grant, deadline time.Time) (*request.Request, error) {
	ev, id, no := s.ev, m.Command.Request, s.key.Section
	at, _, err := ev.enterKey(deadline, id, no, false)
	switch {
	case err != nil:
		return nil, err
	case at != no:
		ev.index.Leave(id, at, false, decidedUnknown)
		return nil, ErrMismatch
	}
	r := request.New()
	r.Seats = append(r.Seats, m.Command.Seats...)
	r.Command, r.Probe, r.Trace = m.Command, m.Probe, m.Trace
	r.Command.Seats, r.Command.Grant = r.Seats, g
	if failed := s.do(r, deadline); failed != nil {
		ev.index.Leave(id, no, failed.Class == writer.Unknown, decidedUnknown)
		return nil, failed.Why
	}
	ev.index.Leave(id, no, keepsKey(m, r, nil), r.Command.At)
	if r.Decision.Outcome.Rejection == section.GrantStale {
		r.Free()
		return nil, errNoGrant
	}
	return r, nil
}

// keepsKey says whether a section may remember the command's key.
func keepsKey(m *wire.Ask, r *request.Request, err error) bool {
	if r == nil {
		return writer.ClassOf(err) == writer.Unknown
	}
	o := &r.Decision.Outcome
	return o.Rejection == section.Accepted && !m.Probe && !coordinator.IsIdle(m.Command.Kind, o)
}

// commandFor does a command for another node, until ctx ends.
func (e *Engine) commandFor(ctx context.Context, m *wire.Ask) *wire.Answer {
	until, _ := ctx.Deadline()
	ev, o, err := e.openEvent(m.Section.Event, until)
	if err != nil || len(ev.coordinators) == 0 || int(m.Section.Section) >= len(o.sections) {
		return &wire.Answer{Code: wire.Unavailable}
	}
	s := o.sections[m.Section.Section]
	r, err := s.keyed(m, true, until)
	switch {
	case errors.Is(err, ErrMismatch):
		return &wire.Answer{Code: wire.Mismatch}
	case errors.Is(err, ErrMoved):
		return &wire.Answer{Code: wire.Moved}
	case errors.Is(err, ErrOverloaded):
		return &wire.Answer{Code: wire.Overloaded}
	case err != nil:
		return &wire.Answer{Code: wire.Undecided}
	}
	defer r.Free()
	if !m.Probe && r.Decision.Outcome.Rejection == section.Accepted && s.shard.Serving() != nil {
		peerSection{s}.Accepted(r) // as of any command that another node asks of a section here
	}
	out := r.Decision.Outcome
	out.Seats, out.Lost = slices.Clone(out.Seats), slices.Clone(out.Lost)
	if out.Money != nil {
		out.Money = out.Money.Clone()
	}
	return &wire.Answer{Code: wire.Decided, Section: s.key.Section, At: r.Command.At, Outcome: out}
}

// operatedFrom is the time before which operators' keys are forgotten.
func (ev *event) operatedFrom(storage.SectionNo) section.Instant {
	return ev.operatedAt() - section.Instant(ev.header.Load().Rules.DedupeWindow)
}

// operatedAt is the time by which the memory for operators' keys is kept.
func (ev *event) operatedAt() section.Instant { return ev.engine.cfg.Clock() }

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
		Buyer: t.call.Buyer, Request: t.call.Request, Fingerprint: t.call.Fingerprint, Trace: t.call.Trace,
		Keyed: t.keyed, Coordinator: t.which}
	if a := t.call.Admission; a != nil {
		m.Session, m.Until, m.Began = uint32(a.Session), a.Until, a.Seq
	}
	if b := &t.call.Best; b.Quantity == 0 {
		r := request.New()
		no, err := t.o.resolve(t.call.Seats, r)
		switch r.Command.Kind = section.PlaceHold; {
		case err == errSpread:
			err = t.spreadThere(&m)
		case err == nil && t.lostAlready(r, no) && t.isNew(uint32(len(r.Seats))):
			return t.tooLate(r, no, out)
		case err == nil:
			m.Named, m.No, m.Seats = true, no, slices.Clone(r.Seats)
		}
		r.Free()
		if err != nil {
			return err
		}
	} else if err := t.o.bestThere(b, &m); err != nil {
		return err
	}
	m.Fare = t.call.Fares.ForNodes(len(t.call.Seats), func(n int) fares.Seat { return t.o.seatIn(&m, t.call.Seats[n]) })
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

// bestThere names the best available seats in a Book, if there can be such.
func (o *openEvent) bestThere(b *BestAvailable, m *wire.Book) error {
	if _, _, err := o.category(b.Category); err != nil {
		return err
	}
	var only [1]storage.SectionNo
	if b.Section != "" && len(o.named(b.Section, &only)) == 0 {
		return ErrSectionUnknown
	}
	m.Quantity, m.Category, m.Section, m.Accessible = b.Quantity, b.Category, b.Section, b.Accessible
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
		out.Seats, out.ExpiresAt = t.o.appendIDs(out.Seats[:0], r.From, outcome.Lost), outcome.ExpiresAt
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
		Event: m.Event,
		Caller: Caller{Buyer: m.Buyer, Operator: m.Operator, Request: m.Request, Fingerprint: m.Fingerprint,
			Trace: m.Trace},
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
		ids, known := o.spreadHere(m)
		if call.Seats = ids; !known {
			return &wire.Answer{Code: wire.Unavailable}
		}
	}
	call.Fares = fares.FromNodes(m.Fare, len(call.Seats), func(n int) fares.Seat { return o.seatIn(m, call.Seats[n]) })
	t := bookingCall{ev: ev, o: o, call: &call, deadline: until, decidedAt: decidedUnknown, there: true,
		keyed: m.Keyed, which: m.Coordinator}
	var view BookingView
	return o.answerFound(&view, t.coordinated(&view))
}
