package live

import (
	"context"
	"fmt"
	"time"

	"holdfast/actors"
	"holdfast/api/live/fanout"
	"holdfast/api/live/sse"
	"holdfast/storage"
)

// hubs keeps one hub for each event that somebody watches.
type hubs struct {
	*fanout.Keeper[storage.EventID, *hub]
	cfg   *Config
	meter *meter
	// The event's map as the engine has it now; asking keeps the map in use.
	newest func(storage.EventID) (actors.LiveMap, error)
}

func newHubs(cfg *Config, meter *meter) *hubs {
	return &hubs{cfg: cfg, meter: meter,
		Keeper: fanout.NewKeeper[storage.EventID, *hub](fanout.New(cfg.WriteTimeout))}
}

// join finds or starts the event's hub and has the viewer follow. false: the server is stopping, and nothing was done.
// A hub whose map was replaced ends: its clients come back and find the new one.
func (s *hubs) join(id storage.EventID, m *eventMap, v *sse.Viewer) bool {
	return s.Join(id, func(h *hub) bool { return h.live == m.live }, func() (*hub, func()) {
		h := newHub(m, s.cfg, s.meter, s.Fan)
		return h, func() { h.run(func(h *hub, lonely bool) { s.tend(id, h, lonely) }) }
	}, func(h *hub) {
		s.meter.streams.Set(float64(s.Open()))
		h.follow(v, func() { s.leave(h) })
	})
}

// leave is called when a client of a hub is gone.
func (s *hubs) leave(h *hub) {
	h.mu.Lock()
	h.lastClient = time.Now()
	h.mu.Unlock()
	s.Left()
	s.meter.streams.Set(float64(s.Open()))
}

// tend is every hub's from time to time: one without listeners ends, and so does one whose map the engine has replaced,
// for its clients would see no more changes. They come back and find the new map.
func (s *hubs) tend(id storage.EventID, h *hub, lonely bool) {
	if lonely {
		s.Retire(id, h)
		return
	}
	if live, err := s.newest(id); err == nil && live != h.live {
		s.Replace(id, h)
	}
}

// close ends every stream and waits for the writers, as long as ctx lasts.
func (s *hubs) close(ctx context.Context) error {
	if err := s.Close(ctx); err != nil {
		return fmt.Errorf("api: streams still open: %w", err)
	}
	return nil
}
