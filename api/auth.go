package api

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/token"
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
	name     string // of the operator's key
}

// subjectCharactersMax bounds a buyer's name.
const subjectCharactersMax = wire.BuyerCharactersMax

// BuyerOf is the pseudonym under which the log knows a buyer, so that the log holds no name.
func BuyerOf(subject string) section.BuyerID { return wire.BuyerHash(subject) }

// authenticator turns headers into an identity.
type authenticator struct {
	operators atomic.Pointer[[]OperatorKey]
	devAuth   bool
	rules     token.Rules
	cacheMax  int
	mu        sync.Mutex
	own       []token.Key           // those without a list, see SetOwnKeys; guarded by mu
	listed    []token.Key           // of SetKeys; guarded by mu
	trust     atomic.Pointer[trust] // nil: there are no tokens
}

// trust is what verifies tokens at one time, and what it has verified. New keys come with a new one, so that no
// remembered token outlives its key, however late its verification ends.
type trust struct {
	verifier *token.Verifier
	cache    tokenCache
}

func newAuthenticator(c *Config) *authenticator {
	a := &authenticator{
		devAuth: c.DevAuth, cacheMax: c.TokenCacheMax, own: c.ownKeys(),
		rules: token.Rules{Issuers: c.JWTIssuers, Audiences: c.JWTAudiences, Now: c.Now},
	}
	a.setKeys(c.JWTKeys)
	a.setOperators(c.operatorKeys())
	return a
}

// ownKeys are the keys that the configuration has by value. Validate has said which are none.
func (c *Config) ownKeys() (keys []token.Key) {
	if key, err := token.Secret(c.JWTSecret); err == nil {
		keys = append(keys, key)
	}
	if key, err := token.Public(c.JWTPublicKey); err == nil {
		keys = append(keys, key)
	}
	return keys
}

func (a *authenticator) setKeys(keys []token.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listed = keys
	a.renew()
}

func (a *authenticator) setOwn(keys []token.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.own = keys
	a.renew()
}

// renew forgets what was verified before. Under mu.
func (a *authenticator) renew() {
	all := slices.Concat(a.own, a.listed)
	if len(all) == 0 {
		a.trust.Store(nil)
		return
	}
	fresh := &trust{verifier: token.NewVerifier(all, a.rules)}
	fresh.cache.init(a.cacheMax)
	a.trust.Store(fresh)
}

// SetKeys replaces the keys of Config.JWTKeys from the next request on. Tokens of keys that are gone are not believed
// any more, those that were verified before included; tokens of keys that stay are verified once more.
func (s *Server) SetKeys(keys []token.Key) { s.auth.setKeys(keys) }

// SetOwnKeys replaces the keys of Config.JWTSecret and Config.JWTPublicKey as SetKeys does those of Config.JWTKeys. Nil: there is none; one
// that Validate would refuse counts for none.
func (s *Server) SetOwnKeys(secret []byte, public ed25519.PublicKey) {
	s.auth.setOwn((&Config{JWTSecret: secret, JWTPublicKey: public}).ownKeys())
}

var bearer = []byte("Bearer ")

// bearerToken takes the token out of an Authorization header. The scheme's name has no case (RFC 9110 §11.1).
func bearerToken(authorization []byte) (token []byte, ok bool) {
	if len(authorization) <= len(bearer) || !bytes.EqualFold(authorization[:len(bearer)], bearer) {
		return nil, false
	}
	return bytes.TrimSpace(authorization[len(bearer):]), true
}

// identify reads Authorization, or in dev mode X-Buyer. No identity at all is not an error here: public calls need
// none.
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
	if why := checkName(borrow(name)); why != "" {
		return identity{}, badField("X-Buyer", why)
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

func (a *authenticator) token(text []byte) (identity, error) {
	if name, ok := a.operator(text); ok {
		return identity{buyer: actors.OperatorBuyer, known: true, operator: true, name: name}, nil
	}
	t := a.trust.Load()
	if t == nil {
		return identity{}, &problem{kind: kindUnauthorized, field: "Authorization", detail: "the bearer token is not valid"}
	}
	key := sha256.Sum256(text)
	if buyer, ok := t.cache.get(key, a.rules.Now()); ok {
		return identity{buyer: buyer, known: true}, nil
	}
	buyer, until, err := t.verify(string(text))
	if err != nil {
		return identity{}, &problem{kind: kindUnauthorized, field: "Authorization", detail: err.Error()}
	}
	t.cache.put(key, buyer, until)
	return identity{buyer: buyer, known: true}, nil
}

// verify gives the token's buyer. An error is a token.Refusal.
func (t *trust) verify(text string) (buyer section.BuyerID, until time.Time, err error) {
	subject, until, err := t.verifier.Verify(text)
	if err != nil {
		return buyer, until, err
	}
	if checkName(subject) != "" || cardInText([]byte(subject)) {
		return buyer, until, token.Refusal("the bearer token has no usable sub: 1 to 256 characters of visible text that is no card number")
	}
	return BuyerOf(subject), until, nil
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
	until time.Time
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
	return entry.buyer, ok && now.Before(entry.until)
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
