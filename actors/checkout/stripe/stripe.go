package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/traced"
)

// Name is the adapter's name in addresses, logs and metrics.
const Name = "stripe"

// Config of an adapter.
type Config struct {
	// Key is the account's secret or restricted key, sk_… or rk_…. It writes PaymentIntents and refunds, and reads
	// events.
	Key string
	// WebhookSecrets prove webhooks, whsec_…, any of them.
	WebhookSecrets []string
	// URL of Stripe's API; empty: Stripe's own. For tests.
	URL string
	// Timeout of one call, whatever its context allows (default 20 s): Stripe itself gives up on a bank after some 15.
	Timeout time.Duration
}

// Adapter implements processor.Processor.
type Adapter struct {
	api     *stripe.Client
	client  *http.Client
	secrets []string
}

var _ processor.Processor = (*Adapter)(nil)

// Names of what the adapter writes into Stripe's metadata.
const (
	metaAttempt = "holdfast_attempt"
	metaBooking = "holdfast_booking"
	metaRefund  = "holdfast_refund"
)

const (
	timeoutDefault = 20 * time.Second
	// connectionsMax bounds idle connections: a burst of buyers need not connect anew each time.
	connectionsMax = 128
	// tokenBytesMax bounds a token; Stripe's have some thirty.
	tokenBytesMax = 255
)

// New makes an adapter. It asks Stripe nothing.
func New(c Config) (*Adapter, error) {
	if !strings.HasPrefix(c.Key, "sk_") && !strings.HasPrefix(c.Key, "rk_") {
		return nil, errors.New("stripe: the key is neither secret (sk_…) nor restricted (rk_…)")
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = timeoutDefault
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = connectionsMax, connectionsMax
	client := &http.Client{Transport: traced.Transport{Transport: transport}, Timeout: timeout}
	backend := &stripe.BackendConfig{
		EnableTelemetry: stripe.Bool(false), HTTPClient: client, MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // it would log whole intents
	}
	if c.URL != "" {
		backend.URL = stripe.String(c.URL)
	}
	return &Adapter{
		api:    stripe.NewClient(c.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(backend))),
		client: client, secrets: c.WebhookSecrets,
	}, nil
}

// Close lets go of idle connections.
func (a *Adapter) Close() error {
	a.client.CloseIdleConnections()
	return nil
}

// Name implements processor.Processor.
func (a *Adapter) Name() string { return Name }

// Chargeable implements processor.Processor. The error is an *AmountError.
func (a *Adapter) Chargeable(amount int64, currency string) error {
	_, err := chargeable(amount, currency)
	return err
}

// Open implements processor.Processor.
func (a *Adapter) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	amount, err := chargeable(o.Amount, o.Currency)
	if err != nil {
		return "", err
	}
	params := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(amount), Currency: stripe.String(strings.ToLower(o.Currency)),
		CaptureMethod:      stripe.String(stripe.PaymentIntentCaptureMethodAutomatic),
		ConfirmationMethod: stripe.String(stripe.PaymentIntentConfirmationMethodManual),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		Metadata:           map[string]string{metaAttempt: string(o.Attempt), metaBooking: o.Booking},
	}
	params.SetIdempotencyKey(string(o.Attempt) + "-open")
	intent, err := a.api.V1PaymentIntents.Create(ctx, params)
	if err != nil {
		return "", plain("open", err)
	}
	if intent.ID == "" || len(intent.ID) > processor.ReferenceMax {
		return "", errors.New("stripe: open: an answer without an id")
	}
	return processor.Reference(intent.ID), nil
}

// Charge implements processor.Processor.
func (a *Adapter) Charge(ctx context.Context, c processor.Charge) (processor.Answer, error) {
	if c.Token == "" {
		return a.goOn(ctx, &c)
	}
	if !plausible(c.Token) {
		return a.dismiss(ctx, c.Reference)
	}
	params := &stripe.PaymentIntentConfirmParams{ReturnURL: stripe.String(c.Return)}
	if strings.HasPrefix(c.Token, confirmationToken) {
		params.ConfirmationToken = stripe.String(c.Token)
	} else {
		params.PaymentMethod = stripe.String(c.Token)
	}
	params.SetIdempotencyKey(string(c.Attempt) + "-charge")
	intent, err := a.api.V1PaymentIntents.Confirm(ctx, string(c.Reference), params)
	if refused := invalid(err); refused != nil &&
		(strings.HasPrefix(refused.Param, "payment_method") || refused.Param == "confirmation_token") {
		return a.dismiss(ctx, c.Reference)
	}
	return a.confirmed(ctx, &c, intent, err)
}

// What Stripe's page elements make of a card.
const (
	paymentMethod     = "pm_"
	confirmationToken = "ctoken_"
)

// plausible says that a token may be one of Stripe's: what is not shaped so is not sent anywhere (P12).
func plausible(token string) bool {
	if len(token) > tokenBytesMax ||
		!strings.HasPrefix(token, paymentMethod) && !strings.HasPrefix(token, confirmationToken) {
		return false
	}
	return strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// confirmed reads the answer to a confirm. What Stripe replays may be old, and what it refuses for the intent's state
// says nothing of the state: both are asked for.
func (a *Adapter) confirmed(ctx context.Context, c *processor.Charge, intent *stripe.PaymentIntent, err error) (
	processor.Answer, error) {
	var why *stripe.Error
	errors.As(err, &why)
	switch {
	case err == nil && !replayed(intent.LastResponse):
		return answerOf(intent)
	case err == nil, why != nil && (why.Type == stripe.ErrorTypeIdempotency && why.HTTPStatusCode < 409 ||
		why.Code == stripe.ErrorCodePaymentIntentUnexpectedState):
		return a.goOn(ctx, c)
	case why != nil && why.Type == stripe.ErrorTypeCard:
		return a.Lookup(ctx, c.Attempt, c.Reference)
	}
	return processor.Answer{}, plain("charge", err)
}

func replayed(r *stripe.APIResponse) bool {
	return r != nil && r.Header.Get("Idempotent-Replayed") == "true"
}

// goOn charges what waits for nothing but that, after a challenge; else it answers what stands. Without a token a
// payment that has no means of payment yet is declined.
func (a *Adapter) goOn(ctx context.Context, c *processor.Charge) (processor.Answer, error) {
	intent, err := a.api.V1PaymentIntents.Retrieve(ctx, string(c.Reference), nil)
	if err != nil {
		return processor.Answer{}, plain("charge", err)
	}
	switch {
	case intent.Status == stripe.PaymentIntentStatusRequiresConfirmation:
	case intent.Status == stripe.PaymentIntentStatusRequiresPaymentMethod && intent.LastPaymentError == nil &&
		c.Token == "":
		return a.dismiss(ctx, c.Reference)
	default:
		return answerOf(intent)
	}
	params := &stripe.PaymentIntentConfirmParams{ReturnURL: stripe.String(c.Return)}
	last := ""
	if intent.LatestCharge != nil {
		last = intent.LatestCharge.ID
	}
	params.SetIdempotencyKey(string(c.Attempt) + "-on-" + last)
	intent, err = a.api.V1PaymentIntents.Confirm(ctx, string(c.Reference), params)
	if err == nil && !replayed(intent.LastResponse) {
		return answerOf(intent)
	}
	var why *stripe.Error
	if err == nil || errors.As(err, &why) && (why.Type == stripe.ErrorTypeCard ||
		why.Code == stripe.ErrorCodePaymentIntentUnexpectedState) {
		return a.Lookup(ctx, c.Attempt, c.Reference)
	}
	return processor.Answer{}, plain("charge", err)
}

// dismiss ends a payment whose token is none: cancelled for a reason of its own, by which it stays declined.
func (a *Adapter) dismiss(ctx context.Context, ref processor.Reference) (processor.Answer, error) {
	return a.end(ctx, ref, stripe.PaymentIntentCancellationReasonAbandoned)
}

// Lookup implements processor.Processor.
func (a *Adapter) Lookup(
	ctx context.Context,
	_ processor.AttemptID,
	ref processor.Reference,
) (processor.Answer, error) {
	intent, err := a.api.V1PaymentIntents.Retrieve(ctx, string(ref), nil)
	if err != nil {
		return processor.Answer{}, plain("lookup", err)
	}
	return answerOf(intent)
}

// Cancel implements processor.Processor. What was declined stays declined, and is not cancelled on top.
func (a *Adapter) Cancel(
	ctx context.Context,
	_ processor.AttemptID,
	ref processor.Reference,
) (processor.Answer, error) {
	return a.end(ctx, ref, stripe.PaymentIntentCancellationReasonRequestedByCustomer)
}

func (a *Adapter) end(ctx context.Context, ref processor.Reference, why stripe.PaymentIntentCancellationReason) (
	processor.Answer, error) {
	stands, err := a.Lookup(ctx, "", ref)
	if err != nil || stands.Status.Terminal() {
		return stands, err
	}
	intent, err := a.api.V1PaymentIntents.Cancel(ctx, string(ref), &stripe.PaymentIntentCancelParams{
		CancellationReason: stripe.String(why),
	})
	if refused := invalid(err); refused != nil && refused.Code == stripe.ErrorCodePaymentIntentUnexpectedState {
		return a.Lookup(ctx, "", ref)
	}
	if err != nil {
		return processor.Answer{}, plain("cancel", err)
	}
	return answerOf(intent)
}

// answerOf is an intent in the port's words.
func answerOf(intent *stripe.PaymentIntent) (processor.Answer, error) {
	currency := strings.ToUpper(string(intent.Currency))
	amount, err := fromStripe(intent.Amount, currency)
	if err != nil {
		return processor.Answer{}, err
	}
	answer := processor.Answer{Status: statusOf(intent), Amount: amount, Currency: currency}
	switch answer.Status {
	case processor.Unknown:
		return processor.Answer{}, fmt.Errorf("stripe: an intent with status %q", intent.Status)
	case processor.Declined:
		answer.Decline = "invalid_token"
		if why := intent.LastPaymentError; why != nil {
			answer.Decline = firstOf(string(why.DeclineCode), string(why.Code), "card_declined")
		}
	case processor.Challenge:
		if next := intent.NextAction; next != nil && next.RedirectToURL != nil {
			answer.Next = processor.Next{Type: "redirect_to_url", URL: next.RedirectToURL.URL}
		}
	}
	return answer, nil
}

func firstOf(words ...string) string {
	for _, word := range words {
		if word != "" {
			return word
		}
	}
	return ""
}

// statusOf reads the table of the package's comment.
func statusOf(intent *stripe.PaymentIntent) processor.Status {
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if intent.LastPaymentError != nil {
			return processor.Declined
		}
		return processor.Opened
	case stripe.PaymentIntentStatusRequiresConfirmation:
		return processor.Opened
	case stripe.PaymentIntentStatusRequiresAction:
		return processor.Challenge
	case stripe.PaymentIntentStatusProcessing, stripe.PaymentIntentStatusRequiresCapture:
		return processor.Pending
	case stripe.PaymentIntentStatusSucceeded:
		return processor.Captured
	case stripe.PaymentIntentStatusCanceled:
		if intent.CancellationReason == stripe.PaymentIntentCancellationReasonAbandoned ||
			intent.LastPaymentError != nil {
			return processor.Declined
		}
		return processor.Cancelled
	}
	return processor.Unknown
}

// invalid is the error of a request that Stripe understood and refused; nil: it is none.
func invalid(err error) *stripe.Error {
	var why *stripe.Error
	if errors.As(err, &why) && why.Type == stripe.ErrorTypeInvalidRequest {
		return why
	}
	return nil
}

// plain is an error that may be logged: the library's own text is the whole answer, with secrets of the intent in it.
func plain(what string, err error) error {
	var why *stripe.Error
	if errors.As(err, &why) {
		return fmt.Errorf("stripe: %s: answered %d, %s %s, request %s", what, why.HTTPStatusCode, why.Type, why.Code,
			why.RequestID)
	}
	return fmt.Errorf("stripe: %s: %w", what, err)
}
