package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The providers' own addresses.
const (
	TurnstileURL = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
	HCaptchaURL  = "https://api.hcaptcha.com/siteverify"
)

// Settings of a provider.
type Settings struct {
	URL       string // empty: the provider's own
	Secret    string
	SiteKey   string   // hCaptcha: the token must be of this site key. Empty: of any of the secret's
	Hostnames []string // the token must have been made on a page of one of these. Empty: not checked
	Client    *http.Client
}

// ErrSettings says that a provider cannot be asked with these settings.
var ErrSettings = errors.New("captcha: a secret and an https address are needed")

// provider is what both have in common: one POST of a form, and the shape of the answer.
type provider struct {
	Settings
	fill func(form url.Values, q *Question)
	// binds says that the provider carries action and bound data; else they are not checked.
	binds bool
}

// Turnstile asks Cloudflare's Turnstile; ErrSettings.
func Turnstile(s Settings) (Verifier, error) {
	return newProvider(s, TurnstileURL, true, func(form url.Values, q *Question) {
		if q.ID != "" {
			form.Set("idempotency_key", q.ID)
		}
	})
}

// HCaptcha asks hCaptcha; ErrSettings. It carries neither action nor bound data.
func HCaptcha(s Settings) (Verifier, error) {
	return newProvider(s, HCaptchaURL, false, func(form url.Values, _ *Question) {
		if s.SiteKey != "" {
			form.Set("sitekey", s.SiteKey)
		}
	})
}

func newProvider(s Settings, address string, binds bool, fill func(url.Values, *Question)) (Verifier, error) {
	if s.URL == "" {
		s.URL = address
	}
	parsed, err := url.Parse(s.URL)
	if err != nil || s.Secret == "" || parsed.User != nil ||
		parsed.Scheme != "https" && (parsed.Scheme != "http" || parsed.Hostname() != "127.0.0.1") {
		return nil, ErrSettings
	}
	client := http.Client{}
	if s.Client != nil {
		client = *s.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.Client = &client
	return &provider{s, fill, binds}, nil
}

// answer is what both providers say.
type answer struct {
	Success  *bool    `json:"success"`
	Hostname string   `json:"hostname"`
	Codes    []string `json:"error-codes"`
	Action   string   `json:"action"`
	Data     string   `json:"cdata"`
}

// answerBytesMax bounds what a provider may say.
const answerBytesMax = 16 << 10

// Verify implements Verifier.
func (p *provider) Verify(ctx context.Context, q *Question) error {
	if q.Token == "" || len(q.Token) > TokenBytesMax {
		return fmt.Errorf("%w: no token, or one that is none", ErrRefused)
	}
	form := url.Values{"secret": {p.Secret}, "response": {q.Token}}
	if q.Address.IsValid() {
		form.Set("remoteip", q.Address.Unmap().String())
	}
	p.fill(form, q)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	response, err := p.Client.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case len(body) > answerBytesMax:
		return fmt.Errorf("%w: an answer of more than 16 KiB", ErrUnavailable)
	}
	var said answer
	if err := json.Unmarshal(body, &said); err != nil || said.Success == nil {
		return fmt.Errorf("%w: status %d without a verdict", ErrUnavailable, response.StatusCode)
	}
	return p.verdict(&said, response.StatusCode, q)
}

// theirs are codes that say nothing about the buyer: the provider's trouble, or ours. bad-request is none: a token can
// cause it, and whoever lets pass what nobody knows would let pass whoever sends such a token.
var theirs = []string{
	"internal-error", "missing-input-secret", "invalid-input-secret", "sitekey-secret-mismatch", "missing-remoteip",
	"invalid-remoteip", "not-using-dummy-passcode",
}

// verdict: a provider that vouches must vouch for what was asked.
func (p *provider) verdict(said *answer, status int, q *Question) error {
	if !*said.Success {
		for _, code := range said.Codes {
			if slices.Contains(theirs, code) {
				return fmt.Errorf("%w: %s", ErrUnavailable, code)
			}
		}
		return fmt.Errorf("%w: %.200q", ErrRefused, said.Codes)
	}
	switch {
	case status != http.StatusOK:
		return fmt.Errorf("%w: status %d", ErrUnavailable, status)
	case len(p.Hostnames) > 0 && !slices.Contains(p.Hostnames, said.Hostname):
		return fmt.Errorf("%w: made on a page of %.100q", ErrRefused, said.Hostname)
	case p.binds && q.Action != "" && said.Action != q.Action:
		return fmt.Errorf("%w: made for action %.100q", ErrRefused, said.Action)
	case p.binds && q.Bound != "" && said.Data != q.Bound:
		return fmt.Errorf("%w: made for another buyer", ErrRefused)
	}
	return nil
}
