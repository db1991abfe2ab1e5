package check

import (
	"container/heap"
	"fmt"
	"holdfast/bench/check/history"
	"math/rand/v2"
	"slices"
)

// world is a seat server, its buyers and the line between them, in one goroutine: everything that happens has a moment,
// and moments are taken in order. What is drawn comes from pick, so that a run can be repeated and shrunk. Requests
// overlap, answers and requests get lost or come late, buyers repeat themselves, holds lapse, the server crashes, and
// it can have a bug.
type world struct {
	pick       func(n int) int
	now        history.Nanos
	queue      moments
	order      int
	server     *simServer
	h          *history.History
	hasRequest int
}

const simMilli = history.Nanos(1_000_000)

// simSlack is what header and server agree on: the server's clock is at most a millisecond off, and tells whole ones.
const simSlack = 3 * simMilli

// simLookLag is how old the server's maps may be.
const simLookLag = 10 * simMilli

const simStart = int64(1_800_000_000_000_000_000)

type moment struct {
	at    history.Nanos
	order int
	do    func()
}

type moments []moment

func (m moments) Len() int { return len(m) }
func (m moments) Less(i, j int) bool {
	return m[i].at < m[j].at || m[i].at == m[j].at && m[i].order < m[j].order
}
func (m moments) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)   { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// simSize is how large a world is.
type simSize struct {
	events, sections, seats int
	buyers, wishes          int
	crashes                 int
	blocked                 bool
	calm                    bool // nothing gets lost
	keyed                   bool // the log names buyers by names that only the server can make
}

var simSmall = simSize{events: 1, sections: 2, seats: 4, buyers: 5, wishes: 8, crashes: 1}

func chance(r *rand.Rand) func(int) int { return r.IntN }

// simulate lets a world run to its end, and ends it with a look at every map.
func simulate(size simSize, bug simBug, pick func(int) int) *world {
	w := &world{pick: pick}
	w.h = &history.History{Header: history.Header{
		Server: "simulated", Scenario: "test", StartUnixNano: simStart, ClockSlack: simSlack, BuyerPrefix: "b",
		KeyPrefix: "k",
	}}
	for e := range size.events {
		event := history.Event{ID: fmt.Sprintf("event-%d", e)}
		for s := range size.sections {
			event.Sections = append(event.Sections, history.Section{ID: string(rune('A' + s)), Seats: size.seats})
		}
		w.h.Header.Events = append(w.h.Header.Events, event)
	}
	w.server = newSimServer(w, bug, size)
	for i := range size.buyers {
		b := &simBuyer{w: w, number: uint64(i), wishes: size.wishes, calm: size.calm, part: &history.Part{}}
		w.h.Parts = append(w.h.Parts, b.part)
		w.after(w.upTo(5), b.next)
	}
	for range size.crashes {
		w.after(w.upTo(150), w.server.crash)
	}
	w.drain()
	w.lastLooks()
	w.drain()
	return w
}

func (w *world) after(delay history.Nanos, do func()) {
	w.order++
	heap.Push(&w.queue, moment{w.now + delay, w.order, do})
}

// upTo is some time of at most so many milliseconds.
func (w *world) upTo(millis int) history.Nanos {
	return history.Nanos(w.pick(millis*10+1)) * simMilli / 10
}

func (w *world) drain() {
	for len(w.queue) > 0 {
		m := heap.Pop(&w.queue).(moment)
		w.now = m.at
		m.do()
	}
}

func (w *world) lastLooks() {
	w.now += 100 * simMilli
	looker := &simBuyer{w: w, number: 1 << 20, calm: true, part: &history.Part{}}
	w.h.Parts = append(w.h.Parts, looker.part)
	for e := range w.h.Header.Events {
		for s := range w.h.Header.Events[e].Sections {
			looker.look(e, s)
		}
	}
}

// simBuyer does one thing after the other.
type simBuyer struct {
	w      *world
	number uint64
	wishes int
	keys   uint64
	calm   bool
	part   *history.Part
	mine   []int32 // granted bookings that are not known to be over: operations
}

func (b *simBuyer) next() {
	if b.wishes == 0 {
		return
	}
	b.wishes--
	w := b.w
	switch what := w.pick(10); {
	case len(b.mine) > 0 && what < 6:
		of := b.mine[w.pick(len(b.mine))]
		kind := []history.Kind{history.Confirm, history.Confirm, history.Release, history.Extend}[w.pick(4)]
		b.ask(history.Op{Kind: kind, Of: of, Event: b.part.Ops[of].Event, Section: b.part.Ops[of].Section,
			Key: b.key()})
	case what < 7:
		b.hold()
	case what < 9:
		op := history.Op{Kind: history.Best, Of: history.NoOp, Event: b.event(), Quantity: uint16(1 + w.pick(2)),
			Section: history.AnySection, Key: b.key()}
		if w.pick(2) == 0 {
			op.Section = b.section(op.Event)
		}
		b.ask(op)
	default:
		event := b.event()
		b.look(int(event), int(b.section(event)))
	}
}

func (b *simBuyer) key() uint64 {
	b.keys++
	return b.number<<32 | b.keys
}

func (b *simBuyer) event() uint16 { return uint16(b.w.pick(len(b.w.h.Header.Events))) }

func (b *simBuyer) section(event uint16) uint32 {
	return uint32(b.w.pick(len(b.w.h.Header.Events[event].Sections)))
}

func (b *simBuyer) hold() {
	op := history.Op{Kind: history.Hold, Of: history.NoOp, Event: b.event(), Key: b.key()}
	op.Section = b.section(op.Event)
	size := b.w.h.Header.Events[op.Event].Sections[op.Section].Seats
	seats := []uint32{uint32(b.w.pick(size))}
	if other := uint32(b.w.pick(size)); other != seats[0] {
		seats = append(seats, other)
	}
	op.Seats = b.part.AddSeats(seats)
	b.ask(op)
}

func (b *simBuyer) look(event, section int) {
	b.ask(history.Op{Kind: history.Look, Of: history.NoOp, Event: uint16(event), Section: uint32(section),
		Key: b.key()})
}

// ask sends a request. Its fate is drawn: all goes well, the request or the answer is lost, or it arrives long after
// the buyer gave up.
func (b *simBuyer) ask(op history.Op) {
	w := b.w
	op.Buyer, op.Call = b.number, w.now
	fate, life := 0, w.server.life
	if !b.calm {
		fate = w.pick(12)
	}
	w.hasRequest++
	travel := w.upTo(5)
	switch fate {
	case 1: // the request is lost
		w.after(travel, func() { b.unknown(op) })
	case 2: // it comes when nobody waits for it any more
		w.after(travel, func() { b.unknown(op) })
		w.after(travel+w.upTo(60), func() { w.server.serve(op, b.part, func(simAnswer) {}) })
	default:
		w.after(travel, func() {
			if w.server.life != life {
				b.unknown(op) // the connection died with the server
				return
			}
			w.server.serve(op, b.part, func(a simAnswer) {
				w.after(w.upTo(5), func() {
					if fate == 3 || w.server.life != life {
						b.unknown(op)
						return
					}
					b.answered(op, a)
				})
			})
		})
	}
}

// unknown records that no answer came, and perhaps asks again.
func (b *simBuyer) unknown(op history.Op) {
	op.Verdict, op.Return = history.Unknown, history.Never
	b.part.Ops = append(b.part.Ops, op)
	b.w.after(b.w.upTo(3), func() { b.again(op, 3) })
}

// again repeats the request with chance n in 4, or goes on.
func (b *simBuyer) again(op history.Op, n int) {
	if op.Kind != history.Look && b.w.pick(4) < n {
		op.Verdict, op.Return, op.Expires, op.Lost, op.Text = 0, 0, 0, history.Span{}, history.Span{}
		b.ask(op)
		return
	}
	b.next()
}

func (b *simBuyer) answered(op history.Op, a simAnswer) {
	wanted := op
	op.Verdict, op.Return, op.Expires = a.verdict, b.w.now, a.expires
	op.Text, op.Lost = b.part.AddText(a.text), b.part.AddSeats(a.lost)
	if op.Kind == history.Best && a.verdict == history.Done {
		op.Section, op.Seats = a.section, b.part.AddSeats(a.seats)
	}
	b.part.Ops = append(b.part.Ops, op)
	at := int32(len(b.part.Ops) - 1)
	if op.Verdict == history.Done && (op.Kind == history.Hold || op.Kind == history.Best) &&
		!slices.ContainsFunc(b.mine, func(of int32) bool { return b.part.Ops[of].Key == op.Key }) {
		b.mine = append(b.mine, at)
	}
	if op.Kind == history.Release && a.verdict == history.Done || a.verdict == history.Ended && b.w.pick(3) > 0 {
		b.mine = slices.DeleteFunc(b.mine, func(of int32) bool { return of == op.Of })
	}
	repeats := 0
	if a.verdict == history.Done || a.verdict == history.Taken {
		repeats = 1
	}
	b.w.after(b.w.upTo(8), func() { b.again(wanted, repeats) })
}
