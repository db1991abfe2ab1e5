package auth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/actors/pseudonym"
	"holdfast/api/card"
	"holdfast/api/problem"
	"holdfast/api/token"
	"holdfast/api/wire"
	"holdfast/storage"
)

// ParsePublicKeyPEM reads the Ed25519 key ("PUBLIC KEY", PKIX) that verifies EdDSA tokens.
func ParsePublicKeyPEM(text []byte) (ed25519.PublicKey, error) {
	key, err := jwt.ParseEdPublicKeyFromPEM(text)
	if err != nil {
		return nil, fmt.Errorf("api: JWT public key: %w", err)
	}
	return key.(ed25519.PublicKey), nil
}

// Identity is who a request comes from. What an event's logs call a buyer depends on the event: see call.Call.Buyer.
type Identity struct {
	Subject  string // of a buyer; may lie in the request's memory
	Person   Person
	Known    bool
	Operator bool
	Role     Role   // of the operator's key: whoever lets an operator do something asks the route first
	Name     string // of the operator's key
}

// subjectCharactersMax bounds a buyer's name.
const subjectCharactersMax = wire.BuyerCharactersMax

// Authenticator turns headers into an identity.
type Authenticator struct {
	operators atomic.Pointer[[]OperatorKey]
	devAuth   bool
	rules     token.Rules
	cacheMax  int
	persons   *pseudonym.Key
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

// Options say who is believed.
type Options struct {
	DevAuth   bool // X-Buyer names a buyer
	CacheMax  int  // remembered tokens
	Rules     token.Rules
	Secret    []byte            // of HS256; nil: none
	Public    ed25519.PublicKey // of EdDSA; nil: none
	Listed    []token.Key       // keys with a kid
	Operators []OperatorKey
	// Persons is the key under which limits know callers, the same on all servers that count together. Zero: a random
	// one.
	Persons storage.EventKey
}

// New makes an authenticator. Its methods are safe for concurrent use.
func New(o *Options) *Authenticator {
	a := &Authenticator{devAuth: o.DevAuth, cacheMax: o.CacheMax, rules: o.Rules, own: ownKeys(o.Secret, o.Public),
		persons: personsOf(o.Persons)}
	a.SetKeys(o.Listed)
	a.SetOperators(o.Operators)
	return a
}

// ownKeys are keys that are given by value. What is no key is left out.
func ownKeys(secret []byte, public ed25519.PublicKey) (keys []token.Key) {
	if key, err := token.Secret(secret); err == nil {
		keys = append(keys, key)
	}
	if key, err := token.Public(public); err == nil {
		keys = append(keys, key)
	}
	return keys
}

// SetKeys replaces the keys with a kid from the next request on. Tokens of keys that are gone are not believed any
// more.
func (a *Authenticator) SetKeys(keys []token.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listed = keys
	a.renew()
}

// SetOwnKeys replaces the keys without a kid as setKeys does the others.
func (a *Authenticator) SetOwnKeys(secret []byte, public ed25519.PublicKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.own = ownKeys(secret, public)
	a.renew()
}

// renew forgets what was verified before. Under mu.
func (a *Authenticator) renew() {
	all := slices.Concat(a.own, a.listed)
	if len(all) == 0 {
		a.trust.Store(nil)
		return
	}
	fresh := &trust{verifier: token.NewVerifier(all, a.rules)}
	fresh.cache.init(a.cacheMax)
	a.trust.Store(fresh)
}

var bearer = []byte("Bearer ")

// BearerToken takes the token out of an Authorization header. The scheme's name has no case (RFC 9110 §11.1).
func BearerToken(authorization []byte) (token []byte, ok bool) {
	if len(authorization) <= len(bearer) || !bytes.EqualFold(authorization[:len(bearer)], bearer) {
		return nil, false
	}
	return bytes.TrimSpace(authorization[len(bearer):]), true
}

// Refusals that never differ are made once: a flood of them costs no memory (P7). What is wrong with a token costs its
// verification anyway.
var (
	noBearer = &problem.Problem{Kind: problem.Unauthorized, Field: "Authorization",
		Detail: "Authorization must be a bearer token"}
	noDevAuth = &problem.Problem{Kind: problem.Unauthorized, Field: "X-Buyer",
		Detail: "X-Buyer counts on servers with --dev-auth only; send Authorization: Bearer"}
	noTokens = &problem.Problem{Kind: problem.Unauthorized, Field: "Authorization",
		Detail: "the bearer token is not valid"}
)

// Identify reads Authorization, or in dev mode X-Buyer. No identity at all is not an error here: public calls need
// none.
func (a *Authenticator) Identify(authorization, buyer []byte) (Identity, error) {
	if len(authorization) > 0 {
		token, ok := BearerToken(authorization)
		if !ok {
			return Identity{}, noBearer
		}
		who, err := a.token(token)
		if err == nil && len(buyer) > 0 {
			err = twoNames(who)
		}
		return who, err
	}
	if len(buyer) == 0 {
		return Identity{}, nil
	}
	if !a.devAuth {
		return Identity{}, noDevAuth
	}
	if why := CheckName(wire.Borrow(buyer)); why != "" {
		return Identity{}, problem.BadField("X-Buyer", why)
	}
	subject := wire.Borrow(buyer)
	return Identity{Subject: subject, Person: a.person(subject), Known: true}, nil
}

// twoNames refuses X-Buyer beside Authorization: one of the two would be ignored without a word.
func twoNames(who Identity) error {
	if who.Operator {
		return problem.BadField("X-Buyer", "has no effect beside an operator's key: name the buyer in the body, as "+
			"buyer")
	}
	return problem.BadField("X-Buyer", "has no effect beside Authorization: send one of them")
}

func (a *Authenticator) token(text []byte) (Identity, error) {
	if key, ok := a.operator(text); ok {
		return Identity{Person: operators, Known: true, Operator: true, Role: key.Role, Name: key.Name}, nil
	}
	t := a.trust.Load()
	if t == nil {
		return Identity{}, noTokens
	}
	key := sha256.Sum256(text)
	if entry, ok := t.cache.get(key, a.rules.Now()); ok {
		return Identity{Subject: entry.subject, Person: entry.person, Known: true}, nil
	}
	subject, until, err := t.verify(string(text))
	if err != nil {
		return Identity{}, &problem.Problem{Kind: problem.Unauthorized, Field: "Authorization", Detail: err.Error()}
	}
	who := Identity{Subject: subject, Person: a.person(subject), Known: true}
	t.cache.put(key, tokenEntry{subject: subject, person: who.Person, until: until})
	return who, nil
}

// verify gives the token's subject. An error is a token.Refusal.
func (t *trust) verify(text string) (subject string, until time.Time, err error) {
	if subject, until, err = t.verifier.Verify(text); err != nil {
		return "", until, err
	}
	if CheckName(subject) != "" || card.InText([]byte(subject)) {
		return "", until, token.Refusal("the bearer token has no usable sub: 1 to 256 characters of visible text " +
			"that is no card number")
	}
	return strings.Clone(subject), until, nil // it is kept, and the token's claims are not
}
