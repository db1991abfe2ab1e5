package actors

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/place"
	"holdfast/actors/machine"
	"holdfast/actors/section"
	"holdfast/storage"
)

// doorsNow is a waiting room whose doors are open, for so many at once.
func doorsNow(inside uint32) *storage.WaitingRoom {
	now := section.Instant(time.Now().UnixMilli())
	return &storage.WaitingRoom{OpensAt: now - 1000, DoorsAt: now - 1000, Cap: inside, SessionMillis: 600_000,
		TurnMillis: 600_000, GraceMillis: 600_000}
}

// newDoors is a fleet with a waiting room before its event, which some node serves.
func newDoors(t *testing.T, n int, w *storage.WaitingRoom, setUp func(*Config)) *fleet {
	t.Helper()
	f := newFleetBehind(t, n, fleetPlan, 8, w, setUp)
	f.eventually("the gate serves", func() bool { return f.doorkeeper() != nil })
	return f
}

// doorkeeper is the living node that serves the gate; nil: none does, or more than one.
func (f *fleet) doorkeeper() (one *fleetNode) {
	for _, n := range f.living() {
		if n.e.Stats().GatesServing.Load() > 0 {
			if one != nil {
				return nil
			}
			one = n
		}
	}
	return one
}

func (n *fleetNode) join(buyer section.BuyerID) (out QueuePlace, err error) {
	err = n.e.JoinQueue(n.f.event, buyer, 2, 0, patience, &out)
	return out, err
}

func (n *fleetNode) take(buyer section.BuyerID) (out QueuePlace, err error) {
	err = n.e.TakeTurn(n.f.event, buyer, patience, &out)
	return out, err
}

func (n *fleetNode) leave(buyer section.BuyerID) (out QueuePlace, err error) {
	err = n.e.LeaveQueue(n.f.event, buyer, patience, &out)
	return out, err
}

func (n *fleetNode) public() gate.Public {
	n.f.t.Helper()
	frame, err := n.e.QueueFrame(n.f.event)
	if err != nil {
		n.f.t.Fatal(err)
	}
	return frame.Public
}

func (n *fleetNode) holdInside(who Caller, p *QueuePlace, seats ...string) (out BookingView, err error) {
	err = n.e.Book(&BookCall{Event: n.f.event, Caller: who, Seats: seats, Admission: n.f.admission(who.Buyer, p)},
		patience, &out)
	return out, err
}

func (f *fleet) admission(buyer section.BuyerID, p *QueuePlace) *place.Admission {
	return &place.Admission{Place: place.Place{Event: f.event, Number: p.Number, Buyer: gate.Buyer(buyer)},
		Session: p.Session, Until: p.Until, Seq: p.Seq}
}

// enter takes a buyer's turn on some node as soon as there is one.
func (f *fleet) enter(buyer section.BuyerID, on func() *fleetNode) (p QueuePlace) {
	f.t.Helper()
	f.eventually(fmt.Sprintf("buyer %x is inside", buyer[:2]), func() bool {
		var err error
		p, err = on().take(buyer)
		return err == nil && p.State == gate.Inside
	})
	return p
}

// judged is the audit of everything in the store, which has to be clean.
func (f *fleet) judged() *audit.Report {
	f.t.Helper()
	report, err := audit.Run(f.t.Context(), f.store, audit.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	if !report.Clean() {
		f.t.Errorf("the audit finds %v", report.Findings)
	}
	return report
}

// TestWaitingRoomOnEveryNode: P8, P2. Whichever node people come to, they get dense numbers, take their turns, and hold
// under their session in sections of any node; a second join finds the place, a session that ended holds nothing
// anywhere, and its slot is given to the next.
func TestWaitingRoomOnEveryNode(t *testing.T) {
	f := newDoors(t, 3, doorsNow(2), func(*Config) {})
	for i := range 6 {
		p, err := f.nodes[i%3].join(section.BuyerID{byte(i + 1)})
		if err != nil || int(p.Number) != i || p.Repeat {
			t.Fatalf("join %d: %+v %v", i, p, err)
		}
		if p, err = f.nodes[(i+1)%3].join(section.BuyerID{byte(i + 1)}); err != nil || int(p.Number) != i || !p.Repeat {
			t.Errorf("joined again: %+v %v", p, err)
		}
	}
	f.eventually("every node shows who waits", func() bool {
		return f.nodes[0].public().Joined == 6 && f.nodes[1].public().Joined == 6 && f.nodes[2].public().Joined == 6
	})
	first := f.enter(section.BuyerID{1}, func() *fleetNode { return f.nodes[0] })
	for no := range 8 { // sections of all nodes, asked on all nodes
		n := f.nodes[no%3]
		who := caller(1, uint64(no+1))
		held, err := n.holdInside(who, &first, fleetSeat(no, 1))
		if err != nil {
			t.Fatalf("a hold of one inside, in section %d through node %d: %v", no, no%3, err)
		}
		var out BookingView
		borrowed := BookCall{Event: f.event, Caller: caller(2, uint64(no+1)), Seats: []string{fleetSeat(no, 2)},
			Admission: f.admission(section.BuyerID{1}, &first)}
		if err := n.e.Book(&borrowed, patience, &out); !errors.Is(err, ErrNotAdmitted) {
			t.Errorf("a hold under another's session: %v", err)
		}
		if err := n.e.Release(held.ID, caller(1, uint64(no+100)), patience, &out); err != nil {
			t.Fatal(err)
		}
	}
	searching := BookCall{Event: f.event, Caller: caller(1, 50), Best: BestAvailable{Quantity: 2},
		Admission: f.admission(section.BuyerID{1}, &first)}
	for i, n := range f.nodes {
		var out BookingView
		if err := n.e.Book(&searching, patience, &out); err != nil || len(out.Seats) != 2 {
			t.Errorf("a search of one inside, through node %d: %v", i, err)
		}
	}
	f.enter(section.BuyerID{2}, func() *fleetNode { return f.nodes[1] })
	if p, err := f.nodes[2].take(section.BuyerID{3}); err == nil && p.State == gate.Inside {
		t.Errorf("a third is inside, of two (G5): %+v", p)
	}
	if _, err := f.nodes[2].leave(section.BuyerID{1}); err != nil {
		t.Fatal(err)
	}
	f.enter(section.BuyerID{3}, func() *fleetNode { return f.nodes[0] })
	for no := range 8 { // the slot is another's: nobody anywhere holds under the old session any more (G6)
		if _, err := f.nodes[(no+1)%3].holdInside(caller(1, uint64(no+200)), &first, fleetSeat(no, 3)); !errors.Is(
			err, ErrAdmissionExpired,
		) {
			t.Errorf("a hold under a session that has ended: %v", err)
		}
	}
	f.judged()
}

// TestBuyersAndOperatorsOfAWaitingRoomOnEveryNode: who has bought makes room, and what an operator says is done once
// and shown everywhere, whichever node is told.
func TestBuyersAndOperatorsOfAWaitingRoomOnEveryNode(t *testing.T) {
	f := newDoors(t, 3, doorsNow(1), func(*Config) {})
	for i := range 2 {
		if _, err := f.nodes[i].join(section.BuyerID{byte(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	inside := f.enter(section.BuyerID{1}, func() *fleetNode { return f.nodes[1] })
	held, err := f.nodes[0].holdInside(caller(1, 1), &inside, fleetSeat(3, 4))
	if err != nil {
		t.Fatal(err)
	}
	var out BookingView
	if err := f.nodes[2].e.Confirm(held.ID, caller(1, 2), "tok_ok", patience, &out); err != nil {
		t.Fatal(err)
	}
	f.enter(section.BuyerID{2}, func() *fleetNode { return f.nodes[2] })
	operation := QueueOperation{Action: gate.SetMessage, Text: "soon", Reason: "rain", Request: section.RequestID{7}}
	for _, n := range f.nodes {
		if err := n.e.OperateQueue(f.event, operation, patience); err != nil {
			t.Errorf("an operator's command: %v", err)
		}
	}
	f.eventually("every node shows the message", func() bool {
		return f.nodes[0].public().Message == "soon" && f.nodes[1].public().Message == "soon" &&
			f.nodes[2].public().Message == "soon"
	})
	f.judged()
}

// TestFollowerOfAGateKeepsNoCrowd: P8. A node that is not the gate's keeps counters, whatever number of people wait.
func TestFollowerOfAGateKeepsNoCrowd(t *testing.T) {
	f := newDoors(t, 2, doorsNow(1), func(*Config) {})
	owner := f.doorkeeper()
	follower := f.nodes[0]
	if follower == owner {
		follower = f.nodes[1]
	}
	size := func() (bytes int) {
		ev, err := follower.e.event(f.event)
		if err != nil {
			t.Fatal(err)
		}
		ev.queue.Replica().Inspect(func(m machine.Machine, _, _ bool) {
			if m != nil {
				bytes = len(m.AppendSnapshot(nil))
			}
		})
		return bytes
	}
	crowd := func(from, to int) {
		errs := together(to-from, func(i int) error {
			_, err := follower.join(section.BuyerID{byte(from + i), byte((from + i) >> 8), 1})
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	crowd(0, 10)
	f.eventually("ten are followed", func() bool { return follower.public().Joined == 10 })
	few := size()
	crowd(10, 3000)
	f.eventually("all are followed", func() bool { return follower.public().Joined == 3000 })
	if many := size(); few == 0 || many > few+64 {
		t.Errorf("a follower keeps %d bytes of 10 people, and %d of 3000", few, many)
	}
}

// TestClockStepOfANodeMovesNobody: P8. A node whose wall clock jumps an hour is met by people who wait: nobody's place
// changes, nobody is called or ended for it, and the order is the log's.
func TestClockStepOfANodeMovesNobody(t *testing.T) {
	var steps sync.Map // by node's name: *atomic.Int64, milliseconds
	f := newDoors(t, 3, doorsNow(1), func(c *Config) {
		step := &atomic.Int64{}
		steps.Store(c.Name, step)
		c.Clock = func() section.Instant { return section.Instant(time.Now().UnixMilli() + step.Load()) }
	})
	owner := f.doorkeeper()
	var other *fleetNode
	for _, n := range f.nodes {
		if n != owner {
			other = n
		}
	}
	for i := range 3 {
		if _, err := f.nodes[i].join(section.BuyerID{byte(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	inside := f.enter(section.BuyerID{1}, func() *fleetNode { return owner })
	before := owner.public()
	step, _ := steps.Load(fmt.Sprintf("n%d", other.id[1]))
	for i, by := range []time.Duration{time.Hour, -time.Hour} {
		step.(*atomic.Int64).Store(by.Milliseconds())
		p, err := other.join(section.BuyerID{byte(i + 10)})
		if err != nil || int(p.Number) != 3+i {
			t.Fatalf("a join through the node whose clock has stepped: %+v %v", p, err)
		}
		for b := range 3 {
			var out QueuePlace
			err := other.e.QueuePlace(f.event, section.BuyerID{byte(b + 1)}, patience, &out)
			if err != nil || int(out.Number) != b || b == 0 && (out.State != gate.Inside || out.Until != inside.Until) {
				t.Errorf("place %d after a step by %v: %+v %v", b, by, out, err)
			}
		}
	}
	after := owner.public()
	if after.Called < before.Called || after.Finished != before.Finished || after.Lapsed != 0 ||
		after.Inside != before.Inside || after.Overtake > gate.Millis(patience.Milliseconds()) {
		t.Errorf("the step has moved somebody: %+v, then %+v", before, after)
	}
	step.(*atomic.Int64).Store(0)
	f.judged()
}

// TestDrawOnEveryNode: P8. People join a lobby through all nodes, the value is handed in through one of them, and each
// node gives each entrant a path to the published root, although the gate has moved since.
func TestDrawOnEveryNode(t *testing.T) {
	w := doorsNow(1)
	now := section.Instant(time.Now().UnixMilli())
	w.ClosesAt, w.DoorsAt = now+1500, now+3_600_000
	f := newDoors(t, 3, w, func(*Config) {})
	for i := range 6 {
		if _, err := f.nodes[i%3].join(section.BuyerID{byte(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	f.eventually("the lobby is closed, as all see", func() bool {
		for _, n := range f.nodes {
			if p := n.public(); p.Phase != gate.Closed || p.Entrants != 6 {
				return false
			}
		}
		return true
	})
	for _, n := range f.nodes { // once, whoever hands it in
		if err := n.e.HandInDraw(f.event, 0, nil, []byte("chance"), patience); err != nil {
			t.Fatal(err)
		}
	}
	prove := func() {
		t.Helper()
		for i := range 6 {
			salt, path, err := f.nodes[(i+1)%3].e.DrawProof(f.event, gate.Number(i), patience)
			leaf := draw.Leaf(uint32(i), section.BuyerID{byte(i + 1)}, 2, salt)
			if p := f.nodes[i%3].public(); err != nil || !draw.OnPath(p.Root, p.Entrants, uint32(i), leaf, path) {
				t.Errorf("the path of entrant %d does not lead to the root: %v", i, err)
			}
		}
	}
	prove()
	before := f.doorkeeper()
	f.agree(before)
	f.eventually("the gate has moved", func() bool { n := f.doorkeeper(); return n != nil && n != before })
	prove()
	f.judged()
}
