package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

// TestServerSellsByASandboxElsewhere guards P6 over two processes: an answer that is lost is found again, a challenge
// on the sandbox's page is passed and charged, and its webhooks are proved.
func TestServerSellsByASandboxElsewhere(t *testing.T) {
	secret := testkit.WriteFile(t, "hook", "a secret of twenty bytes\n")
	p := newProcess(t, buildBinary(t), "--data", t.TempDir())
	_, bank := startSandbox(t, filepath.Join(t.TempDir(), "payments.jsonl"), "--webhook",
		"http://"+p.address+"/v1/payments/webhook/sandbox", "--webhook-secret-file", secret)
	p.more = append([]string{"--payments", "sandbox-url", "--sandbox-url", bank.Address(),
		"--sandbox-webhook-secret-file", secret}, untiring...)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() }) // it keeps what it has
	event := p.createEvent()
	for n, token := range []string{"tok_ok", "tok_unknown", "tok_challenge", "tok_webhook_forged"} {
		seat := `{"seats":["B-1-` + string(rune('1'+n)) + `"]}`
		held, err := p.askOnce("alice", "POST", "/v1/events/"+event+"/bookings", "hold-"+token, seat)
		if err != nil || held.status != http.StatusCreated {
			t.Fatalf("%s: hold: %v %+v", token, err, held)
		}
		paid, err := p.askOnce("alice", "POST", "/v1/bookings/"+held.ID+"/confirm", "pay-"+token,
			`{"payment_token":"`+token+`"}`)
		if err != nil || paid.status >= 300 {
			t.Fatalf("%s: pay: %v %+v", token, err, paid)
		}
		if token == "tok_challenge" {
			passChallenge(t, p, held.ID)
		}
		testkit.Eventually(t, token+" is confirmed", func() bool {
			now, err := p.askOnce("alice", "GET", "/v1/bookings/"+held.ID, "", "")
			return err == nil && now.State == "confirmed"
		})
	}
	testkit.Eventually(t, "webhooks are taken, and the forged one is not", func() bool {
		_, metrics := testkit.Get(t, "http://"+p.address+"/metrics")
		return strings.Contains(metrics, `holdfast_payment_webhooks_total{result="bad_signature"} 1`) &&
			!strings.Contains(metrics, `holdfast_payment_webhooks_total{result="accepted"} 0`)
	})
}

// passChallenge is a buyer who is led to the bank's page, and passes.
func passChallenge(t *testing.T, p *process, booking string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+p.address+"/v1/bookings/"+booking, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Buyer", "alice")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	var view struct {
		Next struct{ URL string } `json:"next_action"`
	}
	err = json.NewDecoder(response.Body).Decode(&view)
	if err := testkit.CloseBody(err, response.Body); err != nil || view.Next.URL == "" {
		t.Fatalf("no challenge: %v", err)
	}
	where, err := url.Parse(view.Next.URL)
	if err != nil {
		t.Fatal(err)
	}
	done, err := http.PostForm(view.Next.URL, url.Values{"answer": {"pass"}, "reference": where.Query()["reference"]})
	if err != nil {
		t.Fatal(err)
	}
	if err := testkit.CloseBody(nil, done.Body); err != nil || done.Request.URL.Path != "/checkout/return" {
		t.Errorf("the buyer comes back to %v: %v", done.Request.URL, err)
	}
}
