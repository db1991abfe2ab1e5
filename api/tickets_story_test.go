package api

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"crypto/ed25519"

	"holdfast/actors/ticket"
	"holdfast/api/wire"
	"holdfast/api/wire/ticketing"
)

// TestTicketsFromThePaymentToTheDoor: what a buyer shows, what a scanner is told, and what a stranger with a public key
// can check without asking.
func TestTicketsFromThePaymentToTheDoor(t *testing.T) {
	h := open(t, nil)
	path := h.show(`,"time_zone":"Europe/Berlin"`)
	var b wire.Booking
	h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1","A-1-2","B-1-1"]}`).want(201, "").into(&b)
	at := "/v1/bookings/" + b.ID
	h.do("GET", at+"/tickets", alice, "").want(409, "not_confirmed")
	h.do("POST", at+"/confirm", alice, `{"payment_token":"tok_ok"}`).want(200, "")
	h.do("GET", at+"/tickets", bob, "").want(404, "booking_unknown")
	h.do("GET", at+"/tickets", nobody, "").want(401, "unauthorized")
	var all ticketing.Tickets
	if a := h.do("GET", at+"/tickets", alice, "").want(200, ""); a.header.Get("Cache-Control") != "no-store" {
		t.Error("somebody may keep a code")
	} else if a.into(&all); len(all.Tickets) != 3 || all.EventName != "Night One" || all.TimeZone != "Europe/Berlin" {
		t.Fatalf("%s", a.body)
	}
	first := all.Tickets[0]
	if first.Number != 1 || first.Seat != "A-1-1" || first.State != "valid" || first.Total.Amount != 4500 ||
		len(first.Code) != ticket.TextSize || first.Admission != nil {
		t.Errorf("%+v", first)
	}
	keptFiles(h, at)

	scan := func(who headers, body string) *answer { return h.do("POST", "/v1/tickets/scan", who, body) }
	body := `{"code":"` + first.Code + `","scanner":"north"}`
	keyed := operator.with("Idempotency-Key", "one")
	scan(alice, body).want(403, "forbidden")
	for _, bad := range []string{`{}`, `{"code":"x"}`, `{"scanner":"north"}`, `{"code":"x","scanner":""}`,
		`{"code":"x","scanner":"a\u0007"}`, `{"code":"x","scanner":"` + strings.Repeat("x", 65) + `"}`,
		`{"code":"` + strings.Repeat("x", 513) + `","scanner":"n"}`, `{"code":"x","scanner":"n","at":0}`,
		`{"code":"x","scanner":"n","event":"x"}`, `{"code":"x","scanner":"n","gate":1}`,
		`{"code":null,"scanner":"n"}`} {
		if a := scan(operator, bad).want(400, "bad_request"); a.problem.Field == "" {
			t.Errorf("%s: no field is named: %s", bad, a.body)
		}
	}
	scan(operator, `{"code":"hello","scanner":"north"}`).want(422, "ticket_forged")
	scan(
		operator,
		`{"code":"`+first.Code+`","scanner":"n","event":"`+b.Event[:35]+`0"}`,
	).want(409, "ticket_other_event")
	var in ticketing.Scanned
	for range 2 { // P5
		if scan(keyed, body).want(200, "").into(&in); in.Result != "admitted" || in.Seat != "A-1-1" ||
			in.Admission == nil || in.Scanner != "north" || in.Booking != b.ID {
			t.Errorf("%+v", in)
		}
	}
	scan(keyed, strings.Replace(body, first.Code, all.Tickets[1].Code, 1)).want(422, "idempotency_mismatch")
	var refused struct {
		AdmittedAt time.Time `json:"admitted_at"`
		Scanner    string    `json:"scanner"`
	}
	if scan(operator, body).want(409, "already_admitted").into(&refused); refused.Scanner != "north" ||
		time.Since(refused.AdmittedAt).Abs() > time.Minute {
		t.Errorf("the second scanner is told %+v", refused)
	}

	now := anew(h, at, &all)
	scan(operator, strings.Replace(body, first.Code, all.Tickets[1].Code, 1)).want(410, "ticket_void")
	offline(h, path, now)
}

// anew voids the second ticket's code, and nobody else's.
func anew(h *house, at string, all *ticketing.Tickets) *ticketing.Tickets {
	h.t.Helper()
	var now ticketing.Tickets
	h.do("POST", at+"/tickets/reissue", bob, `{"ticket":2}`).want(404, "booking_unknown")
	h.do("POST", at+"/tickets/reissue", alice, `{"ticket":9}`).want(404, "ticket_unknown")
	h.do("POST", at+"/tickets/reissue", alice, `{}`).want(400, "bad_request")
	h.do("POST", at+"/tickets/reissue", alice, `{"ticket":1}`).want(409, "already_admitted")
	h.do("POST", at+"/tickets/reissue", alice, `{"ticket":2}`).want(200, "").into(&now)
	if now.Tickets[1].Rotation != 1 || now.Tickets[1].Code == all.Tickets[1].Code ||
		now.Tickets[0].State != "admitted" {
		h.t.Errorf("%+v", now.Tickets)
	}
	return &now
}

// keptFiles looks at what a buyer keeps.
func keptFiles(h *house, at string) {
	h.t.Helper()
	for what, want := range map[string]string{
		"/tickets/qr?ticket=1": "<svg", "/tickets/qr?ticket=2&format=png": "\x89PNG",
		"/tickets/pdf": "%PDF-", "/tickets/calendar": "DTSTART;TZID=Europe/Berlin:20300601T213000"} {
		one, two := h.do("GET", at+what, alice, "").want(200, ""), h.do("GET", at+what, alice, "").want(200, "")
		if !bytes.Contains(one.body, []byte(want)) || !bytes.Equal(one.body, two.body) ||
			one.header.Get("Cache-Control") != "no-store" {
			h.t.Errorf("%s: %d bytes, %.60q", what, len(one.body), one.body)
		}
		h.do("GET", at+what, bob, "").want(404, "booking_unknown")
	}
	for what, code := range map[string]string{"/tickets/qr": "bad_request", "/tickets/qr?ticket=0": "bad_request",
		"/tickets/qr?ticket=1&format=gif": "bad_request", "/tickets/qr?ticket=1&size=9": "bad_request",
		"/tickets/pdf?x": "bad_request", "/tickets?page=1": "bad_request"} {
		h.do("GET", at+what, alice, "").want(400, code)
	}
	h.do("GET", at+"/tickets/qr?ticket=4", alice, "").want(404, "ticket_unknown")
}

// offline is a scanner with a list and no network, and what it tells later.
func offline(h *house, path string, now *ticketing.Tickets) {
	h.t.Helper()
	var list ticketing.Manifest
	h.do("GET", path+"/tickets/manifest", alice, "").want(403, "forbidden")
	h.do("GET", path+"/tickets/manifest?limit=0", operator, "").want(400, "bad_request")
	h.do("GET", path+"/tickets/manifest?cursor=x", operator, "").want(400, "bad_request")
	h.do("GET", path+"/tickets/manifest?scanner=x", operator, "").want(400, "bad_request")
	a := h.do("GET", path+"/tickets/manifest", operator, "").want(200, "")
	a.into(&list)
	public := func(number uint16) ed25519.PublicKey {
		for _, key := range list.Keys {
			if raw, err := base64.StdEncoding.DecodeString(key.PublicKey); err == nil && key.Number == number {
				return raw
			}
		}
		return nil
	}
	signature := a.header.Get("Manifest-Signature")
	if err := ticket.CheckManifest(a.body, signature, public); err != nil {
		h.t.Errorf("the list's signature: %v", err)
	}
	if ticket.CheckManifest(append(a.body, ' '), signature, public) == nil {
		h.t.Error("a list that was changed is believed")
	}
	if len(list.Tickets) != 3 || len(list.Sections) != 2 || list.Sections[0].Seq == 0 || list.NextCursor != "" {
		h.t.Fatalf("%s", a.body)
	}
	for i, one := range now.Tickets {
		code, err := ticket.Open(one.Code, public)
		if err != nil || code.ID() != list.Tickets[i].ID || code.Rotation != list.Tickets[i].Rotation {
			h.t.Errorf("ticket %d is not on the list: %v, %+v", i+1, err, list.Tickets[i])
		}
	}
	batch := func(scanner, at string) (out ticketing.BatchAnswer) {
		h.t.Helper()
		h.do("POST", "/v1/tickets/scan/batch", operator.with("Idempotency-Key", scanner+at), `{"scanner":"`+scanner+
			`","scans":[{"code":"`+now.Tickets[2].Code+`","at":"`+at+`"},{"code":"nonsense","at":"`+at+`"}]}`).
			want(200, "").into(&out)
		return out
	}
	if got := batch("west", "2026-01-01T20:00:00+01:00"); got.Results[0].Result != "admitted" ||
		got.Results[1].Result != "forged" {
		h.t.Errorf("%+v", got)
	}
	for _, want := range []string{"conflict", "conflict"} {
		got := batch("east", "2026-01-01T18:59:00Z")
		if one := got.Results[0]; one.Result != want || one.Admission == nil || one.Scanner != "east" ||
			len(one.Conflicts) != 1 || one.Conflicts[0].Scanner != "west" || !one.Offline {
			h.t.Errorf("%+v", got)
		}
	}
	var conflicts ticketing.Manifest
	h.do("GET", path+"/tickets/conflicts?scanner=west", operator, "").want(200, "").into(&conflicts)
	if len(conflicts.Tickets) != 1 || conflicts.Tickets[0].Scanner != "east" {
		h.t.Errorf("the scanner that told first finds %+v", conflicts.Tickets)
	}
	keysAndBadLists(h)
}

// keysAndBadLists is what operators do besides.
func keysAndBadLists(h *house) {
	h.t.Helper()
	for _, bad := range []string{
		`{"scanner":"x","scans":[]}`, `{"scanner":"x"}`, `{"scanner":"x","scans":[{"code":"c"}]}`,
		`{"scanner":"x","scans":[{"at":"2026-01-01T18:59:00Z"}]}`,
		`{"scans":[{"code":"c","at":"2026-01-01T18:59:00Z"}]}`,
	} {
		h.do("POST", "/v1/tickets/scan/batch", operator, bad).want(400, "bad_request")
	}
	var keys ticketing.Keys
	once := operator.with("Idempotency-Key", "rotate")
	for range 2 { // P5
		if h.do("POST", "/v1/tickets/keys/rotate", once, "").want(200, "").into(&keys); len(keys.Keys) != 2 ||
			!keys.Keys[1].Signs {
			h.t.Errorf("%+v", keys)
		}
	}
	h.do("GET", "/v1/tickets/keys", alice, "").want(403, "forbidden")
	h.do("GET", "/v1/tickets/keys", operator, "").want(200, "")
}
