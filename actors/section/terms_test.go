package section

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"holdfast/actors/section/sales"
	"holdfast/actors/section/terms"
)

func termsOf(no uint64) *terms.Terms {
	return &terms.Terms{No: no, HoldTTL: 60_000, HoldCeiling: 120_000, SeatsPerBookingMax: 2, SeatsPerBuyerMax: 3}
}

// TestTermsKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestTermsKeepTheirBytes(t *testing.T) {
	change := Change{Kind: TermsSet, At: 100, Terms: termsOf(7)}
	const golden = "0f32000007e0d403c0a907020300"
	if got := hex.EncodeToString(AppendChange(nil, 100, &change)); got != golden {
		t.Errorf("terms are written as %s, want %s", got, golden)
	}
	raw, _ := hex.DecodeString(golden)
	if err := DecodeChanges(raw, 100, func(got *Change) error {
		if !reflect.DeepEqual(*got, change) {
			t.Errorf("%s is read as %+v", golden, *got)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	change.Terms.ForbidTransfers = true
	if got := hex.EncodeToString(AppendChange(nil, 100, &change)); got != golden[:len(golden)-2]+"02" {
		t.Errorf("terms that forbid transfers are written as %s", got)
	}
	for what, bad := range map[string]string{
		"no number": "0f32000000e0d403c0a907020300", "a ceiling below the time": "0f32000007c0a907e0d403020300",
		"no seats": "0f32000007e0d403c0a907000300", "a switch of 4": "0f32000007e0d403c0a907020304",
		"a seat": "0f32000107e0d403c0a907020300", "short": "0f32000007e0d403c0a9070203",
	} {
		raw, _ := hex.DecodeString(bad)
		if err := DecodeChanges(raw, 100, func(*Change) error { return nil }); err == nil {
			t.Errorf("%s: %s is taken for terms", what, bad)
		}
	}
}

// TestHoldsGoByTheTermsInTheLog: what stands keeps its time and its seats, what comes goes by the new terms, an older
// edit that comes late changes nothing; and a snapshot has all of it.
func TestHoldsGoByTheTermsInTheLog(t *testing.T) {
	rules := testRules
	rules.SeatsPerBookingMax, rules.SeatsPerBuyerMax, rules.HoldTTL, rules.HoldCeiling = 4, 6, 600_000, 900_000
	k := newDesk(rowsLayout(20), rules)
	before := k.do(Command{Kind: PlaceHold, At: 5, Buyer: BuyerID{1}, Seats: seatsOf(0, 1, 2, 3)})
	edit := func(no uint64) Outcome {
		return k.do(
			Command{Kind: SwitchSale, At: 6, Operator: true, Sale: sales.Of(no, sales.Open), Terms: termsOf(no)},
		)
	}
	if out := edit(2); out.Repeat || out.Booking != BookingNo(sales.Of(2, sales.Open)) {
		t.Fatalf("the edit: %+v", out)
	}
	if out := edit(1); !out.Repeat || k.state.Terms() != *termsOf(2) {
		t.Errorf("an older edit: %+v, %+v", out, k.state.Terms())
	}
	if out := k.do(Command{Kind: PlaceHold, At: 7, Buyer: BuyerID{2}, Seats: seatsOf(5, 6, 7)}); out.Rejection !=
		TooManySeats {
		t.Errorf("three seats where two are allowed: %v", out.Rejection)
	}
	if out := k.do(Command{Kind: PlaceHold, At: 7, Buyer: BuyerID{1}, Seats: seatsOf(5)}); out.Rejection !=
		TooManyForBuyer {
		t.Errorf("one more seat of who has four, where three are allowed: %v", out.Rejection)
	}
	after := k.do(Command{Kind: PlaceHold, At: 7, Buyer: BuyerID{2}, Seats: seatsOf(5, 6)})
	if after.ExpiresAt != 7+60_000 || before.ExpiresAt != 5+600_000 {
		t.Errorf("held until %d and %d", before.ExpiresAt, after.ExpiresAt)
	}
	if out := k.do(Command{Kind: ExtendHold, At: 100_000, Booking: before.Booking, Buyer: BuyerID{1}}); out.Rejection !=
		ExtensionLimit {
		t.Errorf("more time behind the new ceiling: %v", out.Rejection)
	}
	snapshot := k.state.AppendSnapshot(nil)
	restored, err := Restore(rowsLayout(20), rules, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if again := restored.AppendSnapshot(nil); !bytes.Equal(again, snapshot) || restored.rules != k.state.rules ||
		restored.Terms() != *termsOf(2) {
		t.Errorf("restored %+v, %+v", restored.Terms(), restored.rules)
	}
	if snapshot[0]&snapshotTerms == 0 || !bytes.HasSuffix(snapshot, termsOf(2).Append(nil)) {
		t.Errorf("a snapshot begins with %#x and ends with %x", snapshot[0], snapshot[len(snapshot)-16:])
	}
}

// TestTermsThatAreOwedComeFirst: a section that learns of an edit by the catalog, when it is claimed, logs it before it
// grants anything.
func TestTermsThatAreOwedComeFirst(t *testing.T) {
	m := NewMachine(NewState(rowsLayout(10), testRules))
	m.Claimed(2, 1)
	m.SaleOwed(sales.Of(4, sales.Open))
	m.TermsOwed(termsOf(4))
	if _, due := m.NextTimer(); !due {
		t.Fatal("nothing is due")
	}
	if m.DecideTimers(7).Changes != 2 {
		t.Fatal("terms and turn are not decided")
	}
	m.Begin(2)
	m.Apply(m.NewEffects())
	if turn, _ := m.SaleAt(); m.Terms() != *termsOf(4) || turn.Number() != 4 {
		t.Errorf("terms %+v, turn %d", m.Terms(), turn)
	}
	if _, due := m.NextTimer(); due {
		t.Error("something is due for ever")
	}
}

// TestGrantsAboveTheLimitInTheLogAreRefused (P13): a grant that was given by a limit which is not the log's becomes no
// hold.
func TestGrantsAboveTheLimitInTheLogAreRefused(t *testing.T) {
	rules := testRules
	rules.SeatsPerBookingMax, rules.SeatsPerBuyerMax = 4, 6
	k := newDesk(rowsLayout(20), rules)
	fence := Command{Kind: FenceGrants, At: 1, Operator: true}
	fence.Grant.Epoch, fence.Grant.Number = 1, 1
	k.do(fence)
	k.do(Command{Kind: SwitchSale, At: 2, Operator: true, Sale: sales.Of(1, sales.Open), Terms: termsOf(1)})
	hold := func(number uint64, total uint32, unbound bool, seat SeatIndex) Rejection {
		c := Command{Kind: PlaceHold, At: 3, Buyer: BuyerID{1}, Seats: []SeatIndex{seat}, AnyBuyerTotal: unbound}
		c.Grant.Epoch, c.Grant.Number, c.Grant.Total, c.Grant.Unbound = 1, number, total, unbound
		return k.do(c).Rejection
	}
	if got := hold(2, 4, false, 1); got != TooManyForBuyer {
		t.Errorf("the fourth seat where three are allowed: %v", got)
	}
	if got := hold(3, 3, false, 1); got != Accepted {
		t.Errorf("the third seat: %v", got)
	}
	if got := hold(4, 9, true, 2); got != Accepted {
		t.Errorf("an operator's choice: %v", got)
	}
}
