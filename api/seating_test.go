package api

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/api/wire"
)

// showOf makes an open event of a plan and returns its path and what was said when it was made.
func (h *house) showOf(plan, extra string) (path string, event wire.Event) {
	h.t.Helper()
	body := strings.Replace(eventBody(extra), `"plan":`+smallPlan, `"plan":`+plan, 1)
	h.do("POST", "/v1/events", operator, strings.Replace(body, `"standard":`, `"*":`, 1)).want(201, "").into(&event)
	path = "/v1/events/" + event.ID
	h.do("POST", path+"/sale", operator, `{"state":"open"}`).want(200, "")
	return path, event
}

// casePlan reads a small plan that was once read wrong.
func casePlan(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "actors", "venue", "testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// P11: where the front is taken to be is told, and can be said: the best seats are those nearest to it.
func TestFrontIsToldAndCanBeSaid(t *testing.T) {
	h := open(t, nil)
	stage := strings.ReplaceAll(casePlan(t, "stage-below.json"), "Bühne", "Ausgang")
	body := func(front string) string { return `,"front":` + front }
	for _, row := range []struct{ extra, told, best string }{
		{"", "top edge (assumed", "Parkett-5-1"},
		{body(`"bottom"`), "bottom edge (given)", "Parkett-1-1"},
		{body(`{"x":125,"y":150}`), "point 125,150 (given)", "Parkett-1-4"},
	} {
		event, said := h.showOf(stage, row.extra)
		if !strings.HasPrefix(said.Front, row.told) {
			t.Errorf("%s: told %q, want %q", row.extra, said.Front, row.told)
		}
		if got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":2}}`).want(201,
			"").booking(); got.Seats[0] != row.best {
			t.Errorf("%s: best two are %v, want %s first", row.extra, got.Seats, row.best)
		}
	}
	for _, wrong := range []string{`"up"`, `null`, `7`, `[]`, `{}`, `{"x":1}`, `{"x":1,"y":null}`, `{"x":1,"y":"2"}`,
		`{"x":1,"y":2,"z":3}`, `true`} {
		if got := h.do("POST", "/v1/events", operator, eventBody(body(wrong))).want(400,
			"bad_request"); got.problem.Field != "front" {
			t.Errorf("%s: field %q", wrong, got.problem.Field)
		}
	}
	if got := h.do("POST", "/v1/events", operator, eventBody(body(`{"x":1,"y":1e10}`))).want(422,
		"invalid"); got.problem.Field != "front" {
		t.Errorf("a far point: field %q", got.problem.Field)
	}
}

// P11: best-available and the orphan rule see the neighbours that sit side by side, whatever order the file lists them
// in.
func TestNeighboursAreThoseWhoSitSideBySide(t *testing.T) {
	h := open(t, nil)
	event, _ := h.showOf(casePlan(t, "seats-out-of-order.json"), `,"refuse_orphans":true`)
	if got := h.do("POST", event+"/bookings", alice, `{"seats":["Parkett-1-2"]}`).want(409,
		"orphan_seat"); !slices.Equal(got.problem.Seats, []string{"Parkett-1-1"}) {
		t.Errorf("seat 2 alone strands %v", got.problem.Seats)
	}
	if got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":4}}`).want(201,
		"").booking(); got.Split {
		t.Errorf("four side by side are split: %v", got.Seats)
	}
	event, _ = h.showOf(casePlan(t, "odd-left-even-right.json"), "")
	if got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":3}}`).want(201,
		"").booking(); got.Split || slices.Contains(got.Seats, "H-1-3") == slices.Contains(got.Seats, "H-1-4") {
		t.Errorf("3 1 2 4 in the room: the best three are %v, split %v", got.Seats, got.Split)
	}
	event, _ = h.showOf(casePlan(t, "odd-side-even-side-rowlist.json"), "")
	for _, section := range []string{"Odd", "Even"} {
		if got := h.do("POST", event+"/bookings", headers{"X-Buyer": section},
			`{"best_available":{"quantity":4,"section":"`+section+`"}}`).want(201, "").booking(); got.Split {
			t.Errorf("a side of %s numbers is split: %v", section, got.Seats)
		}
	}
}

// P11: what is refused for want of seats in one section says what could be had.
func TestNotTogetherSaysWhatCouldBeHad(t *testing.T) {
	h := open(t, nil)
	event, _ := h.showOf(casePlan(t, "two-sections-of-two.json"), "")
	h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":1,"section":"A"}}`).want(201, "")
	got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":4}}`).want(409, "not_together")
	if p := got.problem; p.Free != 3 || p.LargestBooking != 3 || p.Section != "B" {
		t.Errorf("%s", got.body)
	}
	h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":1,"section":"A"}}`).want(201, "")
	got = h.do("POST", event+"/bookings", bob, `{"best_available":{"quantity":4}}`).want(409, "not_together")
	if p := got.problem; p.Free != 2 || p.LargestBooking != 2 || p.Section != "B" { // fewer than wanted: what there is
		t.Errorf("%s", got.body)
	}
	h.do("POST", event+"/bookings", bob, `{"best_available":{"quantity":1,"section":"A"}}`).want(409, "sold_out")
	h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":2}}`).want(201, "")
	h.do("POST", event+"/bookings", bob, `{"best_available":{"quantity":4}}`).want(409, "sold_out")
}

// P11: a party that no section can seat alone is cut over several, and told so.
func TestPartyOverSectionsIsToldAsSplit(t *testing.T) {
	h := open(t, nil)
	event, _ := h.showOf(casePlan(t, "two-sections-of-two.json"), "")
	got := h.do("POST", event+"/bookings", alice, `{"best_available":{"quantity":4}}`).want(201, "").booking()
	if !got.Split || len(got.Seats) != 4 {
		t.Errorf("four of two and two: %+v", got)
	}
}

// P11: seats of what a plan calls one section are one booking, and its name is known to best-available, however many
// they are.
func TestPlanSectionIsOneSectionOutside(t *testing.T) {
	h := open(t, nil)
	event, said := h.showOf(casePlan(t, "split-section-6000.json"), "")
	if len(said.Sections) != 1 || said.Sections[0].ID != "A" {
		t.Errorf("sections %+v", said.Sections)
	}
	h.do("POST", event+"/bookings", alice, `{"seats":["A-29-1","A-30-1"]}`).want(201, "")
	h.do("POST", event+"/bookings", bob, `{"best_available":{"quantity":2,"section":"A"}}`).want(201, "")

	rows := make([]string, 21)
	for i := range rows {
		rows[i] = `{"label":"` + string(rune('a'+i)) + `","seats":1000}`
	}
	event, said = h.showOf(`{"sections":[{"id":"K","name":"Kop","rows":[`+strings.Join(rows, ",")+`]}]}`, "")
	if len(said.Sections) != 1 || said.Sections[0] != (wire.Section{ID: "K", Name: "Kop", Seats: 21_000}) {
		t.Errorf("sections %+v", said.Sections)
	}
	var seatmap wire.Seatmap
	h.do("GET", event+"/seatmap", nobody, "").want(200, "").into(&seatmap)
	for _, s := range seatmap.Sections {
		if s.PartOf != "K" || s.Name != "Kop" || len(seatmap.Sections) != 2 {
			t.Errorf("part %q of %q is called %q", s.ID, s.PartOf, s.Name)
		}
	}
	h.do("POST", event+"/bookings", bob, `{"best_available":{"quantity":2,"section":"K"}}`).want(201, "")
	across := h.do("POST", event+"/bookings", bob, `{"seats":["K-a-9","K-u-1","K-u-2"]}`).want(201, "").booking()
	if !slices.Equal(across.Seats, []string{"K-a-9", "K-u-1", "K-u-2"}) {
		t.Errorf("across the parts: %v", across.Seats)
	}
}
