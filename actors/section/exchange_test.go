package section

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"holdfast/actors/section/account"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
)

// TestExchangesKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestExchangesKeepTheirBytes(t *testing.T) {
	swap := &exchange.Part{Of: 5, Gives: seatsOf(0, 1), Credit: 4500}
	for _, c := range []struct {
		change Change
		bytes  string
	}{
		{Change{Kind: HoldPlaced, At: 1000, Booking: 7, Buyer: BuyerID{0xb0}, Seats: seatsOf(3, 4), ExpiresAt: 2000,
			Total: 5000, PriceMark: 3, Exchange: swap},
			"cf2f" + "b0000000000000000000000000000000" + "07" + "d00f" + "020700" + "04" + "0300" + "17" + "059423" +
				"020100"},
		{Change{Kind: BookingExchanged, At: 1000, Booking: 7, Seats: seatsOf(3, 4), Pay: account.Payment{Attempt: 1},
			Exchange: swap}, "0f30" + "07" + "020700" + "01" + "059423" + "020100"},
		{Change{Kind: RefundDue, At: 1000, Booking: 5, Pay: account.Payment{Refund: 1, Attempt: 1, Amount: 500,
			Reason: account.Exchanged}}, "0f05" + "05" + "00" + "010106f40300" + "00"},
	} {
		if got := hex.EncodeToString(AppendChange(nil, 1000, &c.change)); got != c.bytes {
			t.Errorf("%+v is written as %s, want %s", c.change, got, c.bytes)
		}
		raw, _ := hex.DecodeString(c.bytes)
		if err := DecodeChanges(raw, 1000, func(got *Change) error {
			if !reflect.DeepEqual(*got, c.change) {
				t.Errorf("%s is read as %+v", c.bytes, *got)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", c.bytes, err)
		}
	}
	for _, bad := range []string{
		"0f30" + "07" + "0206" + "01" + "059423" + "020100", // one seat for two
		"0f30" + "00" + "020700" + "01" + "059423" + "020100",
		"0f30" + "07" + "020700" + "00" + "059423" + "020100", // of no attempt
		"0f30" + "07" + "020700" + "01" + "009423" + "020100", // of no booking
		"0f30" + "07" + "020700" + "01" + "059423" + "00",     // nothing is given up
	} {
		raw, _ := hex.DecodeString(bad)
		if err := DecodeChanges(raw, 1000, func(*Change) error { return nil }); err == nil {
			t.Errorf("%s is taken for an exchange", bad)
		}
	}
}

// exchanged is a desk on which booking 1 has exchanged seat 0 for seat 3, for one more.
func exchanged(t *testing.T) (k *desk, x BookingNo) {
	t.Helper()
	k = newDesk(rowsLayout(6), testRules)
	sold(k)
	out := k.do(exchangeOf(seatsOf(3), 0))
	x = out.Booking
	k.do(Command{Kind: BeginPayment, Booking: x, Buyer: buyerOf(1), Pay: account.Payment{Amount: 1, Reference: "x"}})
	if out = k.do(Command{Kind: ConfirmPayment, Booking: x, Operator: true}); out.Rejection != Accepted ||
		out.Exchange == nil || !out.Exchange.Done {
		t.Fatalf("%+v", out)
	}
	return k, x
}

// TestAnExchangeIsOneRecord: P1, the new seat is sold and the old one free by the same change; the row of the second
// guard follows, under the first booking's number.
func TestAnExchangeIsOneRecord(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	sold(k)
	x := k.do(exchangeOf(seatsOf(3), 0)).Booking
	k.do(Command{Kind: BeginPayment, Booking: x, Buyer: buyerOf(1), Pay: account.Payment{Amount: 1, Reference: "x"}})
	m, did := NewMachine(k.state), NewMachine(k.state).NewEffects().(*Effects)
	call := &Call{Command: Command{Kind: ConfirmPayment, Booking: x, Operator: true, Pay: account.Payment{Attempt: 1}}}
	m.Begin(m.Seq() + 1)
	if made := m.Decide(call, 0); made.Changes != 1 {
		t.Fatalf("%d changes: %+v", made.Changes, call.Decision.Outcome)
	}
	m.Apply(did)
	if !slices.Equal(did.Sell, []Ticket{{Seat: 3, Booking: 1}}) || !slices.Equal(did.Refund, seatsOf(0)) {
		t.Errorf("rows %+v, taken away %v", did.Sell, did.Refund)
	}
	if k.state.String() != "A1-6  .S.S..\n" || k.state.BuyerSeats(buyerOf(1)) != 2 {
		t.Errorf("%v, %d seats of the buyer", k.state, k.state.BuyerSeats(buyerOf(1)))
	}
}

// TestExchangesComeBack: a snapshot has them, and a state that comes of it goes on alike (P10).
func TestExchangesComeBack(t *testing.T) {
	k, x := exchanged(t)
	body := k.state.AppendSnapshot(nil)
	if body[0]&snapshotMore == 0 || body[1] != snapshotExchanges {
		t.Errorf("a snapshot begins with %x", body[:2])
	}
	again, err := Restore(k.state.layout, k.state.rules, body)
	if err != nil || !bytes.Equal(again.AppendSnapshot(nil), body) {
		t.Fatalf("%v", err)
	}
	var d Decision
	if !again.Lookup(x, &d) || d.Outcome.Exchange == nil || d.Outcome.Exchange.Due() != 1 {
		t.Errorf("%+v", d.Outcome)
	}
	if a, b := k.state.AppendSnapshot(nil), k.replay().AppendSnapshot(nil); !bytes.Equal(a, b) {
		t.Error("a replay of the changes differs from the state that made them")
	}
	for i := range body { // P3: whatever is damaged is refused, or is another state
		bad := slices.Clone(body)
		bad[i] ^= 0x15
		if s, err := Restore(k.state.layout, k.state.rules, bad); err == nil &&
			!bytes.Equal(s.AppendSnapshot(nil), bad) {
			t.Errorf("byte %d may be wrong", i)
		}
	}
}

// TestACodeThatWasGivenUpStaysVoid: also when its seat comes back to the booking by another exchange.
func TestACodeThatWasGivenUpStaysVoid(t *testing.T) {
	k, _ := exchanged(t)
	if out := k.do(scan(1, wordOn(0, 0))); out.Rejection != TicketVoid {
		t.Errorf("the old code: %v", out.Rejection)
	}
	back := k.do(exchangeOf(seatsOf(0), 3)).Booking
	k.do(Command{Kind: BeginPayment, Booking: back, Buyer: buyerOf(1), Pay: account.Payment{Amount: 1, Reference: "y"}})
	k.do(Command{Kind: ConfirmPayment, Booking: back, Operator: true})
	if out := k.do(scan(1, wordOn(0, 0))); out.Rejection != TicketVoid {
		t.Errorf("the old code, with the seat back: %v", out.Rejection)
	}
	fresh := wordOn(0, 0)
	fresh.Rotation = 1
	if out := k.do(scan(1, fresh)); out.Rejection != Accepted {
		t.Errorf("the new code of the seat: %v", out.Rejection)
	}
}

// TestATicketThatIsAnothersIsNotExchanged: P1, neither while it is on offer nor once somebody has accepted it; who has
// paid exchanges the rest, and all of it once it has come back.
func TestATicketThatIsAnothersIsNotExchanged(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	sold(k)
	try := func(what string, want Rejection, gives ...SeatIndex) {
		t.Helper()
		out := k.do(exchangeOf(seatsOf(3), gives...))
		if out.Rejection != want || want != Accepted && !slices.Equal(out.Lost, gives) {
			t.Errorf("%s: %v, lost %v", what, out.Rejection, out.Lost)
		}
		if out.Rejection == Accepted {
			k.do(Command{Kind: ReleaseHold, Booking: out.Booking, Buyer: buyerOf(1)})
		}
	}
	k.do(offer(1, 0, 100, 1, 0))
	try("on offer", TransferPending, 0)
	try("the other seat", Accepted, 1)
	if out := k.do(answer(AcceptTransfer, 2, 0, 1, 1)); out.Rejection != Accepted {
		t.Fatalf("%+v", out)
	}
	try("given away", NotHolder, 0)
	k.do(offer(2, 0, 100, 1, 0))
	if out := k.do(answer(AcceptTransfer, 1, 0, 1, 2)); out.Rejection != Accepted {
		t.Fatalf("%+v", out)
	}
	try("it has come back", Accepted, 0)
}

// TestNothingIsOfferedWhileAnExchangeIsOpen: whichever of the booking's tickets, until the hold is over.
func TestNothingIsOfferedWhileAnExchangeIsOpen(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	sold(k)
	x := k.do(exchangeOf(seatsOf(3), 0)).Booking
	for _, seat := range seatsOf(0, 1) {
		if out := k.do(offer(1, 0, 100, 1, seat)); out.Rejection != ExchangeUnderWay {
			t.Errorf("seat %d: %v", seat, out.Rejection)
		}
	}
	k.do(Command{Kind: ReleaseHold, Booking: x, Buyer: buyerOf(1)})
	if out := k.do(offer(1, 0, 100, 1, 0)); out.Rejection != Accepted {
		t.Errorf("once it is over: %v", out.Rejection)
	}
}

// TestASeatThatTravelledAndWasExchangedComesBack: P10, what was offered of a seat that the booking has no more is
// remembered, in snapshots too; the new seat's ticket travels.
func TestASeatThatTravelledAndWasExchangedComesBack(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	sold(k)
	k.do(offer(1, 0, 100, 1, 0))
	k.do(answer(WithdrawTransfer, 1, 0, 1, 1))
	x := k.do(exchangeOf(seatsOf(3), 0)).Booking
	k.do(Command{Kind: BeginPayment, Booking: x, Buyer: buyerOf(1), Pay: account.Payment{Amount: 1, Reference: "x"}})
	k.do(Command{Kind: ConfirmPayment, Booking: x, Operator: true})
	if out := k.do(offer(1, 0, 100, 1, 0)); out.Rejection != TicketVoid {
		t.Errorf("the seat that was given up: %v", out.Rejection)
	}
	if out := k.do(offer(1, 0, 100, 1, 3)); out.Rejection != Accepted {
		t.Errorf("the new seat: %v", out.Rejection)
	}
	body := k.state.AppendSnapshot(nil)
	again, err := Restore(k.state.layout, k.state.rules, body)
	if err != nil || !bytes.Equal(again.AppendSnapshot(nil), body) ||
		!bytes.Equal(k.replay().AppendSnapshot(nil), body) || body[1] != snapshotExchanges|snapshotTransfers {
		t.Errorf("%v, %x", err, body[:2])
	}
}

// exchangeOf wants seats in the place of others of booking 1.
func exchangeOf(seats []SeatIndex, gives ...SeatIndex) Command {
	return Command{Kind: PlaceExchange, Booking: 1, Buyer: buyerOf(1), Seats: seats,
		Exchange: &exchange.Part{Gives: gives, Credit: 1}}
}

// sold leaves booking 1 sold, of an event with prices.
func sold(k *desk) {
	k.state.prices.MadeWith(modelTariff)
	confirmed(k)
}

// soldOrder leaves booking 1 sold, which has a seat in another section too.
func soldOrder(k *desk) {
	out := k.do(Command{Kind: BeginOrder, Buyer: buyerOf(1), Order: &order.Part{ID: order.ID{Home: 1}}})
	p := &order.Part{ID: out.Order.ID, Legs: []order.Leg{{Section: 2, Booking: 1, Seats: seatsOf(5)}}}
	p.Hash = order.Hash(&p.ID, seatsOf(0, 1), p.Legs)
	k.do(Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0, 1), Order: p})
	k.do(Command{Kind: BeginPayment, Booking: 1, Buyer: buyerOf(1), Pay: account.Payment{Amount: 4, Reference: "one"}})
	k.do(Command{Kind: ConfirmPayment, Booking: 1, Operator: true})
}

func TestRetryable(t *testing.T) {
	want := []Rejection{
		TooManyForBuyer, PaymentInProgress, SeatTaken, SeatsNotFree, OrphanSeat, SplitOnly, SoldOut, TooManyRequests,
		ChallengeCoolDown, ExchangeUnderWay,
	}
	for r := Accepted; r < rejectionEnd; r++ {
		if r.Retryable() != slices.Contains(want, r) {
			t.Errorf("%v: retryable %v", r, r.Retryable())
		}
	}
}
