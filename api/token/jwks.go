package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a key file.
const (
	JWKSBytesMax = 1 << 20
	keysMax      = 64
	rsaBitsMin   = 2048
	rsaBitsMax   = 8192 // a longer one makes each unknown token cost milliseconds
)

// members visits the members of a JSON object. Members of one name, text behind the object and invalid UTF-8 are
// errors.
func members(raw []byte, visit func(name string, value jsontext.Value) error) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	if d.PeekKind() != '{' {
		return errors.New("is not a JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String() // the token is valid until the next read
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("has something behind its end")
	}
	return nil
}

// text reads a JSON string.
func text(value jsontext.Value) (string, bool) {
	if value.Kind() != '"' {
		return "", false
	}
	out, err := jsontext.AppendUnquote(nil, value)
	return string(out), err == nil
}

// ParseJWKS reads a JSON Web Key Set (RFC 7517): keys of RSA (RS256), EC on P-256 (ES256), OKP on Ed25519 (EdDSA), and
// oct (HS256).
//
// Keys that are meant for something else, or of a kind that is not known here, are left out, as the standard asks;
// ignored says which and why. An error: no JSON of that form, a private key, a key too weak to be believed, two keys of
// one kid, or no key left.
func ParseJWKS(file []byte) (keys []Key, ignored []string, err error) {
	if len(file) > JWKSBytesMax {
		return nil, nil, fmt.Errorf("token: a key file ends at %d bytes", JWKSBytesMax)
	}
	var list jsontext.Value
	err = members(file, func(name string, value jsontext.Value) error {
		if name == "keys" {
			list = value.Clone()
		}
		return nil
	})
	if err == nil && list.Kind() != '[' {
		err = errors.New(`has no array "keys"`)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("token: the key file %w", err)
	}
	d := jsontext.NewDecoder(bytes.NewReader(list))
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	for n := 0; d.PeekKind() != ']'; n++ {
		raw, err := d.ReadValue()
		if err != nil {
			return nil, nil, err
		}
		key, other, err := parseJWK(raw)
		switch {
		case n >= keysMax:
			return nil, nil, fmt.Errorf("token: a key file ends at %d keys", keysMax)
		case err != nil:
			return nil, nil, fmt.Errorf("token: /keys/%d: %w", n, err)
		case other != "":
			ignored = append(ignored, fmt.Sprintf("/keys/%d: %s", n, other))
			continue
		case key.ID != "" && slices.ContainsFunc(keys, func(k Key) bool { return k.ID == key.ID }):
			return nil, nil, fmt.Errorf("token: /keys/%d: another key has the same kid", n)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ignored, errors.New("token: the key file has no key that could verify a token")
	}
	return keys, ignored, nil
}

// jwk is one key as its file says it.
type jwk struct {
	texts   map[string]string
	private string // the name of a member that only private keys have
	forUse  bool   // verifying is among key_ops, or key_ops is not there
}

// privateMembers are the members of private keys (RFC 7518, 6.2.2 and 6.3.2; RFC 8037, 2).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth"}

func readJWK(raw []byte) (jwk, error) {
	k := jwk{texts: map[string]string{}, forUse: true}
	err := members(raw, func(name string, value jsontext.Value) error {
		switch name {
		case "kty", "kid", "alg", "use", "crv", "n", "e", "x", "y", "k":
			said, ok := text(value)
			if !ok {
				return fmt.Errorf("%s must be a string", name)
			}
			k.texts[name] = said
		case "key_ops":
			k.forUse = bytes.Contains(value, []byte(`"verify"`))
		}
		if slices.Contains(privateMembers, name) {
			k.private = name
		}
		return nil
	})
	return k, err
}

// parseJWK reads one key; other says why it is none for tokens.
func parseJWK(raw []byte) (key Key, other string, err error) {
	k, err := readJWK(raw)
	if err != nil {
		return key, "", err
	}
	kind := k.texts["kty"]
	if kind != "oct" && k.private != "" {
		return key, "", fmt.Errorf("member %q: this is a private key; whoever reads it can sign tokens. Put the "+
			"public part here, and replace the key", k.private)
	}
	if use := k.texts["use"]; use != "" && use != "sig" || !k.forUse {
		return key, "is not for verifying signatures", nil
	}
	switch kind {
	case "oct":
		key, err = k.secret()
	case "RSA":
		key, err = k.rsa()
	case "EC":
		key, err = k.ec()
	case "OKP":
		key, err = k.okp()
	case "":
		err = errors.New("kty is missing")
	default:
		err = otherError("kty is not known here")
	}
	if why, ok := errors.AsType[otherError](err); ok {
		return Key{}, string(why), nil
	}
	key.ID = k.texts["kid"]
	return key, "", err
}

// otherError says that a key is for something else than this server knows.
type otherError string

func (e otherError) Error() string { return string(e) }

// is holds the key's alg against what its kind is used with here.
func (k *jwk) is(algorithm ...string) error {
	if alg := k.texts["alg"]; alg != "" && !slices.Contains(algorithm, alg) {
		return otherError("alg is not " + algorithm[0])
	}
	return nil
}

// bytes reads a member in base64url, which has no padding.
func (k *jwk) bytes(name string) ([]byte, error) {
	out, err := base64.RawURLEncoding.Strict().DecodeString(k.texts[name])
	if err != nil || len(out) == 0 {
		return nil, fmt.Errorf("%s must be base64url without padding", name)
	}
	return out, nil
}

func (k *jwk) secret() (Key, error) {
	if err := k.is(hs256); err != nil {
		return Key{}, err
	}
	secret, err := k.bytes("k")
	if err != nil {
		return Key{}, err
	}
	if len(secret) < SecretBytesMin {
		return Key{}, fmt.Errorf("k has %d bytes; fewer than %d can be guessed", len(secret), SecretBytesMin)
	}
	return Key{algorithm: hs256, material: secret}, nil
}

func (k *jwk) rsa() (Key, error) {
	if err := k.is(rs256); err != nil {
		return Key{}, err
	}
	n, err := k.bytes("n")
	if err != nil {
		return Key{}, err
	}
	e, err := k.bytes("e")
	if err != nil {
		return Key{}, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	switch bits := modulus.BitLen(); {
	case bits < rsaBitsMin || bits > rsaBitsMax:
		return Key{}, fmt.Errorf("n has %d bits; %d to %d are taken", bits, rsaBitsMin, rsaBitsMax)
	case modulus.Bit(0) == 0:
		return Key{}, errors.New("n is even: this is no RSA key")
	case exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0:
		return Key{}, errors.New("e must be an odd number from 3 to 2^31-1; 65537 is usual")
	}
	return Key{algorithm: rs256, material: &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}}, nil
}

func (k *jwk) ec() (Key, error) {
	if k.texts["crv"] != "P-256" {
		return Key{}, otherError("crv is not P-256")
	}
	if err := k.is(es256); err != nil {
		return Key{}, err
	}
	x, err := k.bytes("x")
	if err != nil {
		return Key{}, err
	}
	y, err := k.bytes("y")
	if err != nil {
		return Key{}, err
	}
	if len(x) != 32 || len(y) != 32 {
		return Key{}, errors.New("x and y must have 32 bytes each")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return Key{}, errors.New("x and y are no point of P-256")
	}
	return Key{algorithm: es256, material: public}, nil
}

func (k *jwk) okp() (Key, error) {
	if k.texts["crv"] != "Ed25519" {
		return Key{}, otherError("crv is not Ed25519")
	}
	if err := k.is(eddsa, "Ed25519"); err != nil {
		return Key{}, err
	}
	x, err := k.bytes("x")
	if err != nil {
		return Key{}, err
	}
	return Public(ed25519.PublicKey(x))
}
