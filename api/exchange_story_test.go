package api

import (
	"slices"
	"testing"

	"holdfast/api/wire"
	"holdfast/api/wire/bookinglist"
	"holdfast/api/wire/ticketing"
)

// TestSeatsAreExchangedOverHTTP: what a fan asks, is told, and has afterwards.
func TestSeatsAreExchangedOverHTTP(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	var b, x wire.Booking
	h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1","A-1-2"]}`).want(201, "").into(&b)
	at := "/v1/bookings/" + b.ID
	wish := `{"gives":["A-1-1"],"seats":["A-1-3"]}`
	h.do("POST", at+"/exchanges", alice, wish).want(409, "not_confirmed")
	h.do("POST", at+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	var before, after ticketing.Tickets
	h.do("GET", at+"/tickets", alice, "").want(200, "").into(&before)
	for _, bad := range []string{`{}`, `{"gives":[]}`, `{"gives":["A-1-1"]}`,
		`{"gives":["A-1-1"],"seats":["A-1-3"],"best_available":{}}`} {
		if a := h.do("POST", at+"/exchanges", alice, bad).want(422, "no_seats"); a.problem.Field == "" {
			t.Errorf("%s: no field is named", bad)
		}
	}
	h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-1"],"seats":["A-1-3"],"fees":"keep"}`).want(400, "bad_request")
	h.do("POST", at+"/exchanges", bob, wish).want(404, "booking_unknown")
	h.do("POST", at+"/exchanges", nobody, wish).want(401, "unauthorized")
	h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-1"],"seats":["A-1-3","A-1-4"]}`).want(409, "exchange_uneven")
	h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-1"],"seats":["B-1-1"]}`).want(409, "exchange_over_sections")
	keyed := alice.with("Idempotency-Key", "other-seats")
	for range 2 { // P5
		if h.do("POST", at+"/exchanges", keyed, wish).want(201, "").into(&x); x.State != "held" || x.Exchange == nil ||
			x.Exchange.Booking != b.ID || x.Exchange.Difference.Amount != 0 || x.Total.Amount != 0 {
			t.Fatalf("%+v", x)
		}
	}
	h.do("POST", at+"/exchanges", keyed, `{"gives":["A-1-2"],"seats":["A-1-3"]}`).want(422, "idempotency_mismatch")
	h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-2"],"best_available":{}}`).want(409, "exchange_under_way")
	h.do("POST", "/v1/bookings/"+x.ID+"/confirm", alice, "").want(200, "").into(&x)
	h.do("GET", at, alice, "").want(200, "").into(&b)
	if x.State != "exchanged" || b.State != "confirmed" || !slices.Equal(b.Seats, []string{"A-1-2", "A-1-3"}) {
		t.Errorf("%+v\n%+v", x, b)
	}
	h.do("GET", at+"/tickets", alice, "").want(200, "").into(&after)
	scan := func(code string) *answer {
		return h.do("POST", "/v1/tickets/scan", operator, `{"code":"`+code+`","scanner":"north"}`)
	}
	scan(before.Tickets[0].Code).want(410, "ticket_void")
	for _, one := range after.Tickets {
		scan(one.Code).want(200, "")
	}
	h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-3"],"seats":["A-1-1"]}`).want(409, "already_admitted")
	var page bookinglist.Page
	h.do("GET", "/v1/me/bookings", alice, "").want(200, "").into(&page)
	if len(page.Bookings) != 2 || page.Bookings[0].State != "exchanged" || page.Bookings[0].Exchange.Booking != b.ID {
		t.Errorf("the list has %+v", page.Bookings)
	}
}
