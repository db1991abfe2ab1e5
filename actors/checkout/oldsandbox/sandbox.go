package oldsandbox

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/checkout"
	"holdfast/storage"
)

// ErrLost is what a lost answer looks like to the caller.
var ErrLost = errors.New("sandbox: connection lost")

// Sandbox implements checkout.Gateway.
type Sandbox struct {
	// Slow is how long tok_slow takes.
	Slow  time.Duration
	books books
}

// books keep payments; all methods are safe for concurrent use.
type books interface {
	// put makes p durable unless a payment of that id stands whose status is another than over. It answers what stands
	// afterwards.
	put(ctx context.Context, p Payment, over checkout.Status) (Payment, error)
	get(ctx context.Context, id checkout.PaymentID) (p Payment, found bool, err error)
	close() error
}

// Payment is one line of the sandbox's ledger.
type Payment struct {
	ID       checkout.PaymentID `json:"id"`
	Status   string             `json:"status"` // charged, declined or refunded
	Amount   int64              `json:"amount"`
	Currency string             `json:"currency"`
}

var _ checkout.Gateway = (*Sandbox)(nil)

// Open reads the ledger file, making it when absent; an empty path keeps everything in memory. A torn last line (a
// crash while writing: never answered) is dropped.
func Open(path string) (*Sandbox, error) {
	b, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return newSandbox(b), nil
}

// OpenShared keeps the books in a store that other processes may use too. Close does not close the store.
func OpenShared(payments storage.Payments) *Sandbox { return newSandbox(sharedBooks{payments}) }

func newSandbox(b books) *Sandbox { return &Sandbox{Slow: 2 * time.Second, books: b} }

// Close closes the books.
func (s *Sandbox) Close() error { return s.books.close() }

// Charge follows the token's script. A payment already charged or refunded stays what it is.
func (s *Sandbox) Charge(ctx context.Context, c checkout.Charge) (checkout.Status, error) {
	switch c.Token {
	case "tok_ok":
		return s.book(ctx, c, checkout.Charged)
	case "tok_slow":
		timer := time.NewTimer(s.Slow)
		defer timer.Stop()
		select {
		case <-timer.C:
			return s.book(ctx, c, checkout.Charged)
		case <-ctx.Done():
			go func() { _, _ = s.book(context.WithoutCancel(ctx), c, checkout.Charged) }() // the processor does not know that nobody waits
			return checkout.Unknown, ctx.Err()
		}
	case "tok_unknown":
		if _, err := s.book(ctx, c, checkout.Charged); err != nil {
			return checkout.Unknown, err
		}
		return checkout.Unknown, ErrLost
	case "tok_lost":
		return checkout.Unknown, ErrLost
	}
	return s.book(ctx, c, checkout.Declined)
}

// Lookup tells what became of a payment.
func (s *Sandbox) Lookup(ctx context.Context, id checkout.PaymentID) (checkout.Status, error) {
	p, found, err := s.books.get(ctx, id)
	switch {
	case err != nil:
		return checkout.Unknown, err
	case !found:
		return checkout.NotFound, nil
	}
	return statusOf(p.Status), nil
}

// Refund gives a charge back.
func (s *Sandbox) Refund(ctx context.Context, id checkout.PaymentID) (checkout.Status, error) {
	p, found, err := s.books.get(ctx, id)
	switch {
	case err != nil:
		return checkout.Unknown, err
	case !found:
		return checkout.NotFound, nil
	case statusOf(p.Status) != checkout.Charged:
		return statusOf(p.Status), nil
	}
	p.Status = checkout.Refunded.String()
	return s.put(ctx, p, checkout.Charged)
}

// book writes a charge's end. Only a declined payment may be tried again.
func (s *Sandbox) book(ctx context.Context, c checkout.Charge, status checkout.Status) (checkout.Status, error) {
	return s.put(
		ctx, Payment{ID: c.ID, Status: status.String(), Amount: c.Amount, Currency: c.Currency}, checkout.Declined,
	)
}

func (s *Sandbox) put(ctx context.Context, p Payment, over checkout.Status) (checkout.Status, error) {
	stands, err := s.books.put(ctx, p, over)
	if err != nil {
		return checkout.Unknown, err
	}
	return statusOf(stands.Status), nil
}

func statusOf(name string) checkout.Status {
	for _, s := range []checkout.Status{checkout.Charged, checkout.Declined, checkout.Refunded} {
		if s.String() == name {
			return s
		}
	}
	return checkout.Unknown
}
