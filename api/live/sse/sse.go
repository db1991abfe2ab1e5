package sse

import (
	"bytes"
	"net"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/limit"
	"holdfast/api/live/fanout"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Viewer is somebody who wants to follow a stream.
type Viewer struct {
	Conn   net.Conn      // the viewer's from now on: closed when the stream is over
	Last   []byte        // Last-Event-ID; nil: nothing was told yet
	AtMost time.Duration // the stream's length; 0: until somebody ends it
	Packed bool          // the stream is one gzip stream
	Left   func()        // called once, when the stream is over; nil: nobody wants to know
}

// Join gives a viewer to a hub. false: the server is stopping, and nothing was done.
type Join func(v *Viewer) bool

// Serve answers a request for a stream of an event, whose hub find gives. full says that no more streams are wanted, by
// bound or because the server is stopping: 503.
func Serve(
	r *call.Call, limits *limit.Limiters, full bool, find func(storage.EventID) (Join, error),
) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	atMost, err := parseSeconds(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	if full {
		return &problem.Problem{Kind: problem.Overloaded, Detail: "no more streams"}
	}
	who, err := limits.Streamer(r)
	if err != nil {
		return err
	}
	join, err := find(id)
	if err != nil {
		return err
	}
	r.Ctx.Response.Header.SetContentType("text/event-stream")
	document.NoStore(&r.Ctx.Response.Header)
	if r.Ctx.IsHead() {
		return nil
	}
	v := &Viewer{Last: bytes.Clone(r.Ctx.Request.Header.Peek("Last-Event-ID")), AtMost: atMost,
		Packed: atMost == 0 && document.WantsGzip(r.Ctx), Left: func() { who.Add(-1) }}
	r.Ctx.HijackSetNoResponse(true)
	r.Ctx.Hijack(func(conn net.Conn) {
		who.Add(1)
		v.Conn = unwrapped(conn)
		if !join(v) {
			_ = v.Conn.Close() // the server is stopping
			v.Left()
		}
	})
	return nil
}

// unwrapped is the connection below fasthttp's wrapper, which holds the buffer in which the request was read.
func unwrapped(conn net.Conn) net.Conn {
	if wrapped, ok := conn.(interface{ UnsafeConn() net.Conn }); ok {
		return wrapped.UnsafeConn()
	}
	return conn
}

// The heads are written by hand, since the connection leaves fasthttp. The body ends when the connection does. Proxies
// that buffer are asked not to.
const (
	headOpen = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n" +
		"Connection: close\r\nVary: Accept-Encoding\r\n" +
		"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
	headPlain  = headOpen + "\r\n"
	headPacked = headOpen + "Content-Encoding: gzip\r\n\r\n"
)

func head(packed bool) string {
	if packed {
		return headPacked
	}
	return headPlain
}

// hello begins every stream.
var hello = fanout.NewFrame([]byte("retry: 1000\n\n"))

// Follow has the viewer follow a hub from a place on. left is called once, when the stream is over. The caller keeps
// the hub from ending meanwhile: a hub that has ended panics.
func (v *Viewer) Follow(hub *fanout.Hub, at fanout.Place, left func()) {
	o := fanout.Options{Head: head(v.Packed), Hello: hello, At: at, Packed: v.Packed}
	var over *time.Timer // nil: the stream has no end of its own
	o.Left = func() {
		if over != nil {
			over.Stop()
		}
		left()
		if v.Left != nil {
			v.Left()
		}
	}
	c, joined := fanout.NewClient(v.Conn, o), make(chan struct{})
	if v.AtMost > 0 {
		over = time.AfterFunc(v.AtMost, func() {
			<-joined
			hub.Leave(c)
		})
	}
	if !hub.Join(c) {
		panic("sse: a hub that has ended was joined")
	}
	close(joined)
}

// secondsMax bounds the parameter "seconds" of a stream: a day.
const secondsMax = 24 * 60 * 60

// parseSeconds reads how long a stream may last, for clients that read an answer to its end before they look at it:
// generated ones do. 0: for ever.
func parseSeconds(query *fasthttp.Args) (time.Duration, error) {
	var atMost time.Duration
	for name, value := range query.All() {
		if string(name) != "seconds" {
			return 0, problem.BadField(wire.Name(name), "is not a known parameter")
		}
		seconds, err := strconv.Atoi(string(value))
		if err != nil || seconds < 1 || seconds > secondsMax {
			return 0, problem.BadField("seconds", "must be a whole number from 1 to 86400")
		}
		atMost = time.Duration(seconds) * time.Second
	}
	return atMost, nil
}
