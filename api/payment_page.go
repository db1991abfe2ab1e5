package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"holdfast/api/call"
	"holdfast/api/document"
)

// stripeScript is Stripe's own, which must come from Stripe's own address.
const stripeScript = "https://js.stripe.com/v3/"

// The payment adapters that the page knows.
const (
	PaymentsSandbox = "sandbox" // tokens that decide what becomes of a payment; no money moves
	PaymentsStripe  = "stripe"
)

// howToPay tells a client where a buyer's token comes from. It holds nothing secret.
type howToPay struct {
	Adapter        string `json:"adapter"`
	PublishableKey string `json:"publishable_key,omitempty"` // of the processor, for its fields
	Script         string `json:"script,omitempty"`          // the address of the processor's own script
}

// publishableKeyMax is more characters than any processor's public key has.
const publishableKeyMax = 256

// PaymentPage says how the page asks a buyer for a means of payment. The zero value is the sandbox.
//
// Whatever the adapter, a card's number is typed into a field of the processor's, in a frame of the processor's origin;
// the page and this server get a token (P12).
type PaymentPage struct {
	// Adapter is PaymentsSandbox or PaymentsStripe; empty: the sandbox.
	Adapter string
	// PublishableKey is the processor's public key, for Stripe: pk_…. Every visitor can read it.
	PublishableKey string
	// Script is the address of the processor's script (default: the adapter's own). The page loads it, and nothing else
	// of its origin, from https, or from http on a loopback address.
	Script string
	// ChallengeOrigins are origins (https://bank.example) besides the adapter's own on which buyers answer challenges:
	// the page may show them in a frame.
	ChallengeOrigins []string
}

// pageOrigins are what a page lets in besides what comes from its own server, as a Content-Security-Policy names them:
// each is a list with blanks between, or empty.
type pageOrigins struct{ scripts, frames, styles, data string }

// origins are those of the processor's fields and of its challenges.
func (p *PaymentPage) origins() pageOrigins {
	o := pageOrigins{frames: strings.Join(p.ChallengeOrigins, " ")}
	if p.Adapter == PaymentsStripe {
		from := "https://js.stripe.com https://*.js.stripe.com"
		if p.Script != "" {
			from = OriginOf(p.Script)
		}
		o.scripts, o.data = from, "https://api.stripe.com"
		o.frames = strings.TrimSpace(from + " https://hooks.stripe.com " + o.frames)
	}
	return o
}

// OriginOf is the origin (https://host) of an address, as PaymentPage.ChallengeOrigins names it; empty: it has none.
func OriginOf(address string) string {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" {
		return ""
	}
	return at.Scheme + "://" + at.Host
}

// check refuses what a page could not use, and a secret key, which every visitor would read.
func (p *PaymentPage) check() error {
	var all []error
	switch p.Adapter {
	case "", PaymentsSandbox:
	case PaymentsStripe:
		all = append(all, checkPublishable(p.PublishableKey))
	default:
		all = append(all, fmt.Errorf("api: no page for the payment adapter %q", p.Adapter))
	}
	if p.Script != "" && !pageAddress(p.Script) {
		all = append(all, errors.New("api: the address of the processor's script must be https://…"))
	}
	for _, origin := range p.ChallengeOrigins {
		if !pageAddress(origin) || OriginOf(origin) != origin {
			all = append(all, fmt.Errorf("api: %q is no origin of challenges; one is https://host", origin))
		}
	}
	return errors.Join(all...)
}

func checkPublishable(key string) error {
	switch {
	case !strings.HasPrefix(key, "pk_"):
		return errors.New("api: the processor's publishable key begins with pk_; a secret key must not be told to " +
			"pages")
	case len(key) > publishableKeyMax || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }):
		return errors.New("api: the processor's publishable key is one word of visible ASCII")
	}
	return nil
}

// pageAddress says that a policy can name the address: https, or http on a loopback address.
func pageAddress(address string) bool {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || at.User != nil || strings.ContainsAny(at.Host, " ;,*'\"") {
		return false
	}
	host := at.Hostname()
	loopback := host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
	return at.Scheme == "https" || at.Scheme == "http" && loopback
}

// newPaymentPage makes the document of GET /v1/payments. It panics on failure: three words can be written.
func newPaymentPage(p *PaymentPage) *document.Still {
	how := howToPay{Adapter: PaymentsSandbox}
	if p.Adapter == PaymentsStripe {
		how = howToPay{Adapter: p.Adapter, PublishableKey: p.PublishableKey, Script: stripeScript}
		if p.Script != "" {
			how.Script = p.Script
		}
	}
	body, err := json.Marshal(how)
	if err != nil {
		panic(err)
	}
	doc, err := document.New(body)
	if err != nil {
		panic(err)
	}
	return doc
}

func (s *Server) howToPayPage(r *call.Call) error {
	s.howToPay.Send(r.Ctx, document.JSON, document.Revalidate)
	return nil
}

// PaymentReturn is the path of the page to which a processor sends a buyer after a challenge. It says that the buyer
// can go on, decides nothing, and is the only page of ours that a frame may show: a frame of our own.
const PaymentReturn = "/checkout/return"

var returnHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; " +
		"frame-ancestors 'self'; form-action 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Frame-Options", "SAMEORIGIN"},
}

func (s *Server) returnPage(r *call.Call) error { return s.pageWith(r, "returned.html", returnHeaders) }
