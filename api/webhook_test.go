package api

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/limit"
	"holdfast/api/webhook"
)

// signedPayments believes what has its header, and keeps what it was given.
type signedPayments struct {
	adapter string
	bodies  [][]byte
}

func (p *signedPayments) PaymentHint(adapter string, header func(string) string, body []byte) error {
	switch {
	case adapter != p.adapter:
		return webhook.ErrNoAdapter
	case header("Sandbox-Signature") != "good":
		return errors.New("a secret reason")
	}
	p.bodies = append(p.bodies, bytes.Clone(body))
	return nil
}

const webhookPath = "/v1/payments/webhook/sandbox"

var signedRight = headers{"Sandbox-Signature": "good"}

// TestWebhooksAreTakenByTheirSignatureAlone: no key, no buyer, no operator; what nobody signed is told nothing more.
func TestWebhooksAreTakenByTheirSignatureAlone(t *testing.T) {
	payments := &signedPayments{adapter: "sandbox"}
	h := open(t, func(c *Config) { c.Payments = payments })
	for _, body := range []string{`{"id":"evt_1"}`, `{"id":"evt_1"}`, "\xef\xbb\xbf{}", " {}\n", "not JSON", ""} {
		h.do("POST", webhookPath, signedRight, body).want(200, "")
		if got := payments.bodies[len(payments.bodies)-1]; string(got) != body {
			t.Errorf("%q came as %q: the signature is over the raw body", body, got)
		}
	}
	for _, who := range []headers{nobody, operator, alice, {"Sandbox-Signature": "bad"}} {
		a := h.do("POST", webhookPath, who, `{}`).want(400, "bad_signature")
		if strings.Contains(string(a.body), "secret") {
			t.Errorf("the answer tells why: %s", a.body)
		}
	}
	h.do("POST", "/v1/payments/webhook/stripe", signedRight, `{}`).want(404, "not_found")
	h.do("POST", "/v1/payments/webhook/"+strings.Repeat("x", 300), signedRight, `{}`).want(404, "not_found")
	h.do("GET", webhookPath, signedRight, "").want(405, "method_not_allowed")
	h.do("POST", webhookPath, signedRight, strings.Repeat("x", 64<<10)).want(200, "")
	h.do("POST", webhookPath, signedRight, strings.Repeat("x", 64<<10+1)).want(413, "body_too_large")
	metrics := string(h.do("GET", "/metrics", nobody, "").body)
	for _, want := range []string{
		`holdfast_payment_webhooks_total{result="accepted"} 7`, `holdfast_payment_webhooks_total{result="bad_signature"} 4`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

// TestServersWithoutAProcessorTakeNoWebhooks.
func TestServersWithoutAProcessorTakeNoWebhooks(t *testing.T) {
	open(t, nil).do("POST", webhookPath, signedRight, `{}`).want(404, "not_found")
}

// TestP12WebhooksKeepNoCardNumbers guards P12: a processor's long numbers are no reason to refuse its webhook, and
// whatever stands in one, signed or not, is neither logged nor answered.
func TestP12WebhooksKeepNoCardNumbers(t *testing.T) {
	h := open(t, func(c *Config) { c.Payments = &signedPayments{adapter: "sandbox"} })
	for _, card := range testCards {
		body := `{"id":"evt_1","number":"` + card + `"}`
		h.do("POST", webhookPath, signedRight, body).want(200, "")
		a := h.do("POST", webhookPath, nobody, body).want(400, "bad_signature")
		path := "/v1/payments/webhook/" + strings.ReplaceAll(card, " ", "%20")
		b := h.do("POST", path, headers{"Sandbox-Signature": card}, body).want(404, "not_found")
		metrics := h.do("GET", "/metrics", nobody, "").body
		for what, text := range map[string]string{
			"log": h.logs.String(), "answer": string(a.body) + string(b.body), "metrics": string(metrics),
		} {
			if strings.Contains(text, card) {
				t.Errorf("P12: %s in the %s", card, what)
			}
		}
	}
}

// TestWrongSignaturesAreCountedByAddress, and right ones never: a processor comes from few addresses, and as often as
// there are sales.
func TestWrongSignaturesAreCountedByAddress(t *testing.T) {
	start := time.Now()
	h := open(t, func(c *Config) {
		c.Payments = &signedPayments{adapter: "sandbox"}
		c.Limits = limit.Limits{Address: limit.Rate{PerSecond: 0.001, Burst: 3}}
		c.Now = func() time.Time { return start }
	})
	receive := func(times int, address, signature string, want int) {
		t.Helper()
		for range times {
			ctx := &fasthttp.RequestCtx{}
			ctx.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)), nil)
			ctx.Request.Header.SetMethod("POST")
			ctx.Request.SetRequestURI(webhookPath)
			ctx.Request.Header.Set("Sandbox-Signature", signature)
			if h.server.Handler(ctx); ctx.Response.StatusCode() != want {
				t.Fatalf("%s from %s: %d %s", signature, address, ctx.Response.StatusCode(), ctx.Response.Body())
			}
		}
	}
	receive(10, "192.0.2.1:1", "good", 200)
	receive(3, "192.0.2.1:1", "bad", 400)
	receive(3, "192.0.2.1:1", "bad", 429)
	receive(3, "192.0.2.1:1", "good", 200)
	receive(3, "192.0.2.2:1", "bad", 400)
}
