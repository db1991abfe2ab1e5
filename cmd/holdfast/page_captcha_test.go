package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"holdfast/cmd/holdfast/testkit"
)

// widgets are the providers' scripts as a page uses them: a press of a button makes a token of what the widget was
// made with.
var widgets = map[string]string{
	"turnstile": `window.turnstile = { remove() {}, render(host, o) {
		const b = document.createElement('button');
		Object.assign(b, { id: 'solve', textContent: 'I am a person' });
		b.onclick = () => o.callback('turnstile ' + o.sitekey + ' ' + o.cData);
		host.append(b); return '1'; } };`,
	"hcaptcha": `window.hcaptcha = { remove() {}, render(host, o) {
		const b = document.createElement('button');
		Object.assign(b, { id: 'solve', textContent: 'I am a person' });
		b.onclick = () => o.callback('hcaptcha ' + o.sitekey);
		host.append(b); return '1'; } };`,
}

// verifier is a captcha's provider that takes what widgets make, and refuses the first token, so that a fan solves two.
type verifier struct {
	mu    sync.Mutex
	asked []url.Values
}

func (v *verifier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = r.ParseForm() // a form that is none has no token
	v.asked = append(v.asked, r.PostForm)
	said := strings.Fields(r.PostForm.Get("response"))
	if len(v.asked) == 1 || len(said) < 2 || r.PostForm.Get("secret") != captchaSecret {
		_, _ = w.Write([]byte(`{"success":false,"error-codes":["timeout-or-duplicate"]}`))
		return
	}
	_, _ = w.Write([]byte(`{"success":true,"action":"join","cdata":"` + said[len(said)-1] + `"}`))
}

const captchaSecret = "0x4AAAAAAA-the-secret"

// P8: a fan whose event asks for a captcha solves the provider's widget in the page and joins, also after a token that
// was refused. The provider's script runs under the server's own Content-Security-Policy.
func TestPageShowsTheCaptcha(t *testing.T) {
	for provider, script := range widgets {
		t.Run(provider, func(t *testing.T) {
			v := &verifier{}
			server := httptest.NewServer(v)
			defer server.Close()
			r := &roomPage{T: t, ctx: browse(t), p: newProcess(t, buildBinary(t), "--data",
				filepath.Join(t.TempDir(), "d"))}
			r.p.more = []string{"--captcha", provider, "--captcha-site-key", "0x4AAA", "--captcha-url", server.URL,
				"--captcha-secret-file", testkit.WriteFile(t, "secret", captchaSecret+"\n")}
			if err := r.p.start(); err != nil {
				t.Fatal(err)
			}
			defer r.p.kill()
			r.provides(script)
			made, err := r.p.askOnce("", "POST", "/v1/events", "event", `{"name":"Captcha",`+
				`"starts_at":"2035-06-01T19:30:00Z","currency":"EUR","prices":{"*":4500},"plan":`+smallPlan+
				`,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","active_max":1,"captcha":true}}`)
			if err != nil || made.status != http.StatusCreated {
				t.Fatalf("%v %+v", err, made)
			}
			r.event = made.ID
			sale, err := r.p.askOnce("", "POST", "/v1/events/"+r.event+"/sale", "sale", `{"state":"open"}`)
			if err != nil || sale.status != http.StatusOK {
				t.Fatalf("%v %+v", err, sale)
			}
			r.do(chromedp.Navigate("http://" + r.p.address + "/#/e/" + r.event))
			r.click("#room-join")
			r.sees(".status", "show that you are a person")
			shoot(t, r.ctx, "captcha-"+provider)
			r.click("#solve")
			until(t, r.ctx, `document.querySelector('#solve')?.checkVisibility()`) // the first was refused
			r.click("#solve")
			until(t, r.ctx, `document.querySelector('.room[data-state="called"]')`)
		})
	}
}

// provides answers for the providers' own servers, which nobody reaches from here.
func (r *roomPage) provides(script string) {
	r.Helper()
	paused := make(chan fetch.RequestID, 64)
	if err := chromedp.Listen(r.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			paused <- e.RequestID
		}
	}); err != nil {
		r.Fatal(err)
	}
	if _, err := chromedp.Call(r.ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{
		{URLPattern: "https://*"}}}); err != nil {
		r.Fatal(err)
	}
	go func() {
		for {
			select {
			case <-r.ctx.Done():
				return
			case id := <-paused:
				_, _ = chromedp.Call(r.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: id,
					ResponseCode: http.StatusOK, Body: []byte(script), ResponseHeaders: []*fetch.HeaderEntry{
						{Name: "Content-Type", Value: "text/javascript"}}}) // a page that is gone needs no script
			}
		}
	}()
}
