package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire/bookinglist"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// TestOperatorsSearchBookings: holdfast bookings list and show tell what the server finds, and say what cannot be
// asked.
func TestOperatorsSearchBookings(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	if code, out := tool(t, "import", "--data", data, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan); code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	node := nodetest.Open(t, data)
	url := "http://" + node.Addr()
	event := node.Engine().Events()[0].ID
	var view actors.BookingView
	for i := range 3 {
		call := actors.BookCall{Event: event, Caller: actors.Caller{Buyer: section.BuyerID{byte(i + 1)}},
			Best: actors.BestAvailable{Quantity: 1}}
		if err := node.Engine().Book(&call, 5*time.Second, &view); err != nil {
			t.Fatal(err)
		}
	}
	list := func(args ...string) (int, string) {
		return tool(t, append([]string{"bookings", "list", "--url", url}, args...)...)
	}
	code, out := list(event.String())
	if code != exitOK || strings.Count(out, "\n") != 4 || !strings.Contains(out, view.ID.String()) ||
		!strings.Contains(out, "25.00 EUR") {
		t.Errorf("list: %d %s", code, out)
	}
	code, out = list(event.String(), "--seat", view.Seats[0], "--state", "held", "--json")
	var one bookinglist.Listed
	if err := json.Unmarshal([]byte(out), &one); err != nil || code != exitOK || one.ID != view.ID.String() {
		t.Errorf("list as JSON: %d %v %s", code, err, out)
	}
	if code, out := list(event.String(), "--most", "2"); code != exitOK || strings.Count(out, "\n") != 3 {
		t.Errorf("the newest two: %d %s", code, out)
	}
	if code, out := tool(t, "bookings", "show", view.ID.String(), "--url", url); code != exitOK ||
		!strings.Contains(out, `"state": "held"`) {
		t.Errorf("show: %d %s", code, out)
	}
	for says, args := range map[string][]string{"--buyer": {}, "state": {event.String(), "--state", "gone"},
		"event_unknown": {"00000000-0000-4000-8000-000000000000"}} {
		if code, out := list(args...); code != exitFailed || !strings.Contains(out, says) {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
	edit := func(args ...string) (int, string) {
		return tool(t, append([]string{"event", "edit", event.String(), "--url", url}, args...)...)
	}
	if code, out := edit("--reason", "touts", "--max-per-buyer", "1", "--hold-ttl", "1m"); code != exitOK ||
		!strings.Contains(out, "May Day: edited, version ") {
		t.Errorf("edit: %d %s", code, out)
	}
	if code, out := edit(); code != exitOK || !strings.Contains(out, "hold_ttl_seconds, max_seats_per_buyer: touts") {
		t.Errorf("who has edited: %d %s", code, out)
	}
	if code, out := edit("--reason", "r", "--name", "x", "--version", "0"); code != exitFailed ||
		!strings.Contains(out, "version_mismatch") {
		t.Errorf("an edit of what was seen before: %d %s", code, out)
	}
	nodetest.Close(t, node)
}
