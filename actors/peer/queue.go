package peer

import (
	"sync"
	"sync/atomic"

	"holdfast/storage"
)

// queue is who waits for which section on behalf of other nodes. A section is met in the order of coming: a search that
// asks whether an earlier wish under its key became a hold must not overtake that wish (P5).
type queue struct {
	size atomic.Int64
	mu   sync.Mutex
	last map[storage.SectionKey]chan struct{} // the turn of the last one that waits for the section
}

// turn is a place in the queue of a section.
type turn struct {
	before <-chan struct{} // closed when whoever came before has had its turn; nil: nobody did
	over   chan struct{}
}

// join takes the last place among those who wait for a section; leave must follow.
func (q *queue) join(key storage.SectionKey) *turn {
	q.mu.Lock()
	t := &turn{before: q.last[key], over: make(chan struct{})}
	q.last[key] = t.over
	q.mu.Unlock()
	q.size.Add(1)
	return t
}

func (q *queue) leave(key storage.SectionKey, t *turn) {
	q.mu.Lock()
	if q.last[key] == t.over {
		delete(q.last, key)
	}
	q.mu.Unlock()
	close(t.over)
	q.size.Add(-1)
}

// holds says that somebody waits for the section: whoever comes now is behind, whether or not the section serves
// meanwhile.
func (q *queue) holds(key storage.SectionKey) bool {
	if q.size.Load() == 0 {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last[key] != nil
}
