package remote_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/processortest"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/sandbox/remote"
	"holdfast/actors/trace"
)

var secrets = [...]string{"whsec_new", "whsec_old", "whsec_else"}

// TestContract: the adapter and the sandbox's server keep the port's rules over HTTP, also on a line that loses answers
// (P5, P6).
func TestContract(t *testing.T) {
	processortest.Run(t, func(t *testing.T) *processortest.Bank {
		bank, server, line := serve(t)
		client, err := remote.New(server.URL, secrets[:2])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() }) // it has nothing to lose
		bank.RefundDelay = 300 * time.Millisecond
		return &processortest.Bank{
			Processor: client, Captured: "tok_ok", Declined: "tok_declined", Challenge: "tok_challenge",
			ChallengeDeclined: "tok_challenge_decline", RefundFails: "tok_refund_fails",
			RefundPending: "tok_refund_pending", Dispute: "tok_dispute", SettleRefunds: func(*testing.T) {},
			Line: line, Sign: sign, Answer: func(t *testing.T, ref processor.Reference, where string, pass bool) {
				press(t, where, ref, map[bool]string{true: "pass", false: "fail"}[pass])
			},
		}
	})
}

func serve(t *testing.T) (*sandbox.Sandbox, *httptest.Server, *processortest.Line) {
	t.Helper()
	bank, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	line := &processortest.Line{Bank: remote.Handler(bank)}
	server := httptest.NewServer(line)
	bank.ChallengeURL = server.URL
	t.Cleanup(func() {
		server.Close()
		if err := bank.Close(); err != nil {
			t.Error(err)
		}
	})
	return bank, server, line
}

func press(t *testing.T, where string, ref processor.Reference, answer string) (status int, to, page string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.PostForm(where, url.Values{"reference": {string(ref)}, "answer": {answer}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, response.Header.Get("Location"), string(body)
}

func sign(_ *testing.T, secret int, a processor.AttemptID, _ processor.Reference, at time.Time) (
	processor.Header, []byte) {
	body := []byte(`{"id":"evt_1","type":"payment.captured","attempt":"` + string(a) + `"}`)
	value := sandbox.Sign(secrets[secret], body, at)
	return func(name string) string {
		if name == sandbox.SignatureHeader {
			return value
		}
		return ""
	}, body
}

// TestChallengesPageSendsBuyersBack: to the shop and nowhere else, and shows nothing of a payment to whoever guesses.
func TestChallengesPageSendsBuyersBack(t *testing.T) {
	bank, server, _ := serve(t)
	ctx := t.Context()
	for back, want := range map[string]string{
		"https://tickets.example/b/1?x=1": "https://tickets.example/b/1?x=1",
		"http://127.0.0.1:8080/":          "http://127.0.0.1:8080/",
		"javascript:alert(1)":             "", "//evil.example": "", "": "",
	} {
		a := processor.AttemptID("b" + back)
		ref, err := bank.Open(ctx, processor.Opening{Attempt: a, Amount: 1, Currency: "EUR"})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := bank.Charge(
			ctx, processor.Charge{Attempt: a, Reference: ref, Token: "tok_challenge", Return: back},
		)
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := press(t, answer.Next.URL, "guessed", "pass"); status != http.StatusNotFound {
			t.Errorf("a guessed reference: %d", status)
		}
		status, to, page := press(t, answer.Next.URL, ref, "pass")
		if to != want || (want != "") != (status == http.StatusSeeOther) {
			t.Errorf("back to %q: sent to %q with %d", back, to, status)
		}
		if want == "" && !strings.Contains(page, "opened") {
			t.Errorf("the page does not say what became of it: %s", page)
		}
	}
	response, err := http.Get(server.URL + "/challenge/none?reference=x")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // its status says it all
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("no payment: %d", response.StatusCode)
	}
}

// TestBadRequestsAreToldSo: nothing that cannot be read does anything.
func TestBadRequestsAreToldSo(t *testing.T) {
	_, server, _ := serve(t)
	for _, row := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/v1/payments", `{"attempt":"a","amount":0,"currency":"EUR"}`, 400},
		{"POST", "/v1/payments", `{"attempt":"","amount":1,"currency":"EUR"}`, 400},
		{"POST", "/v1/payments", `{"attempt":"a","amount":1,"currency":"EUR","card":"1"}`, 400},
		{"POST", "/v1/payments", `{"attempt":"` + strings.Repeat("a", 65<<10) + `"}`, 400},
		{"POST", "/v1/payments", `nonsense`, 400},
		{"POST", "/v1/payments/a/charge", `{"reference":"r"}`, 404},
		{"POST", "/v1/payments/a/cancel", `[]`, 400},
		{"GET", "/v1/payments/a?reference=r", ``, 404},
		{"GET", "/v1/payments?since=now", ``, 400},
		{"GET", "/v1/events?cursor=x", ``, 503},
		{"DELETE", "/v1/payments/a", ``, 405},
	} {
		request, err := http.NewRequestWithContext(
			t.Context(), row.method, server.URL+row.path, strings.NewReader(row.body),
		)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // its status says it all
		if response.StatusCode != row.want {
			t.Errorf("%s %s %.40s: %d, want %d", row.method, row.path, row.body, response.StatusCode, row.want)
		}
	}
}

// TestAddressesOfSandboxes: what is none is refused when the server starts, not when the first buyer pays.
func TestAddressesOfSandboxes(t *testing.T) {
	for address, good := range map[string]bool{
		"http://127.0.0.1:8090": true, "https://sandbox.example/x/": true, "127.0.0.1:8090": false, "ftp://a": false,
		"http://": false, "": false, "http://user@host": false, "http://a?b": false,
	} {
		if _, err := remote.New(address, nil); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestATraceGoesAlong: what is asked on somebody's behalf says so, and what is not does not.
func TestATraceGoesAlong(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("traceparent"))
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer server.Close()
	adapter, err := remote.New(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = adapter.Close() }() // it has nothing to lose
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, from := range []string{"", parent} {
		ctx := trace.Context(t.Context(), trace.Parse([]byte(from)))
		_, _ = adapter.Open(ctx, processor.Opening{Attempt: "b-1", Booking: "b", Amount: 100, Currency: "EUR"})
		_, _ = adapter.Charge(ctx, processor.Charge{Attempt: "b-1", Reference: "pi_1", Token: "tok_ok"})
		_, _ = adapter.Lookup(ctx, "b-1", "pi_1") // the answers are failures
		if len(got) == 0 || slices.ContainsFunc(got, func(sent string) bool { return sent != from }) {
			t.Errorf("on behalf of %q: sent %q", from, got)
		}
		got = nil
	}
}
