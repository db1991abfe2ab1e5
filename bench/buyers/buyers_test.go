package buyers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
	"holdfast/bench/load"
)

func testPlan(t *testing.T) *Plan {
	t.Helper()
	m := &wire.Seatmap{Sections: []wire.SeatmapSection{
		{ID: "A", Rows: []wire.SeatmapRow{
			{Label: "1", Seats: []wire.SeatmapSeat{{ID: "A-1-1"}, {ID: "A-1-2"}, {ID: "A-1-3"}}},
			{Label: "2", Seats: []wire.SeatmapSeat{{ID: "A-2-1"}}}}},
		{ID: "B", Rows: []wire.SeatmapRow{{Label: "1", Seats: []wire.SeatmapSeat{{ID: "B-1-1"}, {ID: "B-1-2"}}}}},
	}}
	p, err := NewPlan(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanFindsEverySeatAgain(t *testing.T) {
	p := testPlan(t)
	if p.Seats != 6 || p.Sections[0].Rows[1] != (Row{3, 1}) {
		t.Fatalf("%+v", p)
	}
	for no := range p.Sections {
		for seat := range p.Sections[no].Seats {
			if place, ok := p.Find(p.Sections[no].SeatID(seat)); !ok || place != (SeatRef{uint32(no), seat}) {
				t.Errorf("seat %d of section %d is found at %v", seat, no, place)
			}
		}
	}
	twice := &wire.Seatmap{Sections: []wire.SeatmapSection{
		{ID: "A", Rows: []wire.SeatmapRow{{Seats: []wire.SeatmapSeat{{ID: "x"}, {ID: "x"}}}}}}}
	if _, err := NewPlan(twice); err == nil {
		t.Error("a seat id that stands twice was taken")
	}
	if _, err := NewPlan(&wire.Seatmap{}); err == nil {
		t.Error("a house without seats was opened")
	}
}

// Requests are what the wire wants: read back by an HTTP library and the wire's own parser.
func TestRequestsAreWellFormed(t *testing.T) {
	p := testPlan(t)
	a := newAsker("h:1", DevIdentity, "b", "k", []*Event{{ID: "e", Plan: p}})
	for _, c := range []struct{ name, method, path, body, raw string }{
		{"hold", "POST", "/v1/events/e/bookings", `{"seats":["A-1-1","A-1-2"]}`,
			string(a.hold(nil, 0, &p.Sections[0], []uint32{0, 1}, 7, 8))},
		{"best", "POST", "/v1/events/e/bookings", `{"best_available":{"quantity":2,"section":"B"}}`,
			string(a.best(nil, 0, "B", 2, 7, 8))},
		{"best of all", "POST", "/v1/events/e/bookings", `{"best_available":{"quantity":3}}`,
			string(a.best(nil, 0, "", 3, 7, 8))},
		{"confirm", "POST", "/v1/bookings/x/confirm", payment,
			string(a.onBooking(nil, "POST", "/confirm", []byte("x"), payment, 7, 8))},
		{"release", "DELETE", "/v1/bookings/x", "", string(a.onBooking(nil, "DELETE", "", []byte("x"), "", 7, 8))},
	} {
		var request fasthttp.Request
		if err := request.Read(bufio.NewReader(bytes.NewReader([]byte(c.raw)))); err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, c.raw)
		}
		if string(request.Header.Method()) != c.method || string(request.URI().Path()) != c.path ||
			string(request.Body()) != c.body {
			t.Errorf("%s: %s", c.name, c.raw)
		}
		if who, key := string(request.Header.Peek("X-Buyer")),
			string(request.Header.Peek("Idempotency-Key")); who != string(history.AppendName(nil, "b", 7)) ||
			key != string(history.AppendName(nil, "k", 8)) {
			t.Errorf("%s: buyer %s, key %s", c.name, who, key)
		}
		var book wire.Book
		if c.path == "/v1/events/e/bookings" && wire.Decode(request.Body(), &book) != nil {
			t.Errorf("%s: the wire does not read %s", c.name, request.Body())
		}
	}
}

// Times read by hand are the wire's own.
func TestTimesAgreeWithTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, 253402300799999).Draw(t, "milliseconds")
		text, err := json.Marshal(wire.Time(want))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := parseStamp(bytes.Trim(text, `"`)); !ok || got != want {
			t.Fatalf("%s is %d, read as %d", text, want, got)
		}
	})
	for _, other := range []string{"2027-06-01T19:30:00Z", "2027-06-01T21:30:00.000+02:00"} {
		if got, ok := parseTime([]byte(other)); !ok || got != 1811878200000 {
			t.Errorf("%s is read as %d, %v", other, got, ok)
		}
	}
	for _, odd := range []string{"", "2027-06-01", "2027-06-01T19:30:00.00xZ", "soon"} {
		if _, ok := parseTime([]byte(odd)); ok {
			t.Errorf("%q was read as a time", odd)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		status  int
		body    string
		class   load.Outcome
		verdict history.Verdict
	}{
		{201, `{"id":"b"}`, load.Held, history.Done},
		{409, `{"code":"seat_taken","seats":["A-1-1"]}`, load.Taken, history.Taken},
		{409, `{"code":"sold_out"}`, load.SoldOut, history.NoneLeft},
		{409, `{"code":"hold_expired"}`, load.Failed, history.Ended},
		{404, `{"code":"booking_unknown"}`, load.Failed, history.Ended},
		{402, `{"code":"payment_declined"}`, load.Failed, history.Refused},
		{202, `{"state":"paying"}`, load.Unknown, history.Unknown},
		{503, `{"code":"overloaded"}`, load.Limited, history.Refused},
		{429, `{"code":"rate_limited"}`, load.Limited, history.Refused},
		{503, `{"code":"unavailable"}`, load.Limited, history.Unknown}, // its record may have landed (P3)
		{503, `{"code":"outcome_unknown"}`, load.Unknown, history.Unknown},
		{403, `{"code":"not_admitted"}`, load.Queued, history.Refused},
	} {
		class, verdict := verdictOf(&load.Turn{Answer: load.Answer{Status: c.status, Body: []byte(c.body)}})
		if class != c.class || verdict != c.verdict {
			t.Errorf("%d %s: %s, %d", c.status, c.body, class, verdict)
		}
	}
	if class, verdict := verdictOf(&load.Turn{Lost: true}); class != load.Unknown || verdict != history.Unknown {
		t.Errorf("a lost answer: %s, %d", class, verdict)
	}
}

// A booking is understood whole, or not at all.
func TestGrantsAreRecorded(t *testing.T) {
	event := &Event{ID: "e", Plan: testPlan(t)}
	start := time.UnixMilli(1_800_000_000_000)
	c, err := New(&Job{Scenario: "steady", Events: []string{"e"}, Start: start, Buyers: "b", Keys: "k"},
		[]*Event{event}, "h:1", DevIdentity, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Begin(start.Add(time.Second))
	turn := &load.Turn{Buyer: 3}
	if !c.Arrive(turn) {
		t.Fatal("nobody came")
	}
	lapses, err := json.Marshal(wire.Time(start.Add(time.Minute).UnixMilli()))
	if err != nil {
		t.Fatal(err)
	}
	turn.Sent, turn.Returned = time.Millisecond, 2*time.Millisecond
	turn.Answer = load.Answer{Status: 201,
		Body: []byte(`{"id":"bk","event":"e","state":"held","seats":["B-1-1","B-1-2"],"expires_at":` + string(lapses) +
			`,"total":{}}`)}
	if class, _ := c.Answered(turn); class != load.Held {
		t.Fatalf("a grant is %s", class)
	}
	op := c.Part().Ops[0]
	if op.Section != 1 || op.Verdict != history.Done || op.Buyer != 3 ||
		op.Call != history.Nanos(time.Second+time.Millisecond) || op.Expires != history.Nanos(time.Minute) {
		t.Errorf("%+v", op)
	}
	if seats := c.Part().SeatsOf(op.Seats); len(seats) != 2 || seats[1] != 1 ||
		string(c.Part().TextOf(op.Text)) != "bk" {
		t.Errorf("seats %v, booking %s", seats, c.Part().TextOf(op.Text))
	}
	cut := &load.Turn{Buyer: 5}
	c.Arrive(cut)
	cut.Answer = load.Answer{Status: 201, Body: []byte(`{"id":"ck","state":"held","seats":["A-1-2","B-1-1","A-2-1"],` +
		`"expires_at":` + string(lapses) + `}`)}
	if class, _ := c.Answered(cut); class != load.Held {
		t.Fatalf("a grant over two sections is %s", class)
	}
	ops := c.Part().Ops[len(c.Part().Ops)-2:]
	if home, leg := &ops[0], &ops[1]; home.Section != 0 || leg.Kind != history.Leg || leg.Section != 1 ||
		int(leg.Of) != len(c.Part().Ops)-2 || !slices.Equal(c.Part().SeatsOf(home.Seats), []uint32{1, 3}) ||
		!slices.Equal(c.Part().SeatsOf(leg.Seats), []uint32{0}) {
		t.Errorf("over two sections: %+v", ops)
	}
	other := &load.Turn{Buyer: 4}
	c.Arrive(other)
	other.Answer = load.Answer{Status: 201,
		Body: []byte(`{"id":"bk","seats":["Z-9-9"],"expires_at":` + string(lapses) + `}`)}
	if class, more := c.Answered(other); class != load.Failed || more {
		t.Errorf("seats that are not in the house: %s, %v", class, more)
	}
}

func TestPartiesHaveTheMeanOfTheListings(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const draws = 200_000
	sum := 0
	for range draws {
		n := group(rng)
		if n < 1 || n > 8 {
			t.Fatalf("a party of %d", n)
		}
		sum += int(n)
	}
	if mean := float64(sum) / draws; math.Abs(mean-GroupMean) > 0.02 {
		t.Errorf("mean %.3f, want %.2f", mean, GroupMean)
	}
}

// Neighbours are picked where the map showed them free, and never across rows.
func TestPickTakesFreeNeighbours(t *testing.T) {
	event := &Event{ID: "e", Plan: testPlan(t)}
	c, err := New(&Job{Scenario: "onsale", Events: []string{"e"}}, []*Event{event}, "h:1", DevIdentity, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		letters  string
		quantity uint32
		first    int // -1: none
	}{{"aaaa", 3, 0}, {"haaa", 2, 1}, {"ahaa", 2, -1}, {"hhha", 1, 3}, {"ssss", 1, -1}, {"aaaa", 4, -1}} {
		s := &shopper{quantity: one.quantity}
		ok := c.pick(s, []byte(one.letters))
		if ok != (one.first >= 0) || ok && (s.seats[0] != uint32(one.first) || len(s.seats) != int(one.quantity)) {
			t.Errorf("%s for %d: %v %v", one.letters, one.quantity, ok, s.seats)
		}
	}
}

// The same seed makes the same script: a run can be repeated.
func TestSameSeedSameCrowd(t *testing.T) {
	event := &Event{ID: "e", Plan: testPlan(t)}
	first := func(seed uint64, name string) string {
		c, err := New(&Job{Scenario: name, Events: []string{"e"}, Seed: seed, Buyers: "b", Keys: "k",
			Habits: Habits{Wave: 4}}, []*Event{event}, "h:1", DevIdentity, 0)
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for n := range uint64(6) {
			turn := &load.Turn{Buyer: n}
			c.Arrive(turn)
			all = append(all, turn.Request...)
		}
		return string(all)
	}
	for _, name := range Names() {
		if one, two := first(1, name), first(1, name); one != two {
			t.Errorf("%s: two crowds of one seed differ", name)
		}
	}
	if first(1, "stampede") == first(2, "stampede") {
		t.Error("seeds make no difference")
	}
	if _, err := New(&Job{Scenario: "nonsense"}, nil, "", DevIdentity, 0); err == nil {
		t.Error("a crowd that nobody knows was made")
	}
}

func TestTokenIdentity(t *testing.T) {
	if _, err := TokenIdentity([]byte("short")); err == nil {
		t.Error("a secret that can be guessed was taken")
	}
	sign, err := TokenIdentity(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	if head := sign(nil, []byte("alice")); !bytes.HasPrefix(head, []byte("Authorization: Bearer ey")) ||
		bytes.Count(head, []byte(".")) != 2 {
		t.Errorf("%s", head)
	}
}
