package processor

import (
	"context"
	"time"
)

// AttemptID names one attempt to pay for one booking: the booking's id in text, "-" and the attempt's number from 1. It
// is the idempotency key of Open and Charge. Visible ASCII, at most 64 bytes.
type AttemptID string

// RefundID names one refund of one booking: the booking's id in text, "-r" and the refund's number from 1. It is the
// idempotency key of Refund. Visible ASCII, at most 64 bytes.
type RefundID string

// Reference is the processor's own name of a payment, as Open gave it: visible ASCII, 1 to ReferenceMax bytes. It
// stands in the log.
type Reference string

// ReferenceMax bounds a Reference, in bytes.
const ReferenceMax = 64

// Status is where an attempt stands.
type Status uint8

// The states of an attempt. Captured, Declined and Cancelled are terminal.
const (
	Unknown   Status = iota // no answer: ask again
	Opened                  // no money was taken; Charge takes it, or goes on after a challenge that was passed
	Pending                 // told to charge and not decided yet: ask again
	Challenge               // waits for the buyer, who is sent to Answer.Next
	Captured                // the money is taken
	Declined                // no money was taken, and none will be
	Cancelled               // likewise, because Cancel was asked for
)

var statusNames = [...]string{"unknown", "opened", "pending", "challenge", "captured", "declined", "cancelled"}

func (s Status) String() string { return statusNames[s] }

// Terminal says that the status never changes again.
func (s Status) Terminal() bool { return s >= Captured }

// Opening asks for a payment that takes no money yet.
type Opening struct {
	Attempt  AttemptID
	Booking  string // its id in text, for the operator's eyes in the processor's own pages
	Amount   int64  // in minor units of ISO 4217, more than 0
	Currency string // ISO 4217, upper case
}

// Charge tells the processor to take the money of an opened payment.
type Charge struct {
	Attempt   AttemptID
	Reference Reference
	// Token is the processor's token of the buyer's means of payment: never a card number (P12), never stored. It is
	// empty where Charge goes on after a challenge.
	Token string
	// Return is the address of ours to which the processor sends the buyer after a challenge.
	Return string
}

// Answer is the processor's word on an attempt.
type Answer struct {
	Status   Status
	Decline  string // Declined: the processor's reason, a short code for people, or empty
	Next     Next   // Challenge: where the buyer goes on
	Amount   int64  // what was opened, in minor units of ISO 4217; 0: not told
	Currency string
}

// Next is what the buyer has to do.
type Next struct {
	Type string // "redirect_to_url"
	URL  string // https, or http on a loopback address
}

// Refund asks for money back.
type Refund struct {
	ID        RefundID
	Attempt   AttemptID
	Reference Reference
	Amount    int64 // minor units of ISO 4217, from 1 up to what was captured less what other refunds took
	Currency  string
}

// RefundStatus is where a refund stands.
type RefundStatus uint8

// The states of a refund. Refunded and RefundFailed are the processor's last word, though a bank may still turn the
// first into the second days later.
const (
	RefundUnknown RefundStatus = iota // no answer: ask again
	RefundNone                        // the processor was never asked for it, or has not taken it: Refund may be called
	RefundPending                     // taken by the processor
	Refunded                          // the money is on its way to the buyer's account
	RefundFailed                      // the money stays with the seller; another refund, of another id, may be tried
)

var refundNames = [...]string{"unknown", "none", "pending", "refunded", "failed"}

func (s RefundStatus) String() string { return refundNames[s] }

// Payment is one line of the processor's own list: what an audit holds against the log.
type Payment struct {
	Attempt   AttemptID // empty: not one of ours
	Reference Reference
	Status    Status
	Amount    int64
	Currency  string
	Refunded  int64 // given back or on its way, in minor units
	Disputed  bool  // the buyer's bank asks for it back
	At        time.Time
}

// Hint says that something may have happened to an attempt or to one of its refunds.
type Hint struct {
	ID      string    // the processor's own id of the message, told twice when the message is sent twice
	Attempt AttemptID // empty: the message names none (a dispute of Stripe's); Events finds out which
	Kind    HintKind
}

// HintKind says what about.
type HintKind uint8

// The kinds of hints.
const (
	HintPayment HintKind = iota // ask about the attempt
	HintRefund                  // ask about its refunds
	HintDispute                 // the buyer's bank asks for the money back: for people to see
	HintOther                   // nothing of interest here
)

// Header reads one header of a webhook's request; a name that the request lacks is "".
type Header func(name string) string

// Processor is the port. All methods are safe for concurrent use and honour ctx.
type Processor interface {
	// Name is the adapter's name in addresses, logs and metrics: lower case, such as "stripe".
	Name() string
	// Chargeable is an error for an amount or a currency that the processor cannot take; the text is for operators.
	Chargeable(amount int64, currency string) error
	// Open makes a payment that takes no money yet. Asked twice, it gives the same reference.
	Open(ctx context.Context, o Opening) (Reference, error)
	Charge(ctx context.Context, c Charge) (Answer, error)
	// Lookup asks by reference, and hence is right at once, unlike a search.
	Lookup(ctx context.Context, a AttemptID, ref Reference) (Answer, error)
	// Cancel ends a payment that is not captured: Cancelled, or the terminal status it already had.
	Cancel(ctx context.Context, a AttemptID, ref Reference) (Answer, error)
	Refund(ctx context.Context, r Refund) (RefundStatus, error)
	LookupRefund(ctx context.Context, r Refund) (RefundStatus, error)
	// Payments visits the processor's own list, oldest first, from a time on. An error of visit ends it and is
	// returned.
	Payments(ctx context.Context, since time.Time, visit func(Payment) error) error
	// Events tells what happened since cursor ("" is now), oldest first, and the cursor after it: for what no webhook
	// told.
	Events(ctx context.Context, cursor string, visit func(Hint) error) (next string, err error)
	// Verify proves that the processor sent a webhook's body. The error says why not, and names no secret.
	Verify(header Header, body []byte, now time.Time) (Hint, error)
}
