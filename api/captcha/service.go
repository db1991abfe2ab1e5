package captcha

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The providers' names, part of the public API.
const (
	NameTurnstile = "turnstile"
	NameHCaptcha  = "hcaptcha"
)

// Service is a provider as a server asks it: what pages show, and the guard that is asked at a join.
type Service struct {
	*Guard
	Provider string // NameTurnstile or NameHCaptcha
	SiteKey  string // public: pages make the widget with it
}

// siteKeyMax is more characters than any provider's site key has.
const siteKeyMax = 128

// ErrProvider says that no adapter has that name.
var ErrProvider = errors.New("captcha: the provider is " + NameTurnstile + " or " + NameHCaptcha)

// ErrSiteKey says that a site key is missing, or is none.
var ErrSiteKey = errors.New("captcha: a site key is needed, of letters, digits, - and _")

// NewService makes a provider by its name, with a guard and connections that are kept; ErrProvider, ErrSiteKey,
// ErrSettings.
func NewService(name string, s Settings, o Options) (*Service, error) {
	if !siteKeyed(s.SiteKey) {
		return nil, ErrSiteKey
	}
	o.Timeout, o.InFlight = cmp.Or(o.Timeout, timeoutDefault), cmp.Or(o.InFlight, inFlightDefault)
	if s.Client == nil {
		s.Client = client(o.InFlight, o.Timeout)
	}
	var verifier Verifier
	var err error
	switch name {
	case NameTurnstile:
		verifier, err = Turnstile(s)
	case NameHCaptcha:
		verifier, err = HCaptcha(s)
	default:
		return nil, fmt.Errorf("%w, not %q", ErrProvider, name)
	}
	if err != nil {
		return nil, err
	}
	return &Service{Guard: NewGuard(verifier, o), Provider: name, SiteKey: s.SiteKey}, nil
}

// client keeps as many connections as there are questions at once: a handshake for each would double what a join waits.
func client(inFlight int, timeout time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = inFlight, inFlight
	transport.MaxConnsPerHost = inFlight
	transport.TLSHandshakeTimeout = timeout
	return &http.Client{Transport: transport}
}

func siteKeyed(key string) bool {
	for _, c := range []byte(key) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return key != "" && len(key) <= siteKeyMax
}

// Origins are the addresses that a page with the provider's widget loads scripts, frames, styles and data from, as a
// Content-Security-Policy names them.
func (s *Service) Origins() (scripts, frames, styles, data string) {
	if s.Provider == NameTurnstile {
		const all = "https://challenges.cloudflare.com"
		return all, all, "", ""
	}
	const all = "https://hcaptcha.com https://*.hcaptcha.com"
	return all, all, all, all
}
