package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// answers makes the next wishes be answered with these bodies, as the server writes a problem.
func (f *fake) answers(status int, bodies ...string) {
	f.between(func() {
		for _, body := range bodies {
			f.scripted = append(f.scripted, func(w http.ResponseWriter) bool {
				w.Header().Set("Content-Type", "application/problem+json")
				if status == 429 || status == 503 {
					w.Header().Set("Retry-After", "1")
				}
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
				return true
			})
		}
	})
}

// Every refusal is told in words that a fan understands, also one that this page has never heard of and one that is no
// JSON at all.
func TestEveryRefusalIsToldInWords(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	for _, c := range []struct {
		status     int
		body, says string
	}{
		{409, `{"code":"sold_out","title":"x"}`, "No suitable seats are free right now"},
		{409, `{"code":"payment_attempts","title":"x"}`, "tried too often"},
		{409, `{"code":"split_only","title":"x"}`, "Try fewer"},
		{422, `{"code":"too_many_seats","limit":"buyer","title":"x"}`,
			"One buyer may take 8 seats of this event at most"},
		{422, `{"code":"too_many_seats","limit":"booking","title":"x"}`, "One booking can have 8 seats at most"},
		{409, `{"code":"brand_new","title":"The doors are shut","detail":"they open at nine"}`,
			"The doors are shut. they open at nine."},
		{409, `{"code":"brand_new","title":{"no":"text"},"detail":["x"]}`, "Something went wrong"},
		{413, `<html>too large</html>`, "Something went wrong"},
		{409, `{}`, "Something went wrong"},
		{409, `null`, "Something went wrong"},
	} {
		f.answers(c.status, c.body)
		p.click("#best")
		p.sees(".status", c.says)
		if said := value[string](p, `document.querySelector('.status').innerText`); strings.ContainsAny(said,
			"{}<>[]") {
			t.Errorf("%s is told as %q", c.body, said)
		}
		p.until(`document.getElementById('best').getAttribute('aria-disabled') !== 'true'`)
	}
}

// Enough seats, but in too many sections: the fan hears how many one booking can have, and gets them with one press.
func TestWhatCouldBeHadIsOffered(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.click(`[aria-label="One seat more"]`)
	p.click(`[aria-label="One seat more"]`)
	f.answers(409, `{"code":"not_together","title":"x","free":4,"largest_booking":2}`)
	p.press("#best")
	p.sees(".status", "in more sections than one booking can be in: one booking can have 2 at most")
	p.shoot("not-together")
	p.press(".status button")
	p.sees(".panel h2", "These seats are yours")
	p.focusIs(".panel h2")
	p.until(`document.querySelectorAll('#held-seats li').length === 2`)
}

// Fewer seats than wanted: the fan hears how many there are, and not that everything is sold.
func TestTooFewSeatsAreOffered(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.click(`[aria-label="One seat more"]`)
	f.answers(409, `{"code":"not_together","title":"x","free":1,"largest_booking":1}`)
	p.press("#best")
	p.sees(".status", "Only 1 seat like these is free right now.")
	p.press(".status button")
	p.until(`document.querySelectorAll('#held-seats li').length === 1`)
}

// Too many requests: the page says so calmly, waits as long as it was told, and asks again with the same key, whatever
// was wished for.
func TestLimitedRequestsAreAskedAgainWithTheSameKey(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	const limited = `{"code":"rate_limited","title":"Too many requests of one buyer","limit":"buyer"}`
	const unknown = `{"code":"outcome_unknown","title":"x"}`
	f.answers(429, limited)
	seen := make(chan struct{})
	f.between(func() { f.scripted = append(f.scripted, passAfter(seen)) })
	p.click("#best")
	p.sees(".status", "One moment, please")
	close(seen)
	p.sees(".panel h2", "These seats are yours")
	f.answers(503, unknown)
	p.click("#extend")
	p.sees(".status", "You have more time")
	p.toPay()
	f.answers(429, limited)
	p.click("#buy")
	p.sees(".panel h2", "Enjoy the show")
	f.between(func() {
		if len(f.keys) != 2 || f.keys[0] != f.keys[1] {
			t.Errorf("P5: a hold was asked for with the keys %q", f.keys)
		}
		if k := f.changeKeys; len(k) != 4 || k[0] != k[1] || k[2] != k[3] || k[0] == k[2] {
			t.Errorf("P5: more time and a payment were asked for with the keys %q", k)
		}
	})
}

// A sale that has ended by its clock is not "on sale", whatever the switch says.
func TestSaleThatEndedIsToldSo(t *testing.T) {
	f, server := newFake(t, 700)
	f.endsAt = "2020-01-01T00:00:00.000+01:00"
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".card:first-child", "Sale ended")
	p.openEvent(f, server.URL)
	p.sees("#sale", "Sale ended")
	p.sees("#sale-note", "Sale ended")
	p.until(`document.getElementById('best').getAttribute('aria-disabled') === 'true'`)
}
