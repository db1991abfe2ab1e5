package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// soldOut sells the small plan seat by seat, stops the server, and gives its data folder and the number of sales.
func soldOut(t *testing.T) (data string, sales int) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	code, out := tool(t, "import", "--data", data, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan)
	if code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	node := nodetest.Open(t, data)
	defer nodetest.Close(t, node)
	event := node.Engine().Events()[0].ID
	for i := range 10 {
		who := actors.Caller{Buyer: section.BuyerID{byte(i + 1)}}
		var view actors.BookingView
		if err := node.Engine().Book(&actors.BookCall{Event: event, Caller: who,
			Best: actors.BestAvailable{Quantity: 1}}, 5*time.Second, &view); err != nil {
			t.Fatal(err)
		}
		if err := node.Engine().Confirm(view.ID, who, "tok_ok", 5*time.Second, &view); err != nil ||
			view.State != section.BookingConfirmed {
			t.Fatalf("confirm: %v, state %d", err, view.State)
		}
	}
	return data, 10
}

func TestAuditHoldsMoneyAgainstSeats(t *testing.T) { // P6
	data, _ := soldOut(t)
	if code, out := tool(t, "audit", "--data", data); code != exitOK || !strings.Contains(out, "payments  10 charged") {
		t.Errorf("all is well: %d %s", code, out)
	}
	books := filepath.Join(data, datafolder.PaymentsFile)
	whole, err := os.ReadFile(books)
	if err != nil {
		t.Fatal(err)
	}
	var first struct{ ID string } // whose payment is to be missing, with every line of it
	if err := json.Unmarshal(whole[:bytes.IndexByte(whole, '\n')], &first); err != nil || first.ID == "" {
		t.Fatalf("the books begin with %.100s: %v", whole, err)
	}
	others := slices.DeleteFunc(bytes.SplitAfter(whole, []byte("\n")), func(line []byte) bool {
		return bytes.Contains(line, []byte(first.ID))
	})
	write := func(text []byte) {
		if err := os.WriteFile(books, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(bytes.Join(others, nil))
	if code, out := tool(t, "audit", "--data", data); code != exitFindings ||
		!strings.Contains(out, "payment_missing") {
		t.Errorf("a payment is missing: %d %s", code, out)
	}
	write(append([]byte("no JSON\n"), whole...))
	if code, out := tool(t, "audit", "--data", data); code != exitFindings ||
		!strings.Contains(out, "unreadable: payments") {
		t.Errorf("a line is garbled: %d %s", code, out)
	}
	if err := os.Remove(books); err != nil {
		t.Fatal(err)
	}
	if code, out := tool(t, "audit", "--data", data); code != exitOK ||
		!strings.Contains(out, "payments  not checked") {
		t.Errorf("no books: %d %s", code, out)
	}
	// Kind: a clean verdict on what nobody has looked at.
	_, out := tool(t, "audit", "--data", data)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last,
		"seats and tickets of 1 events: clean; payments: NOT CHECKED") {
		t.Errorf("no books: the verdict is %q", last)
	}
	if _, out := tool(t, "audit", "--data", data, "--json"); !strings.Contains(out,
		`"verdict":{"seats":"clean","payments":"not_checked"}`) {
		t.Errorf("no books, JSON: %s", out)
	}
}

// TestAuditFindsAWriteAheadLogCutInHalf (P2, P6): the section's log ends early and in good order; only the money tells.
func TestAuditFindsAWriteAheadLogCutInHalf(t *testing.T) {
	data, sales := soldOut(t)
	logs, err := filepath.Glob(filepath.Join(data, datafolder.StoreFolder, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no write-ahead log in %s: %v", data, err)
	}
	cut := false
	for _, log := range logs {
		info, err := os.Stat(log)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(log, info.Size()/2); err != nil {
			t.Fatal(err)
		}
		cut = cut || info.Size() > int64(sales)*100
	}
	if !cut {
		t.Fatal("the write-ahead logs are too short to hold the sales: nothing was cut")
	}
	if code, out := tool(t, "audit", "--data", data); code != exitFindings || !strings.Contains(out, "payment_stray") {
		t.Errorf("audit: %d %s", code, out)
	}
}
