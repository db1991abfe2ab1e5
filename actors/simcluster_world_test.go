package actors

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/actors/peer/wire"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// simCluster is a whole cluster in one goroutine, decided by one seed: nodes with real engines, one store, links,
// gossip, clocks, buyers, and everything that can happen to them.
//
//	queue of moments ──▶ step: the earliest one happens ──▶ judge: logs, answers, claims
//	     ▲                    │
//	     │                    ├─ an engine is called: a message came, an alarm rang, a buyer asks …
//	     └── what it starts ──┤   (goroutines are threads that take turns; mailboxes, timers and waits are moments: see simHost)
//	                          ├─ the store does what was sent to it, or loses it
//	                          └─ chaos: a node pauses, dies, drains; a line is cut; views differ
//
// The engines are the ones that serve, down to the last line of their shells: only what would make time pass, or run
// beside, is replaced (see clockwork). So nothing here can be right where the engine is wrong.
type simCluster struct {
	chance *rand.Rand
	now    time.Duration // since the world began
	queue  simQueue
	made   uint64 // moments so far

	running *simThread // nil: the world itself

	store     *memstore.Store
	plan      *simPlan
	sections  int
	spots     []*simSpot
	hosts     []*simHost // every process that ever was; the dead too
	byID      map[storage.WriterID]*simHost
	sessions  map[[2]int]*simSession
	writers   uint64
	weather   simWeather
	stirs     uint64        // how often something happened that may cost a buyer an answer
	calm      bool          // chaos has ended
	wallMost  time.Duration // the farthest that a clock was ahead, jumps aside
	proving   bool          // everything must be served now
	outsiders simOutsiders
	buyers    *simBuyers
	operators *simOperators
	judge     *simJudge
	lost      *simLoss // nil: the store has lost nothing

	spy     wire.Decoder
	strays  map[simStray]bool
	trace   []simNote // a ring
	traced  uint64
	print   uint64 // a fingerprint of everything that happened: equal seeds, equal worlds
	tally   map[string]int
	failure error
}

// simMoment is something that happens at a time. Moments of a host wait while it is paused, and never come when it is
// dead.
type simMoment struct {
	at   time.Duration
	tie  uint64 // among equal times chance decides
	host *simHost
	what string
	run  func()
}

// simBase is when worlds begin: after any real deadline, so that a real timer that was set by mistake never fires.
var simBase = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *simCluster) time() time.Time { return simBase.Add(w.now) }

func (w *simCluster) failf(format string, args ...any) {
	if w.failure == nil {
		w.failure = fmt.Errorf(format, args...)
		w.note(nil, "FAILED: %v", w.failure)
	}
}

func (w *simCluster) percent(p int) bool { return w.chance.IntN(100) < p }

// between draws a length of time.
func (w *simCluster) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.chance.Int64N(int64(high-low)+1))
}

// at has run happen after a delay: to a host, or with nil to the world.
func (w *simCluster) at(delay time.Duration, host *simHost, what string, run func()) {
	w.made++
	w.queue.push(simMoment{w.now + delay, w.chance.Uint64(), host, what, run})
}

// soon is at, as soon as some processor is free.
func (w *simCluster) soon(host *simHost, what string, run func()) {
	w.at(w.between(0, 60*time.Microsecond), host, what, run)
}

// step lets the next moment happen; false: there is none.
func (w *simCluster) step() bool {
	m, ok := w.queue.pop()
	if !ok {
		return false
	}
	w.now = max(w.now, m.at)
	h := m.host
	switch {
	case h == nil:
		w.mark(m.what, 0)
		m.run()
	case h.dead:
	case h.paused:
		h.deferred = append(h.deferred, m)
	default:
		w.mark(m.what, h.number)
		m.run()
		h.after()
	}
	return true
}

// mark makes what happened part of the world's fingerprint.
func (w *simCluster) mark(what string, who int) {
	x := w.print ^ uint64(w.now) ^ uint64(who)<<48
	for i := range len(what) {
		x = (x ^ uint64(what[i])) * 0x100000001b3
	}
	w.print = x ^ x>>29
}

// until steps until a moment has passed or something has failed.
func (w *simCluster) until(end time.Duration) {
	for w.failure == nil && len(w.queue.heap) > 0 && w.queue.heap[0].at <= end {
		w.step()
	}
	w.now = max(w.now, end)
}

// simTraceKept is how many of the last notes a story tells. HOLDFAST_SIM_TRACE=n asks for another number.
var simTraceKept = sync.OnceValue(func() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("HOLDFAST_SIM_TRACE"), 10, 64); err == nil && n > 0 {
		return n
	}
	return 60
})

// simNote is one line of the trace, put into words only when somebody reads it.
type simNote struct {
	at     time.Duration
	host   int // -1: the world
	format string
	args   []any
}

func (w *simCluster) note(h *simHost, format string, args ...any) {
	n := simNote{w.now, -1, format, args}
	if h != nil {
		n.host = h.number
	}
	w.trace[w.traced%simTraceKept()] = n
	w.traced++
}

// story is the trace's last lines.
func (w *simCluster) story() string {
	var b strings.Builder
	kept := simTraceKept()
	for i := max(w.traced, kept) - kept; i < w.traced; i++ {
		n := &w.trace[i%kept]
		who := "world"
		if n.host >= 0 {
			who = fmt.Sprintf("n%d", n.host)
		}
		fmt.Fprintf(&b, "%10.3f ms  %-6s %s\n", float64(n.at)/1e6, who, fmt.Sprintf(n.format, n.args...))
	}
	return b.String()
}

// simQueue is a heap of moments, the earliest on top.
type simQueue struct{ heap []simMoment }

func (m *simMoment) before(o *simMoment) bool { return m.at < o.at || m.at == o.at && m.tie < o.tie }

func (q *simQueue) push(m simMoment) {
	q.heap = append(q.heap, m)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !q.heap[i].before(&q.heap[up]) {
			break
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *simQueue) pop() (m simMoment, ok bool) {
	if len(q.heap) == 0 {
		return m, false
	}
	m = q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = simMoment{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && q.heap[down].before(&q.heap[least]) {
				least = down
			}
		}
		if least == i {
			return m, true
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}

// key is one section's log.
func (w *simCluster) key(no int) storage.SectionKey {
	return storage.SectionKey{Event: w.plan.header.ID, Section: storage.SectionNo(no)}
}
