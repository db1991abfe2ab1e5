package web_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// axePath is a program of npm's that make packages installs.
const axePath = "../../cmd/tools/npm/node_modules/axe-core/axe.min.js"

// loadAxe reads axe-core. Without it nobody judges the page's accessibility: that fails under CI and is loud elsewhere.
func loadAxe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(axePath)
	if err != nil && os.Getenv("CI") == "" && os.IsNotExist(err) {
		t.Skipf("ACCESSIBILITY IS NOT TESTED: no axe-core at %s (make packages)", axePath)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// axeRun answers one line for each element that breaks a rule of WCAG 2 A and AA, of good practice, or of the rules in
// trial.
const axeRun = `axe.run(document, { resultTypes: ['violations'], runOnly: { type: 'tag',
	values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice', 'experimental'] },
	rules: { 'color-contrast-enhanced': { enabled: false } } })
	.then((found) => JSON.stringify(found.violations.flatMap((rule) => rule.nodes.map((node) =>
		rule.id + ': ' + node.html.slice(0, 160) + ' | ' + node.failureSummary.split('\n').slice(1, 3).join(' ')))))`

// looks are the ways a page is looked at.
var looks = []struct {
	name string
	set  func(p *tab) []chromedp.Action[chromedp.Void]
}{
	{"light, desktop", func(p *tab) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{p.scheme("light"), p.size(1280, 800)}
	}},
	{"dark, desktop", func(p *tab) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{p.scheme("dark"), p.size(1280, 800)}
	}},
	{"dark, phone", func(p *tab) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{p.scheme("dark"), p.size(390, 844, chromedp.EmulateMobile)}
	}},
	{"light, phone", func(p *tab) []chromedp.Action[chromedp.Void] {
		return []chromedp.Action[chromedp.Void]{p.scheme("light"), p.size(390, 844, chromedp.EmulateMobile)}
	}},
}

// clean judges what is on the page in every look.
func (p *tab) clean(axe, state string) {
	p.Helper()
	for _, look := range looks {
		p.do(look.set(p)...)
		if !value[bool](p, `'axe' in window`) {
			value[bool](p, axe+`; true`)
		}
		// Colours fade from one scheme to the other: judge where they end.
		value[bool](p, `(document.getAnimations().forEach((a) => { if (a.effect.getTiming().iterations !== `+
			`Infinity) a.finish(); }), true)`)
		var found []string
		p.must(json.Unmarshal([]byte(value[string](p, axeRun)), &found))
		p.shoot("axe-" + state + "-" + strings.ReplaceAll(look.name, ", ", "-"))
		for _, one := range found {
			p.Errorf("%s (%s): %s", state, look.name, one)
		}
	}
	p.do(looks[0].set(p)...)
}

// Every state of the page passes axe-core, light and dark, on a desktop and on a phone.
func TestEveryStateIsAccessible(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 700)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.clean(axe, "list")
	p.do(chromedp.SendKeys(chromedp.CSS("#search"), "zzz"))
	p.sees(".cards", "No event matches")
	p.clean(axe, "list-empty")
	p.click("#who-button")
	p.sees("#who", "Buyer name")
	p.clean(axe, "dialog")
	p.openEvent(f, server.URL)
	p.clean(axe, "event")
	one, two := f.twoFree(0)
	p.clickSeat(one)
	p.clickSeat(two)
	p.until(`__holdfast.chosen().length === 2`)
	p.clean(axe, "chosen")
	p.click("#hold")
	p.sees(".panel h2", "These seats are yours")
	p.clean(axe, "held")
	p.toPay()
	p.clean(axe, "pay")
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_declined"))
	p.click("#buy")
	p.sees(".status", "declined")
	p.clean(axe, "declined")
	told := make(chan struct{}, 1)
	f.between(func() { f.scripted = []script{f.outcomeUnknown(told)} })
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_declined"))
	p.click("#buy")
	p.sees(".panel h2", "We do not know yet")
	p.clean(axe, "unsure")
	p.do(chromedp.Reload())
	p.sees(".status", "declined")
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_slow"))
	p.click("#buy")
	p.sees(".panel h2", "Checking your payment")
	p.clean(axe, "paying")
	f.between(func() { f.sell(f.bookings["b1"]) })
	p.sees(".tickets", "HF-7Q2M-K9XD-0001")
	p.clean(axe, "confirmed")
}

func TestEveryEndIsAccessible(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.click("#best")
	p.sees(".panel h2", "These seats are yours")
	p.click("#release")
	p.sees(".panel h2", "Seats released")
	p.clean(axe, "released")
	p.click("#again")
	f.between(func() { f.ttl = time.Second })
	p.click("#best")
	p.sees(".panel h2", "Your time ran out")
	p.clean(axe, "expired")
	p.click("#again")
	f.between(func() {
		f.scripted = []script{func(w http.ResponseWriter) bool { f.refuse(w, 409, "sold_out"); return true }}
	})
	p.click("#best")
	p.sees(".status", "No suitable seats")
	p.clean(axe, "refused")
	p.open(server.URL + "/?operator#/e/" + eventID)
	p.sees(".operator", "Operator")
	p.clean(axe, "operator")
	p.do(chromedp.SendKeys(chromedp.CSS(".operator input"), "wrong"))
	p.click(`[data-sale="closed"]`)
	p.sees("#alarm", "not accepted")
	p.clean(axe, "toast")
	p.open(server.URL + "/#/e/unknown")
	p.sees("main", "There is no such event")
	p.clean(axe, "unknown-event")
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	server.CloseClientConnections()
	server.Listener.Close()
	p.do(chromedp.SendKeys(chromedp.CSS("#search"), "a"))
	p.sees(".cards", "cannot be reached")
	p.clean(axe, "offline")
}

// What is shown around a payment passes axe-core too: a basket of several sections, the warning before the end, a
// bank's challenge in a frame and without one, and a processor's own fields.
func TestCheckoutIsAccessible(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 700)
	bank := f.bank(t, server.URL)
	f.next = map[string]any{"type": "redirect_to_url", "url": bank + "/challenge"}
	fields := f.hosted(t)
	f.policy += " " + bank
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, _ := f.twoFree(0)
	two, _ := f.twoFree(1)
	p.chooses(one, two)
	p.clean(axe, "basket")
	p.press("#hold")
	p.sees(panelTitle, "These seats are yours")
	p.endsIn(f, 19*time.Second)
	p.sees("#hold-ends", "Only ")
	p.clean(axe, "hold-ends")
	f.between(func() { f.expireIn(f.bookings["b1"], 10*time.Minute) })
	p.toPay()
	p.until(`document.querySelector('#card iframe')?.src === '` + fields + `/field'`)
	p.clean(axe, "hosted")
	f.between(func() { f.bookings["b1"].State = "paying" })
	p.do(chromedp.Reload())
	p.sees("#challenge", "Your seats stay yours")
	p.clean(axe, "challenge")
	p.key("Escape")
	p.sees(".to-bank", "Nothing is charged before you confirm")
	p.clean(axe, "challenge-hidden")
}

// A server that knows its buyers by tokens: the way in, with and without a shop to sign in at.
func TestSignInIsAccessible(t *testing.T) {
	axe := loadAxe(t)
	for state, url := range map[string]string{"sign-in-shop": "https://shop.example/in", "sign-in-token": ""} {
		f, server := newFake(t, 700)
		f.knowsTokens(url)
		p := openTab(t)
		p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
		f.awaitStream(p.ctx, t)
		p.until(`__holdfast.stats.live === 'live' && __holdfast.settled?.()`)
		p.click("#best")
		p.sees("#who", "Looking around is open to everybody")
		p.clean(axe, state)
		p.key("Escape")
		p.sees(".status", "please sign in")
		p.clean(axe, state+"-needed")
	}
}

// A placeholder is text that somebody has to read (WCAG 1.4.3): axe does not look at them.
func TestPlaceholdersCanBeRead(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	for _, address := range []string{"/", "/?operator#/e/" + eventID} {
		p.open(server.URL + address)
		p.until(`document.querySelector('main [placeholder]')`)
		for _, scheme := range []string{"light", "dark"} {
			p.do(p.scheme(scheme))
			ratio := value[float64](p, `(() => { const el = document.querySelector('main [placeholder]');
				const rgb = (text) => text.match(/[\d.]+/g).map(Number);
				const [r, g, b, a = 1] = rgb(getComputedStyle(el, '::placeholder').color),
					ground = rgb(getComputedStyle(el).backgroundColor);
				const shade = Number(getComputedStyle(el, '::placeholder').opacity) * a;
				const light = (c) => { const v = c / 255; return v <= 0.04045
					? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
				const lum = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
				const [one, two] = [lum([r, g, b].map((c, i) => c * shade + ground[i] * (1 - shade))),
					lum(ground)].sort((x, y) => y - x);
				return (one + 0.05) / (two + 0.05); })()`)
			if ratio < 4.5 {
				t.Errorf("%s, %s: a placeholder's contrast is %.2f", address, scheme, ratio)
			}
		}
	}
}

// Colour must be told from colour where no words are: seats against the floor (WCAG 1.4.11), numbers on seats (1.4.3).
func TestSeatsAndTheirNumbersCanBeSeen(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	for _, scheme := range []string{"light", "dark"} {
		p.do(p.scheme(scheme))
		weak := value[string](p, `(() => { const style = getComputedStyle(document.documentElement),
			hex = (name) => style.getPropertyValue(name).trim();
			const light = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
			const lum = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, w,
				i) => sum + w * light(parseInt(c.slice(1 + 2 * i, 3 + 2 * i), 16) / 255), 0);
			const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((m, n) => n - m);
				return (x + 0.05) / (y + 0.05); };
			const out = [];
			for (let i = 0; i < 8; i++) { const seat = hex('--cat-' + i);
				if (ratio(seat, hex('--map')) < 3) out.push('--cat-' + i + ' on the floor ' + ratio(seat,
					hex('--map')).toFixed(2));
				if (ratio(seat, hex('--seat-ink')) < 4.5) out.push('number on --cat-' + i + ' ' + ratio(seat,
					hex('--seat-ink')).toFixed(2)); }
			for (const mark of ['--mine', '--lost', '--ink', '--focus']) if (ratio(hex(mark),
				hex('--map')) < 3) out.push(mark + ' ' + ratio(hex(mark), hex('--map')).toFixed(2));
			return out.join(', '); })()`)
		if weak != "" {
			t.Errorf("%s: %s", scheme, weak)
		}
	}
}
