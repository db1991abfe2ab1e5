package api

import (
	"fmt"
	"slices"
	"testing"

	"holdfast/api/catalog"
	"holdfast/api/wire"
)

// An event is edited by whoever has seen it as it stands: the answer, the lists and new holds go by the edit, and who
// did it, when and why is told to operators.
func TestEventsAreEdited(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	var event wire.Event
	h.do("GET", path, nobody, "").want(200, "").into(&event)
	held := h.do("POST", path+"/bookings", alice, `{"seats":["A-1-1","A-1-2","A-1-3"]}`).want(201, "").booking()
	body := func(version uint64, members string) string {
		return fmt.Sprintf(`{"version":%d,"reason":"a typo",%s}`, version, members)
	}
	keyed := operator.with("Idempotency-Key", "edit-1")
	first := body(
		event.Version,
		`"name":"Night Two","max_seats_per_buyer":2,"max_seats_per_booking":2,"hold_ttl_seconds":60,
		"starts_at":"2030-06-02T19:30:00Z","refuse_orphans":true`,
	)
	var edited wire.Event
	h.do("PATCH", path, keyed, first).want(200, "").into(&edited)
	if edited.Name != "Night Two" || edited.Version != event.Version+1 || edited.SeatsPerBuyerMax != 2 ||
		edited.HoldTTLSeconds != 60 || !edited.RefuseOrphans || edited.Sale != "open" ||
		edited.StartsAt.String() != "2030-06-02T19:30:00.000Z" ||
		edited.SaleEndsAt.String() != edited.StartsAt.String() {
		t.Errorf("edited: %+v", edited)
	}
	var again wire.Event
	if h.do("PATCH", path, keyed, first).want(200, "").into(&again); again.Version != edited.Version {
		t.Errorf("P5: the repeat makes version %d", again.Version)
	}
	h.do("PATCH", path, keyed, body(edited.Version, `"name":"Three"`)).want(422, "idempotency_mismatch")
	if a := h.do("PATCH", path, operator, body(event.Version, `"name":"Three"`)).want(409, "version_mismatch"); a.problem.
		Detail != fmt.Sprintf(
		"the event is at version %d", edited.Version,
	) {
		t.Errorf("the problem says %q", a.problem.Detail)
	}
	h.do("POST", path+"/bookings", bob, `{"seats":["A-2-1","A-2-2","A-2-3"]}`).want(422, "too_many_seats")
	h.do("POST", path+"/bookings", alice, `{"seats":["A-2-1"]}`).want(422, "too_many_seats")
	if now := h.do("GET", "/v1/bookings/"+held.ID, alice, "").want(200, "").booking(); now.ExpiresAt.Time !=
		held.ExpiresAt.Time || now.State != "held" {
		t.Errorf("what stood: %+v", now)
	}
	var list wire.Events
	if h.do("GET", "/v1/events?q=Night+Two", nobody, "").want(200, "").into(&list); len(list.Events) != 1 {
		t.Errorf("the list has %+v", list.Events)
	}
	var notes catalog.EditNotes
	h.do("GET", path+"/edits", operator, "").want(200, "").into(&notes)
	want := []string{"name", "starts_at", "hold_ttl_seconds", "max_seats_per_booking", "max_seats_per_buyer",
		"refuse_orphans"}
	if len(notes.Edits) != 1 || notes.Edits[0].Reason != "a typo" || !slices.Equal(notes.Edits[0].Fields, want) ||
		notes.Version != edited.Version {
		t.Errorf("notes %+v", notes)
	}
}

// What cannot be edited is refused by its name, and nothing is done.
func TestEditsNameWhatIsWrong(t *testing.T) {
	h := open(t, nil)
	path := h.show("")
	var event wire.Event
	h.do("GET", path, nobody, "").want(200, "").into(&event)
	for _, c := range []struct {
		body, field string
		status      int
		code        string
	}{
		{`{"reason":"r","name":"x"}`, "version", 400, "bad_request"},
		{`{"version":%d,"name":"x"}`, "reason", 400, "bad_request"},
		{`{"version":%d,"reason":"r"}`, "name", 400, "bad_request"},
		{`{"version":%d,"reason":"r","name":" "}`, "name", 400, "bad_request"},
		{`{"version":%d,"reason":"r","name":null}`, "name", 400, "bad_request"},
		{`{"version":%d,"reason":"r","currency":"USD"}`, "currency", 400, "bad_request"},
		{`{"version":%d,"reason":"r","max_seats_per_booking":0}`, "max_seats_per_booking", 422, "invalid"},
		{`{"version":%d,"reason":"r","max_seats_per_buyer":10001}`, "max_seats_per_buyer", 422, "invalid"},
		{`{"version":%d,"reason":"r","hold_ttl_seconds":0}`, "hold_ttl_seconds", 422, "invalid"},
		{`{"version":%d,"reason":"r","hold_ceiling_seconds":60}`, "hold_ceiling_seconds", 422, "invalid"},
	} {
		body := c.body
		if slices.Contains([]byte(body), '%') {
			body = fmt.Sprintf(body, event.Version)
		}
		if a := h.do("PATCH", path, operator, body).want(c.status, c.code); a.problem.Field != c.field {
			t.Errorf("%s: field %q, want %q", body, a.problem.Field, c.field)
		}
	}
	good := fmt.Sprintf(`{"version":%d,"reason":"r","name":"x"}`, event.Version)
	h.do("PATCH", path, alice, good).want(403, "forbidden")
	h.do("GET", path+"/edits", alice, "").want(403, "forbidden")
	h.do("PATCH", "/v1/events/00000000-0000-4000-8000-000000000000", operator, good).want(404, "event_unknown")
	h.do("POST", path+"/cancel", operator, `{"reason":"ill"}`).want(202, "")
	var off wire.Event
	h.do("GET", path, nobody, "").want(200, "").into(&off)
	h.do("PATCH", path, operator, fmt.Sprintf(`{"version":%d,"reason":"r","name":"x"}`, off.Version)).
		want(409, "event_cancelled")
	var now wire.Event
	if h.do("GET", path, nobody, "").want(200, "").into(&now); now.Name != event.Name || now.Version < off.Version {
		t.Errorf("the event stands as %+v", now)
	}
}
