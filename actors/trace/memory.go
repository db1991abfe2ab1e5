package trace

import "sync"

// memoryMax is how many traces a Memory keeps: those of the calls of some minutes, or seconds of an on-sale.
const memoryMax = 4096

// Memory has the traces of the newest calls by what they were about, for what goes on after their answers: somebody who
// follows a purchase sees its legs be sold, and its money be given back. It is of one process: what another one goes on
// with, or this one after it was started anew, stands in no trace.
//
// The zero value is empty. Safe for concurrent use.
type Memory[About comparable] struct {
	mu    sync.Mutex
	of    map[About]*Parent
	order []About // a ring, the oldest at next once it is full
	next  int
}

// Keep notes the newest call about something; nil: that one had no trace.
func (m *Memory[About]) Keep(about About, p *Parent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.of[about]
	switch {
	case known:
		m.of[about] = p
	case p == nil:
	case len(m.order) < memoryMax:
		if m.of == nil {
			m.of = map[About]*Parent{}
		}
		m.of[about], m.order = p, append(m.order, about)
	default:
		delete(m.of, m.order[m.next])
		m.of[about], m.order[m.next] = p, about
		m.next = (m.next + 1) % memoryMax
	}
}

// Of is the trace of the newest call about something; nil: it had none, or is forgotten.
func (m *Memory[About]) Of(about About) *Parent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of[about]
}
