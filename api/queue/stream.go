package queue

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"time"

	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/live"
	"holdfast/api/live/fanout"
	"holdfast/api/problem"
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
	id, err := r.Event()
	if err != nil {
		return err
	}
	atMost, err := live.ParseSeconds(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	if h.stopping.Load() || h.limits.Streams() >= int64(h.cfg.StreamsMax) {
		return &problem.Problem{Kind: problem.Overloaded, Detail: "no more streams"}
	}
	who, err := h.limits.Streamer(r)
	if err != nil {
		return err
	}
	b, err := h.board(id)
	if err != nil {
		return err
	}
	r.Ctx.Response.Header.SetContentType("text/event-stream")
	document.NoStore(&r.Ctx.Response.Header)
	if r.Ctx.IsHead() {
		return nil
	}
	packed := atMost == 0 && document.WantsGzip(r.Ctx)
	r.Ctx.HijackSetNoResponse(true)
	r.Ctx.Hijack(func(conn net.Conn) {
		who.Add(1)
		left := func() { who.Add(-1) }
		if inner := live.Unwrapped(conn); !h.follow(id, b, inner, packed, atMost, left) {
			_ = inner.Close() // the server is stopping
			left()
		}
	})
	return nil
}

// follow hands a connection to the event's hub, which calls left once, when the stream is over. false: the server is
// stopping, and nothing was done.
func (h *Handlers) follow(id storage.EventID, b *board, conn net.Conn, packed bool, atMost time.Duration,
	left func()) bool {
	return h.streams.Join(id, nil, func() (*stream, func()) {
		s := &stream{ended: make(chan struct{})}
		s.hub = h.streams.Fan.NewHub(s)
		s.tell(b, true)
		return s, func() { h.run(id, s) }
	}, func(s *stream) { h.letIn(s, conn, packed, atMost, left) })
}

// letIn has a connection follow a stream, for so long (0: without an end of its own).
func (h *Handlers) letIn(s *stream, conn net.Conn, packed bool, atMost time.Duration, left func()) {
	var over *time.Timer
	o := fanout.Options{Head: live.Head(packed), Hello: live.Hello, Packed: packed, Left: func() {
		if over != nil {
			over.Stop()
		}
		left()
		h.streams.Left()
	}}
	c, joined := fanout.NewClient(conn, o), make(chan struct{})
	if atMost > 0 {
		over = time.AfterFunc(atMost, func() {
			<-joined
			s.hub.Leave(c)
		})
	}
	if !s.hub.Join(c) {
		panic("queue: a hub that has ended was joined") // the keeper keeps it from ending
	}
	close(joined)
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
