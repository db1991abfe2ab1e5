package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/bench/lab"
	"holdfast/bench/load"
)

// queuePlan is an event that nobody is called at: what is measured is joining and waiting.
var queuePlan = eventPlan{Sections: 64, SeatsPerSection: 625, HoldTTL: time.Hour, Queue: true}

// waitingRoom is of such an event.
func (p eventPlan) waitingRoom() *wire.WaitingRoom {
	if !p.Queue {
		return nil
	}
	now := time.Now()
	opens := wire.OffsetTime{Time: wire.Time(now.Add(-time.Second).UnixMilli())}
	calls := wire.OffsetTime{Time: wire.Time(now.Add(24 * time.Hour).UnixMilli())}
	inside, seconds := int64(1000), int64(600)
	return &wire.WaitingRoom{OpensAt: &opens, DoorsAt: &calls, ActiveMax: &inside, SessionSeconds: &seconds,
		TurnSeconds: &seconds, GraceSeconds: &seconds}
}

// joinBody is what somebody who wants two seats sends.
const joinBody = `{"party":2}`

// joiner makes requests to join, of bytes written before the load.
func (h *soldEvent) joiner() func(dst []byte, n requestNo) []byte {
	head := fmt.Appendf(nil, "POST /v1/events/%s/queue HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
		"X-Buyer: %s", h.ID, h.host, h.run)
	rest := fmt.Appendf(nil, "\r\nContent-Length: %d\r\n\r\n%s", len(joinBody), joinBody)
	return func(dst []byte, n requestNo) []byte {
		return append(appendPadded(append(dst, head...), uint64(n)), rest...)
	}
}

// joinsWork lets one buyer after another join: 201, and a place of one's own.
type joinsWork struct {
	shape Shape
	event *soldEvent
	next  requestNo
}

func newJoins(ctx context.Context, t lab.Endpoint, s Shape) (*joinsWork, error) {
	event, err := openEvent(ctx, t, queuePlan)
	return &joinsWork{shape: s, event: event}, err
}

func (w *joinsWork) want() load.Outcome { return load.Held }

func (w *joinsWork) prepare(context.Context) (*requestLoad, error) {
	l := w.shape.load()
	l.First, l.Request = w.next, w.event.joiner()
	return l, nil
}

func (w *joinsWork) done(r Result) { w.next = r.Last }

// pollsWork asks where a place stands, again and again, with the places of a crowd that waits.
type pollsWork struct {
	shape    Shape
	requests [][]byte // one a place
}

// pollers is how many places the polls are of.
const pollers = 1024

func newPolls(ctx context.Context, t lab.Endpoint, s Shape) (*pollsWork, error) {
	event, err := openEvent(ctx, t, queuePlan)
	if err != nil {
		return nil, err
	}
	places := make([]string, pollers)
	l := requestLoad{Address: event.host, Conns: 32, Count: pollers, Request: event.joiner(),
		Seen: func(n requestNo, _ int, body []byte) {
			var place waitingroom.Place
			if json.Unmarshal(body, &place) == nil {
				places[n] = place.Place
			}
		}}
	result, err := l.run(ctx)
	switch {
	case err != nil:
		return nil, err
	case !result.Outcomes.Only(load.Held):
		return nil, fmt.Errorf("rig: joining: %s", &result.Outcomes)
	}
	w := &pollsWork{shape: s}
	for _, place := range places {
		if place == "" {
			return nil, errors.New("rig: a join without a place")
		}
		w.requests = append(w.requests, fmt.Appendf(nil, "GET /v1/events/%s/queue HTTP/1.1\r\nHost: %s\r\n"+
			"Queue-Place: %s\r\n\r\n", event.ID, event.host, place))
	}
	return w, nil
}

func (w *pollsWork) want() load.Outcome { return load.Served }

func (w *pollsWork) prepare(context.Context) (*requestLoad, error) {
	l := w.shape.load()
	l.Request = func(dst []byte, n requestNo) []byte { return append(dst, w.requests[n%pollers]...) }
	return l, nil
}

func (w *pollsWork) done(Result) {}
