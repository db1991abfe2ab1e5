package token

import (
	"errors"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Times, part of the public API.
const (
	// Leeway is how far the issuer's clock and this one may differ.
	Leeway = 30 * time.Second
	// LifetimeMax is how far ahead a token's exp may be.
	LifetimeMax = 366 * 24 * time.Hour
)

// namelessMax bounds how many keys a token without a kid is tried on: each costs a signature check to a caller who
// sends garbage.
const namelessMax = 8

// Refusal says why a token is not believed, for its sender: enough to mend the issuer, and nothing about keys.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// refusal keeps a Refusal, and gives any other error the words that are fit for callers.
func refusal(err error, otherwise Refusal) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[Refusal](err); ok {
		return r
	}
	return otherwise
}

// Rules are what a token must say besides being signed.
type Rules struct {
	Issuers   []string // iss must be one of them; none: iss does not count
	Audiences []string // aud must hold one of them; none: aud does not count
	Now       func() time.Time
}

// Verifier verifies tokens. It never changes, and is safe for concurrent use.
type Verifier struct {
	keys   []Key
	rules  Rules
	parser *jwt.Parser
}

// NewVerifier makes a verifier of tokens that one of the keys signed. Without keys it refuses everything.
func NewVerifier(keys []Key, rules Rules) *Verifier {
	v := &Verifier{keys: keys, rules: rules}
	if v.rules.Now == nil {
		v.rules.Now = time.Now
	}
	algorithms := []string{} // empty, not nil: nil would let the token choose
	for i := range keys {
		algorithms = append(algorithms, keys[i].algorithm)
	}
	v.parser = jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithTimeFunc(v.rules.Now), jwt.WithStrictDecoding(),
		jwt.WithLeeway(Leeway), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	return v
}

// Verify gives the token's subject, and the instant until which the token may be believed without asking again. The
// subject is any text, the empty one too: what a name may be is the caller's rule. An error is a Refusal.
func (v *Verifier) Verify(token string) (subject string, until time.Time, err error) {
	h, err := readHeader(token)
	if err != nil {
		return "", until, err
	}
	candidates, err := v.candidates(&h)
	if err != nil {
		return "", until, err
	}
	var c claims
	_, err = v.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return candidates, nil })
	if err != nil {
		return "", until, reason(err)
	}
	if err := c.check(&v.rules); err != nil {
		return "", until, err
	}
	return c.subject, c.exp.Add(Leeway), nil
}

// candidates are the keys that may have signed: the one that the token names, else those without a name, else (the
// token names none) all. Only keys of the token's algorithm are among them, so that no key is ever used with another
// one than its own.
func (v *Verifier) candidates(h *header) (jwt.VerificationKeySet, error) {
	var set jwt.VerificationKeySet
	if i := slices.IndexFunc(v.keys, func(k Key) bool { return h.named && k.ID != "" && k.ID == h.kid }); i >= 0 {
		if v.keys[i].algorithm != h.algorithm {
			return set, Refusal("the bearer token's alg is not its key's")
		}
		set.Keys = append(set.Keys, v.keys[i].material)
		return set, nil
	}
	for i := range v.keys {
		if v.keys[i].algorithm == h.algorithm && (!h.named || v.keys[i].ID == "") {
			set.Keys = append(set.Keys, v.keys[i].material)
		}
	}
	switch {
	case len(set.Keys) == 0 && h.named:
		return set, Refusal("the bearer token names a key (kid) that is not known here")
	case len(set.Keys) == 0:
		return set, Refusal("the bearer token's alg is not one that is taken here")
	case len(set.Keys) > namelessMax:
		return set, Refusal("the bearer token must name its key (kid): several could be meant")
	}
	return set, nil
}

// reason tells a caller enough to fix a clock, and nothing about keys.
func reason(err error) error {
	var already Refusal
	switch {
	case errors.As(err, &already):
		return already
	case errors.Is(err, jwt.ErrTokenExpired):
		return Refusal("the bearer token has expired")
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return Refusal("the bearer token is not valid yet")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return Refusal("the bearer token has no exp: tokens must end")
	}
	return Refusal("the bearer token is not valid")
}
