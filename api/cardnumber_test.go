package api

import (
	"strings"
	"testing"

	"holdfast/actors/budget"
)

// Numbers that processors publish for tests.
var testCards = []string{"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "5555555555554444",
	"6011111111111117", "30569309025904", "3530111333300000", "4222222222222", "6304000000000000000"}

func TestP12CardNumbersAreRecognised(t *testing.T) {
	for _, card := range testCards {
		for _, text := range []string{card, "row 12 " + card, "pay:" + card + ".", "tok_" + card} {
			if !cardInText([]byte(text)) {
				t.Errorf("%q not recognised", text)
			}
		}
		if !cardAnywhere([]byte("tok" + card + "x")) {
			t.Errorf("%q hidden in a token not recognised", card)
		}
	}
	for _, innocent := range []string{"4111111111111112", "411111111111", "1732250000123", "1732250000123456789", "A-1-1", "tok_ok",
		"41111111111111111111111", "0000000000000000", "550e8400-e29b-41d4-a716-446655440000", "deadbeef4111111111111111cafe",
		"4111  1111  1111  1111", "12345678-1234-1234", "2030-06-01T19:30:00.000Z"} {
		if cardInText([]byte(innocent)) {
			t.Errorf("%q taken for a card number", innocent)
		}
	}
}

// P12: wherever a card number is put, it is refused at the door, and neither the answer nor the logs repeat it.
func TestP12CardDataIsRefusedEverywhere(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	booking := "/v1/bookings/" + h.do("POST", event+"/bookings", alice, `{"seats":["A-1-9"]}`).want(201, "").booking().ID
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

// Coordinates and ids of a plan are full of digits: only a string that is a card number as a whole is refused there.
func TestPlansMayHoldNumbers(t *testing.T) {
	body := []byte(`{"plan":{"x":0.4111111111111111,"guid":"550e8400-e29b-4111-8111-111111111111","n":4111111111111111}}`)
	if cardInBody(body, true) {
		t.Fatal("a plan was refused for its coordinates")
	}
	if !cardInBody([]byte(`{"plan":{"name":"4111 1111 1111 1111"}}`), true) {
		t.Fatal("a card number as a plan's name passed")
	}
}

func FuzzCardScannersNeverPanic(f *testing.F) {
	f.Add([]byte(`{"a":"4111 1111 1111 1111"}`), true)
	f.Add([]byte(`"\`), false)
	f.Add([]byte(`"\"`), true)
	f.Fuzz(func(t *testing.T, body []byte, plan bool) {
		budget.Reading{PerByte: 16}.Check(t, len(body), func() { cardInBody(body, plan) })
		found := cardInBody(body, plan)
		if found && len(body) < cardDigitsMin {
			t.Fatalf("a card number in %q", body)
		}
	})
}
