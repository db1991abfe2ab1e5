package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/processortest"
	"holdfast/actors/checkout/sandbox"
)

// secretsOfTests are the new one, the old one, and one that the adapter does not know.
var secretsOfTests = [...]string{"whsec_new", "whsec_old", "whsec_else"}

// TestContract: the sandbox in process keeps the port's rules, whatever books it has (P5, P6).
func TestContract(t *testing.T) {
	for what, open := range map[string]func(t *testing.T) *sandbox.Sandbox{
		"file": func(t *testing.T) *sandbox.Sandbox {
			s, err := sandbox.Open(t.TempDir() + "/ledger")
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"rows": func(*testing.T) *sandbox.Sandbox { return sandbox.OpenShared(sandbox.NewRows()) },
	} {
		t.Run(what, func(t *testing.T) {
			processortest.RunInProcess(t, func(t *testing.T) *processortest.Bank {
				s := open(t)
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				return bankOf(t, s)
			})
		})
	}
}

func bankOf(t *testing.T, s *sandbox.Sandbox) *processortest.Bank {
	t.Helper()
	s.Slow, s.RefundDelay = 0, 300*time.Millisecond
	s.Secrets = secretsOfTests[:2]
	pages := httptest.NewServer(s.Pages())
	t.Cleanup(pages.Close)
	s.ChallengeURL = pages.URL
	return &processortest.Bank{
		Processor: s, Captured: "tok_ok", Declined: "tok_declined", Challenge: "tok_challenge",
		ChallengeDeclined: "tok_challenge_decline", RefundFails: "tok_refund_fails",
		RefundPending: "tok_refund_pending", Dispute: "tok_dispute", Answer: pressButton,
		SettleRefunds: func(*testing.T) {}, Sign: signed,
	}
}

// pressButton is a buyer in a browser. The buyer is sent back to the shop, where nothing is fetched.
func pressButton(t *testing.T, ref processor.Reference, where string, pass bool) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(where)
	if err != nil {
		t.Fatal(err)
	}
	_ = page.Body.Close() // nothing of it is used
	answer := map[bool]string{true: "pass", false: "fail"}[pass]
	done, err := client.PostForm(where, url.Values{"reference": {string(ref)}, "answer": {answer}})
	if err != nil {
		t.Fatal(err)
	}
	_ = done.Body.Close() // likewise
	if page.StatusCode != http.StatusOK || done.StatusCode >= 400 {
		t.Errorf("the challenge's page: %d, then %d", page.StatusCode, done.StatusCode)
	}
}

func signed(_ *testing.T, secret int, a processor.AttemptID, ref processor.Reference, at time.Time) (
	processor.Header, []byte) {
	body := []byte(
		`{"id":"evt_1","type":"payment.captured","attempt":"` + string(a) + `","reference":"` + string(ref) + `"}`,
	)
	value := sandbox.Sign(secretsOfTests[secret], body, at)
	return func(name string) string {
		if strings.EqualFold(name, sandbox.SignatureHeader) {
			return value
		}
		return ""
	}, body
}
