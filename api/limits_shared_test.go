package api

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"holdfast/actors/budget"
	"holdfast/api/call"
	"holdfast/api/limit"
	"holdfast/api/limit/redislimit"
	"holdfast/storage"
)

// counted makes limits count in a Redis; without an address by the server itself.
func counted(t testing.TB, limits limit.Limits, address string) limit.Limits {
	t.Helper()
	if address == "" {
		return limits
	}
	shared, err := redislimit.Open("redis://"+address, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	shared.Patience = time.Minute // a busy machine is no outage
	if !shared.Up() {
		t.Fatal("Redis does not answer: this would judge a node alone")
	}
	t.Cleanup(func() {
		if err := shared.Close(); err != nil {
			t.Error(err)
		}
	})
	limits.Shared = shared
	return limits
}

// limitedCall is one call as limits see it.
type limitedCall struct {
	address, buyer string
	event          int
	read           bool
}

// asks has a server answer, and is what the server says of limits.
func (c *limitedCall) asks(s *Server) string {
	ctx := &fasthttp.RequestCtx{}
	ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.address+":1")), nil)
	ctx.Request.Header.Set("X-Buyer", c.buyer)
	if c.read {
		ctx.Request.SetRequestURI("/v1/bookings/x")
	} else {
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI(fmt.Sprintf("/v1/events/00000000-0000-4000-8000-%012d/bookings", c.event))
		ctx.Request.SetBodyString(`[]`)
	}
	s.Handler(ctx)
	said := map[string]string{}
	for name, value := range ctx.Response.Header.All() {
		said[string(name)] = string(value)
	}
	return fmt.Sprintf("%d %s %s %s", ctx.Response.StatusCode(), said["Retry-After"], said["RateLimit"],
		said["RateLimit-Policy"])
}

// conforming are the limits that both ways of counting are held against. Each step is a whole number of microseconds,
// which is Redis's clock.
var conforming = map[string]limit.Limits{
	"buyer":   {Buyer: limit.Rate{PerSecond: 2, Burst: 3}},
	"address": {Address: limit.Rate{PerSecond: 5, Burst: 4}},
	"event":   {Event: limit.Rate{PerSecond: 10, Burst: 2}},
	"global":  {Global: limit.Rate{PerSecond: 20, Burst: 5}},
	"all": {Buyer: limit.Rate{PerSecond: 2, Burst: 3}, Address: limit.Rate{PerSecond: 4, Burst: 5},
		Event: limit.Rate{PerSecond: 5, Burst: 6}, Global: limit.Rate{PerSecond: 8, Burst: 8}},
	"slow": {Buyer: limit.Rate{PerSecond: 0.01, Burst: 4}},
}

// TestRedisDecidesAsANodeAloneDoes: the same calls at the same moments have the same answers, headers included, whether
// a node counts by itself or in a Redis.
func TestRedisDecidesAsANodeAloneDoes(t *testing.T) {
	redis := miniredis.RunT(t)
	now := time.Date(2027, 5, 1, 20, 0, 0, 0, time.UTC)
	redis.SetTime(now)
	type pair struct{ alone, shared *Server }
	pairs, names := map[string]pair{}, slices.Sorted(maps.Keys(conforming))
	redisOf := counted(t, limit.Limits{}, redis.Addr()).Shared
	for name, limits := range conforming {
		cfg := Config{DevAuth: true, Limits: limits, Now: func() time.Time { return now }}
		alone := New(&fakeEngine{}, cfg)
		cfg.Limits.Shared = redisOf
		pairs[name] = pair{alone, New(&fakeEngine{}, cfg)}
	}
	rapid.Check(t, func(t *rapid.T) {
		now = now.Add(time.Hour) // all buckets are full again
		both := pairs[rapid.SampledFrom(names).Draw(t, "limits")]
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600_000).Draw(t, "gap")) * time.Microsecond)
			redis.SetTime(now)
			c := limitedCall{
				address: fmt.Sprint("192.0.2.", rapid.IntRange(1, 2).Draw(t, "address")),
				buyer:   fmt.Sprint("b", rapid.IntRange(1, 2).Draw(t, "buyer")),
				event:   rapid.IntRange(1, 2).Draw(t, "event"), read: rapid.Bool().Draw(t, "read"),
			}
			if one, other := c.asks(both.alone), c.asks(both.shared); one != other {
				t.Fatalf("%+v: alone %q, with Redis %q", c, one, other)
			}
		}
	})
	if !redisOf.Up() {
		t.Fatal("Redis went away: this judged a node alone")
	}
}

// TestNodesCountTogether: calls spread over three nodes are as many as one node would let through, whichever limit they
// meet; without Redis each node lets as many through.
func TestNodesCountTogether(t *testing.T) {
	redis := miniredis.RunT(t)
	seven := limit.Rate{PerSecond: 0.001, Burst: 7}
	for name, limits := range map[string]limit.Limits{
		"buyer": {Buyer: seven}, "address": {Address: seven}, "event": {Event: seven}, "global": {Global: seven},
	} {
		for address, want := range map[string]int{redis.Addr(): 7, "": 21} {
			var nodes []*Server
			for range 3 {
				nodes = append(nodes, New(&fakeEngine{}, Config{DevAuth: true, Limits: counted(t, limits, address),
					Persons: storage.EventKey{1}}))
			}
			passed := 0
			for i := range 60 {
				c := limitedCall{address: "192.0.2.1", buyer: "alice", event: 1}
				if answer := c.asks(nodes[i%3]); !strings.HasPrefix(answer, "429") {
					passed++
				} else if !strings.Contains(answer, `"`+name+`";r=0`) {
					t.Errorf("%s: %s", name, answer)
				}
			}
			if passed != want {
				t.Errorf("%s with Redis at %q: %d calls passed, want %d", name, address, passed, want)
			}
		}
	}
}

// TestNodesCountARoomsCallsTogether: limits of an event's waiting room bind a buyer over three nodes as one node would,
// each kind of call for itself; without Redis each node lets as many through.
func TestNodesCountARoomsCallsTogether(t *testing.T) {
	redis := miniredis.RunT(t)
	rate := limit.Rate{PerSecond: 0.001, Burst: 7}
	for address, want := range map[string]int{redis.Addr(): 7, "": 21} {
		var nodes []*limit.Limiters
		for range 3 {
			limits := counted(t, limit.Limits{}, address)
			nodes = append(nodes, limit.New(&limits, nil, nil, time.Time{}))
		}
		room := limit.NewRoom(rate, rate, limit.Rate{})
		passed := func(what limit.RoomCall, buyer byte) (n int) {
			for i := range 60 {
				r := call.Call{Ctx: &fasthttp.RequestCtx{}}
				if err := nodes[i%3].OfRoom(&r, room, what, [16]byte{buyer}); err == nil {
					n++
				}
			}
			return n
		}
		for _, c := range []struct {
			what  limit.RoomCall
			buyer byte
			want  int
		}{{limit.Joins, 1, want}, {limit.Polls, 1, want}, {limit.Holds, 1, 60}, {limit.Joins, 2, want},
			{limit.Joins, 1, 0}} {
			if n := passed(c.what, c.buyer); n != c.want {
				t.Errorf("Redis at %q: %d calls of kind %d of buyer %d passed, want %d", address, n, c.what, c.buyer,
					c.want)
			}
		}
	}
}

// TestARefusalThatIsKnownHereAsksNobody: a buyer whom Redis refused once is refused from memory until the wait is over,
// and that allocates nothing (P7).
func TestARefusalThatIsKnownHereAsksNobody(t *testing.T) {
	redis := miniredis.RunT(t)
	asked := 0
	path := budget.Exact("refused by a limit that is counted in Redis", 1000, 0, func(t testing.TB) func() {
		limits := counted(t, limit.Limits{Buyer: limit.Rate{PerSecond: 0.001, Burst: 1}}, redis.Addr())
		s, ctx := New(&fakeEngine{}, Config{DevAuth: true, Limits: limits}), &fasthttp.RequestCtx{}
		other := New(&fakeEngine{}, Config{DevAuth: true, Limits: limits})
		(&limitedCall{address: "192.0.2.1", buyer: "alice", event: 1}).asks(other)
		ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.1.1.1:1")), nil)
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/v1/events/00000000-0000-4000-8000-000000000000/bookings")
		ctx.Request.Header.Set("X-Buyer", "alice")
		ctx.Request.SetBodyString(`[]`)
		s.Handler(ctx)
		ctx.Response.Reset()
		s.Handler(ctx)
		asked = redis.CommandCount()
		return serve(t, s, ctx, 429)
	})
	budget.Check(t, raceDetector, []budget.Path{path})
	if n := redis.CommandCount(); n != asked {
		t.Errorf("Redis was asked %d times more", n-asked)
	}
}

// TestNobodyIsRefusedBecauseRedisIsAway: calls pass and are limited by each node alone.
func TestNobodyIsRefusedBecauseRedisIsAway(t *testing.T) {
	redis := miniredis.RunT(t)
	limits := counted(t, limit.Limits{Buyer: limit.Rate{PerSecond: 0.001, Burst: 5}}, redis.Addr())
	s := New(&fakeEngine{}, Config{DevAuth: true, Limits: limits})
	c := limitedCall{address: "192.0.2.1", buyer: "alice", event: 1}
	c.asks(s)
	redis.Close()
	passed := 0
	for range 20 {
		if !strings.HasPrefix(c.asks(s), "429") {
			passed++
		}
	}
	if passed != 4 {
		t.Errorf("%d calls passed without Redis, want the 4 that were left", passed)
	}
	if limits.Shared.Up() {
		t.Error("Redis is still asked")
	}
}

// BenchmarkCountedInRedis is what a call costs whose buyer and address are counted in a Redis on this machine; with
// b.ReportAllocs the allocations of that.
func BenchmarkCountedInRedis(b *testing.B) {
	redis, err := miniredis.Run()
	if err != nil {
		b.Fatal(err)
	}
	defer redis.Close()
	free := limit.Rate{PerSecond: 1e6, Burst: 1e9}
	for _, address := range []string{"", redis.Addr()} {
		b.Run("redis="+address[:min(len(address), 3)], func(b *testing.B) {
			s := New(&fakeEngine{}, Config{DevAuth: true,
				Limits: counted(b, limit.Limits{Buyer: free, Address: free}, address)})
			ctx := &fasthttp.RequestCtx{}
			ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:1")), nil)
			ctx.Request.Header.Set("X-Buyer", "alice")
			ctx.Request.SetRequestURI("/v1/bookings/x")
			call := serve(b, s, ctx, 404)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}
