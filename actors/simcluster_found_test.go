package actors

import (
	"testing"
)

// What the simulator of clusters has found, each as the smallest scene.

// TestReservedSeatsHaveOneOwner: of a request that was not judged, the seats are the waiter's for the next attempt, or the teller's to give back;
// never both's, never nobody's.
func TestReservedSeatsHaveOneOwner(t *testing.T) {
	told, gone := newRequest(), newRequest()
	if !told.keep() || told.leave() {
		t.Error("told first: the waiter may not leave")
	}
	if !gone.leave() || gone.keep() {
		t.Error("left first: the teller gives the seats back")
	}
	if told.again(); !told.keep() {
		t.Error("sent again, it may be kept again")
	}
}

// TestMemoryIsCountedOnce: a hold whose seats nobody had reserved, because its request came from another node, is counted from the moment it is in the
// memory, for with the memory it is taken back.
func TestMemoryIsCountedOnce(t *testing.T) {
	w := newTestWriter(10)
	r := holdRequest(0, 2)
	w.Submit(r)
	freed := w.Freed()
	if len(freed) != 1 || !freed[0].taken || freed[0].seats != uint32(len(r.Decision.Outcome.Seats)) || r.reserved != freed[0].seats {
		t.Errorf("the ledger hears %+v of a hold of %d seats, %d reserved", freed, len(r.Decision.Outcome.Seats), r.reserved)
	}
	known := holdRequest(2, 1)
	known.reserved = uint32(len(known.Command.Seats))
	if w.Submit(known); len(w.Freed()) != 0 {
		t.Error("what was reserved is counted twice")
	}
}
