package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"holdfast/api/wire"
)

func TestStoryOfABooking(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	held := h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1","A-1-2"]}`).want(201, "")
	b := held.booking()
	if b.State != "held" || b.ExpiresAt == nil || b.Total != (wire.Money{Amount: 9000, Currency: "EUR"}) ||
		!slices.Equal(b.Seats, []string{"A-1-1", "A-1-2"}) {
		t.Fatalf("%+v", b)
	}
	path := "/v1/bookings/" + b.ID
	if held.header.Get("Location") != path || "/v1/events/"+b.Event != event {
		t.Fatalf("location %q, event %q", held.header.Get("Location"), b.Event)
	}

	taken := h.do("POST", event+"/bookings", bob, `{"seats":["A-1-2","A-1-3"]}`).want(409, "seat_taken")
	if !slices.Equal(taken.problem.Seats, []string{"A-1-2"}) {
		t.Fatalf("lost %v", taken.problem.Seats)
	}
	h.do("GET", path, bob, "").want(404, "booking_unknown")
	h.do("DELETE", path, bob, "").want(404, "booking_unknown")
	h.do("GET", path, operator, "").want(200, "")
	h.ahead.Add(5000)
	later := *h.do("POST", path+"/extend", alice, "").want(200, "").booking().ExpiresAt
	if got := h.do("GET", path, alice, "").want(200, "").booking(); later.Time <= b.ExpiresAt.Time ||
		*got.ExpiresAt != later {
		t.Fatalf("extended from %v to %v, read as %v", b.ExpiresAt, later, got.ExpiresAt)
	}
	h.do("POST", path+"/confirm", alice, `{"payment_token":"tok_declined"}`).want(402, "payment_declined")
	if got := h.do("GET", path, alice, "").booking(); got.State != "held" {
		t.Fatalf("after a decline: %s", got.State)
	}
	sold := h.do("POST", path+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "").booking()
	if sold.State != "confirmed" || len(sold.Tickets) != 2 || sold.ExpiresAt != nil ||
		sold.Tickets[0].Code == sold.Tickets[1].Code {
		t.Fatalf("%+v", sold)
	}
	again := h.do("POST", path+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "").booking()
	if !slices.Equal(again.Tickets, sold.Tickets) {
		t.Fatal("a second confirm gave other tickets")
	}
	h.do("DELETE", path, alice, "").want(409, "already_confirmed")
	h.do("POST", path+"/refund", alice, "").want(403, "forbidden")
	if got := h.do("POST", path+"/refund", operator, "").want(200, "").booking(); got.State != "refunded" {
		t.Fatalf("%+v", got)
	}
}

func TestReleaseIsRepeatable(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	b := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":3}}`).want(201, "").booking()
	for range 2 {
		if got := h.do("DELETE", "/v1/bookings/"+b.ID, alice, "{}").want(200, "").booking(); got.State != "released" {
			t.Fatalf("%+v", got)
		}
	}
	h.do("POST", "/v1/bookings/"+b.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(409, "hold_released")
}

// P5: the same key gives the same answer; with another wish it is a mismatch.
func TestP5SameKeySameAnswer(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	keyed := alice.with("Idempotency-Key", "wish-1")
	first := h.do("POST", event+"/bookings", keyed, `{"seats":["A-1-1"]}`).want(201, "").booking()
	second := h.do("POST", event+"/bookings/", keyed, ` { "seats" : [ "A-1-1" ] } `).want(201, "").booking()
	if first.ID != second.ID {
		t.Fatalf("two bookings for one key: %s, %s", first.ID, second.ID)
	}
	h.do("POST", event+"/bookings", keyed, `{"seats":["A-1-2"]}`).want(422, "idempotency_mismatch")
	h.do("POST", "/v1/bookings/"+first.ID+"/extend", keyed, "").want(422, "idempotency_mismatch")
	h.do("POST", event+"/bookings", bob.with("Idempotency-Key", "wish-1"), `{"seats":["A-1-3"]}`).want(201, "")

	create := operator.with("Idempotency-Key", "make-1")
	var one, two wire.Event
	h.do("POST", "/v1/events", create, eventBody("")).want(201, "").into(&one)
	h.do("POST", "/v1/events", create, eventBody("")).want(201, "").into(&two)
	if one.ID != two.ID {
		t.Fatal("two events for one key")
	}
	h.do("POST", "/v1/events", create, eventBody(`,"hold_ttl_seconds":5`)).want(422, "idempotency_mismatch")
}

// P5, as the document tells it: a repeat shows the booking as it stands now and has no second effect; keys are per
// buyer and event; a refusal is not remembered, a declined payment is; without a key every request is a request of its
// own.
func TestP5KeysAsDescribed(t *testing.T) {
	h := open(t, nil)
	event, other := h.show(""), h.show("")
	keyed := alice.with("Idempotency-Key", "wish-1")
	seat := func(id string) string { return `{"seats":["` + id + `"]}` }
	first := h.do("POST", event+"/bookings", keyed, seat("A-1-1")).want(201, "").booking()
	h.do("DELETE", "/v1/bookings/"+first.ID, alice, "").want(200, "")
	if again := h.do("POST", event+"/bookings", keyed, seat("A-1-1")).want(201, "").booking(); again.ID != first.ID ||
		again.State != "released" {
		t.Errorf("repeated after its release: %+v", again)
	}
	if elsewhere := h.do("POST", other+"/bookings", keyed, seat("A-1-1")).want(201,
		"").booking(); elsewhere.ID == first.ID {
		t.Error("one key in two events gave one booking")
	}
	taken := h.do("POST", event+"/bookings", bob, seat("A-1-1")).want(201, "").booking() // so the repeat took no seat
	refused := alice.with("Idempotency-Key", "wish-2")
	h.do("POST", event+"/bookings", refused, seat("A-1-1")).want(409, "seat_taken")
	h.do("DELETE", "/v1/bookings/"+taken.ID, bob, "").want(200, "")
	b := h.do("POST", event+"/bookings", refused, seat("A-1-1")).want(201, "").booking()
	declined := alice.with("Idempotency-Key", "pay-1")
	for range 2 {
		h.do("POST", "/v1/bookings/"+b.ID+"/confirm", declined, `{"payment_token":"tok_declined"}`).want(402,
			"payment_declined")
	}
	h.do("POST", event+"/bookings", alice, seat("A-1-2")).want(201, "")
	h.do("POST", event+"/bookings", alice, seat("A-1-2")).want(409, "seat_taken")
	for _, absent := range []string{event + "/line", "/v1/payments/webhook"} {
		h.do("POST", absent, alice, "{}").want(404, "not_found")
	}
}

// P5: the operators' switches too: one key, one request, one effect.
func TestP5OperatorsKeys(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	var e wire.Event
	sale := func(key, state string) *answer {
		return h.do("POST", event+"/sale", operator.with("Idempotency-Key", key), `{"state":"`+state+`"}`)
	}
	sale("k1", "paused").want(200, "")
	sale("k1", "open").want(422, "idempotency_mismatch")
	sale("k2", "open").want(200, "")
	if sale("k1", "paused").want(200, "").into(&e); e.Sale != "open" {
		t.Fatalf("a late repeat made the sale %s", e.Sale)
	}
	block := func(key, seats string) *answer {
		return h.do("POST", event+"/seats/block", operator.with("Idempotency-Key", key), `{"seats":[`+seats+`]}`)
	}
	block("k3", `"A-1-1","B-1-1"`).want(200, "")
	block("k3", `"A-1-1","B-1-1"`).want(200, "")
	block("k3", `"B-1-2"`).want(422, "idempotency_mismatch")
	block("k1", `"B-1-2"`).want(422, "idempotency_mismatch")
}

func TestRefusalsOfBooking(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	rows := []struct {
		body   string
		status int
		code   string
	}{
		{`{"seats":["A-9-9"]}`, 404, "seat_unknown"},
		{`{"seats":["A-1-1","A-1-1"]}`, 422, "duplicate_seat"},
		{`{"seats":[]}`, 422, "no_seats"},
		{`{"best_available":{"quantity":0}}`, 422, "no_seats"},
		{`{"best_available":{"quantity":9}}`, 422, "too_many_seats"},
		{`{"best_available":{"quantity":5,"section":"B"}}`, 409, "not_together"},
		{`{"best_available":{"quantity":1,"section":"Z"}}`, 422, "section_unknown"},
		{`{"best_available":{"quantity":1,"category":"gold"}}`, 422, "category_unknown"},
	}
	for _, row := range rows {
		h.do("POST", event+"/bookings", alice, row.body).want(row.status, row.code)
	}
	h.do("POST", event+"/sale", operator, `{"state":"paused"}`).want(200, "")
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`).want(409, "sale_not_open")
}

func TestBuyerLimitNamesItself(t *testing.T) {
	h := open(t, nil)
	event := h.show(`,"max_seats_per_booking":2,"max_seats_per_buyer":3`)
	h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":2}}`).want(201, "")
	if got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":2}}`).want(422,
		"too_many_seats"); got.problem.Limit != "buyer" {
		t.Fatalf("%s", got.body)
	}
	if got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":3}}`).want(422,
		"too_many_seats"); got.problem.Limit != "booking" {
		t.Fatalf("%s", got.body)
	}
}

func TestBlockAndUnblock(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "")
	busy := h.do("POST", event+"/seats/block", operator, `{"seats":["A-1-1","A-1-2"]}`).want(409, "seats_not_free")
	if !slices.Equal(busy.problem.Seats, []string{"A-1-1"}) {
		t.Fatalf("%s", busy.body)
	}
	h.do("POST", event+"/seats/block", operator, `{"seats":["A-1-2"]}`).want(200, "")
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-2"]}`).want(409, "seat_taken")
	h.do("POST", event+"/seats/unblock", operator, `{"seats":["A-1-2"]}`).want(200, "")
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-2"]}`).want(201, "")
}

func TestBrowsing(t *testing.T) {
	h := open(t, nil)
	for i := range 5 {
		name := fmt.Sprintf("Show %d", i)
		h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), "Night One", name, 1)).want(201, "")
	}
	seen := map[string]bool{}
	for path := "/v1/events?limit=2"; ; {
		var page wire.Events
		h.do("GET", path, nobody, "").want(200, "").into(&page)
		for _, e := range page.Events {
			if seen[e.ID] {
				t.Fatalf("%s listed twice", e.ID)
			}
			seen[e.ID] = true
		}
		if page.NextCursor == nil {
			break
		}
		path = "/v1/events?limit=2&cursor=" + *page.NextCursor
	}
	if len(seen) != 5 {
		t.Fatalf("%d of 5 events listed", len(seen))
	}
	var found wire.Events
	h.do("GET", "/v1/events?q=sHOW+3", nobody, "").into(&found)
	if len(found.Events) != 1 || found.Events[0].Name != "Show 3" || found.Events[0].Seats != 24 ||
		found.Events[0].Sale != "closed" {
		t.Fatalf("%+v", found)
	}
}

func TestSeatmapAndAvailabilityAgree(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	h.do("POST", event+"/bookings", alice, `{"seats":["A-2-3"]}`).want(201, "")
	plan := h.do("GET", event+"/seatmap", nobody, "").want(200, "")
	var m wire.Seatmap
	plan.into(&m)
	live := h.do("GET", event+"/availability", nobody, "").want(200, "")
	var a wire.Availability
	live.into(&a)
	var held []string
	for i, s := range m.Sections {
		var ids []string
		for _, row := range s.Rows {
			for _, seat := range row.Seats {
				ids = append(ids, seat.ID)
			}
		}
		if len(ids) != len(a.Sections[i].Status) || a.Sections[i].ID != s.ID {
			t.Fatalf("section %s: %d seats, letters %q", s.ID, len(ids), a.Sections[i].Status)
		}
		for j, letter := range a.Sections[i].Status {
			if letter == 'h' {
				held = append(held, ids[j])
			}
		}
	}
	if !slices.Equal(held, []string{"A-2-3"}) || a.Sections[0].Free != 19 {
		t.Fatalf("held %v, free %d", held, a.Sections[0].Free)
	}
	for path, etag := range map[string]string{"/seatmap": plan.header.Get("ETag"),
		"/availability": live.header.Get("ETag")} {
		again := h.do("GET", event+path, headers{"If-None-Match": etag}, "").want(304, "")
		if len(again.body) > 0 {
			t.Fatalf("304 with a body: %q", again.body)
		}
	}
	h.do("POST", event+"/bookings", alice, `{"seats":["A-2-4"]}`).want(201, "")
	if changed := h.do("GET", event+"/availability", headers{"If-None-Match": live.header.Get("ETag")},
		""); changed.status != 200 {
		t.Fatal("a hold did not change the ETag")
	}
}

// An event's answer is the same document from every call that gives it.
func TestEventAnswer(t *testing.T) {
	h := open(t, nil)
	var e map[string]json.RawMessage
	path := h.show(`,"hold_ttl_seconds":2000,"max_seats_per_booking":20,"refuse_orphans":true`)
	h.do("GET", path, nobody, "").want(200, "").into(&e)
	for name, want := range map[string]string{"hold_ttl_seconds": "2000", "hold_ceiling_seconds": "2000",
		"max_seats_per_booking": "20",
		"max_seats_per_buyer":   "20", "refuse_orphans": "true", "currency_exponent": "2", "sale": `"open"`,
		"prices": `{"standard":4500}`, "starts_at": `"2030-06-01T19:30:00.000Z"`, "seats": "24"} {
		if string(e[name]) != want {
			t.Errorf("%s is %s, want %s", name, e[name], want)
		}
	}
}

// Kind: a payment demanded for a total of 0. Nothing, {} and a token are all well.
func TestFreeBookingIsConfirmedWithoutAToken(t *testing.T) {
	h := open(t, nil)
	var event wire.Event
	h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), "4500", "0", 1)).want(201, "").into(&event)
	h.do("POST", "/v1/events/"+event.ID+"/sale", operator, `{"state":"open"}`).want(200, "")
	for i, body := range []string{``, `{}`, `{"payment_token":"tok_ok"}`} {
		held := h.do("POST", "/v1/events/"+event.ID+"/bookings", alice,
			fmt.Sprintf(`{"seats":["A-1-%d"]}`, i+1)).want(201, "").booking()
		if got := h.do("POST", "/v1/bookings/"+held.ID+"/confirm", alice, body).want(200,
			"").booking(); got.State != "confirmed" || len(got.Tickets) != 1 {
			t.Errorf("%q: %+v", body, got)
		}
	}
}
