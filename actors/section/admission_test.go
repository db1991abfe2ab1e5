package section

import (
	"bytes"
	"slices"
	"testing"
)

// TestOnlyNewHoldsNeedASession: behind a waiting room a hold needs a session that is alive, and carries it. Whatever
// comes after the hold needs none, a repeat gets its first answer, and operators go past the waiting room (P5, P8).
func TestOnlyNewHoldsNeedASession(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	gated(k)
	hold := under(Command{Kind: PlaceHold, Buyer: buyerOf(1), Request: requestOf(1), Seats: seatsOf(0, 1)},
		admission{Session: 4, Until: 100, Horizon: 8})
	if out := k.do(hold); out.Rejection != Accepted {
		t.Fatalf("a hold under a session: %v", out.Rejection)
	}
	placed := k.log[len(k.log)-1]
	if placed.Session != 4 || placed.Horizon != 8 {
		t.Errorf("the hold carries session %d looked up at %d, want 4 at 8", placed.Session, placed.Horizon)
	}
	k.state.EndsFollowed(20)
	hold.At = 200
	if out := k.do(hold); out.Rejection != Accepted || !out.Repeat {
		t.Errorf("the repeat after the session: %v", out.Rejection)
	}
	for _, kind := range []CommandKind{ExtendHold, BeginPayment, ConfirmPayment} {
		c := Command{Kind: kind, Booking: 1, Buyer: buyerOf(1), At: 300_000}
		if out := k.do(c); out.Rejection != Accepted {
			t.Errorf("command %d without a session: %v", kind, out.Rejection)
		}
	}
	operators := Command{Kind: PlaceHold, Operator: true, Seats: seatsOf(3), At: 300_000}
	if out := k.do(operators); out.Rejection != Accepted {
		t.Errorf("an operator's hold: %v", out.Rejection)
	}
}

// TestEndsAreToldInOrderWithHolds: a section that has answered that it knows of an end places no hold that was looked
// up before that end, and nothing of that is in its snapshot (P8, P10).
func TestEndsAreToldInOrderWithHolds(t *testing.T) {
	kind := Kind{Layout: rowsLayout(6), Rules: testRules, Gated: true}
	m := kind.New().(*Machine)
	m.Claimed(2, 1)
	before := m.AppendSnapshot(nil)
	place := func(horizon Seq) Rejection {
		c := &Call{Command: under(Command{Kind: PlaceHold, Seats: seatsOf(0)}, admission{1, 100, horizon})}
		m.Decide(c, 1)
		return c.Decision.Outcome.Rejection
	}
	if r := place(5); r != Accepted {
		t.Errorf("before the end: %v", r)
	}
	if d := m.Decide(&Call{EndsFollowed: 6}, 1); d.Changes != 0 || d.DependsOn != 0 {
		t.Errorf("hearing of an end writes %+v", d)
	}
	if r := place(5); r != AdmissionStale {
		t.Errorf("looked up before the end: %v", r)
	}
	if r := place(6); r != Accepted {
		t.Errorf("looked up at the end's record: %v", r)
	}
	if !bytes.Equal(before, m.AppendSnapshot(nil)) {
		t.Error("what a section was told of ends is in its snapshot")
	}
}

// TestUnpaidListsHeldAndPaying: what is held and what is being paid is listed with its buyer and size.
func TestUnpaidListsHeldAndPaying(t *testing.T) {
	k := newDesk(rowsLayout(9), testRules)
	k.mustHold(1, 0, 0, 1)
	k.mustHold(2, 0, 3)
	k.mustHold(3, 0, 5, 6, 7)
	k.do(Command{Kind: BeginPayment, Booking: 2, Buyer: buyerOf(2)})
	k.do(Command{Kind: ReleaseHold, Booking: 3, Buyer: buyerOf(3)})
	type unpaid struct {
		no     BookingNo
		buyer  BuyerID
		seats  uint32
		paying bool
	}
	var got []unpaid
	k.state.Unpaid(func(no BookingNo, buyer BuyerID, seats uint32, paying bool) {
		got = append(got, unpaid{no, buyer, seats, paying})
	})
	if want := []unpaid{{1, buyerOf(1), 2, false}, {2, buyerOf(2), 1, true}}; !slices.Equal(got, want) {
		t.Errorf("unpaid are %+v, want %+v", got, want)
	}
}
