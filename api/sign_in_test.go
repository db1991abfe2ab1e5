package api

import (
	"strings"
	"testing"

	"holdfast/api/wire"
)

// A client learns from the server how buyers are known, and need not try.
func TestSignInSaysHowBuyersAreKnown(t *testing.T) {
	const shop = "https://shop.example/sign-in?to={return}"
	secret := []byte(strings.Repeat("s", 32))
	for _, c := range []struct {
		edit        func(*Config)
		method, url string
	}{
		{nil, wire.SignInName, ""},
		{func(c *Config) { c.DevAuth, c.JWTSecret, c.SignInURL = false, secret, shop }, wire.SignInToken, shop},
		{func(c *Config) { c.DevAuth, c.JWTSecret = false, secret }, wire.SignInToken, ""},
	} {
		got := open(t, c.edit).do("GET", "/v1/sign-in", nobody, "").want(200, "")
		var how wire.SignIn
		got.into(&how)
		if len(how.Methods) != 1 || how.Methods[0] != c.method || how.URL != c.url {
			t.Errorf("%+v", how)
		}
		if got.header.Get("ETag") == "" {
			t.Error("the document has no ETag: every visit would read it whole")
		}
	}
}

// An address that a browser is sent to cannot run code, nor carry a password.
func TestSignInAddressIsALink(t *testing.T) {
	for _, good := range []string{"", "https://shop.example/in?to={return}", "http://127.0.0.1:9000/in"} {
		if err := (&Config{DevAuth: true, SignInURL: good}).Validate(); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"javascript:alert(1)", "data:text/html,x", "//shop.example", "/sign-in", "https://",
		"https://a:b@shop.example/", "shop.example", "https://\x7f"} {
		if (&Config{DevAuth: true, SignInURL: bad}).Validate() == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
