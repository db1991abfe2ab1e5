package actors

import (
	"testing"
	"unsafe"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

func TestBuyerLedger(t *testing.T) {
	l, buyer := newBuyerLedger(), section.BuyerID{1}
	if !l.reserve(buyer, 3, 4) || l.reserve(buyer, 2, 4) || !l.reserve(buyer, 1, 4) {
		t.Error("four of four")
	}
	l.release(buyer, 2)
	if !l.reserve(buyer, 2, 4) || l.reserve(buyer, 1, 4) {
		t.Error("two given back are two to take")
	}
	l.release(buyer, 9)
	if len(l.shards[1].seats) != 0 {
		t.Error("a buyer without seats is still remembered")
	}
	l.add(buyer, 9)
	if l.reserve(buyer, 1, 4) {
		t.Error("seats found at load do not count")
	}
}

func nothingForgotten(storage.SectionNo) section.Instant { return 0 }

func TestRequestIndex(t *testing.T) {
	x, id := newRequestIndex(nothingForgotten), section.RequestID{1}
	if _, known, _ := x.enter(id, 3, false); known {
		t.Fatal("a new request is known")
	}
	if at, known, _ := x.enter(id, 4, false); !known || at != 3 {
		t.Errorf("under way: known=%v at %d", known, at)
	}
	x.leave(id, 3, false, 0)
	x.leave(id, 3, false, 0)
	if _, known, _ := x.enter(id, 4, true); known {
		t.Error("a refused request is remembered")
	}
	_, _, busy := x.enter(id, 5, false)
	if busy == nil {
		t.Fatal("a search under way lets its repeat pass")
	}
	x.leave(id, 6, true, 1000)
	<-busy // closed by the end of the search
	if at, known, busy := x.enter(id, 5, false); !known || at != 6 || busy != nil {
		t.Errorf("after the search: known=%v at %d", known, at)
	}
	if _, _, busy := x.enter(id, 5, true); busy == nil {
		t.Error("P5: a search begins while another call under its key is under way")
	}
	x.leave(id, 6, false, 0)
	if _, known, _ := x.enter(id, 5, true); !known {
		t.Error("P5: an accepted request was forgotten by its repeat")
	}
	x.unpin(id)
	x.leave(id, 5, false, 0)
	if _, known, _ := x.enter(id, 5, true); known {
		t.Error("P11: a request that no section remembers stays tied to one")
	}
}

// TestRequestIndexForgetsWithItsSections: P5, an entry lives as long as its section remembers, whatever the clock says.
func TestRequestIndexForgetsWithItsSections(t *testing.T) {
	from := map[storage.SectionNo]section.Instant{0: 5000}
	x := newRequestIndex(func(no storage.SectionNo) section.Instant { return from[no] })
	s := &x.shards[0]
	id := func(n byte) section.RequestID { return section.RequestID{0, n} }
	for n, entry := range map[byte]struct {
		section storage.SectionNo
		judged  section.Instant
	}{
		1: {0, 3999}, // forgotten
		2: {0, 4001}, // rounded up to 5 s: not before 5000
		3: {0, 5000},
		4: {1, 1},             // of a section that forgets nothing
		5: {0, judgedUnknown}, // timed out: may have been judged at any time since
	} {
		x.enter(id(n), entry.section, false)
		x.leave(id(n), entry.section, true, entry.judged)
	}
	x.adopt(id(6), 0, 4000)
	x.enter(id(7), 0, false) // under way
	s.sweepAt = 1
	x.enter(id(9), 0, false)
	for n, want := range map[byte]bool{1: false, 2: true, 3: true, 4: true, 5: true, 6: false, 7: true} {
		if _, there := s.entries[id(n)]; there != want {
			t.Errorf("entry %d is there: %v, want %v", n, there, want)
		}
	}
	if size := unsafe.Sizeof(section.RequestID{}) + unsafe.Sizeof(indexEntry{}); size > 40 {
		t.Errorf("an entry is %d bytes", size)
	}
}

func TestDelays(t *testing.T) {
	if writer.ResendDelay(0).Milliseconds() != 10 || writer.ResendDelay(3).Milliseconds() != 80 || writer.ResendDelay(99).Seconds() != 1 {
		t.Errorf("resend: %v %v %v", writer.ResendDelay(0), writer.ResendDelay(3), writer.ResendDelay(99))
	}
}

func FuzzBookingID(f *testing.F) {
	f.Add([]byte(BookingID{simKey, 5}.String()))
	f.Fuzz(func(t *testing.T, text []byte) {
		budget.Reading{PerByte: 8}.Check(t, len(text), func() { ParseBookingID(text) })
		if id, ok := ParseBookingID(text); ok && id.String() != string(text) {
			t.Errorf("%q reads as %q", text, id)
		}
	})
}
