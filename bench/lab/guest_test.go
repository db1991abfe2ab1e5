package lab_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"holdfast/bench/check/history"
	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
)

// landlord is a server that keeps an event as long as somebody has seats of it.
type landlord struct {
	mu       sync.Mutex
	bookings map[string]string // to their states
	events   map[string]bool
}

func (l *landlord) serve(ctx *fasthttp.RequestCtx) {
	l.mu.Lock()
	defer l.mu.Unlock()
	parts := strings.Split(strings.Trim(string(ctx.Path()), "/"), "/")
	refuse := func(status int, code string) {
		ctx.SetStatusCode(status)
		fmt.Fprintf(ctx, `{"status":%d,"code":%q}`, status, code)
	}
	switch method, state := string(ctx.Method()), l.bookings[parts[2]]; {
	case string(ctx.Request.Header.Peek("Authorization")) != "Bearer the operator" ||
		len(ctx.Request.Header.Peek("Idempotency-Key")) == 0:
		refuse(401, "unauthorized")
	case parts[1] == "events" && method == "DELETE":
		for id := range l.bookings {
			if strings.HasPrefix(id, parts[2]) {
				refuse(409, "event_has_bookings")
				return
			}
		}
		delete(l.events, parts[2])
	case len(parts) == 4 && parts[3] == "refund" && state != "confirmed":
		refuse(409, "not_confirmed")
	default:
		delete(l.bookings, parts[2])
	}
}

// TestALoadLeavesNothingBehind: events made on somebody else's server are deleted, after what buyers had of them was
// given back; what stays is told.
func TestALoadLeavesNothingBehind(t *testing.T) {
	l := &landlord{events: map[string]bool{"e1": true, "e2": true, "e3": true},
		bookings: map[string]string{"e1.held": "held", "e1.sold": "confirmed", "e3.unknown": "held"}}
	target := lab.Endpoint{Address: labtest.Serve(t, &fasthttp.Server{Handler: l.serve}), OperatorKey: "the operator",
		Guest: &lab.Guest{}}
	for _, event := range []string{"e1", "e2", "e3"} {
		target.Guest.Made(event)
	}
	part := &history.Part{}
	for _, booking := range []string{"e1.held", "e1.sold"} {
		part.Ops = append(part.Ops, history.Op{Kind: history.Hold, Verdict: history.Done,
			Text: part.AddText([]byte(booking))})
	}
	part.Ops = append(part.Ops, history.Op{Kind: history.Hold, Verdict: history.Taken},
		history.Op{Kind: history.Look, Verdict: history.Done, Text: part.AddText([]byte("aaa"))})
	h := &history.History{Header: history.Header{Events: []history.Event{{ID: "e1"}}}, Parts: []*history.Part{part}}
	problem := ""
	target.Guest.Remember(h)
	target.Leave(func(text string) { problem = text })
	if len(l.events) != 1 || !l.events["e3"] || len(l.bookings) != 1 {
		t.Errorf("there stay events %v, bookings %v", l.events, l.bookings)
	}
	if !strings.Contains(problem, "1 of 3 events") || !strings.Contains(problem, "event_has_bookings") ||
		strings.Contains(problem, "the operator") {
		t.Errorf("told %q", problem)
	}
	lab.Endpoint{Address: "127.0.0.1:1"}.Leave(func(text string) { t.Errorf("a server of one's own: %s", text) })
}
