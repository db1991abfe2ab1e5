package coordinator

import (
	"testing"

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
	if x.Unpin(id, 5); !x.Knows(id) {
		t.Error("P5: the word of one section unties a request from another")
	}
	x.Unpin(id, 6)
	x.Leave(id, 5, false, 0)
	if _, known, _ := x.Enter(id, 5, true); known {
		t.Error("P11: a request that no section remembers stays tied to one")
	}
}

// TestKeyIndexForgetsWithItsSections: P5, an entry lives as long as its section remembers, whatever the clock says.
func TestKeyIndexForgetsWithItsSections(t *testing.T) {
	from := map[storage.SectionNo]section.Instant{0: 5000}
	x := NewKeyIndex(func(no storage.SectionNo) section.Instant { return from[no] })
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
		8: {0, 3999},           // forgotten by its section, but repeated right now
	} {
		x.Enter(id(n), entry.section, false)
		x.Leave(id(n), entry.section, true, entry.decided)
	}
	x.Adopt(id(6), 0, 4000)
	x.Enter(id(7), 0, false) // under way
	x.Enter(id(8), 0, false)
	x.Sweep()
	for n, want := range map[byte]bool{1: false, 2: true, 3: true, 4: true, 5: true, 6: false, 7: true, 8: true} {
		if _, there := x.Use(id(n)); there != want {
			t.Errorf("entry %d is there: %v, want %v", n, there, want)
		}
	}
	x.Leave(id(8), 0, false, DecidedUnknown)
	if !x.Knows(id(8)) {
		t.Error("P5: an accepted request was forgotten by its repeat, for a sweep came meanwhile")
	}
}

// TestSweepForgetsAtOnce: a sweep drops what its section has forgotten in every shard, and nothing that is under way.
func TestSweepForgetsAtOnce(t *testing.T) {
	x := NewKeyIndex(func(storage.SectionNo) section.Instant { return 5000 })
	for n := range uint64(20_000) {
		x.Adopt(scattered(n), 0, 1000)
	}
	x.Enter(scattered(7), 0, false)
	x.Adopt(scattered(20_000), 0, 6000)
	x.Sweep()
	if accepted, underWay := x.Size(); accepted != 1 || underWay != 1 {
		t.Errorf("%d accepted, %d under way are left", accepted, underWay)
	}
	for n, want := range map[uint64]KeyUse{7: {Accepted: true, UnderWay: true}, 20_000: {Accepted: true}} {
		if use, met := x.Use(scattered(n)); !met || use != want {
			t.Errorf("key %d: %v %+v, want %+v", n, met, use, want)
		}
	}
}

// TestIndexForgetsWhileItGrows: an index into which keys keep coming holds those that sections remember, and few more.
func TestIndexForgetsWhileItGrows(t *testing.T) {
	const remembered, all = 60_000, 300_000
	var from section.Instant
	x := NewKeyIndex(func(storage.SectionNo) section.Instant { return from })
	for n := range section.Instant(all) {
		from = max(0, n-remembered) * 1000
		x.Enter(scattered(uint64(n)), 3, false)
		x.Leave(scattered(uint64(n)), 3, true, n*1000)
	}
	for n := uint64(all - remembered); n < all; n++ {
		if use, met := x.Use(scattered(n)); !met || use != (KeyUse{Section: 3, Accepted: true}) {
			t.Fatalf("P5: key %d of %d, which its section remembers: %v %+v", n, all, met, use)
		}
	}
	if accepted, _ := x.Size(); accepted > 3*remembered {
		t.Errorf("%d keys are kept, the sections remember %d", accepted, remembered)
	}
}

// TestKnownIsToldOfNoOtherKey (P5): of 200,000 keys, in many sections, each is told its own section, and none of
// 200,000 others is known.
func TestKnownIsToldOfNoOtherKey(t *testing.T) {
	const keys = 200_000
	x := NewKeyIndex(nothingForgotten)
	for n := range uint64(keys) {
		x.Adopt(scattered(n), storage.SectionNo(n%10_000), 1000)
	}
	for n := range uint64(keys) {
		if use, met := x.Use(scattered(n)); !met || use.Section != storage.SectionNo(n%10_000) {
			t.Fatalf("P5: key %d: %v %+v", n, met, use)
		}
		if x.Contains(scattered(keys + n)) {
			t.Fatalf("key %d, which is new, is taken for one that was met", keys+n)
		}
	}
}

// TestKeysOfOneHashAreToldApart: 16 bits of the key stand beside the hash, and both have to fit.
func TestKeysOfOneHashAreToldApart(t *testing.T) {
	var s keyShard
	const hash = 42
	for n := range byte(100) {
		e := keyEntry{section: storage.SectionNo(n)}
		s.kept.add(hash, e.slot(section.RequestID{n}), nil)
	}
	for n := range byte(200) {
		e, known := s.entry(hash, section.RequestID{n})
		if known != (n < 100) || known && e.section != storage.SectionNo(n) {
			t.Errorf("key %d: %v %+v", n, known, e)
		}
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

// TestWhatARecordSaidOfAKeyGoesBeforeASuspicion (P5): a coordinator that excludes a section names keys that may have
// been used there. A repeat of one that another section remembers must go on to that one.
func TestWhatARecordSaidOfAKeyGoesBeforeASuspicion(t *testing.T) {
	forgot := section.Instant(0)
	x := NewKeyIndex(func(storage.SectionNo) section.Instant { return forgot })
	at := func(id section.RequestID) storage.SectionNo {
		use, known := x.Use(id)
		if !known || !use.Accepted {
			t.Fatalf("key %x: %+v, known %v", id[:1], use, known)
		}
		return use.Section
	}
	recorded, unheard, fresh := section.RequestID{1}, section.RequestID{2}, section.RequestID{3}
	x.Adopt(recorded, 1, 50_000)
	x.Enter(unheard, 1, false)
	x.Leave(unheard, 1, true, DecidedUnknown)
	for _, id := range []section.RequestID{recorded, unheard, fresh} {
		x.Suspect(id, 0, 60_000)
	}
	if at(recorded) != 1 || at(unheard) != 0 || at(fresh) != 0 {
		t.Errorf("P5: the sections are %d, %d, %d", at(recorded), at(unheard), at(fresh))
	}
	x.Adopt(fresh, 2, 55_000)
	if at(fresh) != 2 {
		t.Error("P5: a suspicion goes before a record that is read later")
	}
	forgot = 58_000
	if x.Suspect(recorded, 0, 60_000); at(recorded) != 0 {
		t.Error("what a section has forgotten hides where the key was used since")
	}
}
