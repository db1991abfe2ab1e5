package queue

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"holdfast/api/call"
	"holdfast/api/live/fanout"
	"holdfast/api/live/sse"
	"holdfast/storage"
)

// streamEvery is how often a stream looks for a newer board.
const streamEvery = 250 * time.Millisecond

// stream is the source of a hub: one frame, the same for everybody, wherever they stand.
type stream struct {
	hub   *fanout.Hub
	ended chan struct{}

	mu     sync.Mutex
	newest fanout.Place
	answer []byte // the board that frame tells
	frame  *fanout.Frame
}

// Count is how many follow.
func (s *stream) Count() int { return s.hub.Count() }

// End ends the stream for everybody. It is called once.
func (s *stream) End() {
	close(s.ended)
	s.hub.End()
}

// Since implements fanout.Source.
func (s *stream) Since(at fanout.Place) (*fanout.Frame, fanout.Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at == s.newest {
		return nil, at
	}
	return s.frame, s.newest
}

// tell makes a frame of a board that is news; again says that it is told even if it is none.
func (s *stream) tell(b *board, again bool) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !again && bytes.Equal(b.public, s.answer) {
		return false
	}
	s.newest, s.answer = s.newest+1, b.public
	s.frame = fanout.NewFrame(fmt.Appendf(nil, "event: queue\nid: %d\ndata: %s\n\n", b.frame.Seq, b.public))
	return true
}

// Stream tells everybody who follows the same frame, whenever it changes (server-sent events).
func (h *Handlers) Stream(r *call.Call) error {
	full := h.stopping.Load() || h.limits.Streams() >= int64(h.cfg.StreamsMax)
	return sse.Serve(r, h.limits, full, func(id storage.EventID) (sse.Join, error) {
		b, err := h.board(id)
		if err != nil {
			return nil, err
		}
		return func(v *sse.Viewer) bool { return h.follow(id, b, v) }, nil
	})
}

// follow hands a viewer to the event's hub. false: the server is stopping, and nothing was done.
func (h *Handlers) follow(id storage.EventID, b *board, v *sse.Viewer) bool {
	return h.streams.Join(id, nil, func() (*stream, func()) {
		s := &stream{ended: make(chan struct{})}
		s.hub = h.streams.Fan.NewHub(s)
		s.tell(b, true)
		return s, func() { h.run(id, s) }
	}, func(s *stream) { v.Follow(s.hub, fanout.Nowhere, h.streams.Left) })
}

// run tells news as they come, and something at least every Config.Heartbeat, as long as somebody follows.
func (h *Handlers) run(id storage.EventID, s *stream) {
	look := time.NewTicker(min(streamEvery, h.cfg.Heartbeat))
	defer look.Stop()
	last := time.Now()
	for {
		select {
		case <-s.ended:
			return
		case <-look.C:
		}
		if h.streams.Retire(id, s) {
			return
		}
		b, err := h.board(id)
		if err != nil {
			continue // told to who asks; whoever follows stays where they are, and is told when there is news
		}
		if s.tell(b, time.Since(last) >= h.cfg.Heartbeat) {
			last = time.Now()
			s.hub.Wake()
		}
	}
}
