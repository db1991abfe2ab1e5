package api

import (
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors/budget"
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/place"
	"holdfast/api/queue"
	"holdfast/api/wire"
	"holdfast/storage"
)

// roomOf is a waiting room of a hundred thousand, drawn and open, and tokens of it for the event of hot calls.
func roomOf(c *Config, engine *fakeEngine) (spot, admission string) {
	d := newDoors()
	d.frame.Entrants, d.frame.Seed, d.frame.Joined, d.frame.Waiting = 100_000, draw.Hash{1}, 100_000, 100_000
	keys, err := queue.NewKeys(make([]byte, 32))
	if err != nil {
		panic(err)
	}
	id, _ := storage.EventIDFromText([]byte(strings.TrimPrefix(fakeEvent, "/v1/events/")))
	c.Queue, c.QueueKeys = d, keys
	event := *frozenEvent
	event.ID, event.WaitingRoom = id, &storage.WaitingRoom{Cap: 10}
	engine.event, engine.live = &event, &frozenMap{letters: []byte("aaaa")}
	engine.other = storage.ErrNotFound // of the plan: prices are left out
	p := place.Place{Event: id, Generation: roomGeneration, Number: 77, Buyer: [16]byte(wire.BuyerHash("alice"))}
	until := gate.Instant(time.Now().Add(time.Hour).UnixMilli())
	return string(keys.Places.AppendPlace(nil, &p)),
		string(keys.Admissions.AppendAdmission(nil, &place.Admission{Place: p, Session: 1, Until: until}))
}

func asWaiting(c *Config, engine *fakeEngine, r *fasthttp.Request) {
	spot, _ := roomOf(c, engine)
	r.Header.Set(queue.PlaceHeader, spot)
}

func asAdmitted(c *Config, engine *fakeEngine, r *fasthttp.Request) {
	asAlice(c, engine, r)
	_, admission := roomOf(c, engine)
	r.Header.Set(queue.AdmissionHeader, admission)
}

func asBorrower(c *Config, engine *fakeEngine, r *fasthttp.Request) {
	asAdmitted(c, engine, r)
	r.Header.Set("X-Buyer", "bob")
}

// FuzzQueueHeaders: whatever a stranger sends as a place or an admission is refused, and costs no more than it is long.
func FuzzQueueHeaders(f *testing.F) {
	engine, cfg := &fakeEngine{}, Config{DevAuth: true}
	spot, admission := roomOf(&cfg, engine)
	server := New(engine, cfg)
	for _, seed := range []string{spot, admission, "", "x", strings.Repeat("A", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		ask := func(method, path, header string) int {
			ctx := &fasthttp.RequestCtx{}
			ctx.Request.Header.SetMethod(method)
			ctx.Request.SetRequestURI(fakeEvent + path)
			ctx.Request.Header.Set("X-Buyer", "bob") // the tokens are alice's
			ctx.Request.Header.Set(header, token)
			ctx.Request.SetBodyString(`{"seats":["A-1-1"]}`[:19*min(len(path)/9, 1)])
			server.Handler(ctx)
			return ctx.Response.StatusCode()
		}
		budget.Reading{Fixed: 1 << 20, PerByte: 64}.Check(t, len(token), func() {
			if status := ask("GET", "/queue", queue.PlaceHeader); status != 200 && status/100 != 4 {
				t.Errorf("a poll with %q: %d", token, status)
			}
			if status := ask("POST", "/queue/admission", queue.PlaceHeader); status/100 != 4 {
				t.Errorf("a turn with %q: %d", token, status)
			}
			if len(strings.TrimSpace(token)) == 0 {
				return // no header at all: the engine says so
			}
			if status := ask("POST", "/bookings", queue.AdmissionHeader); status/100 != 4 {
				t.Errorf("a hold with %q: %d", token, status)
			}
		})
	})
}
