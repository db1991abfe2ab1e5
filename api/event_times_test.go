package api

import (
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Kind: a venue's clock that is forgotten, or guessed.
func TestVenueTime(t *testing.T) {
	h := open(t, nil)
	for _, row := range []struct{ members, starts, ends, zone string }{
		{`"starts_at":"2030-06-01T19:30:00+02:00"`, "2030-06-01T19:30:00.000+02:00",
			"2030-06-01T19:30:00.000+02:00", ""},
		{`"starts_at":"2030-06-01T19:30:00-03:30"`, "2030-06-01T19:30:00.000-03:30",
			"2030-06-01T19:30:00.000-03:30", ""},
		{`"starts_at":"2030-06-01T19:30:00Z"`, "2030-06-01T19:30:00.000Z", "2030-06-01T19:30:00.000Z", ""},
		{`"starts_at":"2030-06-01T19:30:00Z","time_zone":"America/New_York"`, "2030-06-01T15:30:00.000-04:00",
			"2030-06-01T15:30:00.000-04:00", "America/New_York"},
		{`"starts_at":"2030-06-01T19:30:00-00:00","time_zone":"Asia/Kolkata"`, "2030-06-02T01:00:00.000+05:30",
			"2030-06-02T01:00:00.000+05:30", "Asia/Kolkata"},
		// The clocks change on 27 October: the sale of an open run ends by winter's.
		{`"starts_at":"2030-10-01T20:00:00+02:00","time_zone":"Europe/Berlin",` +
			`"sale_ends_at":"2030-11-01T20:00:00+01:00"`,
			"2030-10-01T20:00:00.000+02:00", "2030-11-01T20:00:00.000+01:00", "Europe/Berlin"},
	} {
		var made, listed wire.Event
		body := strings.Replace(eventBody(""), `"starts_at":"2030-06-01T19:30:00Z"`, row.members, 1)
		created := h.do("POST", "/v1/events", operator, body).want(201, "")
		created.into(&made)
		if made.StartsAt.String() != row.starts || made.SaleEndsAt.String() != row.ends || made.TimeZone != row.zone {
			t.Errorf("%s: %v to %v in %q", row.members, made.StartsAt, made.SaleEndsAt, made.TimeZone)
		}
		h.do("GET", "/v1/events/"+made.ID, nobody, "").want(200, "").into(&listed)
		if listed.StartsAt.String() != row.starts {
			t.Errorf("read as %v", listed.StartsAt)
		}
		h.do("POST", "/v1/events/"+made.ID+"/sale", operator, `{"state":"open"}`).want(200, "")
		held := h.do("POST", "/v1/events/"+made.ID+"/bookings", alice, `{"seats":["A-1-1"]}`).want(201, "").booking()
		id, _ := storage.EventIDFromText([]byte(made.ID))
		event, err := h.server.engine.Event(id)
		if err != nil {
			t.Fatal(err)
		}
		if want := call.TimeIn(event.Zone(),
			section.Instant(held.ExpiresAt.Time)); held.ExpiresAt.String() != want.String() {
			t.Errorf("%s: a hold until %v, at the venue until %v", row.members, held.ExpiresAt, want)
		}
	}
}

// Kind: two words about one time that contradict each other, or a zone that is none.
func TestTimesThatCannotBe(t *testing.T) {
	h := open(t, nil)
	const lateEnd = `"starts_at":"2030-06-01T19:30:00Z","time_zone":"Europe/Berlin",` +
		`"sale_ends_at":"2030-12-01T19:30:00+02:00"`
	for members, field := range map[string]string{
		lateEnd: "sale_ends_at",
		`"starts_at":"2030-06-01T19:30:00+05:00","time_zone":"Europe/Berlin"`: "starts_at",
		// Winter's, in summer.
		`"starts_at":"2030-06-01T19:30:00+01:00","time_zone":"Europe/Berlin"`:  "starts_at",
		`"starts_at":"2030-06-01T19:30:00+00:00","time_zone":"Europe/Berlin"`:  "starts_at",
		`"starts_at":"2030-06-01T19:30:00Z","time_zone":"Europe/Atlantis"`:     "time_zone",
		`"starts_at":"2030-06-01T19:30:00Z","time_zone":"Local"`:               "time_zone",
		`"starts_at":"2030-06-01T19:30:00Z","time_zone":"posix/Europe/Berlin"`: "time_zone",
		`"starts_at":"2030-06-01T19:30:00Z","time_zone":"../etc/passwd"`:       "time_zone",
		`"starts_at":"2030-06-01T19:30:00Z","time_zone":""`:                    "time_zone",
	} {
		body := strings.Replace(eventBody(""), `"starts_at":"2030-06-01T19:30:00Z"`, members, 1)
		if got := h.do("POST", "/v1/events", operator, body).want(422, "invalid"); got.problem.Field != field {
			t.Errorf("%s: field %q, want %q", members, got.problem.Field, field)
		}
	}
}

// Kind: a sale that goes on when the show has begun.
func TestSaleEndsWithTheStart(t *testing.T) {
	h := open(t, nil)
	begun := func(more string) string {
		return strings.Replace(eventBody(more), `2030-06-01T19:30:00Z`, `2020-06-01T19:30:00Z`, 1)
	}
	sale := func(body string) string {
		var event wire.Event
		h.do("POST", "/v1/events", operator, body).want(201, "").into(&event)
		h.do("POST", "/v1/events/"+event.ID+"/sale", operator, `{"state":"open"}`).want(200, "")
		return "/v1/events/" + event.ID + "/bookings"
	}
	over := h.do("POST", sale(begun("")), alice, `{"seats":["A-1-1"]}`).want(409, "sale_not_open")
	if !strings.Contains(over.problem.Detail, "ended") {
		t.Errorf("detail %q", over.problem.Detail)
	}
	h.do("POST", sale(begun(`,"sale_ends_at":"2031-01-01T00:00:00Z"`)), alice,
		`{"best_available":{"quantity":1}}`).want(201, "")
	early := sale(eventBody(`,"sale_ends_at":"2020-01-01T00:00:00Z"`))
	h.do("POST", early, alice, `{"best_available":{"quantity":1}}`).want(409, "sale_not_open")
}
