package web_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A token as the page sees one: only its claims are read there.
var testToken = "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"7f3","name":"Žofie"}`)) + ".sig"

// knowsTokens makes the server one that knows buyers by tokens and by nothing else.
func (f *fake) knowsTokens(url string) {
	f.token = testToken
	f.signIn = map[string]any{"methods": []string{"bearer_token"}, "url": url}
}

// A server that takes no names is never sent one that the page made up: everybody may look, and whoever wants seats is
// told how to sign in.
func TestNobodyIsInventedForAServerOfTokens(t *testing.T) {
	f, server := newFake(t, 700)
	f.knowsTokens("https://shop.example/in?to={return}")
	p := openTab(t)
	p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
	f.awaitStream(p.ctx, t)
	p.until(`__holdfast.stats.live === 'live' && __holdfast.settled?.()`)
	p.sees("#who-button", "Sign in")
	one, _ := f.twoFree(0)
	p.clickSeat(one)
	p.click("#hold")
	p.sees("#who", "the shop signs you in")
	p.shoot("sign-in")
	want := `https://shop.example/in?to=' + encodeURIComponent(location.href)`
	if !value[bool](p, `document.getElementById('who-link').href === '`+want) {
		t.Errorf("the way to the shop is %s", value[string](p, `document.getElementById('who-link').href`))
	}
	p.key("Escape")
	p.focusIs("#hold")
	p.sees(".status", "please sign in")
	if names := value[int](p, `Object.keys(localStorage).length`); names != 0 {
		t.Error("the page keeps a buyer that nobody named")
	}
	f.between(func() {
		for _, r := range f.asked {
			if r.Get("X-Buyer") != "" || r.Get("Authorization") != "" {
				t.Errorf("a request says who asks: %v", r)
			}
		}
		if len(f.keys) != 0 {
			t.Errorf("the server was asked %d times in nobody's name", len(f.keys))
		}
	})
}

// The shop comes back with a token in the fragment: the fan is greeted, the address forgets the token, and what was
// wished for is held.
func TestTokenInTheAddressSignsInAndGoesOn(t *testing.T) {
	for _, form := range []string{"#/e/" + eventID + "?token=", "#/e/" + eventID + "&token="} {
		f, server := newFake(t, 700)
		f.knowsTokens("")
		p := openTab(t)
		p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
		f.awaitStream(p.ctx, t)
		p.until(`__holdfast.stats.live === 'live'`)
		p.click("#best")
		p.sees("#who", "#token=")
		p.do(chromedp.Navigate(server.URL + "/" + form + testToken))
		p.sees(".panel h2", "These seats are yours")
		p.sees("#who-button", "Žofie")
		if at := value[string](p, `location.href`); strings.Contains(at, "token") ||
			!strings.HasSuffix(at, "#/e/"+eventID) {
			t.Errorf("the address is %s", at)
		}
		f.between(func() {
			if len(f.keys) != 1 {
				t.Errorf("P5: one wish was sent %d times", len(f.keys))
			}
		})
	}
}

// Public documents are read in nobody's name, so that a sign-in that has run out closes no shop window; the fan is
// asked to sign in again, and the booking is still there.
func TestSignInThatRanOut(t *testing.T) {
	f, server := newFake(t, 700)
	f.knowsTokens("")
	p := openTab(t)
	p.do(chromedp.Navigate(server.URL + "/#token=" + testToken))
	p.sees(".cards", "Northern Lights Tour")
	p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
	p.until(`__holdfast.stats.live === 'live' && __holdfast.settled?.()`)
	p.click("#best")
	p.sees(".panel h2", "These seats are yours")
	f.between(func() { f.token = "another" })
	p.click("#extend")
	p.sees("#who", "Please sign in again")
	p.key("Escape")
	p.focusIs("#extend")
	p.do(chromedp.Reload())
	p.sees("#who", "Please sign in again")
	p.until(`__holdfast.stats.live === 'live'`)
	f.between(func() { f.token = "fresh" })
	p.do(chromedp.SetValue(chromedp.CSS("#who-token"), "fresh"))
	p.click("#who-save")
	p.sees(".panel h2", "These seats are yours")
	f.between(func() {
		for _, r := range f.asked {
			path := r[":path"][0]
			if r.Get("Authorization") != "" && !strings.Contains(path, "/bookings") &&
				!strings.HasPrefix(path, "/v1/me/") {
				t.Errorf("a public document was read with a token: %v", r)
			}
		}
	})
}

// Kind: a greeting beside a refusal. A token that has ended signs nobody in: there is no welcome, and the dialog does
// not say "signed in".
func TestEndedTokenIsNotWelcomed(t *testing.T) {
	f, server := newFake(t, 700)
	f.knowsTokens("https://shop.example/in?to={return}")
	ended := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"7f3","name":"Žofie","exp":1700000000}`)) +
		".sig"
	p := openTab(t)
	p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID + "?token=" + ended))
	f.awaitStream(p.ctx, t)
	p.until(`__holdfast.stats.live === 'live' && __holdfast.settled?.()`)
	p.click("#best")
	p.sees("#who", "does not accept this sign-in")
	p.sees("#who-title", "Please sign in again")
	if said := value[string](p, `document.getElementById('toasts').innerText`); said != "" {
		t.Errorf("the fan is told %q", said)
	}
}

// A name that no header can carry is refused in the dialog, which stays open with what was typed.
func TestWrongNameIsSaidWhereItWasTyped(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.click("#who-button")
	p.do(chromedp.SetValue(chromedp.CSS("#who-buyer"), "two words"))
	p.click("#who-save")
	p.sees("#who-wrong", "without spaces")
	p.focusIs("#who-buyer")
	p.key("Escape")
	p.focusIs("#who-button")
}

// identified refuses whoever is not the buyer that the server knows.
func (f *fake) identified(r *http.Request) bool {
	if f.token != "" {
		return r.Header.Get("Authorization") == "Bearer "+f.token && r.Header.Get("X-Buyer") == ""
	}
	return r.Header.Get("X-Buyer") == testBuyer
}
