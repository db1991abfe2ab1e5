package token

import (
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"strconv"
	"strings"
	"testing"
)

func with(key map[string]any, name string, value any) map[string]any {
	out := maps.Clone(key)
	out[name] = value
	if value == nil {
		delete(out, name)
	}
	return out
}

// Files of keys that would let somebody in who should not be, or nobody, are refused by name.
func TestKeyFilesThatAreRefused(t *testing.T) {
	i := newIssuer(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ed, oct, ec, r := i.edJWK("d"), i.octJWK("o"), i.ecJWK("e"), i.rsaJWK("r")
	for _, c := range []struct {
		name string
		file string
		want string
	}{
		{"private RSA", string(jwks(t, with(r, "d", "AQAB"))), "private key"},
		{"private RSA by its primes", string(jwks(t, with(r, "p", "AQAB"))), "private key"},
		{"private EC", string(jwks(t, ed, with(ec, "d", "AQAB"))), "/keys/1"},
		{"private Ed25519", string(jwks(t, with(ed, "d", "AQAB"))), "private key"},
		{"private key for encryption", string(jwks(t, oct, with(with(r, "d", "AQAB"), "use", "enc"))), "private key"},
		{"private key of an unknown kind", string(jwks(t, oct, map[string]any{"kty": "AKP", "d": "x"})), "private key"},
		{"short RSA", string(jwks(t, with(r, "n", b64(short.N.Bytes())))), "1024 bits"},
		{"huge RSA", string(jwks(t, with(r, "n", strings.Repeat("_", 2000)))), "bits"},
		{"RSA with e=1", string(jwks(t, with(r, "e", "AQ"))), "e must be"},
		{"RSA with a huge e", string(jwks(t, with(r, "e", "_____________w"))), "e must be"},
		{"RSA without n", string(jwks(t, with(r, "n", nil))), "n must be base64url"},
		{"short secret", string(jwks(t, with(oct, "k", b64([]byte(strings.Repeat("s", 31)))))), "31 bytes"},
		{"padded secret", string(jwks(t, with(oct, "k", b64(i.secret)+"="))), "base64url"},
		{"EC beside the curve", string(jwks(t, with(ec, "x", b64(make([]byte, 32))))), "no point of P-256"},
		{"EC of short numbers", string(jwks(t, with(ec, "x", "AQAB"))), "32 bytes"},
		{"short Ed25519", string(jwks(t, with(ed, "x", "AQAB"))), "wrong length"},
		{"one kid twice", string(jwks(t, ed, with(oct, "kid", "d"))), "same kid"},
		{"kid a number", string(jwks(t, with(ed, "kid", 7))), "kid must be a string"},
		{"no kty", string(jwks(t, with(ed, "kty", nil))), "kty is missing"},
		{"a member twice", `{"keys":[{"kty":"oct","k":"a","k":"b"}]}`, "duplicate"},
		{"keys twice", `{"keys":[],"keys":[]}`, "duplicate"},
		{"none", `{"keys":[]}`, "no key"}, {"none of use", string(jwks(t, with(r, "use", "enc"))), "no key"},
		{"one key alone", `{"kty":"oct"}`, `no array "keys"`}, {"a list", `[]`, "not a JSON object"},
		{"empty", ``, "not a JSON object"},
		{"keys null", `{"keys":null}`, `no array "keys"`}, {"a key null", `{"keys":[null]}`, "not a JSON object"},
		{"something behind", string(jwks(t, ed)) + "x", "behind"}, {"PEM", "-----BEGIN PUBLIC KEY-----",
			"not a JSON object"},
		{"too many", many(t, keysMax+1, i), "64 keys"}, {"too large", string(jwks(t, ed)) +
			strings.Repeat(" ", JWKSBytesMax), "ends at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, _, err := ParseJWKS([]byte(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %d keys, %v", c.want, len(keys), err)
			}
		})
	}
	if _, _, err := ParseJWKS([]byte(many(t, keysMax, i))); err != nil {
		t.Error(err)
	}
}

func many(t *testing.T, n int, i *issuer) string {
	t.Helper()
	var keys []map[string]any
	for at := range n {
		keys = append(keys, i.octJWK("k"+strconv.Itoa(at)))
	}
	return string(jwks(t, keys...))
}

// An issuer's file holds keys for other purposes too: they are left out and named (RFC 7517, 5).
func TestKeysForOtherPurposesAreLeftOut(t *testing.T) {
	i := newIssuer(t)
	keys, ignored, err := ParseJWKS(jwks(t, i.edJWK("d"), with(i.rsaJWK("r"), "use", "enc"),
		with(i.rsaJWK("r2"), "alg", "RSA-OAEP"),
		with(i.ecJWK("e"), "crv", "P-521"), map[string]any{"kty": "AKP", "pub": "x"},
		with(i.ecJWK("e2"), "key_ops", []string{"deriveBits"}),
		with(i.rsaJWK("r3"), "alg", "PS256"), with(with(i.octJWK("o"), "alg", nil), "key_ops",
			[]string{"sign", "verify"})))
	if err != nil || len(keys) != 2 || len(ignored) != 6 {
		t.Errorf("%d keys, ignored %q, %v", len(keys), ignored, err)
	}
	for _, why := range ignored {
		if !strings.HasPrefix(why, "/keys/") {
			t.Errorf("%q does not say which", why)
		}
	}
}
