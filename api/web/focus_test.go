package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// What is pressed keeps the focus, or hands it to what takes its place; it never falls to the body, whatever happens to
// the booking. Every action of a fan is one step here.
func TestFocusIsNeverLost(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.watchFocus()
	one, two := f.twoFree(0)
	const title = ".panel h2"
	p.clickSeat(one)
	p.clickSeat(two)
	p.until(`__holdfast.chosen().length === 2`)
	p.press(`#chosen li:last-child [data-focus^="remove"]`)
	p.until(`__holdfast.chosen().length === 1`)
	p.focusIs(title)
	p.press(`[data-focus="clear"]`)
	p.focusIs(title)
	for range 8 { // to the end of the range and one further
		p.press(`[aria-label="One seat more"]`)
	}
	p.focusIs(`[aria-label="One seat more"]`)
	for range 9 {
		p.press(`[aria-label="One seat fewer"]`)
	}
	p.focusIs(`[aria-label="One seat fewer"]`)
	p.press("#best")
	p.sees(title, "These seats are yours")
	p.focusIs(title)
	p.press("#extend")
	p.sees(".status", "You have more time")
	p.focusIs("#extend")
	p.toPay()
	p.focusIs(title)
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_declined"))
	p.press("#buy")
	p.sees(".status", "declined")
	p.focusIs("#buy")
	p.press("#to-seats")
	p.sees(title, "These seats are yours")
	p.focusIs(title)
	p.press("#release")
	p.sees(title, "Seats released")
	p.focusIs(title)
	p.press("#again")
	p.sees(title, "Choose your seats")
	p.focusIs(title)
	p.press("#who-button")
	p.sees("#who", "Buyer name")
	p.press("#who-cancel")
	p.focusIs("#who-button")
	p.neverLost()
}

// Payments that end later, and ends that nobody pressed for.
func TestFocusIsKeptWhenThingsHappenByThemselves(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.watchFocus()
	const title = ".panel h2"
	p.press("#best")
	p.sees(title, "These seats are yours")
	p.toPay()
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_slow"))
	p.press("#buy")
	p.sees(title, "Checking your payment")
	p.focusIs(title)
	f.between(func() { f.bookings["b1"].State = "held" }) // the card was declined after all
	p.sees(".status", "declined")
	p.focusIs(title)
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_ok"))
	p.press("#buy")
	p.sees(title, "Enjoy the show")
	p.focusIs(title)
	p.press("#again")
	f.between(func() { f.ttl = time.Second })
	p.press("#best")
	p.sees(title, "Your time ran out")
	p.focusIs(title)
	f.between(func() { f.ttl = time.Minute })
	p.press("#again")
	one, two := f.twoFree(0)
	p.clickSeat(one)
	p.clickSeat(two)
	p.until(`__holdfast.chosen().length === 2`)
	p.do(chromedp.Focus(chromedp.CSS(`#chosen li:last-child [data-focus^="remove"]`)))
	f.mark('s', 0, one) // the live map takes the other seat: the list is built anew under the focus
	p.until(`__holdfast.chosen().length === 1`)
	p.focusIs(`#chosen [data-focus^="remove"]`)
	f.mark('s', 0, two)
	p.until(`__holdfast.chosen().length === 0`)
	p.focusIs(title)
	p.neverLost()
}

// Messages that come and go give the focus back to where it was.
func TestFocusComesBackFromMessages(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.watchFocus()
	one, _ := f.twoFree(0)
	p.clickSeat(one)
	value[bool](p, `import('/assets/dom.js').then(({ toast }) => { toast('Something with an action.', 'warn',
		{ label: 'Do it', run: () => { window.done = true; } }); return true; })`)
	p.sees("#toasts", "Something with an action")
	p.do(chromedp.Focus(chromedp.CSS("#map")))
	p.do(chromedp.Focus(chromedp.CSS("#toasts button")))
	p.key("Enter")
	p.until(`window.done`)
	p.focusIs("#map")
	busy := func(w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "300")
		f.refuse(w, 503, "overloaded")
		return true
	}
	f.between(func() { f.scripted = []script{busy} })
	p.press("#hold")
	p.sees(".status", "ask again in 5 minutes")
	p.focusIs("#hold")
	p.press(".status button")
	p.sees(".panel h2", "These seats are yours")
	p.focusIs(".panel h2")
	f.between(func() {
		if len(f.keys) != 2 || f.keys[0] != f.keys[1] {
			t.Errorf("P5: the fan asked again with the keys %q", f.keys)
		}
	})
	p.neverLost()
}

// A new page begins at its top; back on the list nothing is lost either.
func TestFocusFollowsTheWay(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.press(".card a")
	f.awaitStream(p.ctx, t)
	p.sees(".panel h2", "Choose your seats")
	p.focusIs("#main")
	p.press(".back")
	p.sees(".cards", "Northern Lights Tour")
	p.focusIs("#main")
	p.press("#skip")
	p.focusIs("#main")
	f.between(func() { f.failList = true })
	p.do(chromedp.SendKeys(chromedp.CSS("#search"), "n"))
	p.sees(".cards", "The fake says no")
	f.between(func() { f.failList = false })
	p.press(".cards button")
	p.sees(".cards", "Northern Lights Tour")
	p.focusIs("h1")
}

// press focuses a button and presses Enter on it.
func (p *tab) press(selector string) {
	p.Helper()
	p.until(`document.querySelector(` + quoted(selector) + `)?.checkVisibility()`)
	p.do(chromedp.Focus(chromedp.CSS(selector)))
	p.key("Enter")
}

// watchFocus counts from now on how often an animation frame finds the focus on the body. Nothing has it before the
// first press.
func (p *tab) watchFocus() {
	p.Helper()
	value[bool](p, `(window.focusLost = [], (function look() {
		if (document.activeElement === document.body
			&& window.focusSeen) focusLost.push(document.querySelector('.panel h2')?.textContent ?? location.hash);
		window.focusSeen ||= document.activeElement !== document.body; requestAnimationFrame(look); })(), true)`)
}

func (p *tab) neverLost() {
	p.Helper()
	if lost := value[string](p, `[...new Set(focusLost)].join()`); lost != "" {
		p.Errorf("the focus fell to the body at: %s", lost)
	}
}
