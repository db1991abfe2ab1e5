package section

import (
	"testing"

	"holdfast/actors/section/tariff"
)

// I12: a hold is logged with what its seats cost, also of several categories, also when the section chose the seats;
// the state keeps nothing of it, so what is replayed is the same with and without.
func TestHoldsAreLoggedWithTheirPrice(t *testing.T) {
	layout := rowsLayout(4)
	layout.Seats[2].Category = 1
	k := newDesk(layout, testRules)
	k.state.tariff = &tariff.Tariff{Totals: []int64{4500, 990}, Mark: 77}
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
