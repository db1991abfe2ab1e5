package web_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A catalog of many pages without sections in it: "more" goes on where the last page ended, and a page that fails loses
// none that are there.
func TestLongListIsReadPageByPage(t *testing.T) {
	f, server := newFake(t, 500)
	f.lean, f.more = true, 60
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.sees(".cards", "in 24 sections")
	p.until(`document.querySelectorAll('.card a').length === 24`)
	f.between(func() { f.failList = true })
	p.press("#more")
	p.sees("#toasts", "The fake says no") // a code that the page does not know speaks with the server's words
	p.until(`document.querySelectorAll('.card a').length === 24`)
	f.between(func() { f.failList = false })
	p.press("#more")
	p.until(`document.querySelectorAll('.card a').length === 48`)
	p.focusIs(".card:nth-child(25) a")
	p.press("#more")
	p.until(`document.querySelectorAll('.card a').length === 66 && document.getElementById('more').hidden`)
	p.press("#mine-link") // my bookings, page by page with the keyboard; the focus goes on where the last page ended
	p.sees("#mine", "Northern Lights Tour")
	p.sees("#mine .card:first-child", "Confirmed")
	p.until(`document.querySelectorAll('#mine .card').length === 20`)
	p.press("#more")
	p.until(`document.querySelectorAll('#mine .card').length === 40`)
	p.focusIs("#mine .card:nth-child(21) a")
	p.press("#more")
	p.until(`document.querySelectorAll('#mine .card').length === 45 && document.getElementById('more').hidden`)
}

// The list is looked at again while somebody reads it. Cards change in place, the focus stays, and what did not change
// costs no body (ETag).
func TestListIsLookedAtAgain(t *testing.T) {
	f, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".card:first-child", "On sale")
	p.do(chromedp.Focus(chromedp.CSS(".card:first-child a")))
	p.comeBack()
	f.awaitUnchanged(p.ctx, t)
	f.between(func() { f.sale = "paused" })
	p.comeBack()
	p.sees(".card:first-child", "Sale paused")
	p.focusIs(".card:first-child a")
	f.between(func() { f.more = 1 })
	p.comeBack()
	p.until(`document.querySelectorAll('.card a').length === 7`)
	p.focusIs(`[href$="` + eventID + `"]`)
}

// The clock of the venue is what a ticket says. Where the reader's clock shows another time, both are told, and which
// is which.
func TestTimesAreTheVenues(t *testing.T) {
	f, server := newFake(t, 500)
	p := openTab(t)
	for _, c := range []struct{ zone, starts, venue, reader, own string }{
		{"Europe/Berlin", "2027-06-12T19:30:00.000+02:00", "7:30 PM at the venue (Europe/Berlin)", "America/New_York",
			"1:30 PM where you are"},
		{"", "2027-06-12T19:30:00.000+02:00", "7:30 PM at the venue (UTC+02:00)", "America/New_York",
			"1:30 PM where you are"},
		{"", "2027-06-12T00:30:00.000+14:00", "Sat, Jun 12, 2027, 12:30 AM at the venue", "Pacific/Honolulu",
			"Fri, Jun 11, 2027, 12:30 AM where you are"},
		{"Asia/Kathmandu", "2027-06-12T19:30:00.000Z", "1:15 AM at the venue (Asia/Kathmandu)", "Europe/Berlin",
			"9:30 PM where you are"},
		{"Europe/Paris", "2027-06-12T19:30:00.000+02:00", "Sat, Jun 12, 2027, 7:30 PM", "Europe/Berlin", ""},
		{"Nowhere/Land", "2027-06-12T19:30:00.000+02:00", "7:30 PM", "Europe/Berlin", ""},
		{"", "2027-06-12T19:30:00.000Z", "9:30 PM GMT+2", "Europe/Berlin", ""},
	} {
		f.between(func() { f.startsAt, f.zone = c.starts, c.zone })
		p.do(p.zone(c.reader))
		p.open(server.URL + "/")
		p.sees(".card:first-child", c.venue)
		said := value[string](p, `document.querySelector('.card').innerText`)
		if c.own == "" && (strings.Contains(said, "where you are") || strings.Contains(said, "at the venue")) {
			t.Errorf("%s, %s, read in %s: two clocks that agree are both told: %s", c.zone, c.starts, c.reader, said)
		}
		if c.own != "" {
			p.sees(".card:first-child", c.own)
			p.openEvent(f, server.URL)
			p.sees("#when", c.own)
		}
	}
}

func (p *tab) zone(name string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: name})
		return chromedp.Void{}, err
	}
}

// comeBack is what the browser tells a page whose tab is looked at again.
func (p *tab) comeBack() {
	p.Helper()
	value[bool](p, `(document.dispatchEvent(new Event('visibilitychange')), true)`)
}
