package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/valyala/fasthttp/fasthttputil"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage/memstore"
)

// house is a whole server over memory: real engine, real HTTP, no network.
type house struct {
	t      *testing.T
	server *Server
	client *http.Client
	logs   *lockedBuffer
	ahead  *atomic.Int64 // milliseconds by which the engine's clock is ahead; nil: it is the machine's
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func realEngine(t testing.TB, logger *slog.Logger) *actors.Engine { return engineAt(t, logger, nil) }

func engineAt(t testing.TB, logger *slog.Logger, clock func() section.Instant) *actors.Engine {
	bank, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := actors.Open(context.Background(), actors.Config{Store: memstore.New(), Processor: bank,
		Logger: logger, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// open builds a house in dev mode; edit changes its configuration.
func open(t *testing.T, edit func(*Config)) *house {
	logs := &lockedBuffer{}
	logger := slog.New(slog.NewTextHandler(logs, nil))
	ahead := &atomic.Int64{}
	clock := func() section.Instant { return section.Instant(time.Now().UnixMilli() + ahead.Load()) }
	h := openOver(t, engineAt(t, logger, clock), logs, edit)
	h.ahead = ahead
	return h
}

func openOver(t *testing.T, engine Engine, logs *lockedBuffer, edit func(*Config)) *house {
	cfg := Config{DevAuth: true, Logger: slog.New(slog.NewTextHandler(logs, nil))}
	if edit != nil {
		edit(&cfg)
	}
	h := &house{t: t, server: New(engine, cfg), logs: logs}
	listener := fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- h.server.Serve(listener) }()
	transport := &http.Transport{DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return listener.Dial() }}
	h.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return h
}

// answer is one response, read to its end and held against openapi.json.
type answer struct {
	t       *testing.T
	status  int
	header  http.Header
	body    []byte
	problem wire.Problem
}

// header pairs, then an optional body as the last argument of do.
type headers map[string]string

var (
	alice    = headers{"X-Buyer": "alice"}
	bob      = headers{"X-Buyer": "bob"}
	operator = headers{"Authorization": "Bearer dev"}
	nobody   = headers{}
)

func (h headers) with(name, value string) headers {
	out := headers{name: value}
	for k, v := range h {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func (h *house) request(method, path string, who headers, body string) *http.Request {
	h.t.Helper()
	request, err := http.NewRequest(method, "http://holdfast"+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range who {
		request.Header.Set(name, value)
	}
	return request
}

func (h *house) do(method, path string, who headers, body string) *answer {
	h.t.Helper()
	response, err := h.client.Do(h.request(method, path, who, body))
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	a := &answer{t: h.t, status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		h.t.Fatal(err)
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), problem.MediaType) && method != "HEAD" {
		a.into(&a.problem)
	}
	h.conforms(method, path, a)
	return a
}

func (a *answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: %v", a.body, err)
	}
}

// want checks status and, for a refusal, its code.
func (a *answer) want(status int, code string) *answer {
	a.t.Helper()
	if a.status != status || a.problem.Code != code {
		a.t.Fatalf("got %d %s, want %d %q", a.status, a.body, status, code)
	}
	if status >= 400 && a.problem.Status != status {
		a.t.Fatalf("problem says status %d in %d", a.problem.Status, status)
	}
	return a
}

func (a *answer) booking() wire.Booking {
	a.t.Helper()
	var b wire.Booking
	a.into(&b)
	return b
}

var specification = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(openapiJSON)
})

// conforms fails the test unless openapi.json describes this very answer.
func (h *house) conforms(method, path string, a *answer) {
	h.t.Helper()
	doc, err := specification()
	if err != nil {
		h.t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	at, _ := h.server.publicly.find([]byte(path))
	if at == nil || at.endpoint([]byte(method)) == nil || method == "HEAD" {
		return
	}
	operation := doc.Paths.Find(at.endpoint([]byte(method)).Path).GetOperation(method)
	described := operation.Responses.Status(a.status)
	if described == nil {
		h.t.Fatalf("openapi.json does not know that %s %s answers %d", method, path, a.status)
	}
	media := described.Value.Content.Get(a.header.Get("Content-Type"))
	if media == nil {
		if len(a.body) > 0 {
			h.t.Fatalf("openapi.json does not know %s %s %d as %q", method, path, a.status,
				a.header.Get("Content-Type"))
		}
		return
	}
	if media.Schema.Value.Type.Is("string") || a.header.Get("Content-Encoding") != "" {
		return
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		h.t.Fatal(err)
	}
	if err := media.Schema.Value.VisitJSON(value); err != nil {
		h.t.Fatalf("%s %s %d: %v", method, path, a.status, err)
	}
}

const smallPlan = `{"sections":[{"id":"A","rows":[{"label":"1","seats":10},{"label":"2","seats":10}]},{"id":"B",` +
	`"rows":[{"label":"1","seats":4}]}]}`

func eventBody(extra string) string {
	return `{"name":"Night One","starts_at":"2030-06-01T19:30:00Z","currency":"EUR",` +
		`"prices":{"standard":4500},"plan":` + smallPlan + extra + `}`
}

// show makes an open event and returns its path.
func (h *house) show(extra string) string {
	h.t.Helper()
	var event wire.Event
	h.do("POST", "/v1/events", operator, eventBody(extra)).want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")
	return path
}
