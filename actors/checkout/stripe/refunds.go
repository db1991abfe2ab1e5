package stripe

import (
	"context"
	"errors"

	"github.com/stripe/stripe-go/v85"

	"holdfast/actors/checkout/processor"
)

// Refund implements processor.Processor. More than what is left of the payment fails.
func (a *Adapter) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	amount, err := toStripe(r.Amount, r.Currency)
	if err != nil {
		return processor.RefundFailed, nil
	}
	if status, err := a.LookupRefund(ctx, r); err != nil || status != processor.RefundNone {
		return status, err
	}
	params := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(r.Reference), Amount: stripe.Int64(amount),
		Metadata: map[string]string{metaRefund: string(r.ID), metaAttempt: string(r.Attempt)},
	}
	params.SetIdempotencyKey(string(r.ID))
	refund, err := a.api.V1Refunds.Create(ctx, params)
	switch {
	case err == nil && !replayed(refund.LastResponse):
		return refundStatus(refund)
	case err == nil:
		return a.LookupRefund(ctx, r)
	case impossible(invalid(err)):
		return processor.RefundFailed, nil
	}
	return processor.RefundUnknown, plain("refund", err)
}

// impossible says that Stripe will not make this refund however often it is asked.
func impossible(why *stripe.Error) bool {
	return why != nil && (why.Param == "amount" || why.Code == stripe.ErrorCodeChargeAlreadyRefunded ||
		why.Code == stripe.ErrorCodeAmountTooLarge || why.Code == stripe.ErrorCodeChargeDisputed ||
		why.Code == stripe.ErrorCodePaymentIntentUnexpectedState)
}

// LookupRefund implements processor.Processor.
func (a *Adapter) LookupRefund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(r.Reference)}
	params.Limit = stripe.Int64(pageMax)
	for refund, err := range a.api.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			return processor.RefundUnknown, plain("refund", err)
		}
		if refund.Metadata[metaRefund] == string(r.ID) {
			return refundStatus(refund)
		}
	}
	return processor.RefundNone, nil
}

// pageMax is the most that Stripe lists at once.
const pageMax = 100

func refundStatus(refund *stripe.Refund) (processor.RefundStatus, error) {
	switch refund.Status {
	case stripe.RefundStatusPending, stripe.RefundStatusRequiresAction:
		return processor.RefundPending, nil
	case stripe.RefundStatusSucceeded:
		return processor.Refunded, nil
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		return processor.RefundFailed, nil
	}
	return processor.RefundUnknown, errors.New("stripe: a refund of unknown status")
}
