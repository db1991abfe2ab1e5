package seatmap

// ringDeltas is how far behind a reader may fall: at 64 sections with a record a millisecond each, a quarter of a
// second; in ordinary life, minutes. The ring begins small and doubles as deltas come: most events have few, and never
// this many.
const (
	ringDeltas = 1 << 14
	ringFirst  = 1 << 4
)

// Deltas visits the deltas after a version, in order; false when some of them are forgotten.
func (m *Map) Deltas(after uint64, visit func(version uint64, d *Delta)) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.look()
	now := m.version.Load()
	if after > now || after < m.lost || now-after > uint64(len(m.ring)) {
		return false
	}
	for v := after + 1; v <= now; v++ {
		visit(v, &m.ring[v%uint64(len(m.ring))])
	}
	return true
}

// look notes that there are readers now, who expect to find every delta. The lock is held.
func (m *Map) look() {
	if !m.seen.Load() {
		m.seen.Store(true)
	}
}

// Changed returns a channel closed at the next delta.
func (m *Map) Changed() <-chan struct{} {
	for {
		if c := m.changed.Load(); c != nil {
			return *c
		}
		c := make(chan struct{})
		if m.changed.CompareAndSwap(nil, &c) {
			return c
		}
	}
}

func (m *Map) push(d Delta) {
	v := m.version.Load() + 1
	if v-m.lost > uint64(len(m.ring)) && len(m.ring) < m.ringMax {
		m.grow()
	}
	m.ring[v%uint64(len(m.ring))] = d
	m.version.Store(v)
}

// grow doubles the ring, which is full, and moves each delta to its place in the larger one.
func (m *Map) grow() {
	larger := make([]Delta, min(max(2*len(m.ring), ringFirst), m.ringMax))
	now := m.version.Load()
	for v := now - min(now-m.lost, uint64(len(m.ring))) + 1; v <= now; v++ {
		larger[v%uint64(len(larger))] = m.ring[v%uint64(len(m.ring))]
	}
	m.ring = larger
}

func (m *Map) wake() {
	if m.changed.Load() == nil {
		return
	}
	if c := m.changed.Swap(nil); c != nil {
		close(*c)
	}
}
