package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// Secret is a text that is never printed, whatever prints it.
type Secret string

// String stands where the secret was; so do GoString and MarshalText.
func (Secret) String() string { return "***" }

// GoString is for %#v.
func (Secret) GoString() string { return `"***"` }

// MarshalText is for JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Guest knows what a run made on a server that somebody else runs, to take it away in the end. Its methods are safe for
// concurrent use, and on nil do nothing: a server of one's own goes away with its events.
type Guest struct {
	mu       sync.Mutex
	events   []string
	bookings map[string][]string // that buyers were told of, by event
}

// Made notes an event.
func (g *Guest) Made(event string) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = append(g.events, event)
}

// Remember notes which bookings a history tells of, before it is let go.
func (g *Guest) Remember(h *history.History) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.bookings == nil {
		g.bookings = map[string][]string{}
	}
	for _, part := range h.Parts {
		for i := range part.Ops {
			if op := &part.Ops[i]; op.Verdict == history.Done && (op.Kind == history.Hold || op.Kind == history.Best) {
				event := h.Header.Events[op.Event].ID
				g.bookings[event] = append(g.bookings[event], string(part.TextOf(op.Text)))
			}
		}
	}
}

// leaveBound is how long a guest cleans up at most.
const leaveBound = 2 * time.Minute

// leaveAtOnce is how many bookings are given back at a time.
const leaveAtOnce = 32

// Leave deletes the events that the run made. Tickets that buyers were told of are refunded first, and holds released.
// What could not be deleted is told through notice, one line.
func (t Endpoint) Leave(notice func(string)) {
	if t.Guest == nil || len(t.Guest.events) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveBound)
	defer cancel()
	left, why := 0, ""
	for _, event := range t.Guest.events {
		problem := t.deleteEvent(ctx, event)
		if problem != "" && len(t.Guest.bookings[event]) > 0 {
			t.giveBack(ctx, t.Guest.bookings[event])
			problem = t.deleteEvent(ctx, event)
		}
		if problem != "" {
			left, why = left+1, problem
		}
	}
	if left > 0 && notice != nil {
		notice(fmt.Sprintf("%d of %d events made here stay on the server, named \"load …\", "+
			"the last one because of: %s", left, len(t.Guest.events), why))
	}
}

// deleteEvent answers why the event is still there; empty: it is not.
func (t Endpoint) deleteEvent(ctx context.Context, event string) (problem string) {
	return t.end(ctx, http.MethodDelete, "/v1/events/"+event, "bench-delete-"+event)
}

// end makes a call without a body that ends something.
func (t Endpoint) end(ctx context.Context, method, path, key string) (problem string) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	t.address(request, method, path, key)
	if err := ctx.Err(); err != nil {
		return err.Error()
	}
	if err := fasthttp.DoTimeout(request, response, operateTimeout); err != nil {
		return err.Error()
	}
	if response.StatusCode() == http.StatusOK {
		return ""
	}
	var refusal wire.Problem
	if json.Unmarshal(response.Body(), &refusal) != nil || refusal.Code == "" {
		return fmt.Sprintf("answer %d", response.StatusCode())
	}
	return refusal.Code
}

// giveBack refunds bookings, or releases them.
func (t Endpoint) giveBack(ctx context.Context, bookings []string) {
	var group sync.WaitGroup
	places := make(chan struct{}, leaveAtOnce)
	for _, booking := range bookings {
		if ctx.Err() != nil {
			break
		}
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if t.end(ctx, http.MethodPost, "/v1/bookings/"+booking+"/refund",
				"bench-refund-"+booking) == "not_confirmed" {
				// the event's deletion tells
				_ = t.end(ctx, http.MethodDelete, "/v1/bookings/"+booking, "bench-release-"+booking)
			}
		})
	}
	group.Wait()
}
