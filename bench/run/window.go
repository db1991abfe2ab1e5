package run

import (
	"syscall"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/load"
)

// Window is the part of a load that is looked at apart, [From, To) from the load's beginning: without the time in which
// the venue fills, and without the time in which the last ones leave.
type Window struct {
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`
}

func (w *Window) has(at time.Duration) bool { return w.From <= at && at < w.To }

// Windowed is what was seen in a window. Requests belong to it by their intended start, and buyers by their arrival;
// what was done, by its moment.
type Windowed struct {
	Kinds []load.KindResult `json:"kinds"`
	// Sent is the time that holds took to be granted or refused, from their sending instead of their intended start.
	// The difference is the client's part, or the lack of a connection.
	Sent   load.Latencies `json:"sent"`
	Lag    load.Latencies `json:"lag"`    // of starts, of all kinds of requests
	Useful uint64         `json:"useful"` // acknowledged within the window
	Left   uint64         `json:"left"`   // buyers who went home within it
	// Of those who came within it and were done before the load ended:
	Guests   uint64        `json:"guests"`
	Requests uint64        `json:"requests"`
	Empty    uint64        `json:"empty"` // went home because nothing was left
	Stayed   time.Duration `json:"stayed_ns"`
	// Busy is each loop's share of one core, of loops that went on beyond the window.
	Busy []float64 `json:"busy"`
}

func newWindowed() *Windowed {
	w := &Windowed{Kinds: make([]load.KindResult, len(buyers.Kinds)), Sent: load.NewLatencies(),
		Lag: load.NewLatencies()}
	for i, name := range buyers.Kinds {
		w.Kinds[i].Name = name
	}
	return w
}

func (w *Windowed) merge(other *Windowed) {
	if w == nil || other == nil {
		return
	}
	for i := range other.Kinds {
		mergeKind(&w.Kinds[i], &other.Kinds[i])
	}
	w.Sent.Merge(other.Sent)
	w.Lag.Merge(other.Lag)
	w.Useful += other.Useful
	w.Left += other.Left
	w.Guests += other.Guests
	w.Requests += other.Requests
	w.Empty += other.Empty
	w.Stayed += other.Stayed
	w.Busy = append(w.Busy, other.Busy...)
}

func mergeKind(sum, other *load.KindResult) {
	sum.Outcomes.Add(&other.Outcomes)
	for class, took := range other.Latency {
		if took != (load.Latencies{}) {
			latencyOf(sum, load.Outcome(class)).Merge(took)
		}
	}
}

// latencyOf makes the histogram when it is needed: most kinds have few classes of answers.
func latencyOf(k *load.KindResult, class load.Outcome) load.Latencies {
	if k.Latency[class] == (load.Latencies{}) {
		k.Latency[class] = load.NewLatencies()
	}
	return k.Latency[class]
}

// Holds are those that were granted or refused, from their intended start.
func (w *Windowed) Holds() load.Latencies {
	sum := w.Kinds[buyers.KindHold].All(load.Held, load.Taken, load.SoldOut)
	sum.Merge(w.Kinds[buyers.KindBest].All(load.Held, load.Taken, load.SoldOut))
	return sum
}

// Result is the window as if it had been a load of its own. Late starts and the series are told of the whole one.
func (w *Windowed) Result(whole *load.Result, length, cpu time.Duration) *load.Result {
	r := *whole
	r.Elapsed, r.Kinds, r.Useful, r.StartLag, r.CPU = length, w.Kinds, w.Useful, w.Lag, cpu
	if len(w.Busy) > 0 {
		r.LoopCPU = w.Busy
	}
	return &r
}

// onlookers are one for each loop.
type onlookers struct {
	window *Window // nil: nobody looks
	all    []*onlooker
}

// script is the script of a script that is looked at.
func (o *onlookers) script(c *buyers.Script) load.Script {
	if o.window == nil {
		return c
	}
	one := &onlooker{Script: c, Window: o.window, seen: newWindowed()}
	o.all = append(o.all, one)
	return one
}

func (o *onlookers) sum() *Windowed {
	if o.window == nil {
		return nil
	}
	sum := newWindowed()
	for _, one := range o.all {
		sum.merge(one.seen)
	}
	return sum
}

// onlooker stands between the driver and a script, and counts what falls into the window. A script keeps its buyer in
// the turn's State; the onlooker puts its own note around it, so that a buyer costs no look-up.
type onlooker struct {
	*buyers.Script
	*Window
	seen  *Windowed
	began time.Duration // when the window was entered; 0: not yet
	used  time.Duration // of the processor, by then
	ended bool
}

// guest is the onlooker's note of one buyer.
type guest struct {
	inner    any
	came     time.Duration
	requests uint64
}

// Arrive is load.Script's.
func (o *onlooker) Arrive(t *load.Turn) bool {
	g, known := t.State.(*guest)
	if !known {
		g = &guest{}
	}
	g.came, g.requests = t.Due, 0
	t.State = g.inner
	more := o.Script.Arrive(t)
	g.inner, t.State = t.State, g
	return more
}

// Answered is load.Script's.
func (o *onlooker) Answered(t *load.Turn) (load.Outcome, bool) {
	g := t.State.(*guest)
	kind := t.Kind // the script fills in the next one
	t.State = g.inner
	class, more := o.Script.Answered(t)
	g.inner, t.State = t.State, g
	g.requests++
	o.keepTime(t.Returned)
	o.request(t, kind, class)
	if !more && !t.Lost {
		o.left(g, t.Returned, class)
	}
	return class, more
}

func (o *onlooker) request(t *load.Turn, kind load.Kind, class load.Outcome) {
	changed := int(kind) < len(buyers.Useful) && buyers.Useful[kind] && (class == load.Held || class == load.Served)
	if changed && o.has(t.Returned) {
		o.seen.Useful++
	}
	if !o.has(t.Due) {
		return
	}
	o.seen.Lag.Record(t.Sent - t.Due)
	k := &o.seen.Kinds[kind]
	k.Outcomes[class]++
	latencyOf(k, class).Record(t.Returned - t.Due)
	if hold := kind == buyers.KindHold || kind == buyers.KindBest; hold &&
		(class == load.Held || class == load.Taken || class == load.SoldOut) {
		o.seen.Sent.Record(t.Returned - t.Sent)
	}
}

func (o *onlooker) left(g *guest, at time.Duration, class load.Outcome) {
	if o.has(at) {
		o.seen.Left++
	}
	if !o.has(g.came) {
		return
	}
	o.seen.Guests++
	o.seen.Requests += g.requests
	o.seen.Stayed += at - g.came
	if class == load.SoldOut {
		o.seen.Empty++
	}
}

// keepTime takes the loop's processor time at the window's ends.
func (o *onlooker) keepTime(now time.Duration) {
	switch {
	case o.ended || now < o.From:
	case o.began == 0:
		o.began, o.used = now, threadTime()
	case now >= o.To:
		o.ended = true
		if now > o.began {
			o.seen.Busy = append(o.seen.Busy, float64(threadTime()-o.used)/float64(now-o.began))
		}
	}
}

// rusageThread asks about the calling thread, which a loop has for itself. Linux knows it; elsewhere the call fails.
const rusageThread = 1

// threadTime is zero where the system does not tell: then a loop looks idle.
func threadTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(rusageThread, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
