package coordinator

import (
	"testing"
	"unsafe"

	"holdfast/actors/section"
	"holdfast/storage"
)

func nothingForgotten(storage.SectionNo) section.Instant { return 0 }

func TestKeyIndex(t *testing.T) {
	x, id := NewKeyIndex(nothingForgotten), section.RequestID{1}
	if _, known, _ := x.Enter(id, 3, false); known {
		t.Fatal("a new request is known")
	}
	if at, known, _ := x.Enter(id, 4, false); !known || at != 3 {
		t.Errorf("under way: known=%v at %d", known, at)
	}
	x.Leave(id, 3, false, 0)
	x.Leave(id, 3, false, 0)
	if _, known, _ := x.Enter(id, 4, true); known {
		t.Error("a refused request is remembered")
	}
	_, _, busy := x.Enter(id, 5, false)
	if busy == nil {
		t.Fatal("a search under way lets its repeat pass")
	}
	x.Leave(id, 6, true, 1000)
	<-busy // closed by the end of the search
	if at, known, busy := x.Enter(id, 5, false); !known || at != 6 || busy != nil {
		t.Errorf("after the search: known=%v at %d", known, at)
	}
	if _, _, busy := x.Enter(id, 5, true); busy == nil {
		t.Error("P5: a search begins while another call under its key is under way")
	}
	x.Leave(id, 6, false, 0)
	if _, known, _ := x.Enter(id, 5, true); !known {
		t.Error("P5: an accepted request was forgotten by its repeat")
	}
	x.Unpin(id)
	x.Leave(id, 5, false, 0)
	if _, known, _ := x.Enter(id, 5, true); known {
		t.Error("P11: a request that no section remembers stays tied to one")
	}
}

// TestKeyIndexForgetsWithItsSections: P5, an entry lives as long as its section remembers, whatever the clock says.
func TestKeyIndexForgetsWithItsSections(t *testing.T) {
	from := map[storage.SectionNo]section.Instant{0: 5000}
	x := NewKeyIndex(func(no storage.SectionNo) section.Instant { return from[no] })
	s := &x.shards[0]
	id := func(n byte) section.RequestID { return section.RequestID{0, n} }
	for n, entry := range map[byte]struct {
		section storage.SectionNo
		decided section.Instant
	}{
		1: {0, 3999}, // forgotten
		2: {0, 4001}, // rounded up to 5 s: not before 5000
		3: {0, 5000},
		4: {1, 1},              // of a section that forgets nothing
		5: {0, DecidedUnknown}, // timed out: may have been judged at any time since
	} {
		x.Enter(id(n), entry.section, false)
		x.Leave(id(n), entry.section, true, entry.decided)
	}
	x.Adopt(id(6), 0, 4000)
	x.Enter(id(7), 0, false) // under way
	s.sweepAt = 1
	x.Enter(id(9), 0, false)
	for n, want := range map[byte]bool{1: false, 2: true, 3: true, 4: true, 5: true, 6: false, 7: true} {
		if _, there := s.entries[id(n)]; there != want {
			t.Errorf("entry %d is there: %v, want %v", n, there, want)
		}
	}
	if size := unsafe.Sizeof(section.RequestID{}) + unsafe.Sizeof(keyEntry{}); size > 40 {
		t.Errorf("an entry is %d bytes", size)
	}
}

// TestSweepForgetsAtOnce: a sweep drops what its section has forgotten in every shard, and nothing that is under way.
func TestSweepForgetsAtOnce(t *testing.T) {
	x := NewKeyIndex(func(storage.SectionNo) section.Instant { return 5000 })
	for n := range byte(200) {
		x.Adopt(section.RequestID{n}, 0, 1000)
	}
	x.Enter(section.RequestID{7}, 0, false)
	x.Adopt(section.RequestID{200}, 0, 6000)
	x.Sweep()
	left := map[byte]KeyUse{}
	x.Each(func(id section.RequestID, use KeyUse) { left[id[0]] = use })
	if len(left) != 2 || left[7] != (KeyUse{Accepted: true, UnderWay: true}) || left[200] != (KeyUse{Accepted: true}) {
		t.Errorf("left: %+v", left)
	}
}

// TestIndexBelievesRecordsBeforeDoubts (P5): a search that gave up in one section does not cover what a record says of
// another.
func TestIndexBelievesRecordsBeforeDoubts(t *testing.T) {
	x, id := NewKeyIndex(nothingForgotten), section.RequestID{1}
	x.Enter(id, 1, true)
	x.Adopt(id, 2, 1000) // its record comes in from the section that did it
	x.Leave(id, 1, true, DecidedUnknown)
	if at, known, _ := x.Enter(id, 1, false); !known || at != 2 {
		t.Errorf("the key is known %v, in section %d; the record says section 2", known, at)
	}
}
