package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp/fasthttputil"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/listen"
	"holdfast/api/live/livetest"
	"holdfast/api/problem"
)

// P2: whoever was let in before the shutdown gets a whole answer, and streams end.
func TestShutdownAnswersWhatIsInFlight(t *testing.T) {
	engine := &fakeEngine{}
	entered, leave := make(chan struct{}), make(chan struct{})
	engine.book = func(_ *actors.BookCall, out *actors.BookingView) error {
		close(entered)
		<-leave
		*out = actors.BookingView{State: section.BookingHeld, Seats: []string{"A-1-1"}, Currency: "EUR"}
		return nil
	}
	engine.live, engine.event = &frozenMap{letters: []byte("aaaa")}, frozenEvent
	server := New(engine, Config{DevAuth: true})
	listener := fasthttputil.NewInmemoryListener()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	booking, stream := dial(t, listener), dial(t, listener)
	send(t, stream, "GET "+fakeEvent+"/availability/stream HTTP/1.1\r\nHost: h\r\n\r\n")
	watched := bufio.NewReader(stream)
	readUntil(t, watched, "event: snapshot")
	send(t, booking,
		"POST "+fakeEvent+"/bookings HTTP/1.1\r\nHost: h\r\nX-Buyer: alice\r\nContent-Length: 19\r\n\r\n"+seatRequest)
	<-entered
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	}()
	if _, err := io.Copy(io.Discard, watched); err != nil {
		t.Fatal(err)
	}
	close(leave)
	response, err := http.ReadResponse(bufio.NewReader(booking), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 201 || !bytes.HasSuffix(body, []byte("}")) {
		t.Fatalf("%d %s %v", response.StatusCode, body, err)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, listener *fasthttputil.InmemoryListener) net.Conn {
	t.Helper()
	conn, err := listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func readUntil(t *testing.T, from *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, text) {
			return
		}
	}
}

// P9 over real HTTP: a client that watches sees the holds that others get.
func TestP9StreamOverHTTP(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	response, err := h.client.Get("http://holdfast" + event + "/availability/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v", response.Header)
	}
	w := livetest.Watch(t, io.MultiReader(strings.NewReader("\n"), response.Body)) // the head was read by the client
	w.Until("snapshot")
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1","A-1-2"]}`).want(201, "")
	for w.Sections["A"].Free == 20 && w.Sections["A"].Status[0] != 'h' {
		w.Next()
	}
	if got := w.Sections["A"].Status; !strings.HasPrefix(got, "hha") {
		t.Fatalf("map %q", got)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	h := open(t, func(c *Config) { c.StreamsMax = 1 })
	event := h.show("")
	response, err := h.client.Get("http://holdfast" + event + "/availability/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	readUntil(t, bufio.NewReader(response.Body), "snapshot")
	h.do("GET", event+"/availability/stream", nobody, "").want(503, "overloaded")
}

// Streams of every kind share the connections, so they share one bound: together they do not crowd out buying.
func TestStreamsOfAllKindsHaveOneBound(t *testing.T) {
	logs := &lockedBuffer{}
	engine := trusting{realEngine(t, slog.New(slog.NewTextHandler(logs, nil)))}
	h := openOver(t, engine, logs, func(c *Config) { c.Queue, c.StreamsMax = newDoors(), 1 })
	event := h.show(roomBody)
	response, err := h.client.Get("http://holdfast" + event + "/queue/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	readUntil(t, bufio.NewReader(response.Body), "queue")
	h.do("GET", event+"/availability/stream", nobody, "").want(503, "overloaded")
	h.do("GET", event+"/queue/stream", nobody, "").want(503, "overloaded")
}

func TestGarbledRequests(t *testing.T) {
	h := open(t, func(c *Config) { c.HeaderBytesMax = 4096 })
	for name, row := range map[string]struct {
		text string
		want string
	}{
		"no HTTP":      {"hello\r\n\r\n", "400"},
		"huge head":    {"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 8192) + "\r\n\r\n", "431"},
		"far too much": {"POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n", "413"},
	} {
		conn, err := h.client.Transport.(*http.Transport).DialContext(context.Background(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = conn.Write([]byte(row.text)) }() // the server may hang up in the middle
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.HasPrefix(response.Status, row.want) || response.Header.Get("Content-Type") != problem.MediaType {
			t.Errorf("%s: %s %s", name, response.Status, response.Header.Get("Content-Type"))
		}
		_ = conn.Close()
	}
}

// Many clients read only after they have sent everything: they must find the 413 there, not a reset connection.
func TestFarTooMuchIsAnsweredOverRealConnections(t *testing.T) {
	server := New(realEngine(t, slog.New(slog.DiscardHandler)), Config{DevAuth: true})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	size := listen.PlanBodyBytesMax + 8<<20
	send(t, conn,
		"POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer dev\r\nContent-Length: "+
			strconv.Itoa(size)+"\r\n\r\n")
	send(t, conn, strings.Repeat(" ", size))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 413 || !strings.Contains(string(body), `"field":"body"`) {
		t.Errorf("%d %s %v", response.StatusCode, body, err)
	}
	if err := errors.Join(conn.Close(), server.Shutdown(context.Background()), <-served); err != nil {
		t.Error(err)
	}
}

func TestMetricsCountRoutes(t *testing.T) {
	h := open(t, nil)
	h.do("GET", "/v1/events", nobody, "")
	h.do("GET", "/nowhere", nobody, "")
	page := string(h.do("GET", "/metrics", nobody, "").want(200, "").body)
	for _, line := range []string{`holdfast_http_requests_total{method="GET",route="/v1/events",status="200"} 1`,
		`holdfast_http_requests_total{method="ANY",route="unmatched",status="404"} 1`,
		"holdfast_http_request_duration_seconds_bucket", "holdfast_http_request_seconds_bucket", `le="0.1"`,
		`le="2.5"`, "go_goroutines"} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestPackedAvailabilityIsTheSameMap(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	plain := h.do("GET", event+"/availability", nobody, "").want(200, "")
	packed := h.do("GET", event+"/availability", headers{"Accept-Encoding": "gzip"}, "").want(200, "")
	reader, err := gzip.NewReader(bytes.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(body, plain.body) {
		t.Fatalf("%v\n%s\n%s", err, body, plain.body)
	}
	if packed.header.Get("ETag") == plain.header.Get("ETag") {
		t.Fatal("two different bodies under one strong ETag")
	}
}

// TestAServerThatWasStoppedServesNothing: a stop that comes before Serve has begun to wait ends it too.
func TestAServerThatWasStoppedServesNothing(t *testing.T) {
	h := open(t, nil)
	if err := h.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := fasthttputil.NewInmemoryListener()
	if err := h.server.Serve(late); err != nil {
		t.Errorf("served after the stop: %v", err)
	}
	if _, err := late.Dial(); err == nil {
		t.Error("somebody is let in after the stop")
	}
}
