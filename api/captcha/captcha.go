package captcha

import (
	"context"
	"errors"
	"net/netip"
)

// The ends of a question besides nil.
var (
	// ErrRefused says that the provider does not vouch for the token.
	ErrRefused = errors.New("captcha: refused")
	// ErrUnavailable says that nobody knows: it is no verdict on the buyer.
	ErrUnavailable = errors.New("captcha: the provider gives no verdict")
)

// TokenBytesMax is the longest token that a provider is asked about.
const TokenBytesMax = 4096

// Question is one token, and what it must have been made for. What is empty is not checked.
type Question struct {
	Token   string
	Address netip.Addr // of the buyer, told to the provider; the zero value is not told
	ID      string     // a UUID: the same question asked again gets the same answer, where the provider has that
	Action  string     // what the page said that the token is for
	Bound   string     // what the page bound the token to: a buyer's pseudonym
}

// Verifier is the port. Verify returns nil, or an error that wraps ErrRefused or ErrUnavailable; no error holds the
// token or the secret. It is safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, q *Question) error
}
