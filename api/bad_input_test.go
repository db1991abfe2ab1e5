package api

import (
	"strings"
	"testing"

	"holdfast/api/listen"
)

// Every call, every kind of bad input: status, code, and the field that is blamed.
func TestBadInput(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	ghost := "/v1/events/00000000-0000-4000-8000-000000000000"
	booking := "/v1/bookings/" + h.do("POST", event+"/bookings", alice,
		`{"seats":["A-1-9"]}`).want(201, "").booking().ID
	create := func(old, new string) string { return strings.Replace(eventBody(""), old, new, 1) }
	long := strings.Repeat("x", 300)
	var rows []badInput
	rows = append(rows, badEvents(create, long)...)
	rows = append(rows, badAboutEvents(event, ghost)...)
	rows = append(rows, badBookings(event, ghost, long)...)
	rows = append(rows, badAboutBookings(event, booking, long)...)
	for _, row := range rows {
		a := h.do(row.method, row.path, row.who, row.body)
		if a.status != row.status || a.problem.Code != row.code || a.problem.Field != row.field {
			t.Errorf("%s %s %.80s:\n  got %d %s\n want %d %s field %q", row.method, row.path, row.body, a.status,
				a.body, row.status, row.code, row.field)
		}
	}
}

// badInput is one wrong request and how it is answered.
type badInput struct {
	method, path string
	who          headers
	body         string
	status       int
	code, field  string
}

func badEvents(create func(old, new string) string, long string) []badInput {
	return []badInput{
		{"GET", "/v1/events?limit=0", nobody, "", 400, "bad_request", "limit"},
		{"GET", "/v1/events?limit=101", nobody, "", 400, "bad_request", "limit"},
		{"GET", "/v1/events?limit=x", nobody, "", 400, "bad_request", "limit"},
		{"GET", "/v1/events?cursor=zz", nobody, "", 400, "bad_request", "cursor"},
		{"GET", "/v1/events?q=" + long, nobody, "", 400, "bad_request", "q"},
		{"GET", "/v1/events?sort=name", nobody, "", 400, "bad_request", "sort"},

		{"POST", "/v1/events", nobody, eventBody(""), 401, "unauthorized", ""},
		{"POST", "/v1/events", alice, eventBody(""), 403, "forbidden", ""},
		{"POST", "/v1/events", operator, "", 400, "bad_request", "body"},
		{"POST", "/v1/events", operator, "[]", 400, "bad_request", "body"},
		{"POST", "/v1/events", operator, eventBody("") + "x", 400, "bad_request", "body"},
		{"POST", "/v1/events", operator, eventBody(`,"nmae":1`), 400, "bad_request", "nmae"},
		{"POST", "/v1/events", operator, eventBody(`,"name":"again"`), 400, "bad_request", "name"},
		{"POST", "/v1/events", operator, create(`"Night One"`, `7`), 400, "bad_request", "name"},
		{"POST", "/v1/events", operator, create(`"Night One"`, `" "`), 400, "bad_request", "name"},
		{"POST", "/v1/events", operator, create(`Night One`, long+"y"), 422, "invalid", "name"},
		{"POST", "/v1/events", operator, create(`2030-06-01T19:30:00Z`, `tomorrow`), 400, "bad_request", "starts_at"},
		{"POST", "/v1/events", operator, create(`"starts_at":"2030-06-01T19:30:00Z",`, ``), 400,
			"bad_request", "starts_at"},
		{"POST", "/v1/events", operator, create(`EUR`, `euro`), 422, "invalid", "currency"},
		{"POST", "/v1/events", operator, create(`EUR`, `ABC`), 422, "invalid", "currency"},
		{"POST", "/v1/events", operator, create(`EUR`, `XAU`), 422, "invalid", "currency"},
		{"POST", "/v1/events", operator, create(`EUR`, `HRK`), 422, "invalid", "currency"},
		{"POST", "/v1/events", operator, eventBody(`,"hold_ttl_seconds":0`), 422, "invalid", "hold_ttl_seconds"},
		{"POST", "/v1/events", operator, eventBody(`,"hold_ttl_seconds":1.5`), 400, "bad_request", "hold_ttl_seconds"},
		{"POST", "/v1/events", operator, eventBody(`,"hold_ceiling_seconds":5`), 422, "invalid",
			"hold_ceiling_seconds"},
		{"POST", "/v1/events", operator, eventBody(`,"max_seats_per_booking":101`), 422, "invalid",
			"max_seats_per_booking"},
		{"POST", "/v1/events", operator, eventBody(`,"max_seats_per_buyer":-1`), 422, "invalid", "max_seats_per_buyer"},
		{"POST", "/v1/events", operator, eventBody(`,"waiting_room":{"cap":5}`), 400, "bad_request", "waiting_room.cap"},
		{"POST", "/v1/events", operator, eventBody(`,"waiting_room":{"opens_at":"2030-05-01T10:00:00Z",` +
			`"active_max":5}`), 422, "invalid", "waiting_room"}, // nobody keeps the doors here
		{"POST", "/v1/events", operator, create(`"standard":4500`, ``), 422, "plan_invalid", "prices"},
		{"POST", "/v1/events", operator, create(`4500`, `-1`), 422, "plan_invalid", "prices"},
		{"POST", "/v1/events", operator, create(`"standard":4500`, `"standard":1,"gold":2`), 422,
			"plan_invalid", "prices"},
		{"POST", "/v1/events", operator, create(`"seats":10`, `"seats":0`), 422, "plan_invalid", "plan"},
		{"POST", "/v1/events", operator, create(`"id":"B"`, `"id":"A"`), 422, "plan_invalid", "plan"},
	}
}

func badAboutEvents(event, ghost string) []badInput {
	return []badInput{
		{"GET", ghost, nobody, "", 404, "event_unknown", ""},
		{"GET", "/v1/events/not-an-id", nobody, "", 404, "event_unknown", ""},
		{"GET", ghost + "/seatmap", nobody, "", 404, "event_unknown", ""},
		{"GET", ghost + "/availability", nobody, "", 404, "event_unknown", ""},
		{"GET", ghost + "/availability/stream", nobody, "", 404, "event_unknown", ""},
		{"POST", ghost + "/sale", operator, `{"state":"open"}`, 404, "event_unknown", ""},
		{"POST", event + "/sale", operator, `{"state":"ajar"}`, 400, "bad_request", "state"},
		{"POST", event + "/sale", operator, `{}`, 400, "bad_request", "state"},
		{"POST", event + "/sale", alice, `{"state":"open"}`, 403, "forbidden", ""},
		{"POST", ghost + "/seats/block", operator, `{"seats":["A-1-1"]}`, 404, "event_unknown", ""},
		{"POST", event + "/seats/block", operator, `{"seats":"A-1-1"}`, 400, "bad_request", "seats"},
		{"POST", event + "/seats/unblock", operator, `{"seats":[]}`, 422, "no_seats", "seats"},
		{"POST", event + "/seats/unblock", nobody, `{"seats":["A-1-1"]}`, 401, "unauthorized", ""},
	}
}

func badBookings(event, ghost, long string) []badInput {
	return []badInput{
		{"POST", event + "/bookings", nobody, `{"seats":["A-1-1"]}`, 401, "unauthorized", ""},
		{"POST", ghost + "/bookings", alice, `{"seats":["A-1-1"]}`, 404, "event_unknown", ""},
		{"POST", event + "/bookings", alice, ``, 400, "bad_request", "body"},
		{"POST", event + "/bookings", alice, `{`, 400, "bad_request", "body"},
		{"POST", event + "/bookings", alice, `{}`, 400, "bad_request", "seats"},
		{"POST", event + "/bookings", alice, `{"seats":["A-1-1"]}}`, 400, "bad_request", "body"},
		{"POST", event + "/bookings", alice, `{"seats":["A-1-1"],"seats":["A-1-2"]}`, 400, "bad_request", "seats"},
		{"POST", event + "/bookings", alice, `{"seats":[1]}`, 400, "bad_request", "seats"},
		{"POST", event + "/bookings", alice, `{"seats":["A-1-1"],"vip":true}`, 400, "bad_request", "vip"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":"2"}}`, 400, "bad_request",
			"best_available.quantity"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":-2}}`, 400, "bad_request",
			"best_available.quantity"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":4000000000}}`, 400, "bad_request",
			"best_available.quantity"},
		{"POST", event + "/bookings", alice, `{"best_available":{}}`, 400, "bad_request", "best_available.quantity"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":1,"row":1}}`, 400,
			"bad_request", "best_available.row"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":1},"seats":["A-1-1"]}`, 400,
			"bad_request", "best_available"},
		{"POST", event + "/bookings", alice.with("Idempotency-Key", long), `{"seats":["A-1-1"]}`, 400,
			"bad_request", "Idempotency-Key"},
		{"POST", event + "/bookings", alice.with("Idempotency-Key", ""), `{"seats":["A-1-1"]}`, 400,
			"bad_request", "Idempotency-Key"},
		{"POST", event + "/bookings", alice.with("Idempotency-Key", "a b"), `{"seats":["A-1-1"]}`, 400,
			"bad_request", "Idempotency-Key"},
		{"POST", event + "/bookings", headers{"X-Buyer": long}, `{"seats":["A-1-1"]}`, 400, "bad_request", "X-Buyer"},
		{"POST", event + "/bookings", alice, `{"seats":["A-1-1"],"buyer":"bob"}`, 403, "forbidden", "buyer"},
		{"POST", event + "/bookings", alice, `{"seats":["A-1-1"],"limits":"apply"}`, 403, "forbidden", "limits"},
		{"POST", event + "/bookings", operator, `{"seats":["A-1-1"],"limits":"none"}`, 400, "bad_request", "limits"},
		{"POST", event + "/bookings", operator, `{"seats":["A-1-1"],"buyer":"` + long + `"}`, 400,
			"bad_request", "buyer"},
		{"POST", event + "/bookings", operator.with("X-Buyer", "bob"), `{"seats":["A-1-1"]}`, 400,
			"bad_request", "X-Buyer"},
		{"POST", event + "/bookings", headers{"Authorization": "Basic eDp5"}, `{"seats":["A-1-1"]}`, 401,
			"unauthorized", "Authorization"},
	}
}

// misspelt is an id with another last letter.
func misspelt(booking string) string {
	last := "a"
	if strings.HasSuffix(booking, last) {
		last = "q"
	}
	return booking[:len(booking)-1] + last
}

func badAboutBookings(event, booking, long string) []badInput {
	return []badInput{
		{"GET", "/v1/bookings/b123", alice, "", 404, "booking_unknown", ""},
		{"GET", booking, nobody, "", 401, "unauthorized", ""},
		{"GET", misspelt(booking), alice, "", 404, "booking_unknown", ""},
		{"POST", booking + "/extend", alice, `{"by":5}`, 400, "bad_request", "by"},
		{"POST", booking + "/extend", bob, ``, 404, "booking_unknown", ""},
		{"DELETE", booking, alice, `[]`, 400, "bad_request", "body"},
		{"POST", booking + "/confirm", alice, ``, 400, "bad_request", "payment_token"},
		{"POST", booking + "/confirm", alice, `{"payment_token":""}`, 400, "bad_request", "payment_token"},
		{"POST", booking + "/confirm", alice, `{}`, 400, "bad_request", "payment_token"},
		{"POST", booking + "/confirm", alice, `{"payment_token":7}`, 400, "bad_request", "payment_token"},
		{"POST", booking + "/confirm", alice, `{"payment_token":"` + long + long + `"}`, 400,
			"bad_request", "payment_token"},
		{"POST", booking + "/refund", operator, ``, 409, "not_confirmed", ""},
		{"POST", booking + "/refund", nobody, ``, 401, "unauthorized", ""},

		{"GET", "/nowhere", nobody, "", 404, "not_found", ""},
		{"GET", "/v1", nobody, "", 404, "not_found", ""},
		{"GET", "/assets/none.js", nobody, "", 404, "not_found", ""},
		{"POST", event + "/line", alice, "", 404, "not_found", ""},
		{"PUT", event + "/bookings", alice, "", 405, "method_not_allowed", ""},
		{"DELETE", "/v1/events", operator, "", 405, "method_not_allowed", ""},
		{"POST", "/healthz", nobody, "", 405, "method_not_allowed", ""},
	}
}

// An operator sees everything that is wrong with a plan at once.
func TestPlanDefectsAreAllNamed(t *testing.T) {
	h := open(t, nil)
	body := strings.NewReplacer(`"id":"B"`, `"id":"A"`, `{"label":"2","seats":10}`,
		`{"label":"2","seats":0}`).Replace(eventBody(""))
	got := h.do("POST", "/v1/events", operator, body).want(422, "plan_invalid")
	if len(got.problem.Defects) < 2 {
		t.Fatalf("%s", got.body)
	}
}

func TestAllowAndHead(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	if allow := h.do("PATCH", "/v1/events", nobody, "").header.Get("Allow"); allow != "GET, HEAD, POST" {
		t.Fatalf("Allow: %q", allow)
	}
	for _, path := range []string{"/v1/events", event, event + "/seatmap", event + "/availability",
		event + "/availability/stream",
		"/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/", "/assets/app.js"} {
		if a := h.do("HEAD", path, nobody, ""); a.status != 200 || len(a.body) > 0 {
			t.Errorf("HEAD %s: %d, %d bytes", path, a.status, len(a.body))
		}
		if strings.HasSuffix(path, "/stream") {
			continue // its GET has no end
		}
		if a := h.do("GET", path, nobody, ""); a.header.Get("Content-Type") == "" || len(a.body) == 0 {
			t.Errorf("GET %s: type %q, %d bytes", path, a.header.Get("Content-Type"), len(a.body))
		}
	}
}

func TestBodyLimits(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	pad := func(n int) string { return strings.Repeat(" ", n-2) }
	h.do("POST", event+"/sale", operator, `{"state":"open"}`+pad(listen.BodyBytesMax-14)).want(200, "")
	h.do("POST", event+"/sale", operator, `{"state":"open"}`+pad(listen.BodyBytesMax)).want(413, "body_too_large")
	h.do("POST", "/v1/events", operator, eventBody("")+pad(1<<20)).want(201, "")
	h.do("POST", "/v1/events", headers{"Authorization": "bearer dev"}, eventBody("")+pad(1<<20)).want(201, "")
	h.do("POST", "/v1/events", operator, eventBody("")+pad(listen.PlanBodyBytesMax)).want(413, "body_too_large")
	h.do("POST", "/v1/events", alice, pad(listen.BodyBytesMax+1)).want(403, "forbidden")
}

func TestPageHeaders(t *testing.T) {
	h := open(t, nil)
	page := h.do("GET", "/", nobody, "").want(200, "")
	if page.header.Get("Content-Security-Policy") == "" || page.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Fatalf("%v", page.header)
	}
	h.do("GET", "/", headers{"If-None-Match": page.header.Get("ETag")}, "").want(304, "")
	packed := h.do("GET", "/", headers{"Accept-Encoding": "br, gzip"}, "").want(200, "")
	if packed.header.Get("Content-Encoding") != "gzip" || packed.header.Get("ETag") == page.header.Get("ETag") {
		t.Fatalf("%v", packed.header)
	}
	if plain := h.do("GET", "/", headers{"Accept-Encoding": "gzip;q=0"},
		""); plain.header.Get("Content-Encoding") != "" {
		t.Fatal("gzip;q=0 is a no")
	}
}
