package api

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/queue"
	"holdfast/api/wire"
	"holdfast/api/wire/drawproof"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// named is what the logs of an event call somebody.
func (h *house) named(path, who string) section.BuyerID {
	h.t.Helper()
	id, err := storage.ParseEventID(strings.TrimPrefix(path, "/v1/events/"))
	if err != nil {
		h.t.Fatal(err)
	}
	named, err := call.NamedIn(h.server.engine, id, who)
	if err != nil {
		h.t.Fatal(err)
	}
	return named.Buyer
}

func (a *answer) place() (p waitingroom.Place) {
	a.t.Helper()
	a.into(&p)
	return p
}

// P8, from the end of the line to a hold: join, poll, called, admission, booking.
func TestWaitingRoomStory(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	for _, name := range []string{"carol", "dave"} {
		h.do("POST", event+"/queue", headers{"X-Buyer": name}, "").want(201, "")
	}
	joined := h.do("POST", event+"/queue", alice, `{"party":2}`).want(201, "")
	first := joined.place()
	if first.Number != 2 || first.State != "waiting" || first.Ahead != 2 || first.Position != 3 ||
		first.ETABasis != "pace" || *first.ETASeconds != 1 || first.Next != waitingroom.NextWait ||
		joined.header.Get("Retry-After") == "" {
		t.Errorf("%s", joined.body)
	}
	if again := h.do("POST", event+"/queue", alice, `{}`).want(200, "").place(); again.Place != first.Place {
		t.Errorf("a second join gave %s", again.Place)
	}
	mine := alice.with("Queue-Place", first.Place)
	if p := h.do("GET", event+"/queue", mine, "").want(200, "").place(); p.State != "waiting" || p.Ahead != 2 {
		t.Errorf("%+v", p)
	}
	if d.asked != 0 {
		t.Errorf("%d look-ups for a poll that the counters answer", d.asked)
	}
	early := h.do("POST", event+"/queue/admission", mine, "").want(409, "not_your_turn")
	if early.header.Get("Retry-After") == "" {
		t.Error("nobody says when to ask again")
	}
	d.set(func(f *queue.Frame) { f.Called = 3 })
	d.become(h.named(event, "alice"), gate.Present)
	if again := h.do("POST", event+"/queue/admission", mine, "").want(409, "not_your_turn"); again.header.Get(
		"Retry-After") != "3" {
		t.Errorf("present, and told to come again in %s s", again.header.Get("Retry-After"))
	}
	d.become(h.named(event, "alice"), gate.Called)
	if p := h.do("GET", event+"/queue", mine, "").want(200, "").place(); p.State != "called" || p.Position != 0 ||
		p.Next != waitingroom.NextTakeTurn {
		t.Errorf("%+v", p)
	}
	var in, twice waitingroom.Admission
	h.do("POST", event+"/queue/admission", mine, "").want(200, "").into(&in)
	h.do("POST", event+"/queue/admission", mine, "").want(200, "").into(&twice)
	if in.Admission != twice.Admission {
		t.Error("a repeat is another admission")
	}
	if p := h.do("GET", event+"/queue", mine, "").want(200, "").place(); p.State != "inside" ||
		p.Next != waitingroom.NextBook || p.ExpiresAt == nil || p.ExpiresAt.Time != in.ExpiresAt.Time {
		t.Errorf("%+v", p)
	}
	h.do("POST", event+"/bookings", alice, `{"seats":["A-1-1"]}`).want(403, "not_admitted")
	h.do("POST", event+"/bookings", alice.with("Queue-Admission", in.Admission), `{"seats":["A-1-1"]}`).want(201, "")
	left := h.do("DELETE", event+"/queue", alice, "").want(200, "").place()
	if left.State != "gone" || left.Gone != "finished" || left.Next != waitingroom.NextJoin {
		t.Errorf("%+v", left)
	}
}

// Kind: an admission that is not the caller's for this event, or none at all. Each has its code, and none books.
func TestEveryWrongAdmissionHasItsCode(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	other := h.show(`,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z","active_max":1}`)
	free := h.show("")
	admitted := func(path string, who headers) string {
		p := h.do("POST", path+"/queue", who, "").place()
		d.become(h.named(path, who["X-Buyer"]), gate.Called)
		var in waitingroom.Admission
		h.do("POST", path+"/queue/admission", who.with("Queue-Place", p.Place), "").want(200, "").into(&in)
		return in.Admission
	}
	mine, elsewhere := admitted(event, alice), admitted(other, alice)
	spot := h.do("POST", event+"/queue", alice, "").place().Place
	raw, err := base64.RawURLEncoding.DecodeString(mine)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int) string {
		raw := append([]byte(nil), raw...)
		raw[at] ^= 1
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	for _, c := range []struct {
		name, token string
		who         headers
		status      int
		code        string
	}{
		{"its own", mine, alice, 201, ""},
		{"borrowed", mine, bob, 403, "wrong_buyer"},
		{"of another event", elsewhere, alice, 403, "wrong_event"},
		{"forged", changed(50), alice, 403, "token_forged"},
		{"of a key that is gone", changed(5), alice, 403, "token_outdated"},
		{"a place", spot, alice, 400, "bad_request"},
		{"no token", "let me in", alice, 400, "bad_request"},
		{"too long", strings.Repeat("A", 4000), alice, 400, "bad_request"},
	} {
		a := h.do("POST", event+"/bookings", c.who.with("Queue-Admission", c.token), `{"best_available":{"quantity":1}}`)
		if a.want(c.status, c.code); c.status == 400 && a.problem.Field != "Queue-Admission" {
			t.Errorf("%s: field %q", c.name, a.problem.Field)
		}
	}
	d.set(func(f *queue.Frame) { f.Generation++ })
	h.do("POST", event+"/bookings", alice.with("Queue-Admission", mine), `{"seats":["B-1-1"]}`).
		want(403, "token_outdated")
	h.do("POST", free+"/bookings", alice.with("Queue-Admission", "ignored"), `{"seats":["A-1-1"]}`).want(201, "")
}

// Kind: a place that is not the caller's, or of another waiting room.
func TestEveryWrongPlaceHasItsCode(t *testing.T) {
	h, d, event := withDoors(t, `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z",`+
		`"closes_at":"2020-05-01T11:00:00Z","active_max":10}`)
	other := h.show(roomBody)
	mine := h.do("POST", event+"/queue", alice, "").place().Place
	raw, err := base64.RawURLEncoding.DecodeString(mine)
	if err != nil {
		t.Fatal(err)
	}
	raw[50] ^= 1 // of the tag
	forged := base64.RawURLEncoding.EncodeToString(raw)
	turn := "/queue/admission"
	h.do("POST", event+turn, alice, "").want(400, "bad_request")
	h.do("POST", event+turn, alice.with("Queue-Place", "x"), "").want(400, "bad_request")
	h.do("POST", event+turn, alice.with("Queue-Place", forged), "").want(403, "token_forged")
	h.do("POST", event+turn, bob.with("Queue-Place", mine), "").want(403, "wrong_buyer")
	h.do("POST", other+turn, alice.with("Queue-Place", mine), "").want(403, "wrong_event")
	h.do("GET", other+"/queue", nobody.with("Queue-Place", mine), "").want(403, "wrong_event")
	h.do("GET", event+"/queue", nobody.with("Queue-Place", "x"), "").want(400, "bad_request")
	h.do("GET", event+"/queue/draw", nobody.with("Queue-Place", forged), "").want(403, "token_forged")
	h.do("GET", event+"/queue", nobody.with("Queue-Place", forged), "").want(200, "") // nothing personal is in it
	d.set(func(f *queue.Frame) { f.Called = 1 })
	h.do("GET", event+"/queue", nobody.with("Queue-Place", forged), "").want(403, "token_forged")
	d.set(func(f *queue.Frame) { f.Generation++ })
	h.do("GET", event+"/queue", nobody.with("Queue-Place", mine), "").want(403, "token_outdated")
}

// Every "no" of the gate has a status and a stable code.
func TestEveryRefusalOfTheGateHasItsCode(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	mine := alice.with("Queue-Place", h.do("POST", event+"/queue", alice, "").place().Place)
	for _, c := range []struct {
		code   gate.Rejection
		status int
		says   string
	}{
		{gate.GatePaused, 409, "queue_paused"}, {gate.NotYourTurn, 409, "not_your_turn"},
		{gate.TurnLapsed, 409, "turn_lapsed"}, {gate.SessionEnded, 409, "session_ended"},
		{gate.LeftAlready, 409, "place_left"}, {gate.PlaceUnknown, 404, "place_unknown"},
		{gate.NotFounded, 503, "unavailable"}, {gate.OnlyFollows, 500, "internal"},
	} {
		d.refuse = c.code
		h.do("POST", event+"/queue/admission", mine, "").want(c.status, c.says)
	}
	d.refuse = gate.NotOpenYet
	if a := h.do("POST", event+"/queue", bob, "").want(409, "not_open_yet"); a.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come again")
	}
	d.refuse = gate.TooMany
	h.do("POST", event+"/queue", bob, "").want(503, "overloaded")
	h.do("POST", event+"/queue", operator, "").want(403, "forbidden")
	h.do("POST", event+"/queue", nobody, "").want(401, "unauthorized")
	h.do("POST", event+"/queue", bob, `{"party":0}`).want(422, "invalid")
	h.do("POST", event+"/queue", bob, `{"party":null}`).want(400, "bad_request")
	h.do("POST", event+"/queue", bob, `{"party":2,"seat":1}`).want(400, "bad_request")
	h.do("GET", event+"/queue?party=0", nobody, "").want(400, "bad_request")
	h.do("GET", event+"/queue?place=1", nobody, "").want(400, "bad_request")
	d.refuse = gate.NotDrawn
	h.do("PATCH", event+"/waiting-room", operator, `{"open":true,"reason":"early"}`).want(409, "not_drawn")
	d.refuse = gate.WrongRound
	h.do("PATCH", event+"/waiting-room", operator, `{"draw":{"round":1,"signature":"00"},"reason":"draw"}`).
		want(422, "wrong_round")
	plain := h.show("")
	for _, call := range [][2]string{{"GET", "/queue"}, {"POST", "/queue"}, {"DELETE", "/queue"},
		{"GET", "/queue/stream"}, {"POST", "/queue/admission"}, {"GET", "/queue/draw"}} {
		h.do(call[0], plain+call[1], alice, "").want(404, "no_waiting_room")
	}
}

// What is told is true: prices of what is free, and why nobody can tell when.
func TestWaitingRoomTellsWhatIsLeft(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	d.set(func(f *queue.Frame) { f.Message = "Doors are \"slow\"." })
	mine := nobody.with("Queue-Place", h.do("POST", event+"/queue", alice, "").place().Place)
	p := h.do("GET", event+"/queue?party=4", mine, "").want(200, "").place()
	if p.PriceRange == nil || p.PriceRange.From.Amount != 4500 || p.PriceRange.To.Amount != 4500 ||
		len(p.SoldOut) != 0 || p.Message != "Doors are \"slow\"." || p.Party == nil || p.Party.Together != "yes" {
		t.Errorf("%+v", p)
	}
	for party, want := range map[string]waitingroom.Party{
		"12": {Size: 12, Together: "split", Parts: []int{6, 6}},
		"24": {Size: 24, Together: "split", Parts: []int{10, 10, 4}},
		"25": {Size: 25, Together: "no"},
	} {
		if p := h.do("GET", event+"/queue?party="+party, mine, "").want(200, "").place(); p.Party == nil ||
			!reflect.DeepEqual(*p.Party, want) {
			t.Errorf("%s: %+v", party, p.Party)
		}
	}
	d.set(func(f *queue.Frame) { f.Pace = 1 })
	if p := h.do("GET", event+"/queue?eta=10&ago=5", mine, "").want(200, "").place(); p.ETAGrew != "slower" {
		t.Errorf("%+v", p)
	}
	d.set(func(f *queue.Frame) { f.Paused = true })
	p = h.do("GET", event+"/queue?eta=10", mine, "").want(200, "").place()
	if p.ETASeconds != nil || p.ETABasis != "paused" || p.ETAGrew != "paused" || p.Phase != "paused" {
		t.Errorf("%+v", p)
	}
	h.do("POST", event+"/seats/block", operator, `{"seats":["A-1-1"]}`).want(200, "")
	d.set(func(f *queue.Frame) { f.SoldOut = true })
	var all waitingroom.Room
	a := h.do("GET", event+"/queue", nobody, "").want(200, "")
	if a.into(&all); all.Phase != "sold_out" || all.Joined != 1 || all.ActiveMax != 10 ||
		a.header.Get("Cache-Control") != "public, max-age=1" || a.header.Get("Vary") != "Queue-Place" {
		t.Errorf("%s", a.body)
	}
}

// What an operator does is done once for a key, with a reason; zero, null and absent are three things.
func TestOperatorsOfWaitingRooms(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	room := event + "/waiting-room"
	keyed := operator.with("Idempotency-Key", "k1")
	body := `{"active_max":5,"admit_per_second":0.5,"message":"soon","paused":true,"reason":"stage is late"}`
	var told waitingroom.Room
	for range 2 {
		h.do("PATCH", room, keyed, body).want(200, "").into(&told)
	}
	h.do("PATCH", room, keyed, `{"paused":false,"reason":"on"}`).want(422, "idempotency_mismatch")
	if told.ActiveMax != 5 || *told.AdmitPerSecond != 0.5 || told.Message != "soon" || told.Phase != "paused" {
		t.Errorf("%+v", told)
	}
	want := []queue.Operation{{Action: gate.SetCap, Value: 5}, {Action: gate.SetRate, Value: 500},
		{Action: gate.SetMessage, Text: "soon"}, {Action: gate.Pause}}
	if len(d.ops) != len(want) {
		t.Fatalf("%+v", d.ops)
	}
	for i, op := range d.ops {
		if op.Action != want[i].Action || op.Value != want[i].Value || op.Text != want[i].Text ||
			op.Reason != "stage is late" {
			t.Errorf("%+v, want %+v", op, want[i])
		}
	}
	h.do("PATCH", room, operator, `{"draw":{"signature":"0a0b"},"reason":"dice"}`).want(200, "")
	if d.handed != "\x0a\x0b" {
		t.Errorf("handed in %q", d.handed)
	}
	h.do("PATCH", room, operator, `{"open":true,"admit_unbounded":true,"reason":"go"}`).want(200, "")
	if !strings.Contains(h.logs.String(), "stage is late") {
		t.Error("the reason is not in the log")
	}
	for _, c := range []struct{ body, field string }{
		{`{"paused":true}`, "reason"}, {`{"paused":true,"reason":" "}`, "reason"}, {`{"reason":"x"}`, "body"},
		{`{"reason":null,"paused":true}`, "reason"}, {`{"paused":null,"reason":"x"}`, "paused"},
		{`{"admit_per_second":0,"reason":"x"}`, "admit_per_second"}, {`{"active_max":-1,"reason":"x"}`, "active_max"},
		{`{"admit_unbounded":false,"reason":"x"}`, "admit_unbounded"}, {`{"open":false,"reason":"x"}`, "open"},
		{`{"draw":{"signature":"xy"},"reason":"x"}`, "draw.signature"}, {`{"cap":1,"reason":"x"}`, "cap"},
		{`{"draw":{"round":-1,"signature":"00"},"reason":"x"}`, "draw.round"},
		{`{"message":"` + strings.Repeat("é", 251) + `","reason":"x"}`, "message"},
	} {
		if a := h.do("PATCH", room, operator, c.body); a.status/100 != 4 || a.problem.Field != c.field {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
		}
	}
	h.do("PATCH", room, alice, `{"paused":true,"reason":"x"}`).want(403, "forbidden")
}

// Bounds and defaults of a waiting room; the field at fault is named.
func TestWaitingRoomIsJudgedWhenItIsMade(t *testing.T) {
	h, _, _ := withDoors(t, "")
	chain := strings.Repeat("ab", 32)
	rule := `"draw":{"chain":"` + chain + `","genesis":"2030-01-01T00:00:00Z","period_seconds":30}`
	times := `"opens_at":"2030-05-01T10:00:00+02:00","closes_at":"2030-05-01T10:30:00+02:00"`
	var made wire.Event
	h.do("POST", "/v1/events", operator, eventBody(`,"time_zone":"Europe/Berlin","starts_at_":0`)).want(400, "bad_request")
	body := strings.Replace(eventBody(`,"waiting_room":{`+times+`,"active_max":5,"admit_per_second":2.5,`+rule+`}`),
		`"currency"`, `"time_zone":"Europe/Berlin","currency"`, 1)
	h.do("POST", "/v1/events", operator, body).want(201, "").into(&made)
	var seen wire.Event
	h.do("GET", "/v1/events/"+made.ID, nobody, "").want(200, "").into(&seen)
	w := seen.WaitingRoom
	if w == nil || *w.ActiveMax != 5 || *w.AdmitPerSecond != 2.5 || *w.SessionSeconds != 600 || *w.TurnSeconds != 120 ||
		*w.GraceSeconds != 60 || w.DoorsAt.String() != "2030-05-01T10:30:00.000+02:00" || !*w.Draw.Independent ||
		*w.Draw.Chain != chain || *w.Draw.Round < 1 {
		t.Fatalf("%+v %+v", w, w.Draw)
	}
	if text, _ := json.Marshal(seen); strings.Contains(strings.ToLower(string(text)), "salt") {
		t.Error("the salts' key is shown")
	}
	h.do("POST", "/v1/events", operator, eventBody(`,"waiting_room":{}`)).want(201, "").into(&seen)
	for _, c := range []struct{ room, field string }{
		{`{"active_max":5}`, "opens_at"}, {`{` + times + `}`, "active_max"},
		{`{` + times + `,"active_max":0}`, "active_max"}, {`{` + times + `,"active_max":null}`, "active_max"},
		{`{` + times + `,"active_max":5,"admit_per_second":0}`, "admit_per_second"},
		{`{` + times + `,"active_max":5,"admit_per_second":"2"}`, "admit_per_second"},
		{`{` + times + `,"active_max":5,"session_seconds":1}`, "session_seconds"},
		{`{` + times + `,"active_max":5,"turn_seconds":0}`, "turn_seconds"},
		{`{` + times + `,"active_max":5,"grace_seconds":-1}`, "grace_seconds"},
		{`{` + times + `,"active_max":5,"doors_at":"2030-05-01T10:00:00+02:00"}`, "doors_at"},
		{`{"opens_at":"2030-05-01T10:00:00Z","closes_at":"2030-05-01T10:00:00Z","active_max":5}`, "closes_at"},
		{`{"opens_at":"2031-05-01T10:00:00Z","active_max":5}`, "opens_at"},
		{`{"opens_at":"2030-05-01T10:00:00Z","active_max":5,` + rule + `}`, "draw"},
		{`{` + times + `,"active_max":5,"draw":{"chain":"xy"}}`, "draw.genesis"},
		{`{` + times + `,"active_max":5,` + strings.Replace(rule, chain, "xy", 1) + `}`, "draw.chain"},
		{`{` + times + `,"active_max":5,` + strings.Replace(rule, "}", `,"round":1}`, 1) + `}`, "draw.round"},
	} {
		a := h.do("POST", "/v1/events", operator, eventBody(`,"waiting_room":`+c.room))
		if a.status/100 != 4 || a.problem.Field != "waiting_room."+c.field && a.problem.Field != "waiting_room" {
			t.Errorf("%s: %d %s", c.room, a.status, a.body)
		}
	}
	if a := h.do("POST", "/v1/events", operator, eventBody(`,"waiting_room":null`)); a.status != 400 {
		t.Errorf("null: %d", a.status)
	}
}

// What is published of a draw is the document that holdfast draw verify reads: the rule before, the close and the draw
// as they come, and a place's own part of it, which nobody else is shown (P8).
func TestDrawIsPublished(t *testing.T) {
	h, d, event := withDoors(t, `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z",`+
		`"closes_at":"2020-05-01T11:00:00Z","active_max":10}`)
	d.set(func(f *queue.Frame) { f.Phase = gate.Lobby })
	mine := nobody.with("Queue-Place", h.do("POST", event+"/queue", alice, `{"party":2}`).place().Place)
	look := func(who headers) *drawproof.Document {
		told, err := drawproof.Parse(h.do("GET", event+"/queue/draw", who, "").want(200, "").body)
		if err != nil {
			t.Fatal(err)
		}
		if told.Place != nil && len(who) == len(nobody) {
			t.Errorf("anybody sees %+v", told.Place)
		}
		return told
	}
	if p := look(nobody); p.Phase != "lobby" || p.Rule.Beacon != nil || p.Close != nil ||
		"/v1/events/"+p.Event != event {
		t.Errorf("%+v", p)
	}
	h.do("GET", event+"/queue/draw", mine, "").want(409, "lobby_not_closed")
	const then = 1_600_000_000_000
	d.set(func(f *queue.Frame) { f.Phase, f.ClosedAt, f.Entrants, f.Root = gate.Closed, then, 1, draw.Hash{7} })
	closed := look(mine)
	if c, p := closed.Close, closed.Place; c.At != then || *c.Entrants != 1 || c.Root != (drawproof.Hash{7}) ||
		closed.Draw != nil || p.Rank != nil || p.Party != 2 || len(p.Path) != 1 {
		t.Errorf("%+v %+v", c, p)
	}
	d.set(func(f *queue.Frame) { f.Phase, f.Seed, f.Signature = gate.Drawn, draw.Hash{9}, []byte{1} })
	if p := look(mine); !slices.Equal(p.Draw.Signature, []byte{1}) || p.Draw.Seed != (drawproof.Hash{9}) ||
		*p.Place.Rank != 0 || p.Phase != "drawn" || !reflect.DeepEqual(p.Close, closed.Close) {
		t.Errorf("%+v", p)
	}
	look(nobody)
	h, _, event = withDoors(t, roomBody)
	h.do("GET", event+"/queue/draw", nobody, "").want(404, "no_draw")
}

// One frame is told to everybody who follows, whenever it changes.
func TestQueueStreamTellsEveryFrame(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	response, err := h.client.Do(h.request("GET", event+"/queue/stream", nobody, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	next := func() (q waitingroom.Room) {
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				if err := json.Unmarshal([]byte(data), &q); err != nil {
					t.Fatal(err)
				}
				return q
			}
		}
		t.Fatal("the stream ended")
		return q
	}
	if q := next(); response.StatusCode != http.StatusOK || q.Joined != 0 {
		t.Errorf("%+v", q)
	}
	h.do("POST", event+"/queue", alice, "").want(201, "")
	for next().Joined != 1 {
		continue
	}
	d.set(func(f *queue.Frame) { f.Paused = true })
	for next().Phase != "paused" {
		continue
	}
}

// Whoever is refused is counted, by the reason; the counters of a room are shown.
func TestQueueMetrics(t *testing.T) {
	h, d, event := withDoors(t, roomBody)
	mine := h.do("POST", event+"/queue", alice, "").place().Place
	h.do("POST", event+"/queue/admission", bob.with("Queue-Place", mine), "").want(403, "wrong_buyer")
	d.set(func(f *queue.Frame) { f.ShowRate = 500 })
	page := string(h.do("GET", "/metrics", nobody, "").body)
	id := strings.TrimPrefix(event, "/v1/events/")
	for _, line := range []string{
		`holdfast_queue_turned_away_total{reason="wrong_buyer"} 1`, `holdfast_queue_joined_total{event="` + id + `"} 1`,
		`holdfast_queue_show_ratio{event="` + id + `"} 0.5`, `holdfast_queue_phase{event="` + id + `"} 4`,
		// what the alert rules use:
		`holdfast_queue_waiting{event="` + id + `"} 1`, `holdfast_queue_paused{event="` + id + `"} 0`,
		`holdfast_queue_sold_out{event="` + id + `"} 0`, `holdfast_queue_slots{event="` + id + `"} 10`,
		`holdfast_queue_eta_error_ratio_count{estimate="1m"} 0`,
		`holdfast_queue_slots_occupied{event="` + id + `"} 0`, `holdfast_queue_called_total{event="` + id + `"} 0`,
	} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s", line)
		}
	}
}
