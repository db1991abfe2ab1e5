package card

import (
	"testing"

	"holdfast/actors/budget"
)

// Numbers that processors publish for tests.
var cardSamples = []string{"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111",
	"378282246310005", "5555555555554444",
	"6011111111111117", "30569309025904", "3530111333300000", "4222222222222", "6304000000000000000"}

func TestP12CardNumbersAreRecognised(t *testing.T) {
	for _, card := range cardSamples {
		for _, text := range []string{card, "row 12 " + card, "pay:" + card + ".", "tok_" + card} {
			if !InText([]byte(text)) {
				t.Errorf("%q not recognised", text)
			}
		}
		if !Anywhere([]byte("tok" + card + "x")) {
			t.Errorf("%q hidden in a token not recognised", card)
		}
	}
	for _, spaced := range []string{"4111  1111  1111  1111", "4111 -1111- 1111  1111", "3782   822463   10005",
		"4111\u3000\u30001111\u3000\u30001111\u3000\u30001111"} {
		if !InText([]byte(spaced)) {
			t.Errorf("%q not recognised", spaced)
		}
	}
	for _, innocent := range []string{"4111111111111112", "411111111111", "1732250000123",
		"1732250000123456789", "A-1-1", "tok_ok",
		"41111111111111111111111", "0000000000000000", "550e8400-e29b-41d4-a716-446655440000",
		"deadbeef4111111111111111cafe",
		"4111    1111    1111    1111", "4111--1111--1111--1111", "12345678-1234-1234", "2030-06-01T19:30:00.000Z"} {
		if InText([]byte(innocent)) {
			t.Errorf("%q taken for a card number", innocent)
		}
	}
}

// Coordinates and ids of a plan are full of digits; its words are searched like any text.
func TestPlansMayHoldNumbers(t *testing.T) {
	for _, innocent := range []string{
		`{"plan":{"x":0.4111111111111111,"guid":"550e8400-e29b-4111-8111-111111111111","n":4111111111111111}}`,
		`{"prices":{"4000000000000001":1,"4000000000000002":1},"plan":{"categories":["4000000000000001",` +
			`"4000000000000002"]}}`,
		`{"plan":{"seats":[{"id":"4000000000000001"},{"id":"4000000000000002"},{"id":"seat-4000000000000011"}]}}`,
	} {
		if found := InBody([]byte(innocent), true); found != (Places{}) {
			t.Errorf("%s refused for %+v", innocent, found)
		}
	}
	for body, place := range map[string]string{
		`{"plan":{"name":"4111 1111 1111 1111"}}`:                                  "/plan/name",
		`{"plan":{"name":"pay 4111111111111111"}}`:                                 "/plan/name",
		`{"plan":{"name":4111111111111111}}`:                                       "/plan/name",
		`{"plan":{"zones":[{"rows":[{"seats":[{"id":"4111 1111 1111 1111"}]}]}]}}`: "/plan/zones/0/rows/0/seats/0/id",
		`{"plan":{"a":[{"guid":"g1"},{"guid":"4111111111111111"}]}}`:               "/plan/a/1/guid",
		`{"plan":{"a":[{"id":"4111111111111111"},{"id":"5555555555554444"}]}}`:     "/plan/a/0/id",
		`{"plan":{"4111 1111 1111 1111":1}}`:                                       "/plan",
		`{"name":"4111111111111111","plan":{}}`:                                    "/name",
		`{"name":"\u0034111111111111111"}`:                                         "/name",
		`{"prices":{"4111111111111111":1}}`:                                        "/prices",
		`{"plan":{"name":"4111111111111111"`:                                       "/plan/name",
		`{"plan":{"name"} "4111111111111111"`:                                      "body",
	} {
		if found := InBody([]byte(body), true); found.Place != place {
			t.Errorf("%s: found at %q, want %q", body, found.Place, place)
		}
	}
}

// anyInBody says whether anything in a body is refused, or in doubt.
func anyInBody(body []byte, plan bool) bool { return InBody(body, plan) != Places{} }

func FuzzCardScannersNeverPanic(f *testing.F) {
	f.Add([]byte(`{"a":"4111 1111 1111 1111"}`), true)
	f.Add([]byte(`{"plan":{"a":["4111111111111111"]}}`), true)
	f.Add([]byte("\"４１１１\\u00201111"), false)
	f.Add([]byte(`"\`), false)
	f.Add([]byte(`"\"`), true)
	f.Fuzz(func(t *testing.T, body []byte, plan bool) {
		budget.Reading{PerByte: 16}.Check(t, len(body), func() { anyInBody(body, plan) })
		found := anyInBody(body, plan)
		if found && len(body) < DigitsMin {
			t.Fatalf("a card number in %q", body)
		}
		if found && !mayHold(body, plan) {
			t.Fatalf("the quick look missed what is in %q", body)
		}
	})
}
