package api

import (
	"strings"
	"testing"

	"holdfast/api/wire"
)

// TestAnEventInUseIsNotDeleted: a live hold or a ticket keeps an event; without them it goes for good, under one key
// once (P5).
func TestAnEventInUseIsNotDeleted(t *testing.T) {
	h := open(t, nil)
	keyed := func(key string) headers { return operator.with("Idempotency-Key", key) }
	var event wire.Event
	h.do("POST", "/v1/events", keyed("create"), eventBody("")).want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", keyed("open"), `{"state":"open"}`).want(200, "")
	h.do("DELETE", path, alice, "").want(403, "forbidden")
	h.do("DELETE", path, nobody, "").want(401, "unauthorized")
	h.do("DELETE", path, operator, `{"why":"x"}`).want(400, "bad_request")

	var booking wire.Booking
	h.do("POST", path+"/bookings", alice, `{"best_available":{"quantity":2}}`).want(201, "").into(&booking)
	h.do("DELETE", path, keyed("delete"), "").want(409, "event_has_bookings")
	var bobs wire.Booking // the refusal has changed nothing
	h.do("POST", path+"/bookings", bob, `{"best_available":{"quantity":1}}`).want(201, "").into(&bobs)
	h.do("POST", "/v1/bookings/"+booking.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	h.do("DELETE", path, keyed("delete"), "").want(409, "event_has_bookings")
	h.do("POST", "/v1/bookings/"+booking.ID+"/refund", keyed("refund"), "").want(200, "")
	h.do("DELETE", path, keyed("delete"), "").want(409, "event_has_bookings") // bob's hold

	h.do("DELETE", "/v1/bookings/"+bobs.ID, bob, "").want(200, "")
	var gone wire.Event
	h.do("DELETE", path, keyed("delete"), "").want(200, "").into(&gone)
	if gone.ID != event.ID || gone.Sale != "deleted" {
		t.Errorf("told %+v", gone)
	}
	h.do("DELETE", path, keyed("delete"), "").want(200, "")
	h.do("DELETE", path, keyed("another"), "").want(404, "event_unknown")
	h.do("POST", path+"/sale", keyed("open-again"), `{"state":"open"}`).want(404, "event_unknown")
	h.do("POST", path+"/sale", keyed("delete"), `{"state":"open"}`).want(404, "event_unknown")
	h.do("GET", path, nobody, "").want(404, "event_unknown")
	h.do("GET", path+"/seatmap", nobody, "").want(404, "event_unknown")
	h.do("GET", path+"/availability", nobody, "").want(404, "event_unknown")
	h.do("POST", path+"/bookings", headers{"X-Buyer": "carol"}, `{"best_available":{"quantity":1}}`).want(404,
		"event_unknown")
	h.do("POST", path+"/seats/unblock", operator, `{"seats":["A-1-1"]}`).want(404, "event_unknown")
	h.do("POST", "/v1/events", keyed("create"), eventBody("")).want(409, "event_deleted")
	h.do("GET", "/v1/bookings/"+booking.ID, alice, "").want(200, "") // what was, is told
	if list := h.do("GET", "/v1/events", nobody, "").want(200, ""); strings.Contains(string(list.body), event.ID) {
		t.Errorf("a deleted event is listed: %s", list.body)
	}
}
