package actors

import (
	"errors"
	"testing"

	"holdfast/storage"
)

// TestLateRepeatDoesNotStopAnOnSale: P5 over nodes. An operator's pause comes back late, at any node, also after that
// node was started anew, when the sale has long been opened again.
func TestLateRepeatDoesNotStopAnOnSale(t *testing.T) {
	f := newFleet(t, 3)
	pause, open := operatorCaller(1, 1), operatorCaller(2, 2)
	throw := func(node int, who Caller, to, want storage.SaleState) {
		t.Helper()
		header, err := f.nodes[node].e.SetSaleOnce(t.Context(), f.event, who, to)
		if err != nil || header.Sale != want {
			t.Errorf("P5: at node %d, %s: %+v, %v; want %s", node, to, header, err, want)
		}
	}
	throw(0, pause, storage.SalePaused, storage.SalePaused)
	throw(1, open, storage.SaleOpen, storage.SaleOpen)
	for node := range f.nodes {
		throw(node, pause, storage.SalePaused, storage.SaleOpen)
		throw(node, open, storage.SaleOpen, storage.SaleOpen)
		if _, err := f.nodes[node].e.SetSaleOnce(t.Context(), f.event, operatorCaller(1, 7), storage.SaleClosed); !errors.Is(
			err, ErrMismatch,
		) {
			t.Errorf("P5: at node %d the key with another body: %v", node, err)
		}
		if err := f.nodes[node].e.Block(f.event, operatorCaller(1, 8), []string{fleetSeat(0, 1)}, false, patience); !errors.Is(
			err, ErrMismatch,
		) {
			t.Errorf("P5: at node %d the key of a switch used to block: %v", node, err)
		}
	}
	fresh := f.start()
	f.eventually("a new node opens the event", func() bool {
		_, err := fresh.e.Event(f.event)
		return err == nil
	})
	throw(3, pause, storage.SalePaused, storage.SaleOpen)
	if _, err := fresh.hold(caller(9, 9), fleetSeat(1, 1)); err != nil {
		t.Errorf("the sale was stopped: %v", err)
	}
}

// TestTwoSwitchesAtOnceAgree: whoever wrote last, all nodes go by that.
func TestTwoSwitchesAtOnceAgree(t *testing.T) {
	f := newFleet(t, 3)
	states := []storage.SaleState{storage.SalePaused, storage.SaleOpen, storage.SaleClosed}
	for round := range byte(20) {
		errs := together(3, func(i int) error {
			_, err := f.nodes[i].e.SetSaleOnce(t.Context(), f.event, operatorCaller(10+round, uint64(i)), states[i])
			return err
		})
		thrown := 0
		for _, err := range errs {
			if err == nil {
				thrown++
			} else if !errors.Is(err, ErrMismatch) {
				t.Error(err)
			}
		}
		if thrown != 1 { // one key, three bodies
			t.Errorf("P5: round %d: one key threw the switch %d times", round, thrown)
		}
		f.eventually("all nodes have the store's switch", func() bool {
			stands, err := f.store.Event(t.Context(), f.event)
			for _, node := range f.nodes {
				header, missing := node.e.Event(f.event)
				if err != nil || missing != nil || header.Sale != stands.Sale {
					return false
				}
			}
			return true
		})
	}
}
