package cluster

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"pgregory.net/rapid"

	"holdfast/storage"
)

// world is two desks in one goroutine, with time and every line in the test's hands. It lets happen to lines what a network does: batches
// come late, from connections long given up too, or never.
type world struct {
	t interface {
		Fatal(...any)
		Fatalf(string, ...any)
	}
	draw  *rapid.T // nil where nothing is left to chance
	now   time.Time
	ends  [2]*end
	lines []*wire
}

// end is one desk and what its handler heard.
type end struct {
	world *world
	me    int
	desk  *desk
	views [2][]Member // what it may be told: with the other one or without

	up      bool
	period  string          // the other's session that is being heard
	next    int             // the number of the message to come
	spent   map[string]bool // sessions heard in earlier periods
	sent    map[string]int  // messages that went out, per own session
	periods int
	got     int
}

// wire is a line with what is on it.
type wire struct {
	line   *line
	from   *end
	frames [][]byte
}

func newWorld(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}) *world {
	w := &world{t: t, now: time.Now()}
	w.draw, _ = t.(*rapid.T)
	var members []Member
	for i := range 2 {
		members = append(members, Member{Writer: storage.WriterID{byte(i + 1)}, Name: fmt.Sprint("n", i), Peer: fmt.Sprint("host", i)})
	}
	for i := range w.ends {
		e := &end{world: w, me: i, spent: map[string]bool{}, sent: map[string]int{}, views: [2][]Member{members, {members[i]}}}
		e.desk = &desk{
			self: members[i].Writer, handler: e, log: slog.New(slog.DiscardHandler), keep: 200 * time.Millisecond, down: time.Second,
			link: e, ticked: func() {}, table: map[storage.WriterID]*peer{},
		}
		w.ends[i] = e
	}
	return w
}

func (e *end) other() *end       { return e.world.ends[1-e.me] }
func (e *end) peer() *peer       { return e.desk.table[e.other().desk.self] }
func (e *end) see(choice int)    { e.desk.see(NewView(e.desk.self, e.views[choice])) }
func (e *end) ViewChanged(*View) {}
func (e *end) cut(l *line)       {} // what is on it may still come
func (e *end) newLine(to, _ string) *line {
	l := &line{name: fmt.Sprint("line-", len(e.world.lines)), peer: to}
	l.target = actor.NewPID(l.name, deskName)
	e.world.lines = append(e.world.lines, &wire{line: l, from: e})
	return l
}

func (e *end) newOutbox(peer storage.WriterID) *outbox {
	began := e.world.now
	o := newOutbox(Options{Writer: e.desk.self, OutboxBytes: 2000, Window: 4}, peer, func() int64 { return int64(e.world.now.Sub(began)) + 1 })
	close(o.gone) // the test is the sender
	return o
}

func (e *end) PeerUp(storage.WriterID) {
	if e.up {
		e.world.t.Fatal("up twice")
	}
	e.up, e.period, e.next = true, "", 0
	e.periods++
}

func (e *end) PeerDown(storage.WriterID) {
	if !e.up {
		e.world.t.Fatal("down twice")
	}
	e.up = false
	if e.period != "" {
		e.spent[e.period] = true
	}
}

func (e *end) Received(_ storage.WriterID, message []byte) {
	session, number, _ := strings.Cut(string(message), "/")
	if e.period == "" {
		e.period = session
	}
	if !e.up || e.period != session || e.spent[session] || number != fmt.Sprint(e.next) || e.next >= e.other().sent[session] {
		e.world.t.Fatalf("message %s while up=%v in session %q, %d expected; heard before: %v", message, e.up, e.period, e.next, e.spent[session])
	}
	e.next++
	e.got++
}

func (e *end) send() {
	p := e.peer()
	if p == nil {
		return
	}
	session := fmt.Sprint(p.session)
	if p.out.send(fmt.Appendf(nil, "%s/%d", session, e.sent[session])) {
		e.sent[session]++
	}
}

// pump puts what would be sent on its lines.
func (e *end) pump() {
	p := e.peer()
	if p == nil {
		return
	}
	for {
		to, batch := p.out.take()
		if batch == nil {
			return
		}
		for _, w := range e.world.lines {
			if w.line.target == to {
				w.frames = append(w.frames, append([]byte(nil), batch.Value...))
			}
		}
	}
}

func (w *wire) deliver() {
	frame := w.frames[0]
	w.frames = w.frames[1:]
	w.from.other().desk.arrived(frame, w.from.world.now)
}

func (w *wire) connect() {
	now := w.from.world.now
	if w.line.asked.Load() && w.line.ready.CompareAndSwap(nil, &now) {
		w.from.desk.ready(w.line)
	}
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, e := range w.ends {
		e.desk.look(w.now)
	}
}

// some draws one of the lines with something on it, or of all.
func (w *world) some(loaded bool) *wire {
	var from []*wire
	for _, l := range w.lines {
		if !loaded || len(l.frames) > 0 {
			from = append(from, l)
		}
	}
	if len(from) == 0 {
		w.draw.Skip("nothing under way")
	}
	return rapid.SampledFrom(from[max(0, len(from)-6):]).Draw(w.draw, "line")
}

func (w *world) any() *end { return w.ends[rapid.IntRange(0, 1).Draw(w.draw, "end")] }

func (w *world) calm() {
	for range 40 {
		w.pass(60 * time.Millisecond)
		for _, e := range w.ends {
			e.pump()
		}
		for _, l := range w.lines {
			l.connect()
			for len(l.frames) > 0 {
				l.deliver()
				l.from.pump()
				l.from.other().pump()
			}
		}
	}
}

// rush lets every line make some progress in no time.
func (w *world) rush() {
	for range 3 {
		for _, e := range w.ends {
			e.pump()
		}
		for _, l := range w.lines[max(0, len(w.lines)-6):] {
			if l.connect(); len(l.frames) > 0 {
				l.deliver()
			}
		}
	}
}

// TestSessionsKeepTheirPromise: whatever lines do, a session's messages come in order, once, without gaps, never after its end; and when lines
// work again there is a session again, and it carries.
func TestSessionsKeepTheirPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for _, e := range w.ends {
			e.see(0)
		}
		t.Repeat(map[string]func(*rapid.T){
			"send": func(*rapid.T) {
				e := w.any()
				for range rapid.IntRange(1, 40).Draw(t, "messages") {
					e.send()
				}
			},
			"pump":    func(*rapid.T) { w.any().pump() },
			"connect": func(*rapid.T) { w.some(false).connect() },
			"deliver": func(*rapid.T) { w.some(true).deliver() },
			"flow":    func(*rapid.T) { w.ends[0].pump(); w.ends[1].pump(); l := w.some(true); l.connect(); l.deliver() },
			"rush":    func(*rapid.T) { w.rush() },
			"lose":    func(*rapid.T) { l := w.some(true); l.frames = l.frames[1:] },
			"double":  func(*rapid.T) { l := w.some(true); l.frames = append([][]byte{l.frames[0]}, l.frames...) },
			"break":   func(*rapid.T) { l := w.some(false); l.from.desk.ended(l.line) },
			"pass":    func(*rapid.T) { w.pass(time.Duration(rapid.IntRange(10, 1300).Draw(t, "ms")) * time.Millisecond) },
			"view":    func(*rapid.T) { w.any().see(rapid.IntRange(0, 1).Draw(t, "without")) },
			"calm":    func(*rapid.T) { w.calm() },
		})
		for _, e := range w.ends {
			e.see(0)
		}
		w.calm()
		for _, e := range w.ends {
			if !e.up || !e.peer().up.Load() {
				t.Fatalf("no session after calm: %v and %v", w.ends[0].up, w.ends[1].up)
			}
		}
		before := [2]int{w.ends[0].got, w.ends[1].got}
		for _, e := range w.ends {
			for range 100 {
				e.send()
				w.ends[e.me].pump()
			}
		}
		w.calm()
		for i, e := range w.ends {
			if e.next != e.other().sent[e.period] || e.got == before[i] {
				t.Fatalf("%d of %d messages came after calm", e.next, e.other().sent[e.period])
			}
			if p := e.peer(); p.out.bytes != 0 || len(p.out.flying) != 0 {
				t.Fatalf("%d bytes stay in the outbox", p.out.bytes)
			}
		}
	})
}

// TestAOneWayCutIsDownOnBothSides: from here on what the first end says is lost, and what it hears is not.
func TestAOneWayCutIsDownOnBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for _, e := range w.ends {
			e.see(0)
		}
		pass := rapid.IntRange(0, 8).Draw(t, "batches before the cut")
		for range 60 {
			w.pass(60 * time.Millisecond)
			for _, e := range w.ends {
				e.pump()
			}
			for _, l := range w.lines {
				l.connect()
				for len(l.frames) > 0 {
					if l.from == w.ends[0] && pass <= 0 {
						l.frames = nil
						continue
					}
					if l.from == w.ends[0] {
						pass--
					}
					l.deliver()
				}
			}
		}
		for i, e := range w.ends {
			if e.up {
				t.Errorf("end %d is up", i)
			}
		}
		w.calm()
		if !w.ends[0].up || !w.ends[1].up {
			t.Error("not up again")
		}
	})
}

// take is the newest batch on an end's newest line; what was before it is lost.
func (e *end) take() []byte {
	e.pump()
	w := e.world.lines[len(e.world.lines)-1]
	for i := len(e.world.lines) - 1; w.from != e; i-- {
		w = e.world.lines[i]
	}
	w.connect()
	e.pump()
	if len(w.frames) == 0 {
		e.world.t.Fatal("nothing is being sent")
	}
	frame := w.frames[len(w.frames)-1]
	w.frames = nil
	return frame
}

func (e *end) hear(frame []byte) { e.desk.arrived(frame, e.world.now) }

// TestWhatComesLateOfAnOldSessionIsDropped, also when that session never began on this side.
func TestWhatComesLateOfAnOldSessionIsDropped(t *testing.T) {
	w := newWorld(t)
	a, b := w.ends[0], w.ends[1]
	a.see(0)
	b.see(0)
	a.hear(b.take())
	a.take() // is lost
	a.desk.table[b.desk.self].out.speak()
	b.hear(a.take()) // knows b's session
	if !b.up || a.up {
		t.Fatal("only b should be up")
	}
	b.take() // says that it is up, and is lost
	b.send()
	late := b.take()
	b.desk.end(b.peer(), "the test says so")
	a.hear(b.take())
	if !a.up {
		t.Fatal("a should be up: b answered its session")
	}
	if a.hear(late); a.got != 0 {
		t.Fatal("a message of b's former session was delivered")
	}
}

// TestANewSessionOfThePeerEndsOurs at once, not after a silence.
func TestANewSessionOfThePeerEndsOurs(t *testing.T) {
	w := newWorld(t)
	a, b := w.ends[0], w.ends[1]
	a.see(0)
	b.see(0)
	w.calm()
	b.desk.end(b.peer(), "the test says so")
	a.hear(b.take())
	if a.up || a.periods != 1 {
		t.Fatal("a should be down")
	}
	if w.calm(); !a.up || !b.up || a.periods != 2 || b.periods != 2 {
		t.Fatal("both should be up again, in their second session")
	}
}
