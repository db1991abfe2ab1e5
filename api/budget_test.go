package api

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/valyala/fasthttp"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// TestBudgets holds every hot path of this package against its allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets) }

// budgets are the calls that a million people make in the same second: what the server costs by itself, over an engine
// that is none, and what a call costs all told, over a real engine that writes to memory.
var budgets = []budget.Path{
	budget.Exact("hold, by name", 1000, 0, handlerPath("hold", nil)),
	budget.Exact("hold with a token", 1000, 0, handlerPath("hold with token", nil)),
	budget.Exact("refused hold", 1000, 0, handlerPath("refused hold", nil)),
	budget.Exact("availability", 1000, 0, handlerPath("availability", nil)),
	budget.Exact("availability, not modified", 1000, 0, handlerPath("availability", known)),
	budget.Exact("poll", 1000, 0, handlerPath("poll", nil)),
	budget.Exact("hold with an admission", 1000, 0, handlerPath("hold with admission", nil)),
	budget.Exact("refused admission", 1000, 0, handlerPath("borrowed admission", nil)),
	budget.Exact("availability, packed", 1000, 0, handlerPath("availability", packed)),
	// 7.6 each: mailboxes, the record, the delta.
	budget.About("hold on a real engine", 300, 1611, 30, shopPath((*shop).hold, 201)),
	budget.About("hold of the best two on a real engine", 300, 1611, 30, shopPath((*shop).best, 201)),
	budget.Exact("refused hold on a real engine", 300, 0, shopPath((*shop).taken, 409)),
	budget.Exact("availability on a real engine", 300, 0, shopPath((*shop).look, 200)),
}

// handlerPath is one of the hot calls, edited.
func handlerPath(name string, edit func(server *Server, ctx *fasthttp.RequestCtx)) func(testing.TB) func() {
	return func(t testing.TB) func() {
		for _, call := range hotCalls {
			if call.name != name {
				continue
			}
			server, ctx := hot(call.method, call.path, call.body, call.edit)
			status := call.status
			if edit != nil {
				edit(server, ctx)
				server.Handler(ctx)
				status = ctx.Response.StatusCode()
			}
			return serve(t, server, ctx, status)
		}
		t.Fatalf("no hot call %q", name)
		return nil
	}
}

func serve(t testing.TB, server *Server, ctx *fasthttp.RequestCtx, status int) func() {
	return func() {
		ctx.Response.Reset()
		if server.Handler(ctx); ctx.Response.StatusCode() != status {
			t.Fatalf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
	}
}

// known makes the call one of a browser that has the map already.
func known(server *Server, ctx *fasthttp.RequestCtx) {
	server.Handler(ctx)
	ctx.Request.Header.SetBytesV("If-None-Match", ctx.Response.Header.Peek("ETag"))
	ctx.Response.Reset()
}

func packed(_ *Server, ctx *fasthttp.RequestCtx) {
	ctx.Request.Header.Set("Accept-Encoding", "gzip")
}

// shop is a server over a real engine, and one client who comes again and again under new keys.
type shop struct {
	t                      testing.TB
	server                 *Server
	ctx                    *fasthttp.RequestCtx
	bookings, availability string   // paths
	bodies                 [][]byte // a seat each
	n                      int
	key                    [32]byte
	raw                    [16]byte
}

func shopPath(ask func(*shop), status int) func(testing.TB) func() {
	return func(t testing.TB) func() {
		s := &shop{t: t, ctx: &fasthttp.RequestCtx{}}
		engine := realEngine(t, nil)
		v, err := venue.Parse([]byte(`{"sections":[{"id":"A","general":2000}]}`), venue.Options{Name: "budget"})
		if err != nil {
			t.Fatal(err)
		}
		event, err := engine.CreateEvent(context.Background(), &storage.Event{Name: "budget", Currency: "EUR",
			Sale: storage.SaleOpen,
			Rules: section.Rules{HoldTTL: 600_000, HoldCeiling: 900_000, SeatsPerBookingMax: 8,
				SeatsPerBuyerMax: 1 << 30,
				DedupeWindow:     section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}}, v)
		if err != nil {
			t.Fatal(err)
		}
		for _, seat := range v.Sections[0].Rows[0].Seats {
			s.bodies = append(s.bodies, fmt.Appendf(nil, `{"seats":[%q]}`, seat.ID))
		}
		s.server = New(engine, Config{DevAuth: true})
		path := "/v1/events/" + event.ID.String()
		s.bookings, s.availability = path+"/bookings", path+"/availability"
		s.ctx.Request.Header.Set("X-Buyer", "alice")
		s.hold()
		serve(t, s.server, s.ctx, 201)() // so that somebody can come too late
		run := serve(t, s.server, s.ctx, status)
		return func() { ask(s); run() }
	}
}

// book makes the request a booking under a key of its own.
func (s *shop) book(body []byte) {
	s.n++
	binary.BigEndian.PutUint64(s.raw[:], uint64(s.n)*0x9E3779B97F4A7C15)
	hex.Encode(s.key[:], s.raw[:])
	request := &s.ctx.Request
	request.Header.SetMethod("POST")
	request.SetRequestURI(s.bookings)
	request.Header.SetBytesV("Idempotency-Key", s.key[:])
	request.SetBodyRaw(body)
}

func (s *shop) hold() { s.book(s.bodies[s.n]) }

func (s *shop) taken() { s.book(s.bodies[0]) }

var bestTwo = []byte(`{"best_available":{"quantity":2}}`)

func (s *shop) best() { s.book(bestTwo) }

func (s *shop) look() {
	s.ctx.Request.Header.SetMethod("GET")
	s.ctx.Request.SetRequestURI(s.availability)
	s.ctx.Request.SetBodyRaw(nil)
}

// BenchmarkAnswers times what has no benchmark of its own elsewhere, under the names of the budgets.
func BenchmarkAnswers(b *testing.B) {
	timed := map[string]bool{"availability, not modified": true, "availability, packed": true,
		"refused hold on a real engine": true, "availability on a real engine": true}
	for i := range budgets {
		if timed[budgets[i].Name()] {
			budgets[i].Benchmark(b)
		}
	}
}
