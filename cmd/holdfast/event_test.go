package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
)

// tool runs a command as a user does.
func tool(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String() + stderr.String()
}

const smallPlan = `{"sections":[{"id":"A","category":"Stalls","rows":[{"label":"1","seats":10}]}]}`

func TestEventMadeOfflineIsServedSoldAndAudited(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	offlineImport := []string{"import", "--data", data, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan}
	code, out := tool(t, offlineImport...)
	if code != exitOK || !strings.Contains(out, "1 section ") {
		t.Fatalf("import: %d %s", code, out)
	}
	if code, again := tool(t, offlineImport...); code != exitOK || again != out { // P5
		t.Errorf("the same import made another event: %d %s, first %s", code, again, out)
	}
	node := nodetest.Open(t, data)
	if status, body := testkit.Get(t, "http://"+node.Addr()+"/v1/events"); status != http.StatusOK ||
		!strings.Contains(body, "May Day") || !strings.Contains(body, `"open"`) {
		t.Errorf("events: %d %s", status, body)
	}
	event := node.Engine().Events()[0].ID
	var view actors.BookingView
	err := node.Engine().Book(&actors.BookCall{Event: event, Caller: actors.Caller{Buyer: section.BuyerID{1}},
		Seats: []string{"A-1-3"}}, 5*time.Second, &view)
	if err != nil {
		t.Fatal(err)
	}
	if code, out := tool(t, "audit", "--data", data); code != exitFailed ||
		!strings.Contains(out, "in use by a running holdfast") {
		t.Errorf("audit beside a running server: %d %s", code, out)
	}
	nodetest.Close(t, node)
	if code, out := tool(t, "audit", "--data", data); code != exitOK ||
		!strings.Contains(out, "10 = 9 free + 1 held") || !strings.Contains(out, "clean") {
		t.Errorf("audit: %d %s", code, out)
	}
}

func TestOperatorWorksOnARunningServer(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	url := "http://" + node.Addr()
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	code, out := tool(t, "import", "--url", url, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00+02:00",
		"--time-zone", "Europe/Berlin",
		"--sale-ends-at", "2030-05-01T22:00:00+02:00", "--currency", "KWD", "--price", "Stalls=2500", plan)
	if code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	event := node.Engine().Events()[0]
	if !strings.Contains(out, "Stalls  2.500 KWD") || event.StartsMinutes != 120 || event.TimeZone != "Europe/Berlin" ||
		event.SaleEndsAt-event.StartsAt != 2*3600*1000 {
		t.Errorf("import said %s, made %+v", out, event)
	}
	if !strings.Contains(out, "event "+event.ID.String()) || event.Sale == storage.SaleOpen ||
		event.Prices["Stalls"] != 2500 {
		t.Errorf("import said %s, made %+v", out, event)
	}
	for _, step := range []struct {
		word string
		want storage.SaleState
	}{{"open", storage.SaleOpen}, {"pause", storage.SalePaused}, {"close", storage.SaleClosed},
		{"paused", storage.SalePaused}, {"closed", storage.SaleClosed}} {
		code, out := tool(t, "sale", step.word, event.ID.String(), "--url", url)
		if now, _ := node.Engine().Event(event.ID); code != exitOK || now.Sale != step.want {
			t.Errorf("sale %s: %d %s, now %s", step.word, code, out, now.Sale)
		}
	}
	wrongKey := testkit.WriteFile(t, "key", "not the operator's key")
	if code, out := tool(t, "sale", "open", event.ID.String(), "--url", url, "--operator-key-file",
		wrongKey); code != exitFailed || !strings.Contains(out, "401") {
		t.Errorf("a wrong key: %d %s", code, out)
	}
}

func TestImportChecksPlans(t *testing.T) {
	if code, out := tool(t, "import", "--check", testkit.WriteFile(t, "p.json", smallPlan)); code != exitOK ||
		!strings.Contains(out, "10") {
		t.Errorf("a good plan: %d %s", code, out)
	}
	double := `{"sections":[{"id":"A","rows":[{"label":"1","seats":3},{"label":"1","seats":3}]}]}`
	if code, out := tool(t, "import", "--check", testkit.WriteFile(t, "p.json", double)); code != exitFailed ||
		!strings.Contains(out, "A-1-1") {
		t.Errorf("a plan with double seats: %d %s", code, out)
	}
	code, out := tool(t, "import", "--data", t.TempDir(), "--name", "x", "--starts-at", "2030-05-01T20:00:00Z",
		testkit.WriteFile(t, "p.json", smallPlan))
	if code != exitFailed || !strings.Contains(out, "no price for Stalls") {
		t.Errorf("no price: %d %s", code, out)
	}
}

// Where the front is taken to be is told whoever checks or imports a plan, and --front says otherwise; without a server
// the event has it too.
func TestImportTellsTheFrontAndTakesAnother(t *testing.T) {
	plan := filepath.Join("..", "..", "actors", "venue", "testdata", "cases", "stage-below.json")
	for _, row := range []struct{ front, want string }{
		{"", `front: the text "Bühne" below the rows`}, {"top", "front: top edge (given)"},
		{"12,-3.5", "front: point 12,-3.5 (given)"},
	} {
		if code, out := tool(t, "import", "--check", "--front="+row.front, plan); code != exitOK ||
			!strings.Contains(out, row.want) {
			t.Errorf("--front %q: %d %s", row.front, code, out)
		}
	}
	if code, out := tool(t, "import", "--check", "--front", "up", plan); code != exitFailed ||
		!strings.Contains(out, "--front") {
		t.Errorf("--front up: %d %s", code, out)
	}
	data := filepath.Join(t.TempDir(), "d")
	for _, front := range []string{"left", "100,160"} {
		code, out := tool(t, "import", "--data", data, "--name", "Night", "--starts-at", "2030-05-01T20:00:00Z",
			"--price", "*=1", "--front", front, plan)
		if code != exitOK || !strings.Contains(out, "(given)") || !strings.Contains(out, "event ") {
			t.Errorf("--front %s: %d %s", front, code, out)
		}
	}
	node := nodetest.Open(t, data)
	defer nodetest.Close(t, node)
	for _, event := range node.Engine().Events() {
		v, err := node.Engine().Venue(t.Context(), event.ID)
		if err != nil || v.Front == nil || v.Front.Text != "" {
			t.Errorf("the event's front is %+v, %v", v.Front, err)
		}
	}
}

// Whoever repairs a plan needs the whole list, not its first line.
func TestImportNamesEveryDefect(t *testing.T) {
	double := `{"sections":[{"id":"A","rows":[{"label":"1","seats":3},{"label":"1","seats":3}]}]}`
	code, out := tool(t, "import", "--check", testkit.WriteFile(t, "p.json", double))
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	for _, seat := range []string{"A-1-1", "A-1-2", "A-1-3"} {
		if !strings.Contains(out, `"`+seat+`" is there 2 times`) {
			t.Errorf("%s is not named in %s", seat, out)
		}
	}
}

// What a server refuses, the same import without a server refuses too: a card number in a name (P12), a hold of no
// time.
func TestImportWithoutAServerIsAsStrict(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	valid := []string{"import", "--data", data, "--starts-at", "2030-05-01T20:00:00Z"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--name", "May Day", "--price", "*=1", "--currency", "euro"}, "currency"},
		{[]string{"--name", "May Day", "--price", "*=1", "--hold-ttl", "0s"}, "hold_ttl_seconds"},
		{[]string{"--name", "May Day", "--price", "*=1", "--hold-ttl", "1500ms"}, "whole seconds"},
		{[]string{"--name", "May Day", "--price", "*=1", "--hold-ceiling", "1m"}, "hold_ceiling_seconds"},
		{[]string{"--name", "May Day", "--price", "*=1", "--seats-per-booking", "0"}, "max_seats_per_booking"},
		{[]string{"--name", "May Day", "--price", "*=-5"}, "must cost from 0"},
		{[]string{"--name", "May Day", "--price", "*=1", "--price", "Balcony=2"}, "Balcony"},
		{[]string{"--name", "Pay 4111 1111 1111 1111", "--price", "*=1"}, "card_data_refused"},
	} {
		code, out := tool(t, append(append(valid, c.args...), plan)...)
		if code != exitFailed || !strings.Contains(out, c.want) {
			t.Errorf("%q: %d %s", c.args, code, out)
		}
	}
}

func TestUsersMistakesAreTold(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"serve"}, "--data DIR or --store URL is needed"},
		{[]string{"sale", "open", "nonsense", "--data", "x"}, "no event id"},
		{[]string{"sale", "stop", storage.NewEventID().String(), "--data", "x"}, "open, paused or closed"},
		{[]string{"sale", "open", storage.NewEventID().String()}, "--url"},
		{[]string{"audit", "--data", filepath.Join(os.TempDir(), "holdfast-no-such-folder")},
			"has kept anything in this folder"},
		{[]string{"fly"}, "unexpected argument fly"},
	} {
		if code, out := tool(t, c.args...); code != exitFailed || !strings.Contains(out, c.want) {
			t.Errorf("%v: %d %s, want %q", c.args, code, out, c.want)
		}
	}
}

func TestHelpHasExamples(t *testing.T) {
	for _, command := range []string{"serve", "import", "sale", "audit", "log", "migrate", "version"} {
		if code, out := tool(t, command, "--help"); code != exitOK || !strings.Contains(out, "holdfast "+command) ||
			!strings.Contains(out, "Example") {
			t.Errorf("%s --help: %d %s", command, code, out)
		}
	}
}
