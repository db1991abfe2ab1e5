package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// endsIn moves the end of every hold, and has the page read it.
func (p *tab) endsIn(f *fake, d time.Duration) {
	p.Helper()
	f.between(func() {
		for _, b := range f.bookings {
			f.expireIn(b, d)
		}
	})
	p.do(chromedp.Reload())
	p.sees(panelTitle, "These seats are yours")
}

// wishes counts the wishes of buyers, other than holds.
func (f *fake) wishes() (n int) {
	f.between(func() { n = len(f.changeKeys) })
	return n
}

// Kind: seats that are lost because nobody said so in time, and keys that take what a reader or a field needs. One key
// gives more time, it can be turned off, and it is no key in a list of choices.
func TestHoldWarnsAndOneKeyExtends(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(panelTitle, "These seats are yours")
	p.until(`document.getElementById('hold-ends').hidden`)
	p.endsIn(f, 59*time.Second)
	p.sees("#hold-ends", "left. Press “More time” or the key E")
	p.sees("#say", "or the key E")
	p.shoot("hold-ends")
	p.key("e")
	p.sees(".status", "You have more time")
	p.until(`document.getElementById('hold-ends').hidden`)
	p.endsIn(f, 19*time.Second)
	p.sees("#hold-ends.bad", "Only ")
	p.sees("#say", "Only ")
	p.shoot("hold-ends-last")
	before := f.wishes()
	p.do(chromedp.Focus(chromedp.CSS("#extend-key")))
	p.key(" ")
	p.until(`!document.getElementById('extend-key').checked`)
	p.key("e") // turned off: nothing is asked, or it would be under way at once
	p.until(`document.getElementById('extend').getAttribute('aria-disabled') === null &&
		document.getElementById('extend').getAttribute('aria-keyshortcuts') === null`)
	if after := f.wishes(); after != before {
		t.Error("a key that is turned off asks for more time")
	}
	p.do(chromedp.Focus(chromedp.CSS("#extend-key")))
	p.key(" ")
	p.toPay()
	p.do(chromedp.Focus(chromedp.CSS("#token")))
	p.key("e")
	p.until(`document.getElementById('extend').getAttribute('aria-disabled') === null`)
	if after := f.wishes(); after != before {
		t.Error("a letter typed into a list of choices asks for more time")
	}
	p.focusIs("#token")
	p.do(chromedp.Focus(chromedp.CSS("#to-seats")))
	p.key("e") // at the payment step too
	p.sees(".status", "You have more time")
}

// Kind: a promise of time that is not to be had. The last extension says that it is the last, and the refusal too.
func TestHoldSaysWhenItsCeilingIsReached(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.press("#best")
	p.sees(panelTitle, "These seats are yours")
	f.between(func() { f.ttl = 55 * time.Second }) // what is left to the ceiling
	p.press("#extend")
	p.sees(".status", "for the last time")
	p.sees("#hold-ends", "cannot be kept any longer: pay now, or let them go")
	p.until(`document.getElementById('extend').getAttribute('aria-disabled') === 'true'`)
	p.focusIs("#extend")
	f.between(func() { f.ttl = 10 * time.Minute })
	p.endsIn(f, 50*time.Second)
	p.sees("#hold-ends", "Press “More time”") // a new page does not know yet
	f.answers(http.StatusConflict, `{"code":"extension_limit","title":"x"}`)
	p.key("e")
	p.sees(".status", "cannot be extended any further")
	p.sees("#hold-ends", "cannot be kept any longer")
}

// A hold that ran out is told kindly, and its seats are one press away, as far as nobody else has them.
func TestLapsedHoldIsOnePressAway(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	f.between(func() { f.ttl = 1200 * time.Millisecond })
	p.press("#best")
	p.sees(panelTitle, "Your time ran out")
	p.sees("#hold-again", "Hold the same 2 seats again")
	p.shoot("lapsed")
	f.between(func() { f.ttl = 10 * time.Minute })
	p.press("#hold-again")
	p.sees(panelTitle, "These seats are yours")
	seats := func(id string) (seats []string) {
		f.between(func() { seats = f.bookings[id].Seats })
		return seats
	}
	if one, two := seats("b1"), seats("b2"); len(two) != 2 || one[0] != two[0] || one[1] != two[1] {
		t.Errorf("%q became %q", one, two)
	}
	p.press("#release")
	p.press("#again")
	f.between(func() { f.ttl = 1200 * time.Millisecond })
	p.press("#best")
	p.sees(panelTitle, "Your time ran out")
	taken := seats("b3")
	f.mark('s', 0, taken[0])
	p.sees("#hold-again", "Hold the 1 seat that is still free")
	f.mark('s', 0, taken[1])
	p.sees("#hold-again-gone", "Somebody else has these seats")
	p.until(`document.getElementById('hold-again').hidden`)
}

// Seats of several sections are one basket; a server that sells one section a booking is understood too.
func TestBasketOfSeveralSections(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(0)
	three, _ := f.twoFree(1)
	p.chooses(one, two, three)
	if heads := value[int](p, `document.querySelectorAll('#chosen section h3').length`); heads != 2 {
		t.Errorf("%d headings over seats of two sections", heads)
	}
	p.shoot("basket")
	p.press(`#chosen section:last-child [data-focus^="remove"]`)
	p.until(`__holdfast.chosen().length === 2 && !document.querySelector('#chosen h3')`)
	p.chooses(one, two, three)
	p.press("#hold")
	p.sees(panelTitle, "These seats are yours")
	p.until(`document.querySelectorAll('#held-seats section li').length === 3`)
	p.shoot("basket-held")
	p.press("#release")
	p.press("#again")
	p.chooses(one, two, three)
	f.answers(http.StatusConflict, `{"code":"too_many_sections","title":"x"}`)
	p.press("#hold")
	p.sees(".status", "at most eight sections")
	p.shoot("basket-refused")
	p.press(".status button") // the first section's two
	p.sees(panelTitle, "These seats are yours")
	p.until(`document.querySelectorAll('#held-seats li').length === 2`)
	p.press("#release")
	p.press("#again")
	p.until(`__holdfast.chosen().join() === '` + three + `'`) // the other section's is still wished for
}

// Kind: a refusal that is waited out in silence. Seats that this buyer's bank was asked about for nothing are let go
// of, with the time after which they may be had; the others stay chosen.
func TestSeatsThatCoolDownAreLetGoOf(t *testing.T) {
	f, server := newFake(t, 700)
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(0)
	p.chooses(one, two)
	f.between(func() {
		f.scripted = []script{func(w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "60")
			f.refuse(w, 429, "challenge_cool_down", one)
			return true
		}}
	})
	p.press("#hold")
	p.sees(".status", "others may have them first")
	p.sees(".status", "ask for these again in 1 minute")
	p.until(`__holdfast.chosen().join() === '` + two + `'`)
	p.press("#hold")
	p.sees(panelTitle, "These seats are yours")
}

// chooses clicks those seats that are not chosen.
func (p *tab) chooses(seats ...string) {
	p.Helper()
	for _, seat := range seats {
		if !value[bool](p, `__holdfast.chosen().includes('`+seat+`')`) {
			p.clickSeat(seat)
			p.until(`__holdfast.chosen().includes('` + seat + `')`)
		}
	}
}
