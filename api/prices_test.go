package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
)

// Each part of this price, and each sum of its parts that is not the total, is a number that stands nowhere else.
const (
	tellingFace, tellingFee, tellingTax = 400_013, 50_021, 42_753 // of 9.5 percent, added
	tellingTotal                        = tellingFace + tellingFee + tellingTax
	tellingPrice                        = `{"face":400013,` +
		`"fees":[{"code":"service","name":"Service fee","amount":50021}],` +
		`"taxes":[{"code":"city","name":"City tax","rate":"9.5","included":false}]}`
)

func (h *house) pricedEvent(price, extra string) *answer {
	h.t.Helper()
	body := strings.Replace(eventBody(extra), `"prices":{"standard":4500}`, `"prices":{"standard":`+price+`}`, 1)
	return h.do("POST", "/v1/events", operator, body)
}

func TestPricesOfComponents(t *testing.T) {
	h := open(t, nil)
	made := h.pricedEvent(tellingPrice, "").want(201, "")
	var event wire.Event
	made.into(&event)
	p, some := event.PriceComponents["standard"]
	if event.Prices["standard"] != tellingTotal || !some || p.Total != tellingTotal || p.Face != tellingFace ||
		p.Fees[0].Amount != tellingFee || p.Taxes[0].Amount != tellingTax || p.Taxes[0].Rate != "9.5" {
		t.Fatalf("%s", made.body)
	}
	h.do("POST", "/v1/events/"+event.ID+"/sale", operator, `{"state":"open"}`).want(200, "")
	held := h.do("POST", "/v1/events/"+event.ID+"/bookings", alice, `{"seats":["A-1-1","A-1-2"]}`).want(201, "")
	b := held.booking()
	if b.Total.Amount != 2*tellingTotal || b.Price == nil || b.Price.Total != b.Total.Amount ||
		b.Price.Face != 2*tellingFace || b.Price.Fees[0].Amount != 2*tellingFee ||
		b.Price.Taxes[0].Amount != 2*tellingTax || b.Price.Taxes[0].Name != "City tax" {
		t.Fatalf("%s", held.body)
	}
	back, err := json.Marshal(p) // what was told may be sent back
	if err != nil {
		t.Fatal(err)
	}
	h.pricedEvent(string(back), "").want(201, "")
	plain := h.pricedEvent(`{"face":4500}`, "").want(201, "")
	if strings.Contains(string(plain.body), "price_components") {
		t.Errorf("a face alone has components: %s", plain.body)
	}
}

// Kind: a price that is taken for another one, or of which the caller does not hear what is wrong.
func TestBadPricesNameTheirPlace(t *testing.T) {
	h := open(t, nil)
	for _, c := range []struct{ price, field, says string }{
		{`{}`, "prices.standard.face", "is missing"},
		{`{"face":null}`, "prices.standard.face", "null"},
		{`{"face":-1}`, "prices.standard.face", "must be from 0"},
		{`{"face":40.5}`, "prices.standard.face", "wrong type"},
		{`"4500"`, "prices.standard", "must be a whole number"},
		{`[4500]`, "prices.standard", "must be a whole number"},
		{`true`, "prices.standard", "must be a whole number"},
		{`{"face":1,"fee":2}`, "prices.standard.fee", "not a known field"},
		{`{"face":1,"face":2}`, "prices.standard.face", "twice"},
		{`{"face":1,"fees":[{"code":"a"}]}`, "prices.standard.fees.0.amount", "is missing"},
		{`{"face":1,"fees":[{"amount":1}]}`, "prices.standard.fees.0.code", "is missing"},
		{`{"face":1,"fees":[{"code":"A b","amount":1}]}`, "prices.standard.fees.0.code", "a-z"},
		{`{"face":1,"fees":[{"code":"a","amount":-1}]}`, "prices.standard.fees.0.amount", "must be from 0"},
		{`{"face":1,"fees":[{"code":"a","amount":9223372036854775807}]}`,
			"prices.standard.fees.0.amount", "must be from 0"},
		{`{"face":1,"fees":[{"code":"a","amount":1,"name":"a\u200bb"}]}`, "prices.standard.fees.0.name", ""},
		{`{"face":1,"fees":[{"code":"a","amount":1},{"code":"a","amount":1}]}`, "prices", "twice"},
		{`{"face":1000000000000,"fees":[{"code":"a","amount":1}]}`, "prices", "comes to more"},
		{`{"face":1,"taxes":[{"code":"vat","rate":"19"}]}`, "prices.standard.taxes.0.included", "is missing"},
		{`{"face":1,"taxes":[{"code":"vat","included":true}]}`, "prices.standard.taxes.0.rate", "is missing"},
		{`{"face":1,"taxes":[{"code":"vat","rate":19,"included":true}]}`, "prices.standard.taxes.0.rate", "wrong type"},
		{`{"face":1,"taxes":[{"code":"vat","rate":"19%","included":true}]}`,
			"prices.standard.taxes.0.rate", "percentage"},
		{`{"face":9000,"taxes":[{"code":"vat","rate":"19","amount":0,"included":true}]}`,
			"prices.standard.taxes.0.amount", "1437"},
		{`{"face":9000,"total":8999}`, "prices.standard.total", "9000"},
	} {
		a := h.pricedEvent(c.price, "")
		if a.status != 400 && a.status != 422 || a.problem.Field != c.field ||
			!strings.Contains(string(a.body), c.says) {
			t.Errorf("%s: %d %s, want %s: %s", c.price, a.status, a.body, c.field, c.says)
		}
	}
}

// shown walks a document for money. A number that is a part of the price, or a sum of parts that is not a total, may
// stand only in an object that says the total too; how many seats the total is of follows from it.
func shown(t *testing.T, surface string, doc any) (totals int) {
	t.Helper()
	switch v := doc.(type) {
	case map[string]any:
		if total, some := v["total"].(float64); some && v["face"] != nil {
			seats := total / tellingTotal
			if seats != float64(int(seats)) || v["face"] != seats*tellingFace {
				t.Errorf("%s: components of %v", surface, v)
			}
			return 1
		}
		for name, member := range v {
			totals += shown(t, surface+"."+name, member)
		}
	case []any:
		for _, member := range v {
			totals += shown(t, surface, member)
		}
	case float64:
		for seats := range 9 {
			n := float64(seats + 1)
			switch v {
			case n * tellingTotal:
				totals++
			case n * tellingFace, n * tellingFee, n * tellingTax, n * (tellingFace + tellingFee),
				n * (tellingTotal - tellingFee):
				t.Errorf("%s shows %v, which is no total", surface, v)
			}
		}
	}
	return totals
}

// showsTotal walks an answer that shows money.
func showsTotal(t *testing.T, surface string, a *answer) *answer {
	t.Helper()
	var doc any
	a.into(&doc)
	if shown(t, surface, doc) == 0 {
		t.Errorf("%s shows no total: %s", surface, a.body)
	}
	return a
}

// Kind: a surface that shows a face value where people read what they will pay. Every place of openapi.json that holds
// money is in this walk, and a place that is added has to be added here.
func TestEverySurfaceShowsTheTotal(t *testing.T) {
	h := open(t, nil)
	made := h.pricedEvent(tellingPrice, "").want(201, "")
	var event wire.Event
	made.into(&event)
	path := "/v1/events/" + event.ID
	see := func(surface string, a *answer) *answer {
		t.Helper()
		return showsTotal(t, surface, a)
	}
	see("event made", made)
	see("sale", h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, ""))
	see("event", h.do("GET", path, nobody, "").want(200, ""))
	see("list", h.do("GET", "/v1/events", nobody, "").want(200, ""))
	see("search", h.do("GET", "/v1/events?q=night&limit=1", nobody, "").want(200, ""))
	b := see("best", h.do("POST", path+"/bookings", alice, `{"best_available":{"quantity":3}}`).want(201, "")).booking()
	at := "/v1/bookings/" + b.ID
	see("booking", h.do("GET", at, alice, "").want(200, ""))
	see("extended", h.do("POST", at+"/extend", alice, "").want(200, ""))
	see("confirmed", h.do("POST", at+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, ""))
	see("money", h.do("GET", at+"/payments", operator, "").want(200, ""))
	see("my bookings", h.do("GET", "/v1/me/bookings", alice, "").want(200, ""))
	see("the desk", h.do("GET", path+"/bookings", operator, "").want(200, ""))
	see("one buyer's", h.do("GET", "/v1/bookings?buyer=alice", operator, "").want(200, ""))
	see("edited", h.do("PATCH", path, operator, `{"version":1,"reason":"r","name":"Night"}`).want(200, ""))
	see("tickets", h.do("GET", at+"/tickets", alice, "").want(200, ""))
	see("refunded", h.do("POST", at+"/refund", operator, "").want(200, ""))
	again := h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").booking()
	see("released", h.do("DELETE", "/v1/bookings/"+again.ID, alice, "").want(200, ""))
	see("closed", h.do("POST", path+"/sale", operator, `{"state":"closed"}`).want(200, ""))
	see("deleted", h.do("DELETE", path, operator, "").want(200, ""))
}

// Money on its way back is told in the same totals: what is open, what a buyer gives back of an event that is put off,
// and how far a cancelled event's refunds have come.
func TestEverySurfaceOfMoneyOnItsWayBackShowsTheTotal(t *testing.T) {
	h := open(t, nil)
	var event wire.Event
	h.pricedEvent(tellingPrice, "").want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")
	buy := func(seats, token string) string {
		t.Helper()
		at := "/v1/bookings/" + h.do("POST", path+"/bookings", alice, `{"seats":`+seats+`}`).want(201, "").booking().ID
		showsTotal(t, "confirmed", h.do("POST", at+"/confirm", alice, `{"payment_token":"`+token+`"}`).want(200, ""))
		return at
	}
	slow, given, kept := buy(`["A-1-1"]`, "tok_refund_pending"), buy(`["A-1-2"]`, "tok_ok"), buy(`["A-1-3"]`, "tok_ok")
	showsTotal(t, "refund on its way", h.do("POST", slow+"/refund", operator, "").want(200, ""))
	showsTotal(t, "open payments", h.do("GET", path+"/payments?state=refund_pending", operator, "").want(200, ""))
	showsTotal(t, "asked again", h.do("POST", slow+"/payments/retry", operator, "").want(200, ""))
	for _, silent := range []string{"/seatmap", "/availability"} { // without prices, or with totals
		var doc any
		h.do("GET", path+silent, nobody, "").want(200, "").into(&doc)
		shown(t, silent, doc)
	}
	shown(t, "live map", h.firstFrame(path+"/availability/stream"))
	showsTotal(t, "postponed", h.do("POST", path+"/postpone", operator.with("Idempotency-Key", "p"),
		`{"reason":"storm","keep_until":"2099-01-01T00:00:00Z"}`).want(200, ""))
	showsTotal(t, "given back", h.do("POST", given+"/refund", alice, ""))
	showsTotal(t, "kept", h.do("GET", kept, alice, "").want(200, ""))
	showsTotal(
		t, "cancelling",
		h.do("POST", path+"/cancel", operator.with("Idempotency-Key", "c"), `{"reason":"storm"}`).
			want(202, ""),
	)
	showsTotal(t, "cancelled", h.do("GET", path+"/cancel", operator, "").want(200, ""))
	showsTotal(t, "of a cancelled event", h.do("GET", kept, alice, "").want(200, ""))
}

// firstFrame is the first of a stream's data.
func (h *house) firstFrame(path string) (doc any) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	response, err := h.client.Do(h.request("GET", path, nobody, "").WithContext(ctx))
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			if err := json.Unmarshal([]byte(data), &doc); err != nil {
				h.t.Fatal(err)
			}
			return doc
		}
	}
	h.t.Fatalf("%s has no data: %v", path, lines.Err())
	return nil
}

// The waiting room's answers and its stream are of the same total, wherever the room shows prices.
func TestEverySurfaceOfAWaitingRoomShowsTheTotal(t *testing.T) {
	h, _, _ := withDoors(t, roomBody)
	var event wire.Event
	h.pricedEvent(tellingPrice, roomBody).want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")
	joined := h.do("POST", path+"/queue", alice, "").want(201, "")
	mine := nobody.with("Queue-Place", joined.place().Place)
	for surface, a := range map[string]*answer{
		"joined": joined, "place": h.do("GET", path+"/queue", mine, "").want(200, ""),
		"room": h.do("GET", path+"/queue", nobody, "").want(200, ""),
	} {
		var doc any
		if a.into(&doc); shown(t, surface, doc) == 0 && surface != "joined" {
			t.Errorf("%s shows no total: %s", surface, a.body)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of a stream that never shows one
	defer cancel()
	response, err := h.client.Do(h.request("GET", path+"/queue/stream", nobody, "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		var doc any
		if !is {
			continue
		}
		if err := json.Unmarshal([]byte(data), &doc); err != nil {
			t.Fatal(err)
		}
		if shown(t, "stream", doc) > 0 {
			return
		}
	}
	t.Error("the stream shows no total")
}

// moneyPlaces are the schemas of answers that hold money. Each is met in a walk above, but for what goes back of a
// booking or an event, and what was tried to be charged: no prices.
var moneyPlaces = []string{
	"Booking.price", "Booking.total", "BookingRefund.amount", "Event.price_components", "Event.prices",
	"Exchange.credit", "Exchange.difference", "Fee.amount",
	"ListedBooking.price", "ListedBooking.total", "ListedEvent.prices",
	"Money.amount", "OpenPayment.attempts", "OpenPayment.refunds", "OpenPayment.total",
	"Price.face", "Price.fees", "Price.taxes", "Price.total", "Queue.price_range",
	"QueuePlace.price_range", "Refunds.amount", "SeatType.amount", "SignedTicket.price", "SignedTicket.total",
	"Tax.amount", "TicketType.price", "TicketType.total",
}

func TestNoSurfaceWithMoneyIsForgotten(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(openapiJSON, &doc); err != nil {
		t.Fatal(err)
	}
	var found []string
	for name, schema := range doc.Components.Schemas {
		if strings.HasPrefix(name, "New") || name == "CreateEvent" || name == "EditEvent" || name == "Refund" {
			continue // of requests
		}
		for member, about := range schema.Properties {
			if member == "feeds" { // which are no fees
				continue
			}
			text := fmt.Sprint(member, about)
			for _, word := range []string{"price", "amount", "fee", "tax", "face", "Money", "minor units", "charge"} {
				if strings.Contains(member, word) || strings.Contains(text, "schemas/Money") ||
					strings.Contains(text, "schemas/Price") || strings.Contains(text, "minor units") ||
					member == "total" && strings.Contains(text, "charged") {
					found = append(found, name+"."+member)
					break
				}
			}
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, moneyPlaces) {
		t.Errorf("places that hold money:\n%v\nthe walk knows:\n%v", found, moneyPlaces)
	}
}
