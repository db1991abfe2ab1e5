package api

import (
	"strings"
	"testing"

	"holdfast/api/wire"
	"holdfast/api/wire/ticketing"
)

// TestTicketsGoToSomebodyElse: offered, seen by the link alone, accepted once, gone on; each side sees its part, the
// old codes are dead at the door and on the list, and nobody has a code that is not theirs.
func TestTicketsGoToSomebodyElse(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	var b wire.Booking
	h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1","A-1-2","B-1-1"]}`).want(201, "").into(&b)
	at := "/v1/bookings/" + b.ID
	h.do("POST", at+"/transfers", alice, "").want(409, "not_confirmed")
	h.do("POST", at+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "").into(&b)
	var before ticketing.Tickets
	h.do("GET", at+"/tickets", alice, "").want(200, "").into(&before)

	offerIsJudged(h, at)
	keyed := alice.with("Idempotency-Key", "offer-one")
	var offer, again, seen ticketing.Transfer
	h.do("POST", at+"/transfers", keyed, `{"seats":["A-1-1"]}`).want(201, "").into(&offer)
	h.do("POST", at+"/transfers", keyed, `{"seats":["A-1-1"]}`).want(201, "").into(&again)
	h.do("POST", at+"/transfers", keyed, `{"seats":["A-1-2"]}`).want(422, "idempotency_mismatch")
	if offer.Token == "" || offer.Token != again.Token || offer.ID != again.ID || offer.Side != "sent" ||
		offer.State != "offered" || len(offer.Tickets) != 1 || offer.Tickets[0].Seat != "A-1-1" {
		t.Fatalf("the offer: %+v, its repeat: %+v", offer, again)
	}
	h.do("POST", at+"/transfers", alice, `{"seats":["A-1-1"]}`).want(409, "transfer_pending")
	link := "/v1/transfers/" + offer.Token
	if a := h.do("GET", link, nobody, "").want(200, ""); a.header.Get("Cache-Control") != "no-store" ||
		strings.Contains(string(a.body), b.ID+`","event"`) || strings.Contains(string(a.body), "token") {
		t.Errorf("the link shows %s", a.body)
	}
	h.do("POST", link+"/accept", nobody, "").want(401, "unauthorized")
	h.do("POST", link+"/accept", alice, "").want(409, "transfer_own")
	h.do("POST", link+"/accept", operator, "").want(403, "forbidden")
	h.do("POST", "/v1/transfers/"+offer.ID+"/accept", bob, "").want(404, "transfer_unknown")
	for range 2 { // P5
		h.do("POST", link+"/accept", bob.with("Idempotency-Key", "take"), "").want(200, "").into(&seen)
		h.do("POST", link+"/accept", bob, "").want(200, "")
	}
	if seen.State != "accepted" || seen.Side != "received" || seen.Booking != b.ID || seen.Token != "" {
		t.Errorf("who accepts is told %+v", seen)
	}
	h.do("POST", link+"/accept", headers{"X-Buyer": "carol"}, "").want(409, "transfer_accepted")
	h.do("DELETE", link, alice, "").want(409, "transfer_accepted")
	bothSides(h, path, at, &b, &before)
	goesOn(h, at)
	withdrawn(h, at)
}

// offerIsJudged asks for what cannot be offered.
func offerIsJudged(h *house, at string) {
	h.t.Helper()
	h.do("POST", at+"/transfers", bob, "").want(404, "booking_unknown")
	h.do("POST", at+"/transfers", operator, "").want(403, "forbidden")
	h.do("POST", at+"/transfers", alice, `{"seats":["A-9-9"]}`).want(404, "ticket_unknown")
	h.do("POST", at+"/transfers", alice, `{"seats":[]}`).want(400, "bad_request")
	h.do("POST", at+"/transfers", alice, `{"seat":"A-1-1"}`).want(400, "bad_request")
	h.do("GET", at+"/transfers", bob, "").want(404, "booking_unknown")
	for _, text := range []string{"x", strings.Repeat("t", 75), at[len("/v1/bookings/"):]} {
		h.do("GET", "/v1/transfers/"+text, nobody, "").want(404, "transfer_unknown")
		h.do("DELETE", "/v1/transfers/"+text, alice, "").want(404, "transfer_unknown")
	}
}

// bothSides looks at what is left to who gave a ticket away, and at what the other has.
func bothSides(h *house, path, at string, was *wire.Booking, before *ticketing.Tickets) {
	h.t.Helper()
	var mine, theirs wire.Booking
	h.do("GET", at, alice, "").want(200, "").into(&mine)
	h.do("GET", at, bob, "").want(200, "").into(&theirs)
	if len(mine.Seats) != 3 || len(mine.Tickets) != 2 || mine.Received || mine.Total.Amount != was.Total.Amount ||
		len(mine.Transfers) != 1 || mine.Transfers[0].State != "accepted" || mine.Transfers[0].Side != "sent" {
		h.t.Errorf("who gave sees %+v", mine)
	}
	if len(theirs.Seats) != 1 || len(theirs.Tickets) != 1 || !theirs.Received || theirs.Total.Amount != 0 ||
		len(theirs.Transfers) != 1 || theirs.Transfers[0].Side != "received" ||
		theirs.Tickets[0].Code == was.Tickets[0].Code {
		h.t.Errorf("who received sees %+v", theirs)
	}
	for who, seats := range map[string]int{"alice": 3, "bob": 1} {
		var page struct{ Bookings []wire.Booking }
		h.do("GET", "/v1/me/bookings", headers{"X-Buyer": who}, "").want(200, "").into(&page)
		if len(page.Bookings) != 1 || len(page.Bookings[0].Seats) != seats || len(page.Bookings[0].Transfers) != 1 {
			h.t.Errorf("%s's bookings: %+v", who, page.Bookings)
		}
	}
	var given, got ticketing.Tickets
	h.do("GET", at+"/tickets", alice, "").want(200, "").into(&given)
	h.do("GET", at+"/tickets", bob, "").want(200, "").into(&got)
	if len(given.Tickets) != 3 || given.Tickets[0].State != "transferred" || given.Tickets[0].Code != "" ||
		len(got.Tickets) != 1 || got.Tickets[0].Rotation != 1 || got.Tickets[0].State != "valid" {
		h.t.Fatalf("tickets: %+v and %+v", given.Tickets, got.Tickets)
	}
	h.do("POST", at+"/tickets/reissue", alice, `{"ticket":1}`).want(409, "ticket_transferred")
	h.do("GET", at+"/tickets/qr?ticket=1", alice, "").want(410, "ticket_void")
	h.do("GET", at+"/tickets/qr?ticket=1", bob, "").want(200, "")
	h.do("POST", at+"/transfers", alice, `{"seats":["A-1-1"]}`).want(409, "ticket_transferred")
	old := `{"code":"` + before.Tickets[0].Code + `","scanner":"n"}`
	h.do("POST", "/v1/tickets/scan", operator, old).want(410, "ticket_void")
	var manifest ticketing.Manifest
	h.do("GET", path+"/tickets/manifest", operator, "").want(200, "").into(&manifest)
	for _, one := range manifest.Tickets {
		if (one.ID == before.Tickets[0].ID) != (one.Rotation == 1) {
			h.t.Errorf("the list has %+v", one)
		}
	}
}

// goesOn has the ticket go on, and back to who paid, and through the door.
func goesOn(h *house, at string) {
	h.t.Helper()
	carol := headers{"X-Buyer": "carol"}
	for _, step := range [][2]headers{{bob, carol}, {carol, alice}} {
		var offer ticketing.Transfer
		h.do("POST", at+"/transfers", step[0], `{"seats":["A-1-1"]}`).want(201, "").into(&offer)
		h.do("POST", "/v1/transfers/"+offer.Token+"/accept", step[1], "").want(200, "")
	}
	var passed wire.Booking
	if h.do("GET", at, bob, "").want(200, "").into(&passed); len(passed.Tickets) != 0 || len(passed.Transfers) != 2 {
		h.t.Errorf("who passed a ticket on sees %+v", passed)
	}
	var all ticketing.Tickets
	h.do("GET", at+"/tickets", alice, "").want(200, "").into(&all)
	if all.Tickets[0].State != "valid" || all.Tickets[0].Rotation != 3 {
		h.t.Errorf("the ticket that came back: %+v", all.Tickets[0])
	}
	h.do("POST", "/v1/tickets/scan", operator, `{"code":"`+all.Tickets[0].Code+`","scanner":"n"}`).want(200, "")
	h.do("POST", at+"/transfers", alice, "").want(409, "already_admitted")
}

// withdrawn offers what is left, and takes it back; then nobody may transfer any more.
func withdrawn(h *house, at string) {
	h.t.Helper()
	var offer, back ticketing.Transfer
	h.do("POST", at+"/transfers", alice, `{"seats":["A-1-2","B-1-1"]}`).want(201, "").into(&offer)
	h.do("DELETE", "/v1/transfers/"+offer.ID, headers{"X-Buyer": "dave"}, "").want(404, "booking_unknown")
	h.do("DELETE", "/v1/transfers/"+offer.ID, alice, "").want(200, "").into(&back)
	h.do("DELETE", "/v1/transfers/"+offer.ID, alice, "").want(200, "")
	if back.State != "withdrawn" || back.EndedAt == nil || back.Token != "" {
		h.t.Errorf("withdrawn: %+v", back)
	}
	var all ticketing.Transfers
	if h.do("GET", at+"/transfers", operator, "").want(200, "").into(&all); len(all.Transfers) != 4 {
		h.t.Errorf("an operator sees %+v", all)
	}
	var event struct {
		Version         int  `json:"version"`
		ForbidTransfers bool `json:"forbid_transfers"`
	}
	path := "/v1/events/" + offer.Event
	h.do("POST", at+"/transfers", alice, `{"seats":["A-1-2"]}`).want(201, "").into(&offer)
	h.do("GET", path, operator, "").want(200, "").into(&event)
	h.do("PATCH", path, operator.with("Idempotency-Key", "forbid"), `{"version":`+string(rune('0'+event.Version))+
		`,"reason":"touts","forbid_transfers":true}`).want(200, "").into(&event)
	if !event.ForbidTransfers {
		h.t.Error("the event does not say that it forbids transfers")
	}
	h.do("POST", at+"/transfers", alice, `{"seats":["B-1-1"]}`).want(403, "transfer_forbidden")
	h.do("POST", "/v1/transfers/"+offer.Token+"/accept", bob, "").want(403, "transfer_forbidden")
}
