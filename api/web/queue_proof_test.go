package web_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"holdfast/actors/gate"
	"holdfast/api/wire/drawproof"
)

// drawn brings a page through a lobby to its drawn place.
func (p *tab) drawn(f *fake, room *fakeRoom, address string) {
	p.Helper()
	f.happens(func() {
		room.frame.Phase, room.phase, room.ahead, room.frame.Joined = "lobby", gate.Lobby, 4, 4
	})
	p.openRoom(address)
	p.joinRoom()
	f.happens(func() { room.frame.Joined = 9 })
	f.closes()
	p.sees(".room h2", "The lobby has closed")
	f.draws("a value of the operator's")
	p.sees("#room-place", "in line")
}

const hour = 3600 * second

// "Check my place" recomputes the draw in the browser, and says what it cannot look at (P8).
func TestPlaceIsCheckedInTheBrowser(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, hour, hour)
	p := openTab(t)
	p.drawn(f, room, server.URL)
	p.press("#room-draw summary")
	p.sees("#room-draw", "you have to trust")
	p.press("#room-check")
	p.sees("#room-proof", "Your place is right")
	for _, id := range []string{"event", "witness", "mine", "root", "seed", "rank"} {
		p.until(`document.querySelector('[data-check="` + id + `"]')?.dataset.ok === 'true'`)
	}
	p.until(`document.querySelector('[data-check="operator"]')?.dataset.ok === 'null'`)
	p.shoot("room-proof")
	value[bool](p, `(document.querySelector('#room-proof').scrollIntoView(), true)`)
	p.shoot("room-proof-below")
}

// Kind: an operator who cheats. Whatever is changed after the close, the page of who waited finds it (P8).
func TestPlantedDrawsAreFound(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, hour, hour)
	p := openTab(t)
	p.drawn(f, room, server.URL)
	p.press("#room-draw summary")
	other, less := drawproof.Hash{1}, uint32(8)
	for check, lie := range map[string]func(*drawproof.Document){
		"root":    func(d *drawproof.Document) { d.Place.Path[0] = other },                            // swapped
		"witness": func(d *drawproof.Document) { d.Close.Root = other },                               // another list
		"seed":    func(d *drawproof.Document) { d.Draw.Signature = drawproof.Bytes("a better one") }, // ground
		"rank":    func(d *drawproof.Document) { *d.Place.Rank++ },
		"mine":    func(d *drawproof.Document) { *d.Place.Number-- },           // somebody else's
		"event":   func(d *drawproof.Document) { d.Event = "another" },         // of another event
		"count":   func(d *drawproof.Document) { d.Close.Entrants = &less },    // dropped
		"nothing": func(d *drawproof.Document) { d.Close, d.Place = nil, nil }, // no document
	} {
		f.between(func() { room.draw.lie = lie })
		p.press("#room-check")
		p.sees("#room-proof", "Something does not fit")
		id := map[string]string{"count": "witness", "nothing": "readable"}[check]
		if id == "" {
			id = check
		}
		p.until(`document.querySelector('[data-check="` + id + `"]')?.dataset.ok === 'false'`)
		f.between(func() { room.draw.lie = nil })
		p.press("#room-check")
		p.sees("#room-proof", "Your place is right")
	}
	p.shoot("room-proof-again")
}

// Whoever waits without a stream is a witness too, and believes the first list that was told: one that is swapped
// before the draw is found (P8).
func TestWitnessNeedsNoStream(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, hour, hour)
	f.happens(func() { room.frame.Phase, room.phase, room.ahead, room.frame.Joined = "lobby", gate.Lobby, 4, 4 })
	p := openTab(t)
	p.openRoom(server.URL)
	p.joinRoom()
	f.cutLines(true)
	f.closes()
	p.sees(".room h2", "The lobby has closed")
	p.until(`Object.values(localStorage).some((text) => text.includes('"witness"'))`)
	f.happens(func() { room.frame.Joined++ })
	f.closes() // a friend of the operator's more
	f.draws("a value of the operator's")
	f.cutLines(false)
	p.sees("#room-place", "in line")
	p.press("#room-draw summary")
	p.press("#room-check")
	p.sees("#room-proof", "it was changed")
	p.until(`document.querySelector('[data-check="witness"]')?.dataset.ok === 'false'`)
}

// The round of a beacon is the one that the rule gives, an early close and a late one.
func TestRoundFollowsFromTheRule(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	rule := gate.DrawRule{Chain: [32]byte{1}, Genesis: 1_700_000_000_000, Period: 3000, Round: 1000, Late: 30_000}
	for _, closed := range []gate.Instant{1_700_000_000_000, 1_700_002_900_000, rule.TimeOf(1000) - 30_000,
		rule.TimeOf(1000) - 29_999, rule.TimeOf(1000), 1_700_123_456_789} {
		got := value[uint64](p, `import('/assets/queuedraw.js').then((d) => d.roundAfter({ genesis:
			new Date(1700000000000).toISOString(), period_ms: 3000, round: 1000, late_ms: 30000 },
			new Date(`+strconv.FormatInt(int64(closed), 10)+`).toISOString()))`)
		if want := rule.RoundAfter(closed); got != want {
			t.Errorf("closed at %d: round %d, the gate takes %d", closed, got, want)
		}
	}
}

// Who joined after the close is told so by the proof, and stands at their number.
func TestLatecomersProof(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, hour, hour)
	f.happens(func() { room.frame.Phase, room.phase, room.frame.Joined = "lobby", gate.Lobby, 6 })
	f.closes()
	f.draws("value")
	f.happens(func() { room.frame.Phase, room.phase, room.ahead = "open", gate.Open, 6 })
	p := openTab(t)
	p.openRoom(server.URL)
	p.sees(".room", "The lobby has closed. You can still join")
	p.joinRoom()
	p.sees("#room-place", "7th in line")
	p.press("#room-draw summary")
	p.press("#room-check")
	p.sees("#room-proof", "You joined after the close")
	p.sees("#room-proof", "This browser was not here between")
}

// Calling is calm: off is off, the title says it, and nothing moves for who wants nothing to move.
func TestCallIsCalm(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 3, 0)
	p.until(`document.title.startsWith('3 ahead')`)
	value[bool](p, `(window.tones = 0, window.AudioContext = class { constructor() { tones++; } resume() { return
		Promise.resolve(); } close() { return Promise.resolve(); } }, true)`)
	if value[bool](p, `document.getElementById('room-sound').checked`) {
		t.Error("the sound is on by itself")
	}
	f.calls()
	p.roomIs("called")
	p.until(`document.title.startsWith('Your turn!')`)
	p.until(`document.title.startsWith('Northern')`) // and back: it blinks
	p.until(`document.title.startsWith('Your turn!')`)
	if value[int](p, `tones`) != 0 {
		t.Error("a sound was made that nobody switched on")
	}
	f.happens(func() { room.state, room.frame.Called = "waiting", 0 })
	p.do(chromedp.Reload(), p.still())
	p.roomIs("waiting")
	f.calls()
	p.roomIs("called")
	moved := value[int](p, `new Promise((done) => { let moved = 0; new MutationObserver(() => moved++).observe(
		document.querySelector('title'), { childList: true }); let left = 260; const step = () => (left-- ?
		requestAnimationFrame(step) : done(moved)); step(); })`)
	if moved != 0 {
		t.Errorf("the title changed %d times for who wants nothing to move", moved)
	}
	running := value[int](p, `document.getAnimations().filter((a) => a.playState === 'running').length`)
	if running != 0 {
		t.Errorf("%d animations run for who wants none", running)
	}
}

// The switch is heard at once, and stays as it was set.
func TestSoundIsSwitched(t *testing.T) {
	f, _, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 3, 0)
	p.click("#room-sound")
	p.sees("#room-sound-note", "Off unless")
	p.do(chromedp.Reload())
	p.roomIs("waiting")
	p.until(`document.getElementById('room-sound').checked`)
	const pressed = `(Object.defineProperty(navigator, 'userActivation', { configurable: true,
		value: { hasBeenActive: %t } }), dispatchEvent(new Event('keyup')))`
	value[bool](p, fmt.Sprintf(pressed, false)) // as in a tab in which nobody has pressed anything
	p.sees("#room-sound-note", "Press anywhere")
	value[bool](p, fmt.Sprintf(pressed, true))
	p.sees("#room-sound-note", "Off unless")
	p.click("#room-sound")
	p.until(`!document.getElementById('room-sound').checked`)
}

// The whole waiting room without a mouse.
func TestWaitingByKeyboardAlone(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.opens(3, 0)
	p := openTab(t)
	p.openRoom(server.URL)
	p.tabTo("#room-party")
	p.key("ArrowDown")
	p.tabTo("#room-join")
	p.focusShows()
	p.key("Enter")
	p.sees("#room-place", "4th in line")
	p.focusIs("#room-title")
	p.tabTo("#room-leave")
	p.focusShows()
	p.key("Enter")
	p.focusIs(`[data-focus="Leave"]`)
	p.key("Tab")
	p.focusIs(`[data-focus="Stay"]`)
	p.key("Enter")
	p.tabTo("#room-draw summary")
	p.key("Enter")
	p.sees("#room-draw", "First come, first served")
	f.calls()
	p.focusIs("#room-go")
	p.key("Enter")
	p.sees("#session", "Time inside")
	p.focusIs("#main")
	p.tabTo("#session-leave")
	p.focusShows()
	p.key("Enter")
	p.sees(".room h2", "You have left")
	f.between(func() {
		if *room.wishes[0].Party != 2 {
			t.Errorf("the party is %d", *room.wishes[0].Party)
		}
	})
}

// Every state of the waiting room passes axe-core, light and dark, on a desktop and on a phone.
func TestWaitingRoomIsAccessible(t *testing.T) {
	axe := loadAxe(t)
	_, room, server := newFakeRoom(t, hour, 2*hour, 3*hour)
	room.rules["presale"] = true
	p := openTab(t)
	p.openRoom(server.URL)
	p.clean(axe, "room-before")
	p.do(chromedp.SendKeys(chromedp.CSS("#room-code"), "ABC"))
	p.press("#room-join")
	p.roomIs("wished")
	p.clean(axe, "room-wished")
	p.press("#room-unwish")
	p.roomIs("outside")
	g, room, server := newFakeRoom(t, -second, hour, hour)
	p.drawn(g, room, server.URL)
	g.happens(func() { room.frame.Message, room.frame.SoldOut = "Please bring a coat.", []string{"Gold"} })
	p.press("#room-draw summary")
	p.press("#room-check")
	p.sees("#room-proof", "Your place is right")
	p.press("#room-proof summary")
	p.clean(axe, "room-drawn")
	p.press("#room-leave")
	p.clean(axe, "room-leaving")
	p.press(`[data-focus="Stay"]`)
	g.between(func() { room.full = true })
	g.calls()
	p.roomIs("called")
	p.clean(axe, "room-called")
	p.press("#room-go")
	p.roomIs("going")
	p.clean(axe, "room-going")
	g.between(func() { room.full = false })
	p.until(`window.__holdfast?.stats.live === 'live' && __holdfast.settled?.()`)
	p.clean(axe, "room-inside")
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	p.sessionEnds(20_000)
	p.clean(axe, "room-inside-late")
	p.sessionEnds(-1)
	p.clean(axe, "room-inside-over")
	g.between(func() { room.ends("finished") })
	p.press("#release")
	p.press("#again")
	p.sees(".room h2", "Your time inside is over")
	p.clean(axe, "room-gone")
}

// On a small telephone nothing is cut off, and every button is large enough for a finger.
func TestWaitingRoomFitsATelephone(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, hour, hour)
	p := openTab(t)
	p.do(p.size(320, 640, chromedp.EmulateMobile))
	p.drawn(f, room, server.URL)
	p.press("#room-draw summary")
	p.press("#room-check")
	p.sees("#room-proof", "Your place is right")
	p.press("#room-proof summary")
	const wrong = `(() => { const bad = [];
		for (const el of document.querySelectorAll('.room *:not(.vh)')) { const { right } = el.getBoundingClientRect();
			if (right > 321 && el.checkVisibility()) bad.push(el.outerHTML.slice(0, 60) + ' ends at ' + right); }
		for (const el of document.querySelectorAll('.room :is(button, a, summary, select, label.check)')) {
			const { width, height } = el.getBoundingClientRect();
			if (el.checkVisibility() && Math.min(height, width) < 36) bad.push(el.outerHTML.slice(0, 60)); }
		return bad.join('\n'); })()`
	if bad := value[string](p, wrong); bad != "" {
		t.Error(bad)
	}
	p.shoot("room-phone")
	f.calls()
	p.roomIs("called")
	p.shoot("room-phone-turn")
	if bad := value[string](p, wrong); bad != "" {
		t.Error(bad)
	}
	p.press("#room-go")
	p.until(`window.__holdfast?.stats.live === 'live' && __holdfast.settled?.()`)
	p.shoot("room-phone-inside")
}
