package captcha

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const secret, token = "0x-a-secret", "a-token-of-the-page"

// fake is a provider that answers one thing, and keeps what it was asked.
type fake struct {
	status int
	body   string
	asked  []url.Values
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	f.asked = append(f.asked, r.PostForm)
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(max(f.status, http.StatusOK))
	_, _ = w.Write([]byte(f.body))
}

type maker func(Settings) (Verifier, error)

func (f *fake) verifier(t *testing.T, makes maker, s Settings) Verifier {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	s.URL, s.Secret = server.URL, secret
	v, err := makes(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var question = Question{Token: token, ID: "1c0ffee0-0000-4000-8000-000000000000", Action: "join", Bound: "buyer-7",
	Address: netip.MustParseAddr("::ffff:192.0.2.7")}

// TestVerdictOfAProvider: vouched for, refused, and nobody knows are three ends, whatever a provider answers.
func TestVerdictOfAProvider(t *testing.T) {
	const good = `{"success":true,"hostname":"tickets.example","action":"join","cdata":"buyer-7"}`
	for name, c := range map[string]struct {
		status    int
		body      string
		turnstile error
		hcaptcha  error
	}{
		"vouched for":     {200, good, nil, nil},
		"of another page": {200, strings.Replace(good, "tickets.", "evil.", 1), ErrRefused, ErrRefused},
		"of no page":      {200, `{"success":true,"action":"join","cdata":"buyer-7"}`, ErrRefused, ErrRefused},
		"another action":  {200, strings.Replace(good, `"join"`, `"login"`, 1), ErrRefused, nil},
		"another buyer":   {200, strings.Replace(good, "buyer-7", "buyer-8", 1), ErrRefused, nil},
		"refused":         {200, `{"success":false,"error-codes":["invalid-input-response"]}`, ErrRefused, ErrRefused},
		"seen before":     {200, `{"success":false,"error-codes":["timeout-or-duplicate"]}`, ErrRefused, ErrRefused},
		"malformed token": {400, `{"success":false,"error-codes":["bad-request"]}`, ErrRefused, ErrRefused},
		"no reason":       {200, `{"success":false}`, ErrRefused, ErrRefused},
		"refused by 400":  {400, `{"success":false,"error-codes":["invalid-input-response"]}`, ErrRefused, ErrRefused},
		"our secret": {200, `{"success":false,"error-codes":["invalid-input-secret"]}`, ErrUnavailable,
			ErrUnavailable},
		"their trouble":   {500, `{"success":false,"error-codes":["internal-error"]}`, ErrUnavailable, ErrUnavailable},
		"yes, by error":   {500, good, ErrUnavailable, ErrUnavailable},
		"moved":           {302, "", ErrUnavailable, ErrUnavailable},
		"moved, with yes": {302, good, ErrUnavailable, ErrUnavailable},
		"not JSON":        {200, "<html>", ErrUnavailable, ErrUnavailable},
		"nothing":         {200, "", ErrUnavailable, ErrUnavailable},
		"no verdict":      {200, "{}", ErrUnavailable, ErrUnavailable},
		"null":            {200, `{"success":null}`, ErrUnavailable, ErrUnavailable},
		"yes in text":     {200, `{"success":"true"}`, ErrUnavailable, ErrUnavailable},
		"without an end":  {200, good + strings.Repeat(" ", answerBytesMax), ErrUnavailable, ErrUnavailable},
	} {
		for provider, p := range map[string]struct {
			makes maker
			want  error
		}{"turnstile": {Turnstile, c.turnstile}, "hcaptcha": {HCaptcha, c.hcaptcha}} {
			f := &fake{status: c.status, body: c.body}
			q := question
			err := f.verifier(t, p.makes, Settings{Hostnames: []string{"tickets.example"}}).Verify(t.Context(), &q)
			if !errors.Is(err, p.want) || p.want == nil && err != nil {
				t.Errorf("%s, %s: %v, want %v", provider, name, err, p.want)
			}
			if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), token)) {
				t.Errorf("%s, %s: the error tells a secret: %v", provider, name, err)
			}
			if len(f.asked) != 1 {
				t.Errorf("%s, %s: asked %d times", provider, name, len(f.asked))
			}
		}
	}
}

// TestFormOfAProvider: each provider is asked in its own words, and told nothing more.
func TestFormOfAProvider(t *testing.T) {
	ask := func(makes maker, s Settings, q Question) string {
		f := &fake{body: `{"success":true}`}
		q.Action, q.Bound = "", ""
		if err := f.verifier(t, makes, s).Verify(t.Context(), &q); err != nil {
			t.Fatal(err)
		}
		return f.asked[0].Encode()
	}
	for got, want := range map[string]string{
		ask(Turnstile, Settings{}, question): "idempotency_key=1c0ffee0-0000-4000-8000-000000000000&" +
			"remoteip=192.0.2.7&response=a-token-of-the-page&secret=0x-a-secret",
		ask(HCaptcha, Settings{SiteKey: "site"}, question): "remoteip=192.0.2.7&response=a-token-of-the-page&" +
			"secret=0x-a-secret&sitekey=site",
		ask(Turnstile, Settings{}, Question{Token: token}): "response=a-token-of-the-page&secret=0x-a-secret",
		ask(HCaptcha, Settings{}, Question{Token: token}):  "response=a-token-of-the-page&secret=0x-a-secret",
	} {
		if got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
	}
}

// TestTokenThatIsNone: what cannot be a token costs no call.
func TestTokenThatIsNone(t *testing.T) {
	f := &fake{body: `{"success":true}`}
	v := f.verifier(t, Turnstile, Settings{})
	for _, text := range []string{"", strings.Repeat("x", TokenBytesMax+1)} {
		if err := v.Verify(t.Context(), &Question{Token: text}); !errors.Is(err, ErrRefused) || len(f.asked) != 0 {
			t.Errorf("a token of %d bytes: %v, asked %d times", len(text), err, len(f.asked))
		}
	}
}

// TestAddressThatGivesTheSecretAway: a secret is sent over TLS, or to this very machine, and to nobody else.
func TestAddressThatGivesTheSecretAway(t *testing.T) {
	for _, s := range []Settings{{}, {Secret: secret, URL: "http://captcha.example"}, {Secret: secret, URL: "://"},
		{Secret: secret, URL: "https://user:pass@captcha.example"}, {Secret: secret, URL: "http://127.0.0.1.example"}} {
		if _, err := Turnstile(s); !errors.Is(err, ErrSettings) {
			t.Errorf("%q is taken: %v", s.URL, err)
		}
	}
	for _, makes := range []maker{Turnstile, HCaptcha} {
		if _, err := makes(Settings{Secret: secret}); err != nil {
			t.Error(err)
		}
	}
}

// verdicts is a verifier that a test holds in its hand.
type verdicts func(ctx context.Context) error

func (v verdicts) Verify(ctx context.Context, _ *Question) error { return v(ctx) }

// TestProviderIsDown: closed refuses with an end of its own, open lets pass, and the alarm hears of both ends once.
func TestProviderIsDown(t *testing.T) {
	for _, open := range []bool{false, true} {
		var next error
		var alarms []string
		alarm := func(why error) {
			alarms = append(alarms, map[bool]string{true: "down", false: "up"}[why != nil])
		}
		g := NewGuard(verdicts(func(context.Context) error { return next }), Options{Open: open, Alarm: alarm})
		step := func(verdict, closed, opened error) {
			t.Helper()
			next = verdict
			want := closed
			if open {
				want = opened
			}
			q := question
			if err := g.Check(t.Context(), &q); !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("open %v, verdict %v: %v, want %v", open, verdict, err, want)
			}
		}
		step(nil, nil, nil)
		step(ErrUnavailable, ErrUnavailable, nil)
		step(errors.New("a verifier's own error"), ErrUnavailable, nil)
		step(ErrRefused, ErrRefused, ErrRefused) // that is a verdict: the provider is there again
		step(ErrUnavailable, ErrUnavailable, nil)
		if !g.Down() {
			t.Error("not down")
		}
		step(nil, nil, nil)
		if got := strings.Join(alarms, " "); got != "down up down up" || g.Down() {
			t.Errorf("open %v: the alarm heard %q", open, got)
		}
		want := Counts{Passed: 2, Refused: 1, Unavailable: 3}
		if open {
			want.LetPass = 3
		}
		if got := g.Counts(); got != want {
			t.Errorf("open %v: %+v, want %+v", open, got, want)
		}
	}
}

// TestProviderThatNeverAnswers: a question ends by its timeout. Those beyond the bound do not wait at all, and do not
// pass even where others would: a flood opens nothing.
func TestProviderThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(verdicts(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}), Options{Open: true, InFlight: 2, Timeout: time.Second})
		begun, ends := time.Now(), make(chan error, 2)
		for range 2 {
			go func() { ends <- g.Check(t.Context(), &Question{Token: token}) }()
		}
		synctest.Wait()
		if err := g.Check(t.Context(), &Question{Token: token}); !errors.Is(err, ErrUnavailable) ||
			time.Since(begun) != 0 {
			t.Errorf("beyond the bound: %v after %v", err, time.Since(begun))
		}
		for range 2 {
			if err := <-ends; err != nil {
				t.Errorf("not let pass: %v", err)
			}
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestCallerWhoGivesUp: a buyer who goes away raises no alarm, and does not pass either.
func TestCallerWhoGivesUp(t *testing.T) {
	g := NewGuard(verdicts(func(ctx context.Context) error { return ctx.Err() }), Options{Open: true,
		Alarm: func(why error) { t.Errorf("alarm: %v", why) }})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Check(gone, &Question{Token: token}); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// TestServerThatHangs: a real connection that is held open ends by the guard's timeout, and a closed one at once.
func TestServerThatHangs(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	v, err := HCaptcha(Settings{URL: server.URL, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	g := NewGuard(v, Options{Timeout: 20 * time.Millisecond})
	if err := g.Check(t.Context(), &Question{Token: token}); !errors.Is(err, ErrUnavailable) || !g.Down() {
		t.Errorf("a server that hangs: %v", err)
	}
	close(release)
	server.Close()
	if err := g.Check(t.Context(), &Question{Token: token}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a server that is gone: %v", err)
	}
}
