package token

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// header is what a token says of its signature.
type header struct {
	algorithm, kid string
	named          bool // kid is there
}

// readHeader reads the part before the first dot, strictly: the library takes the last of two members, and knows no
// crit.
func readHeader(token string) (h header, err error) {
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil {
		return h, Refusal("the bearer token is not valid")
	}
	err = members(raw, func(name string, value jsontext.Value) (err error) {
		ok := true
		switch name {
		case "crit":
			return Refusal("the bearer token has a critical header (crit) that is not understood here")
		case "alg":
			h.algorithm, ok = text(value)
		case "kid":
			h.kid, ok = text(value)
			h.named = true
		}
		if !ok {
			return Refusal("the bearer token's " + name + " must be a string")
		}
		return nil
	})
	return h, refusal(err, "the bearer token's header is not an object of members with names of their own")
}

// claims are the registered claims that count here. They are read strictly: the library would take "1e9" in quotes for
// a number, and the last of two subjects.
type claims struct {
	subject, issuer string
	named           bool // sub is there
	exp, nbf, iat   *jwt.NumericDate
	audience        jwt.ClaimStrings
}

// UnmarshalJSON reads the claims; json.Unmarshal calls it.
func (c *claims) UnmarshalJSON(raw []byte) error {
	err := members(raw, func(name string, value jsontext.Value) (err error) {
		ok := true
		switch name {
		case "sub":
			c.subject, ok = text(value)
			c.named = true
		case "iss":
			c.issuer, ok = text(value)
		case "aud":
			if c.audience, ok = audience(value); !ok {
				return Refusal("the bearer token's aud must be a string or a list of strings")
			}
		case "exp":
			c.exp, err = date(name, value)
		case "nbf":
			c.nbf, err = date(name, value)
		case "iat":
			c.iat, err = date(name, value)
		}
		if !ok {
			return Refusal("the bearer token's " + name + " must be a string")
		}
		return err
	})
	return refusal(err, "the bearer token's claims are not an object of members with names of their own")
}

// secondsMax is the end of the year 9999: later than any clock, and early enough to be counted in nanoseconds by
// nobody.
const secondsMax = 253_402_300_799

func date(name string, value jsontext.Value) (*jwt.NumericDate, error) {
	if value.Kind() != '0' {
		return nil, Refusal(fmt.Sprintf("the bearer token's %s must be a number of seconds since 1970", name))
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil || seconds < 0 || seconds > secondsMax {
		return nil, Refusal(fmt.Sprintf("the bearer token's %s is out of range", name))
	}
	whole, part := math.Modf(seconds)
	return &jwt.NumericDate{Time: time.Unix(int64(whole), int64(part*1e9))}, nil
}

// audience reads a string or an array of strings (RFC 7519, 4.1.3).
func audience(value jsontext.Value) (jwt.ClaimStrings, bool) {
	if value.Kind() == '"' {
		one, ok := text(value)
		return jwt.ClaimStrings{one}, ok
	}
	if value.Kind() != '[' {
		return nil, false
	}
	var all jwt.ClaimStrings
	d := jsontext.NewDecoder(bytes.NewReader(value))
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	for d.PeekKind() == '"' {
		item, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		one, ok := text(item)
		if !ok {
			return nil, false
		}
		all = append(all, one)
	}
	return all, d.PeekKind() == ']'
}

// The library's interface of claims.

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.exp, nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.nbf, nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.iat, nil }
func (c *claims) GetIssuer() (string, error)                   { return c.issuer, nil }
func (c *claims) GetSubject() (string, error)                  { return c.subject, nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return c.audience, nil }

// check holds the claims against the rules that the library has no word for.
func (c *claims) check(r *Rules) error {
	switch {
	case !c.named:
		return Refusal("the bearer token has no sub")
	case c.exp.After(r.Now().Add(LifetimeMax + Leeway)):
		return Refusal("the bearer token's exp is more than 366 days ahead: tokens must end, and exp counts seconds")
	case len(r.Issuers) > 0 && !slices.Contains(r.Issuers, c.issuer):
		return Refusal("the bearer token's iss is not an issuer that is believed here")
	case len(r.Audiences) > 0 && !slices.ContainsFunc(c.audience,
		func(a string) bool { return slices.Contains(r.Audiences, a) }):
		return Refusal("the bearer token's aud does not name this service")
	}
	return nil
}
