package section

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
)

// TestTurnsOfTheSaleKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestTurnsOfTheSaleKeepTheirBytes(t *testing.T) {
	for _, c := range []struct {
		change Change
		bytes  string
	}{
		{Change{Kind: SaleSwitched, At: 100, Sale: sales.Of(1, sales.Open)}, "0f25000009"},
		{Change{Kind: SaleSwitched, At: 100, Sale: sales.Of(300, sales.Cancelling)}, "0f250000e412"},
		{Change{Kind: PaymentFailed, At: 100, Booking: 7, Pay: account.Payment{Attempt: 2, Reason: account.EventOff}},
			"0f0407000205"},
	} {
		if got := hex.EncodeToString(AppendChange(nil, 100, &c.change)); got != c.bytes {
			t.Errorf("%+v is written as %s, want %s", c.change, got, c.bytes)
		}
		raw, _ := hex.DecodeString(c.bytes)
		if err := DecodeChanges(raw, 100, func(got *Change) error {
			if !reflect.DeepEqual(*got, c.change) {
				t.Errorf("%s is read as %+v", c.bytes, *got)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", c.bytes, err)
		}
	}
	for _, bad := range []string{"0f25000000", "0f25000001", "0f2500000d", "0f25010009", "0f25000109", "0f25020609"} {
		raw, _ := hex.DecodeString(bad)
		if err := DecodeChanges(raw, 100, func(*Change) error { return nil }); err == nil {
			t.Errorf("%s is taken for a turn of the sale switch", bad)
		}
	}
}

// TestASwitchNeverGoesBack: a turn that comes late changes nothing, and nothing follows a cancellation.
func TestASwitchNeverGoesBack(t *testing.T) {
	k := newDesk(rowsLayout(10), testRules)
	turn := func(number uint64, state sales.State) Outcome {
		return k.do(Command{Kind: SwitchSale, At: 5, Operator: true, Sale: sales.Of(number, state)})
	}
	hold := func() Rejection { return k.do(Command{Kind: PlaceHold, At: 5, Seats: seatsOf(3)}).Rejection }
	if turn(2, sales.Closed); hold() != SaleNotOpen {
		t.Error("a closed section grants")
	}
	if out := turn(1, sales.Open); !out.Repeat || out.Booking != BookingNo(sales.Of(2, sales.Closed)) ||
		hold() != SaleNotOpen {
		t.Errorf("an older turn: %+v", out)
	}
	if out := turn(3, sales.Open); out.Repeat || hold() != Accepted {
		t.Errorf("a newer turn: %+v", out)
	}
	if turn(4, sales.Cancelling); hold() != EventCancelled {
		t.Error("a cancelled event is sold")
	}
	if out := turn(5, sales.Open); !out.Repeat || hold() != EventCancelled {
		t.Errorf("a cancelled event was opened: %+v", out)
	}
}

// TestATurnThatIsOwedComesFirst: a section that learns of the switch by the catalog, when it is claimed, logs the turn
// before it grants anything, and ends nothing for it.
func TestATurnThatIsOwedComesFirst(t *testing.T) {
	m := NewMachine(NewState(rowsLayout(10), testRules))
	m.Claimed(2, 1)
	m.SaleOwed(sales.Of(4, sales.Paused))
	if at, due := m.NextTimer(); !due || at > 0 {
		t.Fatalf("the turn is due at %d: %v", at, due)
	}
	if m.DecideTimers(7).Changes != 1 {
		t.Fatal("the turn is not decided")
	}
	if m.DecideTimers(7).Changes != 1 {
		t.Fatal("a turn that found no room in its record is lost")
	}
	body := m.AppendChanges(nil, 7)
	m.Apply(m.NewEffects())
	if _, due := m.NextTimer(); due {
		t.Error("the turn is logged, and still due")
	}
	replayed := NewMachine(NewState(rowsLayout(10), testRules))
	replayed.Begin(2)
	if _, err := replayed.Replay(body, 7, nil); err != nil ||
		!bytes.Equal(replayed.AppendSnapshot(nil), m.AppendSnapshot(nil)) {
		t.Errorf("the log makes another section: %v", err)
	}
	c := &Call{Command: Command{Kind: PlaceHold, Seats: seatsOf(1)}}
	if m.Decide(c, 8); c.Decision.Outcome.Rejection != SaleNotOpen || c.Decision.Outcome.DependsOn != 2 {
		t.Errorf("a hold is judged %+v", c.Decision.Outcome)
	}
}

// TestACancelledSectionWindsItselfUp: P6: held bookings end, sold ones are owed back with their fees, and what is being
// paid is owed back if the money was taken, and never sold.
func TestACancelledSectionWindsItselfUp(t *testing.T) {
	k := newDesk(rowsLayout(40), testRules)
	m := NewMachine(k.state)
	begin := func(no BookingNo) {
		k.do(Command{Kind: BeginPayment, At: 2, Booking: no, Operator: true,
			Pay: account.Payment{Amount: 500, Reference: "ref"}})
	}
	held, sold, taken, declined := k.mustHold(1, 1, 1), k.mustHold(2, 1, 3, 4), k.mustHold(3, 1, 6), k.mustHold(4, 1, 8)
	for _, no := range []BookingNo{sold, taken, declined} {
		begin(no)
	}
	k.do(Command{Kind: ConfirmPayment, At: 3, Booking: sold, Operator: true})
	k.do(Command{Kind: RefundBooking, At: 3, Booking: sold, Operator: true, Seats: seatsOf(3),
		Pay: account.Payment{Amount: 100}})
	k.do(Command{Kind: SwitchSale, At: 4, Operator: true, Sale: sales.Of(1, sales.Cancelling)})
	for range 9 {
		if _, due := m.NextTimer(); !due {
			break
		}
		m.DecideTimers(5)
		m.Apply(m.NewEffects())
	}
	k.do(Command{Kind: ConfirmPayment, At: 6, Booking: taken, Operator: true})
	k.do(Command{Kind: FailPayment, At: 6, Booking: declined, Operator: true,
		Pay: account.Payment{Reason: account.Cancelled}})
	var d Decision
	want := map[BookingNo]BookingState{held: BookingReleased, sold: BookingConfirmed, taken: BookingReleased,
		declined: BookingReleased}
	for no, state := range want {
		if !k.state.Lookup(no, &d) || d.Outcome.State != state {
			t.Errorf("booking %d is %v, want %v", no, d.Outcome.State, state)
		}
	}
	k.state.Lookup(sold, &d)
	if r := d.money.Refunds; len(r) != 2 || r[1].Amount != 400 || len(r[1].Seats) != 1 {
		t.Errorf("what was sold is owed back as %+v", r)
	}
	k.state.Lookup(taken, &d)
	if r := d.money.Refunds; len(r) != 1 || r[0].Amount != 500 || r[0].Reason != account.Anomaly {
		t.Errorf("what was taken is owed back as %+v", r)
	}
	for _, pay := range []account.Payment{{Refund: 1, State: account.Refunded}, {Refund: 2, State: account.Refunded}} {
		k.do(Command{Kind: SettleRefund, At: 7, Booking: sold, Operator: true, Pay: pay})
	}
	if n, sum := k.state.Returned(); n != 2 || sum != 500 || k.state.Free() != 40 {
		t.Errorf("%d refunds of %d are given back, %d seats are free", n, sum, k.state.Free())
	}
	k.do(Command{Kind: SettleRefund, At: 8, Booking: sold, Operator: true, Pay: account.Payment{Refund: 2,
		State: account.Failed}})
	if n, sum := k.state.Returned(); n != 1 || sum != 100 {
		t.Errorf("of a refund that the bank refused, %d of %d stand as given back", n, sum)
	}
	again, err := Restore(k.state.layout, k.state.rules, k.state.AppendSnapshot(nil))
	if err != nil {
		t.Fatal(err)
	}
	turn, at := again.SaleAt()
	if n, sum := again.Returned(); turn != sales.Of(1, sales.Cancelling) || at != 4 || n != 1 || sum != 100 {
		t.Errorf("restored: turn %d at %d, %d refunds of %d", turn, at, n, sum)
	}
}

// turned has booking 1 held, and the sale switched.
func turned(state sales.State) func(*desk) {
	return func(k *desk) {
		k.mustHold(1, 0, 0, 1)
		k.do(Command{Kind: SwitchSale, Operator: true, Sale: sales.Of(1, state)})
	}
}

func payOf(no BookingNo) Command { return Command{Kind: BeginPayment, Booking: no, Operator: true} }
