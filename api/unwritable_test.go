package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"holdfast/api/call"
)

// While nothing can be written every call that would have to write is refused with 503, Retry-After and the reason, and
// every other call is answered as ever.
func TestCallsThatWriteAreRefusedWhileNothingCanBeWritten(t *testing.T) {
	var full error
	h := open(t, func(c *Config) { c.Writable = func() error { return full } })
	event := strings.TrimPrefix(h.show(""), "/v1/events/")
	full = errors.New("the disk is full: 3 MiB are free, and 128 are needed")
	refused := 0
	for _, r := range routes(new(Server)) {
		path := strings.NewReplacer("{event}", event, "{booking}", event+"-0-1", "{node}", "n1", "{name}",
			"x.json").Replace(r.Path)
		if r.Stream {
			continue
		}
		who := alice
		if r.Access == call.Operators {
			who = operator
		}
		a := h.do(r.Method, path, who.with("Idempotency-Key", "k"), "{}")
		told := strings.Contains(a.problem.Detail, "the disk is full")
		if told != r.Mutates {
			t.Errorf("%s %s: %d %s", r.Method, r.Path, a.status, a.body)
		}
		if told {
			refused++
			if a.want(http.StatusServiceUnavailable, "unavailable").header.Get("Retry-After") == "" {
				t.Errorf("%s %s: no Retry-After", r.Method, r.Path)
			}
		}
	}
	if refused < 8 {
		t.Errorf("only %d calls were tried", refused)
	}
	full = nil
	h.do("POST", "/v1/events/"+event+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(http.StatusCreated,
		"")
}

// A server without an engine says why, on every path, and answers those who watch it.
func TestServerWithoutAnEngineSaysWhy(t *testing.T) {
	s := NewWaiting(func() error { return errors.New("the disk is full") },
		Config{DevAuth: true, Logger: slog.New(slog.DiscardHandler)})
	for _, r := range append(routes(new(Server)), &endpoint{Route: call.Route{Method: "GET", Path: "/nothing"}}) {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod(r.Method)
		ctx.Request.Header.SetHost("holdfast")
		ctx.Request.SetRequestURI(strings.NewReplacer("{", "", "}", "").Replace(r.Path))
		s.Handler(&ctx)
		status, body := ctx.Response.StatusCode(), string(ctx.Response.Body())
		switch r.Path {
		case "/healthz", metricsPath:
			if status != http.StatusOK {
				t.Errorf("%s: %d %s", r.Path, status, body)
			}
		default:
			if status != http.StatusServiceUnavailable || !strings.Contains(body, "the disk is full") ||
				len(ctx.Response.Header.Peek("Retry-After")) == 0 {
				t.Errorf("%s %s: %d %s", r.Method, r.Path, status, body)
			}
		}
	}
}
