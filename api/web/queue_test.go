package web_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/actors/gate"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

// openRoom goes to the event's waiting room and waits until it is told how things stand.
func (p *tab) openRoom(address string) {
	p.Helper()
	p.open(address + "/#/e/" + eventID)
	p.until(`document.querySelector('.room') && __holdfast.room?.().live`)
}

// roomIs waits for a state of the waiting room's page.
func (p *tab) roomIs(state string) {
	p.Helper()
	p.until(`document.querySelector('.room')?.dataset.state === '` + state + `'`)
}

// joinRoom joins, and waits for the place.
func (p *tab) joinRoom() {
	p.Helper()
	p.press("#room-join")
	p.until(`['waiting', 'entered'].includes(document.querySelector('.room')?.dataset.state)`)
}

// awaits waits until the fake has seen something.
func (f *fake) awaits(p *tab, what string, seen func() bool) {
	p.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		done := false
		f.between(func() { done = seen() })
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			p.Fatalf("the server never saw: %s", what)
		}
	}
}

// P8: the page computes ranks, trees and positions as the engine does, by the engine's own vectors.
func TestPageComputesTheDrawAsTheEngineDoes(t *testing.T) {
	_, server := newFake(t, 500)
	p := openTab(t)
	p.open(server.URL + "/")
	for name, check := range map[string]string{
		"draw": `const d = await import('/assets/queuedraw.js'), h = await import('/assets/hash.js'), bad = [];
			const eq = (a, b, what) => { if (a !== b) bad.push([what, a, b].join(' ')); };
			const leaf = (n) => d.leafOf({ number: n, party: n % 4 + 1, salt: v.salts[n] ?? '00'.repeat(16),
				pseudonym: h.hex(h.u32(n + 1)) + '00'.repeat(11) + 'a5' });
			v.leaves.forEach((hash, n) => eq(h.hex(leaf(n)), hash, 'leaf ' + n));
			for (const t of v.trees) { if (t.number < v.salts.length) {
				eq(d.onPath(t.root, t.leaves, t.number, leaf(t.number), t.path), true, 'path in ' + t.leaves);
				eq(d.onPath(t.root, t.leaves, t.number, leaf(t.number + 1), t.path), false, 'other in ' + t.leaves);
				eq(d.onPath(t.root, t.leaves + 9, t.number, leaf(t.number), t.path), false, 'more than ' + t.leaves);
			} }
			for (const x of v.draws) { eq(d.seedOf(v.event, x.entrants, x.root, x.signature), x.seed, 'seed');
				const order = new d.Order(x.seed, x.entrants);
				for (const [n, place] of x.places) eq(order.place(n), place, n + ' of ' + x.entrants);
				if (x.entrants <= 1000) eq(new Set(Array.from({ length: x.entrants }, (_, n) => order.place(n))).size,
					x.entrants, 'places of ' + x.entrants); }`,
		"position": `const p = await import('/assets/queueposition.js'), bad = [];
			const eq = (a, b, what) => { if (a !== b) bad.push([what, a, b].join(' ')); };
			for (const x of v) { const drawn = ['open', 'drawn'].includes(x.phase);
				const phase = x.sold_out ? 'sold_out' : x.paused ? 'paused' : x.phase;
				const s = p.standing({ ...x, phase, seed: drawn ? x.seed : undefined }, x.number, true);
				eq(s.position, x.position, 'position'); eq(s.ahead, x.ahead, 'ahead');
				eq(s.eta ?? -1, x.eta_seconds ?? -1, 'eta'); if (s.eta === null) eq(s.basis, x.why, 'why'); }`,
	} {
		vectors, err := os.ReadFile("../../actors/gate/" + name + "/testdata/vectors.json")
		if err != nil {
			t.Fatal(err)
		}
		bad := value[string](p, `(async () => { const v = `+string(vectors)+`; `+check+` return bad.join('\n'); })()`)
		if bad != "" {
			t.Errorf("%s:\n%s", name, bad)
		}
	}
}

// P8: the whole way of a fan: lobby, draw, place, turn, map, a hold with the admission; what follows needs none.
func TestFromTheLobbyToTheSeats(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, time.Hour, time.Hour)
	f.happens(func() {
		room.frame.Phase, room.phase, room.ahead, room.frame.Joined = "lobby", gate.Lobby, 6, 6
		room.frame.PriceRange = &waitingroom.PriceRange{From: wire.Money{Amount: 6500, Currency: "EUR"},
			To: wire.Money{Amount: 18500, Currency: "EUR"}}
		room.frame.SoldOut = []string{"Gold"}
		room.frame.Message = "The support act is ill."
	})
	p := openTab(t)
	p.openRoom(server.URL)
	p.watchFocus()
	p.sees(".room", "The lobby closes in")
	p.sees(".room", "€65 to €185")
	p.sees(".room", "No free seats now: Gold.")
	p.sees("#room-message", "The support act is ill.")
	p.shoot("room-lobby")
	p.do(chromedp.SetValue(chromedp.CSS("#room-party"), "4"))
	p.joinRoom()
	p.sees(".room", "6 people are in besides you")
	p.sees(".room", "no longer side by side")
	p.shoot("room-in")
	f.happens(func() { room.frame.Joined = 9 })
	p.sees(".room", "8 people are in besides you")
	f.closes()
	p.sees(".room h2", "The lobby has closed")
	f.draws("a value of the operator's")
	p.sees("#room-place", "in line")
	p.sees("#room-eta", "once the doors are open")
	f.happens(func() { room.frame.Phase, room.phase, room.frame.Pace = "open", gate.Open, 2000 })
	p.sees("#room-eta", "120 people were called")
	var want string
	f.between(func() { want = fmt.Sprint(room.standing(0).Position) })
	p.sees("#room-place", want)
	p.sees("#room-ahead", "ahead of you")
	p.shoot("room-place")
	f.calls()
	p.roomIs("called")
	p.focusIs("#room-go")
	p.sees("#alarm", "It is your turn")
	p.sees(".room", "1 minute more")
	p.shoot("room-turn")
	p.key("Enter")
	p.until(`__holdfast.stats.live === 'live' && __holdfast.settled?.()`)
	p.sees("#session", "Time inside")
	p.shoot("room-inside")
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	p.press("#extend")
	p.sees(".status", "You have more time")
	f.between(func() {
		if room.joins != 1 || room.wishes[0].Party == nil || *room.wishes[0].Party != 4 {
			t.Errorf("P8: %d joins: %+v", room.joins, room.wishes)
		}
		held, extended := f.requests("/v1/events/"+eventID+"/bookings"), f.requests("/v1/bookings/b1/extend")
		if len(held) != 1 || !strings.HasPrefix(held[0].Get("Queue-Admission"), "admission-") ||
			len(extended) != 1 || extended[0].Get("Queue-Admission") != "" {
			t.Errorf("a hold brings the admission, and what follows none: %v, %v", held, extended)
		}
	})
	p.neverLost()
}

// A lost tab comes back to its place, a second tab shows the same one, and neither joins twice (P8).
func TestOnePlaceThroughReloadsAndTabs(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.opens(40, 0)
	p := openTab(t)
	p.openRoom(server.URL)
	p.joinRoom()
	p.sees("#room-place", "41st in line")
	p.do(chromedp.Reload())
	p.sees("#room-place", "41st in line")
	other := p.secondTab()
	other.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
	other.sees("#room-place", "41st in line")
	f.calls()
	p.roomIs("called")
	other.roomIs("called")
	p.press("#room-go")
	p.sees("#session", "Time inside")
	other.sees("#session", "Time inside")
	other.press("#session-leave")
	other.sees(".room h2", "You have left")
	p.sees(".room h2", "You have left")
	p.do(chromedp.Reload())
	p.sees(".room h2", "You have left")
	p.press("#room-again")
	p.until(`document.getElementById('room-place')`)
	other.until(`document.getElementById('room-place')`)
	f.between(func() {
		if room.joins != 2 || len(room.wishes) != 2 || room.leaves != 1 {
			t.Errorf("P8: joins %d, asked for %d times, left %d times", room.joins, len(room.wishes), room.leaves)
		}
	})
}

// A second tab that joins in the same moment finds the place of the first.
func TestTwoTabsJoinOnce(t *testing.T) {
	f, room, server := newFakeRoom(t, time.Hour, 0, time.Hour)
	p := openTab(t)
	p.openRoom(server.URL)
	other := p.secondTab()
	other.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
	other.until(`__holdfast.room?.().live`)
	p.press("#room-join")
	p.roomIs("wished")
	other.roomIs("wished")
	f.opens(3, 0)
	const now = `(() => { const name = Object.keys(localStorage).find((key) => key.startsWith('holdfast.queue.'));
		const kept = JSON.parse(localStorage.getItem(name)); kept.wish.at = 0;
		localStorage.setItem(name, JSON.stringify(kept)); return true; })()`
	value[bool](p, now)
	p.do(chromedp.Reload())
	other.do(chromedp.Reload())
	p.sees("#room-place", "4th in line")
	other.sees("#room-place", "4th in line")
	f.between(func() {
		if room.joins != 1 {
			t.Errorf("P8: two tabs joined %d times", room.joins)
		}
	})
}

// Without a stream the polls tell all; they are as seldom as the server says. A stream that is there again is taken.
func TestRoomWithoutAStream(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.opens(9, 60_000)
	p := openTab(t)
	p.openRoom(server.URL)
	p.joinRoom()
	p.sees("#room-place", "10th in line")
	f.cutLines(true)
	p.sees("#room-line", "now and then")
	f.between(func() { room.frame.Called, room.frame.Seq = 4, room.frame.Seq+1 })
	p.sees("#room-place", "6th in line")
	f.between(func() { room.state, room.frame.Called = "called", 10 })
	p.roomIs("called")
	f.between(func() { room.state, room.frame.Called = "waiting", 4 })
	f.cutLines(false)
	p.until(`__holdfast.room().live`)
}

// A server that is gone loses nobody: the page says so, asks again, and goes on.
func TestRoomOfAServerThatIsGone(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.opens(2, 0)
	p := openTab(t)
	p.openRoom(server.URL)
	p.joinRoom()
	f.between(func() {
		for range 2 {
			room.refusals = append(room.refusals, refusal{"GET", "unavailable", 503})
		}
	})
	f.cutLines(true)
	server.CloseClientConnections()
	p.sees("#room-line", "Your place is kept")
	p.sees("#room-place", "3rd in line")
	p.sees("#room-line", "now and then")
	f.cutLines(false)
	p.until(`__holdfast.room().live`)
}

// A clock step moves nobody: a wall clock that jumps makes the page ask anew, and its countdown follows the server's.
func TestClockStepMovesNobody(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, time.Hour, time.Hour)
	f.happens(func() { room.frame.Phase, room.phase = "lobby", gate.Lobby })
	p := openTab(t)
	p.openRoom(server.URL)
	p.joinRoom()
	f.happens(func() { room.frame.RetryAfter = 600 })
	p.sees("#room-clock", "59:")
	var before int
	f.between(func() { before = room.polls })
	value[bool](p, `(() => { const now = Date.now; Date.now = () => now() + 40 * 60_000; return true; })()`)
	f.awaits(p, "a poll after the clock was set", func() bool { return room.polls > before })
	p.sees("#room-clock", "59:")
	p.roomIs("entered")
}

// A page that was asleep asks when it is seen again, if the time to ask has come; and not before.
func TestPageThatWakesAsksAgain(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.opens(7, 0)
	p := openTab(t)
	p.openRoom(server.URL)
	p.joinRoom()
	p.sees("#room-place", "8th in line")
	f.awaits(p, "the first poll", func() bool { return room.polls > 0 })
	var before int
	f.between(func() { before = room.polls })
	const seen = `(document.dispatchEvent(new Event('visibilitychange')), true)`
	value[bool](p, seen)
	// Nothing is due: with a stream a poll is for a minute later. What is asked next is the turn's, and only one time.
	f.happens(func() { room.frame.Phase = "paused" })
	p.sees(".room h2", "Paused")
	f.between(func() {
		if room.polls != before {
			t.Errorf("the page asked %d times before the time", room.polls-before)
		}
	})
	f.cutLines(true)
	f.awaits(p, "a poll once the stream is gone", func() bool { return room.polls > before })
}
