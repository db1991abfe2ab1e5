package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// Kind: an event that is called off or put off, and nobody who looks at it or has bought is told.
func TestPageTellsOfAnEventThatIsCalledOff(t *testing.T) {
	f, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/#/e/" + eventID)
	p.sees("#sale", "On sale")
	p.until(`document.getElementById('news').hidden`)
	f.between(func() {
		f.sale = "paused"
		f.news = map[string]any{"postponed": map[string]any{"at": "2027-01-01T00:00:00.000Z", "reason": "storm",
			"starts_unknown": true, "keep_until": "2099-01-01T00:00:00.000Z"}}
	})
	p.do(chromedp.Reload())
	p.sees("#sale", "Postponed")
	p.sees("#news", "This event is put off: storm. Nobody knows the new date yet. What you bought stays yours.")
	p.sees("#news", "you may give your booking back for all of your money")
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
