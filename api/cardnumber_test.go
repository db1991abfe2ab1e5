package api

import (
	"strings"
	"testing"

	"holdfast/api/card"
	"holdfast/api/wire"
)

// Numbers that processors publish for tests.
var testCards = []string{"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111",
	"378282246310005", "5555555555554444",
	"6011111111111117", "30569309025904", "3530111333300000", "4222222222222", "6304000000000000000"}

// P12: wherever a card number is put, it is refused at the door, and neither the answer nor the logs repeat it.
func TestP12CardDataIsRefusedEverywhere(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	booking := "/v1/bookings/" + h.do("POST", event+"/bookings", alice,
		`{"seats":["A-1-9"]}`).want(201, "").booking().ID
	escaped := `\u0034111 1111\u00201111 1111`
	for _, card := range append(testCards, escaped) {
		shots := []struct {
			method, path string
			who          headers
			body         string
		}{
			{"POST", booking + "/confirm", alice, `{"payment_token":"` + card + `"}`},
			{"POST", booking + "/confirm", alice, `{"payment_token":"tok_ok","pan":"` + card + `"}`},
			{"POST", event + "/bookings", alice, `{"seats":["` + card + `"]}`},
			{"POST", event + "/bookings", alice, `{"seats":["A-1-1"], "` + card + `":1}`},
			{"POST", event + "/seats/block", operator, `{"seats":["` + card + `"]}`},
			{"POST", "/v1/events", operator, strings.Replace(eventBody(""), "Night One", card, 1)},
			{"POST", "/v1/events", operator, strings.Replace(eventBody(""), "Night One", "pay to "+card, 1)},
			{"GET", "/v1/events?q=" + strings.ReplaceAll(card, " ", "+"), nobody, ""},
			{"POST", event + "/bookings", headers{"X-Buyer": card}, `{"seats":["A-1-1"]}`},
			{"POST", event + "/bookings", alice.with("Idempotency-Key", card), `{"seats":["A-1-1"]}`},
		}
		for i, shot := range shots {
			if card == escaped && i > 6 {
				continue // only JSON has this spelling
			}
			a := h.do(shot.method, shot.path, shot.who, shot.body)
			if a.status != 400 || a.problem.Code != "card_data_refused" || strings.Contains(string(a.body), "1111") {
				t.Errorf("%q at %d: %d %s", card, i, a.status, a.body)
			}
		}
		if logged := h.logs.String(); strings.Contains(logged, card) {
			t.Fatalf("logged: %s", logged)
		}
	}
	h.do("POST", booking+"/confirm", alice, `{"payment_token":4111111111111111}`).want(400, "card_data_refused")
	// A number glued to letters is no seat's name, but in a payment token it is still a card.
	h.do("POST", booking+"/confirm", alice, `{"payment_token":"card4111111111111111x"}`).want(400, "card_data_refused")
}

// The answer says where, in every door, so that an operator with a long plan can mend it; it never repeats the number.
func TestCardRefusalsNameThePlace(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	booking := "/v1/bookings/" + h.do("POST", event+"/bookings", alice,
		`{"seats":["A-1-9"]}`).want(201, "").booking().ID
	card := "4111111111111111"
	for _, shot := range []struct {
		method, path string
		who          headers
		body, place  string
	}{
		{"POST", booking + "/confirm", alice, `{"payment_token":"` + card + `"}`, "/payment_token"},
		{"POST", booking + "/confirm", alice, `{"payment_token":"x` + card + `"}`, "payment_token"},
		{"POST", event + "/bookings", alice, `{"seats":["A-1-1","` + card + `"]}`, "/seats/1"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":1,"section":"` + card + `"}}`,
			"/best_available/section"},
		{"POST", event + "/bookings", alice, `{"best_available":{"quantity":1,"category":"` + card + `"}}`,
			"/best_available/category"},
		{"POST", event + "/bookings", alice, `{"` + card + `":1}`, "body"},
		{"POST", event + "/bookings", alice, card, "body"},
		{"POST", event + "/bookings", alice, `{"seats":[[` + card, "/seats/0/0"},
		{"POST", "/v1/events", operator, strings.Replace(eventBody(""), `"id":"B"`, `"id":"B","name":"`+card+`"`, 1),
			"/plan/sections/1/name"},
		{"GET", "/v1/events?q=" + card, nobody, "", "q"},
		{"GET", "/v1/events?" + card + "=1", nobody, "", "query"},
		{"POST", event + "/bookings", headers{"X-Buyer": card}, `{"seats":["A-1-1"]}`, "X-Buyer"},
		{"POST", event + "/bookings", alice.with("Idempotency-Key", card), `{"seats":["A-1-1"]}`, "Idempotency-Key"},
	} {
		a := h.do(shot.method, shot.path, shot.who, shot.body).want(400, "card_data_refused")
		if a.problem.Field != shot.place || strings.Contains(string(a.body), "1111") {
			t.Errorf("%s %s: %s, want %q", shot.path, shot.body, a.body, shot.place)
		}
	}
}

// A hall may number its seats with 16 digits. Such seats are imported, booked and blocked; the same digits that are no
// seat are a card's.
func TestSeatsWithLongNumbersAreSold(t *testing.T) {
	h := open(t, nil)
	ids := []string{"4000000000000002", "4000000000000010", "4000000000000011", "4000000000000012", "4000000000000013"}
	if !card.InText([]byte(ids[0])) || !card.InText([]byte(ids[1])) {
		t.Fatal("this test wants ids that look like cards")
	}
	plan := `{"sections":[{"id":"A","rows":[{"label":"1","seats":5,"ids":["` + strings.Join(ids, `","`) + `"]}]}]}`
	var event wire.Event
	h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), smallPlan, plan, 1)).want(201, "").into(&event)
	path := "/v1/events/" + event.ID
	h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")
	h.do("POST", path+"/bookings", alice, `{"seats":["`+ids[0]+`"]}`).want(201, "")
	h.do("POST", path+"/bookings", bob, `{"seats":["`+ids[0]+`"]}`).want(409, "seat_taken")
	h.do("POST", path+"/seats/block", operator, `{"seats":["`+ids[1]+`"]}`).want(200, "")
	h.do("POST", path+"/bookings", bob, `{"seats":["4111111111111111"]}`).want(400, "card_data_refused")
	h.do("POST", path+"/seats/block", operator, `{"seats":["4111111111111111"]}`).want(400, "card_data_refused")
	h.do("POST", path+"/bookings", bob, `{"seats":["4000 0000 0000 0002"]}`).want(400, "card_data_refused")
}
