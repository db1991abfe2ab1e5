package actors

import (
	"errors"
	"testing"

	"holdfast/actors/section"
)

// Kind: one key of an operator's that becomes two bookings because it names two buyers. Two nodes search under one key
// at once, each for another buyer: one has the booking, the other hears that the key is taken (P5).
func TestOneOperatorKeyForTwoBuyersOverNodes(t *testing.T) {
	f := newFleet(t, 3)
	for seat := 1; seat < 20; seat++ { // the best section has one seat left, so that a request for two goes elsewhere than a request for one
		if _, err := f.nodes[0].hold(caller(byte(seat), 1), fleetSeat(0, seat)); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 60 {
		var views [2]BookingView
		errs := together(2, func(i int) (err error) {
			who := caller(byte(100+2*round+i), 0)
			who.Operator, who.Request, who.Fingerprint = true, section.RequestID{7, byte(round)}, uint64(i+1)
			views[i], err = f.nodes[(round+i)%3].best(who, uint32(i+1))
			return err
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v and %v, bookings %v and %v", round, errs[0], errs[1], views[0].ID, views[1].ID)
		}
		for i, err := range errs {
			if err != nil && !errors.Is(err, ErrMismatch) {
				t.Errorf("round %d: %v", round, err)
			}
			if err == nil {
				if err := f.nodes[0].e.Release(views[i].ID, Caller{Operator: true}, patience, &views[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Kind: an operator's choice that is lost between two nodes. The limit does not bind, wherever the section is; the
// seats count all the same.
func TestOperatorLiftsTheBuyersLimitOverNodes(t *testing.T) {
	f := newFleet(t, 3)
	var out BookingView
	hold := func(node int, any bool, best uint32, seats ...string) error {
		who := caller(50, 0)
		who.Operator = true
		call := BookCall{
			Event: f.event, Caller: who, Seats: seats, Best: BestAvailable{Quantity: best}, AnyBuyerTotal: any,
		}
		return f.nodes[node].e.Book(&call, patience, &out)
	}
	for no := range 8 { // each of them is another node's for two of three
		for node := range 3 {
			if err := hold(node, true, 0, fleetSeat(no, 1+node)); err != nil {
				t.Errorf("named seats of section %d by node %d: %v", no, node, err)
			}
		}
	}
	for node := range 3 {
		if err := hold(node, true, 2); err != nil {
			t.Errorf("the best by node %d: %v", node, err)
		}
		if err := hold(node, false, 0, fleetSeat(node, 20)); code(err) != "too_many_for_buyer" {
			t.Errorf("when the limit binds: %v", err)
		}
	}
}
