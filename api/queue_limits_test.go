package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/gate/bound"
	"holdfast/api/queue"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

// Kind: a limit of an event's own that does not bind, binds others, or does not say why. Joins, polls and holds of one
// buyer are each refused with their name, and what is left is told before.
func TestRoomLimitsBindEachBuyer(t *testing.T) {
	h, pass, d := withLimits(t)
	event := h.show(roomBody)
	d.set(func(f *queue.Frame) {
		f.Limits = bound.Limits{Joins: bound.Limit{Rate: 500, Burst: 2}, Polls: bound.Limit{Rate: 1000, Burst: 3},
			Holds: bound.Limit{Rate: 100, Burst: 1}}
	})
	first := h.do("POST", event+"/queue", alice, "").want(201, "")
	if got := first.header.Get("RateLimit"); got != `"joins";r=1;t=2` {
		t.Errorf("a join says %q", got)
	}
	if got := first.header.Get("RateLimit-Policy"); got != `"joins";q=2;w=4` {
		t.Errorf("and %q", got)
	}
	h.do("POST", event+"/queue", alice, "").want(200, "")
	h.limited("POST", event+"/queue", alice, "", "joins", "2")
	theirs := h.do("POST", event+"/queue", bob, "").want(201, "").place()

	mine := headers{"Queue-Place": first.place().Place}
	for i := range 3 {
		if got := h.do("GET", event+"/queue", mine, "").want(200, "").header.Get("RateLimit"); !strings.HasPrefix(got,
			fmt.Sprintf(`"polls";r=%d`, 2-i)) {
			t.Errorf("poll %d says %q", i, got)
		}
	}
	h.limited("GET", event+"/queue", mine, "", "polls", "1")
	h.do("GET", event+"/queue", headers{"Queue-Place": theirs.Place}, "").want(200, "")
	h.do("GET", event+"/queue", nobody, "").want(200, "") // everybody's frame is nobody's poll

	holds := h.admitted(d, event, alice)
	h.do("POST", event+"/bookings", holds, `{"seats":["A-1-1"]}`).want(201, "")
	h.limited("POST", event+"/bookings", holds, `{"seats":["A-1-2"]}`, "holds", "10")
	h.do("POST", event+"/bookings", h.admitted(d, event, bob), `{"seats":["A-1-2"]}`).want(201, "")
	h.do("POST", event+"/bookings", operator, `{"seats":["A-1-3"]}`).want(201, "")
	h.do("POST", event+"/bookings", operator, `{"seats":["A-1-4"]}`).want(201, "")
	pass(10 * time.Second)
	h.do("POST", event+"/bookings", holds, `{"seats":["A-1-5"]}`).want(201, "")
	page := string(h.do("GET", "/metrics", nobody, "").body)
	for _, what := range []string{"joins", "polls", "holds"} {
		if !strings.Contains(page, `holdfast_rate_limited_total{limit="`+what+`"} 1`) {
			t.Errorf("%s are not counted", what)
		}
	}
	other := h.show(roomBody) // of another pseudonym: alice's joins here are no joins there
	h.do("POST", other+"/queue", alice, "").want(201, "")
}

// limited makes a call that meets a limit.
func (h *house) limited(method, path string, who headers, body, limit, wait string) {
	h.t.Helper()
	a := h.do(method, path, who, body).want(429, "rate_limited")
	if a.problem.Limit != limit || a.header.Get("Retry-After") != wait ||
		!strings.HasPrefix(a.header.Get("RateLimit-Policy"), `"`+limit+`"`) {
		h.t.Errorf("%s %s: %s %v", method, path, a.body, a.header)
	}
}

// admitted takes a buyer's turn.
func (h *house) admitted(d *doors, event string, who headers) headers {
	h.t.Helper()
	d.mu.Lock()
	for _, p := range d.places {
		p.State = gate.Called
	}
	d.mu.Unlock()
	place := h.place(d, event, who)
	var a waitingroom.Admission
	h.do("POST", event+"/queue/admission", who.with("Queue-Place", place), "").want(200, "").into(&a)
	return who.with("Queue-Admission", a.Admission)
}

// place is a buyer's, by a join that no limit refuses.
func (h *house) place(d *doors, event string, who headers) string {
	h.t.Helper()
	before := bound.Limits{}
	d.set(func(f *queue.Frame) { before, f.Limits = f.Limits, bound.Limits{} })
	defer d.set(func(f *queue.Frame) { f.Limits = before })
	return h.do("POST", event+"/queue", who, "").want(200, "").place().Place
}

// Kind: a stranger who uses up somebody's limit. A poll that is counted proves its place first.
func TestForgedPollsCountForNobody(t *testing.T) {
	h, _, d := withLimits(t)
	event := h.show(roomBody)
	place := h.do("POST", event+"/queue", alice, "").want(201, "").place().Place
	d.set(func(f *queue.Frame) { f.Limits.Polls = bound.Limit{Rate: 1, Burst: 1} })
	forged := place[:len(place)-4] + "AAAA"
	for range 3 {
		h.do("GET", event+"/queue", headers{"Queue-Place": forged}, "").want(403, "token_forged")
	}
	h.do("GET", event+"/queue", headers{"Queue-Place": place}, "").want(200, "")
	h.limited("GET", event+"/queue", headers{"Queue-Place": place}, "", "polls", "1000")
}

// withLimits is a house with waiting rooms whose time passes as the test says.
func withLimits(t *testing.T) (h *house, pass func(time.Duration), d *doors) {
	d = newDoors()
	h, pass = withClockAnd(t, d)
	return h, pass, d
}

// Bounds of an event's own limits, when it is made and when they are changed; the field at fault is named.
func TestRoomLimitsAreJudged(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	room := func(limits string) string {
		return eventBody(`,"waiting_room":{"opens_at":"2030-05-01T10:00:00Z","active_max":5,"limits":` + limits + `}`)
	}
	var made wire.Event
	h.do("POST", "/v1/events", operator, room(`{"joins":{"per_second":0.2,"burst":5},"polls":{"per_second":3},`+
		`"holds":{"per_second":0}}`)).want(201, "").into(&made)
	l := made.WaitingRoom.Limits
	if l == nil || *l.Joins.PerSecond != 0.2 || *l.Joins.Burst != 5 || *l.Polls.Burst != 3 || l.Holds != nil {
		t.Errorf("%+v", l)
	}
	for _, c := range []struct{ limits, field string }{
		{`{"joins":{"burst":5}}`, "joins.per_second"}, {`{"joins":{"per_second":-1}}`, "joins.per_second"},
		{`{"polls":{"per_second":0.0001}}`, "polls.per_second"},
		{`{"holds":{"per_second":200000}}`, "holds.per_second"},
		{`{"holds":{"per_second":1,"burst":-1}}`, "holds.burst"},
		{`{"holds":{"per_second":1,"burst":1.5}}`, "holds.burst"},
		{`{"polls":{"per_second":null}}`, "polls.per_second"},
		{`{"calls":{"per_second":1}}`, "calls"}, {`{"joins":5}`, "joins"},
	} {
		a := h.do("POST", "/v1/events", operator, room(c.limits)).want(400, "bad_request")
		if a.problem.Field != "waiting_room.limits."+c.field {
			t.Errorf("%s: field %q", c.limits, a.problem.Field)
		}
		if c.field == "joins.per_second" && strings.Contains(c.limits, "burst") {
			continue // a change may say nothing of the rate
		}
		a = h.do("PATCH", event+"/waiting-room", operator, `{"reason":"x","limits":`+c.limits+`}`).
			want(400, "bad_request")
		if a.problem.Field != "limits."+c.field {
			t.Errorf("changing %s: field %q", c.limits, a.problem.Field)
		}
	}
	for _, c := range []struct{ body, field string }{{`{"reason":"x","limits":{}}`, "limits"},
		{`{"reason":"x","limits":{"joins":{}}}`, "limits.joins"},
		{`{"limits":{"joins":{"per_second":1}}}`, "reason"}} {
		a := h.do("PATCH", event+"/waiting-room", operator, c.body).want(400, "bad_request")
		if a.problem.Field != c.field {
			t.Errorf("%s: field %q", c.body, a.problem.Field)
		}
	}
	if len(d.ops) != 0 {
		t.Errorf("%+v", d.ops)
	}
	var now waitingroom.Room
	h.do("PATCH", event+"/waiting-room", operator.with("Idempotency-Key", "one"),
		`{"reason":"scripts","limits":{"joins":{"per_second":0.5},`+
			`"holds":{"per_second":2,"burst":9}}}`).
		want(200, "").
		into(&now)
	if now.Limits == nil || *now.Limits.Joins.PerSecond != 0.5 || *now.Limits.Holds.Burst != 9 ||
		now.Limits.Polls != nil {
		t.Errorf("%+v", now.Limits)
	}
	want := []queue.Operation{{Action: gate.SetJoinRate, Value: 500}, {Action: gate.SetHoldBurst, Value: 9},
		{Action: gate.SetHoldRate, Value: 2000}}
	if len(d.ops) != len(want) {
		t.Fatalf("%+v", d.ops)
	}
	for i, op := range d.ops {
		if op.Action != want[i].Action || op.Value != want[i].Value || op.Reason != "scripts" {
			t.Errorf("%+v, want %+v", op, want[i])
		}
	}
}
