package api

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/actors"
	"holdfast/api/wire"
)

// Kind: a box office that counts as one buyer, and so stops at what one buyer may have.
func TestBoxOfficeSellsBeyondOneBuyersLimit(t *testing.T) {
	h := open(t, nil)
	event := h.show(`,"max_seats_per_booking":4,"max_seats_per_buyer":4`)
	var first wire.Booking
	for i := range 5 { // 20 seats, under keys of their own
		who := operator.with("Idempotency-Key", fmt.Sprintf("counter-%d", i))
		b := h.do("POST", event+"/bookings", who, `{"best_available":{"quantity":4}}`).want(201, "").booking()
		if i == 0 {
			first = b
		}
	}
	again := h.do("POST", event+"/bookings", operator.with("Idempotency-Key", "counter-0"),
		`{"best_available":{"quantity":4}}`).want(201, "").booking()
	if again.ID != first.ID {
		t.Errorf("P5: the repeat is %s, first %s", again.ID, first.ID)
	}
	h.do("POST", event+"/bookings", operator, `{"best_available":{"quantity":5}}`).want(422, "too_many_seats")
	path := "/v1/bookings/" + first.ID
	h.do("GET", path, operator, "").want(200, "")
	h.do("GET", path, alice, "").want(404, "booking_unknown")
	h.do("POST", path+"/extend", operator, "").want(200, "")
	h.do("POST", path+"/confirm", operator, `{"payment_token":"tok_ok"}`).want(200, "")
}

// Kind: one rule for a buyer's name where it is given to the buyer, another where an operator gives it. Lengths are
// characters in both.
func TestBuyersOfABoxOfficeAreJudgedAsBuyers(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	thai := func(n int) string { return strings.Repeat("ก", n) }
	for name, good := range map[string]bool{thai(256): true, thai(257): false, "علی\u200cرضا": true, " ": false,
		"a\u202eb": false, `a\u0000`: false, "a\u200b": false} {
		status, code := 400, "bad_request"
		if good {
			status, code = 404, "seat_unknown"
		}
		h.do("POST", event+"/bookings", operator, `{"seats":["no-such-seat"],"buyer":"`+name+`"}`).want(status, code)
		if name != `a\u0000` && name != " " { // no header can hold them
			h.do("POST", event+"/bookings", headers{"X-Buyer": name}, `{"seats":["no-such-seat"]}`).want(status, code)
		}
	}
}

// Kind: an operator who cannot act for a person. The booking is the buyer's own.
func TestOperatorBooksForABuyer(t *testing.T) {
	h := open(t, nil)
	event := h.show(`,"max_seats_per_buyer":4,"max_seats_per_booking":4`)
	mine := h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1","A-1-2"]}`).want(201, "").booking()
	hers := h.do("POST", event+"/bookings", operator.with("Idempotency-Key", "1"),
		`{"seats":["A-1-3","A-1-4"],"buyer":"alice"}`).want(201, "").booking()
	for _, id := range []string{mine.ID, hers.ID} {
		h.do("GET", "/v1/bookings/"+id, alice, "").want(200, "")
		h.do("GET", "/v1/bookings/"+id, operator, "").want(200, "")
		h.do("GET", "/v1/bookings/"+id, bob, "").want(404, "booking_unknown")
	}
	if full := h.do("POST", event+"/bookings", operator, `{"seats":["A-1-5"],"buyer":"alice"}`).want(422,
		"too_many_seats"); full.problem.Limit != "buyer" {
		t.Errorf("%s", full.body)
	}
	over := h.do("POST", event+"/bookings", operator.with("Idempotency-Key", "2"),
		`{"best_available":{"quantity":2},"buyer":"alice","limits":"ignore"}`).want(201, "").booking()
	// What she got so counts for her own.
	h.do("POST", event+"/bookings", alice, `{"seats":["B-1-1"]}`).want(422, "too_many_seats")
	h.do("POST", "/v1/bookings/"+hers.ID+"/extend", alice, "").want(200, "")
	h.do("POST", "/v1/bookings/"+hers.ID+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	h.do("DELETE", "/v1/bookings/"+over.ID, alice, "").want(200, "")
	h.do("DELETE", "/v1/bookings/"+mine.ID, operator, "").want(200, "")
	h.do("POST", "/v1/bookings/"+hers.ID+"/refund", operator, "").want(200, "")

	// P5: whom it is for is part of what was asked.
	for _, other := range []string{`{"seats":["A-1-3","A-1-4"]}`, `{"seats":["A-1-3","A-1-4"],"buyer":"bob"}`,
		`{"seats":["A-1-3","A-1-4"],"buyer":"alice","limits":"ignore"}`} {
		h.do("POST", event+"/bookings", operator.with("Idempotency-Key", "1"), other).want(422, "idempotency_mismatch")
	}
	// The default, in words.
	h.do("POST", event+"/bookings", operator.with("Idempotency-Key", "1"),
		`{"buyer":"alice","seats":["A-1-3","A-1-4"],"limits":"apply"}`).want(201, "")
}

// Kind: a header that is ignored without a word.
func TestBuyerHeaderIsNeverIgnored(t *testing.T) {
	h := open(t, func(c *Config) {
		c.DevAuth, c.OperatorKey, c.JWTSecret = false, "a long enough operator key",
			[]byte("0123456789abcdef0123456789abcdef")
	})
	alone := h.do("GET", "/v1/bookings/b1", alice, "").want(401, "unauthorized")
	if alone.problem.Field != "X-Buyer" {
		t.Errorf("X-Buyer without dev mode: %s", alone.body)
	}
	beside := h.do("GET", "/v1/bookings/b1", alice.with("Authorization", "Bearer a long enough operator key"),
		"").want(400, "bad_request")
	if beside.problem.Field != "X-Buyer" {
		t.Errorf("X-Buyer beside an operator's key: %s", beside.body)
	}
	h.do("GET", "/v1/bookings/b1", alice.with("Authorization", "Bearer nonsense"), "").want(401, "unauthorized")
}

func TestOperatorsAreOneAsker(t *testing.T) {
	if actors.OperatorBuyer != wire.OperatorHash() {
		t.Error("the engine and the log have two names for all operators")
	}
}
