package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Load is one stream of requests against one address.
type Load struct {
	Address string // host:port
	// Conns is how many connections carry it, one request at a time each. In an open loop it is also the most that can be under
	// way at once: too few, and starts are late (which is counted, and part of the latency).
	Conns int
	// Request appends request n, complete from its first line to its body. Called from many goroutines.
	Request func(dst []byte, n RequestNo) []byte
	// Seen, if set, gets each answer; body is valid only during the call. Called from many goroutines.
	Seen func(n RequestNo, status int, body []byte)
	// First is the number of the first request, so that several loads can go through one hall.
	First RequestNo
	// Pace makes an open loop. Nil is a closed loop: each connection sends as soon as it has its answer.
	Pace *Pace
	// Count and Duration end the load, whichever comes first; one of them is needed.
	Count    uint64
	Duration time.Duration
	// Patience is how long after the end answers are waited for; the rest is Unknown. Zero: 10 s.
	Patience time.Duration
}

// LateAfter is how far behind its intended start a request may begin and still be on time. The clock of a busy machine with two
// cores is not better than that.
const LateAfter = 2 * time.Millisecond

const patienceDefault = 10 * time.Second

// Result is what a load did.
type Result struct {
	Outcomes  Outcomes      `json:"outcomes"`
	Elapsed   time.Duration `json:"elapsed_ns"`
	PerSecond Rate          `json:"per_second"` // answers of every class
	// Latency counts from the intended start (open loop) or from the sending (closed loop) to the last byte.
	Latency Quantiles `json:"latency"`
	// StartLag is how late requests began; open loop only. LateStarts began more than LateAfter late; they were sent all the same.
	StartLag   Quantiles `json:"start_lag"`
	LateStarts uint64    `json:"late_starts"`
	// Unstarted were due and could not be sent before the patience ended.
	Unstarted uint64 `json:"unstarted"`
	// ClientCPU and ServerCPU are shares of the whole machine (1: all cores busy). ServerCPU is zero when it is not ours to see.
	ClientCPU float64 `json:"client_cpu"`
	ServerCPU float64 `json:"server_cpu"`
	// Last is one more than the highest request number used.
	Last RequestNo `json:"last"`
}

func (l *Load) check() error {
	switch {
	case l.Conns < 1:
		return errors.New("bench: a load needs a connection")
	case l.Request == nil:
		return errors.New("bench: a load needs requests")
	case l.Count == 0 && l.Duration <= 0:
		return errors.New("bench: a load needs an end: a count or a duration")
	case l.Pace != nil:
		return l.Pace.Validate()
	}
	return nil
}

// run is a load under way.
type run struct {
	*Load
	ctx   context.Context
	begin time.Time
	next  atomic.Uint64 // closed loop: the next offset from First
	due   chan dueStart // open loop
}

type dueStart struct {
	offset uint64
	at     time.Duration
}

// tally is one connection's account.
type tally struct {
	outcomes          Outcomes
	latency, startLag latencies
	late, last        uint64
}

// Run sends the load and waits for its answers. An error means that connections could not be made; the result still holds what
// was done. ctx ends it early.
func (l *Load) Run(ctx context.Context) (Result, error) {
	if err := l.check(); err != nil {
		return Result{}, err
	}
	conns, err := dialAll(l.Address, l.Conns)
	if err != nil {
		return Result{}, err
	}
	r := &run{Load: l, ctx: ctx}
	tallies := make([]tally, l.Conns)
	errs := make([]error, l.Conns)
	cpu := processorTime()
	r.begin = time.Now()
	stopPacing := r.startPacing()
	var working sync.WaitGroup
	for i := range conns {
		working.Go(func() { errs[i] = r.work(conns[i], &tallies[i]) })
	}
	working.Wait()
	elapsed := time.Since(r.begin)
	unstarted := stopPacing()
	result := sum(tallies, elapsed)
	result.ClientCPU = share(processorTime()-cpu, elapsed)
	result.Last += l.First
	result.Unstarted = unstarted
	return result, errors.Join(errs...)
}

func dialAll(address string, n int) ([]*conn, error) {
	conns := make([]*conn, 0, n)
	for range n {
		c, err := dial(address)
		if err != nil {
			for _, open := range conns {
				open.Close()
			}
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

func sum(tallies []tally, elapsed time.Duration) Result {
	all := tally{latency: newLatencies(), startLag: newLatencies()}
	for i := range tallies {
		t := &tallies[i]
		all.outcomes.add(&t.outcomes)
		all.latency.merge(t.latency)
		all.startLag.merge(t.startLag)
		all.late += t.late
		all.last = max(all.last, t.last)
	}
	return Result{
		Outcomes: all.outcomes, Elapsed: elapsed, PerSecond: Rate(float64(all.outcomes.Total()) / elapsed.Seconds()),
		Latency: all.latency.quantiles(), StartLag: all.startLag.quantiles(), LateStarts: all.late, Last: RequestNo(all.last),
	}
}

// deadline is when the last answer is given up.
func (r *run) deadline() time.Time {
	patience := r.Patience
	if patience <= 0 {
		patience = patienceDefault
	}
	if r.Duration <= 0 {
		return r.begin.Add(time.Hour) // a load that only counts ends when the count is reached
	}
	return r.begin.Add(r.Duration + patience)
}

// work is one connection's life. It sets one deadline for all: one for each request would cost more than the request's bytes.
func (r *run) work(c *conn, t *tally) error {
	t.latency, t.startLag = newLatencies(), newLatencies()
	defer func() { c.Close() }()
	_ = c.net.SetDeadline(r.deadline()) // fails only when closed; the next read says so
	var request []byte
	for {
		offset, intended, ok := r.take(t)
		if !ok {
			return nil
		}
		n := r.First + RequestNo(offset)
		request = r.Request(request[:0], n)
		a, err := c.roundTrip(request)
		t.latency.record(time.Since(r.begin) - intended)
		t.last = max(t.last, offset+1)
		if err != nil {
			t.outcomes[Unknown]++ // the bytes may have arrived
		} else {
			t.outcomes[Classify(a.Status, a.Body)]++
			if r.Seen != nil {
				r.Seen(n, a.Status, a.Body)
			}
		}
		if err == nil && !a.Close {
			continue
		}
		c.Close()
		fresh, err := dial(r.Address)
		if err != nil {
			return fmt.Errorf("bench: a connection was lost and not made again: %w", err)
		}
		c = fresh
		_ = c.net.SetDeadline(r.deadline())
	}
}

// take is the next request and its intended start, or the end.
func (r *run) take(t *tally) (offset uint64, intended time.Duration, ok bool) {
	if r.due != nil {
		return r.takeDue(t)
	}
	now := time.Since(r.begin)
	if r.ctx.Err() != nil || r.Duration > 0 && now >= r.Duration {
		return 0, 0, false
	}
	offset = r.next.Add(1) - 1
	return offset, now, r.Count == 0 || offset < r.Count
}

func (r *run) takeDue(t *tally) (uint64, time.Duration, bool) {
	start, ok := <-r.due
	if !ok || time.Now().After(r.deadline()) {
		return 0, 0, false
	}
	lag := time.Since(r.begin) - start.at
	t.startLag.record(lag)
	if lag > LateAfter {
		t.late++
	}
	return start.offset, start.at, true
}

// dueQueue is how many starts may wait for a connection before the pacer itself waits. Intended times are the Pace's, so a
// waiting pacer falsifies nothing.
const dueQueue = 1 << 16

// startPacing begins to hand out starts, if this is an open loop. The function it returns waits for the pacer and counts the
// starts that nobody took.
func (r *run) startPacing() (stop func() uint64) {
	if r.Pace == nil {
		return func() uint64 { return 0 }
	}
	r.due = make(chan dueStart, dueQueue)
	done := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(done)
		defer close(r.due)
		r.pace(over)
	}()
	return func() (left uint64) {
		close(over)
		for range r.due {
			left++
		}
		<-done
		return left
	}
}

func (r *run) pace(over <-chan struct{}) {
	until := r.Duration
	if until <= 0 {
		until = Never
	}
	for offset := uint64(0); r.Count == 0 || offset < r.Count; offset++ {
		at := r.Pace.Start(RequestNo(offset))
		if at >= until || r.ctx.Err() != nil {
			return
		}
		for wait := at - time.Since(r.begin); wait > 0 && r.ctx.Err() == nil; wait = at - time.Since(r.begin) {
			pause(r.ctx, wait)
		}
		select {
		case r.due <- dueStart{offset, at}:
		case <-over:
			return
		}
	}
}
