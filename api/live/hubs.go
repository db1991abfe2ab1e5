package live

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/api/live/fanout"
	"holdfast/storage"
)

// hubs keeps one hub for each event that somebody watches.
type hubs struct {
	cfg   *Config
	meter *meter
	// The event's map as the engine has it now; asking keeps the map in use.
	newest  func(storage.EventID) (actors.LiveMap, error)
	streams atomic.Int64
	fan     *fanout.Fan

	mu      sync.Mutex
	byEvent map[storage.EventID]*hub
	closed  bool
	clients sync.WaitGroup
	running sync.WaitGroup
}

func newHubs(cfg *Config, meter *meter) *hubs {
	return &hubs{cfg: cfg, meter: meter, fan: fanout.New(cfg.WriteTimeout), byEvent: map[storage.EventID]*hub{}}
}

// viewer is somebody who wants to follow an event.
type viewer struct {
	conn   net.Conn // the viewer's from now on: closed when the stream is over
	last   []byte   // Last-Event-ID; empty: from the beginning
	packed bool
	atMost time.Duration // 0: for ever
	left   func()        // called once, when the stream is over; nil: nobody asks
}

// join finds or starts the event's hub and has the viewer follow. false: the server is stopping, and nothing was done.
func (s *hubs) join(id storage.EventID, m *eventMap, v *viewer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	h := s.byEvent[id]
	if h != nil && h.live != m.live {
		h.end() // its map was replaced: its clients come back and find the new one
		h = nil
	}
	if h == nil {
		h = newHub(m, s.cfg, s.meter, s.fan)
		s.byEvent[id] = h
		s.running.Go(func() { h.run(func(h *hub, lonely bool) { s.tend(id, h, lonely) }) })
	}
	s.clients.Add(1)
	s.meter.streams.Set(float64(s.streams.Add(1)))
	h.follow(v, func() { s.leave(h) })
	return true
}

// leave is called when a client of a hub is gone.
func (s *hubs) leave(h *hub) {
	h.mu.Lock()
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
		h.end()
	}
}

// retire ends a hub unless somebody joined meanwhile.
func (s *hubs) retire(id storage.EventID, h *hub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.fan.Count() > 0 || s.byEvent[id] != h {
		return
	}
	delete(s.byEvent, id)
	h.end()
}

// close ends every stream and waits for the writers, as long as ctx lasts.
func (s *hubs) close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for id, h := range s.byEvent {
		delete(s.byEvent, id)
		h.end()
	}
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		s.clients.Wait()
		s.fan.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("api: streams still open: %w", ctx.Err())
	}
}
