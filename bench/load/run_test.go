package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// serve runs a handler in this process until the test ends, and returns its address.
func serve(t *testing.T, handler fasthttp.RequestHandler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: handler, CloseOnShutdown: true, IdleTimeout: time.Second}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		_ = listener.Close() // a server that was shut down before it began to serve would go on serving
		<-ended
	})
	return listener.Addr().String()
}

func ok(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("yes") }

// walker asks for /0, /1 … /steps-1 one after another, thinking in between.
type walker struct {
	steps int
	think time.Duration
	done  *atomic.Uint64
	seen  func(t *Turn)
}

func (w *walker) Arrive(t *Turn) bool {
	step, _ := t.State.(*int)
	if step == nil {
		step = new(int)
		t.State = step
	}
	*step = 0
	w.ask(t, 0)
	return true
}

func (w *walker) ask(t *Turn, step int) {
	t.Kind = Kind(step % 2)
	t.Request = fmt.Appendf(t.Request[:0], "GET /%d/%d HTTP/1.1\r\nHost: x\r\n\r\n", t.Buyer, step)
}

func (w *walker) Answered(t *Turn) (Outcome, bool) {
	if w.seen != nil {
		w.seen(t)
	}
	if t.Lost {
		return Unknown, false
	}
	step := t.State.(*int)
	if *step++; *step == w.steps {
		w.done.Add(1)
		return Served, false
	}
	w.ask(t, *step)
	t.After = w.think
	return Served, true
}

func walk(address string, steps int, think time.Duration) (Config, *walker) {
	w := &walker{steps: steps, think: think, done: &atomic.Uint64{}}
	return Config{Addresses: []string{address}, Conns: 3, Kinds: []string{"even", "odd"}, Useful: []bool{false, true},
		Script: func(int) Script { one := *w; return &one }}, w
}

// Every buyer goes through all of their steps, in order, however many loops and connections there are.
func TestScriptsGoStepByStep(t *testing.T) {
	var mu sync.Mutex
	last := map[string]int{}
	disorder := 0
	address := serve(t, func(ctx *fasthttp.RequestCtx) {
		var buyer, step int
		if _, err := fmt.Sscanf(string(ctx.Path()), "/%d/%d", &buyer, &step); err != nil {
			t.Errorf("path %s: %v", ctx.Path(), err)
		}
		mu.Lock()
		if last[strconv.Itoa(buyer)] != step {
			disorder++
		}
		last[strconv.Itoa(buyer)]++
		mu.Unlock()
		ok(ctx)
	})
	for _, loops := range []int{1, 3} {
		mu.Lock()
		clear(last)
		mu.Unlock()
		c, w := walk(address, 4, time.Millisecond)
		c.Loops, c.Count = loops, 50
		r, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if w.done.Load() != 50 || len(last) != 50 || disorder != 0 {
			t.Errorf("%d loops: %d of 50 buyers came through, %d known to the server, %d requests out of order", loops,
				w.done.Load(), len(last), disorder)
		}
		mu.Unlock()
		if r.Kinds[0].Outcomes[Served] != 100 || r.Kinds[1].Outcomes[Served] != 100 || r.Useful != 100 ||
			r.Last != 50 || len(r.LoopCPU) != loops {
			t.Errorf("%d loops: %+v", loops, r.Outcomes())
		}
		if l := r.Latency(); l.Count() != 200 {
			t.Errorf("%d latencies of 200 requests", l.Count())
		}
	}
}

// Thinking is the buyer's time, not the server's: it delays the next request's intended start and is no part of its
// latency.
func TestThinkingIsNoLatency(t *testing.T) {
	const think = 30 * time.Millisecond
	var due, returned []time.Duration
	c, w := walk(serve(t, ok), 2, think)
	c.Conns, c.Count = 1, 1
	w.seen = func(turn *Turn) { due, returned = append(due, turn.Due), append(returned, turn.Returned) }
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(due) != 2 || due[1] != returned[0]+think {
		t.Errorf("due at %v, answered at %v: the second is due %s after the first answer", due, returned, think)
	}
	if returned[1] < due[1] {
		t.Errorf("the second was answered at %s, before it was due at %s", returned[1], due[1])
	}
}

// Buyers who think hold no connection: many of them fit on one.
func TestManyThinkersShareOneConnection(t *testing.T) {
	c, w := walk(serve(t, ok), 3, 5*time.Millisecond)
	c.Conns, c.Count, c.Pace = 1, 200, &Pace{Burst: 200}
	r, err := Run(t.Context(), c)
	if err != nil || w.done.Load() != 200 {
		t.Fatalf("%d of 200 came through, %v", w.done.Load(), err)
	}
	if r.Queued == 0 && r.StartLag.Quantiles().Max > LateAfter {
		t.Error("starts waited for the one connection, and nobody counted it")
	}
}

// Each process of several does its own part of the arrivals, and together they do all of it once.
func TestShardsCoverEveryArrivalOnce(t *testing.T) {
	var mu sync.Mutex
	arrived := map[string]int{}
	address := serve(t, func(ctx *fasthttp.RequestCtx) {
		mu.Lock()
		arrived[string(ctx.Path())]++
		mu.Unlock()
		ok(ctx)
	})
	var sum *Result
	for shard := range 3 {
		c, _ := walk(address, 1, 0)
		c.Loops, c.Count, c.Shard, c.Shards, c.First = 2, 100, shard, 3, 1000
		r, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r) // as from another process
		if err != nil {
			t.Fatal(err)
		}
		var back Result
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if sum == nil {
			sum = &back
		} else {
			sum.Merge(&back)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(arrived) != 100 || sum.Outcomes() != (Outcomes{Served: 100}) || sum.Last != 1100 || len(sum.LoopCPU) != 6 {
		t.Errorf("%d different arrivals, %v, last %d", len(arrived), sum.Outcomes(), sum.Last)
	}
	if l := sum.Latency(); l.Count() != 100 {
		t.Errorf("%d latencies came over", l.Count())
	}
	for path, n := range arrived {
		if n != 1 {
			t.Errorf("%s came %d times", path, n)
		}
	}
}

// ender says by itself that it is over.
type ender struct {
	*walker
	left *atomic.Int64
}

func (e *ender) Over() bool { return e.left.Load() <= 0 }

func (e *ender) Answered(t *Turn) (Outcome, bool) {
	e.left.Add(-1)
	return e.walker.Answered(t)
}

func TestAScriptEndsItsOwnLoad(t *testing.T) {
	c, w := walk(serve(t, ok), 1, 0)
	left := &atomic.Int64{}
	left.Store(40)
	c.Duration = time.Hour
	c.Script = func(int) Script { return &ender{w, left} }
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Outcomes(); n.Total() < 40 || n.Total() > 43 || r.Elapsed > time.Minute {
		t.Errorf("%d answers in %s; it was over after 40, with three connections under way", n.Total(), r.Elapsed)
	}
}

// P3: what was under way when a server died is unknown; what comes after it returned is served, on connections made
// again.
func TestConnectionsAreMadeAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	// A connection that nobody uses keeps a server from its end: this one lets go of it soon.
	first := &fasthttp.Server{Handler: ok, CloseOnShutdown: true, IdleTimeout: 20 * time.Millisecond}
	go func() { _ = first.Serve(listener) }()
	c, w := walk(address, 1, 0)
	pace := Steady(2000)
	c.Pace, c.Duration = &pace, 300*time.Millisecond
	var once sync.Once
	var second *fasthttp.Server
	var restarting sync.WaitGroup
	w.seen = func(*Turn) {
		once.Do(func() {
			restarting.Go(func() {
				if err := first.Shutdown(); err != nil {
					t.Error(err)
				}
				again, err := net.Listen("tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				second = &fasthttp.Server{Handler: ok, CloseOnShutdown: true, IdleTimeout: 20 * time.Millisecond}
				go func() { _ = second.Serve(again) }()
			})
		})
	}
	c.Loops = 1
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	restarting.Wait()
	if second == nil {
		t.Fatal("the server did not come back: this shows nothing")
	}
	if err := second.Shutdown(); err != nil {
		t.Error(err)
	}
	sum := r.Outcomes()
	if sum.Total()+r.Unstarted != 600 || sum[Served] == 0 || r.Reconnects < 3 {
		t.Errorf("of 600 arrivals: %s, unstarted %d; reconnects %d", &sum, r.Unstarted, r.Reconnects)
	}
}

// A server that says nothing leaves requests unknown and later ones unstarted, and the load ends all the same.
func TestASilentServerEndsInUnknown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c, _ := walk(listener.Addr().String(), 1, 0)
	c.Pace, c.Count, c.Patience = &Pace{Burst: 10}, 10, 50*time.Millisecond
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if sum := r.Outcomes(); sum[Unknown] != 3 || sum.Total() != 3 || r.Unstarted != 7 {
		t.Errorf("%s; unstarted %d; three connections and ten arrivals", &sum, r.Unstarted)
	}
}

func TestALoadThatMakesNoSenseIsRefused(t *testing.T) {
	address := serve(t, ok)
	good, _ := walk(address, 1, 0)
	good.Count = 1
	for name, spoil := range map[string]func(*Config){
		"no connection": func(c *Config) { c.Conns = 0 },
		"no script":     func(c *Config) { c.Script = nil },
		"no end":        func(c *Config) { c.Count = 0 },
		"no address":    func(c *Config) { c.Addresses = nil },
		"half address":  func(c *Config) { c.Addresses = []string{"127.0.0.1"} },
		"nobody there":  func(c *Config) { c.Addresses = []string{"127.0.0.1:1"} },
		"no kinds":      func(c *Config) { c.Kinds = nil },
		"odd pace":      func(c *Config) { c.Pace = &Pace{To: -1} },
	} {
		bad := good
		spoil(&bad)
		if _, err := Run(t.Context(), bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ended, good); err == nil {
		t.Error("a load began after its context's end")
	}
}

func TestProgressIsTold(t *testing.T) {
	c, _ := walk(serve(t, ok), 2, 0)
	c.Count = 20
	told := make(chan Progress, 100)
	c.Progress = func(p Progress) { told <- p }
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if p := <-told; p.Elapsed < 0 || p.Useful > p.Answers.Total() {
		t.Errorf("%+v", p)
	}
}
