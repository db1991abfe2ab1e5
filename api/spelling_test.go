package api

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"holdfast/api/wire"
)

// One name, two spellings (NFC and NFD): whichever the plan has, a request may have the other, wherever it names
// something.
func TestNamesAreFoundInEitherSpelling(t *testing.T) {
	spell := map[bool]norm.Form{true: norm.NFD, false: norm.NFC}
	for _, planDecomposed := range []bool{true, false} {
		plan, ask := spell[planDecomposed], spell[!planDecomposed]
		h := open(t, nil)
		body := plan.String(`{"name":"Soirée","starts_at":"2030-06-01T19:30:00Z","currency":"EUR",`) +
			ask.String(`"prices":{"Café":4500},"plan":`) +
			plan.String(`{"sections":[{"id":"Café","category":"Café","rows":[{"label":"Ä","seats":["1","2","3","é",`+
				`"5","6","7","8"]}]}]}}`)
		var event wire.Event
		h.do("POST", "/v1/events", operator, body).want(201, "").into(&event)
		path := "/v1/events/" + event.ID
		h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")

		var found wire.Events
		h.do("GET", "/v1/events?q="+strings.ReplaceAll(ask.String("soirée"), " ", "+"), nobody,
			"").want(200, "").into(&found)
		if len(found.Events) != 1 || found.Events[0].Name != plan.String("Soirée") {
			t.Errorf("plan decomposed %v: q found %v", planDecomposed, found.Events)
		}
		booking := h.do("POST", path+"/bookings", alice, ask.String(`{"seats":["Café-Ä-é"]}`)).want(201, "").booking()
		if booking.Seats[0] != plan.String("Café-Ä-é") {
			t.Errorf("the plan's own spelling is not kept: %+q", booking.Seats[0])
		}
		h.do("POST", path+"/bookings", bob, ask.String(`{"best_available":{"quantity":1,"section":"Café",`+
			`"category":"Café"}}`)).want(201, "")
		h.do("POST", path+"/seats/block", operator, ask.String(`{"seats":["Café-Ä-8"]}`)).want(200, "")
		h.do("POST", path+"/bookings", bob,
			`{"seats":["`+plan.String("Café-Ä-é")+`","`+ask.String("Café-Ä-é")+`"]}`).want(422, "duplicate_seat")
	}
}

// Prices are told once a category: two spellings of one are a doubt, and a doubt about money is refused.
func TestPricesInTwoSpellingsAreRefused(t *testing.T) {
	h := open(t, nil)
	body := strings.Replace(eventBody(""), `"standard":4500`, `"standard":4500,"é":1,"`+norm.NFD.String("é")+`":2`, 1)
	got := h.do("POST", "/v1/events", operator, body).want(422, "plan_invalid")
	if !strings.Contains(string(got.body), "twice") {
		t.Fatalf("%s", got.body)
	}
}

// Limits count characters, as openapi.json's maxLength does, not bytes of UTF-8.
func TestLimitsCountCharacters(t *testing.T) {
	h := open(t, nil)
	event := h.show("")
	booking := "/v1/bookings/" + h.do("POST", event+"/bookings", alice,
		`{"seats":["A-1-9"]}`).want(201, "").booking().ID
	thai := func(n int) string { return strings.Repeat("ก", n) }
	create := func(name string) string { return strings.Replace(eventBody(""), "Night One", name, 1) }
	h.do("POST", "/v1/events", operator, create(thai(300))).want(201, "")
	h.do("POST", "/v1/events", operator, create(thai(301))).want(422, "invalid")
	h.do("GET", "/v1/events?q="+thai(200), nobody, "").want(200, "")
	h.do("GET", "/v1/events?q="+thai(201), nobody, "").want(400, "bad_request")
	h.do("POST", booking+"/confirm", alice, `{"payment_token":"`+thai(513)+`"}`).want(400, "bad_request")
	h.do("POST", booking+"/confirm", alice, `{"payment_token":"`+thai(512)+`"}`).want(402, "payment_declined")
}

// What a name may hold is one rule (venue.CheckName), at this door as at an import.
func TestNamesThatHideSomethingAreRefusedAtTheDoor(t *testing.T) {
	h := open(t, nil)
	for _, name := range []string{`Night\u0000`, `Night\u001b[31m`, `Night\u202e`, `A\u200bB`, `A\ufe0f`} {
		h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), "Night One", name, 1)).want(422, "invalid")
	}
	for _, name := range []string{`ردیف\u200cهای`, "Family 👨\u200d👩\u200d👧", `Steh\u00adplatz`} {
		h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), "Night One", name, 1)).want(201, "")
	}
}

// Some editors and clients put a byte order mark before UTF-8: every body is read behind one, and is the same request
// as without.
func TestBodiesBehindAByteOrderMarkAreRead(t *testing.T) {
	h := open(t, nil)
	const mark = "\xef\xbb\xbf"
	h.do("POST", "/v1/events", operator, mark+eventBody("")).want(201, "")
	h.do("POST", "/v1/events", operator, strings.Replace(eventBody(""), smallPlan, mark+smallPlan,
		1)).want(400, "bad_request")
	event := h.show("")
	first := h.do("POST", event+"/bookings", alice.with("Idempotency-Key", "k"),
		mark+`{"seats":["A-1-1"]}`).want(201, "").booking()
	again := h.do("POST", event+"/bookings", alice.with("Idempotency-Key", "k"),
		`{"seats":["A-1-1"]}`).want(201, "").booking()
	if first.ID != again.ID {
		t.Errorf("two bookings: %s, %s", first.ID, again.ID)
	}
	h.do("POST", "/v1/bookings/"+first.ID+"/confirm", alice, mark+`{"payment_token":"tok_ok"}`).want(200, "")
}
