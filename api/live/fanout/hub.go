package fanout

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Hub is everybody who follows one source. Make one with Fan.NewHub.
type Hub struct {
	fan    *Fan
	source Source

	// A source may hold its own lock when it calls Wake and Count, and writers ask a source under a shard's lock: these
	// two take no lock of the hub's.
	shards atomic.Pointer[[]*shard] // replaced under mu, never changed
	count  atomic.Int64

	mu    sync.Mutex // before a shard's lock
	ended bool
}

// NewHub makes the hub of a source.
func (f *Fan) NewHub(source Source) *Hub {
	h := &Hub{fan: f, source: source}
	h.shards.Store(new([]*shard))
	return h
}

// Join lets a client follow, which a writer then tells its first frame. false: the hub has ended; nothing was done, and
// the connection is still the caller's.
func (h *Hub) Join(c *Client) bool {
	h.mu.Lock()
	if h.ended {
		h.mu.Unlock()
		return false
	}
	s := h.roomy()
	h.count.Add(1)
	s.mu.Lock()
	c.shard = s
	s.clients = append(s.clients, c)
	s.count++
	s.mu.Unlock()
	h.mu.Unlock()
	h.fan.wake(s)
	return true
}

// roomy is a shard with room for one more. mu is held, so none is filled meanwhile.
func (h *Hub) roomy() *shard {
	shards := *h.shards.Load()
	for _, s := range slices.Backward(shards) {
		s.mu.Lock()
		room := s.count < shardMax
		s.mu.Unlock()
		if room {
			return s
		}
	}
	s := &shard{hub: h}
	h.replace(append(slices.Clip(shards), s))
	return s
}

func (h *Hub) replace(shards []*shard) { h.shards.Store(&shards) }

// Wake says that the source has news. It is quick: the writers come to everybody in their own time, and whoever is due
// already stays so.
func (h *Hub) Wake() { h.fan.wake(*h.shards.Load()...) }

// Count is how many clients follow.
func (h *Hub) Count() int { return int(h.count.Load()) }

// Leave ends a client that has joined, if nothing has before.
func (h *Hub) Leave(c *Client) {
	s := c.shard
	s.mu.Lock()
	first := s.remove(c)
	s.mu.Unlock()
	if first {
		h.gone(c)
	}
}

// gone is called once for each client that left, without any lock.
func (h *Hub) gone(c *Client) {
	h.mu.Lock()
	h.count.Add(-1)
	if s := c.shard; h.emptied(s) {
		kept := slices.Clone(*h.shards.Load())
		h.replace(slices.DeleteFunc(kept, func(other *shard) bool { return other == s }))
	}
	h.mu.Unlock()
	_ = c.conn.Close() // whoever left needs nothing any more
	if c.left != nil {
		c.left()
	}
}

// emptied says that a shard has nobody left. mu is held, so nobody joins it meanwhile.
func (h *Hub) emptied(s *shard) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count == 0
}

// End ends every client, and lets nobody join any more.
func (h *Hub) End() {
	h.mu.Lock()
	h.ended = true
	shards := *h.shards.Load()
	h.mu.Unlock()
	for _, s := range shards {
		s.mu.Lock()
		clients := slices.Clone(s.clients)
		s.mu.Unlock()
		for _, c := range clients {
			if c != nil {
				h.Leave(c)
			}
		}
	}
}
