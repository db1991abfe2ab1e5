package api

import (
	"strings"
	"testing"

	"holdfast/api/auth"
	"holdfast/api/call"
	"holdfast/api/wire"
	"holdfast/api/wire/ticketing"
)

const (
	keyOfAnn = "key-of-ann-0123456789"
	keyOfBob = "key-of-bob-0123456789"
)

// as is a caller with that bearer token.
func as(token string) headers { return headers{"Authorization": "Bearer " + token} }

// TestNobodyActsAsAnOperatorUnnamed: the log says by the key's name who did what to which event, and how it ended; keys
// change while the server runs, several count at once, and no key is ever written down.
func TestNobodyActsAsAnOperatorUnnamed(t *testing.T) {
	h := open(t, func(c *Config) {
		c.OperatorKeys = []auth.OperatorKey{{Name: "ann", Key: keyOfAnn}, {Name: "bob", Key: keyOfBob}}
	})
	var made wire.Event
	h.do("POST", "/v1/events", as(keyOfAnn), eventBody("")).want(201, "").into(&made)
	event := made.ID
	h.do("POST", "/v1/events/"+event+"/sale", as(keyOfBob), `{"state":"paused"}`).want(200, "")
	h.do("POST", "/v1/events/"+event+"/sale", as(keyOfBob), `{"state":"sold"}`).want(400, "bad_request")
	h.do("GET", "/v1/cluster", as(keyOfBob), "")
	h.do("POST", "/v1/bookings/4111111111111111/refund", as(keyOfBob), "") // P12: whatever the answer
	h.do("POST", "/v1/bookings/4111111111111111/refund", as(keyOfBob), "4111111111111111")
	h.server.SetOperatorKeys([]auth.OperatorKey{{Name: "ann", Key: keyOfAnn},
		{Name: "carl", Key: "key-of-carl-0123456789"}})
	h.do("POST", "/v1/events/"+event+"/sale", as("key-of-carl-0123456789"), `{"state":"open"}`).want(200, "")
	h.do("POST", "/v1/events/"+event+"/sale", as(keyOfBob), `{"state":"closed"}`).want(401, "unauthorized")
	h.do("POST", "/v1/events/"+event+"/sale", as(keyOfBob), `{"state":"closed"}`).want(401, "unauthorized")
	h.do("POST", "/v1/events/"+event+"/sale", alice, `{"state":"closed"}`).want(403, "forbidden")
	text := h.logs.String()
	for _, want := range []string{
		`msg=operator who=ann did="POST /v1/events"`, `with="made event ` + event,
		`msg=operator who=bob did="POST /v1/events/{event}/sale" to=` + event +
			` with="state=paused" status=200 code=ok`,
		`who=bob did="POST /v1/events/{event}/sale" to=` + event + ` with="" status=400 code=bad_request`,
		`who=carl did="POST /v1/events/{event}/sale"`,
		`msg="an operator's call was refused" reason=key`, `msg="an operator's call was refused" reason=rights`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not in the log: %s", want)
		}
	}
	if n := strings.Count(text, "reason=key"); n != 1 {
		t.Errorf("%d lines for two failed keys within a minute", n)
	}
	if strings.Contains(text, "411111111") {
		t.Error("P12: a card's number is in the log")
	}
	if strings.Contains(text, "key-of-") || strings.Contains(text, "GET /v1/cluster") {
		t.Error("keys, or reads, are in the log")
	}
	if t.Failed() {
		t.Log(text)
	}
	page := string(h.do("GET", "/metrics", nobody, "").body)
	if !strings.Contains(page, `holdfast_operator_refused_total{reason="key"} 2`) {
		t.Error("failed keys are not counted")
	}
}

// TestAScannersKeyOnlyScans: what a phone at the door carries refunds nothing, and lets in.
func TestAScannersKeyOnlyScans(t *testing.T) {
	const keyOfGate = "key-of-gate-0123456789"
	h := open(t, func(c *Config) {
		c.OperatorKeys = []auth.OperatorKey{{Name: "ann", Key: keyOfAnn},
			{Name: "gate", Key: keyOfGate, Role: auth.Scanner}}
	})
	var made wire.Event
	h.do("POST", "/v1/events", as(keyOfAnn), eventBody("")).want(201, "").into(&made)
	event := "/v1/events/" + made.ID
	h.do("POST", event+"/sale", as(keyOfAnn), `{"state":"open"}`).want(200, "")
	var b wire.Booking
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").into(&b)
	h.do("POST", "/v1/bookings/"+b.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	var all ticketing.Tickets
	h.do("GET", "/v1/bookings/"+b.ID+"/tickets", alice, "").want(200, "").into(&all)
	gate := as(keyOfGate)
	h.do("POST", "/v1/tickets/scan", gate, `{"code":"`+all.Tickets[0].Code+`","scanner":"north"}`).want(200, "")
	h.do("POST", "/v1/tickets/scan/batch", gate, `{"scanner":"north","scans":[{"code":"`+all.Tickets[0].Code+
		`","at":"2026-05-01T20:00:00Z"}]}`).want(200, "")
	h.do("GET", event+"/tickets/manifest", gate, "").want(200, "")
	h.do("GET", event+"/tickets/conflicts", gate, "").want(200, "")
	h.do("GET", "/v1/tickets/keys", gate, "").want(200, "")
	h.do("GET", event, gate, "").want(200, "")
	scans := 0
	for _, r := range routes(new(Server)) {
		if r.Scanners {
			scans++
			continue
		}
		if r.Access != call.Public && !r.Stream {
			path := strings.NewReplacer("{event}", made.ID, "{booking}", b.ID).Replace(r.Path)
			h.do(r.Method, path, gate, "").want(403, "forbidden_role")
		}
	}
	if scans != 5 {
		t.Errorf("%d calls are a scanner's", scans)
	}
	if !strings.Contains(h.logs.String(), `who=gate did="POST /v1/tickets/scan"`) {
		t.Error("who scanned is not in the log")
	}
}
