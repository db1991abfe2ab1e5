package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/actors/gate"
	"holdfast/api/proofofwork"
)

// waits brings a page to a place of a room without a lobby, with so many ahead.
func (p *tab) waits(f *fake, address string, ahead, pace uint32) {
	p.Helper()
	f.opens(ahead, pace)
	p.openRoom(address)
	p.joinRoom()
	p.until(`document.getElementById('room-place')?.textContent !== ''`)
}

// Whoever loses a place is told why, kindly, and what can be done; nobody is left at a dead end. Each end of a place.
func TestEndsOfAPlaceAreTold(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 30, 0)
	p.watchFocus()
	for gone, words := range map[string]string{"lapsed": "Your turn has passed", "finished": "Your time inside is over",
		"left": "You have left"} {
		f.happens(func() { room.ends(gone); room.frame.Called = room.frame.Joined })
		p.sees(".room h2", words)
		f.happens(func() { room.frame.Called = 0 })
		p.press("#room-again")
		p.roomIs("waiting")
	}
	p.press("#room-leave")
	p.sees(".status", "Your place will be gone")
	p.press(`[data-focus="Stay"]`)
	p.until(`!document.querySelector('.status').innerText.includes('gone')`)
	p.press("#room-leave")
	p.press(`[data-focus="Leave"]`)
	p.sees(".room h2", "You have left")
	p.focusIs("#room-title")
	p.shoot("room-left")
	f.happens(func() { room.frame.Phase = "sold_out" })
	p.until(`!document.getElementById('room-again')?.checkVisibility()`)
	p.neverLost()
}

// A turn that is refused says so, and leads on: each code of the API that ends one.
func TestRefusedTurnsLeadOn(t *testing.T) {
	for code, words := range map[string]string{"turn_lapsed": "Your turn has passed", "place_left": "You have left",
		"session_ended": "Your time inside is over", "wrong_buyer": "How many of you",
		"wrong_event": "How many of you", "token_forged": "How many of you", "place_unknown": "How many of you"} {
		f, room, server := newFakeRoom(t, -second, 0, -second)
		p := openTab(t)
		p.waits(f, server.URL, 3, 0)
		f.calls()
		p.roomIs("called")
		f.between(func() { room.refusals = []refusal{{"POST", code, 409}}; room.ends("left") })
		p.press("#room-go")
		p.sees(".room", words)
		if code == "wrong_buyer" {
			p.sees(".status", "belongs to somebody else")
		}
	}
}

// A place that is only signed with an older key is signed anew without a word, and stays the same place (P8).
func TestOutdatedPlaceIsSignedAnew(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 11, 0)
	f.between(func() {
		room.place = "place-of-the-new-key"
		room.refusals = []refusal{{"GET", "token_outdated", 403}}
	})
	p.do(chromedp.Reload())
	f.awaits(p, "a second join", func() bool { return len(room.wishes) == 2 })
	p.sees("#room-place", "12th in line")
	f.between(func() {
		if room.joins != 1 {
			t.Errorf("P8: %d places were given", room.joins)
		}
	})
}

// Pauses, sold-out houses and slower lines are told as what they are, and a later ETA says why it is later.
func TestWaitingIsToldHonestly(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 119, 2000)
	p.sees("#room-eta", "about 1 minute.")
	p.sees("#room-eta", "no promise")
	p.sees("#room-ahead", "At most 119 people are ahead")
	f.happens(func() { room.frame.Pace = 500 })
	p.sees("#room-grew", "people ahead of you take longer")
	p.sees("#room-eta", "about 4 minutes.")
	f.happens(func() { room.frame.Phase = "paused" })
	p.sees("#room-eta", "nobody can say how long")
	p.sees("#room-next", "Turns stand still")
	f.happens(func() { room.frame.Phase, room.frame.Pace = "open", 100 })
	p.sees("#room-grew", "during the pause")
	f.happens(func() { room.frame.Phase = "sold_out" })
	p.sees(".room h2", "Everything is sold or held")
	p.sees("#room-next", "held seats can come back")
	p.shoot("room-sold-out")
	f.happens(func() { room.frame.Phase, room.frame.Pace = "open", 0 })
	p.sees("#room-eta", "Nobody was called in the last minute")
}

// Whoever comes when no slot is free is kept in order, through a reload, and is let in without pressing again.
func TestWhoIsPresentGoesInByThemselves(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 2, 0)
	f.between(func() { room.full = true })
	f.calls()
	p.press("#room-go")
	p.roomIs("going")
	f.awaits(p, "a turn that is taken", func() bool { return room.takes > 0 })
	p.do(chromedp.Reload())
	p.roomIs("going")
	f.between(func() { room.full = false })
	p.sees("#session", "Time inside")
}

// sessionEnds makes the time inside that this device keeps end in so many milliseconds.
func (p *tab) sessionEnds(ms int) {
	p.Helper()
	value[bool](
		p,
		fmt.Sprintf(`(() => { const key = Object.keys(localStorage).find((k) => k.startsWith('holdfast.queue.'));
		const kept = JSON.parse(localStorage.getItem(key));
		kept.admission.expires_at = new Date(Date.now() + %d).toISOString();
		localStorage.setItem(key, JSON.stringify(kept));
		return dispatchEvent(new StorageEvent('storage', { key, storageArea: localStorage })); })()`, ms),
	)
}

// cutOff answers with the beginning of a document, as a line does that breaks in the middle.
func cutOff(status int) script {
	return func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "500")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"id":`))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Kind: an answer that breaks off in the middle is taken for a whole one. It is none: the same wish is asked again with
// the same key (P5), and whoever was going in still is.
func TestAnswerThatIsCutOffIsNone(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	f.opens(2, 0)
	p.openRoom(server.URL)
	f.between(func() { room.cuts = map[string]script{"POST": cutOff(http.StatusCreated)} })
	p.joinRoom()
	p.sees("#room-place", "3rd in line")
	f.calls()
	p.roomIs("called")
	f.between(func() { room.cuts = map[string]script{"POST": cutOff(http.StatusConflict)} })
	p.press("#room-go")
	p.until(`window.__holdfast?.stats.live === 'live'`)
	f.between(func() { f.scripted = []script{cutOff(http.StatusCreated)} })
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	f.between(func() {
		if room.joins != 1 || len(f.keys) != 2 || f.keys[0] != f.keys[1] {
			t.Errorf("P5: %d joins, holds with the keys %q", room.joins, f.keys)
		}
	})
}

// The end of the time inside is said before; what is held then can still be paid, and after that the way leads back.
func TestTimeInsideEnds(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 1, 0)
	f.calls()
	p.press("#room-go")
	p.sees("#session", "Time inside")
	p.until(`!document.querySelector('.session.late')`)
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	p.sessionEnds(29_900)
	p.until(`document.querySelector('.session.late')`)
	p.sees("#alarm", "left inside. What you hold keeps its own clock.")
	p.shoot("session-late")
	p.sessionEnds(-1)
	p.sees("#session", "What you hold can still be paid")
	p.shoot("session-over")
	p.do(chromedp.Reload())
	p.sees(".panel h2", "These seats are yours")
	p.sees("#session", "What you hold can still be paid")
	p.toPay()
	p.press("#buy")
	p.sees(".panel h2", "Enjoy the show")
	f.between(func() { room.ends("finished") })
	p.sees("#again", "Back to the waiting room")
	p.press("#again")
	p.sees(".room h2", "Your time inside is over")
	p.focusIs("#main")
	p.press("#room-tickets summary")
	p.sees("#room-tickets", "HF-7Q2M-K9XD-0002") // what was bought stays in sight
	p.shoot("room-tickets")
}

// The list says which events have a waiting room.
func TestListTellsOfWaitingRooms(t *testing.T) {
	_, _, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.open(server.URL + "/")
	p.sees(".card", "Waiting room")
}

// Whoever is inside and holds nothing goes back to the waiting room when the time is over, without pressing anything.
func TestTimeInsideEndsWhileChoosing(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 1, 0)
	f.calls()
	p.press("#room-go")
	p.until(`window.__holdfast?.stats.live === 'live'`)
	f.between(func() { room.ends("finished") })
	p.sessionEnds(900)
	p.sees(".room h2", "Your time inside is over")
}

// A clock step sends nobody out: a device whose clock is set two hours on asks the server, and stays inside.
func TestClockStepInsideSendsNobodyOut(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 1, 0)
	f.calls()
	p.press("#room-go")
	p.until(`window.__holdfast?.stats.live === 'live'`)
	var before int
	f.between(func() { before = room.polls })
	value[bool](p, `(() => { const now = Date.now; Date.now = () => now() + 2 * 3600_000; return true; })()`)
	f.awaits(p, "a question after the clock was set", func() bool { return room.polls > before })
	p.until(`/^(9:|10:)/.test(document.getElementById('session-clock')?.textContent)`)
	p.press("#best")
	p.sees(".panel h2", "These seats are yours")
	f.between(func() {
		if room.takes != 1 || room.leaves != 0 {
			t.Errorf("the turn was taken %d times, and left %d times", room.takes, room.leaves)
		}
	})
}

// A hold that is refused for want of an admission leads back to the waiting room.
func TestHoldWithoutAdmissionLeadsBack(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 1, 0)
	f.calls()
	p.press("#room-go")
	p.until(`window.__holdfast?.stats.live === 'live'`)
	f.between(func() { room.ends("finished") })
	p.press("#best")
	p.sees(".room h2", "Your time inside is over")
}

// A person's place is theirs: whoever else uses the same device does not see it.
func TestPlaceOfSomebodyElseOnThisDevice(t *testing.T) {
	f, _, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.waits(f, server.URL, 5, 0)
	value[bool](p, `(localStorage.setItem('holdfast.buyer', 'bob'), true)`)
	p.do(chromedp.Reload())
	p.roomIs("outside")
	value[bool](p, `(localStorage.setItem('holdfast.buyer', '`+testBuyer+`'), true)`)
	p.do(chromedp.Reload())
	p.sees("#room-place", "6th in line")
}

// A server of tokens: everybody sees how things stand, and whoever joins is asked to sign in. No wish is sent in
// nobody's name.
func TestJoiningNeedsASignIn(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.knowsTokens("https://shop.example/in")
	f.opens(5, 0)
	p := openTab(t)
	p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID))
	p.roomIs("outside")
	p.press("#room-join")
	p.sees("#who", "the shop signs you in")
	p.key("Escape")
	p.sees(".status", "please sign in")
	p.do(chromedp.Navigate(server.URL + "/#/e/" + eventID + "?token=" + testToken))
	p.sees("#who-button", "Žofie")
	p.press("#room-join")
	p.sees("#room-place", "6th in line")
	f.between(func() {
		if room.joins != 1 || len(room.wishes) != 1 {
			t.Errorf("%d joins, %d wishes", room.joins, len(room.wishes))
		}
	})
}

// Whoever waits for the opening is joined by the page; in a lobby entries are spread, and none is handed in too late.
func TestEntriesAreSpreadOverTheLobby(t *testing.T) {
	_, _, server := newFakeRoom(t, -second, 0, -second)
	p := openTab(t)
	p.open(server.URL + "/")
	bad := value[string](p, `(async () => { const { joinAt } = await import('/assets/queueentry.js'), bad = [];
		const check = (what, ok) => { if (!ok) bad.push(what); };
		for (let i = 0; i <= 20; i++) { const chance = i / 20.001;
			const early = joinAt(0, 60_000, 660_000, 2, chance), late = joinAt(600_000, 60_000, 660_000, 400, chance);
			check('before the opening ' + early, early >= 60_000 && early <= 180_000);
			check('in the lobby ' + late, late >= 600_000 && late <= 650_000);
			check('few people ' + chance, joinAt(100_000, 60_000, 660_000, 2, chance) <= 102_000);
			check('last seconds ' + chance, joinAt(655_000, 60_000, 660_000, 400, chance) === 655_000);
			check('after the close ' + chance, joinAt(700_000, 60_000, 660_000, 400, chance) === 700_000);
			check('no lobby ' + chance, joinAt(0, 60_000, NaN, 400, chance) === 60_000); }
		const all = Array.from({ length: 100 }, (_, i) => joinAt(0, 60_000, 660_000, 2, i / 100));
		check('spread', new Set(all.map((at) => Math.floor(at / 10_000))).size >= 12);
		return bad.join('\n'); })()`)
	if bad != "" {
		t.Error(bad)
	}
}

// An entry before the opening is kept through a reload, is not sent before its time, and can be taken back.
func TestEntryBeforeTheOpening(t *testing.T) {
	f, room, server := newFakeRoom(t, time.Hour, 0, time.Hour)
	p := openTab(t)
	p.openRoom(server.URL)
	p.sees(".room h2", "opens soon")
	p.press("#room-join")
	p.sees(".room h2", "on its way")
	p.do(chromedp.Reload())
	p.sees(".room h2", "on its way")
	p.shoot("room-wished")
	p.press("#room-unwish")
	p.sees(".room h2", "opens soon")
	f.between(func() {
		if len(room.wishes) != 0 {
			t.Error("a join was sent before the opening")
		}
		room.rules["opens_at"] = time.Now().Add(-second).UTC().Format(time.RFC3339Nano)
		room.refusals = []refusal{{"POST", "not_open_yet", 409}, {"POST", "overloaded", 503}}
	})
	f.opens(4, 0)
	p.do(chromedp.Reload())
	p.press("#room-join")
	p.sees("#room-place", "5th in line") // the server's clock and its load are waited for
}

// What the event asks of whoever joins: a puzzle that a worker solves, with its end in the person's hand, and a code.
func TestJoiningWithPuzzleAndCode(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	puzzles, err := proofofwork.New([32]byte{5})
	if err != nil {
		t.Fatal(err)
	}
	room.puzzles, room.hardest, room.code = puzzles, proofofwork.MaxNumberMax, "ROSEBUD"
	room.rules["proof_of_work"] = map[string]any{"max_number": 1000}
	room.rules["presale"] = true
	f.opens(2, 0)
	p := openTab(t)
	p.openRoom(server.URL)
	p.do(chromedp.SendKeys(chromedp.CSS("#room-code"), "wrong"))
	p.press("#room-join")
	p.until(`document.getElementById('room-work')`)
	p.sees(".status", "keeps robots out")
	p.shoot("room-puzzle")
	p.press("#room-unwish")
	p.roomIs("outside")
	f.between(func() {
		if room.hardest = 20_000; len(room.wishes) != 0 {
			t.Error("a join was sent without its proof")
		}
		room.refusals = []refusal{{"POST", "proof_expired", 403}, {"POST", "wrong_buyer", 403}}
		room.refusedField = "proof" // of a puzzle that was made for somebody else
	})
	p.do(chromedp.SetValue(chromedp.CSS("#room-code"), "wrong"))
	p.press("#room-join")
	p.focusIs(`#room-code[aria-invalid="true"]`)
	p.do(chromedp.SetValue(chromedp.CSS("#room-code"), "ROSEBUD"))
	p.press("#room-join")
	p.sees("#room-place", "3rd in line")
	f.between(func() {
		if room.given != 5 { // one given up, one expired, one another's, one with a wrong code
			t.Errorf("%d puzzles were given", room.given)
		}
	})
}

// A room whose answers fail says so with the words of the code, and never stops asking.
func TestJoinThatIsRefused(t *testing.T) {
	f, room, server := newFakeRoom(t, -second, 0, -second)
	f.opens(2, 0)
	p := openTab(t)
	p.openRoom(server.URL)
	f.between(func() { room.refusals = []refusal{{"POST", "forbidden", http.StatusForbidden}} })
	p.press("#room-join")
	p.sees(".status", "for operators only")
	p.roomIs("outside")
	f.happens(func() { room.phase = gate.Open })
	p.joinRoom()
}
