package web_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const houseSeats = 40_000

// twoFree answers two neighbours of the first row that has them.
func (f *fake) twoFree(section int) (string, string) {
	row := f.house.Sections[section].Rows[2]
	return row.Seats[3].ID, row.Seats[4].ID
}

func TestEventsAreListedAndFound(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.sees(".cards", "from")
	p.sees(".cards", "On sale")
	p.shoot("list")
	p.do(p.dark())
	p.shoot("list-dark")
	p.do(chromedp.SendKeys(chromedp.CSS("#search"), "derby"))
	p.until(`document.querySelectorAll('.card a').length === 1`)
	p.sees(".cards", "City Derby")
	p.do(chromedp.SendKeys(chromedp.CSS("#search"), "zzz"))
	p.sees(".cards", "No event matches")
}

func TestMapIsDrawnAndRestsWhenIdle(t *testing.T) {
	f, server := newFake(t, houseSeats)
	f.lived()
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.shoot("map-far")
	colours := value[int](p, `(() => { const c = document.getElementById('map'),
		d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, seen = new Map();
		for (let i = 0; i < d.length; i += 4) { const k = d[i] << 16 | d[i+1] << 8 | d[i+2];
			seen.set(k, (seen.get(k) ?? 0) + 1); }
		return [...seen.values()].filter((n) => n > 400).length; })()`)
	if colours < 3 {
		t.Fatalf("the map shows %d colours, expected the ground and at least two categories", colours)
	}
	drawn := value[int](p, `new Promise((done) => { const before = __holdfast.stats.frames; let left = 40;
		const step = () => (left-- ? requestAnimationFrame(step) : done(__holdfast.stats.frames - before)); step(); })`)
	if drawn != 0 {
		t.Fatalf("an idle page drew %d frames in 40 turns of the browser", drawn)
	}
	value[bool](p, `(document.querySelector('[aria-label="Zoom in"]').click(), true)`)
	p.until(`__holdfast.settled()`)
	p.shoot("map-middle")
	x, y := p.show(f.house.Sections[30].Rows[2].Seats[3].ID)
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	p.sees(".tip", "Seat")
	p.shoot("map-near")
	t.Logf("draw times at %d seats: %s", houseSeats, value[string](p, `JSON.stringify(__holdfast.stats)`))
}

func TestPanAndZoomStatsAtFullHouse(t *testing.T) {
	f, server := newFake(t, houseSeats)
	p := openTab(t)
	p.openEvent(f, server.URL)
	value[bool](p, `new Promise((done) => { const map = document.getElementById('map'); let turn = 0;
		const step = () => { if (turn++ === 120) return done(true);
			map.dispatchEvent(new WheelEvent('wheel', { deltaY: turn < 60 ? -60 : 60, clientX: 300, clientY: 300,
				bubbles: true, cancelable: true })); requestAnimationFrame(step); };
		step(); })`)
	p.until(`__holdfast.settled()`)
	if frames := value[int](p, `__holdfast.stats.frames`); frames < 100 {
		t.Fatalf("120 turns of the wheel drew only %d frames", frames)
	}
	t.Logf("wheel in and out over %d seats: %s", houseSeats, value[string](p, `JSON.stringify(__holdfast.stats)`))
}

func TestChooseHoldBuyTicket(t *testing.T) {
	f, server := newFake(t, houseSeats)
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(0)
	p.clickSeat(one)
	p.clickSeat(two)
	p.until(`__holdfast.chosen().length === 2`)
	p.shoot("chosen")
	p.click("#hold")
	p.sees(".panel h2", "These seats are yours")
	p.sees("#to-pay", "€290") // two of the second category
	clock := value[string](p, `document.getElementById('countdown').textContent`)
	if !regexp.MustCompile(`^(10:00|9:\d\d)$`).MatchString(clock) {
		t.Fatalf("countdown shows %q right after a hold of ten minutes", clock)
	}
	p.until(`document.getElementById('countdown').textContent !== '` + clock + `'`) // it moves
	p.shoot("held")
	p.do(chromedp.Reload())
	p.sees(".panel h2", "These seats are yours") // P2, P5: a reload loses nothing
	p.click("#extend")
	p.sees(".status", "You have more time")
	p.toPay()
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_declined"))
	p.click("#buy")
	p.sees(".status", "declined")
	p.shoot("declined")
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_ok"))
	p.click("#buy")
	p.sees(".tickets", "HF-7Q2M-K9XD-0002")
	p.until(`__holdfast.seatLetter('` + one + `') === 's'`)
	p.shoot("ticket")
	p.click("#again")
	p.sees(".bought", "Your tickets (2)")
}

func TestBestTogetherThenSlowPayment(t *testing.T) {
	f, server := newFake(t, 2000)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.click("#best")
	p.sees(".panel h2", "These seats are yours")
	p.until(`document.querySelectorAll('#held-seats li').length === 2`)
	p.toPay()
	p.do(chromedp.SetValue(chromedp.CSS("#token"), "tok_slow"))
	p.click("#buy")
	p.sees(".panel h2", "Checking your payment") // 202: the answer is not known yet
	p.shoot("paying")
	f.between(func() { f.sell(f.bookings["b1"]) })
	p.sees(".tickets", "HF-7Q2M-K9XD-0001")
}

func TestReleaseAndExpiry(t *testing.T) {
	f, server := newFake(t, 2000)
	p := openTab(t)
	p.openEvent(f, server.URL)
	p.click("#best")
	p.sees(".panel h2", "These seats are yours")
	p.click("#release")
	p.sees(".panel h2", "Seats released")
	p.click("#again")
	f.between(func() { f.ttl = 2 * time.Second })
	p.click("#best")
	p.sees(".panel h2", "Your time ran out") // P4, as the buyer sees it
	p.shoot("expired")
}

func TestSomebodyWasFaster(t *testing.T) {
	f, server := newFake(t, houseSeats)
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(0)
	p.clickSeat(one)
	p.clickSeat(two)
	p.until(`__holdfast.chosen().length === 2`)
	f.mu.Lock()
	at := f.place[one]
	f.letters[at[0]][at[1]] = 'h' // taken, and the page has not heard of it
	f.mu.Unlock()
	p.click("#hold")
	p.sees(".status", "Somebody was faster")
	p.until(`__holdfast.chosen().join() === '` + two + `'`)
	p.shoot("faster")
	f.mark('s', 0, two) // the live map tells of the other
	p.until(`__holdfast.chosen().length === 0`)
	p.sees(".status", "Somebody was faster")
}

func TestBusyServerIsAskedAgainWithTheSameKey(t *testing.T) {
	f, server := newFake(t, 2000)
	p := openTab(t)
	p.openEvent(f, server.URL)
	busy := func(w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "1")
		f.refuse(w, 503, "overloaded")
		return true
	}
	seen := make(chan struct{})
	f.between(func() { f.scripted = []script{busy, busy, passAfter(seen)} })
	p.click("#best")
	p.sees(".status", "Trying again by itself (2)")
	close(seen)
	p.sees(".panel h2", "These seats are yours")
	f.serial.Lock()
	defer f.serial.Unlock()
	if len(f.keys) != 3 || f.keys[0] == "" || f.keys[0] != f.keys[1] || f.keys[1] != f.keys[2] {
		t.Fatalf("P5: three attempts carried the keys %q", f.keys)
	}
}

func TestWishSurvivesReload(t *testing.T) {
	f, server := newFake(t, 2000)
	p := openTab(t)
	p.openEvent(f, server.URL)
	asked := make(chan struct{}, 1)
	f.between(func() {
		f.scripted = []script{func(w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "60")
			f.refuse(w, 503, "outcome_unknown")
			asked <- struct{}{}
			return true
		}}
	})
	p.click("#best")
	<-asked
	p.sees(".status", "Trying again")
	p.do(chromedp.Reload())
	p.sees(".panel h2", "These seats are yours")
	f.serial.Lock()
	defer f.serial.Unlock()
	if len(f.keys) != 2 || f.keys[0] != f.keys[1] || len(f.bookings) != 1 {
		t.Fatalf("P5: keys %q made %d bookings", f.keys, len(f.bookings))
	}
}

func TestLiveDeltasGapsAndCheckpoints(t *testing.T) {
	f, server := newFake(t, houseSeats)
	p := openTab(t)
	p.openEvent(f, server.URL)
	one, two := f.twoFree(1)
	x, y := p.show(one)
	before := p.pixel(x, y)
	layers := value[int](p, `__holdfast.stats.layerDraws`)
	f.mark('s', 0, one)
	p.until(`__holdfast.seatLetter('` + one + `') === 's' && __holdfast.settled()`)
	if after := p.pixel(x, y); after == before {
		t.Fatalf("P9: the seat's pixel stayed %s when it was sold", before)
	}
	if again := value[int](p, `__holdfast.stats.layerDraws`); again != layers {
		t.Fatalf("one changed seat redrew the whole picture (%d times)", again-layers)
	}
	f.merged('h', 4, one, two) // P9: several records in one frame are no gap
	p.until(`__holdfast.seatLetter('` + one + `') === 'h' && __holdfast.seatLetter('` + two + `') === 'h'`)
	if n := value[int](p, `__holdfast.stats.gaps`); n != 0 {
		t.Fatalf("P9: %d gaps in a frame that tells its range", n)
	}
	f.mark('a', 3, two) // three records are lost on the way: P9, the page must notice
	p.until(`__holdfast.stats.gaps === 1 && __holdfast.seatLetter('` + two + `') === 'a'`)
	f.checkpoint(1)
	p.until(`__holdfast.stats.checkpoints === 1`)
	if n := value[int](p, `__holdfast.stats.mismatches`); n != 0 {
		t.Fatalf("P9: %d mismatches on an equal map", n)
	}
	f.mu.Lock()
	f.letters[1][0] = 's' // silently different: only the hash can tell
	f.mu.Unlock()
	f.checkpoint(1)
	p.until(`__holdfast.stats.mismatches === 1 && __holdfast.seatLetter('` +
		f.house.Sections[1].Rows[0].Seats[0].ID + `') === 's'`)
	server.CloseClientConnections()
	p.until(`__holdfast.stats.drops > 0 && __holdfast.stats.live === 'live'`)
}

func TestKeyboardAlone(t *testing.T) {
	f, server := newFake(t, houseSeats)
	p := openTab(t)
	p.openEvent(f, server.URL)
	for range 12 { // Tab reaches the map
		p.do(chromedp.KeyEvent(kb.Tab))
		if value[bool](p, `document.activeElement.id === 'map'`) {
			break
		}
	}
	if !value[bool](p, `document.activeElement.id === 'map'`) {
		t.Fatal("Tab does not reach the map")
	}
	p.do(chromedp.KeyEvent(kb.ArrowRight))
	p.until(`__holdfast.cursor() !== '' && __holdfast.settled()`)
	first := value[string](p, `__holdfast.cursor()`)
	p.sees("#say", "available")
	p.do(chromedp.KeyEvent(kb.ArrowRight))
	p.until(`__holdfast.cursor() !== '` + first + `' && __holdfast.settled()`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(`__holdfast.chosen().length === 1`)
	p.shoot("keyboard")
	p.do(chromedp.KeyEvent(" "))
	p.until(`__holdfast.chosen().length === 0`)
	p.do(chromedp.KeyEvent(kb.Enter), chromedp.Focus(chromedp.CSS("#hold")), chromedp.KeyEvent(kb.Enter))
	p.sees(".panel h2", "These seats are yours")
	// Focus is not lost when the panel changes.
	p.until(`document.activeElement.textContent === 'These seats are yours'`)
}

func TestPhone(t *testing.T) {
	f, server := newFake(t, houseSeats)
	p := openTab(t)
	p.do(p.size(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)))
	p.open(server.URL + "/")
	p.sees(".cards", "Northern Lights Tour")
	p.shoot("phone-list")
	p.openEvent(f, server.URL)
	p.shoot("phone-far")
	if wide := value[float64](p, `document.documentElement.scrollWidth`); wide > 390 {
		t.Fatalf("the page is %v px wide on a phone of 390", wide)
	}
	if high := value[float64](p, `document.getElementById('map').clientHeight`); high < 280 {
		t.Fatalf("the map is only %v px high", high)
	}
	before := value[float64](p, `__holdfast.scale()`)
	for step, kind := range []input.DispatchTouchEventType{input.DispatchTouchEventTypeTouchStart,
		input.DispatchTouchEventTypeTouchMove, input.DispatchTouchEventTypeTouchMove} {
		p.do(p.touch(kind, 180-20*float64(step), 220+20*float64(step)))
	}
	p.do(p.touch(input.DispatchTouchEventTypeTouchEnd))
	p.until(`__holdfast.settled()`)
	if after := value[float64](p, `__holdfast.scale()`); after < before*1.8 {
		t.Fatalf("two fingers moving apart from 40 to 120 px scaled the map from %v to %v", before, after)
	}
	one, _ := f.twoFree(0)
	x, y := p.show(one)
	p.do(chromedp.TapXY(x, y))
	p.until(`__holdfast.chosen().join() === '` + one + `'`)
	p.shoot("phone-chosen")
	p.do(chromedp.Tap(chromedp.CSS("#hold")))
	p.sees(".panel h2", "These seats are yours")
	p.shoot("phone-held")
	p.do(p.dark())
	p.do(chromedp.Tap(chromedp.CSS("#to-pay")))
	p.until(`document.getElementById('token')`)
	p.shoot("phone-pay-dark")
	p.do(chromedp.Tap(chromedp.CSS("#buy")))
	p.sees(".tickets", "HF-7Q2M-K9XD-0001")
	p.shoot("phone-ticket-dark")
}

func TestOperatorOpensTheSale(t *testing.T) {
	f, server := newFake(t, 500)
	f.sale = "closed"
	p := openTab(t)
	p.open(server.URL + "/?operator#/e/" + eventID)
	p.sees("#sale-note", "Not on sale")
	p.do(chromedp.SendKeys(chromedp.CSS(".operator input"), "dev"))
	p.click(`[data-sale="open"]`)
	p.sees("#sale", "On sale")
	p.until(`document.getElementById('best').getAttribute('aria-disabled') !== 'true'`)
	p.shoot("operator")
}
