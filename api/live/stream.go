package live

import (
	"bytes"
	"net"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/live/fanout"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Stream hands the connection to the event's hub.
func (h *Handlers) Stream(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	atMost, err := ParseSeconds(r.Ctx.QueryArgs())
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
	m, err := h.live(id)
	if err != nil {
		return err
	}
	r.Ctx.Response.Header.SetContentType("text/event-stream")
	document.NoStore(&r.Ctx.Response.Header)
	if r.Ctx.IsHead() {
		return nil
	}
	v := &viewer{last: bytes.Clone(r.Ctx.Request.Header.Peek("Last-Event-ID")), atMost: atMost,
		packed: atMost == 0 && document.WantsGzip(r.Ctx), left: func() { who.Add(-1) }}
	r.Ctx.HijackSetNoResponse(true)
	r.Ctx.Hijack(func(conn net.Conn) {
		who.Add(1)
		h.hand(v, conn, id, m)
	})
	return nil
}

// hand gives a connection to the event's hub. The caller's server keeps hijacked connections: when this returns,
// nothing is left of the request, neither a goroutine nor a buffer.
func (h *Handlers) hand(v *viewer, conn net.Conn, id storage.EventID, m *eventMap) {
	v.conn = Unwrapped(conn)
	if !h.hubs.join(id, m, v) {
		_ = v.conn.Close() // the server is stopping
		v.left()
	}
}

// Unwrapped is the connection below fasthttp's wrapper, which holds the buffer in which the request was read.
func Unwrapped(conn net.Conn) net.Conn {
	if wrapped, ok := conn.(interface{ UnsafeConn() net.Conn }); ok {
		return wrapped.UnsafeConn()
	}
	return conn
}

// The heads are written by hand, since the connection leaves fasthttp. The body ends when the connection does. Proxies
// that buffer are asked not to.
const (
	streamHeadOpen = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n" +
		"Connection: close\r\nVary: Accept-Encoding\r\n" +
		"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
	streamHead       = streamHeadOpen + "\r\n"
	streamHeadPacked = streamHeadOpen + "Content-Encoding: gzip\r\n\r\n"
)

// Head is what a stream of server-sent events begins with, in the connection's own bytes.
func Head(packed bool) string {
	if packed {
		return streamHeadPacked
	}
	return streamHead
}

// Hello begins every stream.
var Hello = fanout.NewFrame([]byte("retry: 1000\n\n"))

// follow has a viewer told what happens from now on. left is called once, when the stream is over.
func (h *hub) follow(v *viewer, left func()) {
	o := fanout.Options{Head: Head(v.packed), Hello: Hello, At: h.place(v.last), Packed: v.packed}
	var over *time.Timer // nil: the stream has no end of its own
	o.Left = func() {
		if over != nil {
			over.Stop()
		}
		left()
		if v.left != nil {
			v.left()
		}
	}
	c, joined := fanout.NewClient(v.conn, o), make(chan struct{})
	if v.atMost > 0 {
		over = time.AfterFunc(v.atMost, func() {
			<-joined
			h.fan.Leave(c)
		})
	}
	if !h.fan.Join(c) {
		panic("live: a hub that has ended was joined") // the keeper keeps it from ending
	}
	close(joined)
}

// streamSecondsMax bounds the parameter "seconds" of a stream: a day.
const streamSecondsMax = 24 * 60 * 60

// ParseSeconds reads how long a stream may last, for clients that read an answer to its end before they look at it:
// generated ones do. 0: for ever.
func ParseSeconds(query *fasthttp.Args) (time.Duration, error) {
	var atMost time.Duration
	for name, value := range query.All() {
		if string(name) != "seconds" {
			return 0, problem.BadField(wire.Name(name), "is not a known parameter")
		}
		seconds, err := strconv.Atoi(string(value))
		if err != nil || seconds < 1 || seconds > streamSecondsMax {
			return 0, problem.BadField("seconds", "must be a whole number from 1 to 86400")
		}
		atMost = time.Duration(seconds) * time.Second
	}
	return atMost, nil
}
