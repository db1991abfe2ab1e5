package main

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// P8: a fan whose event asks for a proof of work joins by one press; the page's worker finds the proof that the server
// takes.
func TestPageSolvesThePuzzle(t *testing.T) {
	r := &roomPage{T: t, ctx: browse(t), p: newProcess(t, buildBinary(t), "--data", filepath.Join(t.TempDir(), "d"))}
	if err := r.p.start(); err != nil {
		t.Fatal(err)
	}
	defer r.p.kill()
	made, err := r.p.askOnce("", "POST", "/v1/events", "event",
		`{"name":"Puzzle","starts_at":"2035-06-01T19:30:00Z","currency":"EUR","prices":{"*":4500},"plan":`+smallPlan+
			`,"waiting_room":{"opens_at":"2020-01-01T00:00:00Z","active_max":1,"proof_of_work":{"max_number":200000}}}`)
	if err != nil || made.status != http.StatusCreated {
		t.Fatalf("%v %+v", err, made)
	}
	r.event = made.ID
	sale, err := r.p.askOnce("", "POST", "/v1/events/"+r.event+"/sale", "sale", `{"state":"open"}`)
	if err != nil || sale.status != http.StatusOK {
		t.Fatalf("%v %+v", err, sale)
	}
	r.do(chromedp.Navigate("http://" + r.p.address + "/#/e/" + r.event))
	r.click("#room-join")
	until(t, r.ctx, `document.querySelector('.room[data-state="called"]')`)
	r.click("#room-go")
	r.sees("#session", "Time inside")
}
