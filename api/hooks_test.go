package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/feed"
	"holdfast/actors/feed/webhook"
	"holdfast/api/wire/hooks"
	"holdfast/storage/memstore"
)

// openHooks builds a house that tells webhooks on this machine.
func openHooks(t *testing.T) *house {
	t.Helper()
	store := memstore.New()
	f := feed.Open(feed.Config{Store: store})
	service, err := webhook.Open(t.Context(), webhook.Config{Store: store, Feed: f, Private: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		service.Close()
		f.Close()
	})
	h := openFed(t, store, f, func(c *Config) { c.Hooks, c.Changes = service, f.Reader })
	return h
}

// openFed builds a house over an engine that tells a feed.
func openFed(t *testing.T, store *memstore.Store, f *feed.Feed, edit func(*Config)) *house {
	t.Helper()
	bank, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	logs := &lockedBuffer{}
	engine, err := actors.Open(t.Context(), actors.Config{Store: store, Processor: bank, Feed: f,
		Logger: slog.New(slog.NewTextHandler(logs, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return openOver(t, engine, logs, edit)
}

func keyed(key string) headers {
	return headers{"Idempotency-Key": key, "Authorization": operator["Authorization"]}
}

// TestWebhooksAreKeptByOperators: made, shown without the secret, changed, rotated, deleted; each once under its key
// (P5), and openapi.json says so.
func TestWebhooksAreKeptByOperators(t *testing.T) {
	h := openHooks(t)
	const path, body = "/v1/webhooks", `{"url":"http://127.0.0.1:1/","types":["booking.*"],"description":"the shop's"}`
	var made, again, now hooks.Endpoint
	h.do("POST", path, keyed("k1"), body).want(201, "").into(&made)
	h.do("POST", path, keyed("k1"), body).want(201, "").into(&again)
	if made.Secret == nil || again.Secret == nil || *made.Secret != *again.Secret || made.ID != again.ID ||
		!made.Enabled {
		t.Fatalf("made %+v, again %+v", made, again)
	}
	h.do("POST", path, keyed("k1"), `{"url":"http://127.0.0.1:2/"}`).want(422, "idempotency_mismatch")
	if all := string(h.do("GET", path, operator, "").want(200, "").body); strings.Contains(all, "whsec_") ||
		!strings.Contains(all, made.ID) {
		t.Errorf("listed as %s", all)
	}
	at := path + "/" + made.ID
	h.do("PATCH", at, keyed("k2"), `{"enabled":false,"types":[]}`).want(200, "").into(&now)
	if now.Enabled || now.Disabled == nil || *now.Disabled != "operator" || len(now.Types) > 0 || now.Secret != nil {
		t.Errorf("switched off it is %+v", now)
	}
	now = hooks.Endpoint{}
	h.do("PATCH", at, keyed("k3"), `{"enabled":true}`).want(200, "").into(&now)
	if !now.Enabled || now.Description != "the shop's" {
		t.Errorf("switched on it is %+v", now)
	}
	var first, second hooks.Endpoint
	h.do("POST", at+"/rotate", keyed("k4"), `{"overlap_seconds":60}`).want(200, "").into(&first)
	h.do("POST", at+"/rotate", keyed("k4"), `{"overlap_seconds":60}`).want(200, "").into(&second)
	if *first.Secret == *made.Secret || *first.Secret != *second.Secret || first.OverlapUntil == nil {
		t.Errorf("rotated to %+v, then %+v", first, second)
	}
	h.do("DELETE", at, keyed("k5"), "").want(200, "")
	h.do("DELETE", at, keyed("k5"), "").want(200, "")
	h.do("DELETE", at, keyed("k6"), "").want(404, "not_found")
	h.do("GET", at, operator, "").want(404, "not_found")
	h.do("POST", path, keyed("k1"), body).want(404, "not_found")
	if said := h.logs.String(); strings.Contains(said, *made.Secret) {
		t.Error("the log has the secret")
	}
}

// TestWebhooksThatAreNoneAreRefused: each by its field.
func TestWebhooksThatAreNoneAreRefused(t *testing.T) {
	h := openHooks(t)
	for body, field := range map[string]string{
		`{"url":"ftp://x/"}`: "url", `{"url":"http://u:p@x/"}`: "url",
		`{"url":"http://x/","types":["nothing"]}`: "types",
		`{"url":"http://x/","events":["x"]}`:      "events", `{"url":"http://x/","from":"then"}`: "from",
		`{"url":"http://x/","description":"a\nb"}`: "description",
	} {
		if p := h.do("POST", "/v1/webhooks", operator, body).want(422, "invalid").problem; p.Field != field {
			t.Errorf("%s: field %q", body, p.Field)
		}
	}
	h.do("POST", "/v1/webhooks", operator, `{}`).want(422, "invalid")
	h.do("POST", "/v1/webhooks", operator, `{"url":null}`).want(400, "bad_request")
	h.do("POST", "/v1/webhooks", operator, `{"url":"http://x/","more":1}`).want(400, "bad_request")
	h.do("POST", "/v1/webhooks", alice, `{"url":"http://x/"}`).want(403, "forbidden")
	const other = "/v1/webhooks/we_00000000000000000000000000000000"
	for _, call := range []string{"GET ", "DELETE ", "POST /ping", "POST /rotate", "GET /deliveries"} {
		method, rest, _ := strings.Cut(call, " ")
		h.do(method, other+rest, operator, "").want(404, "not_found")
		h.do(method, "/v1/webhooks/we_x"+rest, operator, "").want(404, "not_found")
	}
	h.do("POST", "/v1/webhooks/deliveries/dlv_x/resend", operator, "").want(404, "not_found")
}

// TestP15AHoldIsToldToAWebhookAndToWhoeverAsks: the same event, and its delivery is listed and sent again.
func TestP15AHoldIsToldToAWebhookAndToWhoeverAsks(t *testing.T) {
	h := openHooks(t)
	event := h.show("")
	ids := make(chan string, 64)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ids <- r.Header.Get("webhook-id")
	}))
	t.Cleanup(receiver.Close)
	var made hooks.Endpoint
	h.do("POST", "/v1/webhooks", operator, `{"url":"`+receiver.URL+`","types":["booking.held"]}`).
		want(201, "").
		into(&made)
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "")
	next := func() string {
		select {
		case id := <-ids:
			return id
		case <-time.After(20 * time.Second):
			t.Fatal("P15: nothing comes")
			return ""
		}
	}
	id := next()
	var page hooks.Changes
	h.do("GET", event+"/changes", operator, "").want(200, "").into(&page)
	found := false
	for _, change := range page.Changes {
		var e struct {
			ID, Type, Subject string
			Data              struct{ Buyer string }
		}
		if err := json.Unmarshal(change, &e); err != nil {
			t.Fatal(err)
		}
		found = found ||
			e.ID == id && e.Type == "booking.held" && e.Data.Buyer != "" && !strings.Contains(e.Data.Buyer, "alice")
	}
	if !found {
		t.Errorf("P15: %s is not among %s", id, page.Changes)
	}
	h.do("GET", event+"/changes?cursor="+page.NextCursor+"&limit=5", operator, "").want(200, "").into(&page)
	h.do("GET", event+"/changes?cursor=x", operator, "").want(400, "bad_request")
	h.do("GET", event+"/changes?wait=26", operator, "").want(400, "bad_request")
	at := "/v1/webhooks/" + made.ID
	var list hooks.Deliveries
	for deadline := time.Now().Add(20 * time.Second); len(list.Deliveries) == 0 && time.Now().Before(deadline); {
		<-time.After(50 * time.Millisecond) // it is written within a second
		h.do("GET", at+"/deliveries?state=delivered", operator, "").want(200, "").into(&list)
	}
	if len(list.Deliveries) != 1 || list.Deliveries[0].Message != id || *list.Deliveries[0].ResponseCode != 200 {
		t.Fatalf("listed: %+v", list)
	}
	h.do("POST", "/v1/webhooks/deliveries/"+list.Deliveries[0].ID+"/resend", operator, "").want(202, "")
	if again := next(); again != id {
		t.Errorf("resent is %s", again)
	}
	var ping hooks.Ping
	h.do("POST", at+"/ping", operator, "").want(200, "").into(&ping)
	if !ping.Delivered || !strings.HasPrefix(next(), "ping/") {
		t.Errorf("a ping: %+v", ping)
	}
}
