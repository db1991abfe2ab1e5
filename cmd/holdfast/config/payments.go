package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
)

// The processors that --payments names.
const (
	PaymentsSandbox    = "sandbox"     // pretended, inside this process
	PaymentsSandboxURL = "sandbox-url" // pretended, in another process
	PaymentsStripe     = "stripe"
)

// Payments is who takes the money. Secrets stand in files of mode 0600, or 0640 and less when root owns them.
type Payments struct {
	// Payments is the processor. stripe charges cards by Stripe. sandbox keeps pretended books inside this process, or
	// in the database; sandbox-url asks a holdfast sandbox that runs elsewhere. Default: none, and a start without
	// --pretend-payments, --dev-auth or --demo is refused; with one of these the sandbox inside.
	Payments string `help:"Payment processor: stripe; sandbox (pretended, inside) or sandbox-url (pretended, a holdfast sandbox)." enum:"stripe,sandbox,sandbox-url," default:"" placeholder:"PROCESSOR" group:"Payments"`
	// PretendPayments serves without a payment processor: whoever sends the token tok_ok has paid, and no money moves.
	// Danger: every ticket is free. Without it only DevAuth and Demo, which are for trying out, serve so.
	PretendPayments bool `help:"Sell without a payment processor: whoever sends tok_ok has paid. Implied by --dev-auth and --demo." group:"Payments"`
	// PaymentsReturnURL is where a buyer comes back to after a challenge of the bank (3-D Secure), https, or http on a
	// loopback address. "{booking}" in it is replaced by the booking's id. Needed with stripe. Default with a sandbox:
	// the page of this server.
	PaymentsReturnURL string `name:"payments-return-url" env:"HOLDFAST_PAYMENTS_RETURN_URL" help:"Where buyers come back to after their bank's challenge; {booking} is the booking's id." placeholder:"URL" group:"Payments"`
	// StripeKeyFile holds the account's secret or restricted key (sk_…, rk_…). It writes PaymentIntents and refunds,
	// and reads events.
	StripeKeyFile string `help:"File with Stripe's secret or restricted key." placeholder:"FILE" group:"Payments"`
	// StripePublishableKey is the account's public key, pk_…, by which the page shows Stripe's card fields. Every
	// visitor can read it.
	StripePublishableKey string `help:"Stripe's publishable key, for the page's card fields." placeholder:"KEY" group:"Payments"`
	// PaymentsChallengeOrigins are origins besides the processor's own whose challenges the page may show in a frame.
	PaymentsChallengeOrigins []string `name:"payments-challenge-origin" env:"HOLDFAST_PAYMENTS_CHALLENGE_ORIGIN" help:"Origins of challenges, such as https://bank.example, that the page may frame." placeholder:"ORIGIN" group:"Payments"`
	// StripeWebhookSecretFile holds the secrets of the webhook's endpoint (whsec_…), a line each: while one is being
	// replaced both count. The endpoint is /v1/payments/webhook/stripe. Default: none, and Stripe's events are only
	// asked for.
	StripeWebhookSecretFile string `help:"File with the secrets of Stripe's webhook, a line each." placeholder:"FILE" group:"Payments"`
	// SandboxURL is the other process, for sandbox-url.
	SandboxURL string `name:"sandbox-url" env:"HOLDFAST_SANDBOX_URL" help:"A holdfast sandbox, such as http://127.0.0.1:8090." placeholder:"URL" group:"Payments"`
	// SandboxWebhookSecretFile holds the secrets that sign the sandbox's webhooks, a line each, as
	// StripeWebhookSecretFile.
	SandboxWebhookSecretFile string `help:"File with the secrets of a sandbox's webhooks, a line each." placeholder:"FILE" group:"Payments"`
	// SandboxListen is where the sandbox inside shows its challenges: an address of its own, as a bank's page has.
	// Default 127.0.0.1:0, a port that the system chooses.
	SandboxListen string `help:"Address of the inside sandbox's challenge page (${default})." default:"127.0.0.1:0" placeholder:"HOST:PORT" group:"Payments"`
	// SandboxPublicURL is where buyers' browsers reach that page, or a sandbox elsewhere. Default: http:// and
	// the page's address, or SandboxURL.
	SandboxPublicURL string `name:"sandbox-public-url" env:"HOLDFAST_SANDBOX_PUBLIC_URL" help:"Where browsers reach the sandbox's page." placeholder:"URL" group:"Payments"`
}

// Pretended says that no money moves.
func (p *Payments) Pretended() bool { return p.Payments != PaymentsStripe }

// Inside says that the processor is the sandbox in this process, as it is where nothing was checked.
func (p *Payments) Inside() bool { return p.Payments == PaymentsSandbox || p.Payments == "" }

// checkPayments makes sure that nobody sells tickets for pretended money without having said so, and names the sandbox
// where nothing else was named.
func (c *Config) checkPayments() error {
	tried := c.PretendPayments || c.DevAuth || c.Demo
	if c.Payments.Payments == "" && tried {
		c.Payments.Payments = PaymentsSandbox
	}
	switch p := &c.Payments; {
	case p.Payments == "":
		return errors.New("how buyers pay is not configured: give --payments stripe with --stripe-key-file; or " +
			"say --pretend-payments to take tok_ok for money and give tickets away, or --dev-auth or --demo to try " +
			"it out")
	case p.Pretended() && !tried:
		return fmt.Errorf("--payments %s takes tok_ok for money: say --pretend-payments to give tickets away like "+
			"that, or --dev-auth or --demo to try it out", p.Payments)
	case p.Payments == PaymentsStripe && c.PretendPayments:
		return errors.New("--payments stripe and --pretend-payments exclude each other")
	case p.Payments == PaymentsStripe && c.Demo:
		return errors.New("--payments stripe and --demo exclude each other: simulated buyers pay with the " +
			"sandbox's tokens")
	}
	return errors.Join(c.Payments.checkMembers(), c.Payments.checkURLs())
}

// checkMembers refuses settings of a processor that is not used: whoever gave them believes something else.
func (p *Payments) checkMembers() error {
	inside, elsewhere, stripe := p.Payments == PaymentsSandbox, p.Payments == PaymentsSandboxURL, !p.Pretended()
	for _, one := range []struct {
		flag  string
		given bool
		fits  bool
	}{
		{"--stripe-key-file", p.StripeKeyFile != "", stripe},
		{"--stripe-publishable-key", p.StripePublishableKey != "", stripe},
		{"--stripe-webhook-secret-file", p.StripeWebhookSecretFile != "", stripe},
		{"--sandbox-url", p.SandboxURL != "", elsewhere},
		{"--sandbox-webhook-secret-file", p.SandboxWebhookSecretFile != "", elsewhere},
		{"--sandbox-public-url", p.SandboxPublicURL != "", inside || elsewhere},
	} {
		if one.given && !one.fits {
			return fmt.Errorf("%s is not for --payments %s", one.flag, p.Payments)
		}
	}
	switch {
	case stripe && p.StripeKeyFile == "":
		return errors.New("--payments stripe needs --stripe-key-file")
	case stripe && p.StripePublishableKey == "":
		return errors.New("--payments stripe needs --stripe-publishable-key: the page shows Stripe's card fields by it")
	case stripe && p.PaymentsReturnURL == "":
		return errors.New("--payments stripe needs --payments-return-url: banks send buyers back there")
	case elsewhere && p.SandboxURL == "":
		return errors.New("--payments sandbox-url needs --sandbox-url")
	}
	return nil
}

func (p *Payments) checkURLs() error {
	for _, one := range [...]struct{ flag, text string }{
		{"--payments-return-url", p.PaymentsReturnURL}, {"--sandbox-public-url", p.SandboxPublicURL},
	} {
		u, err := url.Parse(one.text)
		if one.text != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !localHTTP(u)) {
			return fmt.Errorf("%s: an address begins with https://, or http:// on a loopback address", one.flag)
		}
	}
	if _, _, err := net.SplitHostPort(p.SandboxListen); err != nil && p.SandboxListen != "" {
		return fmt.Errorf("--sandbox-listen %s: %w", p.SandboxListen, err)
	}
	return nil
}

func localHTTP(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
