package live

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/storage"
)

// hubs keeps one hub for each event that somebody watches.
type hubs struct {
	cfg   *Config
	meter *meter
	// The event's map as the engine has it now; asking keeps the map in use.
	newest  func(storage.EventID) (actors.LiveMap, error)
	streams atomic.Int64

	mu      sync.Mutex
	byEvent map[storage.EventID]*hub
	closed  bool
	clients sync.WaitGroup
	running sync.WaitGroup
}

func newHubs(cfg *Config, meter *meter) *hubs {
	return &hubs{cfg: cfg, meter: meter, byEvent: map[storage.EventID]*hub{}}
}

// join finds or starts the event's hub and counts a client in. The caller must call leave. nil: the server is stopping.
func (s *hubs) join(id storage.EventID, m *eventMap) *hub {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	h := s.byEvent[id]
	if h != nil && h.live != m.live {
		close(h.ended) // its map was replaced: its clients come back and find the new one
		h = nil
	}
	if h == nil {
		h = newHub(m, s.cfg, s.meter)
		s.byEvent[id] = h
		s.running.Go(func() { h.run(func(h *hub, lonely bool) { s.tend(id, h, lonely) }) })
	}
	h.mu.Lock()
	h.clients++
	h.mu.Unlock()
	s.clients.Add(1)
	s.meter.streams.Set(float64(s.streams.Add(1)))
	return h
}

func (s *hubs) leave(h *hub) {
	h.mu.Lock()
	h.clients--
	h.lastClient = time.Now()
	h.mu.Unlock()
	s.meter.streams.Set(float64(s.streams.Add(-1)))
	s.clients.Done()
}

// tend is every hub's from time to time: one without listeners ends, and so does one whose map the engine has replaced,
// for its clients would see no more changes. They come back and find the new map.
func (s *hubs) tend(id storage.EventID, h *hub, lonely bool) {
	if lonely {
		s.retire(id, h)
		return
	}
	if live, err := s.newest(id); err != nil || live == h.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byEvent[id] == h {
		delete(s.byEvent, id)
		close(h.ended)
	}
}

// retire ends a hub unless somebody joined meanwhile.
func (s *hubs) retire(id storage.EventID, h *hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.mu.RLock()
	wanted := h.clients > 0
	h.mu.RUnlock()
	if wanted || s.byEvent[id] != h {
		return
	}
	delete(s.byEvent, id)
	close(h.ended)
}

// close ends every stream and waits for the clients' goroutines, as long as ctx lasts.
func (s *hubs) close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for id, h := range s.byEvent {
		delete(s.byEvent, id)
		close(h.ended)
	}
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		s.clients.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("api: streams still open: %w", ctx.Err())
	}
}
