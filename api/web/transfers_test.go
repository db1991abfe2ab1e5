package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTicketsAreGivenAwayOnThePage: one ticket of two is offered, taken back, offered again by the keyboard alone, and
// accepted on the page of its link, on a telephone; who gave it away sees so.
func TestTicketsAreGivenAwayOnThePage(t *testing.T) {
	axe := loadAxe(t)
	f, server := newFake(t, 500)
	f.travels = true
	p := openTab(t)
	p.do(p.size(390, 844, chromedp.EmulateMobile))
	p.open(server.URL + "/#/me")
	p.sees(".give-away", "Give to somebody else")
	p.fits(390, "my bookings")
	p.clean(axe, "give")
	offer := func() {
		p.press(".give-away button")
		p.until(`document.querySelectorAll('.give-away input[type=checkbox]').length === 2`)
		p.focusIs(".give-away label:nth-of-type(1) input")
		p.do(chromedp.Focus(chromedp.CSS(".give-away label:nth-of-type(2) input")), chromedp.KeyEvent(" "))
		p.press(".give-away .primary")
		p.until(`document.querySelector('.link-field')?.value.endsWith('#/transfer/` + fakeLink + `')`)
		p.focusIs(".give-away .primary")
	}
	p.press(".give-away button")
	p.do(chromedp.KeyEvent(kb.Escape)) // nothing was wanted
	p.focusIs(".give-away button")
	offer()
	p.do(p.size(390, 844, chromedp.EmulateMobile)) // clean has looked at the page in other sizes
	p.fits(390, "the link")
	p.clean(axe, "link")
	p.press(".give-away .quiet")
	p.sees("#toasts", "The tickets are yours")
	p.sees(".give-away", "Give to somebody else")
	offer()

	p.open(server.URL + "/#/transfer/" + fakeLink)
	p.sees("#transfer", "Stalls, A-1-1 (Best)")
	p.do(p.size(390, 844, chromedp.EmulateMobile))
	p.fits(390, "the link's page")
	p.clean(axe, "accept")
	p.press("#accept")
	p.sees("#transfer", "the tickets are yours")
	p.focusIs("#transfer a")
	p.clean(axe, "accepted")
	p.open(server.URL + "/#/transfer/" + fakeLink + "x")
	p.sees("#transfer", "This link leads to no tickets")
	p.open(server.URL + "/#/transfer/" + fakeLink)
	p.sees("#transfer", "Somebody has accepted these tickets already")
	p.open(server.URL + "/#/me")
	p.sees(".give-away", "A-1-1: given to somebody else")
}
