package cluster_test

import (
	"context"
	"math/rand/v2"
	"time"

	"holdfast/actors/witness"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// newWorld makes a world of three or four machines; one of them may still be empty.
func newWorld(seed uint64) *world {
	return newWorldOf(seed, func(sections int) *plan { return plans()[sections] })
}

// newWorldOf is newWorld with another plan, by the number of sections.
func newWorldOf(seed uint64, planOf func(sections int) *plan) *world {
	w := &world{
		seed: seed, chance: rand.New(rand.NewPCG(seed, 0xc1057e2)), store: memstore.New(),
		byID: map[storage.WriterID]*host{}, sessions: map[[2]int]*session{}, tally: map[string]int{},
		strays: map[strayAsk]bool{}, trace: make([]note, notesKept()),
	}
	memories := rand.New(
		rand.NewPCG(seed, 0x3e3012e5),
	) // of their own: what machines remember changes no world before records are lost
	w.sections = 3 + w.chance.IntN(3)
	w.plan = planOf(w.sections)
	switch {
	case w.ordering():
		if w.plan = w.plan.spread(); seed%3 == 0 {
			w.plan.header.Coordinators = 2
		}
	case seed >= coordinatedFrom:
		w.plan = w.plan.coordinated()
	}
	w.judge, w.closed = newJudge(w), newAbsence(w, seed)
	w.buyers, w.operators = newBuyers(w), &operators{w: w}
	if err := w.store.CreateEvent(context.Background(), w.plan.header, w.plan.venue); err != nil {
		panic(err)
	}
	if w.percent(70) { // else the line is good, and what goes wrong is something else
		w.weather = weather{
			lose: w.chance.IntN(30), refuse: w.chance.IntN(30), unheard: w.chance.IntN(30), late: w.chance.IntN(20),
			slow: w.chance.IntN(60),
		}
	}
	w.outsiders.w = w
	for i := range 3 + w.chance.IntN(2) {
		w.spots = append(w.spots, &spot{number: i, cut: map[int]bool{}})
		if i == 0 || memories.IntN(100) < 60 {
			w.spots[i].memory = witness.New() // stands for its file
		}
	}
	return w
}

// run is a world's whole history: it begins in peace, lives through chaos, and must come to rest.
func (w *world) run() error {
	defer w.end()
	for i, spot := range w.spots {
		if i < 3 || w.percent(50) {
			w.at(w.between(0, 30*time.Millisecond), nil, "start", func() { w.start(spot) })
		}
	}
	w.at(0, nil, "tend", w.tend)
	w.until(w.between(300*time.Millisecond, 900*time.Millisecond))
	w.at(0, nil, "buyers", w.buyers.come)
	w.at(w.between(0, 400*time.Millisecond), nil, "operators", w.operators.come)
	w.at(w.between(0, 400*time.Millisecond), nil, "chaos", w.chaos)
	if w.doors != nil {
		w.at(0, nil, "doors", w.doors.come)
	}
	if w.percent(15) && w.doors == nil {
		w.at(w.between(0, time.Second), nil, "stray", w.outsiders.startStray)
	}
	if w.percent(15) && w.doors == nil {
		w.at(w.between(0, time.Second), nil, "forgotten", w.outsiders.startForgotten)
	}
	longer := w.closed.come()
	w.until(w.now + w.between(1500*time.Millisecond, 4*time.Second) + longer)
	w.closed.open()
	if w.failure == nil {
		w.rest()
	}
	if w.failure == nil {
		w.closed.inPeace()
	}
	off := w.failure == nil && (w.callOff() || w.putOff())
	if w.failure == nil && w.percent(lossPercent) && w.doors == nil && !off {
		w.loseRecords()
	}
	return w.failure
}

// end kills what is left, so that no thread outlives its world.
func (w *world) end() {
	for _, h := range w.hosts {
		h.kill()
	}
	forgetSpawned()
}

// kill ends a process's threads where they stand.
func (h *host) kill() {
	h.dead = true
	for len(h.threads) > 0 {
		last := len(h.threads) - 1
		t := h.threads[last]
		h.threads = h.threads[:last]
		t.ended = true
		t.stop()
	}
}

// crash ends a process as kill -9 does. What it has sent is on its way all the same.
func (w *world) crash(h *host, why string) {
	if h.dead {
		return
	}
	w.stirs++
	w.tally["crash: "+why]++
	w.note(h, "ends: %s", why)
	h.kill()
	h.spot.host = nil
	for _, other := range w.hosts {
		if s := w.pair(h, other); s != nil && other != h {
			s.end("n died")
		}
		if !other.dead {
			w.lose(other, h, w.between(500*time.Millisecond, 2*time.Second))
		}
	}
	w.buyers.died(h)
}

// pause stops a process for a while: the world goes on, and what comes for it waits.
func (w *world) pause(h *host, d time.Duration) {
	if h.paused || h.dead {
		return
	}
	w.tally["pause"]++
	if d > lapse {
		w.tally["pause longer than the lapse"]++
	}
	w.note(h, "paused for %v", d)
	h.paused, h.pausedAt = true, w.now
	since := w.now
	for _, other := range w.hosts {
		if other != h && !other.dead {
			w.at(w.between(time.Second, 2*time.Second), nil, "suspect", func() {
				if h.paused && h.pausedAt == since {
					w.lose(other, h, 0)
				}
			})
		}
	}
	w.at(d, nil, "resume", func() { w.wake(h) })
}

// wake lets a paused process go on: first with what has come meanwhile, in the order of coming.
func (w *world) wake(h *host) {
	if !h.paused || h.dead {
		return
	}
	w.stirs++
	h.paused = false
	h.slept += w.now - h.pausedAt
	w.note(h, "goes on, %d moments late", len(h.deferred))
	late := h.deferred
	h.deferred = nil
	for i, m := range late {
		w.queue.push(moment{w.now + time.Duration(i)*time.Microsecond, m.tie, h, m.what, m.run})
	}
}

// chaos does one thing to the world, and comes again.
func (w *world) chaos() {
	if w.calm {
		return
	}
	w.stirs++
	spot := w.spots[w.chance.IntN(len(w.spots))]
	h := spot.host
	other := w.spots[w.chance.IntN(len(w.spots))]
	switch dice := w.chance.IntN(100); {
	case h == nil:
		w.start(spot)
	case h.e == nil: // it is booting
	case dice < 20:
		w.pause(h, w.between(20*time.Millisecond, 800*time.Millisecond))
	case dice < 26:
		w.pause(h, w.between(800*time.Millisecond, 3500*time.Millisecond))
	case dice < 36:
		w.crash(h, "killed")
		w.at(w.between(50*time.Millisecond, 2*time.Second), nil, "restart", func() {
			if spot.host == nil {
				w.start(spot)
			}
		})
	case dice < 48:
		w.drainFor(h)
	case dice < 52:
		h.leave()
		w.at(w.between(time.Second, 2*time.Second), nil, "restart", func() {
			if spot.host == nil {
				w.start(spot)
			}
		})
	case dice < 62:
		w.cutStore(h)
	case dice < 74 && other != spot:
		w.cutLine(spot, other)
	case dice < 82 && other != spot:
		w.holdBack(spot, other)
	case dice < 93 && other != spot:
		w.flap(h, other.host)
	case dice < 97:
		w.tally["clock step"]++
		spot.wall += w.between(-700*time.Millisecond, 700*time.Millisecond)
		w.wallMost, w.wallLeast = max(w.wallMost, spot.wall), min(w.wallLeast, spot.wall)
		w.note(h, "clock is off by %v", spot.wall)
	default:
		w.jumpClock(h, spot)
	}
	w.at(w.between(20*time.Millisecond, 500*time.Millisecond), nil, "chaos", w.chaos)
}

// jumpClock has a clock show another time for a moment. Of a process that starts meanwhile nothing can be asked: it has
// no other clock, so it finds the clock put right.
func (w *world) jumpClock(h *host, spot *spot) {
	w.tally["clock jump"]++
	spot.jump = []time.Duration{26 * time.Hour, 2 * time.Second, -26 * time.Hour, -2 * time.Second}[w.chance.IntN(4)]
	w.note(h, "clock jumps by %v", spot.jump)
	w.at(w.between(20*time.Millisecond, clockSettle-200*time.Millisecond), nil, "clock back", func() {
		spot.jump = 0
		w.stirs++
	})
}

func (w *world) drainFor(h *host) {
	if h.paused {
		return
	}
	w.act(h, func() { h.drain(true) })
	w.at(w.between(200*time.Millisecond, 2*time.Second), nil, "undrain", func() { w.act(h, func() { h.drain(false) }) })
}

// act has a process do something.
func (w *world) act(h *host, do func()) { w.at(0, h, "order", do) }

func (w *world) cutStore(h *host) {
	w.tally["store cut"]++
	d := w.between(50*time.Millisecond, time.Second)
	if w.percent(25) {
		d = w.between(time.Second, 3500*time.Millisecond)
	}
	w.note(h, "store cut for %v", d)
	h.storeCut = true
	w.at(d, nil, "store back", func() { h.storeCut = false })
}

// cutLine cuts the line between two machines, in one direction or both.
func (w *world) cutLine(a, b *spot) {
	w.tally["line cut"]++
	w.note(nil, "line between machines %d and %d cut", a.number, b.number)
	a.cut[b.number] = true
	if s := w.pairAt(a, b); s != nil {
		s.sides[s.side(b.host)].deaf = true
		if w.percent(60) {
			s.sides[s.side(a.host)].deaf = true
		}
	}
	w.at(w.between(10*time.Millisecond, 1500*time.Millisecond), nil, "line whole", func() { a.cut[b.number] = false })
}

func (w *world) pairAt(a, b *spot) *session {
	if a.host == nil || b.host == nil {
		return nil
	}
	return w.pair(a.host, b.host)
}

// holdBack keeps everything that goes from one machine to another for a while.
func (w *world) holdBack(a, b *spot) {
	if s := w.pairAt(a, b); s != nil {
		w.tally["held back"]++
		side := &s.sides[s.side(b.host)]
		side.stall = w.now + w.between(10*time.Millisecond, 700*time.Millisecond)
		w.note(nil, "n%d to n%d held back", a.host.number, b.host.number)
	}
}

// flap makes one process take another for gone, for a while; or all of them take it for gone, which hears of nothing.
func (w *world) flap(h, other *host) {
	if other == nil {
		return
	}
	d := w.between(10*time.Millisecond, 1200*time.Millisecond)
	if w.percent(60) {
		w.tally["flap"]++
		w.forget(h, other, d, 0)
		return
	}
	w.tally["shunned by all"]++
	for _, x := range w.living() {
		w.forget(x, other, d, w.between(0, 40*time.Millisecond))
	}
}

// forget has a process take another for gone.
func (w *world) forget(h, other *host, d, delay time.Duration) {
	if h != other && h.knows(other) {
		h.blind[other.id] = w.now + delay + d
		w.lose(h, other, delay)
	}
}

// heal ends everything that chaos has begun. A machine without a process stays so or gets one.
func (w *world) heal() {
	w.calm, w.calmSince, w.weather = true, w.now, weather{}
	w.stirs++
	for _, spot := range w.spots {
		clear(spot.cut)
		h := spot.host
		if h == nil {
			if len(w.living()) < 2 || w.percent(50) {
				w.start(spot)
			}
			continue
		}
		h.storeCut = false
		clear(h.blind)
		w.wake(h)
		if !h.leaving {
			w.act(h, func() { h.drain(false) })
		}
	}
}
