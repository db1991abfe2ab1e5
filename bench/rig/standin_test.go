package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
	"holdfast/bench/load"
)

// standIn is a server with just enough of the wire for the scenarios: events, holds that never end, availability. It
// keeps nothing across its own restart, which is what one of the tests wants to see found out.
type standIn struct {
	mu     sync.Mutex
	events map[string]*standInEvent
	holds  int
}

type standInEvent struct {
	open  bool
	plan  wire.Availability // every seat available
	seats map[string]bool   // held
	// held are the letters of the sections that have held seats, kept as holds come: making them for each look took
	// longer, under the race detector on a busy machine, than a client waits.
	held     map[string][]byte
	watchers []chan string // what each stream is sent
}

func newStandIn() *fasthttp.Server {
	s := &standIn{events: map[string]*standInEvent{}}
	return &fasthttp.Server{Handler: s.handle, CloseOnShutdown: true}
}

func (s *standIn) handle(ctx *fasthttp.RequestCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(strings.Trim(string(ctx.Path()), "/"), "/")
	switch {
	case string(ctx.Path()) == "/readyz":
	case string(ctx.Method()) == "DELETE":
		delete(s.events, parts[2])
	case len(parts) == 2:
		s.create(ctx)
	case s.events[parts[2]] == nil:
		ctx.SetStatusCode(404)
	case parts[3] == "sale":
		s.events[parts[2]].open = true
	case parts[3] == "bookings":
		s.hold(ctx, s.events[parts[2]])
	case len(parts) == 5:
		s.stream(ctx, s.events[parts[2]])
	case parts[3] == "availability":
		s.events[parts[2]].write(ctx)
	}
}

func (s *standIn) create(ctx *fasthttp.RequestCtx) {
	var body wire.CreateEvent
	var plan struct {
		Sections []struct {
			ID   string
			Rows []struct{ Seats int }
		}
	}
	if wire.Decode(ctx.PostBody(), &body) != nil || json.Unmarshal(body.Plan, &plan) != nil ||
		string(ctx.Request.Header.Peek("Authorization")) != "Bearer dev" {
		ctx.SetStatusCode(400)
		return
	}
	e := &standInEvent{seats: map[string]bool{}, held: map[string][]byte{}}
	total := 0
	for _, section := range plan.Sections {
		seats := 0
		for _, row := range section.Rows {
			seats += row.Seats
		}
		total += seats
		e.plan.Sections = append(e.plan.Sections, wire.SectionAvailability{ID: section.ID,
			Status: strings.Repeat("a", seats)})
	}
	id := fmt.Sprintf("event%d", len(s.events))
	s.events[id] = e
	ctx.SetStatusCode(201)
	_ = json.NewEncoder(ctx).Encode(wire.Event{ID: id, Seats: total})
}

func (s *standIn) hold(ctx *fasthttp.RequestCtx, e *standInEvent) {
	var book wire.Book
	if wire.Decode(ctx.PostBody(), &book) != nil || !e.open || len(book.Seats) != 1 {
		ctx.SetStatusCode(400)
		return
	}
	seat := book.Seats[0]
	if e.seats[seat] {
		ctx.SetStatusCode(409)
		ctx.SetBodyString(`{"status":409,"code":"seat_taken"}`)
		return
	}
	e.seats[seat] = true
	e.mark(seat)
	s.holds++
	e.tell(seat)
	ctx.SetStatusCode(201)
	ctx.SetBodyString(`{"id":"b","state":"held"}`)
}

// stream sends what is held from now on, and nothing of what a client could prove: the rig does not ask for that.
func (s *standIn) stream(ctx *fasthttp.RequestCtx, e *standInEvent) {
	frames := make(chan string, 10_000)
	e.watchers = append(e.watchers, frames)
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(conn net.Conn) {
		_, err := fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\nevent: snapshot\ndata: {}\n\n")
		for frame := range frames {
			if err != nil {
				return
			}
			_, err = fmt.Fprint(conn, frame)
		}
	})
}

// tell sends a hold to all streams.
func (e *standInEvent) tell(seat string) {
	var section string
	var row, number int
	parts := strings.SplitN(seat, "-", 2)
	section = parts[0]
	if _, err := fmt.Sscanf(parts[1], "%d-%d", &row, &number); err != nil {
		panic(err)
	}
	for _, frames := range e.watchers {
		frames <- fmt.Sprintf("event: delta\ndata: "+
			`{"section":%q,"first_seq":1,"seq":2,"changes":[[%d,"h"]]}`+"\n\n",
			section, (row-lab.RowsFirst)*rowSeats+number-1)
	}
}

func (e *standInEvent) write(ctx *fasthttp.RequestCtx) {
	live := wire.Availability{}
	for _, section := range e.plan.Sections {
		if letters := e.held[section.ID]; letters != nil {
			section.Status = string(letters)
		}
		live.Sections = append(live.Sections, section)
	}
	_ = json.NewEncoder(ctx).Encode(live)
}

// mark shows a seat as held; one that the plan does not have is nobody's.
func (e *standInEvent) mark(seat string) {
	id, place, _ := strings.Cut(seat, "-")
	var row, number int
	if _, err := fmt.Sscanf(place, "%d-%d", &row, &number); err != nil {
		return
	}
	for _, section := range e.plan.Sections {
		if section.ID != id {
			continue
		}
		if e.held[id] == nil {
			e.held[id] = []byte(section.Status)
		}
		if i := (row-lab.RowsFirst)*rowSeats + number - 1; i >= 0 && i < len(e.held[id]) {
			e.held[id][i] = 'h'
		}
	}
}

// TestMain lets this test binary be the servers that a rig starts: "serve …" is the stand-in, "null …" the do-nothing
// server.
func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case len(os.Args) > 3 && os.Args[1] == "serve":
		err = serveStandIn(ctx, os.Args[4])
	case len(os.Args) > 3 && os.Args[1] == "null":
		raw, readErr := os.ReadFile(os.Args[3])
		answer, parseErr := lab.ParseAnswer(raw)
		if err = readErr; err == nil {
			err = parseErr
		}
		if err == nil {
			err = lab.ServeNull(ctx, os.Args[2], answer)
		}
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveStandIn(ctx context.Context, address string) error {
	server := newStandIn()
	defer context.AfterFunc(ctx, func() { _ = server.Shutdown() })()
	return server.ListenAndServe(address)
}

func testRig(t *testing.T) *Rig {
	t.Helper()
	null := func(address, answerFile string) (string, []string) {
		return os.Args[0], []string{"null", address, answerFile}
	}
	rig, err := OpenRig(t.Context(), RigConfig{Binary: os.Args[0], Folder: t.TempDir(), Null: null})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rig.Close(); err != nil {
			t.Error(err)
		}
	})
	return rig
}

func TestSmoke(t *testing.T) {
	rig := testRig(t)
	shape := Shape{Conns: 4, Duration: 40 * time.Millisecond}
	for name, want := range map[string]load.Outcome{WorkHolds: load.Held, WorkRefusals: load.Taken,
		WorkAvailability: load.Served} {
		for _, rate := range []load.Rate{0, 500} {
			shape.Rate = rate
			r, err := rig.Measure(t.Context(), name, shape)
			if err != nil || !r.Outcomes.Only(want) {
				t.Errorf("%s at rate %.0f: %s, %v", name, float64(rate), r, err)
			}
		}
	}
	if _, err := rig.Measure(t.Context(), "nonsense", shape); err == nil {
		t.Error("an unknown scenario was run")
	}
}

func TestCompareNullWithRealProcesses(t *testing.T) {
	rig := testRig(t)
	for name, want := range map[string]load.Outcome{WorkHolds: load.Held, WorkRefusals: load.Taken,
		WorkAvailability: load.Served} {
		c, err := rig.CompareNull(t.Context(), name, Shape{Conns: 4, Duration: 30 * time.Millisecond}, 2)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, side := range []Side{c.A, c.B} {
			if len(side.Rounds) != 2 || !side.Rounds[1].Outcomes.Only(want) || side.PerSecond.Median <= 0 {
				t.Errorf("%s: %s", name, c)
			}
		}
	}
}

func TestSingleNextToTheDisk(t *testing.T) {
	s, err := testRig(t).Single(t.Context(), 50)
	if err != nil || s.Hold.Count != 50 || s.Sync.Count < 50 || s.Outcomes[load.Held] != 50 ||
		s.Over != s.Hold.P50-s.Sync.P50 || s.FirstLook <= 0 {
		t.Errorf("%s, %v", s, err)
	}
}

func TestAvailabilityWhileSelling(t *testing.T) {
	shape := Shape{Conns: 2, Duration: 50 * time.Millisecond}
	reads := shape
	reads.Rate = 200
	b, err := testRig(t).AvailabilityWhileSelling(t.Context(), reads, shape)
	if err != nil || b.Availability.Outcomes[load.Served] != 10 || !b.Holds.Outcomes.Only(load.Held) {
		t.Errorf("%s, %v", b, err)
	}
}

// P2: the restart scenario must notice a server that forgets. The stand-in keeps nothing, so its event is gone.
func TestRestartNoticesForgottenHolds(t *testing.T) {
	s, err := testRig(t).Restart(t.Context(), 100, 4)
	if err == nil {
		t.Fatalf("a server that forgets everything passed: %s", s)
	}
	if s.Acknowledged < 100 || s.Ready <= 0 {
		t.Errorf("the kill and the restart did not happen: %s, %v", s, err)
	}
}

// P2: and one that forgets a single acknowledged hold.
func TestCheckHeldFindsOneMissingHold(t *testing.T) {
	target := lab.Endpoint{Address: labtest.Serve(t, newStandIn()), OperatorKey: "dev"}
	event, err := openEvent(t.Context(), target, eventPlan{Sections: 3, SeatsPerSection: 50, HoldTTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := make(marks, event.Plan.seats())
	l := requestLoad{Address: target.Address, Conns: 2, Count: 40,
		Request: func(dst []byte, n requestNo) []byte { return event.appendHold(dst, uint64(n), 'h', n) },
		Seen:    func(n requestNo, _ int, _ []byte) { acknowledged[n].Store(true) }}
	if _, err := l.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held, err := event.checkHeld(t.Context(), target, acknowledged); err != nil || held != 40 {
		t.Errorf("%d held, %v", held, err)
	}
	acknowledged[77].Store(true) // never asked for: as good as lost
	if _, err := event.checkHeld(t.Context(), target, acknowledged); err == nil {
		t.Error("a missing hold was not noticed")
	}
}

func TestRigWantsOneServer(t *testing.T) {
	for _, c := range []RigConfig{{}, {Binary: "x", Address: "y"}, {Binary: "/nowhere/holdfast", Folder: t.TempDir()}} {
		if rig, err := OpenRig(t.Context(), c); err == nil {
			t.Errorf("%+v was accepted", c)
			_ = rig.Close()
		}
	}
	if _, err := (&Rig{}).Restart(t.Context(), 1, 1); err == nil {
		t.Error("a server that is not ours was to be killed")
	}
}
