package api

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire"
)

// ParsePublicKeyPEM reads the Ed25519 key ("PUBLIC KEY", PKIX) that verifies EdDSA tokens.
func ParsePublicKeyPEM(text []byte) (ed25519.PublicKey, error) {
	key, err := jwt.ParseEdPublicKeyFromPEM(text)
	if err != nil {
		return nil, fmt.Errorf("api: JWT public key: %w", err)
	}
	return key.(ed25519.PublicKey), nil
}

// identity is who a request comes from.
type identity struct {
	buyer    section.BuyerID
	known    bool
	operator bool
}

// subjectBytesMax bounds a buyer's name.
const subjectBytesMax = wire.BuyerBytesMax

// BuyerOf is the pseudonym under which the log knows a buyer, so that the log holds no name.
func BuyerOf(subject string) section.BuyerID { return wire.BuyerHash(subject) }

// authenticator turns headers into an identity.
type authenticator struct {
	operatorKey []byte
	devAuth     bool
	parser      *jwt.Parser
	secret      []byte
	public      ed25519.PublicKey
	now         func() time.Time
	cache       tokenCache
}

func newAuthenticator(c *Config) *authenticator {
	a := &authenticator{
		operatorKey: []byte(c.OperatorKey), devAuth: c.DevAuth, now: c.Now,
		secret: c.JWTSecret, public: c.JWTPublicKey,
	}
	a.cache.init(c.TokenCacheMax)
	// The list of algorithms comes from the configured keys, never from the token (RFC 8725 §3.1).
	var algorithms []string
	if len(a.secret) > 0 {
		algorithms = append(algorithms, "HS256")
	}
	if a.public != nil {
		algorithms = append(algorithms, "EdDSA")
	}
	if algorithms != nil {
		a.parser = jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithTimeFunc(c.Now), jwt.WithStrictDecoding())
	}
	return a
}

var bearer = []byte("Bearer ")

// bearerToken takes the token out of an Authorization header. The scheme's name has no case (RFC 9110 §11.1).
func bearerToken(authorization []byte) (token []byte, ok bool) {
	if len(authorization) <= len(bearer) || !bytes.EqualFold(authorization[:len(bearer)], bearer) {
		return nil, false
	}
	return bytes.TrimSpace(authorization[len(bearer):]), true
}

// identify reads Authorization, or in dev mode X-Buyer. No identity at all is not an error here: public calls need none.
func (a *authenticator) identify(r *request) (identity, error) {
	authorization := r.authorization
	if len(authorization) > 0 {
		token, ok := bearerToken(authorization)
		if !ok {
			return identity{}, &problem{kind: kindUnauthorized, field: "Authorization", detail: "Authorization must be a bearer token"}
		}
		who, err := a.token(token)
		if err == nil && len(r.buyerName) > 0 {
			err = twoNames(who)
		}
		return who, err
	}
	name := r.buyerName
	if len(name) == 0 {
		return identity{}, nil
	}
	if !a.devAuth {
		return identity{}, &problem{kind: kindUnauthorized, field: "X-Buyer", detail: "X-Buyer counts on servers with --dev-auth only; send Authorization: Bearer"}
	}
	if len(name) > subjectBytesMax {
		return identity{}, badField("X-Buyer", "is longer than 256 bytes")
	}
	return identity{buyer: BuyerOf(borrow(name)), known: true}, nil
}

// twoNames refuses X-Buyer beside Authorization: one of the two would be ignored without a word.
func twoNames(who identity) error {
	if who.operator {
		return badField("X-Buyer", "has no effect beside an operator's key: name the buyer in the body, as buyer")
	}
	return badField("X-Buyer", "has no effect beside Authorization: send one of them")
}

func (a *authenticator) token(token []byte) (identity, error) {
	if a.isOperator(token) {
		return identity{buyer: actors.OperatorBuyer, known: true, operator: true}, nil
	}
	if a.parser == nil {
		return identity{}, &problem{kind: kindUnauthorized, field: "Authorization", detail: "the bearer token is not valid"}
	}
	key := sha256.Sum256(token)
	now := a.now()
	if buyer, ok := a.cache.get(key, now); ok {
		return identity{buyer: buyer, known: true}, nil
	}
	buyer, until, err := a.verify(string(token))
	if err != nil {
		return identity{}, &problem{kind: kindUnauthorized, field: "Authorization", detail: tokenReason(err)}
	}
	a.cache.put(key, buyer, until)
	return identity{buyer: buyer, known: true}, nil
}

func (a *authenticator) isOperator(token []byte) bool {
	return len(a.operatorKey) > 0 && subtle.ConstantTimeCompare(token, a.operatorKey) == 1
}

var errSubject = errors.New("api: the token's sub is missing, too long, or not acceptable")

func (a *authenticator) verify(token string) (buyer section.BuyerID, until time.Time, err error) {
	var claims jwt.RegisteredClaims
	if _, err = a.parser.ParseWithClaims(token, &claims, a.key); err != nil {
		return buyer, until, err
	}
	if n := len(claims.Subject); n == 0 || n > subjectBytesMax || cardInText([]byte(claims.Subject)) {
		return buyer, until, errSubject
	}
	if claims.ExpiresAt != nil {
		until = claims.ExpiresAt.Time
	}
	return BuyerOf(claims.Subject), until, nil
}

func (a *authenticator) key(token *jwt.Token) (any, error) {
	if token.Method.Alg() == "EdDSA" {
		return a.public, nil
	}
	return a.secret, nil
}

// tokenReason tells a caller enough to fix a clock, and nothing about keys.
func tokenReason(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "the bearer token has expired"
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "the bearer token is not valid yet"
	case errors.Is(err, errSubject):
		return "the bearer token has no usable sub"
	}
	return "the bearer token is not valid"
}

// tokenCache remembers verified tokens by their SHA-256: a signature check costs a hundred times a look-up.
type tokenCache struct {
	shards [16]tokenShard
	max    int // of one shard
}

type tokenShard struct {
	mu     sync.RWMutex
	tokens map[[32]byte]tokenEntry
}

type tokenEntry struct {
	buyer section.BuyerID
	until time.Time // zero: the token has no end
}

func (c *tokenCache) init(limit int) {
	c.max = max(1, limit/len(c.shards))
	for i := range c.shards {
		c.shards[i].tokens = map[[32]byte]tokenEntry{}
	}
}

func (c *tokenCache) get(key [32]byte, now time.Time) (section.BuyerID, bool) {
	shard := &c.shards[key[0]%16]
	shard.mu.RLock()
	entry, ok := shard.tokens[key]
	shard.mu.RUnlock()
	return entry.buyer, ok && (entry.until.IsZero() || now.Before(entry.until))
}

// put forgets any one token when full; Go's map order makes the victim random, which no caller can aim.
func (c *tokenCache) put(key [32]byte, buyer section.BuyerID, until time.Time) {
	shard := &c.shards[key[0]%16]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	for victim := range shard.tokens {
		if len(shard.tokens) < c.max {
			break
		}
		delete(shard.tokens, victim)
	}
	shard.tokens[key] = tokenEntry{buyer: buyer, until: until}
}
