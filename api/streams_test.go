package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"holdfast/api/live/livetest"
)

// overTCP has a house listen on a socket of the system's as well, where streams are written as they are in earnest.
func overTCP(t *testing.T, h *house) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.server.Serve(listener) }() // the house's other listener tells how serving ended
	return listener.Addr().String()
}

// watchTCP opens a stream and reads its first bytes.
func watchTCP(t *testing.T, address, event, header string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	send(t, conn, "GET "+event+"/availability/stream HTTP/1.1\r\nHost: h\r\n"+header+"\r\n")
	return conn
}

// P9: a packed stream is the same stream. Its client gets every change as it happens, and proves its map.
func TestP9PackedStreamOverHTTP(t *testing.T) {
	h := open(t, func(c *Config) { c.StreamCheckpoint = 50 * time.Millisecond })
	event, address := h.show(""), overTCP(t, h)
	conn := watchTCP(t, address, event, "Accept-Encoding: gzip\r\n")
	defer func() { _ = conn.Close() }()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != 200 || response.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v %v", response, err)
	}
	unpacked, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	w := livetest.WatchBody(t, unpacked)
	w.Until("snapshot")
	for i := range 9 {
		h.do("POST", event+"/bookings", headers{"X-Buyer": fmt.Sprintf("buyer-%d", i)}, fmt.Sprintf(`{"seats":["A-1-%d"]}`, i+1)).want(201, "")
	}
	for proven := w.Proofs; w.Proofs < proven+1 || !strings.HasPrefix(w.Sections["A"].Status, "hhhhhhhhha"); {
		w.Next()
	}
}

// P9: whoever only watches costs the server a connection and little else: no goroutine, and no buffer. What the garbage
// collector knows of, on both sides of the socket, is far below the 12 KB that a client may cost; a goroutine and its
// reader alone would be over the bound.
func TestP9WatchersAreCheap(t *testing.T) {
	const clients, bytesMax = 1000, 4 << 10
	h := open(t, nil)
	event, address := h.show(""), overTCP(t, h)
	warm := watchTCP(t, address, event, "")
	defer func() { _ = warm.Close() }()
	readUntil(t, bufio.NewReader(warm), "snapshot")
	goroutines, memory := runtime.NumGoroutine(), inUse()
	conns := make([]net.Conn, clients)
	var head [12]byte
	for i := range conns {
		conns[i] = watchTCP(t, address, event, "")
		defer func() { _ = conns[i].Close() }()
		if _, err := conns[i].Read(head[:]); err != nil || string(head[:]) != "HTTP/1.1 200" {
			t.Fatalf("%q %v", head, err)
		}
	}
	each := (inUse() - memory) / clients
	if more := runtime.NumGoroutine() - goroutines; more > clients/20 {
		t.Errorf("%d goroutines more for %d clients", more, clients)
	}
	t.Logf("%d bytes a client", each)
	if each > bytesMax {
		t.Errorf("%d bytes a client, %d at most", each, bytesMax)
	}
	runtime.KeepAlive(conns)
}

// inUse is what the heap and the stacks hold after a collection.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // pools give back at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// A stop ends streams on sockets of the system's, also one whose client reads nothing.
func TestShutdownEndsStreamsOverTCP(t *testing.T) {
	h := open(t, nil)
	event, address := h.show(""), overTCP(t, h)
	conn := watchTCP(t, address, event, "")
	defer func() { _ = conn.Close() }()
	from := bufio.NewReader(conn)
	readUntil(t, from, "snapshot")
	silent := watchTCP(t, address, event, "")
	defer func() { _ = silent.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := h.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for _, err := from.ReadString('\n'); err == nil; {
		_, err = from.ReadString('\n')
	}
	if ctx.Err() != nil {
		t.Error("streams outlived the stop")
	}
}
