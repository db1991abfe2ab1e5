package actors

import (
	"errors"
	"testing"

	"holdfast/actors/audit"
	"holdfast/storage/memstore"
)

// orderFleets are fleets whose nodes count buyers by what they follow, and by coordinators.
func orderFleets(t *testing.T, nodes int, test func(t *testing.T, f *fleet)) {
	for name, coordinators := range map[string]bool{"ledgers": false, "coordinators": true} {
		t.Run(name, func(t *testing.T) {
			test(t, newFleetWith(t, nodes, fleetPlan, 8, func(c *Config) { c.Coordinators = coordinators }))
		})
	}
}

// ordersAudited fails on every finding about the fleet's store.
func (f *fleet) ordersAudited() {
	f.t.Helper()
	report, err := audit.Run(f.t.Context(), f.store.(*gatedStore).Store.(*memstore.Store).Clone(), audit.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, finding := range report.Findings {
		f.t.Error(finding)
	}
}

// letter is a seat on the node's map.
func (n *fleetNode) letter(no, seat int) byte { return n.letters()[no*(len(n.letters())/8)+seat-1] }

// TestOrdersOverNodes: an order over sections of several nodes is placed, repeated, read, extended, sold and refunded
// through any of them; a buyer's limit counts its seats; and a refused one leaves nothing.
func TestOrdersOverNodes(t *testing.T) {
	orderFleets(t, 3, func(t *testing.T, f *fleet) {
		for n := range 3 {
			a, b, c := f.nodes[n], f.nodes[(n+1)%3], f.nodes[(n+2)%3]
			who := byte(n + 1)
			seats := []string{fleetSeat(n, n+1), fleetSeat(n+2, n+1), fleetSeat(n+4, n+1)}
			held, err := a.hold(caller(who, 1), seats...)
			if err != nil || len(held.Seats) != 3 {
				t.Fatalf("hold: %v %+v", err, held)
			}
			if repeated, err := b.hold(caller(who, 1), seats...); err != nil || repeated.ID != held.ID ||
				len(repeated.Seats) != 3 || repeated.Amount != held.Amount {
				t.Errorf("P5: repeated on another node: %v %+v, want %+v", err, repeated, held)
			}
			if _, err := c.hold(caller(99, uint64(n+1)), fleetSeat(n+4, n+1), fleetSeat(7, 12)); code(
				err,
			) != "seat_taken" {
				t.Errorf("P1: an order over a seat of it: %v", err)
			}
			if _, err := b.hold(caller(who, 2), fleetSeat(n, n+7), fleetSeat(n, n+11),
				fleetSeat(n+2, n+7), fleetSeat(n+2, n+11)); err != nil {
				t.Errorf("P13: seven seats of eight: %v", err)
			}
			if _, err := c.hold(caller(who, 3), fleetSeat(6, n+15), fleetSeat(7, n+15)); code(
				err,
			) != "too_many_for_buyer" {
				t.Errorf("P13: nine seats of eight: %v", err)
			}
			var out BookingView
			if err := b.e.Extend(held.ID, caller(who, 4), patience, &out); err != nil || len(out.Seats) != 3 {
				t.Errorf("extend: %v %+v", err, out)
			}
			if err := c.e.Confirm(held.ID, caller(who, 5), "tok_ok", patience, &out); err != nil || out.Confirming ||
				len(out.Tickets) != 3 {
				t.Errorf("confirm: %v %+v", err, out)
			}
			if n == 1 {
				if err := a.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, &out); err != nil {
					t.Errorf("refund: %v", err)
				}
			}
		}
		f.eventually("the maps are equal", func() bool {
			return f.nodes[0].letters() == f.nodes[1].letters() && f.nodes[1].letters() == f.nodes[2].letters()
		})
		f.eventually("a refunded order's seats are free", func() bool { return f.nodes[0].letter(5, 2) == 'a' })
		f.ordersAudited()
	})
}

// TestOrderSurvivesItsNodes: the node of the home, and of legs, is gone between hold and payment; who takes over goes
// on: the order is sold as a whole, and what was held by no order is free again.
func TestOrderSurvivesItsNodes(t *testing.T) {
	orderFleets(t, 3, func(t *testing.T, f *fleet) {
		held, err := f.nodes[1].hold(caller(1, 1), fleetSeat(0, 1), fleetSeat(1, 1), fleetSeat(2, 1), fleetSeat(3, 1))
		if err != nil {
			t.Fatal(err)
		}
		other, err := f.nodes[2].hold(caller(2, 1), fleetSeat(4, 1), fleetSeat(5, 1), fleetSeat(6, 1))
		if err != nil {
			t.Fatal(err)
		}
		f.kill(f.nodes[0])
		f.lapse(f.nodes[0])
		var out BookingView
		if err := again(func() error {
			return f.nodes[1].e.Confirm(held.ID, caller(1, 2), "tok_ok", patience, &out)
		}); err != nil || len(out.Seats) != 4 {
			t.Fatalf("confirm: %v %+v", err, out)
		}
		if err := again(func() error {
			return f.nodes[2].e.Release(other.ID, caller(2, 2), patience, &out)
		}); err != nil {
			t.Fatal(err)
		}
		f.eventually("all is sold, and given back", func() bool {
			n := f.nodes[2]
			return n.letter(0, 1) == 's' && n.letter(1, 1) == 's' && n.letter(2, 1) == 's' && n.letter(3, 1) == 's' &&
				n.letter(4, 1) == 'a' && n.letter(5, 1) == 'a' && n.letter(6, 1) == 'a'
		})
		f.eventually("all legs have heard", func() bool {
			return f.nodes[2].e.Booking(held.ID, Caller{Operator: true}, patience, &out) == nil && !out.Confirming &&
				len(out.Tickets) == 4
		})
		f.ordersAudited()
	})
}

// TestOneKeyIsOneOrder: P5, the same order under one key through several nodes in the same moment is one booking, or
// is refused as it would be again.
func TestOneKeyIsOneOrder(t *testing.T) {
	orderFleets(t, 3, func(t *testing.T, f *fleet) {
		for round := range 5 {
			seats := []string{fleetSeat(round, 1), fleetSeat(round+1, 2), fleetSeat(round+2, 3)}
			var ids [3]BookingID
			errs := together(3, func(i int) error {
				return again(func() error {
					out, err := f.nodes[i].hold(caller(byte(round+1), 1), seats...)
					ids[i] = out.ID
					return err
				})
			})
			if err := errors.Join(errs...); err != nil || ids[0] != ids[1] || ids[1] != ids[2] {
				t.Fatalf("round %d: %v %v", round, ids, err)
			}
		}
		f.ordersAudited()
	})
}
