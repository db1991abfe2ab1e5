package api

import (
	"slices"
	"strings"
	"testing"
)

// Kind: a page that lets in more than it needs. Only what the configured processor's fields and challenges come from is
// in the policy, and the document for browsers holds no secret.
func TestPageLetsInTheProcessorAlone(t *testing.T) {
	stripe := PaymentPage{Adapter: PaymentsStripe, PublishableKey: "pk_test_1"}
	own, bank := stripe, PaymentPage{ChallengeOrigins: []string{"http://127.0.0.1:9"}}
	own.Script = "https://pay.example/v3/fields.js"
	for _, c := range []struct {
		p                     PaymentPage
		scripts, frames, data string
		how                   howToPay
	}{
		{PaymentPage{}, "", "", "", howToPay{Adapter: "sandbox"}},
		{bank, "", "http://127.0.0.1:9", "", howToPay{Adapter: "sandbox"}},
		{stripe, "https://js.stripe.com https://*.js.stripe.com",
			"https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com", "https://api.stripe.com",
			howToPay{Adapter: "stripe", PublishableKey: "pk_test_1", Script: stripeScript}},
		{own, "https://pay.example", "https://pay.example https://hooks.stripe.com", "https://api.stripe.com",
			howToPay{Adapter: "stripe", PublishableKey: "pk_test_1", Script: own.Script}},
	} {
		h := open(t, func(cfg *Config) { cfg.PaymentPage = c.p })
		policy := strings.Split(h.do("GET", "/", nobody, "").want(200, "").header.Get("Content-Security-Policy"), "; ")
		for name, more := range map[string]string{
			"script-src": c.scripts, "frame-src": c.frames, "connect-src": c.data,
		} {
			is := slices.ContainsFunc(policy, func(d string) bool { return strings.HasPrefix(d, name+" ") })
			if is != (more != "") || is && !slices.Contains(policy, name+" 'self' "+more) {
				t.Errorf("%+v: %s is not %q in %q", c.p, name, more, policy)
			}
		}
		if policy[0] != "default-src 'self'" || !slices.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%q", policy)
		}
		var how howToPay
		h.do("GET", "/v1/payments", nobody, "").want(200, "").into(&how)
		if how != c.how {
			t.Errorf("%+v", how)
		}
	}
}

// Kind: a secret that every visitor reads, and an address that opens a page to more than one origin.
func TestPaymentPageIsChecked(t *testing.T) {
	good := PaymentPage{Adapter: "stripe", PublishableKey: "pk_live_1", Script: "https://js.example/s.js",
		ChallengeOrigins: []string{"https://bank.example", "http://127.0.0.1:8089", "http://localhost:1"}}
	if err := (&Config{DevAuth: true, PaymentPage: good}).Validate(); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]PaymentPage{
		"no key": {Adapter: "stripe"}, "secret key": {Adapter: "stripe", PublishableKey: "sk_live_1"},
		"two words": {Adapter: "stripe", PublishableKey: "pk_live_1 x"}, "unknown": {Adapter: "barter"},
		"script over http":     {Script: "http://js.example/s.js"},
		"script of no host":    {Script: "/s.js"},
		"a path":               {ChallengeOrigins: []string{"https://bank.example/3ds"}},
		"every host":           {ChallengeOrigins: []string{"https://*"}},
		"a whole scheme":       {ChallengeOrigins: []string{"https:"}},
		"a second directive":   {ChallengeOrigins: []string{"https://bank.example;script-src"}},
		"a password":           {ChallengeOrigins: []string{"https://a:b@bank.example"}},
		"over http, elsewhere": {ChallengeOrigins: []string{"http://bank.example"}},
	} {
		if (&Config{DevAuth: true, PaymentPage: bad}).Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The page after a challenge is shown in our own frames and nowhere else, with whatever a processor adds to its
// address.
func TestReturnPageIsFramedByOurselvesAlone(t *testing.T) {
	h := open(t, nil)
	page := h.do("GET", PaymentReturn+"?payment_intent=pi_1&redirect_status=succeeded", nobody, "").want(200, "")
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self'") ||
		!strings.Contains(policy, "default-src 'none'") || page.header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Fatalf("%v", page.header)
	}
}
