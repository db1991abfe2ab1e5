package api

import (
	"bufio"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/api/limit"
)

// limited is a house with limits and a clock that a test moves.
func limited(t *testing.T, limits limit.Limits) (*house, *atomic.Int64) {
	var passed atomic.Int64
	start := time.Now()
	return open(t, func(c *Config) {
		c.Limits = limits
		c.Now = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	}), &passed
}

// TestBuyersHaveARate: past the burst a buyer is refused and told which limit, its size and when; others are not; time
// heals; and a read costs a tenth of a hold.
func TestBuyersHaveARate(t *testing.T) {
	h, passed := limited(t, limit.Limits{Buyer: limit.Rate{PerSecond: 0.5, Burst: 2}})
	event := h.show("")
	try := func(who headers) *answer { return h.do("POST", event+"/bookings", who, `{"seats":["A-9-9"]}`) }
	try(alice).want(404, "seat_unknown")
	try(alice).want(404, "seat_unknown")
	got := try(alice).want(429, "rate_limited")
	if got.problem.Limit != "buyer" {
		t.Errorf("limit %q", got.problem.Limit)
	}
	for name, want := range map[string]string{"Retry-After": "2", "RateLimit": `"buyer";r=0;t=2`,
		"RateLimit-Policy": `"buyer";q=2;w=4`} {
		if value := got.header.Get(name); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	try(bob).want(404, "seat_unknown")
	passed.Store(int64(2 * time.Second))
	try(alice).want(404, "seat_unknown")
	try(alice).want(429, "rate_limited")
	passed.Store(int64(4 * time.Second))
	for range 10 {
		h.do("GET", "/v1/bookings/x", alice, "").want(404, "booking_unknown")
	}
	h.do("GET", "/v1/bookings/x", alice, "").want(429, "rate_limited")
	if page := string(h.do("GET", "/metrics", nil, "").body); !strings.Contains(page,
		`holdfast_rate_limited_total{limit="buyer"} 3`) {
		t.Error("refusals are not counted by limit")
	}
}

// TestCyclingIsCaught: 500 holds and releases in two seconds were 1,000 of 1,000; with the server's default they are a
// few dozen.
func TestCyclingIsCaught(t *testing.T) {
	h, passed := limited(t, limit.Limits{Buyer: limit.Rate{PerSecond: 10, Burst: 30}})
	event, done := h.show(""), 0
	for i := range 500 {
		passed.Store(int64(i) * int64(4*time.Millisecond))
		got := h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`)
		if got.status != 201 {
			continue
		}
		done++
		for try := 0; h.do("DELETE", "/v1/bookings/"+got.booking().ID, alice, "").status == 429; try++ {
			passed.Add(int64(100 * time.Millisecond))
		}
	}
	if done < 15 || done > 40 {
		t.Errorf("%d cycles", done)
	}
}

// TestEventsAndTheServerHaveARate, and whoever watches or operates the server gets through all the same.
func TestEventsAndTheServerHaveARate(t *testing.T) {
	for name, limits := range map[string]limit.Limits{
		"event":  {Event: limit.Rate{PerSecond: 1, Burst: 1}},
		"global": {Global: limit.Rate{PerSecond: 1, Burst: 1}},
	} {
		h, passed := limited(t, limits)
		event := h.show("")
		passed.Store(int64(time.Minute))
		for i := range 10 {
			h.do("GET", event+"/availability", headers{"X-Buyer": strconv.Itoa(i)}, "").want(200, "")
		}
		if got := h.do("GET", event+"/availability", nil, "").want(429, "rate_limited"); got.problem.Limit != name {
			t.Errorf("limit %q, want %q", got.problem.Limit, name)
		}
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			h.do("GET", path, nil, "").want(200, "")
		}
		h.do("POST", event+"/sale", operator, `{"state":"paused"}`).want(200, "")
		if name == "event" {
			h.do("GET", "/v1/events", nil, "").want(200, "")
		} else if got := h.do("GET", "/nothing", nil, ""); got.status != 429 {
			t.Errorf("a path that is none: %d", got.status)
		} else if got := h.do("DELETE", "/v1/events", nil, ""); got.status != 429 {
			t.Errorf("a method that is none: %d", got.status)
		}
	}
}

// from is a call of GET /v1/events by whom these addresses are.
func from(s *Server, connection string, headers ...string) int {
	ctx := &fasthttp.RequestCtx{}
	ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(connection)), nil)
	ctx.Request.SetRequestURI("/openapi.json")
	for i := 0; i < len(headers); i += 2 {
		ctx.Request.Header.Add(headers[i], headers[i+1])
	}
	s.Handler(ctx)
	return ctx.Response.StatusCode()
}

func networks(all ...string) (list []netip.Prefix) {
	for _, one := range all {
		list = append(list, netip.MustParsePrefix(one))
	}
	return list
}

// TestWhoseAddressCounts: one bucket for an IPv4 address and for an IPv6 /64; a header counts only from a trusted
// proxy, from its end, and as far as trusted proxies wrote it.
func TestWhoseAddressCounts(t *testing.T) {
	const xff, fwd = "X-Forwarded-For", "Forwarded"
	proxied := limit.Clients{TrustedProxies: networks("10.0.0.0/8", "2001:db8:ffff::/48")}
	rfc7239 := limit.Clients{TrustedProxies: proxied.TrustedProxies, AddressHeader: fwd}
	for _, row := range []struct {
		name          string
		clients       limit.Clients
		first, second []string // connection, then headers
		same          bool     // both count together
	}{
		{"an address again", limit.Clients{}, []string{"192.0.2.1:1"}, []string{"192.0.2.1:2"}, true},
		{"another", limit.Clients{}, []string{"192.0.2.1:1"}, []string{"192.0.2.2:1"}, false},
		{"mapped", limit.Clients{}, []string{"192.0.2.1:1"}, []string{"[::ffff:192.0.2.1]:1"}, true},
		{"a /64", limit.Clients{}, []string{"[2001:db8::1]:1"}, []string{"[2001:db8::ffff:2]:1"}, true},
		{"two /64", limit.Clients{}, []string{"[2001:db8:0:1::1]:1"}, []string{"[2001:db8:0:2::1]:1"}, false},
		{"header of anybody", limit.Clients{}, []string{"192.0.2.1:1", xff, "198.51.100.1"},
			[]string{"192.0.2.1:1", xff, "198.51.100.2"}, true},
		{"header of a proxy", proxied, []string{"10.1.1.1:1", xff, "198.51.100.1"},
			[]string{"10.1.1.1:1", xff, "198.51.100.2"}, false},
		{"two proxies, one caller", proxied, []string{"10.1.1.1:1", xff, "198.51.100.1"},
			[]string{"10.2.2.2:1", xff, "198.51.100.1"}, true},
		{"what the caller wrote before", proxied, []string{"10.1.1.1:1", xff, "1.1.1.1, 198.51.100.1"},
			[]string{"10.1.1.1:1", xff, "2.2.2.2,198.51.100.1"}, true},
		{"in a line of its own", proxied, []string{"10.1.1.1:1", xff, "1.1.1.1", xff, "198.51.100.1"},
			[]string{"10.1.1.1:1", xff, "198.51.100.1"}, true},
		{"through two proxies", proxied, []string{"10.1.1.1:1", xff, "198.51.100.1, 10.9.9.9"},
			[]string{"10.1.1.1:1", xff, "198.51.100.1"}, true},
		{"garbage", proxied, []string{"10.1.1.1:1", xff, "unknown"}, []string{"10.1.1.1:1", xff, "<script>"}, true},
		{"the other header", proxied, []string{"10.1.1.1:1", fwd, "for=198.51.100.1"},
			[]string{"10.1.1.1:1", fwd, "for=198.51.100.2"}, true},
		{"Forwarded", rfc7239, []string{"10.1.1.1:1", fwd, "for=198.51.100.1;proto=https"},
			[]string{"10.1.1.1:1", fwd, "For=198.51.100.2"}, false},
		{"Forwarded, quoted", rfc7239, []string{"10.1.1.1:1", fwd, `for="[2001:db8::1]:4711"`},
			[]string{"10.1.1.1:1", fwd, `by=x;for="[2001:db8::2]"`}, true},
		{"Forwarded, from its end", rfc7239, []string{"10.1.1.1:1", fwd, "for=1.1.1.1, for=198.51.100.1"},
			[]string{"10.1.1.1:1", fwd, "for=2.2.2.2, for=198.51.100.1"}, true},
		{"uncounted", limit.Clients{Uncounted: networks("127.0.0.0/8")}, []string{"127.0.0.1:1"},
			[]string{"127.0.0.1:1"}, false},
	} {
		s := New(&fakeEngine{}, Config{Limits: limit.Limits{Address: limit.Rate{PerSecond: 0.001,
			Burst: 1}, Clients: row.clients}})
		for range 10 { // a read costs a tenth
			if status := from(s, row.first[0], row.first[1:]...); status != 200 {
				t.Fatalf("%s: %d at once", row.name, status)
			}
		}
		if status := from(s, row.second[0], row.second[1:]...); (status == 429) != row.same {
			t.Errorf("%s: %d, want them counted together: %v", row.name, status, row.same)
		}
	}
}

// TestRefusedCallsCostNothing: a flood is refused without allocating, whichever limit it meets (P7).
func TestRefusedCallsCostNothing(t *testing.T) {
	once := limit.Rate{PerSecond: 0.001, Burst: 1}
	proxied := limit.Clients{TrustedProxies: networks("10.0.0.0/8")}
	var paths []budget.Path
	for name, limits := range map[string]limit.Limits{
		"buyer": {Buyer: once}, "event": {Event: once}, "global": {Global: once},
		"address": {Address: once, Clients: proxied},
	} {
		paths = append(paths, budget.Exact("refused by "+name, 1000, 0, func(t testing.TB) func() {
			s, ctx := New(&fakeEngine{}, Config{DevAuth: true, Limits: limits}), &fasthttp.RequestCtx{}
			ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.1.1.1:1")), nil)
			ctx.Request.Header.SetMethod("POST")
			ctx.Request.SetRequestURI("/v1/events/00000000-0000-4000-8000-000000000000/bookings")
			ctx.Request.Header.Set("X-Buyer", "alice")
			ctx.Request.Header.Set("X-Forwarded-For", "198.51.100.1")
			ctx.Request.SetBodyString(`[]`)
			s.Handler(ctx)
			return serve(t, s, ctx, 429)
		}))
	}
	budget.Check(t, raceDetector, paths)
}

// TestPaymentAttemptsAreLimited: the sixth payment of a booking is refused with a code of its own, and the hold stays.
func TestPaymentAttemptsAreLimited(t *testing.T) {
	h := open(t, nil)
	b := h.do("POST", h.show("")+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").booking()
	for range section.PaymentAttemptsMax {
		h.do("POST", "/v1/bookings/"+b.ID+"/confirm", alice, `{"payment_token":"tok_declined"}`).want(402,
			"payment_declined")
	}
	h.do("POST", "/v1/bookings/"+b.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(409, "payment_attempts")
	if got := h.do("GET", "/v1/bookings/"+b.ID, alice, "").want(200, "").booking(); got.State != "held" {
		t.Errorf("the hold is %s", got.State)
	}
}

// TestExtendsOfNothingAnswerTheBooking: an extension right after the hold is the booking as it stands.
func TestExtendsOfNothingAnswerTheBooking(t *testing.T) {
	h := open(t, nil)
	b := h.do("POST", h.show("")+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").booking()
	got := h.do("POST", "/v1/bookings/"+b.ID+"/extend", alice, "").want(200, "").booking()
	if got.State != "held" || len(got.Seats) != 1 || got.ExpiresAt.Time-b.ExpiresAt.Time > 1000 {
		t.Errorf("%+v after %+v", got, b)
	}
}

// TestStreamsOfABuyerAreBounded: of one who says who they are; others and strangers are not held back by it.
func TestStreamsOfABuyerAreBounded(t *testing.T) {
	h := open(t, func(c *Config) { c.Limits.StreamsPerBuyer = 1 })
	event := h.show("")
	request := h.request("GET", event+"/availability/stream", alice, "")
	response, err := h.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	readUntil(t, bufio.NewReader(response.Body), "snapshot")
	got := h.do("GET", event+"/availability/stream", alice, "").want(429, "rate_limited")
	if got.problem.Limit != "streams_buyer" ||
		got.header.Get("RateLimit-Policy") != `"streams_buyer";q=1;qu="concurrent-requests"` {
		t.Errorf("%+v %q", got.problem, got.header.Get("RateLimit-Policy"))
	}
	for _, who := range []headers{bob, nobody} {
		response, err := h.client.Do(h.request("GET", event+"/availability/stream", who, ""))
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%v: %+v, %v", who, response, err)
		}
		_ = response.Body.Close()
	}
	_ = response.Body.Close()
}
