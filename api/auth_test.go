package api

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/api/auth"
	"holdfast/api/token"
)

func signed(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) headers {
	t.Helper()
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return headers{"Authorization": "Bearer " + text}
}

func TestTokens(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, otherPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	fromPEM, err := auth.ParsePublicKeyPEM(publicPEM)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(strings.Repeat("s", 32))
	h := open(t, func(c *Config) {
		c.DevAuth, c.OperatorKey = false, "operator-key-0123456789"
		c.JWTSecret, c.JWTPublicKey = secret, fromPEM
	})
	now := time.Now()
	soon, past := now.Add(time.Hour).Unix(), now.Add(-token.Leeway-time.Second).Unix()
	by := func(method jwt.SigningMethod, key any) headers {
		return signed(t, method, key, jwt.MapClaims{"sub": "alice", "exp": soon})
	}
	says := func(claims jwt.MapClaims) headers { return signed(t, jwt.SigningMethodHS256, secret, claims) }
	rows := []struct {
		name   string
		who    headers
		status int // 404: the identity was good, the booking is not there
	}{
		{"HS256", by(jwt.SigningMethodHS256, secret), 404},
		{"EdDSA", by(jwt.SigningMethodEdDSA, private), 404},
		{"operator", headers{"Authorization": "bearer operator-key-0123456789"}, 404},
		{"expired", says(jwt.MapClaims{"sub": "alice", "exp": past}), 401},
		{"not yet", says(jwt.MapClaims{"sub": "alice", "nbf": soon}), 401},
		{"no end", says(jwt.MapClaims{"sub": "alice"}), 401},
		{"an end that is null", says(jwt.MapClaims{"sub": "alice", "exp": nil}), 401},
		{"blank sub", says(jwt.MapClaims{"sub": " ", "exp": soon}), 401},
		{"NUL in sub", says(jwt.MapClaims{"sub": "a\x00", "exp": soon}), 401},
		{"line end in sub", says(jwt.MapClaims{"sub": "a\nb", "exp": soon}), 401},
		{"direction in sub", says(jwt.MapClaims{"sub": "a\u202eb", "exp": soon}), 401},
		{"no sub", says(jwt.MapClaims{"exp": soon}), 401},
		{"long sub", says(jwt.MapClaims{"sub": strings.Repeat("x", 257), "exp": soon}), 401},
		{"card as sub", says(jwt.MapClaims{"sub": "4111111111111111", "exp": soon}), 401},
		{"other secret", by(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32))), 401},
		{"other key", by(jwt.SigningMethodEdDSA, otherPrivate), 401},
		{"HS512", by(jwt.SigningMethodHS512, secret), 401},
		{"none", by(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), 401},
		{"public key as secret", by(jwt.SigningMethodHS256, []byte(public)), 401},
		{"PEM as secret", by(jwt.SigningMethodHS256, publicPEM), 401},
		{"dev header", alice, 401},
		{"dev operator", operator, 401},
		{"nobody", nobody, 401},
	}
	for _, row := range rows {
		a := h.do("GET", "/v1/bookings/none", row.who, "")
		if a.status != row.status {
			t.Errorf("%s: %d %s, want %d", row.name, a.status, a.body, row.status)
		}
		if a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: 401 without WWW-Authenticate", row.name)
		}
	}
}

// A remembered token still dies at its exp.
func TestRememberedTokenExpires(t *testing.T) {
	var offset atomic.Int64
	secret := []byte(strings.Repeat("s", 32))
	start := time.Now()
	h := open(t, func(c *Config) {
		c.JWTSecret = secret
		c.Now = func() time.Time { return start.Add(time.Duration(offset.Load())) }
	})
	who := signed(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice",
		"exp": start.Add(time.Minute).Unix()})
	for range 2 {
		h.do("GET", "/v1/bookings/none", who, "").want(404, "booking_unknown")
	}
	offset.Store(int64(time.Minute + token.Leeway - time.Second))
	h.do("GET", "/v1/bookings/none", who, "").want(404, "booking_unknown")
	offset.Store(int64(time.Minute + token.Leeway))
	h.do("GET", "/v1/bookings/none", who, "").want(401, "unauthorized")
}

// A remembered token dies with its key, and a key that comes back brings its tokens back; keys of the configuration
// stay.
func TestRememberedTokenDiesWithItsKey(t *testing.T) {
	own, rotating := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("r", 32))
	key, err := token.Secret(rotating)
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, func(c *Config) {
		c.DevAuth, c.JWTSecret, c.JWTKeys = false, own, []token.Key{key}
	})
	until := time.Now().Add(time.Hour).Unix()
	stays := signed(t, jwt.SigningMethodHS256, own, jwt.MapClaims{"sub": "alice", "exp": until})
	goes := signed(t, jwt.SigningMethodHS256, rotating, jwt.MapClaims{"sub": "alice", "exp": until})
	for _, step := range []struct {
		keys   []token.Key
		status int
	}{{[]token.Key{key}, 404}, {nil, 401}, {[]token.Key{key}, 404}, {nil, 401}} {
		h.server.SetKeys(step.keys)
		for range 2 {
			if got := h.do("GET", "/v1/bookings/none", goes, "").status; got != step.status {
				t.Errorf("with %d keys: %d, want %d", len(step.keys), got, step.status)
			}
			h.do("GET", "/v1/bookings/none", stays, "").want(404, "booking_unknown")
		}
	}
}

// A caller's own word for who they are is a name, and names can be seen.
func TestDevNamesCanBeSeen(t *testing.T) {
	h := open(t, nil)
	for _, name := range []string{"a\u200bb", "a\u202eb", "a\tb", "a\u0085b", "\ufeffa", "\xff"} {
		if a := h.do("GET", "/v1/bookings/none", headers{"X-Buyer": name}, ""); a.status != 400 ||
			a.problem.Field != "X-Buyer" {
			t.Errorf("%q: %d %s", name, a.status, a.body)
		}
	}
	for _, name := range []string{"Zoë", "می\u200cخواهم", "👩\u200d👩\u200d👧", "ไทย", "o'Brien; DROP"} {
		h.do("GET", "/v1/bookings/none", headers{"X-Buyer": name}, "").want(404, "booking_unknown")
	}
}

// The same person is the same buyer whichever way they identify themselves.
func TestBuyerIsTheirSubject(t *testing.T) {
	secret := []byte(strings.Repeat("s", 32))
	h := open(t, func(c *Config) { c.JWTSecret = secret })
	event := h.show("")
	until := time.Now().Add(time.Hour).Unix()
	who := signed(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "alice", "exp": until})
	b := h.do("POST", event+"/bookings", who, `{"seats":["A-1-1"]}`).want(201, "").booking()
	h.do("GET", "/v1/bookings/"+b.ID, alice, "").want(200, "")
}

func TestConfigValidate(t *testing.T) {
	bad := Config{JWTSecret: []byte("short"), JWTPublicKey: ed25519.PublicKey{1}, OperatorKey: "short"}
	if err := bad.Validate(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Fatalf("%v", err)
	}
	if err := (&Config{}).Validate(); err == nil {
		t.Fatal("nobody can log in, and that is fine?")
	}
	if err := (&Config{DevAuth: true}).Validate(); err != nil {
		t.Fatal(err)
	}
}
