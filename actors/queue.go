package actors

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"sync"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/waitingroom"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// An event with a waiting room has one more log, its gate's (storage.GateNo), and new holds of buyers need an
// admission (P8):
//
//	JoinQueue, TakeTurn, … ──▶ waitingroom.Room ──▶ the gate's shard              (packages waitingroom, gate)
//	                               │  ▲
//	        ends of sessions ──────┘  └────── what each section has, record by record
//	              ▼
//	Book ── is the session's end followed here? ──▶ the section: is its time up? did it hear of a later end?
//	                                                      └─ it did: once more, with what is followed now
//
// A slot is free again once every section of the event has answered that it knows of the end: from then on no hold of
// that session can be placed (G6).
//
// On several nodes the gate is placed and moved as sections are, by the same parts, and every other node follows its
// log: counters and ends of sessions, whatever number of people wait. So polls, streams and holds are answered where
// they come in; joins, turns and what operators want goes to the gate's node (package peer). A section that is claimed
// reads where the gate's log ends before its first grant.

// Conditions of the waiting room.
var (
	ErrNotAdmitted      = errors.New("actors: the buyer is not admitted")       // no session, or another's
	ErrAdmissionExpired = errors.New("actors: the buyer's admission has ended") // by time, by leaving or by buying
	ErrNoWaitingRoom    = errors.New("actors: the event has no waiting room")
)

// What is told of a waiting room; see package waitingroom.
type (
	QueuePlace   = waitingroom.Place
	QueueFrame   = waitingroom.Frame
	QueueRefusal = waitingroom.Refusal
)

// QueueOperation is what an operator does to a waiting room.
type QueueOperation struct {
	Action      gate.Action
	Value       uint32
	Text        string
	Reason      string // logged; required
	Request     section.RequestID
	Fingerprint uint64
}

// lateRound is the least time between a lobby's end and the round that seeds the draw, unless the event says another.
const lateRound section.Millis = 30_000

// checkWaitingRoom refuses settings that no gate could be founded with: *QueueRefusal.
func checkWaitingRoom(header *storage.Event) error {
	if header.WaitingRoom == nil {
		return nil
	}
	made := *header
	made.WaitingRoom = drawUpWaitingRoom(header.WaitingRoom)
	if s := waitingroom.SettingsOf(&made); s.Reject() != gate.Accepted {
		return &QueueRefusal{Code: s.Reject()}
	}
	return nil
}

// drawUpWaitingRoom fills in what only the engine knows.
func drawUpWaitingRoom(given *storage.WaitingRoom) *storage.WaitingRoom {
	w := given.Clone()
	if w == nil {
		return nil
	}
	if w.SaltKey == (storage.Bytes32{}) {
		_, _ = rand.Read(w.SaltKey[:]) // never fails: it ends the process where it cannot deliver
	}
	if w.Beacon != nil && w.Beacon.LateMillis == 0 {
		w.Beacon.LateMillis = lateRound
	}
	return w
}

// newQueue makes the event's waiting room; nil: it has none, or none is kept here.
func (ev *event) newQueue(o *openEvent) *waitingroom.Room {
	e, header := ev.engine, ev.header.Load()
	if header.WaitingRoom == nil || e.cfg.Offline {
		return nil
	}
	key := gateKey(header.ID)
	return waitingroom.New(waitingroom.Surroundings{
		Node: e.node, Key: key, Seen: e.cfg.Witness.Of(key), Settings: waitingroom.SettingsOf(header),
		CoolDown: waitingroom.CoolDownOf(header.WaitingRoom), Sections: len(o.sections), Seats: ev.buyers.Seats,
		Observe: o.observeEnds, Shared: e.cfg.shared,
		Network: e.peerRPC, Event: &ev.remote, CheckOwner: e.checkOwner, Restless: ev.restless,
		SleepAfter: e.cfg.PassivateAfter, Changed: e.Rebalance, Serves: &e.stats.GatesServing, Log: &e.eventLog,
	})
}

// gateName is what a gate is called where sections have the names of their plan.
const gateName = "waiting room"

func gateKey(id storage.EventID) storage.SectionKey {
	return storage.SectionKey{Event: id, Section: storage.GateNo}
}

// observeEnds has every section that serves here hear that ends up to a record of the gate's log were followed, and
// calls observed with those that have, each with the life that did or an earlier one; all says that no section of this
// process goes on as before.
func (o *openEvent) observeEnds(upto gate.Seq, observed func(lives []wire.SectionLife, all bool)) {
	var mu sync.Mutex
	var lives []wire.SectionLife
	left, all := len(o.sections)+1, true
	answered := func(l wire.SectionLife, ok bool) {
		mu.Lock()
		if all = all && ok; ok && l.Epoch > 0 {
			lives = append(lives, l)
		}
		left--
		last := left == 0
		mu.Unlock()
		if last {
			observed(lives, all)
		}
	}
	for _, s := range o.sections {
		s.observeEnds(upto, answered)
	}
	answered(wire.SectionLife{}, true)
}

// observeEnds has one section hear of ends. One that stands still hears before it serves, unless another process may
// serve it.
func (s *Section) observeEnds(upto gate.Seq, answered func(l wire.SectionLife, ok bool)) {
	life := wire.SectionLife{Section: s.key.Section}
	if a := s.shard.Serving(); a != nil {
		life.Epoch = a.Epoch()
	}
	r := request.Of(section.Call{EndsFollowed: upto})
	r.OnAnswer = func(w *writer.Request) { answered(life, w.Err == nil) }
	if sent, failed := s.shard.Send(&r.Request); sent && failed == nil {
		return
	} else if failed != nil {
		answered(life, false)
		return
	}
	phase := s.shard.Phase()
	if life.Epoch = 0; phase == Condemned { // nothing is granted here or elsewhere until a person has looked
		life.Epoch = math.MaxUint64
	}
	answered(life, phase == Condemned || phase == Stopped && !s.engine.cfg.shared)
}

// refusesHold says why the call may place no new hold now, nil when it may.
func (t *bookingCall) refusesHold() error {
	if err := t.ev.refusesHold(); err != nil || t.ev.header.Load().WaitingRoom == nil || t.call.Operator {
		return err
	}
	return t.lookUpSession()
}

// lookUpSession says why the buyer is not inside, by all of the gate's log that is followed here: nil leaves in horizon
// how far that was.
func (t *bookingCall) lookUpSession() error {
	q, a := t.ev.queue, t.call.Admission
	t.horizon = 0 // what was found before is not what is sent
	switch {
	case q == nil:
		return ErrUnavailable
	case a == nil || a.Event != t.call.Event || a.Buyer != gate.Buyer(t.call.Buyer):
		return ErrNotAdmitted
	}
	standing, horizon := q.Session(a.Session, a.Seq)
	if standing == waitingroom.NotKnown && t.ev.engine.peerRPC != nil && q.Await(a.Seq, t.deadline) {
		standing, horizon = q.Session(a.Session, a.Seq) // the gate's node was quicker than its records
	}
	switch standing {
	case waitingroom.NotKnown:
		return ErrUnavailable
	case waitingroom.NoSession:
		return ErrNotAdmitted
	case waitingroom.Ended:
		return ErrAdmissionExpired
	case waitingroom.Alive:
	}
	now, sure := t.ev.engine.stamp()
	switch {
	case !sure:
		return errClock
	case now >= a.Until:
		return ErrAdmissionExpired
	}
	t.horizon = horizon
	return q.Cooling(t.call.Buyer, now)
}

// lookUpsMax bounds how often one request is looked up anew because ends came between.
const lookUpsMax = 8

// send has a section answer r, and looks the buyer's session up again if the section has heard of later ends. A request
// that was met before is sent without a session, for its first answer does not ask for one; should the section not know
// it, it is a new one. After an error r is not the call's any more.
func (t *bookingCall) send(r *request.Request, s *Section) error {
	for range lookUpsMax {
		if a := t.call.Admission; a != nil && t.horizon != 0 {
			r.Command.Session, r.Command.SessionUntil, r.Command.Horizon = uint32(a.Session), a.Until, t.horizon
		}
		if failed := s.do(r, t.deadline); failed != nil {
			return t.notAnswered(failed)
		}
		switch rejection := r.Decision.Outcome.Rejection; {
		case rejection == section.GrantStale:
			if err := t.grantAnew(r, s.key.Section); err != nil {
				r.Free()
				return err
			}
			r.Request.Reset()
			continue
		case rejection == section.NotAdmitted && t.call.Admission != nil && t.horizon == 0:
			if err := t.grantAgain(r, s.key.Section); err != nil {
				r.Free()
				return err
			}
		case rejection != section.AdmissionStale:
			return nil
		case t.ev.engine.peerRPC != nil && !t.ev.queue.Await(t.horizon+1, t.deadline):
			r.Free() // the section's node has heard of ends that this one has not
			return ErrUnavailable
		}
		if err := t.lookUpSession(); err != nil {
			r.Free()
			return err
		}
		r.Request.Reset()
	}
	r.Free()
	return ErrUnavailable
}

// ofAdmission says that a section's "no" is about a session or a grant.
func ofAdmission(r section.Rejection) bool {
	return r >= section.NotAdmitted && r <= section.GrantStale || r == section.SaleNotOpen ||
		r == section.EventCancelled
}

// notAdmitted is what a buyer is told whom a section does not let in.
func notAdmitted(r section.Rejection) error {
	switch r {
	case section.NotAdmitted:
		return ErrNotAdmitted
	case section.AdmissionExpired:
		return ErrAdmissionExpired
	case section.SaleNotOpen:
		return ErrSaleNotOpen
	case section.EventCancelled:
		return ErrEventCancelled
	}
	return ErrUnavailable
}

// queueOf finds an event's waiting room, opening the event by the deadline: ErrEventUnknown, ErrNoWaitingRoom,
// ErrUnavailable.
func (e *Engine) queueOf(id storage.EventID, deadline time.Time) (*waitingroom.Room, error) {
	ev, _, err := e.openEvent(id, deadline)
	if err != nil {
		return nil, err
	}
	switch header := ev.header.Load(); {
	case header.Sale == storage.SaleDeleted:
		return nil, ErrEventUnknown
	case header.WaitingRoom == nil:
		return nil, ErrNoWaitingRoom
	case ev.queue == nil:
		return nil, ErrUnavailable
	}
	return ev.queue, nil
}

// JoinQueue gives a buyer a place in the order of the gate's log, or the one that the buyer has: the buyer is the key.
// party is how many seats the buyer thinks of, at least 1. code is the presale code that a new place uses, once its
// signature was checked; 0: none.
//
// Errors, as for all calls of waiting rooms: ErrEventUnknown, ErrNoWaitingRoom, *QueueRefusal, ErrOverloaded and
// ErrUnavailable (repeat), ErrTimeout (unknown: repeat).
func (e *Engine) JoinQueue(
	id storage.EventID, buyer section.BuyerID, party uint8, code codebook.No, timeout time.Duration, out *QueuePlace,
) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.entrance(id, deadline)
	if err != nil {
		return err
	}
	return q.Join(gate.Buyer(buyer), party, code, deadline, out)
}

// LeaveQueue gives a buyer's place up, or ends the buyer's session. Doing it again is no error.
func (e *Engine) LeaveQueue(
	id storage.EventID, buyer section.BuyerID, timeout time.Duration, out *QueuePlace,
) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return err
	}
	return q.Leave(gate.Buyer(buyer), deadline, out)
}

// TakeTurn takes a buyer's turn. With a nil error and out.State gate.Inside the session out.Session lasts to out.Until;
// with gate.Present no slot is free yet, and the buyer is offered one in turn. A second device of the buyer's gets the
// same session. On a *QueueRefusal out is the place as it stands.
func (e *Engine) TakeTurn(id storage.EventID, buyer section.BuyerID, timeout time.Duration, out *QueuePlace) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.entrance(id, deadline)
	if err != nil {
		return err
	}
	return q.Take(gate.Buyer(buyer), deadline, out)
}

// QueuePlace reads a buyer's place from the gate itself.
func (e *Engine) QueuePlace(
	id storage.EventID, buyer section.BuyerID, timeout time.Duration, out *QueuePlace,
) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return err
	}
	return q.Look(gate.Buyer(buyer), deadline, out)
}

// QueueFrame is what everybody may see of a waiting room. It asks nobody once the event is open: polls and streams are
// answered from it.
func (e *Engine) QueueFrame(id storage.EventID) (*QueueFrame, error) {
	q, err := e.queueOf(id, e.clock.Now().Add(catalogPatience))
	if err != nil {
		return nil, err
	}
	return q.Frame(), nil
}

// OperateQueue does what an operator asks for, once under its key.
func (e *Engine) OperateQueue(id storage.EventID, op QueueOperation, timeout time.Duration) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return err
	}
	return q.Do(gate.Command{Kind: gate.Operate, Action: op.Action, Value: op.Value, Text: op.Text, Reason: op.Reason,
		Request: gate.RequestID(op.Request), Fingerprint: op.Fingerprint}, deadline)
}

// MintCodes makes presale codes, once under op's request, and tells their numbers: a repeat tells the same.
func (e *Engine) MintCodes(id storage.EventID, codes codebook.Codes, op QueueOperation, timeout time.Duration) (
	codebook.Codes, error) {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return codebook.Codes{}, err
	}
	return q.Codes(op.about(gate.Mint, codes), deadline)
}

// RevokeCodes has the codes from First on let nobody more in. Places that they gave stay.
func (e *Engine) RevokeCodes(id storage.EventID, codes codebook.Codes, op QueueOperation, timeout time.Duration) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return err
	}
	return q.Do(op.about(gate.Revoke, codes), deadline)
}

func (op *QueueOperation) about(kind gate.CommandKind, codes codebook.Codes) gate.Command {
	return gate.Command{Kind: kind, Codes: codes, Reason: op.Reason, Request: gate.RequestID(op.Request),
		Fingerprint: op.Fingerprint}
}

// HandInDraw brings the beacon's round, or without a beacon (round 0) the operator's value; previous is the signature
// of the round before, of a chained beacon. Whether the signature is that round's is the caller's to check.
func (e *Engine) HandInDraw(
	id storage.EventID, round uint64, previous, signature []byte, timeout time.Duration,
) error {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return err
	}
	return q.Do(gate.Command{Kind: gate.HandIn, Round: round, Previous: previous, Signature: signature}, deadline)
}

// DrawProof is what an entrant of the draw recomputes the place with: the salt of the leaf, and the path to the root.
func (e *Engine) DrawProof(
	id storage.EventID, number gate.Number, timeout time.Duration,
) (salt draw.Salt, path []draw.Hash, err error) {
	deadline := e.clock.Now().Add(timeout)
	q, err := e.queueOf(id, deadline)
	if err != nil {
		return salt, nil, err
	}
	ctx, cancel := context.WithDeadline(e.ctx, deadline)
	defer cancel()
	return q.Proof(ctx, number)
}
