package live

import (
	"bytes"
	"net"
	"strconv"
	"time"
)

// streamHead is written by hand, since the connection leaves fasthttp: one goroutine and no buffers for each client.
// The body ends when the connection does. Proxies that buffer are asked not to.
const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n" +
	"Connection: close\r\n" +
	"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n\r\nretry: 1000\n\n"

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
