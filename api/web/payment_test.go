package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const panelTitle = ".panel h2"

// toPay goes from the seats that are held to the payment step.
func (p *tab) toPay() {
	p.Helper()
	p.press("#to-pay")
	p.until(`document.getElementById('token') ?? document.getElementById('card')`)
}

// paysFor holds the best seats and goes to the payment step.
func (p *tab) paysFor(token string) {
	p.Helper()
	p.press("#best")
	p.sees(panelTitle, "These seats are yours")
	p.toPay()
	p.do(chromedp.SetValue(chromedp.CSS("#token"), token))
}

// keysSince answers the keys of the wishes after the first n, other than holds.
func (f *fake) keysSince(n int) (keys []string) {
	f.between(func() { keys = append(keys, f.changeKeys[n:]...) })
	return keys
}

// outcomeUnknown answers a wish with a doubt that lasts.
func (f *fake) outcomeUnknown(told chan<- struct{}) script {
	return func(w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "60")
		f.refuse(w, 503, "outcome_unknown")
		told <- struct{}{}
		return true
	}
}

// Kind: a second payment by a second press, a reload, the back button or a second tab (P5, P6). Each of them is
// harmless, and each leads back to where the fan was.
func TestPaymentStepIsHarmlessToRepeat(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.paysFor("tok_ok")
	p.sees(panelTitle, "Pay €")
	p.focusIs(panelTitle)
	p.do(chromedp.Reload())
	p.sees(panelTitle, "Pay €") // a reload stays at the step
	value[bool](p, `(history.back(), true)`)
	p.sees(panelTitle, "These seats are yours") // the back button leaves the step and not the event
	value[bool](p, `(history.forward(), true)`)
	p.sees(panelTitle, "Pay €")
	p.press("#to-seats")
	p.sees(panelTitle, "These seats are yours")
	p.toPay()
	value[bool](p, `(document.getElementById('buy').click(), document.getElementById('buy').click(), true)`)
	p.sees(panelTitle, "Enjoy the show")
	if keys := f.keysSince(0); len(keys) != 1 {
		t.Errorf("P5: two presses asked %d times", len(keys))
	}
	value[bool](p, `(history.back(), true)`)
	p.until(`history.state?.pay === undefined`)
	p.sees(panelTitle, "Enjoy the show")
	p.do(chromedp.Reload())
	p.sees(".tickets", "HF-7Q2M-K9XD-0001")
	p.press("#again")
	p.paysFor("tok_slow")
	other := p.duplicated(server.URL, "b2")
	other.toPay()
	p.press("#buy")
	p.sees(panelTitle, "Checking your payment")
	p.do(chromedp.Reload())
	p.sees(panelTitle, "Checking your payment")
	other.press("#buy") // 409 payment_in_progress
	other.sees(panelTitle, "Checking your payment")
	f.between(func() { f.sell(f.bookings["b2"]) })
	p.sees(panelTitle, "Enjoy the show")
	other.sees(panelTitle, "Enjoy the show")
}

// duplicated opens another tab of the same browser that knows this one's hold, as browsers do when a tab is duplicated.
func (p *tab) duplicated(address, booking string) *tab {
	p.Helper()
	other := p.secondTab()
	other.do(chromedp.Navigate(address + "/assets/icon.svg"))
	value[bool](other, `(sessionStorage.setItem('holdfast.booking.`+eventID+`', '`+booking+`'), true)`)
	other.do(chromedp.Navigate(address + "/#/e/" + eventID))
	other.sees(panelTitle, "These seats are yours")
	return other
}

// Kind: a payment whose outcome nobody told, taken for a failure. The page says what it does not know, asks with the
// same key, across a reload too, and says what the fan need not do.
func TestUnknownPaymentIsExplainedAndAskedAgain(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.paysFor("tok_ok")
	told := make(chan struct{}, 1)
	f.between(func() { f.scripted = []script{f.outcomeUnknown(told)} })
	p.press("#buy")
	<-told
	p.sees(panelTitle, "We do not know yet")
	p.focusIs(panelTitle)
	p.sees("#need-not", "You need not pay again")
	p.sees(".status", "Trying again by itself")
	p.shoot("unsure")
	p.do(chromedp.Reload())
	p.sees(panelTitle, "Enjoy the show")
	if keys := f.keysSince(0); len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("P5: a payment was asked for with the keys %q", keys)
	}
	p.press("#again")
	p.paysFor("tok_declined")
	f.answers(http.StatusServiceUnavailable, `{"code":"outcome_unknown","title":"x"}`)
	p.press("#buy")
	p.sees(".status", "The card was declined") // known again: the step, and another try under a key of its own
	p.sees(panelTitle, "Pay €")
	f.answers(http.StatusServiceUnavailable, `{"code":"overloaded","title":"x"}`)
	f.between(func() { f.scripted = append(f.scripted, passAfter(closed)) })
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_slow"))
	p.press("#buy")
	p.sees(panelTitle, "Checking your payment")
	f.between(func() {
		f.scripted = nil
		if b := f.bookings["b2"]; b.State != "paying" || len(f.bookings) != 2 {
			t.Errorf("%+v", b)
		}
	})
	if keys := f.keysSince(2); len(keys) != 4 || keys[0] != keys[1] || keys[2] != keys[3] || keys[0] == keys[2] {
		t.Errorf("P5: two payments were asked for with the keys %q", keys)
	}
	server.CloseClientConnections()
	f.between(func() { f.deaf = true })
	p.sees("#pay-offline", "Your payment goes on without this page")
	p.shoot("paying-offline")
	f.between(func() { f.deaf = false; f.bookings["b2"].State = "expired" })
	p.sees(panelTitle, "Your time ran out")
	p.sees(".status", "nothing was charged")
}

// closed never has anybody wait.
var closed = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// The bank's page is shown in a frame of its own origin, is reached with the keyboard alone, and decides nothing: the
// page hears of the outcome from the server (P6).
func TestChallengeInAFrame(t *testing.T) {
	f, server := newFake(t, 700)
	bank := f.bank(t, server.URL)
	f.policy = contentPolicy + "; frame-src 'self' " + bank
	until := time.Now().Add(14 * time.Minute).UTC().Format(time.RFC3339)
	f.next = map[string]any{"type": "redirect_to_url", "url": bank + "/challenge", "expires_at": until}
	p := openTab(t)
	p.do(p.size(360, 640, chromedp.EmulateMobile), p.still())
	p.openEvent(f, server.URL)
	p.paysFor("tok_challenge")
	p.shoot("pay-phone")
	p.fits(360, "pay")
	p.press("#buy")
	p.sees("#challenge", "Your seats stay yours until")
	p.focusIs("#challenge-title")
	p.sees(".challenge-clock", "13:")
	if got := value[string](p, `document.getElementById('challenge-frame').sandbox.value`); got !=
		"allow-forms allow-scripts allow-same-origin" {
		t.Errorf("the frame of another origin may %q", got)
	}
	p.shoot("challenge-phone")
	again := bank + "/challenge?again"
	f.between(func() { f.next = map[string]any{"type": "redirect_to_url", "url": again, "expires_at": until} })
	p.until(`document.getElementById('challenge-frame')?.src === '` + again + `'`) // a bank may ask twice
	p.focusIs("#challenge-title")
	p.press("#challenge-hide")
	p.focusIs(panelTitle)
	p.sees(".to-bank", "If you do nothing, the payment is called off at")
	p.fits(360, "challenge")
	p.shoot("challenge-hidden-phone")
	p.press("#challenge-open")
	p.answersBank(2) // no
	p.sees(".status", "Your bank did not confirm the payment, and nothing was charged")
	p.until(`!document.getElementById('challenge')`)
	p.focusIs(panelTitle)
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_challenge"))
	p.press("#buy")
	p.sees("#challenge", "Your seats stay yours until")
	p.do(chromedp.Reload())
	p.sees("#challenge", "Your seats stay yours until") // a reload finds it again
	p.answersBank(1)                                    // yes
	p.sees(panelTitle, "Enjoy the show")
	p.focusIs(panelTitle)
}

// answersBank presses the bank's nth button by the keyboard, and nothing else: from the dialog's title, over its first
// button, into the frame.
func (p *tab) answersBank(nth int) {
	p.Helper()
	p.focusIs("#challenge-title")
	p.until(`document.getElementById('challenge-frame').dataset.loaded`)
	p.key("Tab")
	p.focusIs("#challenge-hide")
	p.key("Tab")
	p.focusIs("#challenge-frame")
	for range nth - 1 {
		p.key("Tab")
	}
	p.key("Enter")
}

// Kind: a buyer who is stuck before a frame that stays empty, or is sent where no bank is.
func TestChallengeThatNoFrameShows(t *testing.T) {
	f, server := newFake(t, 700)
	bank := f.bank(t, server.URL)
	p := openTab(t)
	p.deafToConsole = true // the browser tells of every frame that the policy refuses
	p.openEvent(f, server.URL)
	next := func(url string) {
		f.between(func() { f.next = map[string]any{"type": "redirect_to_url", "url": url} })
	}
	next(bank + "/challenge") // the policy lets no frame of the bank in
	p.paysFor("tok_challenge")
	p.press("#buy")
	p.sees("#challenge", "open it in a new window")
	p.until(`!document.getElementById('challenge-frame') &&
		document.getElementById('challenge-out').rel === 'noopener noreferrer'`)
	f.between(func() { f.bookings["b1"].State = "held" })
	p.sees(".status", "Your bank did not confirm")
	next("javascript:alert(1)")
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_challenge"))
	p.press("#buy")
	p.sees(panelTitle, "Your bank asks you to confirm")
	p.sees(".waiting", "in a way that this page cannot show")
	p.until(`!document.querySelector('iframe, a[href^="javascript"]')`)
	shown := value[string](p, `import('/assets/paymentwatch.js').then(({ nextOf }) => ['javascript:alert(1)',
		'data:text/html,x', 'bank.example', '', 7, 'ftp://bank.example', 'https://bank.example/a',
		'http://bank.example/b']
		.map((url) => nextOf({ next_action: { type: 'redirect_to_url', url } }).url).join()
		+ nextOf({ next_action: { type: 'dance', url: 'https://bank.example' } }).url)`)
	if shown != ",,,,,,https://bank.example/a,http://bank.example/b" {
		t.Errorf("a browser is sent to %q", shown)
	}
	f.between(func() { f.bookings["b1"].State = "held" })
	p.sees(".status", "Your bank did not confirm")
	next(server.URL + "/checkout/return") // a page of our own gets no power over this one
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_challenge"))
	p.press("#buy")
	p.until(`document.getElementById('challenge-frame')?.sandbox.value === 'allow-forms allow-scripts'`)
	p.until(`document.getElementById('challenge-frame').dataset.loaded`)
}

// P12: with a processor's own fields, what is typed stays in the processor's frame, and the server hears a token.
func TestProcessorsOwnFields(t *testing.T) {
	f, server := newFake(t, 700)
	fields := f.hosted(t)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(panelTitle, "These seats are yours")
	p.toPay()
	p.until(`document.querySelector('#card iframe')?.src === '` + fields + `/field' && window.fieldChanges`)
	if colour := value[string](p, `window.fieldStyle`); colour == "" {
		t.Error("the field does not know the page's colours")
	}
	value[bool](p, `(window.fieldChanges({ error: { message: 'That number is too short.' } }), true)`)
	p.sees("#card-wrong", "That number is too short")
	p.shoot("hosted")
	value[bool](p, `(window.refuseCard = true)`)
	p.press("#buy")
	p.sees(".status", "Your card number is incomplete")
	p.focusIs("#buy")
	value[bool](p, `(window.refuseCard = false, true)`)
	p.press("#buy")
	p.sees(panelTitle, "Enjoy the show")
	f.between(func() {
		if len(f.tokens) != 1 || f.tokens[0] != "pm_pk_1" {
			t.Errorf("the server heard %q", f.tokens)
		}
		f.payments["script"] = fields + "/nothing.js"
	})
	p.press("#again")
	p.do(chromedp.Reload())
	p.press("#best")
	p.sees(panelTitle, "These seats are yours")
	p.toPay()
	p.sees("#card-wrong", "does not answer. Nothing was paid")
	p.press("#buy")
	p.sees(".status", "does not answer. Nothing was paid")
}
