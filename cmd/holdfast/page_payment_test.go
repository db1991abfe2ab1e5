package main

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// P5, P6, in a browser against the real server: kill -9 in the middle of a payment. The page says that nobody knows
// yet, finds its booking again, by itself and after a reload, and the seats are charged once.
func TestPageFindsItsPaymentAfterACrash(t *testing.T) {
	r := &roomPage{T: t, ctx: browse(t), p: newProcess(t, buildBinary(t), "--data", filepath.Join(t.TempDir(), "d"))}
	if err := r.p.start(); err != nil {
		t.Fatal(err)
	}
	defer func() { r.p.kill() }()
	r.sells()
	r.do(chromedp.Navigate("http://" + r.p.address + "/#/e/" + r.event))
	until(t, r.ctx, `window.__holdfast?.stats.live === 'live' && __holdfast.settled?.()`)
	for round, after := range []func(){func() {}, func() { r.do(chromedp.Reload()) }} {
		r.click("#best")
		if round == 0 { // and never again: the server keeps it, over a kill
			saysHowToBeReached(t, r.ctx)
		}
		r.click("#to-pay")
		r.pays("tok_slow")
		until(t, r.ctx, `document.querySelector('.panel').ariaBusy === 'true' ||
			document.querySelector('.panel').dataset.view === 'paying'`)
		r.p.kill()
		until(t, r.ctx, `document.querySelector('.panel').dataset.view === 'unsure' ||
			document.getElementById('pay-offline')?.checkVisibility()`)
		r.sees("#need-not", "You need not pay again")
		shoot(t, r.ctx, "pay-killed")
		if err := r.p.start(); err != nil {
			t.Fatal(err)
		}
		after()
		r.getsTickets()
		if round == 0 {
			r.click("#again")
		}
	}
	sold, err := chromedp.Run(r.ctx, chromedp.Evaluate[int](
		`fetch('/v1/events/`+r.event+`/availability').then((a) => a.json()).then((all) =>
			all.sections.reduce((n, s) => n + [...s.status].filter((letter) => letter === 's').length, 0))`,
		chromedp.EvalAwaitPromise))
	if err != nil || sold != 4 {
		t.Errorf("two bookings of two seats each sold %d seats, %v", sold, err)
	}
}

// pays chooses a means of payment and pays.
func (r *roomPage) pays(token string) {
	r.Helper()
	until(r.T, r.ctx, `document.getElementById('token')`)
	r.do(chromedp.SetValue(chromedp.CSS("#token"), token))
	r.click("#buy")
}

// getsTickets waits for the outcome. Where the kill came before the processor heard of the payment, nothing was charged
// and the seats are still held: the buyer pays again.
func (r *roomPage) getsTickets() {
	r.Helper()
	// Before it has found this booking again, the page lists what was bought before.
	const tickets = `document.querySelectorAll('[data-view="confirmed"] .tickets li').length >= 2`
	until(r.T, r.ctx, tickets+` || document.querySelector('[data-view="pay"] .notice.bad')`)
	shoot(r.T, r.ctx, "pay-found")
	bought, err := chromedp.Run(r.ctx, chromedp.Evaluate[bool](tickets))
	if err != nil {
		r.Fatal(err)
	}
	if bought {
		return
	}
	// What went wrong may have been the way to the server alone: then the outcome is found after all.
	until(r.T, r.ctx, tickets+` || document.getElementById('token')`)
	unpaid, err := chromedp.Run(r.ctx, chromedp.Evaluate[bool](`!(`+tickets+`)`))
	if err != nil {
		r.Fatal(err)
	}
	if unpaid {
		r.pays("tok_ok")
	}
	until(r.T, r.ctx, tickets)
}

// sells makes an event that is on sale, without a waiting room.
func (r *roomPage) sells() {
	r.Helper()
	made, err := r.p.askOnce("", "POST", "/v1/events", "event", `{"name":"Crash","starts_at":"2035-06-01T19:30:00Z",`+
		`"currency":"EUR","prices":{"*":4500},"plan":`+smallPlan+`}`)
	if err != nil || made.status != http.StatusCreated {
		r.Fatalf("%v %+v", err, made)
	}
	r.event = made.ID
	sale, err := r.p.askOnce("", "POST", "/v1/events/"+r.event+"/sale", "sale", `{"state":"open"}`)
	if err != nil || sale.status != http.StatusOK {
		r.Fatalf("%v %+v", err, sale)
	}
}
