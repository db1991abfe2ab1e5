package actors

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/place"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// frontDoor is an engine with one event behind a waiting room, by a clock that only the test moves.
type frontDoor struct {
	t     *testing.T
	now   atomic.Int64
	store *memstore.Store
	e     *Engine
	event storage.EventID
}

// waitingRoom lets two people in at a time, without a lobby, from now on.
func waitingRoom() *storage.WaitingRoom {
	const now = 1_000_000
	return &storage.WaitingRoom{OpensAt: now, DoorsAt: now, Cap: 2, SessionMillis: 60_000, TurnMillis: 30_000}
}

func newFrontDoor(t *testing.T, w *storage.WaitingRoom) *frontDoor {
	t.Helper()
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	d := &frontDoor{t: t, store: memstore.New()}
	d.now.Store(1_000_000)
	d.open()
	made, err := d.e.CreateEvent(t.Context(), &storage.Event{Name: "small", Currency: "EUR", Sale: storage.SaleOpen,
		Rules: boxRules(), Prices: map[string]int64{"standard": 0}, WaitingRoom: w}, v)
	if err != nil {
		t.Fatal(err)
	}
	d.event = made.ID
	t.Cleanup(d.close)
	return d
}

func (d *frontDoor) open() {
	d.t.Helper()
	ledger, err := sandbox.Open("")
	if err != nil {
		d.t.Fatal(err)
	}
	d.e, err = Open(context.Background(), Config{Store: d.store, Processor: ledger, Preload: true,
		Clock: func() section.Instant { return section.Instant(d.now.Load()) }})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *frontDoor) close() {
	d.t.Helper()
	if err := d.e.Close(context.Background()); err != nil {
		d.t.Error(err)
	}
}

// until lets time pass, a tenth of a second at a step, until something is so.
func (d *frontDoor) until(what string, so func() bool) {
	d.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(end) {
			d.t.Fatalf("it never came that %s: %+v", what, d.frame())
		}
		d.now.Add(100)
		d.e.lookAtEnds()
	}
}

// untilState waits for a buyer's place.
func (d *frontDoor) untilState(buyer byte, want gate.PlaceState) {
	d.t.Helper()
	d.until(fmt.Sprintf("buyer %d is in state %d", buyer, want), func() bool { return d.look(buyer).State == want })
}

func (d *frontDoor) join(buyer byte) QueuePlace {
	d.t.Helper()
	var out QueuePlace
	if err := d.e.JoinQueue(d.event, section.BuyerID{buyer}, 2, 0, patience, &out); err != nil {
		d.t.Fatalf("buyer %d joins: %v", buyer, err)
	}
	return out
}

func (d *frontDoor) look(buyer byte) QueuePlace {
	d.t.Helper()
	var out QueuePlace
	if err := d.e.QueuePlace(d.event, section.BuyerID{buyer}, patience, &out); err != nil {
		d.t.Fatalf("buyer %d looks: %v", buyer, err)
	}
	return out
}

// enter takes a buyer's turn, which must let the buyer in.
func (d *frontDoor) enter(buyer byte) *place.Admission {
	d.t.Helper()
	var out QueuePlace
	err := d.e.TakeTurn(d.event, section.BuyerID{buyer}, patience, &out)
	if err != nil || out.State != gate.Inside {
		d.t.Fatalf("buyer %d takes a turn: %v, state %d", buyer, err, out.State)
	}
	return d.admission(buyer, &out)
}

func (d *frontDoor) admission(buyer byte, p *QueuePlace) *place.Admission {
	return &place.Admission{Place: place.Place{Event: d.event, Number: p.Number, Buyer: gate.Buyer{buyer}},
		Session: p.Session, Until: p.Until, Seq: p.Seq}
}

func (d *frontDoor) hold(who Caller, a *place.Admission, seats ...string) (BookingView, error) {
	var out BookingView
	err := d.e.Book(&BookCall{Event: d.event, Caller: who, Seats: seats, Admission: a}, patience, &out)
	return out, err
}

func (d *frontDoor) wantHold(what string, want error, who Caller, a *place.Admission, seats ...string) BookingView {
	d.t.Helper()
	out, err := d.hold(who, a, seats...)
	if !errors.Is(err, want) {
		d.t.Errorf("%s: %v, want %v", what, err, want)
	}
	return out
}

func (d *frontDoor) frame() gate.Public {
	d.t.Helper()
	f, err := d.e.QueueFrame(d.event)
	if err != nil {
		d.t.Fatal(err)
	}
	return f.Public
}

// TestOnlyTheAdmittedHold: P8. A buyer joins, is called, comes in, holds and buys; whoever is not inside, or no longer,
// places no hold, and an operator needs no session.
func TestOnlyTheAdmittedHold(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	first, again := d.join(1), d.join(1)
	if first.Number != 0 || again.Number != 0 || !again.Repeat {
		t.Errorf("the first place is %+v, and joined again %+v", first, again)
	}
	d.untilState(1, gate.Called)
	d.wantHold("a hold of one who is called", ErrNotAdmitted, caller(1, 1), nil, "A-1-1")
	inside := d.enter(1)
	d.wantHold("another buyer's session", ErrNotAdmitted, caller(2, 1), inside, "A-1-1")
	forged := *inside
	forged.Session = 99
	d.wantHold("a session that is not", ErrNotAdmitted, caller(1, 2), &forged, "A-1-1")
	held := d.wantHold("a hold of one inside", nil, caller(1, 3), inside, "A-1-1", "A-1-2")
	var sold BookingView
	if err := d.e.Confirm(held.ID, caller(1, 4), "", patience, &sold); err != nil {
		t.Fatal(err)
	}
	d.untilState(1, gate.Finished)
	d.wantHold("a session that buying has ended", ErrAdmissionExpired, caller(1, 5), inside, "A-2-1")
	repeat := d.wantHold("a repeat after the session (P5)", nil, caller(1, 3), inside, "A-1-1", "A-1-2")
	if repeat.ID != held.ID {
		t.Errorf("the repeat gives booking %v, first %v", repeat.ID, held.ID)
	}
	d.wantHold("an operator's hold", nil, Caller{Operator: true, Buyer: OperatorBuyer}, nil, "B-1-1")
	var best BookingView
	search := BookCall{Event: d.event, Caller: caller(1, 6), Best: BestAvailable{Quantity: 1}, Admission: inside}
	err := d.e.Book(&search, patience, &best)
	if !errors.Is(err, ErrAdmissionExpired) {
		t.Errorf("a search of one who has bought: %v", err)
	}
	d.until("the slot is free", func() bool { f := d.frame(); return f.Occupied == 0 && f.Finished == 1 })
}

// TestSessionsEndByTheClock: P4, P8. A hold at the end of the session is refused, and the slot is free again once the
// sections have heard.
func TestSessionsEndByTheClock(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	d.join(1)
	d.untilState(1, gate.Called)
	inside := d.enter(1)
	d.now.Store(int64(inside.Until) - 1)
	d.wantHold("in the last moment", nil, caller(1, 1), inside, "A-1-1")
	d.now.Store(int64(inside.Until))
	d.wantHold("at the end", ErrAdmissionExpired, caller(1, 2), inside, "A-1-2")
	d.until("the slot is free", func() bool { return d.frame().Occupied == 0 && d.frame().Finished == 1 })
}

// TestCapCountsThoseInside: G5, G6. With two slots the third waits, and comes in when one has left and the sections
// have acknowledged that; a pause lets nobody in, and keeps places.
func TestCapCountsThoseInside(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	for buyer := range byte(4) {
		if p := d.join(buyer + 1); p.Number != gate.Number(buyer) {
			t.Errorf("buyer %d has number %d", buyer+1, p.Number)
		}
	}
	d.untilState(1, gate.Called)
	d.untilState(2, gate.Called)
	first, _ := d.enter(1), d.enter(2)
	d.operate(1, gate.Pause, 0)
	var out QueuePlace
	d.refused("a turn in a pause", gate.GatePaused, d.e.TakeTurn(d.event, section.BuyerID{3}, patience, &out))
	if err := d.e.LeaveQueue(d.event, section.BuyerID{1}, patience, &out); err != nil {
		t.Fatal(err)
	}
	d.wantHold("a session left", ErrAdmissionExpired, caller(1, 1), first, "A-1-1")
	d.until("one is inside in a pause", func() bool {
		f := d.frame()
		return f.Inside == 1 && f.Occupied == 1 && f.Paused
	})
	d.operate(2, gate.Resume, 0)
	d.operate(2, gate.Resume, 0) // once under its key
	d.untilState(3, gate.Called)
	d.enter(3)
	d.until("two are inside", func() bool { return d.frame().Inside == 2 })
	if f := d.frame(); f.Occupied > f.Cap {
		t.Errorf("%d slots of %d are occupied", f.Occupied, f.Cap)
	}
}

func (d *frontDoor) operate(key byte, action gate.Action, value uint32) {
	d.t.Helper()
	op := QueueOperation{Action: action, Value: value, Reason: "a test", Request: section.RequestID{key}}
	if err := d.e.OperateQueue(d.event, op, patience); err != nil {
		d.t.Fatalf("operator's action %d: %v", action, err)
	}
}

func (d *frontDoor) refused(what string, want gate.Rejection, err error) {
	d.t.Helper()
	var no *QueueRefusal
	if !errors.As(err, &no) || no.Code != want {
		d.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestPlacesOutliveTheProcess: G1. After a restart places, sessions and counts are what they were, and numbers go on
// without a hole.
func TestPlacesOutliveTheProcess(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	for buyer := range byte(5) {
		d.join(buyer + 1)
	}
	d.untilState(1, gate.Called)
	inside := d.enter(1)
	d.wantHold("before the restart", nil, caller(1, 1), inside, "A-1-1")
	d.close()
	d.open()
	if p := d.join(3); p.Number != 2 || !p.Repeat {
		t.Errorf("the third comes back to %+v", p)
	}
	if p := d.join(9); p.Number != 5 {
		t.Errorf("the next number is %d, want 5", p.Number)
	}
	d.wantHold("the session goes on", nil, caller(1, 2), inside, "A-1-2")
	d.until("one of six is inside", func() bool { f := d.frame(); return f.Inside == 1 && f.Joined == 6 })
	d.untilState(2, gate.Called)
	d.enter(2)
}

// TestNobodyIsCalledForNothing: G8, G9. When all is sold the frame says so, and who joins is not called; a seat that
// comes back calls the next.
func TestNobodyIsCalledForNothing(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	block := func(unblock bool, seats ...string) {
		t.Helper()
		operator := Caller{Operator: true, Buyer: OperatorBuyer}
		if err := d.e.Block(d.event, operator, seats, unblock, patience); err != nil {
			t.Fatal(err)
		}
	}
	block(false, "A-1-1", "A-1-2", "A-1-3", "A-1-4", "A-1-5", "A-1-6", "A-2-1", "A-2-2", "A-2-3", "A-2-4")
	block(false, "B-1-1", "B-1-2", "B-1-3", "B-1-4", "B-1-5", "B-1-6")
	d.until("all is sold", func() bool { return d.frame().SoldOut })
	d.join(1)
	d.until("the place is shown", func() bool { return d.frame().Joined == 1 })
	if p := d.look(1); p.State != gate.Waiting {
		t.Errorf("with nothing in stock the first is in state %d", p.State)
	}
	block(true, "B-1-1")
	d.untilState(1, gate.Called)
	if f := d.frame(); f.SoldOut || f.Free != 1 {
		t.Errorf("%d free, sold out %v", f.Free, f.SoldOut)
	}
}

// TestDrawOfTheLobby: who joins before the close is drawn, by a value handed in once; nobody is called before the
// doors open.
func TestDrawOfTheLobby(t *testing.T) {
	w := waitingRoom()
	w.ClosesAt, w.DoorsAt = w.OpensAt+10_000, w.OpensAt+2_000_000
	d := newFrontDoor(t, w)
	for buyer := range byte(5) {
		d.join(buyer + 1)
	}
	d.refused("a draw before the close", gate.NotClosed, d.e.HandInDraw(d.event, 0, nil, []byte("chance"), patience))
	d.until("the lobby closes", func() bool { f := d.frame(); return f.Phase == gate.Closed && f.Entrants == 5 })
	if err := d.e.HandInDraw(d.event, 0, nil, []byte("chance"), patience); err != nil {
		t.Fatal(err)
	}
	salt, path, err := d.e.DrawProof(d.event, 3, patience)
	leaf := draw.Leaf(3, section.BuyerID{4}, 2, salt)
	if f := d.frame(); err != nil || !draw.OnPath(f.Root, f.Entrants, 3, leaf, path) {
		t.Errorf("the fourth's path does not lead to the root: %v", err)
	}
	_, _, err = d.e.DrawProof(d.event, 5, patience)
	d.refused("the path of no entrant", gate.PlaceUnknown, err)
	d.refused("another value", gate.DrawnAlready, d.e.HandInDraw(d.event, 0, nil, []byte("other"), patience))
	if f := d.frame(); f.Phase != gate.Drawn || f.Called != 0 {
		t.Errorf("phase %d, %d called", f.Phase, f.Called)
	}
	if f, _ := d.e.QueueFrame(d.event); f.Settings.SaltKey != [32]byte{} || string(f.Signature) != "chance" {
		t.Error("the frame shows the salts' key, or not what seeded the draw")
	}
	d.now.Store(int64(w.DoorsAt))
	d.until("the doors are open", func() bool { f := d.frame(); return f.Phase == gate.Open && f.Called > 0 })
}

// TestEventsWithoutAWaitingRoomHaveNone: calls of the waiting room say so, and settings that contradict themselves make
// no event.
func TestEventsWithoutAWaitingRoomHaveNone(t *testing.T) {
	d := newFrontDoor(t, nil)
	var out QueuePlace
	if err := d.e.JoinQueue(d.event, section.BuyerID{1}, 1, 0, patience, &out); !errors.Is(err, ErrNoWaitingRoom) {
		t.Errorf("joining: %v", err)
	}
	d.wantHold("a hold", nil, caller(1, 1), nil, "A-1-1")
	w := waitingRoom()
	w.DoorsAt = w.OpensAt - 1
	v, err := d.e.Venue(t.Context(), d.event)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.e.CreateEvent(t.Context(), &storage.Event{Name: "bad", WaitingRoom: w}, v)
	d.refused("doors before the joins", gate.BadSettings, err)
}

// TestWhoLetsHoldsLapseWaits: P8. Lapsed holds beyond the free ones make their buyer wait, longer each time, and nobody
// else; giving back costs nothing, a repeat of an accepted request is known meanwhile (P5), and paying forgives.
func TestWhoLetsHoldsLapseWaits(t *testing.T) {
	w := waitingRoom()
	w.SessionMillis = 24 * 3_600_000
	w.CoolDown = &storage.CoolDown{Free: 1, BaseMillis: 60_000, MaxMillis: 600_000, ForgetMillis: 3_600_000}
	d := newFrontDoor(t, w)
	d.join(1)
	d.join(2)
	d.untilState(2, gate.Called)
	one, two := d.enter(1), d.enter(2)
	keys := uint64(0)
	next := func(buyer byte) Caller { keys++; return caller(buyer, keys) }
	lapse := func() (Caller, BookingView) {
		who := next(1)
		held := d.wantHold("a hold that will lapse", nil, who, one, "A-1-1")
		d.now.Add(int64(boxRules().HoldTTL))
		d.until("the hold lapses", func() bool {
			var out BookingView
			return d.e.Booking(held.ID, Caller{Buyer: section.BuyerID{1}}, patience, &out) == nil &&
				out.State == section.BookingExpired
		})
		return who, held
	}
	waits := func() gate.Millis {
		_, err := d.hold(next(1), one, "A-1-2")
		var refused *QueueRefusal
		if !errors.As(err, &refused) || refused.Code != gate.CoolDown {
			t.Fatalf("a hold too soon: %v", err)
		}
		return refused.Wait
	}
	given := d.wantHold("a hold that is given back", nil, next(1), one, "A-1-1")
	var out BookingView
	if err := d.e.Release(given.ID, next(1), patience, &out); err != nil {
		t.Fatal(err)
	}
	lapse()
	who, held := lapse()
	if wait := waits(); wait <= 0 || wait > 60_000 {
		t.Errorf("after the first too many: %d ms", wait)
	}
	if again := d.wantHold("a repeat (P5)", nil, who, one, "A-1-1"); again.ID != held.ID {
		t.Errorf("a repeat is booking %v, not %v", again.ID, held.ID)
	}
	d.wantHold("another buyer's hold", nil, next(2), two, "A-2-1")
	d.now.Add(int64(waits()))
	lapse()
	if wait := waits(); wait <= 60_000 || wait > 120_000 {
		t.Errorf("after one more: %d ms", wait)
	}
	d.now.Add(int64(waits()))
	paid := d.wantHold("a hold after the wait", nil, next(1), one, "A-1-1")
	if err := d.e.Confirm(paid.ID, next(1), "", patience, &out); err != nil {
		t.Fatal(err)
	}
	q, err := d.e.queueOf(d.event, time.Now().Add(patience))
	if err != nil {
		t.Fatal(err)
	}
	d.until("paying forgives", func() bool {
		return q.Cooling(section.BuyerID{1}, section.Instant(d.now.Load())) == nil
	})
}
