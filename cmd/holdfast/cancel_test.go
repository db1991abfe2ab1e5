package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// cancelKills is how often the process is killed while it gives money back.
const cancelKills = 4

// TestACancellingSurvivesKills: P2, P6: a real process is killed right behind the answer to the cancelling, and again
// in the middle of the refunds. In the end everybody's money is back, nobody holds or has anything, and the audit,
// which reads the processor's own list, is clean.
func TestACancellingSurvivesKills(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := newProcess(t, buildBinary(t), "--data", data)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	event := p.createEvent()
	late := make(chan struct{})
	defer time.AfterFunc(crashBound, func() { close(late) }).Stop()
	must := func(who, method, path, key, body string) answer {
		t.Helper()
		got, ok := p.ask(late, who, method, path, key, body)
		if !ok {
			t.Fatalf("%s %s: %+v", method, path, got)
		}
		return got
	}
	paid := 0
	for i := range 40 {
		who := fmt.Sprintf("buyer-%d", i)
		held := must(who, "POST", "/v1/events/"+event+"/bookings", "hold", `{"best_available":{"quantity":2}}`)
		if held.status != http.StatusCreated {
			t.Fatalf("hold: %+v", held)
		}
		if i%4 == 0 {
			continue // still held when the event is cancelled
		}
		token := cmp.Or(map[int]string{1: "tok_slow", 2: "tok_unknown", 3: "tok_challenge", 5: "tok_refund_fails",
			6: "tok_refund_pending"}[i], "tok_ok")
		sold := must(who, "POST", "/v1/bookings/"+held.ID+"/confirm", "pay", `{"payment_token":"`+token+`"}`)
		if sold.status == http.StatusOK {
			paid++
		}
	}
	off := must("", "POST", "/v1/events/"+event+"/cancel", "off", `{"reason":"the kill"}`)
	if off.status != http.StatusAccepted || paid == 0 {
		t.Fatalf("cancel: %+v, %d paid", off, paid)
	}
	for range cancelKills {
		p.kill()
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(rand.IntN(60)) * time.Millisecond) // anywhere in the refunds
	}
	for done := false; !done; {
		got := must("", "GET", "/v1/events/"+event+"/cancel", "", "")
		done = got.State == "cancelled"
		select {
		case <-late:
			t.Fatalf("never cancelled: %+v", got)
		case <-time.After(20 * time.Millisecond):
		}
	}
	more := must("buyer-1", "POST", "/v1/events/"+event+"/bookings", "more", `{"best_available":{"quantity":1}}`)
	if more.Code != "event_cancelled" {
		t.Errorf("a hold of a cancelled event: %+v", more)
	}
	p.terminate()
	code, out := tool(t, "audit", "--data", data)
	if code != exitOK || !strings.Contains(out, "0 held, 0 paying, 0 confirmed") {
		t.Errorf("audit: %d %s", code, out)
	}
	t.Logf("%d bookings paid and given back", paid)
}

// TestAnOperatorCancelsByTheTool: the event's name has to be typed, the progress is told, and a postponed event says
// until when bookings may be given back.
func TestAnOperatorCancelsByTheTool(t *testing.T) {
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	url := "http://" + node.Addr()
	plan := testkit.WriteFile(t, "plan.json", smallPlan)
	if code, out := tool(t, "import", "--url", url, "--name", "May Day", "--starts-at", "2035-05-01T20:00:00Z",
		"--price", "*=2500", plan); code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	event := node.Engine().Events()[0].ID.String()
	code, out := tool(t, "event", "postpone", event, "--url", url, "--keep-until", "2035-04-01T00:00:00Z", "--reason",
		"storm", "--starts-at", "2035-06-01T20:00:00Z")
	if code != exitOK || !strings.Contains(out, "May Day: put off to 2035-06-01T20:00:00.000Z, sale paused.") {
		t.Errorf("postpone: %d %s", code, out)
	}
	if code, out := tool(t, "event", "cancel", event, "--url", url); code != exitFailed ||
		!strings.Contains(out, "give --reason TEXT") {
		t.Errorf("without a reason: %d %s", code, out)
	}
	if code, out := tool(t, "event", "cancel", event, "--url", url, "--progress"); code != exitFailed ||
		!strings.Contains(out, "not cancelled") {
		t.Errorf("the progress of nothing: %d %s", code, out)
	}
	typed := func(text string) (string, error) {
		var said, asked bytes.Buffer
		c := cancelCommand{Event: event, targetFlags: targetFlags{URL: url}, Reason: "ill", in: strings.NewReader(text)}
		err := c.Run(&console{ctx: t.Context(), out: &said, err: &asked})
		return asked.String() + said.String(), err
	}
	if said, err := typed("June Day\n"); err == nil || !strings.Contains(said, `cancels "May Day" for ever`) {
		t.Errorf("another name: %s %v", said, err)
	}
	if said, err := typed("May Day\n"); err != nil || !strings.Contains(said, "May Day: cancel") ||
		!strings.Contains(said, "1 of 1 have it in their logs") {
		t.Errorf("the name: %s %v", said, err)
	}
	if code, out := tool(t, "event", "cancel", event, "--url", url, "--reason", "ill", "--yes"); code != exitOK {
		t.Errorf("again: %d %s", code, out)
	}
	var shown struct{ Sale string }
	for deadline := time.Now().Add(20 * time.Second); shown.Sale != "cancelled" && time.Now().Before(deadline); {
		<-time.After(20 * time.Millisecond)
		_, body := testkit.Get(t, url+"/v1/events/"+event)
		if err := json.Unmarshal([]byte(body), &shown); err != nil {
			t.Fatal(err)
		}
	}
	code, out = tool(t, "event", "cancel", event, "--url", url, "--progress")
	if code != exitOK || !strings.Contains(out, "May Day: cancelled since") {
		t.Errorf("progress: %d %s", code, out)
	}
}
