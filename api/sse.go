package api

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/storage"
)

// hubs keeps one hub for each event that somebody watches.
type hubs struct {
	cfg     *Config
	meter   *meters
	newest  func(storage.EventID) (Live, error) // the event's map as the engine has it now; asking keeps the map in use
	streams atomic.Int64

	mu      sync.Mutex
	byEvent map[storage.EventID]*hub
	closed  bool
	clients sync.WaitGroup
	running sync.WaitGroup
}

func newHubs(cfg *Config, meter *meters) *hubs {
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

// streamHead is written by hand, since the connection leaves fasthttp: one goroutine and no buffers for each client.
// The body ends when the connection does. Proxies that buffer are asked not to.
const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n" +
	"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n\r\nretry: 1000\n\n"

// streamAvailability hands the connection to the event's hub.
func (s *Server) streamAvailability(r *request) error {
	id, err := r.event()
	if err != nil {
		return err
	}
	atMost, err := parseSeconds(r)
	if err != nil {
		return err
	}
	if s.stopping.Load() || s.hubs.streams.Load() >= int64(s.cfg.StreamsMax) {
		return &problem{kind: kindOverloaded, detail: "no more streams"}
	}
	who, err := s.streamer(r)
	if err != nil {
		return err
	}
	m, err := s.live(id)
	if err != nil {
		return err
	}
	r.ctx.Response.Header.SetContentType("text/event-stream")
	r.noStore()
	if r.ctx.IsHead() {
		return nil
	}
	last := bytes.Clone(r.ctx.Request.Header.Peek("Last-Event-ID"))
	r.ctx.HijackSetNoResponse(true)
	r.ctx.Hijack(func(conn net.Conn) {
		s.limits.streams.add(who, 1)
		defer s.limits.streams.add(who, -1)
		s.stream(conn, id, m, last, atMost)
	})
	return nil
}

// streamSecondsMax bounds the parameter "seconds" of a stream: a day.
const streamSecondsMax = 24 * 60 * 60

// parseSeconds reads how long a stream may last, for clients that read an answer to its end before they look at it:
// generated ones do. 0: for ever.
func parseSeconds(r *request) (time.Duration, error) {
	var atMost time.Duration
	for name, value := range r.ctx.QueryArgs().All() {
		if string(name) != "seconds" {
			return 0, badField(safeName(name), "is not a known parameter")
		}
		seconds, err := strconv.Atoi(string(value))
		if err != nil || seconds < 1 || seconds > streamSecondsMax {
			return 0, badField("seconds", "must be a whole number from 1 to 86400")
		}
		atMost = time.Duration(seconds) * time.Second
	}
	return atMost, nil
}

func (s *Server) stream(conn net.Conn, id storage.EventID, m *eventMap, last []byte, atMost time.Duration) {
	h := s.hubs.join(id, m)
	if h == nil {
		return
	}
	defer s.hubs.leave(h)
	for {
		wrapped, ok := conn.(interface{ UnsafeConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapped.UnsafeConn() // the real connection takes many buffers in one system call
	}
	var over <-chan time.Time // nil: the stream has no end of its own
	if atMost > 0 {
		timer := time.NewTimer(atMost)
		defer timer.Stop()
		over = timer.C
	}
	h.serve(conn, last, over)
}

// serve writes frames until the client or the hub is gone, or over fires. An error only means that the client left:
// nothing to report.
func (h *hub) serve(conn net.Conn, last []byte, over <-chan time.Time) {
	at, caughtUp := h.resume(last)
	pending := [][]byte{[]byte(streamHead)}
	for {
		var wake <-chan struct{}
		pending, wake = h.next(&at, caughtUp, pending)
		caughtUp = true
		if len(pending) > 0 {
			if h.write(conn, pending) != nil {
				return
			}
			pending = pending[:0]
			select {
			case <-over: // also of a stream that never falls silent
				return
			default:
				continue
			}
		}
		select {
		case <-wake:
		case <-over:
			return
		case <-h.ended:
			return
		}
	}
}

func (h *hub) write(conn net.Conn, pending [][]byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(h.cfg.WriteTimeout)); err != nil {
		return err
	}
	if len(pending) == 1 { // nearly always; the slice of slices would escape to the heap
		_, err := conn.Write(pending[0])
		return err
	}
	return writeAll(conn, pending)
}

func writeAll(conn net.Conn, pending net.Buffers) error {
	_, err := pending.WriteTo(conn)
	return err
}

// next appends what a client should be sent now; when that is nothing, wake tells when to ask again.
func (h *hub) next(at *place, caughtUp bool, pending [][]byte) ([][]byte, <-chan struct{}) {
	if caughtUp {
		h.mu.RLock()
		out, ok := h.ring.collect(at, pending)
		wake := h.wake
		h.mu.RUnlock()
		if ok {
			return out, wake
		}
		h.meter.resyncs.Inc()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	*at = place{no: h.ring.end()}
	return append(pending, h.snapshotFrames()), h.wake
}

// resume reads a Last-Event-ID ("<incarnation>.<version>") and finds where its reader goes on; false: a snapshot is
// needed.
func (h *hub) resume(last []byte) (place, bool) {
	incarnation, number, _ := bytes.Cut(bytes.TrimSpace(last), []byte("."))
	version, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil || string(incarnation) != h.incarnation {
		return place{}, false
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if version > h.version {
		return place{}, false
	}
	return h.ring.find(version)
}
