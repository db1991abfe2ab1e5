package payment

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
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
		till.SendHints(func(h processor.Hint) { hints = append(hints, h) }, nil)
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

// eventful is a processor that tells one event each time, and fails when it is told to.
type eventful struct {
	processor.Processor
	cursors []string
	fails   bool
}

func (e *eventful) Events(_ context.Context, cursor string, visit func(processor.Hint) error) (string, error) {
	e.cursors = append(e.cursors, cursor)
	if e.fails {
		return cursor, errors.New("away")
	}
	return cursor + "x", visit(processor.Hint{Attempt: "b-1"})
}

// TestEventsAreFollowedOverRestarts guards P6: what happened while no server ran is told, and an outage is reported
// once.
func TestEventsAreFollowedOverRestarts(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		bank := &eventful{}
		till := &Till{Processor: bank}
		hints, reports := 0, []error(nil)
		till.SendHints(func(processor.Hint) { hints++ }, nil)
		run := func(long time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			till.FollowEvents(ctx, folder, func(err error) { reports = append(reports, err) })
		}
		run(70 * time.Second)
		run(10 * time.Second)
		if got := strings.Join(bank.cursors, ","); got != ",x,xx,xxx" || hints != 4 {
			t.Errorf("asked from %s, told of %d", got, hints)
		}
		bank.fails = true
		run(70 * time.Second)
		if len(reports) != 1 || reports[0] == nil || bank.cursors[len(bank.cursors)-1] != "xxxx" {
			t.Errorf("reported %v; asked from %q", reports, bank.cursors)
		}
	})
	if info, err := os.Stat(filepath.Join(folder, cursorFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestEventsThatAreNotSettledAreToldAgain guards P6: a server that dies before it could act on an event hears of it
// again; one that was acted on is not told for ever.
func TestEventsThatAreNotSettledAreToldAgain(t *testing.T) {
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var waits time.Time
		run := func(long time.Duration, hear func(processor.Hint)) string {
			bank := &eventful{}
			till := &Till{Processor: bank}
			till.SendHints(hear, func() time.Time { return waits })
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			till.FollowEvents(ctx, folder, func(err error) { t.Error(err) })
			return strings.Join(bank.cursors, ",")
		}
		first := func(processor.Hint) { waits = cmp.Or(waits, time.Now()) }
		if got := run(70*time.Second, first); got != ",x,xx" {
			t.Fatalf("asked from %s", got)
		}
		waits = time.Time{} // memory is gone with the process
		if got := run(10*time.Second, func(processor.Hint) {}); got != "" {
			t.Errorf("the next life asks from %q: what was not settled is lost", got)
		}
		if got := run(10*time.Second, func(processor.Hint) {}); got != "x" {
			t.Errorf("what is settled is told again: asked from %q", got)
		}
	})
}
