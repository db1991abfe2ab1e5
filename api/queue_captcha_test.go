package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/api/captcha"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

// people is a captcha's provider as a test wants it: a token is good once, and only for what it was solved for.
type people struct {
	mu    sync.Mutex
	down  bool
	data  map[string]string // token → cdata
	asked []url.Values
	used  map[string]string // token → the question's id
}

// solves is a token that was solved for a widget.
func (p *people) solves(token string, w *waitingroom.Widget) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data[token] = w.Bound
	return joinWith("captcha", token)
}

func (p *people) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm() // a form that is none has no token
	p.asked = append(p.asked, r.PostForm)
	token, id := r.PostForm.Get("response"), r.PostForm.Get("idempotency_key")
	data, solved := p.data[token]
	used, again := p.used[token]
	switch {
	case p.down:
		http.Error(w, "no", http.StatusInternalServerError)
		return
	case !solved, again && (used != id || id == ""):
		_, _ = w.Write([]byte(`{"success":false,"error-codes":["timeout-or-duplicate"]}`))
		return
	}
	p.used[token] = id
	_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "cdata": data, "action": "join"})
}

// withPeople is a configuration whose captchas the provider judges.
func withPeople(t *testing.T, provider string, open bool) (*people, *captcha.Service) {
	p := &people{data: map[string]string{}, used: map[string]string{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	service, err := captcha.NewService(
		provider,
		captcha.Settings{URL: server.URL, Secret: "a secret", SiteKey: "0x4AAA"},
		captcha.Options{Open: open, Timeout: 20 * time.Second},
	)
	if err != nil {
		t.Fatal(err)
	}
	return p, service
}

// withCaptcha is a house whose waiting rooms may ask for captchas.
func withCaptcha(t *testing.T, provider string, open bool) (*house, *doors, *people) {
	d, logs := newDoors(), &lockedBuffer{}
	p, service := withPeople(t, provider, open)
	h := openOver(t, trusting{realEngine(t, slog.New(slog.NewTextHandler(logs, nil)))}, logs,
		func(c *Config) { c.Queue, c.Captcha = d, service })
	return h, d, p
}

const captchaBody = `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z","active_max":10,"captcha":true}`

// Kind: a join without a captcha's token of its own. Each has its code, names the field, and reaches no gate; the
// answer of a join that was lost may be asked for again with the same token, where the provider has that.
func TestEveryWrongCaptchaHasItsCode(t *testing.T) {
	for _, provider := range []string{captcha.NameTurnstile, captcha.NameHCaptcha} {
		h, d, p := withCaptcha(t, provider, false)
		event, other, free := h.show(captchaBody), h.show(captchaBody), h.show(roomBody)
		w := h.challenge(event, alice).Captcha
		if w == nil || w.Provider != provider || w.SiteKey != "0x4AAA" || len(w.Bound) != 32 {
			t.Fatalf("%+v", w)
		}
		if theirs := h.challenge(event, bob).Captcha; theirs.Bound == w.Bound {
			t.Error("one token is good for two buyers")
		}
		borrowed := []string{p.solves("bob's", h.challenge(event, bob).Captcha),
			p.solves("elsewhere", h.challenge(other, alice).Captcha)}
		for _, c := range []struct {
			name, body string
			status     int
			code       string
		}{
			{"none", ``, 403, "captcha_required"}, {"empty", `{"captcha":""}`, 403, "captcha_required"},
			{"null", `{"captcha":null}`, 400, "bad_request"}, {"a number", `{"captcha":7}`, 400, "bad_request"},
			{"too long", joinWith("captcha", strings.Repeat("a", 4097)), 400, "bad_request"},
			{"made up", joinWith("captcha", "let me in"), 403, "captcha_refused"},
		} {
			a := h.do("POST", event+"/queue", alice, c.body).want(c.status, c.code)
			if a.problem.Field != "captcha" {
				t.Errorf("%s: field %q", c.name, a.problem.Field)
			}
		}
		for _, body := range borrowed {
			if provider == captcha.NameTurnstile { // hCaptcha carries nothing of whose a token is
				h.do("POST", event+"/queue", alice, body).want(403, "captcha_refused")
			}
		}
		if len(d.places) != 0 {
			t.Errorf("%d refused joins reached the gate", len(d.places))
		}
		good := p.solves("alice's", w)
		h.do("POST", event+"/queue", alice, good).want(201, "")
		again := h.do("POST", event+"/queue", alice, good)
		want := map[string]int{captcha.NameTurnstile: 200, captcha.NameHCaptcha: 403}[provider]
		if again.status != want {
			t.Errorf("%s: a token shown again: %d %s", provider, again.status, again.body)
		}
		h.do("POST", event+"/queue", bob, good).want(403, "captcha_refused")
		h.do("POST", free+"/queue", bob, `{"captcha":"ignored"}`).want(201, "")
		page := string(h.do("GET", "/metrics", nobody, "").body)
		for _, line := range []string{`holdfast_queue_turned_away_total{reason="captcha_required"} 2`,
			`holdfast_captcha_verdicts_total{verdict="passed"}`, `holdfast_captcha_down 0`} {
			if !strings.Contains(page, line) {
				t.Errorf("no %s", line)
			}
		}
		if strings.Contains(h.logs.String(), "alice's") || strings.Contains(fmt.Sprint(p.asked), "X-Buyer") {
			t.Error("a token stands in the log")
		}
	}
}

// Kind: a provider that is down. Nobody is told that they are no person: they are refused for a while, or let pass
// where the operator has chosen that; either is counted.
func TestCaptchaWithoutAVerdict(t *testing.T) {
	for _, open := range []bool{false, true} {
		h, d, p := withCaptcha(t, captcha.NameTurnstile, open)
		event := h.show(captchaBody)
		p.down = true
		body := p.solves("alice's", h.challenge(event, alice).Captcha)
		a := h.do("POST", event+"/queue", alice, body)
		line := `holdfast_captcha_verdicts_total{verdict="unavailable"} 1`
		if open {
			a.want(201, "")
			line = `holdfast_captcha_verdicts_total{verdict="let_pass"} 1`
			h.do("POST", event+"/queue", bob, "").want(403, "captcha_required") // nobody passes without having tried
		} else if a.want(503, "captcha_unavailable"); a.header.Get("Retry-After") != "5" || len(d.places) != 0 {
			t.Errorf("%v, and %d places", a.header, len(d.places))
		}
		page := string(h.do("GET", "/metrics", nobody, "").body)
		if !strings.Contains(page, line) || !strings.Contains(page, "holdfast_captcha_down 1") {
			t.Errorf("no %s", line)
		}
		p.mu.Lock()
		p.down = false
		p.mu.Unlock()
		h.do("POST", event+"/queue", bob, p.solves("bob's", h.challenge(event, bob).Captcha)).want(201, "")
	}
}

// Kind: an event that asks for what its server has not. It is refused when it is made; on another node that was started
// without a provider, nobody joins unseen.
func TestCaptchaNeedsAProvider(t *testing.T) {
	d, logs := newDoors(), &lockedBuffer{}
	engine := trusting{realEngine(t, slog.New(slog.NewTextHandler(logs, nil)))}
	_, service := withPeople(t, captcha.NameHCaptcha, true)
	with := openOver(t, engine, logs, func(c *Config) { c.Queue, c.Captcha = d, service })
	without := openOver(t, engine, logs, func(c *Config) { c.Queue = d })
	a := without.do("POST", "/v1/events", operator, eventBody(captchaBody)).want(422, "invalid")
	if a.problem.Field != "waiting_room.captcha" {
		t.Errorf("field %q", a.problem.Field)
	}
	var made wire.Event
	with.do("POST", "/v1/events", operator, eventBody(captchaBody)).want(201, "").into(&made)
	if made.WaitingRoom.Captcha == nil || !*made.WaitingRoom.Captcha {
		t.Errorf("%+v", made.WaitingRoom)
	}
	with.do("POST", "/v1/events", operator, eventBody(strings.Replace(captchaBody, "true", "1", 1))).want(400,
		"bad_request")
	path := "/v1/events/" + made.ID + "/queue"
	without.do("GET", path+"/challenge", alice, "").want(503, "captcha_unavailable")
	without.do("POST", path, alice, `{"captcha":"whatever"}`).want(503, "captcha_unavailable")
	if len(d.places) != 0 {
		t.Errorf("%d joins reached the gate unseen", len(d.places))
	}
}

// Kind: a page that lets in scripts of strangers. Only where a captcha is configured one provider's are, and no
// other's.
func TestPageLetsInTheProvidersScriptOnly(t *testing.T) {
	plain, _, _ := withDoors(t, "")
	policy := func(h *house) string {
		return h.do("GET", "/", nobody, "").want(200, "").header.Get("Content-Security-Policy")
	}
	if got := policy(plain); strings.Contains(got, "http") || strings.Contains(got, "script-src") {
		t.Errorf("without a captcha: %s", got)
	}
	turnstile, _, _ := withCaptcha(t, captcha.NameTurnstile, false)
	hcaptcha, _, _ := withCaptcha(t, captcha.NameHCaptcha, false)
	for _, c := range []struct{ got, want, never string }{
		{policy(turnstile), "script-src 'self' https://challenges.cloudflare.com; frame-src 'self' " +
			"https://challenges.cloudflare.com", "hcaptcha"},
		{policy(hcaptcha), "script-src 'self' https://hcaptcha.com https://*.hcaptcha.com;", "cloudflare"},
	} {
		if !strings.HasPrefix(c.got, policy(plain)+"; ") || !strings.Contains(c.got, c.want) ||
			strings.Contains(c.got, c.never) || strings.Contains(c.got, "unsafe") {
			t.Errorf("%s", c.got)
		}
	}
}
