package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
)

const typedPrice = `{"types":[{"type":"adult","price":{"face":4000,"fees":[{"code":"service","amount":500}]}},` +
	`{"type":"child","total":2500}]}`

// Types of tickets go from the event's making to the booking, its tickets and its refund, each seat with its own price;
// what was told may be sent back.
func TestTicketTypesFromTheListToTheDoor(t *testing.T) {
	h := open(t, nil)
	var event wire.Event
	made := h.pricedEvent(typedPrice, "").want(201, "")
	made.into(&event)
	types := event.TicketTypes["standard"]
	if len(types) != 2 || types[0].Total != 4500 || types[0].Price.Face != 4000 || types[1].Total != 2500 ||
		types[1].Price != nil || event.Prices["standard"] != 4500 {
		t.Fatalf("%s", made.body)
	}
	back, err := json.Marshal(map[string]any{"types": types})
	if err != nil {
		t.Fatal(err)
	}
	h.pricedEvent(string(back), "").want(201, "")
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")
	keyed := alice.with("Idempotency-Key", "family")
	body := `{"seats":["A-1-1",{"id":"A-1-2","type":"child"}]}`
	held := h.do("POST", path+"/bookings", keyed, body).want(201, "").booking()
	want := []pricing.SeatType{{Seat: "A-1-1", Type: "adult", Amount: 4500},
		{Seat: "A-1-2", Type: "child", Amount: 2500}}
	if held.Total.Amount != 7000 || fmt.Sprint(held.SeatTypes) != fmt.Sprint(want) || held.Price.Face != 6500 {
		t.Fatalf("%+v", held)
	}
	if again := h.do("POST", path+"/bookings", keyed, body).want(201, "").booking(); again.ID != held.ID {
		t.Errorf("P5: the repeat is %+v", again)
	}
	h.do("POST", path+"/bookings", keyed, strings.Replace(body, "child", "adult", 1)).want(422, "idempotency_mismatch")
	h.do("POST", path+"/bookings", bob, `{"seats":[{"id":"A-2-1","type":"dog"}]}`).want(422, "ticket_type_unknown")
	best := h.do("POST", path+"/bookings", bob,
		`{"best_available":{"quantity":3,"types":{"child":2,"adult":1}}}`).want(201, "").booking()
	if best.Total.Amount != 9500 {
		t.Errorf("%+v", best)
	}
	at := "/v1/bookings/" + held.ID
	h.do("POST", at+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	for _, surface := range []string{at, at + "/tickets", "/v1/me/bookings"} {
		if a := h.do("GET", surface, alice, "").want(200, ""); !strings.Contains(string(a.body), `"child"`) {
			t.Errorf("%s says no type: %s", surface, a.body)
		}
	}
	swap := h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-2"],"seats":[{"id":"A-1-3","type":"dog"}]}`)
	swap.want(422, "ticket_type_unknown")
	swap = h.do("POST", at+"/exchanges", alice, `{"gives":["A-1-2"],"seats":[{"id":"A-1-3","type":"child"}]}`)
	if x := swap.want(201, "").booking(); x.Exchange.Difference.Amount != 0 || x.SeatTypes[0].Type != "child" {
		t.Errorf("a child's seat for a child's: %+v", x)
	}
	given := h.do("POST", at+"/refund", operator, `{"seats":["A-1-2"]}`).want(200, "").booking()
	if given.Refunds[0].Amount.Amount != 2500 || given.Total.Amount != 4500 || len(given.SeatTypes) != 1 {
		t.Errorf("%+v", given)
	}
}

func TestBadTypesNameTheirPlace(t *testing.T) {
	h := open(t, nil)
	many := strings.Repeat(`{"type":"a","total":1},`, 17)
	for _, c := range []struct{ price, field, says string }{
		{`{"types":[]}`, "prices.standard.types", "from 1 to 16"},
		{`{"types":null}`, "prices.standard.types", "null"},
		{`{"types":[` + many[:len(many)-1] + `]}`, "prices.standard.types", "from 1 to 16"},
		{`{"types":[{"total":1}]}`, "prices.standard.types.0.type", "is missing"},
		{`{"types":[{"type":"a"}]}`, "prices.standard.types.0.price", "is missing"},
		{`{"types":[{"type":" ","total":1}]}`, "prices.standard.types.0.type", "is empty"},
		{`{"types":[{"type":"` + strings.Repeat("a", 65) + `","total":1}]}`, "prices.standard.types.0.type", "64"},
		{`{"types":[{"type":"a","total":1},{"type":"a","total":2}]}`, "prices.standard.types.1.type", "twice"},
		{`{"face":1,"types":[{"type":"a","total":1}]}`, "prices.standard.types", "combined"},
		{`{"types":[{"type":"a","price":{"face":-1}}]}`, "prices.standard.types.0.price.face", "must be from 0"},
		{`{"types":[{"type":"a","total":2,"price":1}]}`, "prices.standard.types.0.total", "comes to"},
		{`{"types":[{"type":"a","price":{"types":[]}}]}`, "prices.standard.types.0.price.types", "not a known field"},
	} {
		a := h.pricedEvent(c.price, "")
		if a.status != 400 && a.status != 422 || a.problem.Field != c.field ||
			!strings.Contains(string(a.body), c.says) {
			t.Errorf("%s: %d %s, want %s: %s", c.price, a.status, a.body, c.field, c.says)
		}
	}
}

// Prices are edited: absent, null and zero are three things; the event's document changes, and with it what caches
// have; the currency stays.
func TestPricesAreEdited(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	held := h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").booking()
	before := h.do("GET", path, nobody, "").want(200, "")
	patch := func(prices string) *answer {
		t.Helper()
		var event wire.Event
		h.do("GET", path, nobody, "").want(200, "").into(&event)
		body := fmt.Sprintf(`{"version":%d,"reason":"r","prices":%s}`, event.Version, prices)
		return h.do("PATCH", path, operator, body)
	}
	patch(`{}`).want(422, "invalid")
	patch(`null`).want(400, "bad_request")
	patch(`{"standard":null}`).want(400, "bad_request")
	patch(`{"balcony":1}`).want(422, "plan_invalid")
	patch(`{"standard":-1}`).want(422, "plan_invalid")
	h.do("PATCH", path, operator, `{"version":1,"reason":"r","currency":"USD"}`).want(400, "bad_request")
	patch(`{"standard":5000}`).want(200, "")
	after := h.do("GET", path, nobody, "").want(200, "")
	if before.header.Get("Etag") == "" || before.header.Get("Etag") == after.header.Get("Etag") {
		t.Errorf("ETag %q, then %q", before.header.Get("Etag"), after.header.Get("Etag"))
	}
	if now := h.do("GET", "/v1/bookings/"+held.ID, alice, "").want(200, "").booking(); now.Total.Amount != 4500 {
		t.Errorf("who held before pays %d", now.Total.Amount)
	}
	next := h.do("POST", path+"/bookings", bob, `{"seats":["A-1-2"]}`).want(201, "").booking()
	if now := next; now.Total.Amount != 5000 {
		t.Errorf("the next one pays %d", now.Total.Amount)
	}
	patch(`{"*":0}`).want(200, "")
	free := h.do("POST", path+"/bookings", bob, `{"seats":["A-1-3"]}`).want(201, "").booking()
	if h.do("POST", "/v1/bookings/"+free.ID+"/confirm", bob, "").want(200, "").booking().State != "confirmed" {
		t.Error("a free seat is not confirmed without a token")
	}
	if a := h.do("GET", path+"/edits", operator, "").want(200, ""); !strings.Contains(string(a.body), `"prices"`) {
		t.Errorf("edits say %s", a.body)
	}
}

// I4: operators give bookings away, with a reason; buyers do not, and are not told by whom.
func TestOperatorsGiveBookingsAway(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	body := `{"seats":["A-1-1"],"buyer":"alice","complimentary":true,"reason":"press"}`
	h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1"],"complimentary":true,"reason":"press"}`).
		want(403, "forbidden")
	h.do("POST", path+"/bookings", operator, `{"seats":["A-1-1"],"complimentary":true}`).want(400, "bad_request")
	keyed := operator.with("Idempotency-Key", "gift")
	gift := h.do("POST", path+"/bookings", keyed, body).want(201, "").booking()
	if gift.Total.Amount != 0 || !gift.Complimentary || gift.ComplimentaryReason != "press" {
		t.Fatalf("%+v", gift)
	}
	h.do("POST", path+"/bookings", keyed, strings.Replace(body, "press", "family", 1)).want(422, "idempotency_mismatch")
	at := "/v1/bookings/" + gift.ID
	mine := h.do("GET", at, alice, "").want(200, "").booking()
	if !mine.Complimentary || mine.ComplimentaryReason != "" || mine.ComplimentaryBy != "" {
		t.Errorf("the buyer is told %+v", mine)
	}
	if h.do("POST", at+"/confirm", alice, "").want(200, "").booking().State != "confirmed" {
		t.Error("it is not confirmed without a token")
	}
	h.do("POST", path+"/bookings", bob, `{"seats":["A-1-2"]}`).want(201, "")
	var list struct {
		Bookings []wire.Booking `json:"bookings"`
	}
	h.do("GET", path+"/bookings?complimentary=true", operator, "").want(200, "").into(&list)
	if len(list.Bookings) != 1 || list.Bookings[0].ID != gift.ID || list.Bookings[0].ComplimentaryReason != "press" {
		t.Errorf("what was given away: %+v", list.Bookings)
	}
	if a := h.do("GET", path+"/bookings?complimentary=false", operator, "").want(200, ""); strings.Contains(
		string(a.body), "complimentary") || !strings.Contains(string(a.body), "A-1-2") {
		t.Errorf("what was not: %s", a.body)
	}
	given := h.do("POST", at+"/refund", operator, "").want(200, "").booking()
	if given.State != "refunded" || given.Refunds[0].Amount.Amount != 0 {
		t.Errorf("%+v", given)
	}
}
