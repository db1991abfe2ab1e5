package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/api/proofofwork"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
)

const workBody = `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z","active_max":10,` +
	`"proof_of_work":{"max_number":1000}}`

// challenge asks what a join needs.
func (h *house) challenge(event string, who headers) (c waitingroom.Challenge) {
	h.do("GET", event+"/queue/challenge", who, "").want(200, "").into(&c)
	return c
}

// solved is the body of a join that brings a solved puzzle.
func solved(t *testing.T, z *waitingroom.Puzzle) string {
	t.Helper()
	number, found := proofofwork.Solve(z.Challenge, z.Salt, z.MaxNumber)
	if !found {
		t.Fatalf("no number solves %+v", z)
	}
	return joinWith("proof", string(proofofwork.AppendProof(nil, z.Challenge, z.Salt, z.Signature, uint64(number))))
}

func joinWith(member, value string) string {
	text, _ := json.Marshal(map[string]string{member: value})
	return string(text)
}

// Kind: a join without a proof of its own. Each has its code, names the field, and reaches no gate.
func TestEveryWrongProofHasItsCode(t *testing.T) {
	h, d, event := withDoors(t, workBody)
	other, free := h.show(workBody), h.show(roomBody)
	z := h.challenge(event, alice).ProofOfWork
	good := solved(t, z)
	forged := *z
	forged.Signature = strings.Repeat("0", 64)
	for _, c := range []struct {
		name, body, event string
		who               headers
		status            int
		code              string
	}{
		{"none", `{"party":2}`, event, alice, 403, "proof_required"},
		{"empty", `{"proof":""}`, event, alice, 403, "proof_required"},
		{"no body at all", ``, event, alice, 403, "proof_required"},
		{"no proof", joinWith("proof", "let me in"), event, alice, 400, "bad_request"},
		{"too long", joinWith("proof", strings.Repeat("QUFB", 1000)), event, alice, 400, "bad_request"},
		{"another buyer's", good, event, bob, 403, "wrong_buyer"},
		{"another event's", good, other, alice, 403, "wrong_event"},
		{"forged", solved(t, &forged), event, alice, 403, "token_forged"},
		{"the wrong number", joinWith("proof", string(proofofwork.AppendProof(nil, z.Challenge, z.Salt, z.Signature,
			5000))), event, alice, 403, "proof_wrong"},
		{"null", `{"proof":null}`, event, alice, 400, "bad_request"},
	} {
		a := h.do("POST", c.event+"/queue", c.who, c.body).want(c.status, c.code)
		if a.problem.Field != "proof" {
			t.Errorf("%s: field %q", c.name, a.problem.Field)
		}
	}
	if len(d.places) != 0 {
		t.Errorf("%d refused joins reached the gate", len(d.places))
	}
	first := h.do("POST", event+"/queue", alice, good).want(201, "").place()
	if again := h.do("POST", event+"/queue", alice, good).want(200, "").place(); again.Place != first.Place {
		t.Error("a proof that is shown again gives another place")
	}
	h.do("POST", free+"/queue", bob, `{"proof":"ignored"}`).want(201, "")
	if a := h.do("GET", free+"/queue/challenge", bob, "").want(200, ""); string(a.body) != "{}" {
		t.Errorf("an event that asks for nothing says %s", a.body)
	}
	h.do("GET", h.show("")+"/queue/challenge", bob, "").want(404, "no_waiting_room")
	worker := h.do("GET", "/assets/proof-of-work.js", nobody, "").want(200, "")
	if !strings.Contains(string(worker.body), "export function solve") {
		t.Error("the page's worker is not served")
	}
	h.do("GET", event+"/queue/challenge", nobody, "").want(401, "unauthorized")
	h.do("GET", event+"/queue/challenge", operator, "").want(403, "forbidden")
	page := string(h.do("GET", "/metrics", nobody, "").body)
	for _, line := range []string{`holdfast_queue_turned_away_total{reason="proof_required"} 3`,
		`holdfast_queue_proof_max_number{event="` + strings.TrimPrefix(event, "/v1/events/") + `"} 1000`} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s", line)
		}
	}
}

const presaleBody = `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z","active_max":10,"presale":true}`

// Kind: a presale code that is none of the caller's for this event. Each has its code, names the field, and reaches no
// gate; a right one reaches the gate as its number.
func TestEveryWrongPresaleCodeHasItsCode(t *testing.T) {
	h, d, event := withDoors(t, presaleBody)
	other, free := h.show(presaleBody), h.show(roomBody)
	mint := func(event, body string) (all waitingroom.Codes) {
		h.do("POST", event+"/queue/codes", operator, body).want(201, "").into(&all)
		return all
	}
	open, elsewhere := mint(event, `{"count":2,"uses":3,"reason":"press"}`), mint(other, `{"count":1,"reason":"press"}`)
	bound := mint(event, `{"buyers":["alice","bob"],"opens_at":"2021-01-01T00:00:00Z","reason":"members"}`)
	if open.First != 1 || open.Count != 2 || open.Uses != 3 || len(open.Codes) != 2 || open.Codes[1].Number != 2 ||
		bound.Codes[1].Buyer != "bob" || bound.OpensAt == nil || bound.ClosesAt != nil {
		t.Fatalf("%+v %+v", open, bound)
	}
	good := open.Codes[1].Code
	for _, c := range []struct {
		name, body, event string
		who               headers
		status            int
		code              string
	}{
		{"none", ``, event, alice, 403, "code_required"},
		{"empty", `{"code":""}`, event, alice, 403, "code_required"},
		{"no code", joinWith("code", "open sesame"), event, alice, 400, "bad_request"},
		{"another event's", joinWith("code", elsewhere.Codes[0].Code), event, alice, 403, "wrong_event"},
		{"another buyer's", joinWith("code", bound.Codes[1].Code), event, alice, 403, "wrong_buyer"},
		{"mistyped", joinWith("code", good[:31]+"AAAA"), event, alice, 403, "token_forged"},
	} {
		if a := h.do("POST", c.event+"/queue", c.who, c.body).want(c.status, c.code); a.problem.Field != "code" {
			t.Errorf("%s: field %q", c.name, a.problem.Field)
		}
	}
	if len(d.places) != 0 {
		t.Errorf("%d refused joins reached the gate", len(d.places))
	}
	for _, code := range []gate.Rejection{gate.CodeUsedUp, gate.CodeRevoked, gate.CodeExpired, gate.CodeNotYet,
		gate.CodeUnknown} {
		d.refuse = code
		status := 403
		if code == gate.CodeNotYet {
			status = 409
		}
		a := h.do("POST", event+"/queue", alice, joinWith("code", good)).want(status, code.String())
		if a.problem.Field != "code" || (a.header.Get("Retry-After") != "") != (code == gate.CodeNotYet) {
			t.Errorf("%v: %s", code, a.body)
		}
	}
	h.do("POST", event+"/queue", alice, joinWith("code", " "+strings.ToLower(good))).want(201, "")
	if d.code != 2 {
		t.Errorf("code %d reached the gate", d.code)
	}
	h.do("POST", event+"/queue", bob, joinWith("code", bound.Codes[1].Code)).want(201, "")
	h.do("POST", free+"/queue", headers{"X-Buyer": "carol"}, joinWith("code", "ignored")).want(201, "")
	if a := h.do("GET", event+"/queue/challenge", alice, "").want(200, ""); string(a.body) != `{"presale":true}` {
		t.Errorf("%s", a.body)
	}
}

// Kind: what operators may not ask for; the field at fault is named.
func TestCodesAreJudgedWhenMinted(t *testing.T) {
	h, d, event := withDoors(t, presaleBody)
	mint, revoke := event+"/queue/codes", event+"/queue/codes/revoke"
	for _, c := range []struct{ path, body, field string }{
		{mint, `{"count":1}`, "reason"}, {mint, `{"count":1,"reason":" "}`, "reason"},
		{mint, `{"reason":"x"}`, "count"}, {mint, `{"count":0,"reason":"x"}`, "count"},
		{mint, `{"count":10001,"reason":"x"}`, "count"}, {mint, `{"count":2,"buyers":["a"],"reason":"x"}`, "count"},
		{mint, `{"buyers":["a",""],"reason":"x"}`, "buyers"}, {mint, `{"count":1,"uses":0,"reason":"x"}`, "uses"},
		{mint, `{"count":1,"uses":65535,"reason":"x"}`, "uses"},
		{mint, `{"count":1,"opens_at":"2030-01-01T00:00:00Z","closes_at":"2030-01-01T00:00:00Z",` +
			`"reason":"x"}`, "closes_at"},
		{revoke, `{"first":1}`, "reason"}, {revoke, `{"reason":"x"}`, "first"},
		{revoke, `{"first":0,"reason":"x"}`, "first"},
		{revoke, `{"first":1,"count":0,"reason":"x"}`, "count"},
		{revoke, `{"code":"x","first":1,"reason":"x"}`, "code"},
		{revoke, `{"code":"open sesame","reason":"x"}`, "code"},
	} {
		if a := h.do("POST", c.path, operator, c.body); a.status/100 != 4 || a.problem.Field != c.field {
			t.Errorf("%s %s: %d %s", c.path, c.body, a.status, a.body)
		}
	}
	h.do("POST", mint, alice, `{"count":1,"reason":"x"}`).want(403, "forbidden")
	h.do("POST", h.show(roomBody)+"/queue/codes", operator, `{"count":1,"reason":"x"}`).want(409, "no_presale")
	h.do("POST", h.show("")+"/queue/codes", operator, `{"count":1,"reason":"x"}`).want(404, "no_waiting_room")
	var all waitingroom.Codes
	h.do("POST", mint, operator, `{"buyers":["alice"],"reason":"x"}`).want(201, "").into(&all)
	h.do("POST", revoke, operator, joinWith("reason", "leaked")[:18]+`,"code":"`+all.Codes[0].Code+`"}`).want(200, "")
	if d.taken.First != codebook.No(all.First) || d.taken.Count != 1 || d.why != "leaked" {
		t.Errorf("%+v is taken back", d.taken)
	}
	if strings.Contains(h.logs.String(), all.Codes[0].Code) {
		t.Error("a code stands in the log")
	}
}

// Kind: a refusal that says when to come again says so in whole seconds, and is counted.
func TestCoolDownSaysHowLong(t *testing.T) {
	logs := &lockedBuffer{}
	h := openOver(t, cooling{trusting{realEngine(t, slog.New(slog.NewTextHandler(logs, nil)))}}, logs, nil)
	event := h.show("")
	a := h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`).want(429, "cool_down")
	if a.header.Get("Retry-After") != "62" || a.problem.Limit != "cool_down" {
		t.Errorf("%v %s", a.header, a.body)
	}
	page := string(h.do("GET", "/metrics", nobody, "").body)
	if !strings.Contains(page, `holdfast_queue_turned_away_total{reason="cool_down"} 1`) {
		t.Error("nobody counts it")
	}
}

// cooling is an engine whose buyers have let holds lapse.
type cooling struct{ trusting }

func (cooling) Book(*actors.BookCall, time.Duration, *actors.BookingView) error {
	return &actors.QueueRefusal{Code: gate.CoolDown, Wait: 61_001}
}

// Bounds and defaults of what a join must bring; the field at fault is named.
func TestEntryIsJudgedWhenItIsMade(t *testing.T) {
	h, _, _ := withDoors(t, "")
	room := func(more string) string {
		return eventBody(`,"waiting_room":{"opens_at":"2030-05-01T10:00:00Z","active_max":5,` + more + `}`)
	}
	var made wire.Event
	h.do("POST", "/v1/events", operator, room(`"proof_of_work":{"max_number":5000000}`)).want(201, "").into(&made)
	w := made.WaitingRoom.ProofOfWork
	if w == nil || *w.MaxNumber != 5_000_000 || *w.MaxNumberRush != 50_000_000 || *w.JoinsPerSecond != 100 ||
		*w.LifetimeSeconds != 300 {
		t.Errorf("%+v", w)
	}
	h.do("POST", "/v1/events", operator, room(`"cool_down":{"base_seconds":200000},"presale":true`)).
		want(201, "").
		into(&made)
	if c := made.WaitingRoom.CoolDown; c == nil || *c.FreeHolds != 3 || *c.BaseSeconds != 200_000 ||
		*c.MaxSeconds != 604_800 || *c.ForgetSeconds != 604_800 || !*made.WaitingRoom.Presale {
		t.Errorf("%+v", c)
	}
	made = wire.Event{}
	h.do("POST", "/v1/events", operator, room(`"proof_of_work":{}`)).want(201, "").into(&made)
	if made.WaitingRoom.ProofOfWork != nil {
		t.Errorf("{} asks for %+v", made.WaitingRoom.ProofOfWork)
	}
	for _, c := range []struct{ member, field string }{
		{`"proof_of_work":{"joins_per_second":5}`, "proof_of_work.max_number"},
		{`"proof_of_work":{"max_number":999}`, "proof_of_work.max_number"},
		{`"proof_of_work":{"max_number":50000001}`, "proof_of_work.max_number"},
		{`"proof_of_work":{"max_number":null}`, "proof_of_work.max_number"},
		{`"proof_of_work":{"max_number":5000,"max_number_rush":4999}`, "proof_of_work.max_number_rush"},
		{`"proof_of_work":{"max_number":5000,"joins_per_second":1}`, "proof_of_work.joins_per_second"},
		{`"proof_of_work":{"max_number":5000,"lifetime_seconds":0}`, "proof_of_work.lifetime_seconds"},
		{`"proof_of_work":true`, "proof_of_work"}, {`"presale":1`, "presale"},
		{`"cool_down":{"free_holds":1}`, "cool_down.base_seconds"},
		{`"cool_down":{"base_seconds":0}`, "cool_down.base_seconds"},
		{`"cool_down":{"base_seconds":9,"free_holds":101}`, "cool_down.free_holds"},
		{`"cool_down":{"base_seconds":9,"max_seconds":8}`, "cool_down.max_seconds"},
		{`"cool_down":{"base_seconds":9,"max_seconds":99,"forget_seconds":98}`, "cool_down.forget_seconds"},
		{`"proof_of_work":{"number":1}`, "proof_of_work.number"},
	} {
		a := h.do("POST", "/v1/events", operator, room(c.member))
		if a.status/100 != 4 || a.problem.Field != "waiting_room."+c.field {
			t.Errorf("%s: %d %s", c.member, a.status, a.body)
		}
	}
}

// A rush makes the puzzles of those who come later harder, and none of those that were issued before; nor does asking
// without joining.
func TestProofsGetHarderInARush(t *testing.T) {
	h, pass := withClock(t)
	event := h.show(strings.Replace(workBody, `1000}`, `1000,"max_number_rush":4000,"joins_per_second":2}`, 1))
	early := h.challenge(event, alice).ProofOfWork
	for range 50 {
		h.challenge(event, bob)
	}
	pass(time.Second)
	for i, second := range []struct {
		joins int
		want  uint32 // of the second after
	}{{0, 1000}, {1, 1000}, {2, 2000}, {8, 4000}, {0, 4000}} {
		for n := range second.joins {
			who := headers{"X-Buyer": fmt.Sprintf("fan %d of %d", n, i)}
			h.do("POST", event+"/queue", who, solved(t, h.challenge(event, who).ProofOfWork)).want(201, "")
		}
		pass(time.Second)
		if z := h.challenge(event, alice).ProofOfWork; z.MaxNumber != second.want {
			t.Errorf("after %d joins a difficulty of %d, want %d", second.joins, z.MaxNumber, second.want)
		}
	}
	h.do("POST", event+"/queue", alice, solved(t, early)).want(201, "")
	pass(10 * time.Minute)
	if z := h.challenge(event, alice).ProofOfWork; z.MaxNumber != 1000 {
		t.Errorf("a difficulty of %d long after the rush", z.MaxNumber)
	}
	late := h.do("POST", event+"/queue", alice, solved(t, early)).want(403, "proof_expired")
	if late.problem.Field != "proof" {
		t.Errorf("field %q", late.problem.Field)
	}
}

// withClock is a house with waiting rooms whose time passes as the test says.
func withClock(t *testing.T) (h *house, pass func(time.Duration)) { return withClockAnd(t, newDoors()) }

func withClockAnd(t *testing.T, d *doors) (h *house, pass func(time.Duration)) {
	start, passed := time.Now(), atomic.Int64{}
	logs := &lockedBuffer{}
	engine := realEngine(t, slog.New(slog.NewTextHandler(logs, nil)))
	h = openOver(t, trusting{engine}, logs, func(c *Config) {
		c.Queue, c.Now = d, func() time.Time { return start.Add(time.Duration(passed.Load())) }
	})
	return h, func(d time.Duration) { passed.Add(int64(d)) }
}
