package actors

import (
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Live is an event's seat map as the public may see it: a projection of durable records (P9), never consulted to grant.
//
// Sections publish after a record is durable and before its answers are told, so whoever has an answer finds it on the
// map (read your own writes). Readers take the lock for a copy's time only; writers append to a ring that readers
// follow at their own pace, so browsing never slows booking.
type Live struct {
	mu       sync.RWMutex
	sections []liveSection
	ring     []Delta // the newest deltas, each at index version % len; grows up to ringMax
	ringMax  int
	lost     uint64      // deltas up to this version are not in the ring, whatever its length; see reset
	seen     atomic.Bool // somebody has read the map
	version  atomic.Uint64
	changed  atomic.Pointer[chan struct{}] // nil: nobody waits
}

type liveSection struct {
	seq     section.Seq
	letters []byte
	free    atomic.Int64
	layout  *section.Layout // nil: kinds are not counted
	kinds   []atomic.Uint32 // free seats by category, plain and accessible apart: category*2, and one more for the accessible
	known   bool            // false until its section was loaded: the map shows it blocked
}

// liveRingDeltas is how far behind a reader may fall: at 64 sections with a record a millisecond each, a quarter of a
// second; in ordinary life, minutes. The ring begins small and doubles as deltas come: most events have few, and never
// this many.
const (
	liveRingDeltas = 1 << 14
	liveRingFirst  = 1 << 4
)

func newLive(seats []uint32) *Live {
	l := &Live{sections: make([]liveSection, len(seats)), ringMax: liveRingDeltas}
	for i, n := range seats {
		letters := make([]byte, n)
		for j := range letters {
			letters[j] = byte(section.Blocked)
		}
		l.sections[i].letters = letters
	}
	return l
}

// Version grows by one with every delta.
func (l *Live) Version() uint64 { return l.version.Load() }

// Free is the section's count of free seats in durable state: an upper bound of what a hold asked for from now on can
// be refused for, since every acknowledged change is in it.
func (l *Live) Free(no storage.SectionNo) int { return int(l.sections[no].free.Load()) }

// countKinds has the map count free seats by kind. A map that an earlier life of the event left has counted all along.
func (l *Live) countKinds(sections []*Section) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for no, s := range sections {
		at, kinds := &l.sections[no], 0
		if at.kinds != nil {
			continue
		}
		at.layout = s.layout
		for _, seat := range s.layout.Seats {
			kinds = max(kinds, 2*int(seat.Category)+2)
		}
		at.kinds = make([]atomic.Uint32, kinds)
		for i, letter := range at.letters {
			at.letters[i] = byte(section.Blocked)
			at.set(section.SeatIndex(i), letter)
		}
	}
}

// suitable is Free of the seats that suit a wish for the best.
func (l *Live) suitable(no storage.SectionNo, c *section.Command) (free uint32) {
	kinds := l.sections[no].kinds
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
func (s *liveSection) set(seat section.SeatIndex, letter byte) (freed int64) {
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

// seq is the section's newest record on the map.
func (l *Live) seq(no storage.SectionNo) section.Seq {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.sections[no].seq
}

// taken appends those of the seats that are not available in durable state.
func (l *Live) taken(no storage.SectionNo, seats, dst []section.SeatIndex) []section.SeatIndex {
	l.mu.RLock()
	defer l.mu.RUnlock()
	letters := l.sections[no].letters
	for _, seat := range seats {
		if letters[seat] != byte(section.Available) {
			dst = append(dst, seat)
		}
	}
	return dst
}

// Read visits every section in plan order under one lock.
func (l *Live) Read(visit func(no storage.SectionNo, s SectionStatus)) uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.look()
	for i := range l.sections {
		s := &l.sections[i]
		visit(storage.SectionNo(i), SectionStatus{Seq: s.seq, Letters: s.letters, Free: int(s.free.Load())})
	}
	return l.version.Load()
}

// Deltas visits the deltas after a version, in order; false when some of them are forgotten.
func (l *Live) Deltas(after uint64, visit func(version uint64, d *Delta)) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.look()
	now := l.version.Load()
	if after > now || after < l.lost || now-after > uint64(len(l.ring)) {
		return false
	}
	for v := after + 1; v <= now; v++ {
		visit(v, &l.ring[v%uint64(len(l.ring))])
	}
	return true
}

// look notes that there are readers now, who expect to find every delta. The lock is held.
func (l *Live) look() {
	if !l.seen.Load() {
		l.seen.Store(true)
	}
}

// Changed returns a channel closed at the next delta.
func (l *Live) Changed() <-chan struct{} {
	for {
		if c := l.changed.Load(); c != nil {
			return *c
		}
		c := make(chan struct{})
		if l.changed.CompareAndSwap(nil, &c) {
			return c
		}
	}
}

// publish applies one durable record. Records of one section come in order.
func (l *Live) publish(d *Delta) {
	changes := append([]SeatChange(nil), d.Changes...)
	l.mu.Lock()
	s := &l.sections[d.Section]
	free := s.free.Load()
	for _, c := range changes {
		free += s.set(c.Seat, byte(c.Letter))
	}
	s.free.Store(free)
	s.seq = d.Seq
	l.push(Delta{Section: d.Section, Seq: d.Seq, Changes: changes})
	l.mu.Unlock()
	l.wake()
}

func letterFree(letter byte) int64 {
	if letter == byte(section.Available) {
		return 1
	}
	return 0
}

// reset replaces a section's letters after it was loaded. Its claim (and whatever it missed) shows as one delta each,
// so that the section's seq stays dense for clients that were watching.
func (l *Live) reset(no storage.SectionNo, seq section.Seq, letters []byte, free int) {
	l.mu.Lock()
	s := &l.sections[no]
	if !s.known && !l.seen.Load() { // nobody has a map yet that the difference would be one to
		for i, c := range letters {
			if s.letters[i] != c {
				s.set(section.SeatIndex(i), c)
			}
		}
		s.free.Store(int64(free))
		s.seq, s.known = seq, true
		l.lost = l.version.Add(1)
		l.mu.Unlock()
		l.wake()
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
			l.push(Delta{Section: no, Seq: missing})
		}
	}
	if s.known && seq == s.seq && len(diff) == 0 { // loaded again where it stood: nobody needs to hear that
		l.mu.Unlock()
		return
	}
	for _, c := range diff {
		s.set(c.Seat, byte(c.Letter))
	}
	s.free.Store(int64(free))
	s.seq, s.known = seq, true
	l.push(Delta{Section: no, Seq: seq, Changes: diff})
	l.mu.Unlock()
	l.wake()
}

func (l *Live) push(d Delta) {
	v := l.version.Load() + 1
	if v-l.lost > uint64(len(l.ring)) && len(l.ring) < l.ringMax {
		l.grow()
	}
	l.ring[v%uint64(len(l.ring))] = d
	l.version.Store(v)
}

// grow doubles the ring, which is full, and moves each delta to its place in the larger one.
func (l *Live) grow() {
	larger := make([]Delta, min(max(2*len(l.ring), liveRingFirst), l.ringMax))
	now := l.version.Load()
	for v := now - min(now-l.lost, uint64(len(l.ring))) + 1; v <= now; v++ {
		larger[v%uint64(len(larger))] = l.ring[v%uint64(len(l.ring))]
	}
	l.ring = larger
}

func (l *Live) wake() {
	if l.changed.Load() == nil {
		return
	}
	if c := l.changed.Swap(nil); c != nil {
		close(*c)
	}
}
