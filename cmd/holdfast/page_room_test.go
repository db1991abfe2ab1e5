package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// roomPage is a browser in front of a real server that is killed now and then.
type roomPage struct {
	*testing.T
	ctx   context.Context
	p     *process
	event string
}

func (r *roomPage) do(steps ...chromedp.Action[chromedp.Void]) {
	r.Helper()
	if err := chromedp.Do(r.ctx, steps...); err != nil {
		r.Fatal(err)
	}
}

func (r *roomPage) click(selector string) {
	r.Helper()
	until(r.T, r.ctx, `document.querySelector('`+selector+`')?.checkVisibility()`)
	r.do(chromedp.Click(chromedp.CSS(selector)))
}

func (r *roomPage) sees(selector, words string) {
	r.Helper()
	until(r.T, r.ctx, fmt.Sprintf(`document.querySelector(%q)?.innerText.includes(%q)`, selector, words))
}

// crash kills the server with -9 and starts it again on what it had written.
func (r *roomPage) crash() {
	r.Helper()
	r.p.kill()
	if err := r.p.start(); err != nil {
		r.Fatal(err)
	}
}

// operate changes the waiting room.
func (r *roomPage) operate(key, change string) {
	r.Helper()
	got, err := r.p.askOnce("", "PATCH", "/v1/events/"+r.event+"/waiting-room", key, `{"reason":"test",`+change+`}`)
	if err != nil || got.status != http.StatusOK {
		r.Fatalf("%s: %v %+v", change, err, got)
	}
}

// joinsInLobby makes an event with a lobby and joins it with the page; a machine that is too slow for the lobby gets a
// longer one.
func (r *roomPage) joinsInLobby() {
	r.Helper()
	for lobby := 16 * time.Second; ; lobby *= 2 {
		closes := time.Now().Add(lobby)
		body := fmt.Sprintf(`{"name":"Lobby","starts_at":"2035-06-01T19:30:00Z","currency":"EUR","prices":{"*":4500},`+
			`"plan":%s,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","closes_at":%q,"active_max":1,`+
			`"turn_seconds":3600,"session_seconds":3600}}`, smallPlan, closes.UTC().Format(time.RFC3339Nano))
		made, err := r.p.askOnce("", "POST", "/v1/events", "event-"+lobby.String(), body)
		if err != nil || made.status != http.StatusCreated {
			r.Fatalf("%v %+v", err, made)
		}
		r.event = made.ID
		sale, err := r.p.askOnce("", "POST", "/v1/events/"+r.event+"/sale", "sale-"+lobby.String(), `{"state":"open"}`)
		if err != nil || sale.status != http.StatusOK {
			r.Fatalf("%v %+v", err, sale)
		}
		r.do(chromedp.Navigate("http://" + r.p.address + "/#/e/" + r.event))
		r.click("#room-join")
		until(r.T, r.ctx, `document.querySelector('.room[data-state="entered"]')`)
		if time.Now().Before(closes) {
			return
		}
	}
}

// P8, in a browser against the real server: lobby, draw, turn and hold, with reloads and kill -9 in between. The place
// stays, and nobody joins twice.
func TestPageGoesThroughTheWaitingRoom(t *testing.T) {
	r := &roomPage{T: t, ctx: browse(t), p: newProcess(t, buildBinary(t), "--data", filepath.Join(t.TempDir(), "d"))}
	if err := r.p.start(); err != nil {
		t.Fatal(err)
	}
	defer r.p.kill()
	r.do(chromedp.Navigate("http://" + r.p.address + "/"))
	r.joinsInLobby()
	shoot(t, r.ctx, "room-entered")
	r.do(chromedp.Reload())
	until(t, r.ctx, `document.querySelector('.room[data-state="entered"]')`)
	r.crash()
	r.sees(".room h2", "The lobby has closed")
	until(t, r.ctx, `Object.values(localStorage).some((text) => text.includes('"witness"'))`)
	r.operate("pause", `"paused":true`)
	r.operate("draw", `"draw":{"signature":"c0ffee"}`)
	r.sees("#room-place", "1st in line")
	r.click("#room-draw summary")
	r.click("#room-check")
	r.sees("#room-proof", "Your place is right")
	until(t, r.ctx, `document.querySelector('[data-check="witness"]')?.dataset.ok === 'true'`)
	shoot(t, r.ctx, "room-place")
	r.do(chromedp.Reload())
	r.sees("#room-place", "1st in line")
	r.operate("resume", `"paused":false`)
	until(t, r.ctx, `document.querySelector('.room[data-state="called"]')`)
	r.crash()
	r.click("#room-go")
	until(t, r.ctx, `window.__holdfast?.stats.live === 'live' && __holdfast.settled?.()`)
	r.sees("#session", "Time inside")
	r.click("#best")
	saysHowToBeReached(t, r.ctx)
	until(t, r.ctx, `document.querySelectorAll('#held-seats li').length === 2`)
	shoot(t, r.ctx, "room-held")
	r.crash()
	r.do(chromedp.Reload())
	until(t, r.ctx, `document.querySelectorAll('#held-seats li').length === 2`)
	r.click("#to-pay")
	until(t, r.ctx, `document.getElementById('token')`)
	r.click("#buy")
	until(t, r.ctx, `document.querySelectorAll('.tickets li').length === 2`)
	r.sees("#session", "Your time inside is over") // who has bought has been inside
	r.click("#again")
	r.sees(".room h2", "Your time inside is over")
	joined, err := chromedp.Run(r.ctx, chromedp.Evaluate[int](
		`fetch('/v1/events/`+r.event+`/queue').then((a) => a.json()).then((room) => room.joined)`,
		chromedp.EvalAwaitPromise))
	if err != nil || joined != 1 {
		t.Errorf("P8: %d places were given, %v", joined, err)
	}
}
