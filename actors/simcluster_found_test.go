package actors

import (
	"testing"

	"holdfast/actors/section"
)

// What the simulator of clusters has found, each as the smallest scene.

// TestIndexBelievesRecordsBeforeDoubts (P5): a search that gave up in one section does not cover what a record says of another.
func TestIndexBelievesRecordsBeforeDoubts(t *testing.T) {
	x, id := newRequestIndex(nothingForgotten), section.RequestID{1}
	x.enter(id, 1, true)
	x.adopt(id, 2, 1000) // its record comes in from the section that did it
	x.leave(id, 1, true, judgedUnknown)
	if at, known, _ := x.enter(id, 1, false); !known || at != 2 {
		t.Errorf("the key is known %v, in section %d; the record says section 2", known, at)
	}
}

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
