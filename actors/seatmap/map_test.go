package seatmap

import (
	"slices"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/storage"
)

// TestBudgets holds what every booking and every refusal does with the map against its allocations.
func TestBudgets(t *testing.T) {
	budget.Check(t, raceDetector, []budget.Path{
		budget.Exact(
			"record on the map", 1000, 1000, publishPath,
		), // the delta's own seats, which readers may look at for long
		budget.Exact("look at the map for a taken seat", 1000, 0, takenPath),
		budget.Exact("free seats of a kind in all sections", 1000, 0, togetherPath),
	})
}

func publishPath(testing.TB) func() {
	m := New([]uint32{1000})
	d := Delta{Changes: []SeatChange{{Seat: 1, Letter: section.Held}, {Seat: 2, Letter: section.Held}}}
	for range ringDeltas { // the ring grows ten times in its life: here it has
		d.Seq++
		m.Publish(&d)
	}
	return func() { d.Seq++; m.Publish(&d) }
}

func takenPath(t testing.TB) func() {
	m := New([]uint32{1000})
	seats, lost := []section.SeatIndex{3, 4}, make([]section.SeatIndex, 0, 8)
	return func() {
		if lost = m.Taken(0, seats, lost[:0]); len(lost) != 2 {
			t.Fatal("an unknown section has free seats")
		}
	}
}

func togetherPath(t testing.TB) func() {
	m := twoSections()
	c := &section.Command{AnyCategory: true}
	return func() {
		free := uint32(0)
		m.Together(func() { free = m.Suitable(0, c) + m.Suitable(1, c) })
		if free != 4 {
			t.Fatal(free)
		}
	}
}

// twoSections has two seats of two kinds in each section, all free.
func twoSections() *Map {
	m := New([]uint32{2, 2})
	layout := &section.Layout{Seats: []section.SeatSpec{{Category: 0}, {Category: 1, Accessible: true}}}
	m.CountKinds([]*section.Layout{layout, layout})
	m.Reset(0, 1, []byte("aa"), 2)
	m.Reset(1, 1, []byte("aa"), 2)
	return m
}

// seatsOf is one section as a reader sees it.
func seatsOf(m *Map, no int) (letters string, free int, seq section.Seq) {
	version := m.Version()
	if m.Read(func(at storage.SectionNo, s SectionStatus) {
		if int(at) == no {
			letters, free, seq = string(s.Letters), s.Free, s.Seq
		}
	}) != version {
		panic("a map that nobody changes has changed")
	}
	return letters, free, seq
}

// TestCountsFollowLetters: counts by kind and letters say the same, whichever way the letters came (P9, P11).
func TestCountsFollowLetters(t *testing.T) {
	m := twoSections()
	plain, accessible := &section.Command{Category: 0}, &section.Command{AnyCategory: true, AccessibleOnly: true}
	for _, step := range []struct {
		name              string
		do                func()
		letters           string
		free              int
		plain, accessible uint32
	}{
		{"loaded", func() {}, "aa", 2, 1, 1},
		{"a seat is held", func() { m.Publish(&Delta{Seq: 2, Changes: []SeatChange{{Seat: 1, Letter: section.Held}}}) }, "ah", 1, 1, 0},
		{"a record without seats", func() { m.Publish(&Delta{Seq: 3}) }, "ah", 1, 1, 0},
		{"the seat is back", func() { m.Publish(&Delta{Seq: 4, Changes: []SeatChange{{Seat: 1, Letter: section.Available}}}) }, "aa", 2, 1, 1},
		{"loaded anew, both sold meanwhile", func() { m.Reset(0, 9, []byte("ss"), 0) }, "ss", 0, 0, 0},
		{"layouts given again", func() { m.CountKinds(make([]*section.Layout, 2)) }, "ss", 0, 0, 0},
	} {
		step.do()
		letters, free, _ := seatsOf(m, 0)
		if letters != step.letters || free != step.free || m.Free(0) != step.free ||
			m.Suitable(0, plain) != step.plain || m.Suitable(0, accessible) != step.accessible {
			t.Errorf(
				"%s: %s, %d free, %d plain, %d accessible", step.name, letters, free, m.Suitable(0, plain),
				m.Suitable(0, accessible),
			)
		}
	}
	if lost := m.Taken(0, []section.SeatIndex{0, 1}, nil); !slices.Equal(lost, []section.SeatIndex{0, 1}) {
		t.Errorf("taken %v", lost)
	}
}

// TestDeltasAreDense: a reader hears of every record once and in order, also of those a section missed while it was
// away, and is told to begin anew once the ring has forgotten some.
func TestDeltasAreDense(t *testing.T) {
	m := NewKeeping([]uint32{2}, ringFirst)
	m.Reset(0, 1, []byte("aa"), 2)
	if m.Deltas(0, func(uint64, *Delta) {}) {
		t.Error("a map that nobody had read keeps no deltas of its loading")
	}
	_, _, seq := seatsOf(m, 0)
	seen := m.Version()
	follow := func() bool {
		return m.Deltas(seen, func(version uint64, d *Delta) {
			if version != seen+1 || d.Seq != seq+1 {
				t.Errorf("record %d at version %d after %d at %d", d.Seq, version, seq, seen)
			}
			seen, seq = version, d.Seq
		})
	}
	changed := m.Changed()
	m.Publish(&Delta{Seq: 2, Changes: []SeatChange{{Seat: 0, Letter: section.Held}}})
	<-changed
	m.Reset(0, 5, []byte("sa"), 1) // records 3 and 4 were missed
	if !follow() || seq != 5 || m.Seq(0) != 5 {
		t.Errorf("followed to record %d of %d", seq, m.Seq(0))
	}
	before := m.Version()
	if m.Reset(0, 5, []byte("sa"), 1); m.Version() != before {
		t.Error("loaded again where it stood: nobody needs to hear that")
	}
	for range ringFirst {
		m.Publish(&Delta{Seq: m.Seq(0) + 1})
	}
	if !follow() {
		t.Error("as many deltas as the ring keeps are kept")
	}
	for range ringFirst + 1 {
		m.Publish(&Delta{Seq: m.Seq(0) + 1})
	}
	if follow() {
		t.Error("a reader that is too far behind must begin anew")
	}
	if m.Deltas(m.Version()+1, func(uint64, *Delta) {}) {
		t.Error("nobody can have a version that is yet to come")
	}
}

// BenchmarkMap is what a record costs its section, and a look a buyer who comes too late.
func BenchmarkMap(b *testing.B) {
	for name, path := range map[string]func(testing.TB) func(){"publish": publishPath, "taken": takenPath, "together": togetherPath} {
		b.Run(name, func(b *testing.B) {
			run := path(b)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
