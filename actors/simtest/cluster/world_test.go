package cluster_test

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

// world is a whole cluster, decided by one seed: nodes with real engines, one store, links, gossip, clocks, buyers, and
// everything that can happen to them. See the package's comment.
type world struct {
	chance *rand.Rand
	seed   uint64
	now    time.Duration // since the world began
	queue  queue
	made   uint64 // moments so far

	running *thread // nil: the world itself

	store    *memstore.Store
	plan     *plan
	sections int
	spots    []*spot
	hosts    []*host // every process that ever was; the dead too
	byID     map[storage.WriterID]*host
	sessions map[[2]int]*session
	writers  uint64
	weather  weather
	stirs    uint64 // how often something happened that may cost a buyer an answer
	// unheardUntil is when the last call of the store that will not be heard is given up by its sender.
	unheardUntil time.Duration
	calm         bool          // chaos has ended
	calmSince    time.Duration // when
	wallMost     time.Duration // the farthest that a clock was ahead, jumps aside
	wallLeast    time.Duration // and behind
	proving      bool          // everything must be served now
	outsiders    outsiders
	buyers       *buyers
	doors        *doors // nil: no waiting room stands before the event
	// coordinators are the newest records of the event's coordinators' logs.
	coordinators [2]storage.Entry
	operators    *operators
	judge        *judge
	lost         *loss // nil: the store has lost nothing
	closed       *absence

	spy     wire.Decoder
	strays  map[strayAsk]bool
	trace   []note // a ring
	traced  uint64
	print   uint64 // a fingerprint of everything that happened: equal seeds, equal worlds
	tally   map[string]int
	failure error
}

// moment is something that happens at a time. Moments of a host wait while it is paused, and never come when it is
// dead.
type moment struct {
	at   time.Duration
	tie  uint64 // among equal times chance decides
	host *host
	what string
	run  func()
}

// epoch is when worlds begin: after any real deadline, so that a real timer that was set by mistake never fires.
var epoch = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *world) time() time.Time { return epoch.Add(w.now) }

func (w *world) failf(format string, args ...any) {
	if w.failure == nil {
		w.failure = fmt.Errorf(format, args...)
		w.note(nil, "FAILED: %v", w.failure)
	}
}

func (w *world) percent(p int) bool { return w.chance.IntN(100) < p }

// between draws a length of time.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.chance.Int64N(int64(high-low)+1))
}

// at has run happen after a delay: to a host, or with nil to the world.
func (w *world) at(delay time.Duration, host *host, what string, run func()) {
	w.made++
	w.queue.push(moment{w.now + delay, w.chance.Uint64(), host, what, run})
}

// soon is at, as soon as some processor is free.
func (w *world) soon(host *host, what string, run func()) {
	w.at(w.between(0, 60*time.Microsecond), host, what, run)
}

// step lets the next moment happen; false: there is none.
func (w *world) step() bool {
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
func (w *world) mark(what string, who int) {
	x := w.print ^ uint64(w.now) ^ uint64(who)<<48
	for i := range len(what) {
		x = (x ^ uint64(what[i])) * 0x100000001b3
	}
	w.print = x ^ x>>29
}

// until steps until a moment has passed or something has failed.
func (w *world) until(end time.Duration) {
	for w.failure == nil && len(w.queue.heap) > 0 && w.queue.heap[0].at <= end {
		w.step()
	}
	w.now = max(w.now, end)
}

// notesKept is how many of the last notes a story tells. HOLDFAST_SIM_TRACE=n asks for another number.
var notesKept = sync.OnceValue(func() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("HOLDFAST_SIM_TRACE"), 10, 64); err == nil && n > 0 {
		return n
	}
	return 60
})

// note is one line of the trace, put into words only when somebody reads it.
type note struct {
	at     time.Duration
	host   int // -1: the world
	format string
	args   []any
}

func (w *world) note(h *host, format string, args ...any) {
	n := note{w.now, -1, format, args}
	if h != nil {
		n.host = h.number
	}
	w.trace[w.traced%notesKept()] = n
	w.traced++
}

// story is the trace's last lines.
func (w *world) story() string {
	var b strings.Builder
	kept := notesKept()
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

// queue is a heap of moments, the earliest on top.
type queue struct{ heap []moment }

func (m *moment) before(o *moment) bool { return m.at < o.at || m.at == o.at && m.tie < o.tie }

func (q *queue) push(m moment) {
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

func (q *queue) pop() (m moment, ok bool) {
	if len(q.heap) == 0 {
		return m, false
	}
	m = q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = moment{}
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
func (w *world) key(no int) storage.SectionKey {
	return storage.SectionKey{Event: w.plan.header.ID, Section: storage.SectionNo(no)}
}
