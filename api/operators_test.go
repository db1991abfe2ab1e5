package api

import (
	"strings"
	"testing"

	"holdfast/api/auth"
	"holdfast/api/wire"
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
