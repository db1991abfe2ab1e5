package actors

import (
	"context"

	"holdfast/actors/checkout"
)

// noGateway stands where no processor can be asked: it knows nothing, and says so. "Never seen" would be a judgement
// (P6).
type noGateway struct{}

// Charge implements checkout.Gateway.
func (noGateway) Charge(context.Context, checkout.Charge) (checkout.Status, error) {
	return checkout.Unknown, ErrUnavailable
}

// Lookup implements checkout.Gateway.
func (noGateway) Lookup(context.Context, checkout.PaymentID) (checkout.Status, error) {
	return checkout.Unknown, ErrUnavailable
}

// Refund implements checkout.Gateway.
func (noGateway) Refund(context.Context, checkout.PaymentID) (checkout.Status, error) {
	return checkout.Unknown, ErrUnavailable
}
