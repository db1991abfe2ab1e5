package actors

import (
	"sync"

	"holdfast/actors/section"
)

// operatorWishesMax is how many of the operators' latest keys are known; they make a few calls a day.
const operatorWishesMax = 10_000

// operatorMemory knows under which keys operators asked for what is not one section's to remember: the sale switch, and blocking over
// several sections. It is what makes a key used again with another body a mismatch (P5). It is bounded and in memory only: after a
// restart a repeated switch is thrown again, and a mismatch of blocking is seen only by sections that did their part.
type operatorMemory struct {
	mu     sync.Mutex
	wishes map[section.RequestID]operatorWish
	order  []section.RequestID // a ring of the latest keys
	next   int                 // place in order of the next key
}

type operatorWish struct {
	fingerprint uint64
	place       int // in order; a key forgotten and met again leaves an old place behind
}

// meet registers a wish. known says that the same was met before; under another fingerprint it is ErrMismatch. A caller without a
// key is always new.
func (m *operatorMemory) meet(who Caller) (known bool, err error) {
	if who.Request == (section.RequestID{}) {
		return false, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if w, ok := m.wishes[who.Request]; ok {
		if w.fingerprint != who.Fingerprint {
			return true, ErrMismatch
		}
		return true, nil
	}
	if m.wishes == nil {
		m.wishes, m.order = map[section.RequestID]operatorWish{}, make([]section.RequestID, operatorWishesMax)
	}
	if oldest := m.order[m.next]; m.wishes[oldest].place == m.next {
		delete(m.wishes, oldest)
	}
	m.order[m.next] = who.Request
	m.wishes[who.Request] = operatorWish{who.Fingerprint, m.next}
	m.next = (m.next + 1) % len(m.order)
	return false, nil
}

// has says whether the key was met.
func (m *operatorMemory) has(id section.RequestID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.wishes[id]
	return ok
}

// forget is for a wish that changed nothing: like any refused request it may come again.
func (m *operatorMemory) forget(id section.RequestID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.wishes, id)
}
