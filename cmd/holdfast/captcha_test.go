package main

import (
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// Kind: a captcha that is half configured. Each mistake names its flag, and none waits for the first fan.
func TestCaptchaThatCannotWorkIsRefused(t *testing.T) {
	secret := testkit.WriteFile(t, "secret", captchaSecret)
	whole := []string{"--captcha", "turnstile", "--captcha-secret-file", secret, "--captcha-site-key", "0x4AAA"}
	with := func(more ...string) []string { return append(append([]string{}, whole...), more...) }
	for _, c := range []struct {
		args []string
		want string
	}{
		{whole, ""}, {with("--captcha-unreachable", "admit", "--captcha-timeout", "1s"), ""},
		{[]string{"--captcha-site-key", "x"}, "--captcha"}, {[]string{"--captcha-secret-file", secret}, "--captcha"},
		{[]string{"--captcha", "recaptcha"}, "--captcha"}, {whole[:4], "--captcha-site-key"},
		{[]string{"--captcha", "hcaptcha", "--captcha-site-key", "x"}, "--captcha-secret-file"},
		{with("--captcha-timeout", "1ms"), "--captcha-timeout"},
		{with("--captcha-inflight", "0"), "--captcha-inflight"},
		{with("--captcha-unreachable", "maybe"), "--captcha-unreachable"},
	} {
		into, err := parse(t, append([]string{"serve", "--data", "d", "--dev-auth"}, c.args...)...)
		if err == nil {
			err = into.Serve.Check()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
}

// A secret that others can read is refused at the start, and so is an address in the clear; what is said holds no
// secret.
func TestCaptchaSecretIsKept(t *testing.T) {
	open := testkit.WriteFile(t, "open", captchaSecret)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, url, key, want string }{
		{open, "", "k", "chmod"}, {testkit.WriteFile(t, "short", "x"), "", "k", "--captcha-secret-file"},
		{"nowhere", "", "k", "--captcha-secret-file"},
		{testkit.WriteFile(t, "good", captchaSecret), "http://verify.example", "k", "--captcha-url"},
		{testkit.WriteFile(t, "good", captchaSecret), "", `k"><script>`, "--captcha-site-key"},
	} {
		config := nodetest.Config(filepath.Join(t.TempDir(), "d"))
		config.Captcha.Captcha, config.CaptchaSecretFile, config.CaptchaURL = "turnstile", c.file, c.url
		config.CaptchaSiteKey, config.CaptchaTimeout, config.CaptchaInflight = c.key, time.Second, 1
		_, err := node.Open(t.Context(), config, testkit.QuietLog(), node.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), captchaSecret) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// P8, on a real server: nobody joins without a token that the provider vouches for, and a provider that is down is told
// as what it is, in the log once.
func TestCaptchaOfARunningServer(t *testing.T) {
	v := &verifier{asked: make([]neturl.Values, 1)} // the first token is no exception here
	provider := httptest.NewServer(v)
	config := nodetest.Config(filepath.Join(t.TempDir(), "d"))
	config.Captcha.Captcha, config.CaptchaURL, config.CaptchaSiteKey = "turnstile", provider.URL, "0x4AAA"
	config.CaptchaSecretFile = testkit.WriteFile(t, "secret", captchaSecret)
	config.CaptchaTimeout, config.CaptchaInflight = 20*time.Second, 8
	node := nodetest.OpenWith(t, config)
	defer nodetest.Close(t, node)
	url := "http://" + node.Addr()
	_, path := madeRoom(t, url, `"captcha":true`)
	ask, fan := asker(t, url), map[string]string{"X-Buyer": "ann"}
	var challenge waitingroom.Challenge
	ask("GET", path+"/queue/challenge", "", fan, &challenge)
	body := `{"captcha":"turnstile 0x4AAA ` + challenge.Captcha.Bound + `"}`
	var place waitingroom.Place
	if status := ask("POST", path+"/queue", body, fan, &place); status != http.StatusCreated || place.Place == "" {
		t.Fatalf("%d %+v", status, place)
	}
	var refused wire.Problem
	ask("POST", path+"/queue", body, map[string]string{"X-Buyer": "bob"}, &refused)
	if refused.Code != "captcha_refused" || refused.Field != "captcha" {
		t.Errorf("another's token: %+v", refused)
	}
	provider.Close()
	if ask("POST", path+"/queue", body, fan, &refused); refused.Code != "captcha_unavailable" {
		t.Errorf("a provider that is gone: %+v", refused)
	}
}
