package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
)

// payingFolder is a stopped server's data with a booking in payment that was charged, and whose server ended before it
// knew.
func payingFolder(t *testing.T) (data, event string) {
	t.Helper()
	data = t.TempDir()
	node := nodetest.Open(t, data)
	event = importEvent(t, "http://"+node.Addr())
	who := actors.Caller{Buyer: section.BuyerID{1}}
	var view actors.BookingView
	id := node.Engine().Events()[0].ID
	if err := node.Engine().Book(&actors.BookCall{Event: id, Caller: who, Best: actors.BestAvailable{Quantity: 1}},
		5*time.Second, &view); err != nil {
		t.Fatal(err)
	}
	if err := node.Engine().Confirm(view.ID, who, "tok_unknown", 5*time.Second, &view); err != nil ||
		view.State != section.BookingPaying {
		t.Fatalf("confirm: %v, state %v", err, view.State)
	}
	cut, cancel := context.WithCancel(context.Background())
	cancel() // as by a crash: nothing is waited for
	if err := node.Close(cut); err != nil {
		t.Fatal(err)
	}
	return data, event
}

// importEvent makes the small plan's event on a running server and opens its sale.
func importEvent(t *testing.T, url string) (event string) {
	t.Helper()
	code, out := tool(t, "import", "--url", url, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z", "--price",
		"*=2500", "--open",
		testkit.WriteFile(t, "plan.json", smallPlan))
	_, event, some := strings.Cut(out, "\nevent ")
	if code != exitOK || !some {
		t.Fatalf("import: %d %s", code, out)
	}
	return strings.TrimSpace(event)
}

// TestOfflineToolsDoNotTouchBookings: P6, the kind: a tool that opens a stopped server's data judges what it cannot
// know. Whatever an operator has done to it offline, the log of every section is as it was, and the server settles what
// it left.
func TestOfflineToolsDoNotTouchBookings(t *testing.T) {
	data, event := payingFolder(t)
	_, before := tool(t, "log", "--data", data)
	if !strings.Contains(before, `"payment_begun"`) || strings.Contains(before, `"sold"`) ||
		strings.Contains(before, `"payment_failed"`) {
		t.Fatalf("no booking is in payment:\n%s", before)
	}
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	for _, args := range [][]string{
		{"sale", "open", event, "--data", data}, {"sale", "paused", event, "--data", data},
		{"sale", "closed", event, "--data", data},
		{"sale", "open", event, "--data", data},
		{"import", "--data", data, "--name", "June Day", "--starts-at", "2030-06-01T20:00:00Z", "--price", "*=2500",
			"--open", plan},
		{"audit", "--data", data},
	} {
		if code, out := tool(t, args...); code != exitOK {
			t.Errorf("%v: %d %s", args, code, out)
		}
		if _, after := tool(t, "log", "--data", data); after != before {
			t.Errorf("%v changed the log:\n%s\nbefore:\n%s", args, after, before)
		}
	}
	node := nodetest.Open(t, data)
	defer nodetest.Close(t, node)
	id, err := terminal.ParseEventID(event)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the payment is settled by the server", func() bool {
		live, err := node.Engine().Live(t.Context(), id)
		if err != nil {
			return false
		}
		sold := 0
		live.Read(func(_ storage.SectionNo, s actors.SectionStatus) {
			sold += strings.Count(string(s.Letters), string(section.Sold))
		})
		return sold == 1
	})
}
