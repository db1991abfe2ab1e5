package remote_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
)

// heard is a webhook that came, and what the adapter says of it.
type heard struct {
	hint processor.Hint
	err  error
	at   time.Time
	body string
}

// listener is a shop that hears webhooks, and refuses as many of them as it is told.
func listener(t *testing.T, bank *sandbox.Sandbox, refusals int) (url string, all chan heard) {
	t.Helper()
	all = make(chan heard, 64)
	var left atomic.Int64
	left.Store(int64(refusals))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if left.Add(-1) >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h := heard{at: time.Now(), body: string(body)}
		if h.hint, h.err = bank.Verify(r.Header.Get, body, time.Now()); h.err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		all <- h
	}))
	t.Cleanup(server.Close)
	return server.URL, all
}

func (h heard) String() string { return h.body }

// TestWebhooksGoWrongAsTheirTokenHasIt: twice, late, the newest first, after a forged one, never (P5, P6).
func TestWebhooksGoWrongAsTheirTokenHasIt(t *testing.T) {
	for token, check := range map[string]func(t *testing.T, all []heard, began time.Time){
		"tok_ok": func(t *testing.T, all []heard, _ time.Time) { expect(t, all, 1) },
		"tok_webhook_twice": func(t *testing.T, all []heard, _ time.Time) {
			if expect(t, all, 2); all[0].hint != all[1].hint {
				t.Errorf("two messages: %v", all)
			}
		},
		"tok_webhook_late": func(t *testing.T, all []heard, began time.Time) {
			if expect(t, all, 1); all[0].at.Sub(began) < lateness {
				t.Error("it was not late")
			}
		},
		"tok_webhook_unordered": func(t *testing.T, all []heard, _ time.Time) {
			if expect(t, all, 2); all[0].hint.ID == all[1].hint.ID {
				t.Errorf("one message: %v", all)
			}
		},
		"tok_webhook_forged": func(t *testing.T, all []heard, _ time.Time) {
			if len(all) != 2 || (all[0].err == nil) == (all[1].err == nil) {
				t.Errorf("one of two is forged: %v", all)
			}
		},
		"tok_webhook_never": func(t *testing.T, all []heard, _ time.Time) { expect(t, all, 0) },
	} {
		t.Run(token, func(t *testing.T) {
			began := time.Now()
			check(t, webhooksOf(t, token, 0), began)
		})
	}
}

const lateness = 200 * time.Millisecond

func expect(t *testing.T, all []heard, n int) {
	t.Helper()
	if len(all) != n {
		t.Fatalf("%d webhooks: %v", len(all), all)
	}
	for _, h := range all {
		if h.err != nil || h.hint.Attempt != "a-1" {
			t.Errorf("%v: %v, %v", h, h.hint, h.err)
		}
	}
}

// webhooksOf pays with a token, and then with another whose webhook ends the list.
func webhooksOf(t *testing.T, token string, refusals int) (all []heard) {
	t.Helper()
	bank, _, _ := serve(t)
	bank.Secrets, bank.WebhookDelay = secrets[:2], lateness
	url, told := listener(t, bank, refusals)
	failed := make(chan error, 8)
	bank.SendWebhooks(url, http.DefaultClient, func(err error) { failed <- err })
	pay(t, bank, "a-1", token)
	ends := time.After(2 * lateness) // "never" is judged by a webhook that was sent after it, and by this
	pay(t, bank, "end-1", "tok_ok")
	for ended := false; ; {
		select {
		case h := <-told:
			if h.hint.Attempt == "end-1" {
				ended = true
				continue
			}
			all = append(all, h)
		case <-ends:
			if !ended {
				ends = time.After(lateness)
				continue
			}
			return all
		}
	}
}

func pay(t *testing.T, bank *sandbox.Sandbox, a processor.AttemptID, token string) {
	t.Helper()
	ref, err := bank.Open(t.Context(), processor.Opening{Attempt: a, Amount: 500, Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bank.Charge(t.Context(), processor.Charge{Attempt: a, Reference: ref, Token: token}); err != nil {
		t.Fatal(err)
	}
}

// TestWebhooksAreSentAgain: a shop that was not there hears of it all the same.
func TestWebhooksAreSentAgain(t *testing.T) {
	bank, _, _ := serve(t)
	bank.Secrets = secrets[:2]
	url, told := listener(t, bank, 1)
	bank.SendWebhooks(url, http.DefaultClient, func(err error) { t.Error(err) })
	pay(t, bank, "a-1", "tok_ok")
	if h := <-told; h.err != nil || h.hint.Attempt != "a-1" {
		t.Errorf("%v: %v", h, h.err)
	}
}
