package payment

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/actors"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/sandbox/remote"
	"holdfast/actors/checkout/stripe"
	"holdfast/api"
	"holdfast/api/webhook"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/cmd/holdfast/sandboxd"
)

// Till is a server's way to its processor. It is safe for concurrent use.
type Till struct {
	Processor processor.Processor
	Page      string          // where the inside sandbox shows its challenges; empty: nowhere here
	Form      api.PaymentPage // how the page asks for a means of payment

	returns string
	hint    atomic.Pointer[func(processor.Hint)]
	closers []func() error
}

// stripeKeyBytesMin is the least that a key has; Stripe's have a hundred.
const stripeKeyBytesMin = 16

// Open opens what a checked config names. inside is the sandbox whose books this server keeps; it is used, and closed,
// only with --payments sandbox. Nothing is asked of a processor: a start does not wait for one.
func Open(c *config.Payments, inside *sandbox.Sandbox) (*Till, error) {
	t := &Till{returns: c.PaymentsReturnURL}
	var err error
	switch c.Payments {
	case config.PaymentsStripe:
		err = t.openStripe(c)
	case config.PaymentsSandboxURL:
		err = t.openRemote(c)
	case config.PaymentsSandbox, "":
		err = t.openInside(c, inside)
	default:
		err = fmt.Errorf("no payment processor is called %q", c.Payments)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("payments: %w", err), t.Close())
	}
	t.Form.ChallengeOrigins = append(t.Form.ChallengeOrigins, c.PaymentsChallengeOrigins...)
	return t, nil
}

func (t *Till) openStripe(c *config.Payments) error {
	key, err := keyfile.ReadSecret(c.StripeKeyFile, stripeKeyBytesMin)
	if err != nil {
		return err
	}
	secrets, err := keyfile.ReadSecrets(c.StripeWebhookSecretFile, sandboxd.SecretBytesMin)
	if err != nil {
		return err
	}
	adapter, err := stripe.New(stripe.Config{Key: string(key), WebhookSecrets: secrets})
	if err != nil {
		return err
	}
	t.Form = api.PaymentPage{Adapter: stripe.Name, PublishableKey: c.StripePublishableKey}
	t.Processor, t.closers = adapter, append(t.closers, adapter.Close)
	return nil
}

func (t *Till) openRemote(c *config.Payments) error {
	secrets, err := keyfile.ReadSecrets(c.SandboxWebhookSecretFile, sandboxd.SecretBytesMin)
	if err != nil {
		return err
	}
	client, err := remote.New(c.SandboxURL, secrets)
	if err != nil {
		return err
	}
	t.Form.ChallengeOrigins = originsOf(cmp.Or(c.SandboxPublicURL, c.SandboxURL))
	t.Processor, t.closers = client, append(t.closers, client.Close)
	return nil
}

func (t *Till) openInside(c *config.Payments, inside *sandbox.Sandbox) error {
	t.Processor, t.closers = inside, append(t.closers, inside.Close)
	pages, err := sandboxd.ServePages(inside, cmp.Or(c.SandboxListen, "127.0.0.1:0"), c.SandboxPublicURL)
	if err != nil {
		return err
	}
	t.Form.ChallengeOrigins = originsOf(pages.URL)
	t.Page, t.closers = pages.URL, append(t.closers, pages.Close)
	return nil
}

// originsOf is the origin of an address whose page may be shown in a frame.
func originsOf(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}

// Close ends it, pages first.
func (t *Till) Close() error {
	var errs []error
	for i := range t.closers {
		errs = append(errs, t.closers[len(t.closers)-1-i]())
	}
	t.closers = nil
	return errors.Join(errs...)
}

// ReturnTo is where the buyer of a booking comes back to after a challenge; page is this server's own, where nothing
// else was configured.
func (t *Till) ReturnTo(page func() string) func(actors.BookingID) string {
	return func(id actors.BookingID) string {
		to := t.returns
		if to == "" {
			to = page()
		}
		return strings.ReplaceAll(to, "{booking}", id.String())
	}
}

// SendHints has webhooks passed on from now on; until then they are proved, and change nothing. A hint is in memory:
// what its server takes along when it dies the account's events tell again; see Follower.
func (t *Till) SendHints(to func(processor.Hint)) { t.hint.Store(&to) }

// PaymentHint implements webhook.Payments. Without a secret nothing is believed.
func (t *Till) PaymentHint(adapter string, header func(name string) string, body []byte) error {
	if adapter != t.Processor.Name() {
		return webhook.ErrNoAdapter
	}
	hint, err := t.Processor.Verify(header, body, time.Now())
	if err != nil {
		return err
	}
	if to := t.hint.Load(); to != nil {
		(*to)(hint)
	}
	return nil
}
