package stripe

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"holdfast/actors/checkout/processor"
)

// founded is before Stripe's first payment.
var founded = time.Date(2011, time.January, 1, 0, 0, 0, 0, time.UTC)

// Windows of time in which intents are listed. Stripe lists the newest first, so a window is held in memory to be
// turned round: it grows while there is little in it, and shrinks where there is much.
const (
	windowFirst  = 24 * time.Hour
	windowLeast  = time.Minute
	windowMost   = 256 * 24 * time.Hour
	windowFew    = 1_000
	windowEnough = 10_000
)

// Payments implements processor.Processor.
func (a *Adapter) Payments(ctx context.Context, since time.Time, visit func(processor.Payment) error) error {
	if since.Before(founded) {
		since = founded
	}
	for window := windowFirst; ; {
		until := since.Add(window)
		newest := until.After(time.Now())
		if newest {
			until = time.Time{}
		}
		count, err := a.between(ctx, since, until, visit)
		if err != nil || newest {
			return err
		}
		since = until
		switch {
		case count < windowFew:
			window = min(2*window, windowMost)
		case count > windowEnough:
			window = max(window/2, windowLeast)
		}
	}
}

// between visits what was made in a window; a zero end: until now.
func (a *Adapter) between(
	ctx context.Context,
	since, until time.Time,
	visit func(processor.Payment) error,
) (int, error) {
	params := &stripe.PaymentIntentListParams{
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		Expand:       stripe.StringSlice([]string{"data.latest_charge"}),
	}
	if !until.IsZero() {
		params.CreatedRange.LesserThan = until.Unix()
	}
	params.Limit = stripe.Int64(pageMax)
	var all []processor.Payment
	for intent, err := range a.api.V1PaymentIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return 0, plain("payments", err)
		}
		p, err := paymentOf(intent)
		if err != nil {
			return 0, err
		}
		all = append(all, p)
	}
	for _, p := range slices.Backward(all) {
		if err := visit(p); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func paymentOf(intent *stripe.PaymentIntent) (processor.Payment, error) {
	answer, err := answerOf(intent)
	if err != nil {
		return processor.Payment{}, fmt.Errorf("payment %s: %w", intent.ID, err)
	}
	p := processor.Payment{
		Attempt: processor.AttemptID(intent.Metadata[metaAttempt]), Reference: processor.Reference(intent.ID),
		Status: answer.Status, Amount: answer.Amount, Currency: answer.Currency, At: time.Unix(intent.Created, 0),
	}
	if charge := intent.LatestCharge; charge != nil {
		p.Disputed = charge.Disputed
		if p.Refunded, err = fromStripe(charge.AmountRefunded, p.Currency); err != nil {
			return p, fmt.Errorf("payment %s: %w", intent.ID, err)
		}
	}
	return p, nil
}

// eventTypes are those of interest.
var eventTypes = []string{
	"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
	"payment_intent.requires_action", "refund.created", "refund.updated", "refund.failed",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
}

// eventsOverlap is how far Events looks back behind its cursor: Stripe lists some events later than it dates them. What
// is told twice has the same id.
const eventsOverlap = 30 * time.Second

// Events implements processor.Processor. A cursor is a time: an event's id would stop working when Stripe forgets the
// event, after 30 days.
func (a *Adapter) Events(ctx context.Context, cursor string, visit func(processor.Hint) error) (string, error) {
	next := strconv.FormatInt(time.Now().Unix(), 10)
	if cursor == "" {
		return next, nil
	}
	since, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return cursor, fmt.Errorf("stripe: %q is no cursor of ours", cursor)
	}
	params := &stripe.EventListParams{
		Types:        stripe.StringSlice(eventTypes),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since - int64(eventsOverlap/time.Second)},
	}
	params.Limit = stripe.Int64(pageMax)
	var all []notice
	for event, err := range a.api.V1Events.List(ctx, params).All(ctx) {
		if err != nil {
			return cursor, plain("events", err)
		}
		t, err := read(event.ID, string(event.Type), event.Data.Raw)
		if err != nil {
			return cursor, err
		}
		all = append(all, t)
	}
	for _, t := range slices.Backward(all) {
		if err := a.name(ctx, &t); err != nil {
			return cursor, err
		}
		if err := visit(t.Hint); err != nil {
			return cursor, err
		}
	}
	return next, nil
}

// name asks for the attempt of what tells only of an intent, as disputes do.
func (a *Adapter) name(ctx context.Context, t *notice) error {
	if t.Attempt != "" || !strings.HasPrefix(t.intent, "pi_") {
		return nil
	}
	intent, err := a.api.V1PaymentIntents.Retrieve(ctx, t.intent, nil)
	if err != nil {
		return plain("events", err)
	}
	t.Attempt = processor.AttemptID(intent.Metadata[metaAttempt])
	return nil
}
