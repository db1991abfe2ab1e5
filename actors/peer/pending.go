package peer

import (
	"cmp"
	"slices"
	"sync"
)

// pendingShards spreads pending calls over locks; a power of two.
const pendingShards = 64

// pending are the calls that wait for other nodes' answers, by the number that each call's message has (Ask.ID,
// Search.ID, FreeQuery.ID). A call is taken out exactly once: by its answer, by the loss of its link, or by its caller.
// The zero value is empty. It is safe for concurrent use.
type pending[C any] struct {
	shards [pendingShards]struct {
		sync.Mutex
		calls map[uint64]C
	}
}

// add puts a call in, before its message leaves.
func (p *pending[C]) add(id uint64, call C) {
	s := &p.shards[id%pendingShards]
	s.Lock()
	if s.calls == nil {
		s.calls = map[uint64]C{}
	}
	s.calls[id] = call
	s.Unlock()
}

// take takes a call out; false: it is not there any more.
func (p *pending[C]) take(id uint64) (call C, ok bool) {
	s := &p.shards[id%pendingShards]
	s.Lock()
	if call, ok = s.calls[id]; ok {
		delete(s.calls, id)
	}
	s.Unlock()
	return call, ok
}

// takeAll takes out every call for which hopeless says yes, and gives them in the order of their numbers. hopeless is
// called with a lock held.
func (p *pending[C]) takeAll(hopeless func(call C) bool) []C {
	type numbered struct {
		id   uint64
		call C
	}
	var lost []numbered
	for i := range p.shards {
		s := &p.shards[i]
		s.Lock()
		for id, call := range s.calls {
			if hopeless(call) {
				delete(s.calls, id)
				lost = append(lost, numbered{id, call})
			}
		}
		s.Unlock()
	}
	slices.SortFunc(lost, func(a, b numbered) int { return cmp.Compare(a.id, b.id) })
	calls := make([]C, len(lost))
	for i, l := range lost {
		calls[i] = l.call
	}
	return calls
}

// size is how many wait.
func (p *pending[C]) size() (n int) {
	for i := range p.shards {
		s := &p.shards[i]
		s.Lock()
		n += len(s.calls)
		s.Unlock()
	}
	return n
}
