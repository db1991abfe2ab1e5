package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Config is one load.
type Config struct {
	// Addresses are the servers, host:port; connections are spread over them evenly.
	Addresses []string
	// Conns is how many connections carry the load, one request at a time each; loops share them evenly, one each at
	// least. In an open loop it is also the most that can be under way at once: too few, and starts wait for a
	// connection (which is counted, and part of the latency).
	Conns int
	// Loops is how many threads send and receive. 0: half of the cores, at least one; the other half is the server's.
	Loops int
	// Script makes the script of one loop. It is called once a loop before the load begins.
	Script func(loop int) Script
	// Kinds names the kinds of requests; Useful says of which a success (Held or Served) changed something durably.
	Kinds  []string
	Useful []bool
	// First is the number of the first buyer, so that several loads can go through one event.
	First uint64
	// Pace makes an open loop. Nil is a closed loop: a connection that is free takes the next buyer.
	Pace *Pace
	// Count and Duration end the arrivals, whichever comes first; one of them is needed. Buyers who are inside go on
	// until they are done.
	Count    uint64
	Duration time.Duration
	// Patience is how long after the arrivals' end those inside are waited for; then requests under way are Unknown.
	// Zero: 10 s.
	Patience time.Duration
	// Shard of Shards is this process's part of the arrivals. Zero Shards: all of them.
	Shard, Shards int
	// Begin is when the load begins, for several processes to begin together. Zero: at once.
	Begin time.Time
	// Progress, if set, is told about once a second how far the load is, from a goroutine of its own.
	Progress func(Progress)
}

// Progress is how far a load is.
type Progress struct {
	Elapsed time.Duration
	Answers Outcomes
	Useful  uint64
	Waiting uint64 // buyers whose request is due and has no connection
}

// Result is what a load did.
type Result struct {
	Elapsed time.Duration `json:"elapsed_ns"` // from the beginning to the last answer
	Kinds   []KindResult  `json:"kinds"`
	Useful  uint64        `json:"useful"`
	Series  Series        `json:"series"`
	// StartLag is how late requests began; LateStarts and Queued began more than LateAfter late: LateStarts although a
	// connection was free (the client's fault), Queued because none was. All were sent all the same.
	StartLag   Latencies `json:"start_lag"`
	LateStarts uint64    `json:"late_starts"`
	Queued     uint64    `json:"queued"`
	// Unstarted requests were due and could not be sent before the patience ended; Unfinished buyers were thinking
	// then.
	Unstarted  uint64 `json:"unstarted"`
	Unfinished uint64 `json:"unfinished"`
	Reconnects uint64 `json:"reconnects"`
	// LoopCPU is each loop's share of one core; near 1 it could not have done more. CPU is the processor time of the
	// whole process.
	LoopCPU []float64     `json:"loop_cpu"`
	CPU     time.Duration `json:"cpu_ns"`
	// Last is one more than the highest buyer's number.
	Last uint64 `json:"last"`
}

// LateAfter is how far behind its intended start a request may begin and still be on time. The clock of a busy machine
// with two cores is not better than that.
const LateAfter = 2 * time.Millisecond

const patienceDefault = 10 * time.Second

func (c *Config) fill() error {
	switch {
	case c.Conns < 1:
		return errors.New("load: a load needs a connection")
	case c.Script == nil:
		return errors.New("load: a load needs a script")
	case c.Count == 0 && c.Duration <= 0:
		return errors.New("load: a load needs an end: a count or a duration")
	case len(c.Addresses) == 0:
		return errors.New("load: a load needs a server's address")
	case len(c.Kinds) == 0 || len(c.Useful) > len(c.Kinds):
		return errors.New("load: a load needs its kinds of requests")
	}
	if c.Loops < 1 {
		c.Loops = max(runtime.NumCPU()/2, 1)
	}
	c.Loops = min(c.Loops, c.Conns)
	c.Shards = max(c.Shards, 1)
	if c.Patience <= 0 {
		c.Patience = patienceDefault
	}
	if c.Pace != nil {
		return c.Pace.Validate()
	}
	return nil
}

// resolve finds each server's address once: names are not the load's business.
func (c *Config) resolve(ctx context.Context) ([]netip.AddrPort, error) {
	var found []netip.AddrPort
	for _, address := range c.Addresses {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
		if err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		found = append(found, netip.AddrPortFrom(ips[0].Unmap(), uint16(number)))
	}
	return found, nil
}

// Run sends the load and waits for its answers. An error means that it could not begin: nobody answers at the address,
// or the Config makes no sense. A server that goes away later breaks connections, which are made again; what was under
// way is Lost. ctx ends it early.
func Run(ctx context.Context, c Config) (*Result, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	addresses, err := c.resolve(ctx)
	if err != nil {
		return nil, err
	}
	loops, err := openLoops(ctx, &c, addresses)
	if err != nil {
		return nil, err
	}
	if err := waitUntil(ctx, c.Begin); err != nil {
		closeLoops(loops)
		return nil, err
	}
	cpu := processorTime()
	begin := time.Now()
	ended := make(chan struct{})
	var telling, working sync.WaitGroup
	if c.Progress != nil {
		telling.Go(func() { tellProgress(&c, loops, begin, ended) })
	}
	for _, l := range loops {
		working.Go(func() { l.run(begin) })
	}
	working.Wait()
	close(ended)
	telling.Wait()
	result := collect(&c, loops)
	result.CPU = processorTime() - cpu
	return result, nil
}

func openLoops(ctx context.Context, c *Config, addresses []netip.AddrPort) (loops []*loop, err error) {
	for i := range c.Loops {
		conns := c.Conns / c.Loops
		if i < c.Conns%c.Loops {
			conns++
		}
		l, err := openLoop(ctx, c, i, conns, addresses)
		if err != nil {
			closeLoops(loops)
			return nil, err
		}
		loops = append(loops, l)
	}
	return loops, nil
}

func closeLoops(loops []*loop) {
	for _, l := range loops {
		l.close()
	}
}

func waitUntil(ctx context.Context, at time.Time) error {
	if at.IsZero() {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// live is a loop's progress as others may read it.
type live struct {
	answers [OutcomeCount]atomic.Uint64
	useful  atomic.Uint64
	waiting atomic.Int64
}

func tellProgress(c *Config, loops []*loop, begin time.Time, ended <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		p := Progress{Elapsed: time.Since(begin)}
		for _, l := range loops {
			for class := range l.live.answers {
				p.Answers[class] += l.live.answers[class].Load()
			}
			p.Useful += l.live.useful.Load()
			p.Waiting += uint64(l.live.waiting.Load())
		}
		c.Progress(p)
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
}

func collect(c *Config, loops []*loop) *Result {
	sum := newResult(c)
	for _, l := range loops {
		sum.Merge(l.result)
	}
	sum.Series.finish()
	return sum
}

func newResult(c *Config) *Result {
	r := &Result{StartLag: NewLatencies(), Series: newSeries(), Kinds: make([]KindResult, len(c.Kinds)), Last: c.First}
	for i, name := range c.Kinds {
		r.Kinds[i].Name = name
	}
	return r
}

// Merge adds the account of another loop, or of another process that took part in the same load.
func (r *Result) Merge(other *Result) {
	r.Elapsed = max(r.Elapsed, other.Elapsed)
	for i := range other.Kinds {
		r.Kinds[i].merge(&other.Kinds[i])
	}
	r.Useful += other.Useful
	r.Series.merge(&other.Series)
	r.StartLag.Merge(other.StartLag)
	r.LateStarts += other.LateStarts
	r.Queued += other.Queued
	r.Unstarted += other.Unstarted
	r.Unfinished += other.Unfinished
	r.Reconnects += other.Reconnects
	r.LoopCPU = append(r.LoopCPU, other.LoopCPU...)
	r.CPU += other.CPU
	r.Last = max(r.Last, other.Last)
}

// Outcomes are all kinds together.
func (r *Result) Outcomes() (sum Outcomes) {
	for i := range r.Kinds {
		sum.Add(&r.Kinds[i].Outcomes)
	}
	return sum
}

// Latency is all kinds and outcomes together.
func (r *Result) Latency() Latencies {
	sum := NewLatencies()
	for i := range r.Kinds {
		sum.Merge(r.Kinds[i].All())
	}
	return sum
}
