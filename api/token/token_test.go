package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// issuer is whoever signs, with a key of each kind.
type issuer struct {
	secret []byte
	rsa    *rsa.PrivateKey
	ec     *ecdsa.PrivateKey
	ed     ed25519.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{secret: []byte(strings.Repeat("s", 31) + "!")}
	var err [3]error
	i.rsa, err[0] = rsa.GenerateKey(rand.Reader, 2048)
	i.ec, err[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, i.ed, err[2] = ed25519.GenerateKey(rand.Reader)
	if e := errors.Join(err[:]...); e != nil {
		t.Fatal(e)
	}
	return i
}

func (i *issuer) rsaJWK(kid string) map[string]any {
	return map[string]any{"kty": "RSA", "kid": kid, "n": b64(i.rsa.N.Bytes()), "e": "AQAB", "use": "sig",
		"alg": "RS256", "x5t": "ignored"}
}

func (i *issuer) ecJWK(kid string) map[string]any {
	point, err := i.ec.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "kid": kid, "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
}

func (i *issuer) edJWK(kid string) map[string]any {
	return map[string]any{"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": b64(i.ed.Public().(ed25519.PublicKey))}
}

func (i *issuer) octJWK(kid string) map[string]any {
	return map[string]any{"kty": "oct", "kid": kid, "k": b64(i.secret), "alg": "HS256"}
}

func jwks(t testing.TB, keys ...map[string]any) []byte {
	t.Helper()
	file, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// raw signs exactly these bytes, whatever they are.
func (i *issuer) raw(t testing.TB, method jwt.SigningMethod, key any, head, body string) string {
	t.Helper()
	text := b64([]byte(head)) + "." + b64([]byte(body))
	signature, err := method.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64(signature)
}

var day = time.Date(2030, 5, 1, 20, 0, 0, 0, time.UTC)

func at(offset time.Duration) int64 { return day.Add(offset).Unix() }

func clock() time.Time { return day }

func verifier(t testing.TB, rules Rules, keys ...map[string]any) *Verifier {
	t.Helper()
	parsed, ignored, err := ParseJWKS(jwks(t, keys...))
	if err != nil || len(ignored) > 0 {
		t.Fatal(ignored, err)
	}
	rules.Now = clock
	return NewVerifier(parsed, rules)
}

// Every kind of key verifies what its owner signed, and the subject comes out.
func TestEveryKindOfKeyVerifies(t *testing.T) {
	i := newIssuer(t)
	v := verifier(t, Rules{}, i.rsaJWK("r"), i.ecJWK("e"), i.edJWK("d"), i.octJWK("o"))
	for _, c := range []struct {
		kid    string
		method jwt.SigningMethod
		key    any
	}{
		{"r", jwt.SigningMethodRS256, i.rsa}, {"e", jwt.SigningMethodES256, i.ec},
		{"d", jwt.SigningMethodEdDSA, i.ed}, {"o", jwt.SigningMethodHS256, i.secret},
	} {
		// With a kid, and without.
		for _, head := range []string{`{"alg":%q,"kid":%q}`, `{"alg":%q,"typ":"JWT","x":%q}`} {
			token := i.raw(t, c.method, c.key, fmt.Sprintf(head, c.method.Alg(), c.kid),
				fmt.Sprintf(`{"sub":"alice","exp":%d}`, at(time.Hour)))
			subject, until, err := v.Verify(token)
			if err != nil || subject != "alice" || !until.Equal(day.Add(time.Hour+Leeway)) {
				t.Errorf("%s: %q until %v, %v", c.method.Alg(), subject, until, err)
			}
		}
	}
}

// Claims: what is absent, null, of the wrong kind, said twice, over or not yet is refused with words that say which.
func TestClaimsThatAreRefused(t *testing.T) {
	i := newIssuer(t)
	v := verifier(t, Rules{Issuers: []string{"box", "office"}, Audiences: []string{"seats", "tickets"}}, i.octJWK("o"))
	base := fmt.Sprintf(`"iss":"office","aud":"seats","sub":"alice","exp":%d`, at(time.Hour))
	named := `"iss":"office","aud":"seats","sub":"alice"`
	for _, c := range []struct{ name, body, want string }{
		{"fine", `{` + base + `}`, ""},
		{"fine: audience in a list", fmt.Sprintf(`{"iss":"box","aud":["x","tickets"],"sub":"alice","exp":%d}`,
			at(time.Hour)), ""},
		{"fine: a fraction", fmt.Sprintf(`{%s,"exp":%d.5,"nbf":%d.5e0}`, named, at(time.Hour), at(-time.Hour)), ""},
		{"fine: other claims are free", `{` + base + `,"roles":[{"a":null}],"crit":["x"]}`, ""},
		{"fine: expired within the leeway", fmt.Sprintf(`{%s,"exp":%d}`, named, at(-Leeway+time.Second)), ""},
		{"fine: not yet, within the leeway", fmt.Sprintf(`{%s,"nbf":%d,"iat":%d}`, base, at(Leeway), at(Leeway)), ""},
		{"no exp", `{` + named + `}`, "has no exp"},
		{"exp null", `{` + named + `,"exp":null}`, "exp must be a number"},
		{"exp a string", fmt.Sprintf(`{%s,"exp":"%d"}`, named, at(time.Hour)), "exp must be a number"},
		{"exp a list", fmt.Sprintf(`{%s,"exp":[%d]}`, named, at(time.Hour)), "exp must be a number"},
		{"exp true", `{` + named + `,"exp":true}`, "exp must be a number"},
		{"exp in another case", fmt.Sprintf(`{%s,"EXP":%d}`, named, at(time.Hour)), "has no exp"},
		{"exp past the leeway", fmt.Sprintf(`{%s,"exp":%d}`, named, at(-Leeway)), "has expired"},
		{"exp 0", `{` + named + `,"exp":0}`, "has expired"},
		{"exp -1", `{` + named + `,"exp":-1}`, "out of range"},
		{"exp 1e308", `{` + named + `,"exp":1e308}`, "out of range"},
		{"exp 1e400", `{` + named + `,"exp":1e400}`, "out of range"},
		{"exp 9.3e18", `{` + named + `,"exp":9300000000000000000}`, "out of range"},
		{"exp in milliseconds", fmt.Sprintf(`{%s,"exp":%d}`, named, day.Add(time.Hour).UnixMilli()), "out of range"},
		{"exp in a century", fmt.Sprintf(`{%s,"exp":%d}`, named, at(100*365*24*time.Hour)), "366 days"},
		{"nbf ahead", fmt.Sprintf(`{%s,"nbf":%d}`, base, at(Leeway+time.Second)), "not valid yet"},
		{"nbf a string", `{` + base + `,"nbf":"0"}`, "nbf must be a number"},
		{"nbf null", `{` + base + `,"nbf":null}`, "nbf must be a number"},
		{"iat ahead", fmt.Sprintf(`{%s,"iat":%d}`, base, at(Leeway+time.Second)), "not valid yet"},
		{"iat a string", `{` + base + `,"iat":"0"}`, "iat must be a number"},
		{"no sub", fmt.Sprintf(`{"iss":"office","aud":"seats","exp":%d}`, at(time.Hour)), "no sub"},
		{"sub null", fmt.Sprintf(`{"iss":"office","aud":"seats","sub":null,"exp":%d}`, at(time.Hour)),
			"sub must be a string"},
		{"sub a number", fmt.Sprintf(`{"iss":"office","aud":"seats","sub":7,"exp":%d}`, at(time.Hour)),
			"sub must be a string"},
		{"two subs", `{` + base + `,"sub":"bob"}`, "names of their own"},
		{"two subs, one escaped", `{` + base + `,"\u0073ub":"bob"}`, "names of their own"},
		{"two exps", fmt.Sprintf(`{%s,"exp":%d}`, base, at(2*time.Hour)), "names of their own"},
		{"a double in a nested claim", `{` + base + `,"x":{"a":1,"a":2}}`, "names of their own"},
		{"invalid UTF-8", `{` + base + ",\"x\":\"\xff\"}", "names of their own"},
		{"another issuer", fmt.Sprintf(`{"iss":"fake","aud":"seats","sub":"alice","exp":%d}`,
			at(time.Hour)), "iss is not"},
		{"issuer in another case", fmt.Sprintf(`{"iss":"Office","aud":"seats","sub":"alice","exp":%d}`,
			at(time.Hour)), "iss is not"},
		{"no issuer", fmt.Sprintf(`{"aud":"seats","sub":"alice","exp":%d}`, at(time.Hour)), "iss is not"},
		{"issuers in a list", fmt.Sprintf(`{"iss":["office"],"aud":"seats","sub":"alice","exp":%d}`, at(time.Hour)),
			"iss must be a string"},
		{"another service", fmt.Sprintf(`{"iss":"office","aud":"bar","sub":"alice","exp":%d}`,
			at(time.Hour)), "aud does not name"},
		{"no audience", fmt.Sprintf(`{"iss":"office","sub":"alice","exp":%d}`, at(time.Hour)), "aud does not name"},
		{"audience of numbers", fmt.Sprintf(`{"iss":"office","aud":["seats",1],"sub":"alice","exp":%d}`,
			at(time.Hour)), "aud must be"},
		{"audience null", fmt.Sprintf(`{"iss":"office","aud":null,"sub":"alice","exp":%d}`,
			at(time.Hour)), "aud must be"},
		{"a list", `[]`, "names of their own"}, {"a word", `"alice"`, "names of their own"},
		{"null", `null`, "has no exp"},
		{"something behind", `{` + base + `}{}`, "not valid"}, {"nothing", ``, "not valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := v.Verify(i.raw(t, jwt.SigningMethodHS256, i.secret, `{"alg":"HS256"}`, c.body))
			holds(t, err, c.want)
		})
	}
}

func holds(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if _, ok := errors.AsType[Refusal](err); !ok || !strings.Contains(err.Error(), want) {
		t.Errorf("want %q, got %v", want, err)
	}
}

// Attacks on the signature and on the header that describes it.
func TestSignaturesThatAreRefused(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	v := verifier(t, Rules{}, i.rsaJWK("r"), i.ecJWK("e"), i.edJWK("d"), i.octJWK("o"))
	body := fmt.Sprintf(`{"sub":"alice","exp":%d}`, at(time.Hour))
	hs, rs := jwt.SigningMethodHS256, jwt.SigningMethodRS256
	good := i.raw(t, hs, i.secret, `{"alg":"HS256","kid":"o"}`, body)
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	none := func(alg string) string { return b64([]byte(`{"alg":"`+alg+`"}`)) + "." + payload + "." }
	public := b64(i.rsa.N.Bytes())
	for name, token := range map[string]string{
		"none": none("none"), "nOnE": none("nOnE"), "no alg": none(""),
		"none with a kid":            b64([]byte(`{"alg":"none","kid":"o"}`)) + "." + payload + ".",
		"alg a list":                 b64([]byte(`{"alg":["HS256"]}`)) + "." + payload + "." + signature,
		"HS384":                      i.raw(t, jwt.SigningMethodHS384, i.secret, `{"alg":"HS384"}`, body),
		"HS512":                      i.raw(t, jwt.SigningMethodHS512, i.secret, `{"alg":"HS512"}`, body),
		"RS512":                      i.raw(t, jwt.SigningMethodRS512, i.rsa, `{"alg":"RS512","kid":"r"}`, body),
		"PS256":                      i.raw(t, jwt.SigningMethodPS256, i.rsa, `{"alg":"PS256","kid":"r"}`, body),
		"HS256 signed with RSA's n":  i.raw(t, hs, i.rsa.N.Bytes(), `{"alg":"HS256","kid":"r"}`, body),
		"the same without a kid":     i.raw(t, hs, i.rsa.N.Bytes(), `{"alg":"HS256"}`, body),
		"HS256 signed with n's text": i.raw(t, hs, []byte(public), `{"alg":"HS256"}`, body),
		"HS256 signed with Ed25519": i.raw(t, hs, []byte(i.ed.Public().(ed25519.PublicKey)),
			`{"alg":"HS256","kid":"d"}`, body),
		"HS256 with an empty key": i.raw(t, hs, []byte{}, `{"alg":"HS256"}`, body),
		"alg of another key":      i.raw(t, rs, i.rsa, `{"alg":"RS256","kid":"o"}`, body),
		"another secret": i.raw(t, hs, []byte(strings.Repeat("x", 32)),
			`{"alg":"HS256","kid":"o"}`, body),
		"another RSA":     i.raw(t, rs, other.rsa, `{"alg":"RS256","kid":"r"}`, body),
		"another EC":      i.raw(t, jwt.SigningMethodES256, other.ec, `{"alg":"ES256","kid":"e"}`, body),
		"another Ed25519": i.raw(t, jwt.SigningMethodEdDSA, other.ed, `{"alg":"EdDSA","kid":"d"}`, body),
		"unknown kid":     i.raw(t, hs, i.secret, `{"alg":"HS256","kid":"x"}`, body),
		"empty kid":       i.raw(t, hs, i.secret, `{"alg":"HS256","kid":""}`, body),
		"kid with a path": i.raw(t, hs, []byte(""), `{"alg":"HS256","kid":"../../dev/null"}`, body),
		"kid a number":    i.raw(t, hs, i.secret, `{"alg":"HS256","kid":1}`, body),
		"kid null":        i.raw(t, hs, i.secret, `{"alg":"HS256","kid":null}`, body),
		"a key brought along": other.raw(t, rs, other.rsa,
			`{"alg":"RS256","jwk":{"kty":"RSA","n":"`+b64(other.rsa.N.Bytes())+`","e":"AQAB"}}`, body),
		"a key's address": other.raw(t, rs, other.rsa, `{"alg":"RS256","kid":"x","jku":"http://evil"}`,
			body),
		"crit":                         i.raw(t, hs, i.secret, `{"alg":"HS256","crit":["b64","x"],"b64":false}`, body),
		"crit of nothing":              i.raw(t, hs, i.secret, `{"alg":"HS256","crit":[]}`, body),
		"crit of known":                i.raw(t, hs, i.secret, `{"alg":"HS256","crit":["exp"],"exp":1}`, body),
		"two algs":                     i.raw(t, hs, i.secret, `{"alg":"none","alg":"HS256"}`, body),
		"two kids":                     i.raw(t, hs, i.secret, `{"alg":"HS256","kid":"o","kid":"o"}`, body),
		"header a list":                i.raw(t, hs, i.secret, `["HS256"]`, body),
		"header null":                  i.raw(t, hs, i.secret, `null`, body),
		"header with something behind": i.raw(t, hs, i.secret, `{"alg":"HS256"} x`, body),
		"cut signature":                good[:len(good)-2], "no signature": head + "." + payload + ".",
		"two parts": head + "." + payload, "four parts": good + ".x",
		"another payload": head + "." + b64([]byte(`{"sub":"bob","exp":4000000000}`)) + "." + signature,
		"padded":          good + "=", "padded header": head + "=." + payload + "." + signature,
		"white space": good + " ", "empty": "", "dots": "..", "six thousand bytes": strings.Repeat("x", 6000),
	} {
		if subject, _, err := v.Verify(token); err == nil || subject != "" {
			t.Errorf("%s: %q was believed", name, subject)
		} else if _, ok := errors.AsType[Refusal](err); !ok {
			t.Errorf("%s: %v is no Refusal", name, err)
		}
	}
	if _, _, err := v.Verify(good); err != nil {
		t.Errorf("the token that all of them were made from: %v", err)
	}
	if _, _, err := NewVerifier(nil, Rules{Now: clock}).Verify(good); err == nil {
		t.Error("believed without any key")
	}
}

// A key without a kid (of a flag) is meant by any token of its algorithm, one with a kid only by its own.
func TestKeysWithoutNames(t *testing.T) {
	i := newIssuer(t)
	nameless, err := Secret(i.secret)
	if err != nil {
		t.Fatal(err)
	}
	named, _, err := ParseJWKS(jwks(t, i.edJWK("d")))
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier(append(named, nameless), Rules{Now: clock})
	body := fmt.Sprintf(`{"sub":"alice","exp":%d}`, at(time.Hour))
	for _, head := range []string{`{"alg":"HS256"}`, `{"alg":"HS256","kid":"whatever"}`} {
		if _, _, err := v.Verify(i.raw(t, jwt.SigningMethodHS256, i.secret, head, body)); err != nil {
			t.Errorf("%s: %v", head, err)
		}
	}
	_, _, err = v.Verify(i.raw(t, jwt.SigningMethodEdDSA, i.ed, `{"alg":"EdDSA","kid":"whatever"}`, body))
	holds(t, err, "not known here")
	var many []Key
	for range namelessMax + 1 {
		many = append(many, nameless)
	}
	_, _, err = NewVerifier(many, Rules{Now: clock}).Verify(i.raw(t, jwt.SigningMethodHS256, i.secret,
		`{"alg":"HS256"}`, body))
	holds(t, err, "must name its key")
}

func FuzzVerify(f *testing.F) {
	i := newIssuer(f)
	v := verifier(f, Rules{}, i.rsaJWK("r"), i.ecJWK("e"), i.edJWK("d"))
	f.Add(`{"alg":"RS256","kid":"r"}`, `{"sub":"a","exp":1904000000}`, []byte("s"))
	f.Add(`{"alg":"ES256","crit":[]}`, `{"exp":[[[[`, []byte{})
	f.Fuzz(func(t *testing.T, head, body string, signature []byte) {
		began := time.Now()
		if subject, _, err := v.Verify(b64([]byte(head)) + "." + b64([]byte(body)) + "." + b64(signature)); err == nil {
			t.Fatalf("%q was believed without a key", subject)
		}
		if took := time.Since(began); took > 5*time.Second && len(head)+len(body) < 8<<10 {
			t.Fatalf("%d bytes took %v", len(head)+len(body), took)
		}
	})
}

func FuzzParseJWKS(f *testing.F) {
	i := newIssuer(f)
	f.Add(jwks(f, i.rsaJWK("r"), i.ecJWK("e"), i.edJWK("d"), i.octJWK("o")))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":""}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		keys, _, err := ParseJWKS(file)
		if (err == nil) == (len(keys) == 0) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
	})
}
