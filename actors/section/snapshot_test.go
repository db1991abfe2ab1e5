package section

import (
	"bytes"
	"errors"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section/order"
)

// busyDesk has bookings in every state, blocked seats and remembered requests.
func busyDesk() *desk {
	k := newDesk(rowsLayout(10, 10), testRules)
	for i := range uint64(6) {
		seats := seatsOf(SeatIndex(3*i), SeatIndex(3*i+1), SeatIndex(3*i+2))
		k.do(
			Command{
				Kind: PlaceHold, At: Instant(i), Buyer: buyerOf(i % 4), Request: requestOf(i), Fingerprint: i,
				Seats: seats,
			},
		)
	}
	at := Instant(10)
	act := func(kind CommandKind, no BookingNo) {
		k.do(
			Command{Kind: kind, At: at, Booking: no, Operator: true, Request: requestOf(100*uint64(kind) + uint64(no))},
		)
	}
	act(ReleaseHold, 1)
	act(BeginPayment, 2)
	act(BeginPayment, 3)
	act(ConfirmPayment, 3)
	act(BeginPayment, 4)
	act(ConfirmPayment, 4)
	act(RefundBooking, 4)
	at = 2010
	act(ExtendHold, 5)
	k.do(Command{Kind: BlockSeats, At: at, Seats: seatsOf(18, 19), Request: requestOf(9)})
	k.do(Command{Kind: PlaceBest, At: at, Buyer: buyerOf(5), Quantity: 5, AnyCategory: true})
	return k
}

// TestReplayEquality guards P10: the changes alone rebuild the state, byte for byte, and a restored state goes on the
// same way.
func TestReplayEquality(t *testing.T) {
	k := busyDesk()
	body := k.state.AppendSnapshot(nil)
	if !bytes.Equal(body, k.replay().AppendSnapshot(nil)) {
		t.Fatal("a replay of the changes differs from the state that made them")
	}
	again, err := Restore(k.state.layout, k.state.rules, body)
	if err != nil {
		t.Fatal(err)
	}
	twice := &desk{state: again}
	for _, c := range []Command{
		{Kind: ConfirmPayment, At: 2020, Booking: 2, Operator: true},
		{Kind: ExpireHolds, At: 600_004, Max: 9},
		{Kind: PlaceBest, At: 600_005, Buyer: buyerOf(8), Quantity: 4, AnyCategory: true},
	} {
		k.do(c)
		twice.do(c)
	}
	if !bytes.Equal(k.state.AppendSnapshot(nil), twice.state.AppendSnapshot(nil)) {
		t.Error("a restored state went another way")
	}
}

// TestSnapshotIsReproducible compares states that came about on different ways: slots and chunks differ, bytes must
// not.
func TestSnapshotIsReproducible(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	r := testRules
	r.DedupeWindow = 0
	k.state.rules = r
	for i := range 5 {
		k.mustHold(uint64(i), Instant(i), SeatIndex(i))
		k.do(Command{Kind: ReleaseHold, At: Instant(i), Booking: BookingNo(i + 1), Operator: true})
	}
	k.mustHold(7, 100, 3)
	k.mustHold(8, 100, 4)
	a := k.state.AppendSnapshot(nil)
	again, err := Restore(k.state.layout, r, a)
	if err != nil {
		t.Fatal(err)
	}
	if b := again.AppendSnapshot(nil); !bytes.Equal(a, b) {
		t.Errorf("restored:\n%x\nlive:\n%x", b, a)
	}
}

func TestRestoreRefuses(t *testing.T) {
	k := busyDesk()
	good := k.state.AppendSnapshot(nil)
	l := k.state.layout
	for n := range good {
		if _, err := Restore(l, testRules, good[:n]); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	bad := map[string][]byte{
		"trailing byte": append(bytes.Clone(good), 0),
		"version":       append([]byte{9}, good[1:]...),
		"nothing":       nil,
	}
	for name, body := range bad {
		if _, err := Restore(l, testRules, body); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Restore(rowsLayout(10, 9, 1), testRules, good); !errors.Is(err, ErrSnapshot) {
		t.Errorf("another layout: %v", err)
	}
}

// orderedDesk is the home of an order, and has a leg of another.
func orderedDesk(l *Layout) *desk {
	k := newDesk(l, testRules)
	k.do(legOn(5))
	id := k.do(Command{Kind: BeginOrder, Order: &order.Part{}}).Order.ID
	legs := []order.Leg{{Section: 4, Booking: 9, Seats: seatsOf(3)}}
	k.do(Command{Kind: PlaceHold, Seats: seatsOf(7), Buyer: buyerOf(2),
		Order: &order.Part{ID: id, Hash: order.Hash(&id, seatsOf(7), legs), Legs: legs}})
	return k
}

// FuzzRestore: any bytes are refused, or are exactly what the restored state writes; and the restored state works.
func FuzzRestore(f *testing.F) {
	k := busyDesk()
	l := k.state.layout
	good := k.state.AppendSnapshot(nil)
	f.Add(good)
	f.Add(NewState(l, testRules).AppendSnapshot(nil))
	f.Add(orderedDesk(l).state.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		budget.Reading{PerByte: 200}.Check(t, len(body), func() { _, _ = Restore(l, testRules, body) })
		s, err := Restore(l, testRules, body)
		if err != nil {
			return
		}
		if !bytes.Equal(body, s.AppendSnapshot(nil)) {
			t.Fatal("accepted bytes that it would not write")
		}
		again := &desk{state: s}
		if s.LastAt() < 1<<40 && s.lastNo < 1<<60 && s.Seq() < 1<<60 {
			again.do(Command{Kind: ExpireHolds, At: s.LastAt() + 1, Max: 100})
			again.do(Command{Kind: PlaceBest, At: s.LastAt() + 1, Quantity: 2, AnyCategory: true})
		}
	})
}

// FuzzCommands reads commands from bytes, runs them and checks what must hold whatever they are: nothing panics, and
// the changes alone rebuild the state (P1, P10).
func FuzzCommands(f *testing.F) {
	f.Add([]byte{0, 1, 0x21, 0, 5, 1, 1, 0, 6, 1, 1, 0})
	f.Add([]byte{1, 2, 4, 9, 2, 1, 1, 60, 8, 0, 9, 255})
	l := rowsLayout(5, 4)
	l.Rows[0].Breaks = []uint32{2}
	f.Fuzz(func(t *testing.T, script []byte) {
		k := newDesk(l, modelRules())
		now := Instant(0)
		for ; len(script) >= 4; script = script[4:] {
			kind, a, b, passes := script[0], script[1], script[2], script[3]
			now += Instant(passes)
			c := Command{
				Kind: CommandKind(
					kind%11,
				) + 1, At: now, Booking: BookingNo(a), Buyer: buyerOf(uint64(b % 3)), Operator: b&64 != 0,
				Quantity: uint32(a), Max: uint32(a), AnyCategory: true, TogetherOnly: b&128 != 0,
				Seats: seatsOf(SeatIndex(a%16), SeatIndex(a/16)),
			}
			if kind&128 != 0 {
				c.Request, c.Fingerprint = requestOf(uint64(b%8)), uint64(a%2)
			}
			k.do(c)
		}
		body := k.state.AppendSnapshot(nil)
		if !bytes.Equal(body, k.replay().AppendSnapshot(nil)) {
			t.Fatal("replay differs")
		}
		if _, err := Restore(l, modelRules(), body); err != nil {
			t.Fatal(err)
		}
	})
}
