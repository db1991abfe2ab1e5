package payment

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/api/webhook"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/testkit"
)

const hookSecret = "a secret of twenty bytes"

func inside(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryProcessorOpens by its name, and refuses secrets that others can read.
func TestEveryProcessorOpens(t *testing.T) {
	key := testkit.WriteFile(t, "key", "sk_test_0123456789abcdef\n")
	public := testkit.WriteFile(t, "key", "pk_test_0123456789abcdef\n")
	hook := testkit.WriteFile(t, "hook", hookSecret)
	open := testkit.WriteFile(t, "open", hookSecret)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		c     config.Payments
		name  string
		wrong string
	}{
		{config.Payments{Payments: "stripe", StripeKeyFile: key, StripeWebhookSecretFile: hook}, "stripe", ""},
		{config.Payments{Payments: "stripe", StripeKeyFile: public}, "", "neither secret"},
		{config.Payments{Payments: "stripe", StripeKeyFile: key, StripeWebhookSecretFile: open}, "", "chmod"},
		{config.Payments{Payments: "stripe", StripeKeyFile: open}, "", "chmod"},
		{config.Payments{Payments: "sandbox-url", SandboxURL: "http://127.0.0.1:1"}, "sandbox", ""},
		{config.Payments{Payments: "sandbox-url", SandboxURL: "nowhere"}, "", "no address"},
		{config.Payments{Payments: "sandbox", SandboxListen: "127.0.0.1:0"}, "sandbox", ""},
		{config.Payments{Payments: "sandbox", SandboxListen: "192.0.2.1:1"}, "", "page"},
		{config.Payments{Payments: "cash"}, "", "cash"},
	} {
		till, err := Open(&row.c, inside(t))
		if row.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), row.wrong) || strings.Contains(err.Error(), hookSecret) {
				t.Errorf("%+v: %v", row.c, err)
			}
			continue
		}
		if err != nil || till.Processor.Name() != row.name {
			t.Errorf("%+v: %v", row.c, err)
			continue
		}
		if err := till.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestInsideSandboxHasAPageOfItsOwn: a buyer passes the challenge in a browser, on an address that is not the shop's.
func TestInsideSandboxHasAPageOfItsOwn(t *testing.T) {
	till, err := Open(&config.Payments{Payments: "sandbox", SandboxListen: "127.0.0.1:0"}, inside(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := till.Close(); err != nil {
			t.Error(err)
		}
	}()
	ref, err := till.Processor.Open(t.Context(), processor.Opening{Attempt: "b-1", Amount: 500, Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	to := till.ReturnTo(func() string { return "http://shop.example/?b={booking}" })(actors.BookingID{})
	if strings.Contains(to, "{booking}") {
		t.Errorf("back to %s", to)
	}
	answer, err := till.Processor.Charge(t.Context(), processor.Charge{
		Attempt: "b-1", Reference: ref, Token: "tok_challenge", Return: to,
	})
	if err != nil || !strings.HasPrefix(answer.Next.URL, till.Page+"/") {
		t.Fatalf("%+v, %v", answer, err)
	}
	if status, page := testkit.Get(t, answer.Next.URL); status != 200 || !strings.Contains(page, "Pass") {
		t.Errorf("%d %s", status, page)
	}
}

// TestWebhooksBecomeHints: proved first; before anybody listens they are taken, and change nothing.
func TestWebhooksBecomeHints(t *testing.T) {
	c := config.Payments{Payments: "sandbox-url", SandboxURL: "http://127.0.0.1:1",
		SandboxWebhookSecretFile: testkit.WriteFile(t, "hook", "another secret of ours\n"+hookSecret)}
	till, err := Open(&c, nil)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"id":"evt_1","type":"payment.captured","attempt":"b-1"}`)
	header := func(name string) string {
		if name == sandbox.SignatureHeader {
			return sandbox.Sign(hookSecret, body, time.Now())
		}
		return ""
	}
	var hints []processor.Hint
	for range 2 {
		if err := till.PaymentHint("sandbox", header, body); err != nil {
			t.Error(err)
		}
		till.SendHints(func(h processor.Hint) { hints = append(hints, h) })
	}
	if len(hints) != 1 || hints[0].Attempt != "b-1" {
		t.Errorf("%v", hints)
	}
	if err := till.PaymentHint("stripe", header, body); !errors.Is(err, webhook.ErrNoAdapter) {
		t.Errorf("another adapter: %v", err)
	}
	if err := till.PaymentHint("sandbox", header, body[1:]); err == nil || errors.Is(err, webhook.ErrNoAdapter) {
		t.Errorf("another body: %v", err)
	}
	c.SandboxWebhookSecretFile = ""
	if till, err = Open(&c, nil); err != nil {
		t.Fatal(err)
	}
	if err := till.PaymentHint("sandbox", header, body); err == nil || errors.Is(err, webhook.ErrNoAdapter) {
		t.Errorf("without secrets: %v", err)
	}
}
