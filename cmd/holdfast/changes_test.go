package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// shopper asks a running server as one buyer.
type shopper struct {
	t    *testing.T
	base string
	name string
}

func (s *shopper) ask(method, path, key, body string) (status int, b wire.Booking) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("X-Buyer", s.name)
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&b); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, b
}

// TestLogSaysWhatTheServerSaid: P10, the same booking ids, seats and ends that buyers were told, and their keys as the
// hashes that a client who knows the pseudonym can make too; whatever was refused is not there.
func TestLogSaysWhatTheServerSaid(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	if code, out := tool(t, "import", "--data", data, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan); code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	node := nodetest.Open(t, data)
	event := node.Engine().Events()[0].ID.String()
	alice, bob := shopper{t, "http://" + node.Addr(), "alice"}, shopper{t, "http://" + node.Addr(), "bob"}
	bookings := "/v1/events/" + event + "/bookings"
	status, held := alice.ask("POST", bookings, "a1", `{"seats":["A-1-3","A-1-4"]}`)
	if status != http.StatusCreated || held.ExpiresAt == nil {
		t.Fatalf("hold: %d %+v", status, held)
	}
	if status, _ := bob.ask("POST", bookings, "b1", `{"seats":["A-1-4"]}`); status != http.StatusConflict {
		t.Errorf("a taken seat: %d", status)
	}
	if status, again := alice.ask("POST", bookings, "a1",
		`{"seats":["A-1-3","A-1-4"]}`); status != http.StatusCreated || again.ID != held.ID {
		t.Errorf("a repeat: %d %+v", status, again)
	}
	if status, _ := alice.ask("POST", "/v1/bookings/"+held.ID+"/confirm", "a2",
		`{"payment_token":"tok_ok"}`); status != http.StatusOK {
		t.Errorf("confirm: %d", status)
	}
	nodetest.Close(t, node)

	code, out := tool(t, "log", "--data", data, "--event", event)
	if code != exitOK {
		t.Fatalf("log: %d %s", code, out)
	}
	lines := logLines(t, out)
	var kinds []string
	for i := range lines {
		kinds = append(kinds, lines[i].Kind)
	}
	want := []string{wire.LogClaim, wire.LogSaleOpened, wire.LogHoldPlaced, wire.LogPaymentBegun, wire.LogSold}
	if !slices.Equal(kinds, want) {
		t.Fatalf("the log says %v, want %v", kinds, want)
	}
	placed, begun := &lines[2], &lines[3]
	buyer, named := wire.ParseHash(placed.Buyer)
	if placed.Booking != held.ID || !named || buyer == wire.BuyerHash("alice") ||
		placed.Request != wire.HashText(wire.RequestHash(buyer, []byte("a1"))) ||
		!slices.Equal(placed.Seats, []uint32{2, 3}) || placed.ExpiresAt == nil ||
		*placed.ExpiresAt != held.ExpiresAt.Time || placed.Section != "A" {
		t.Errorf("alice was told %+v, the log says %+v", held, placed)
	}
	if begun.Booking != held.ID || begun.Request != wire.HashText(wire.RequestHash(buyer, []byte("a2"))) {
		t.Errorf("the payment is %+v", begun)
	}
	if code, again := tool(t, "log", "--json", "--data", data, "--section", "A"); code != exitOK || again != out {
		t.Errorf("--json, --section: %d %s", code, again)
	}
}

// TestLogOfADatabaseThatSells: by a role that may only read, while others write: each log from its first record on
// without a hole. Then one record is edited, and the printing ends there.
func TestLogOfADatabaseThatSells(t *testing.T) {
	s := newOnlineSale(t)
	for range 3 {
		if view := s.buy(actors.Caller{Buyer: section.BuyerID{99}}, "tok_ok"); view.State != section.BookingConfirmed {
			t.Fatalf("the first bookings are in state %d", view.State)
		}
	}
	looks, changes := 0, 0
	s.during(300*time.Millisecond, 3, func() {
		code, out := tool(t, "log", "--store", s.auditor)
		if code != exitOK || strings.Contains(out, secretWord) {
			t.Fatalf("exit code %d: %s", code, out)
		}
		lines := logLines(t, out)
		if len(lines) < changes {
			t.Errorf("%d lines after %d", len(lines), changes)
		}
		looks, changes = looks+1, len(lines)
		for i := range lines {
			first := i == 0 || lines[i].Section != lines[i-1].Section
			if first && lines[i].Seq != 1 || !first && lines[i].Seq > lines[i-1].Seq+1 {
				t.Fatalf("line %d is record %d of section %s", i, lines[i].Seq, lines[i].Section)
			}
		}
	})
	t.Logf("%d looks, %d lines at the last", looks, changes)
	s.sql("UPDATE section_log SET body = body || 'x'::BYTEA WHERE event_id = $1::UUID AND section_id = 0 AND seq = 3",
		s.event.String())
	code, out := tool(t, "log", "--store", s.auditor)
	lines, reason, told := strings.Cut(out, "holdfast: ")
	if code != exitFailed || !told || !strings.Contains(reason, "section A") || !strings.Contains(reason, "record 3") {
		t.Fatalf("an edited record: %d %s", code, out)
	}
	if got := logLines(t, lines); len(got) == 0 || got[len(got)-1].Seq != 2 {
		t.Errorf("before it %d lines: %s", len(got), lines)
	}
}

func logLines(t *testing.T, text string) (lines []wire.LogChange) {
	t.Helper()
	for line := range strings.Lines(text) {
		var c wire.LogChange
		if err := wire.Decode([]byte(line), &c); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, c)
	}
	return lines
}
