package stripe_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/processortest"
	"holdfast/actors/checkout/stripe"
	"holdfast/actors/checkout/stripe/stripetest"
	"holdfast/actors/trace"
)

var secrets = [...]string{"whsec_new", "whsec_old", "whsec_else"}

// bank is a Stripe with a memory and an adapter to it.
func bank(t *testing.T) (*stripetest.Server, *stripe.Adapter, *processortest.Line) {
	t.Helper()
	fake := stripetest.New()
	line := &processortest.Line{Bank: fake}
	server := httptest.NewServer(line)
	t.Cleanup(server.Close)
	adapter, err := stripe.New(stripe.Config{Key: stripetest.Key, WebhookSecrets: secrets[:2], URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = adapter.Close() }) // it has nothing to lose
	return fake, adapter, line
}

// TestContract: the adapter keeps the port's rules against a Stripe that has state, remembers first results, and whose
// line loses answers (P5, P6).
func TestContract(t *testing.T) {
	processortest.Run(t, func(t *testing.T) *processortest.Bank {
		fake, adapter, line := bank(t)
		t.Cleanup(func() {
			if n := fake.Searches(); n > 0 {
				t.Errorf("P6: searched %d times; a search answers late", n)
			}
		})
		return &processortest.Bank{
			Processor: adapter, Captured: stripetest.Visa, Declined: stripetest.Declined,
			Challenge: stripetest.Challenge, ChallengeDeclined: stripetest.ChallengeDeclined,
			RefundFails: stripetest.RefundFails, RefundPending: stripetest.RefundPending, Dispute: stripetest.Dispute,
			Answer: func(_ *testing.T, ref processor.Reference, _ string, pass bool) {
				fake.Answer(string(ref), pass)
			},
			SettleRefunds: func(*testing.T) { fake.SettleRefunds(false) }, Line: line, Sign: sign,
		}
	})
}

func sign(_ *testing.T, secret int, a processor.AttemptID, ref processor.Reference, at time.Time) (
	processor.Header, []byte) {
	body := event("payment_intent.succeeded", fmt.Sprintf(
		`{"id":%q,"object":"payment_intent","metadata":{"holdfast_attempt":%q}}`, ref, a))
	value := fmt.Sprintf("t=%d,v1=%s,v0=ignored", at.Unix(),
		hex.EncodeToString(webhook.ComputeSignature(at, body, secrets[secret])))
	value = strings.TrimSuffix(value, ",v0=ignored")
	return headerOf(value), body
}

func headerOf(value string) processor.Header {
	return func(name string) string {
		if name == stripe.SignatureHeader {
			return value
		}
		return ""
	}
}

// event is of another API version than the library's: an endpoint keeps the one that it was made with.
func event(what, object string) []byte {
	return []byte(`{"id":"evt_1","object":"event","api_version":"2020-08-27","type":"` + what +
		`","data":{"object":` + object + `}}`)
}

func open(t *testing.T, a *stripe.Adapter, attempt processor.AttemptID) processor.Reference {
	t.Helper()
	ref, err := a.Open(t.Context(), processor.Opening{
		Attempt: attempt, Booking: "a booking", Amount: 4500, Currency: "EUR",
	})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func charge(t *testing.T, a *stripe.Adapter, attempt processor.AttemptID, ref processor.Reference, token string,
) processor.Answer {
	t.Helper()
	answer, err := a.Charge(t.Context(), processor.Charge{
		Attempt: attempt, Reference: ref, Token: token, Return: "https://tickets.example/back",
	})
	if err != nil {
		t.Fatalf("charge: %v", err)
	}
	return answer
}

// TestTokensThatAreNoneAreDeclinedAndStayDeclined guards P12 and P6: what is not shaped like a token of Stripe's is not
// sent there, and a payment whose token is unknown ends.
func TestTokensThatAreNoneAreDeclinedAndStayDeclined(t *testing.T) {
	for n, token := range []string{
		"4242424242424242", "pm_unknown", "ctoken_unknown", "tok_visa", "pm_" + strings.Repeat("a", 300),
		"pm_4242 4242", "pm_x&confirm=1", "",
	} {
		fake, adapter, _ := bank(t)
		attempt := processor.AttemptID(fmt.Sprintf("b-%d", n+1))
		ref := open(t, adapter, attempt)
		for range 2 {
			if got := charge(t, adapter, attempt, ref, token); got.Status != processor.Declined || got.Decline == "" {
				t.Errorf("P6: %.20q is %+v", token, got)
			}
		}
		if got := charge(t, adapter, attempt, ref, stripetest.Visa); got.Status != processor.Declined {
			t.Errorf("P6: %.20q, and then a good one: %+v", token, got)
		}
		for _, request := range fake.Seen() {
			if strings.Contains(request, "4242") || strings.Contains(request, strings.Repeat("a", 300)) {
				t.Errorf("P12: %.20q was sent to Stripe: %s", token, request)
			}
		}
	}
}

// TestConfirmationTokensAreTaken: ctoken_… as Stripe's newer page elements make them.
func TestConfirmationTokensAreTaken(t *testing.T) {
	_, adapter, _ := bank(t)
	ref := open(t, adapter, "b-1")
	if got := charge(t, adapter, "b-1", ref, "ctoken_visa"); got.Status != processor.Captured {
		t.Errorf("%+v", got)
	}
}

// TestReplayedAnswersAreAskedAnew guards P6: Stripe replays the first result of a key for a day, whatever has happened
// since, and forgets it then.
func TestReplayedAnswersAreAskedAnew(t *testing.T) {
	fake, adapter, _ := bank(t)
	ref := open(t, adapter, "b-1")
	charge(t, adapter, "b-1", ref, stripetest.Challenge)
	fake.Answer(string(ref), true)
	if got := charge(t, adapter, "b-1", ref, stripetest.Challenge); got.Status != processor.Captured {
		t.Errorf("P6: the buyer has passed, and the charge is %+v", got)
	}
	refund := processor.Refund{ID: "b-r1", Attempt: "b-1", Reference: ref, Amount: 1000, Currency: "EUR"}
	for range 3 {
		if got, err := adapter.Refund(t.Context(), refund); got != processor.Refunded || err != nil {
			t.Errorf("P6: %v, %v", got, err)
		}
		fake.Forget()
	}
	err := adapter.Payments(t.Context(), time.Time{}, func(p processor.Payment) error {
		if p.Refunded != 1000 {
			t.Errorf("P6: refunded again after a day: %+v", p)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestRefundsThatFailLaterAreTold guards P6: a refund that was pending and failed is found by its id, and by the
// events.
func TestRefundsThatFailLaterAreTold(t *testing.T) {
	fake, adapter, _ := bank(t)
	cursor, err := adapter.Events(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	ref := open(t, adapter, "b-1")
	charge(t, adapter, "b-1", ref, stripetest.RefundPending)
	refund := processor.Refund{ID: "b-r1", Attempt: "b-1", Reference: ref, Amount: 1000, Currency: "EUR"}
	if got, err := adapter.Refund(t.Context(), refund); got != processor.RefundPending || err != nil {
		t.Fatalf("%v, %v", got, err)
	}
	fake.SettleRefunds(true)
	if got, err := adapter.Refund(t.Context(), refund); got != processor.RefundFailed || err != nil {
		t.Errorf("P6: %v, %v", got, err)
	}
	told := 0
	if _, err := adapter.Events(t.Context(), cursor, func(h processor.Hint) error {
		if h.Kind == processor.HintRefund && h.Attempt == "b-1" {
			told++
		}
		return nil
	}); err != nil || told != 2 {
		t.Errorf("told %d times, %v", told, err)
	}
}

// TestErrorsNameNoSecrets guards P6 and P12: the library's errors hold whole intents, with the secret by which a
// browser confirms one.
func TestErrorsNameNoSecrets(t *testing.T) {
	_, adapter, line := bank(t)
	ref := open(t, adapter, "b-1")
	line.Fails(func() {
		_, err := adapter.Charge(t.Context(), processor.Charge{Attempt: "b-1", Reference: ref, Token: stripetest.Visa})
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "{") ||
			strings.Contains(err.Error(), stripetest.Visa) {
			t.Errorf("%v", err)
		}
	})
	_, err := adapter.Refund(t.Context(), processor.Refund{ID: "r", Reference: "pi_none", Amount: 100, Currency: "EUR"})
	if err == nil || strings.Contains(err.Error(), "{") || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}

// TestWebhooksOfAllKinds: a dispute names no attempt, and an event of another kind is of no interest.
func TestWebhooksOfAllKinds(t *testing.T) {
	_, adapter, _ := bank(t)
	now := time.Now()
	for _, row := range []struct {
		what, object string
		want         processor.Hint
		err          error
	}{
		{"payment_intent.succeeded", `{"metadata":{"holdfast_attempt":"b-1"}}`, processor.Hint{Attempt: "b-1"}, nil},
		{"refund.failed", `{"payment_intent":"pi_1","metadata":{"holdfast_attempt":"b-1"}}`,
			processor.Hint{Attempt: "b-1", Kind: processor.HintRefund}, nil},
		{"charge.dispute.created", `{"payment_intent":"pi_1","metadata":{}}`,
			processor.Hint{Kind: processor.HintDispute}, nil},
		{"charge.dispute.created", `{"payment_intent":{"id":"pi_1"},"metadata":null}`,
			processor.Hint{Kind: processor.HintDispute}, nil},
		{"customer.created", `{"metadata":{}}`, processor.Hint{Kind: processor.HintOther}, nil},
		{"payment_intent.succeeded", `7`, processor.Hint{}, stripe.ErrBody},
		{"payment_intent.succeeded", `{"metadata":[]}`, processor.Hint{}, stripe.ErrBody},
	} {
		body := event(row.what, row.object)
		signature := fmt.Sprintf("t=%d,v1=%x", now.Unix(), webhook.ComputeSignature(now, body, secrets[1]))
		hint, err := adapter.Verify(headerOf(signature), body, now)
		if row.err == nil {
			row.want.ID = "evt_1"
		}
		if hint != row.want || !errors.Is(err, row.err) {
			t.Errorf("%s %s: %+v, %v", row.what, row.object, hint, err)
		}
	}
	if _, err := adapter.Verify(headerOf(strings.Repeat("v1=00,", 1000)), nil, now); !errors.Is(
		err,
		stripe.ErrSignature,
	) {
		t.Errorf("an endless header: %v", err)
	}
}

// TestKeysThatAreNoneAreRefused: a publishable key is told at the start, not by the first buyer.
func TestKeysThatAreNoneAreRefused(t *testing.T) {
	for key, good := range map[string]bool{"sk_live_x": true, "rk_test_x": true, "pk_live_x": false, "": false} {
		if _, err := stripe.New(stripe.Config{Key: key}); (err == nil) != good ||
			err != nil && strings.Contains(err.Error(), "_live") {
			t.Errorf("%q: %v", key, err)
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
	adapter, err := stripe.New(stripe.Config{Key: stripetest.Key, URL: server.URL})
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
