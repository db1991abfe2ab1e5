package live

import (
	"bytes"
	"net"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/call"
	"holdfast/api/document"
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
	atMost, err := parseSeconds(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	if h.stopping.Load() || h.hubs.streams.Load() >= int64(h.cfg.StreamsMax) {
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
	last := bytes.Clone(r.Ctx.Request.Header.Peek("Last-Event-ID"))
	r.Ctx.HijackSetNoResponse(true)
	r.Ctx.Hijack(func(conn net.Conn) {
		who.Add(1)
		defer who.Add(-1)
		h.stream(conn, id, m, last, atMost)
	})
	return nil
}

// streamSecondsMax bounds the parameter "seconds" of a stream: a day.
const streamSecondsMax = 24 * 60 * 60

// parseSeconds reads how long a stream may last, for clients that read an answer to its end before they look at it:
// generated ones do. 0: for ever.
func parseSeconds(query *fasthttp.Args) (time.Duration, error) {
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

func (h *Handlers) stream(conn net.Conn, id storage.EventID, m *eventMap, last []byte, atMost time.Duration) {
	on := h.hubs.join(id, m)
	if on == nil {
		return
	}
	defer h.hubs.leave(on)
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
	on.serve(conn, last, over)
}
