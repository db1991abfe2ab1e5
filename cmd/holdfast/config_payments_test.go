package main

import (
	"strings"
	"testing"
)

// TestPaymentSettingsThatCannotWorkAreRefused: settings of a processor that is not used are no help, and nobody sells
// for pretended money without having said so.
func TestPaymentSettingsThatCannotWorkAreRefused(t *testing.T) {
	stripe := []string{"--payments", "stripe", "--stripe-key-file", "k", "--stripe-publishable-key", "pk_x",
		"--payments-return-url", "https://tickets.example/checkout/return"}
	dev := []string{"--dev-auth"}
	real := []string{"--jwt-hs256-secret-file", "f"}
	with := func(lists ...[]string) (all []string) {
		for _, list := range lists {
			all = append(all, list...)
		}
		return all
	}
	for _, c := range []struct {
		name string
		args []string
		want string // empty: fine
	}{
		{"stripe", with(real, stripe), ""},
		{"stripe in dev mode", with(dev, stripe), ""},
		{"stripe with webhooks", with(real, stripe, []string{"--stripe-webhook-secret-file", "w"}), ""},
		{"stripe without a key", with(real, stripe[:2]), "--stripe-key-file"},
		{"stripe without the page's key", with(real, stripe[:4]), "--stripe-publishable-key"},
		{"stripe without a way back", with(real, stripe[:6]), "--payments-return-url"},
		{"stripe for pretended money", with(real, stripe, []string{"--pretend-payments"}), "exclude each other"},
		{"stripe and a demonstration", with(stripe, []string{"--demo"}), "exclude each other"},
		{"a way back over plain HTTP", with(dev, []string{"--payments-return-url", "http://tickets.example/"}), "https://"},
		{"a way back to this machine", with(dev, []string{"--payments-return-url", "http://127.0.0.1:8080/x"}), ""},
		{"a way back that is none", with(dev, []string{"--payments-return-url", "javascript:x"}), "https://"},
		{"the sandbox without a word", with(real, []string{"--payments", "sandbox"}), "--pretend-payments"},
		{"the sandbox, said so", with(real, []string{"--payments", "sandbox", "--pretend-payments"}), ""},
		{"a sandbox elsewhere", with(dev, []string{"--payments", "sandbox-url", "--sandbox-url", "http://a:1",
			"--sandbox-webhook-secret-file", "w"}), ""},
		{"a sandbox nowhere", with(dev, []string{"--payments", "sandbox-url"}), "needs --sandbox-url"},
		{"a sandbox elsewhere, unused", with(dev, []string{"--sandbox-url", "http://a:1"}), "is not for"},
		{"stripe's key, unused", with(dev, []string{"--stripe-key-file", "k"}), "is not for"},
		{"a page on no address", with(dev, []string{"--sandbox-listen", "nowhere"}), "--sandbox-listen"},
		{"another processor", with(dev, []string{"--payments", "cash"}), "--payments"},
	} {
		t.Run(c.name, func(t *testing.T) {
			into, err := parse(t, with([]string{"serve", "--data", "d"}, c.args)...)
			if err == nil {
				err = into.Serve.Check()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}
