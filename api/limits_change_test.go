package api

import (
	"strings"
	"testing"

	"holdfast/api/limit"
	"holdfast/api/wire"
)

// limitsOf decodes an answer of /v1/limits.
func (a *answer) limits(t *testing.T) (limits wire.Limits) {
	t.Helper()
	if err := wire.Decode(a.body, &limits); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return limits
}

// TestOperatorsChangeLimitsWhileTheServerRuns: what they set counts from the next call on, what they leave out stays,
// what callers have used up stays used up, and the log says who, what and why.
func TestOperatorsChangeLimitsWhileTheServerRuns(t *testing.T) {
	h, _ := limited(t, limit.Limits{Buyer: limit.Rate{PerSecond: 0.001, Burst: 3}, StreamsPerBuyer: 7})
	event := h.show("")
	try := func(who headers) *answer { return h.do("POST", event+"/bookings", who, `{"seats":["A-9-9"]}`) }
	for _, left := range []string{"2", "1", "0"} {
		got := try(alice).want(404, "seat_unknown").header
		if left := `"buyer";r=` + left; !strings.HasPrefix(got.Get("RateLimit"), left) ||
			got.Get("RateLimit-Policy") != `"buyer";q=3;w=3000` {
			t.Errorf("%q %q, want %s", got.Get("RateLimit"), got.Get("RateLimit-Policy"), left)
		}
	}
	try(alice).want(429, "rate_limited")
	got := h.do("PATCH", "/v1/limits", operator, `{"reason":"the box office tests","buyer":{"burst":5}}`).want(200, "")
	if l := got.limits(t); l.Buyer != (wire.Rate{PerSecond: 0.001, Burst: 5}) || l.StreamsPerBuyer != 7 ||
		l.Counted != wire.LimitsHere {
		t.Errorf("%+v", l)
	}
	for range 2 {
		try(alice).want(404, "seat_unknown")
	}
	try(alice).want(429, "rate_limited")
	h.do("PATCH", "/v1/limits", operator, `{"reason":"all is well","buyer":{"per_second":0}}`).want(200, "")
	for range 10 {
		if got := try(alice).want(404, "seat_unknown").header.Get("RateLimit"); got != "" {
			t.Errorf("a limit that is none says %q", got)
		}
	}
	if l := h.do("GET", "/v1/limits", operator, "").want(200, "").limits(t); l.Buyer.PerSecond != 0 {
		t.Errorf("%+v", l)
	}
	for _, want := range []string{`the box office tests`, `PATCH /v1/limits`, `buyer=0.001/s,3`, `buyer=0.001/s,5`,
		`buyer=none`} {
		if !strings.Contains(h.logs.String(), want) {
			t.Errorf("the log has no %q", want)
		}
	}
}

// TestLimitsThatCannotBeAreRefused: each names its field, and changes nothing.
func TestLimitsThatCannotBeAreRefused(t *testing.T) {
	h, _ := limited(t, limit.Limits{Buyer: limit.Rate{PerSecond: 10, Burst: 3}})
	before := h.do("GET", "/v1/limits", operator, "").want(200, "").limits(t)
	for _, row := range []struct {
		body, field string
		status      int
	}{
		{`{"buyer":{"burst":5}}`, "reason", 422},
		{`{"reason":" ","buyer":{"burst":5}}`, "reason", 422},
		{`{"reason":"` + strings.Repeat("é", 201) + `","buyer":{"burst":5}}`, "reason", 422},
		{`{"reason":"\u001b[2J","buyer":{"burst":5}}`, "reason", 422},
		{`{"reason":null,"buyer":{"burst":5}}`, "reason", 400},
		{`{"reason":"r"}`, "body", 422},
		{`{"reason":"r","buyer":{}}`, "buyer", 422},
		{`{"reason":"r","buyer":null}`, "buyer", 400},
		{`{"reason":"r","buyer":{"burst":-1}}`, "buyer.burst", 422},
		{`{"reason":"r","event":{"per_second":1e-9}}`, "event.per_second", 422},
		{`{"reason":"r","global":{"per_second":1e10}}`, "global.per_second", 422},
		{`{"reason":"r","global":{"per_second":"1"}}`, "global.per_second", 400},
		{`{"reason":"r","streams_per_buyer":-1}`, "streams_per_buyer", 422},
		{`{"reason":"r","streams_per_buyer":1.5}`, "streams_per_buyer", 400},
		{`{"reason":"r","buyers":{"burst":5}}`, "buyers", 400},
		{`{"reason":"4111 1111 1111 1111","buyer":{"burst":5}}`, "/reason", 400},
		{``, "body", 400},
	} {
		got := h.do("PATCH", "/v1/limits", operator, row.body)
		if got.status != row.status || got.problem.Field != row.field {
			t.Errorf("%s: %d %s, want %d %s", row.body, got.status, got.body, row.status, row.field)
		}
	}
	for _, who := range []headers{nobody, alice} {
		if got := h.do("PATCH", "/v1/limits", who, `{"reason":"r","buyer":{"burst":5}}`); got.status/100 != 4 {
			t.Errorf("%v may: %d", who, got.status)
		}
	}
	if after := h.do("GET", "/v1/limits", operator, "").want(200, "").limits(t); after != before {
		t.Errorf("%+v after %+v", after, before)
	}
}

// TestWeightsOfCalls: a hold is dear, a read cheap; what README's table says is what counts.
func TestWeightsOfCalls(t *testing.T) {
	want := map[string]int64{
		"POST /v1/events/{event}/bookings": 10, "POST /v1/bookings/{booking}/confirm": 10,
		"POST /v1/bookings/{booking}/extend": 10, "DELETE /v1/bookings/{booking}": 10,
		"GET /v1/events/{event}/availability/stream": 10, "GET /v1/events/{event}/seatmap": 5,
		"GET /v1/events/{event}/availability": 1, "GET /v1/bookings/{booking}": 1, "GET /v1/events": 1,
		"GET /healthz": 0, "GET /readyz": 0, "GET /metrics": 0,
	}
	found := 0
	for _, r := range routes(new(Server)) {
		weight := limit.Weight(&r.Route)
		if expected, listed := want[r.Name()]; listed {
			if found++; weight != expected {
				t.Errorf("%s weighs %d, want %d", r.Name(), weight, expected)
			}
		}
		if weight < 0 || weight > 10 || weight == 0 && !r.Probe {
			t.Errorf("%s weighs %d tenths: a burst of one call would never let it through, or it is free", r.Name(),
				weight)
		}
	}
	if found != len(want) {
		t.Errorf("%d of %d routes found", found, len(want))
	}
}
