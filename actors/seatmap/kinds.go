package seatmap

import (
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// CountKinds has the map count free seats by kind, by the layouts of its sections in plan order. A map that has them
// already counts on with those. It is called before the first Suitable.
func (m *Map) CountKinds(layouts []*section.Layout) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for no, layout := range layouts {
		at, kinds := &m.sections[no], 0
		if at.kinds != nil {
			continue
		}
		at.layout = layout
		for _, seat := range layout.Seats {
			kinds = max(kinds, 2*int(seat.Category)+2)
		}
		at.kinds = make([]atomic.Uint32, kinds)
		for i, letter := range at.letters {
			at.letters[i] = byte(section.Blocked)
			at.set(section.SeatIndex(i), letter)
		}
	}
}

// Suitable is Free of the seats that suit a PlaceBest command: of its category and, where it asks for them, accessible.
// It takes no lock; counts of several sections are of one moment only inside Together.
func (m *Map) Suitable(no storage.SectionNo, c *section.Command) (free uint32) {
	kinds := m.sections[no].kinds
	first, end := 0, len(kinds)
	if !c.AnyCategory {
		first = min(2*int(c.Category), end)
		end = min(first+2, end)
	}
	for kind := first; kind < end; kind += 2 {
		free += kinds[kind+1].Load()
		if !c.AccessibleOnly {
			free += kinds[kind].Load()
		}
	}
	return free
}

// set changes one seat's letter and what is counted of it. The caller holds mu and keeps free.
func (s *mapSection) set(seat section.SeatIndex, letter byte) (freed int64) {
	freed = letterFree(letter) - letterFree(s.letters[seat])
	s.letters[seat] = letter
	if freed != 0 && s.layout != nil {
		spec := s.layout.Seats[seat]
		kind := 2 * int(spec.Category)
		if spec.Accessible {
			kind++
		}
		s.kinds[kind].Add(uint32(freed))
	}
	return freed
}

// Together runs count while no record is published: what it counts in several sections is of one moment. count must be
// quick, and may not call what takes the lock of the map: of its counts, Free and Suitable only.
func (m *Map) Together(count func()) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	count()
}
