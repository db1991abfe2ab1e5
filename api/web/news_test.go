package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// Kind: an event that is called off or put off, and nobody who looks at it or has bought is told; a booking that could
// be given back, and no way to do so, or one that does so by accident.
func TestPageTellsOfAnEventThatIsCalledOff(t *testing.T) {
	f, server := newFake(t, 500)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.sees("#sale", "On sale")
	p.until(`document.getElementById('news').hidden`)
	for range 2 {
		p.paysFor("tok_ok")
		p.press("#buy")
		p.sees(panelTitle, "Enjoy the show")
		p.until(`document.querySelector('.give-back').hidden`)
		if len(f.keysSince(0)) < 2 {
			p.press("#again")
		}
	}
	f.postpones("2099-01-01T00:00:00.000Z")
	p.do(chromedp.Reload())
	f.awaitStream(p.ctx, t)
	p.sees("#sale", "Postponed")
	p.sees("#news", "This event is put off: storm. Nobody knows the new date yet. What you bought stays yours.")
	p.sees("#news", "you may give your booking back for all of your money")
	givesBack(t, f, p)
	f.between(func() {
		f.sale = "cancelled"
		f.news = map[string]any{"cancelled": map[string]any{"at": "2027-01-01T00:00:00.000Z",
			"reason": "The singer is ill."}}
	})
	p.do(chromedp.Reload())
	p.sees("#sale", "Cancelled")
	p.sees("#news", "This event is cancelled: The singer is ill. Whatever was paid goes back by itself.")
	p.sees("#sale-note", "Cancelled. You can still look around.")
}

// postpones puts the event off; until then bookings may be given back.
func (f *fake) postpones(until string) {
	f.between(func() {
		f.sale = "paused"
		f.news = map[string]any{"postponed": map[string]any{"at": "2027-01-01T00:00:00.000Z", "reason": "storm",
			"starts_unknown": true, "keep_until": until}}
	})
}

// givesBack has a buyer of two bookings, the second in sight, give both back: with the keyboard, on a phone.
func givesBack(t *testing.T, f *fake, p *tab) {
	t.Helper()
	const offer, now = `[data-focus="give back b2"]`, `[data-focus="give back now b2"]`
	p.do(p.size(360, 640, chromedp.EmulateMobile), p.still())
	p.sees(".give-back", "Not coming after all?")
	var sum string
	f.between(func() { sum = fmt.Sprintf("€%d", f.bookings["b2"].Total.Amount/100) })
	p.sees(".give-back", "you can give this booking back, and "+sum+" goes back to you")
	p.press(offer)
	p.sees(".asked", "Give 2 seats back? The ticket codes end at once")
	p.focusIs(offer) // which keeps them now: a second press gives nothing away
	t.Run("accessible", func(t *testing.T) { p.clean(loadAxe(t), "give-back") })
	p.do(p.size(360, 640, chromedp.EmulateMobile), p.still())
	p.fits(360, "give-back")
	p.key("Escape")
	p.until(`!document.querySelector('.asked')`)
	p.focusIs(offer)
	f.answers(http.StatusConflict, `{"code":"not_returnable","title":"x"}`) // the page's clock is late
	p.key("Enter")
	p.focusIs(offer)
	p.key("Tab")
	p.focusIs(now)
	p.key("Enter")
	p.sees(".status", "The time for giving bookings of this event back has passed")
	f.postpones("2020-01-01T00:00:00.000Z")
	p.do(chromedp.Reload())
	p.sees(".give-back", "That time has passed, and what you bought stays yours")
	p.until(`!document.querySelector('.give-back button')`)
	f.postpones("2099-01-01T00:00:00.000Z")
	p.do(chromedp.Reload())
	p.press(offer)
	p.key("Tab")
	p.focusIs(now)
	f.between(func() { f.refunds = "due" })
	p.key("Enter")
	p.sees(panelTitle, "Given back")
	p.sees(".status", "Given back: "+sum+" goes back to you: we are asking for it")
	f.between(func() { f.taken(f.bookings["b2"]) })
	p.sees(panelTitle, "Refunded") // the page looks by itself
	p.sees(".refund.pending", "is on its way back to you")
	p.press("#again")
	p.sees(".bought .give-back", "Not coming after all?")
	f.between(func() { f.refunds = "pending"; f.returned(f.bookings["b1"]) }) // on another device
	p.press(`[data-focus="give back b1"]`)
	p.sees(".status", "was given back before, here or on another device")
	p.until(`document.querySelectorAll('.bought .refund.pending').length === 2 && !document.querySelector('.ticket')`)
	f.between(func() {
		if keys := f.changeKeys; len(keys) != 4 || keys[2] == keys[3] { // two payments, a refusal, a refund
			t.Errorf("P5: asked with the keys %q", keys)
		}
	})
}
