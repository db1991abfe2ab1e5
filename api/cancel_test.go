package api

import (
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/calledoff"
)

// TestAnOperatorCancelsAnEvent: P6: 202 at once, everybody's money back by itself, nobody buys any more, and everyone
// is told why.
func TestAnOperatorCancelsAnEvent(t *testing.T) {
	h := open(t, nil)
	keyed := func(key string) headers { return operator.with("Idempotency-Key", key) }
	var event wire.Event
	h.do("POST", "/v1/events", keyed("create"), eventBody("")).want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", keyed("open"), `{"state":"open"}`).want(200, "")
	var sold, held wire.Booking
	h.do("POST", path+"/bookings", alice, `{"best_available":{"quantity":2}}`).want(201, "").into(&sold)
	h.do("POST", "/v1/bookings/"+sold.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	h.do("POST", path+"/bookings", bob, `{"best_available":{"quantity":1}}`).want(201, "").into(&held)

	const why = `{"reason":"the singer is ill"}`
	h.do("GET", path+"/cancel", operator, "").want(409, "event_not_cancelled")
	h.do("POST", path+"/cancel", alice, why).want(403, "forbidden")
	h.do("POST", path+"/cancel", nobody, why).want(401, "unauthorized")
	for body, code := range map[string]string{`{}`: "bad_request", `{"reason":" "}`: "bad_request",
		`{"reason":null}`: "bad_request", `{"reason":"x","when":1}`: "bad_request"} {
		h.do("POST", path+"/cancel", keyed("bad"), body).want(400, code)
	}
	if long := `{"reason":"` + strings.Repeat("x", 501) + `"}`; true {
		h.do("POST", path+"/cancel", keyed("bad"), long).want(422, "invalid")
	}
	var told calledoff.Cancellation
	h.do("POST", path+"/cancel", keyed("off"), why).want(202, "").into(&told)
	if told.Sections == 0 || told.Cancelling != told.Sections || told.Reason != "the singer is ill" {
		t.Errorf("told %+v", told)
	}
	h.do("POST", path+"/cancel", keyed("off"), `{"reason":"another"}`).want(422, "idempotency_mismatch")
	h.do("POST", path+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(409, "event_cancelled")
	h.do("POST", "/v1/bookings/"+held.ID+"/confirm", bob, `{"payment_token":"tok_ok"}`).want(409, "event_cancelled")
	h.do("POST", "/v1/bookings/"+held.ID+"/extend", bob, "").want(409, "event_cancelled")
	h.do("POST", path+"/sale", keyed("again"), `{"state":"open"}`).want(409, "event_cancelled")
	for deadline := time.Now().Add(20 * time.Second); told.State != "cancelled"; <-time.After(10 * time.Millisecond) {
		h.do("GET", path+"/cancel", operator, "").want(200, "").into(&told)
		if time.Now().After(deadline) {
			t.Fatalf("never cancelled: %+v", told)
		}
	}
	if back := told.Refunded.Amount.Amount + told.Pending.Amount.Amount; back != sold.Total.Amount || back == 0 {
		t.Errorf("given back %+v, paid %+v", told, sold.Total)
	}
	h.do("POST", path+"/cancel", keyed("off"), why).want(202, "")
	h.do("GET", path, nobody, "").want(200, "").into(&event)
	if event.Sale != "cancelled" || event.Cancelled == nil || event.Cancelled.Reason != "the singer is ill" {
		t.Errorf("the event is shown as %+v", event)
	}
	h.do("GET", "/v1/bookings/"+sold.ID, alice, "").want(200, "").into(&sold)
	if sold.State != "refunded" || len(sold.Refunds) != 1 {
		t.Errorf("the buyer is shown %+v", sold)
	}
}

// TestAnEventIsPostponed: holders keep their bookings, the sale is paused, and until the day that was announced a buyer
// may give the booking back for all of the money, whole; nobody else's, and no other event's.
func TestAnEventIsPostponed(t *testing.T) {
	h := open(t, nil)
	keyed := func(key string) headers { return operator.with("Idempotency-Key", key) }
	var event wire.Event
	h.do("POST", "/v1/events", keyed("create"), eventBody("")).want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", keyed("open"), `{"state":"open"}`).want(200, "")
	buy := func(who headers) (b wire.Booking) {
		h.do("POST", path+"/bookings", who, `{"best_available":{"quantity":2}}`).want(201, "").into(&b)
		h.do("POST", "/v1/bookings/"+b.ID+"/confirm", who, `{"payment_token":"tok_ok"}`).want(200, "")
		return b
	}
	alices, bobs := buy(alice), buy(bob)
	h.do("POST", "/v1/bookings/"+alices.ID+"/refund", alice, "").want(403, "forbidden")
	h.do("POST", path+"/postpone", keyed("p"), `{"reason":"storm"}`).want(400, "bad_request")
	h.do("POST", path+"/postpone", alice, `{"reason":"storm","keep_until":"2099-01-01T00:00:00Z"}`).want(403,
		"forbidden")
	h.do("POST", path+"/postpone", keyed("p"),
		`{"reason":"storm","keep_until":"2099-01-01T00:00:00Z","sale_ends_at":"2099-01-01T00:00:00Z"}`).want(400,
		"bad_request")
	was := event.StartsAt
	h.do("POST", path+"/postpone", keyed("p"), `{"reason":"storm","keep_until":"2099-01-01T00:00:00Z"}`).want(200, "").
		into(&event)
	if p := event.Postponed; p == nil || !p.Unknown || p.Reason != "storm" || event.Sale != "paused" ||
		event.StartsAt.Time != was.Time {
		t.Errorf("put off to nobody knows when: %+v", event)
	}
	h.do("POST", path+"/bookings", alice, `{"best_available":{"quantity":1}}`).want(409, "sale_not_open")
	event = wire.Event{}
	h.do("POST", path+"/postpone", keyed("q"),
		`{"reason":"storm","starts_at":"2098-06-01T20:00:00Z","keep_until":"2099-01-01T00:00:00Z"}`).want(200, "").
		into(&event)
	from, _ := time.Parse(time.RFC3339, event.Postponed.From)
	if p := event.Postponed; p.Unknown || from.UnixMilli() != int64(was.Time) ||
		!strings.HasPrefix(event.StartsAt.String(), "2098-06-01T") {
		t.Errorf("the new time: %+v", event)
	}
	refund := func(b wire.Booking, who headers, body string) *answer {
		return h.do("POST", "/v1/bookings/"+b.ID+"/refund", who, body)
	}
	refund(alices, bob, "").want(404, "booking_unknown")
	refund(alices, alice, `{"seats":["`+alices.Seats[0]+`"]}`).want(403, "forbidden")
	mine := alice.with("Idempotency-Key", "back")
	if a := refund(alices, mine, ""); a.status != 200 && a.status != 202 {
		t.Fatalf("a buyer's own booking of a postponed event: %d %s", a.status, a.body)
	}
	if a := refund(alices, mine, ""); a.status != 200 && a.status != 202 {
		t.Errorf("P5: the same again: %d %s", a.status, a.body)
	}
	h.do("GET", "/v1/bookings/"+alices.ID, alice, "").want(200, "").into(&alices)
	if len(alices.Refunds) != 1 || alices.Refunds[0].Amount.Amount != bobs.Total.Amount {
		t.Errorf("all of the money goes back once: %+v", alices)
	}
	h.do("GET", "/v1/bookings/"+bobs.ID, bob, "").want(200, "").into(&bobs)
	if bobs.State != "confirmed" || len(bobs.Tickets) != 2 {
		t.Errorf("who does not ask keeps the booking: %+v", bobs)
	}
	h.do("POST", path+"/postpone", keyed("r"), `{"reason":"storm","keep_until":"2001-01-01T00:00:00Z"}`).want(200, "")
	refund(bobs, bob, "").want(409, "not_returnable")
}
