package gate_test

import (
	"testing"

	"holdfast/actors/gate"

	"pgregory.net/rapid"
)

// twin is the dumb twin of a gate: what each buyer was told, and how long each has had to come. It says what must be
// true of the answers; the audit says what must be true of the log.
type twin struct {
	*desk
	rt      *rapid.T
	set     gate.Settings
	cap     uint32
	numbers uint32
	session gate.SessionNo
	places  map[int]*twinPlace // by buyer, the newest
	stock   gate.Stock
	ending  []gate.SessionNo
	paused  bool
	paced   bool // a rate may bind
}

type twinPlace struct {
	gate.Place
	ran gate.Millis // of the turn, while a slot was free
}

func live(s gate.PlaceState) bool { return s >= gate.Waiting && s <= gate.Inside }

// TestTwin guards P8, P10 and P14: random commands, and after each the answers, the counters, the replay, a restored
// state and a follower are held against each other; at the end the audit judges the log.
func TestTwin(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := gate.Settings{Cap: rapid.Uint32Range(0, 5).Draw(rt, "cap"), Session: 5000, Turn: 1000,
			Grace:     gate.Millis(rapid.SampledFrom([]int{0, 700}).Draw(rt, "grace")),
			Rate:      rapid.SampledFrom([]uint32{0, 0, 500, 3000, 90_000}).Draw(rt, "rate"),
			MeanSeats: rapid.SampledFrom([]uint32{0, 1000, 2700}).Draw(rt, "mean"), Return: 250}
		if rapid.Bool().Draw(rt, "lobby") {
			s.ClosesAt, s.DoorsAt = 2000, 2500
			s.Rule = gate.DrawRule{Chain: [32]byte{1}, Period: 300, Round: 10, Late: 400}
		}
		x := &twin{desk: newDesk(t), rt: rt, set: s, cap: s.Cap, places: map[int]*twinPlace{}, paced: s.Rate > 0}
		x.do(gate.Command{Kind: gate.Found, Settings: s})
		if rapid.Bool().Draw(rt, "crowd") {
			x.crowd()
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			x.step()
			x.look()
			x.same()
		}
		x.wantClean()
		if t.Failed() {
			rt.Fatalf("the log is not clean")
		}
	})
}

// crowd begins with a drawn crowd and enough seats, so that the steps are about turns and slots.
func (x *twin) crowd() {
	a := x.do(joinOf(5, 3, 8, 0, 11, 4, 1, 9))
	for _, n := range []int{5, 3, 8, 0, 11, 4, 1, 9} {
		x.places[n] = &twinPlace{Place: a.Places[x.numbers]}
		x.numbers++
	}
	x.stock = gate.Stock{Free: 100}
	x.do(gate.Command{Kind: gate.Restock, Stock: x.stock})
	x.setCap(uint32(x.pick("first cap", 2, 6)))
	x.now = 3000
	x.timers()
	x.do(
		gate.Command{Kind: gate.HandIn, Round: x.m.Public().Round, Signature: []byte{7, byte(x.pick("lots", 1, 2, 3))}},
	)
	x.look()
}

func (x *twin) setCap(n uint32) {
	x.do(gate.Command{Kind: gate.Operate, Action: gate.SetCap, Value: n, Reason: "why"})
	x.cap = n
}

func (x *twin) pick(what string, all ...int) int { return rapid.SampledFrom(all).Draw(x.rt, what) }

func (x *twin) step() {
	kinds := []func(){
		x.pass, x.pass, x.join, x.join, x.join, x.take, x.take, x.take, x.leave, x.free, x.free, x.restock, x.operate,
		x.operate, x.draw, x.end, x.lose,
	}
	kinds[rapid.IntRange(0, len(kinds)-1).Draw(x.rt, "kind")]()
}

// pass lets time go by: timers run when they are due, or all of them late.
func (x *twin) pass() {
	to := x.now + gate.Instant(x.pick("ms", 1, 60, 300, 700, 1000, 1001, 4000))
	for due, ok := x.m.NextTimer(); ok && due < to && rapid.Bool().Draw(x.rt, "in time"); due, ok = x.m.NextTimer() {
		x.until(max(due, x.now))
	}
	x.until(to)
}

func (x *twin) until(at gate.Instant) {
	x.run(gate.Millis(at - x.now))
	x.now = at
	x.timers()
	x.look()
}

// run counts the time of turns: while the doors are open, not paused, and a slot is free.
func (x *twin) run(by gate.Millis) {
	p := x.m.Public()
	offered := 0
	for _, place := range x.places {
		if place.State == gate.Offered {
			offered++
		}
	}
	if p.Phase != gate.Open || p.Paused || int(p.Occupied)+offered >= int(p.Cap) {
		return
	}
	for _, place := range x.places {
		if place.State == gate.Called {
			place.ran += by
		}
	}
}

func (x *twin) join() {
	var who []int
	for range rapid.IntRange(1, 5).Draw(x.rt, "batch") {
		who = append(who, x.pick("buyer", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
	}
	x.timers()
	x.look()
	a := x.do(joinOf(who...))
	for i, n := range who {
		got, had := a.Places[i], x.places[n]
		if had != nil && live(had.State) {
			if got.Number != had.Number || !got.Repeat {
				x.rt.Fatalf("G1: buyer %d has place %d and is given %+v", n, had.Number, got)
			}
			continue
		}
		if uint32(got.Number) != x.numbers || got.Repeat || got.State != gate.Waiting && got.State != gate.Called {
			x.rt.Fatalf("G1: place %d is next, buyer %d is given %+v", x.numbers, n, got)
		}
		x.numbers++
		x.places[n] = &twinPlace{Place: got}
	}
}

func (x *twin) take() {
	n := x.pick("buyer", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	x.timers()
	x.look()
	before := x.m.Public()
	a, had := x.do(gate.Command{Kind: gate.Take, Buyer: buyer(n)}), x.places[n]
	switch {
	case had == nil:
		x.want(a.Rejection == gate.PlaceUnknown, "a stranger", a)
	case had.State == gate.Inside:
		x.want(a.Repeat && a.Place.Session == had.Session, "a second device", a)
	case had.State == gate.Waiting:
		x.want(a.Rejection == gate.NotYourTurn || x.paused && a.Rejection == gate.GatePaused, "not called", a)
	case a.Place.State == gate.Inside:
		x.session++
		called := had.State == gate.Called || had.State == gate.Late || had.State == gate.Offered
		x.want(called && !x.paused, "admitted without a call", a)
		x.want(before.Occupied < x.cap, "G5: over the cap", a)
		x.want(a.Place.Session == x.session && a.Place.Until == x.now+5000, "a session out of order", a)
	case a.Rejection == gate.Accepted:
		x.want(a.Place.State == gate.Present, "neither inside nor present", a)
	}
}

func (x *twin) want(ok bool, what string, a gate.Answer) {
	if !ok {
		x.rt.Fatalf("%s: %v %+v", what, a.Rejection, a)
	}
}

func (x *twin) leave() {
	n := x.pick("buyer", 0, 1, 2, 3, 4, 5, 6)
	a := x.do(gate.Command{Kind: gate.Leave, Buyer: buyer(n)})
	x.want(a.Rejection == gate.Accepted || x.places[n] == nil, "leave", a)
}

func (x *twin) end() {
	if x.session > 0 {
		no := gate.SessionNo(rapid.IntRange(1, int(x.session)).Draw(x.rt, "session"))
		x.want(x.do(gate.Command{Kind: gate.Finish, Session: no}).Rejection == gate.Accepted, "finish", gate.Answer{})
	}
}

// free gives slots back, or tries to without a right to.
func (x *twin) free() {
	var ending []gate.SessionNo
	oldest := gate.Seq(0)
	x.m.Ending(func(no gate.SessionNo, ended gate.Seq) { ending, oldest = append(ending, no), max(oldest, ended) })
	if len(ending) == 0 {
		return
	}
	if rapid.Bool().Draw(x.rt, "too early") {
		a := x.do(gate.Command{Kind: gate.Free, Sessions: ending, Acks: []gate.Ack{{Seq: x.seq}, {Seq: oldest - 1}}})
		x.want(a.Rejection == gate.AcksTooOld || a.Repeat, "G6", a)
	}
	x.do(gate.Command{Kind: gate.Free, Sessions: ending, Acks: x.acks()})
}

func (x *twin) restock() {
	x.stock = gate.Stock{Free: uint32(x.pick("free", 0, 1, 3, 100)), Held: uint32(x.pick("held", 0, 9)),
		Holding: uint32(x.pick("holding", 0, 2))}
	x.do(gate.Command{Kind: gate.Restock, Stock: x.stock})
}

func (x *twin) operate() {
	c := gate.Command{
		Kind: gate.Operate, Reason: "why", Action: gate.Action(x.pick("action", 1, 1, 1, 1, 2, 3, 4, 4, 5, 6)),
		Value: uint32(x.pick("value", 0, 1, 2, 4, 7)),
	}
	if c.Action == gate.SetRate {
		c.Value *= 700
	}
	if x.do(c).Rejection != gate.Accepted {
		return
	}
	switch c.Action {
	case gate.SetCap:
		x.cap = c.Value
	case gate.SetRate:
		x.paced = true
	case gate.Pause, gate.Resume:
		x.paused = c.Action == gate.Pause
	}
}

func (x *twin) draw() {
	x.do(gate.Command{Kind: gate.HandIn, Round: x.m.Public().Round, Signature: []byte{7}})
}

// lose: what passed since the newest record is an outage.
func (x *twin) lose() {
	x.run(gate.Millis(x.m.LastAt() - x.now))
	x.crash()
	x.timers()
}

// look reads every place, and holds the counters against them.
func (x *twin) look() {
	var counts [10]uint32
	for n, place := range x.places {
		now, _, found := x.m.Lookup(buyer(n))
		if !found || now.Number != place.Number {
			x.rt.Fatalf("G1: buyer %d had place %d, and is at %+v", n, place.Number, now)
		}
		if place.Place = now; now.State == gate.Called && place.ran >= x.set.Turn {
			x.rt.Fatalf("G12: the turn of place %d ran %d ms", now.Number, place.ran)
		}
		counts[now.State]++
	}
	p := x.m.Public()
	if counts[gate.Waiting] != p.Waiting || counts[gate.Inside] != p.Inside || p.Joined != x.numbers ||
		counts[gate.Present]+counts[gate.Offered] != p.Present || p.Cap != x.cap {
		x.rt.Fatalf("counters %+v, places %v", p, counts)
	}
	x.stalled(p, counts)
}

// stalled: whoever waits is called as soon as slots, stock and rate allow.
func (x *twin) stalled(p gate.Public, counts [10]uint32) {
	due, ok := x.m.NextTimer()
	if p.Phase != gate.Open || p.Paused || x.paced || p.Waiting == 0 || ok && due <= x.now {
		return
	}
	out := counts[gate.Called] + p.Present
	slots := uint32(0)
	if p.Occupied < p.Cap {
		slots = (p.Cap - p.Occupied) * 1000 / p.ShowRate
	}
	if out < slots && x.stock.Free == 100 && x.stock.Held == 0 {
		x.rt.Fatalf("%d wait, %d are outstanding for %d slots, and nobody is called: %+v", p.Waiting, out, slots, p)
	}
}
