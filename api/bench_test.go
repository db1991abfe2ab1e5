package api

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/section"
)

// hot is a server over a fake engine and one prepared request: what the api itself costs.
func hot(method, path, body string, edit func(*Config, *fakeEngine, *fasthttp.Request)) (*Server,
	*fasthttp.RequestCtx) {
	engine := &fakeEngine{book: func(call *actors.BookCall, out *actors.BookingView) error {
		out.ID = actors.BookingID{No: 77}
		out.State, out.ExpiresAt, out.Amount, out.Currency = section.BookingHeld, 1_900_000_000_123, 9000, "EUR"
		out.Seats = append(out.Seats[:0], call.Seats...)
		return nil
	}}
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	ctx.Request.Header.Set("Idempotency-Key", "0b9d7a34-4d2f-4a52-9f0e-3f0c1d2e3f40")
	ctx.Request.SetBodyString(body)
	cfg := Config{DevAuth: true}
	if edit != nil {
		edit(&cfg, engine, &ctx.Request)
	}
	return New(engine, cfg), ctx
}

func asAlice(_ *Config, _ *fakeEngine, r *fasthttp.Request) { r.Header.Set("X-Buyer", "alice") }

func asToken(c *Config, _ *fakeEngine, r *fasthttp.Request) {
	c.JWTSecret = []byte(strings.Repeat("s", 32))
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "alice",
		"exp": time.Now().Add(time.Hour).Unix()}).SignedString(c.JWTSecret)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
}

var taken = &actors.Refusal{Code: section.SeatTaken, Seats: []string{"A-1-1"}}

func asLoser(c *Config, engine *fakeEngine, r *fasthttp.Request) {
	asAlice(c, engine, r)
	engine.book = func(*actors.BookCall, *actors.BookingView) error { return taken }
}

func asBrowser(c *Config, engine *fakeEngine, r *fasthttp.Request) {
	engine.live, engine.event = &frozenMap{letters: []byte(strings.Repeat("a", 20_000))}, frozenEvent
}

// hotCalls are the calls that a million people make in the same second, and how many allocations each may cost.
var hotCalls = []struct {
	name, method, path, body string
	edit                     func(*Config, *fakeEngine, *fasthttp.Request)
	status, allocs           int
}{
	{"hold", "POST", fakeEvent + "/bookings", `{"seats":["A-1-1","A-1-2"]}`, asAlice, 201, 0},
	{"hold with token", "POST", fakeEvent + "/bookings", `{"seats":["A-1-1","A-1-2"]}`, asToken, 201, 0},
	{"refused hold", "POST", fakeEvent + "/bookings", `{"seats":["A-1-1","A-1-2"]}`, asLoser, 409, 0},
	{"availability", "GET", fakeEvent + "/availability", "", asBrowser, 200, 0},
	{"poll", "GET", fakeEvent + "/queue?party=2", "", asWaiting, 200, 0},
	{"hold with admission", "POST", fakeEvent + "/bookings", `{"seats":["A-1-1","A-1-2"]}`, asAdmitted, 201, 0},
	{"borrowed admission", "POST", fakeEvent + "/bookings", `{"seats":["A-1-1","A-1-2"]}`, asBorrower, 403, 0},
}

func TestHotCallsHardlyAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools at random, so allocations mean nothing: run without -race")
	}
	for _, call := range hotCalls {
		server, ctx := hot(call.method, call.path, call.body, call.edit)
		run := func() {
			ctx.Response.Reset()
			server.Handler(ctx)
		}
		if run(); ctx.Response.StatusCode() != call.status {
			t.Fatalf("%s: %d %s", call.name, ctx.Response.StatusCode(), ctx.Response.Body())
		}
		if n := testing.AllocsPerRun(200, run); n > float64(call.allocs) {
			t.Errorf("%s: %v allocations, budget %d", call.name, n, call.allocs)
		}
	}
}

func BenchmarkHandlers(b *testing.B) {
	for _, call := range hotCalls {
		b.Run(strings.ReplaceAll(call.name, " ", "-"), func(b *testing.B) {
			server, ctx := hot(call.method, call.path, call.body, call.edit)
			b.ReportAllocs()
			for b.Loop() {
				ctx.Response.Reset()
				server.Handler(ctx)
			}
		})
	}
}

// The measuring itself: two clock reads, a counter.
func BenchmarkMeters(b *testing.B) {
	m := newMeters()
	route := m.requests.Route("GET", "/x")
	b.ReportAllocs()
	for b.Loop() {
		m.end(route, 200, m.begin())
	}
}
