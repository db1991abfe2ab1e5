package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire/pay"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// TestOperatorsSeeOpenMoney (P6): what is open is listed over HTTP and by the logs alone, with its reference and the
// reason; a retry says that it is still open, and what is settled is not listed.
func TestOperatorsSeeOpenMoney(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	if code, out := tool(t, "import", "--data", data, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z",
		"--price", "*=2500", "--open", plan); code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	node := nodetest.Open(t, data)
	url := "http://" + node.Addr()
	event := node.Engine().Events()[0].ID.String()
	var view actors.BookingView
	for i, token := range []string{"tok_ok", "tok_challenge"} {
		who := actors.Caller{Buyer: section.BuyerID{byte(i + 1)}}
		if err := node.Engine().Book(&actors.BookCall{Event: node.Engine().Events()[0].ID, Caller: who,
			Best: actors.BestAvailable{Quantity: 1}}, 5*time.Second, &view); err != nil {
			t.Fatal(err)
		}
		if err := node.Engine().Confirm(view.ID, who, token, 5*time.Second, &view); err != nil {
			t.Fatal(err)
		}
	}
	open := view.ID.String()
	code, out := tool(t, "payments", "list", event, "--url", url)
	for _, want := range []string{open, "paying", "25.00 EUR", "sbx_", "REFERENCE"} {
		if !strings.Contains(out, want) {
			t.Errorf("list has no %q: %s", want, out)
		}
	}
	if code != exitFindings || strings.Count(out, "\n") != 2 {
		t.Errorf("list: %d %s", code, out)
	}
	code, out = tool(t, "payments", "list", event, "--url", url, "--state", "paying", "--json")
	var one pay.Payment
	if err := json.Unmarshal([]byte(out), &one); err != nil || code != exitFindings || one.Booking != open ||
		one.Reconciliation == nil || one.Attempts[0].State != "challenge" ||
		one.Total != (pay.Amount{Amount: 2500, Currency: "EUR"}) {
		t.Errorf("list as JSON: %d %v %s", code, err, out)
	}
	for _, verb := range []string{"show", "retry"} {
		code, out := tool(t, "payments", verb, open, "--url", url)
		if want := map[string]int{"show": exitOK, "retry": exitFindings}[verb]; code != want ||
			!strings.Contains(out, "attempt   1 challenge, 25.00 EUR, sbx_") {
			t.Errorf("%s: %d %s", verb, code, out)
		}
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--state", []string{"list", event, "--state", "odd"}},
		{"booking_unknown", []string{"retry", "bnone"}},
		{"event_unknown", []string{"list", "00000000-0000-4000-8000-000000000000"}},
	} {
		if code, out := tool(t, append([]string{"payments"}, append(c.args, "--url", url)...)...); code != exitFailed ||
			!strings.Contains(out, c.says) {
			t.Errorf("%v: %d %s", c.args, code, out)
		}
	}
	badPaymentsCalls(t, url, event, open)
	nodetest.Close(t, node)
	if code, out := tool(t, "payments", "list", event, "--offline", "--data", data); code != exitFindings ||
		!strings.Contains(out, open) || !strings.Contains(out, "sbx_") {
		t.Errorf("offline: %d %s", code, out)
	}
}

// badPaymentsCalls: wrong parameters are told by name, and buyers see nothing of it.
func badPaymentsCalls(t *testing.T, url, event, booking string) {
	t.Helper()
	for _, args := range [][]string{{"list", event, "--state", "refund_due"}, {"list", event, "--state", "disputed"}} {
		if code, out := tool(t, append([]string{"payments"}, append(args, "--url", url)...)...); code != exitOK ||
			out != "" {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
	for path, says := range map[string]string{
		"/v1/events/" + event + "/payments?limit=0":           `"field":"limit"`,
		"/v1/events/" + event + "/payments?state=open":        `"field":"state"`,
		"/v1/events/" + event + "/payments?cursor=x":          `"field":"cursor"`,
		"/v1/events/" + event + "/payments?color=red":         `"field":"color"`,
		"/v1/bookings/" + booking + "/payments?color=red":     `"field":"color"`,
		"/v1/events/" + event + "/payments?cursor=" + booking: `"payments":[]`,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for who, fits := range map[string]bool{"Bearer dev": true, "Bearer nobody": false} {
			request.Header.Set("Authorization", who)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			if err = testkit.CloseBody(err, response.Body); err != nil {
				t.Fatal(err)
			}
			body := string(text)
			if fits && !strings.Contains(body, says) || !fits && response.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s as %s: %d %s", path, who, response.StatusCode, body)
			}
		}
	}
}
