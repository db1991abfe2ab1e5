package seatmap

import (
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// SectionStatus is one section of the availability map. Letters is in seat-index order.
type SectionStatus struct {
	Seq     section.Seq
	Letters []byte
	Free    int
}

// SeatChange is one seat's new letter.
type SeatChange = section.SeatChange

// Delta is one record's effect on the map. Every record makes one (Changes may be empty), so that a section's Seq is
// dense and a client can see a gap.
type Delta struct {
	Section storage.SectionNo
	Seq     section.Seq
	Changes []SeatChange
}

// Map is one event's seat map as the public may see it. All methods are safe for concurrent use, but for CountKinds.
type Map struct {
	mu       sync.RWMutex
	sections []mapSection
	ring     []Delta // the newest deltas, each at index version % len; grows up to ringMax
	ringMax  int
	lost     uint64      // deltas up to this version are not in the ring, whatever its length; see Reset
	seen     atomic.Bool // somebody has read the map
	version  atomic.Uint64
	changed  atomic.Pointer[chan struct{}] // nil: nobody waits
}

type mapSection struct {
	seq     section.Seq
	letters []byte
	free    atomic.Int64
	layout  *section.Layout // nil: kinds are not counted
	kinds   []atomic.Uint32 // free seats by category, plain and accessible apart: category*2, one more for the accessible
	known   bool            // false until its section was loaded: the map shows it blocked
}

// New makes the map of an event with so many seats in each section. All of them are shown blocked until their section's
// first Reset.
func New(seats []uint32) *Map { return NewKeeping(seats, ringDeltas) }

// NewKeeping is New of a map that keeps at most that many deltas for its readers.
func NewKeeping(seats []uint32, deltas int) *Map {
	m := &Map{sections: make([]mapSection, len(seats)), ringMax: deltas}
	for i, n := range seats {
		letters := make([]byte, n)
		for j := range letters {
			letters[j] = byte(section.Blocked)
		}
		m.sections[i].letters = letters
	}
	return m
}

// Version grows by one with every delta; equal versions mean an equal map.
func (m *Map) Version() uint64 { return m.version.Load() }

// Sections is how many sections the map has.
func (m *Map) Sections() int { return len(m.sections) }

// Free is the section's count of free seats in durable state: an upper bound of what a hold asked for from now on can
// be refused for, since every acknowledged change is in it.
func (m *Map) Free(no storage.SectionNo) int { return int(m.sections[no].free.Load()) }

// Seq is the section's newest record on the map.
func (m *Map) Seq(no storage.SectionNo) section.Seq {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.sections[no].seq
}

// Taken appends those of the seats that are not available in durable state.
func (m *Map) Taken(no storage.SectionNo, seats, dst []section.SeatIndex) []section.SeatIndex {
	m.mu.RLock()
	defer m.mu.RUnlock()
	letters := m.sections[no].letters
	for _, seat := range seats {
		if letters[seat] != byte(section.Available) {
			dst = append(dst, seat)
		}
	}
	return dst
}

// Available appends the seats that are available in durable state.
func (m *Map) Available(no storage.SectionNo, dst []section.SeatIndex) []section.SeatIndex {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for seat, letter := range m.sections[no].letters {
		if letter == byte(section.Available) {
			dst = append(dst, section.SeatIndex(seat))
		}
	}
	return dst
}

// Read visits every section in plan order under one lock.
func (m *Map) Read(visit func(no storage.SectionNo, s SectionStatus)) uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.look()
	for i := range m.sections {
		s := &m.sections[i]
		visit(storage.SectionNo(i), SectionStatus{Seq: s.seq, Letters: s.letters, Free: int(s.free.Load())})
	}
	return m.version.Load()
}

// Publish applies one durable record. Records of one section come in order.
func (m *Map) Publish(d *Delta) {
	changes := append([]SeatChange(nil), d.Changes...)
	m.mu.Lock()
	s := &m.sections[d.Section]
	free := s.free.Load()
	for _, c := range changes {
		free += s.set(c.Seat, byte(c.Letter))
	}
	s.free.Store(free)
	s.seq = d.Seq
	m.push(Delta{Section: d.Section, Seq: d.Seq, Changes: changes})
	m.mu.Unlock()
	m.wake()
}

func letterFree(letter byte) int64 {
	if letter == byte(section.Available) {
		return 1
	}
	return 0
}

// Reset replaces a section's letters after it was loaded. Its claim (and whatever it missed) shows as one delta each,
// so that the section's seq stays dense for clients that were watching.
func (m *Map) Reset(no storage.SectionNo, seq section.Seq, letters []byte, free int) {
	m.mu.Lock()
	s := &m.sections[no]
	if !s.known && !m.seen.Load() { // nobody has a map yet that the difference would be one to
		for i, c := range letters {
			if s.letters[i] != c {
				s.set(section.SeatIndex(i), c)
			}
		}
		s.free.Store(int64(free))
		s.seq, s.known = seq, true
		m.lost = m.version.Add(1)
		m.mu.Unlock()
		m.wake()
		return
	}
	var diff []SeatChange
	for i, c := range letters {
		if s.letters[i] != c {
			diff = append(diff, SeatChange{Seat: section.SeatIndex(i), Letter: section.SeatStatus(c)})
		}
	}
	if s.known {
		for missing := s.seq + 1; missing < seq; missing++ {
			m.push(Delta{Section: no, Seq: missing})
		}
	}
	if s.known && seq == s.seq && len(diff) == 0 { // loaded again where it stood: nobody needs to hear that
		m.mu.Unlock()
		return
	}
	for _, c := range diff {
		s.set(c.Seat, byte(c.Letter))
	}
	s.free.Store(int64(free))
	s.seq, s.known = seq, true
	m.push(Delta{Section: no, Seq: seq, Changes: diff})
	m.mu.Unlock()
	m.wake()
}
