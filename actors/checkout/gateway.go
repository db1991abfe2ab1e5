package checkout

import "context"

// PaymentID is the idempotency key of a payment: the booking's id in text.
type PaymentID string

// Status is what a processor knows of a payment.
type Status uint8

// Payment states. NotFound is an answer too: the processor has never seen the payment, so nothing was charged and
// nothing will be, unless somebody charges it later.
const (
	Unknown  Status = iota // ask again: it may or may not have been charged
	Charged                // money taken
	Declined               // no money taken
	Refunded               // money taken and given back
	NotFound
)

func (s Status) String() string {
	return [...]string{"unknown", "charged", "declined", "refunded", "not_found"}[s]
}

// Charge is one request for money.
type Charge struct {
	ID       PaymentID
	Amount   int64  // minor units
	Currency string // ISO 4217
	Token    string // the processor's token for the buyer's means of payment; never a card number (P12), never stored
}

// Gateway is the port to a payment processor. Every call is idempotent by PaymentID. An error means the same as
// Unknown. Calls honour ctx.
type Gateway interface {
	Charge(ctx context.Context, c Charge) (Status, error)
	Lookup(ctx context.Context, id PaymentID) (Status, error)
	// Refund gives the whole amount back: Refunded also when it was already.
	Refund(ctx context.Context, id PaymentID) (Status, error)
}
