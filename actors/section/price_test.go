package section

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
)

// I12: a hold is logged with what its seats cost, also of several categories, also when the section chose the seats;
// the state keeps nothing of it, so what is replayed is the same with and without.
func TestHoldsAreLoggedWithTheirPrice(t *testing.T) {
	layout := rowsLayout(4)
	layout.Seats[2].Category = 1
	k := newDesk(layout, testRules)
	k.state.prices.MadeWith(&tariff.Tariff{Totals: []int64{4500, 990}, Mark: 77})
	k.mustHold(1, 0, 0, 2)
	if out := k.do(best(1)); out.Rejection != Accepted {
		t.Fatal(out.Rejection)
	}
	k.do(Command{Kind: ReleaseHold, Booking: 1, Buyer: buyerOf(1)})
	for i, want := range []int64{5490, 4500, 0} {
		if c := &k.log[i]; c.Total != want || (c.PriceMark == 77) != (c.Kind == HoldPlaced) {
			t.Errorf("change %d is of %d under mark %d, want %d", i, c.Total, c.PriceMark, want)
		}
	}
	priced := string(k.replay().AppendSnapshot(nil))
	for i := range k.log {
		k.log[i].Total, k.log[i].PriceMark = 0, 0
	}
	if plain := string(k.replay().AppendSnapshot(nil)); plain != priced {
		t.Error("a price changed the state")
	}
}

// Logs of events of earlier builds go on as they were.
func TestHoldsWithoutATariffAreLoggedWithoutAPrice(t *testing.T) {
	k := newDesk(rowsLayout(4), testRules)
	k.mustHold(1, 0, 0)
	if c := &k.log[0]; c.Total != 0 || c.PriceMark != 0 {
		t.Errorf("a price of %d, mark %d", c.Total, c.PriceMark)
	}
}

// pricesOf is a list of two categories, of which the first has types 1 (the default) and 2.
func pricesOf(no uint64, mark tariff.Mark) *tariff.Prices {
	return &tariff.Prices{No: no, Tariff: tariff.Tariff{Totals: []int64{5000, 990}, Mark: mark, Offers: []tariff.Offer{
		{Category: 0, Type: 1, Total: 5000}, {Category: 0, Type: 2, Total: 2500}}}}
}

func pricesTo(no uint64, mark tariff.Mark) Command {
	return Command{Kind: SwitchSale, Operator: true, Sale: sales.Of(no, sales.Open), Prices: pricesOf(no, mark)}
}

// TestPricesKeepTheirBytes: what stands in logs is read for ever, and a record has one form (P10).
func TestPricesKeepTheirBytes(t *testing.T) {
	hold := Change{Kind: HoldPlaced, At: 100, Buyer: buyerOf(1), Booking: 3, ExpiresAt: 200, Seats: seatsOf(4, 5),
		Total: 7500, PriceMark: 7, Fare: &tariff.Fare{Seats: []tariff.Seat{{Seat: 5, Type: 2}}}}
	gift := hold
	gift.Total, gift.Fare = 0, &tariff.Fare{Gift: &tariff.Gift{By: "desk", Reason: "press"}}
	home := hold
	home.Order = &order.Part{ID: order.ID{Home: 1, Life: 2, Count: 3}, Hash: 9,
		Legs: []order.Leg{{Section: 2, Booking: 8, Seats: seatsOf(1)}}}
	home.Fare = &tariff.Fare{Seats: []tariff.Seat{{Seat: 5, Type: 2}, {Leg: 1, Seat: 1, Type: 1}}}
	const buyer = "0200000000000000" + "0000000000000000"
	for golden, change := range map[string]Change{
		"0f330000040702" + "8827" + "de07" + "02" + "00018827" + "0002c413": {
			Kind: PricesSet, At: 100, Prices: pricesOf(4, 7)},
		"0f34" + "02000502" + "ce" + buyer + "03" + "c801" + "020900" + "0700" + "ae02": hold,
	} {
		checkBytes(t, golden, &change)
	}
	for what, change := range map[string]Change{"a gift": gift, "an order": home} {
		raw := AppendChange(nil, 100, &change)
		if err := DecodeChanges(raw, 100, func(got *Change) error {
			if !reflect.DeepEqual(*got, change) {
				t.Errorf("%s: %x is read as %+v", what, raw, *got)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	plain := hold
	plain.Fare = nil
	raw := AppendChange(nil, 100, &plain)
	for what, fare := range map[string]string{
		"nothing": "0f3400", "another's seat": "0f3402000602", "type 0": "0f3402000500",
		"a leg of no order": "0f3402010502",
		"a seat twice":      "0f34040005020005" + "02", "two fares": "0f3402000502" + "0f3402000502",
		"a gift that costs something": "0f3401" + "0161" + "0162",
	} {
		bad, _ := hex.DecodeString(fare)
		if err := DecodeChanges(append(bad, raw...), 100, func(*Change) error { return nil }); err == nil {
			t.Errorf("%s: %s is taken for a fare", what, fare)
		}
	}
}

func checkBytes(t *testing.T, golden string, change *Change) {
	t.Helper()
	if got := hex.EncodeToString(AppendChange(nil, 100, change)); got != golden {
		t.Errorf("%+v is written as %s, want %s", *change, got, golden)
	}
	raw, _ := hex.DecodeString(golden)
	if err := DecodeChanges(raw, 100, func(got *Change) error {
		if !reflect.DeepEqual(*got, *change) {
			t.Errorf("%s is read as %+v", golden, *got)
		}
		return nil
	}); err != nil {
		t.Errorf("%s: %v", golden, err)
	}
}

// I12: a hold keeps the list that it was placed under; an older edit that comes late changes nothing; a repeat of a
// hold is told as it was placed (P5); and a snapshot has all of it.
func TestHoldsKeepThePriceTheyWerePlacedAt(t *testing.T) {
	layout := rowsLayout(8)
	layout.Seats[2].Category = 1
	k := newDesk(layout, testRules)
	k.state.prices.MadeWith(&tariff.Tariff{Totals: []int64{4500, 990}, Mark: 77})
	k.mustHold(1, 0, 0)
	if out := k.do(pricesTo(3, 7)); out.Repeat || k.state.PricesNo() != 3 {
		t.Fatalf("the edit: %+v", out)
	}
	if out := k.do(pricesTo(2, 8)); !out.Repeat || k.state.PricesNo() != 3 {
		t.Errorf("an older edit: %+v", out)
	}
	child := fared(&tariff.Fare{Mark: 7, Seats: []tariff.Seat{{Seat: 5, Type: 2}}})
	child.Seats, child.Request = seatsOf(1, 2, 5), requestOf(1)
	if out := k.do(child); out.Mark != 7 || out.Fare.TypeOf(0, 5) != 2 || k.log[len(k.log)-1].Total != 5000+990+2500 {
		t.Fatalf("%+v, logged with %d", out, k.log[len(k.log)-1].Total)
	}
	k.do(pricesTo(5, 9))
	for _, s := range []*State{k.state, k.replay(), mustRestore(t, layout, k.state)} {
		var d Decision
		if s.Lookup(1, &d); d.Outcome.Mark != 0 || d.Outcome.Fare != nil {
			t.Errorf("who held before the edit: %+v", d.Outcome)
		}
		if s.Decide(&child, &d); !d.Outcome.Repeat || d.Outcome.Mark != 7 || d.Outcome.Fare.TypeOf(0, 5) != 2 {
			t.Errorf("P5: who held after the first edit: %+v", d.Outcome)
		}
		if s.PricesNo() != 5 {
			t.Errorf("prices %d", s.PricesNo())
		}
	}
}

func mustRestore(t *testing.T, l *Layout, s *State) *State {
	t.Helper()
	body := s.AppendSnapshot(nil)
	again, err := Restore(l, testRules, body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.AppendSnapshot(nil), body) || body[0]&snapshotMore == 0 {
		t.Errorf("a snapshot that begins with %#x changes by being restored", body[0])
	}
	return again
}

// A leg costs what its home's list says, whatever its own section has heard; and the home places no order whose legs
// were priced by another list.
func TestAnOrderHasOnePriceList(t *testing.T) {
	w := newOrderWorld(t, 1)
	leg := w.at[1]
	w.tell(0, pricesTo(3, 7))

	begun := w.tell(0, Command{Kind: BeginOrder, Order: &order.Part{ID: order.ID{Home: 0}}})
	if begun.Mark != 7 {
		t.Fatalf("an order begins under %d", begun.Mark)
	}
	p := &order.Part{ID: begun.Order.ID, K: 1, N: 2}
	legs := []order.Leg{{Section: 1, Booking: 1, Seats: seatsOf(0)}}
	p.Hash = order.Hash(&p.ID, seatsOf(0), legs)
	bound := w.tell(1, Command{Kind: BindLeg, Buyer: buyerOf(1), Seats: seatsOf(0), Order: p,
		Fare: &tariff.Fare{Mark: 7, Total: 2500, Seats: []tariff.Seat{{Seat: 0, Type: 2}}}})
	if bound.Rejection != Accepted || leg.prices.Any() {
		t.Fatalf("%+v", bound)
	}
	legs[0].Booking = bound.Booking
	place := Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0),
		Order: &order.Part{ID: p.ID, Hash: p.Hash, Legs: legs},
		Fare:  &tariff.Fare{Mark: 7, Seats: []tariff.Seat{{Leg: 1, Seat: 0, Type: 2}}}}
	w.tell(0, pricesTo(4, 8))
	if out := w.tell(0, place); out.Rejection != PricesChanged {
		t.Errorf("placed under a list that is over: %+v", out)
	}
	place.Fare = &tariff.Fare{Mark: 8, Seats: place.Fare.Seats}
	if out := w.tell(0, place); out.Rejection != Accepted || out.Fare.TypeOf(1, 0) != 2 || out.Fare.TypeOf(0, 0) != 0 {
		t.Errorf("%+v", out)
	}
}

// A type of ticket for the seats that a section chooses itself, and a hold that is given away: who and why is logged,
// and it costs nothing (I4).
func TestTypesOfTheBestSeatsAndGifts(t *testing.T) {
	k := newDesk(rowsLayout(8), testRules)
	if out := k.do(Command{Kind: PlaceBest, Buyer: buyerOf(1), AnyCategory: true, Quantity: 1,
		Fare: &tariff.Fare{Gift: &tariff.Gift{Reason: "press"}}}); out.Rejection != PricesChanged {
		t.Errorf("a gift where nothing has a price: %v", out.Rejection)
	}
	k.do(pricesTo(1, 7))
	k.log = nil
	f := &tariff.Fare{Mark: 7, Wanted: []tariff.Count{{Type: 1, Seats: 1}, {Type: 2, Seats: 2}}}
	out := k.do(Command{Kind: PlaceBest, Buyer: buyerOf(1), AnyCategory: true, Quantity: 3, Fare: f})
	if out.Rejection != Accepted || len(out.Fare.Seats) != 3 || k.log[0].Total != 5000+2*2500 ||
		out.Fare.Wanted != nil {
		t.Errorf("%+v of %+v", out.Fare, k.log[0])
	}
	free := k.do(Command{Kind: PlaceBest, Buyer: buyerOf(2), AnyCategory: true, Quantity: 2, Operator: true,
		Fare: &tariff.Fare{Gift: &tariff.Gift{By: "desk", Reason: "press"}}})
	if free.Rejection != Accepted || !free.Fare.IsGift() || k.log[1].Total != 0 || k.log[1].PriceMark != 7 {
		t.Errorf("%+v of %+v", free, k.log[1])
	}
	again := mustRestore(t, rowsLayout(8), k.state)
	var d Decision
	if again.Lookup(free.Booking, &d); d.Outcome.Fare.Gift.By != "desk" || d.Outcome.Fare.Gift.Reason != "press" {
		t.Errorf("%+v", d.Outcome.Fare)
	}
}

// TestPricesThatAreOwedComeFirst: a section that learns of an edit by the catalog, when it is claimed, logs it before
// it grants anything.
func TestPricesThatAreOwedComeFirst(t *testing.T) {
	m := NewMachine(NewState(rowsLayout(10), testRules))
	m.Claimed(2, 1)
	m.SaleOwed(sales.Of(4, sales.Open))
	m.PricesOwed(pricesOf(4, 7))
	if m.DecideTimers(7).Changes != 2 {
		t.Fatal("prices and turn are not decided")
	}
	m.Begin(2)
	m.Apply(m.NewEffects())
	if _, due := m.NextTimer(); due || m.PricesNo() != 4 {
		t.Errorf("prices %d, due for ever: %v", m.PricesNo(), due)
	}
}
