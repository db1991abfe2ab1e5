package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

func pathOf(n requestNo) []byte { return fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", n) }

func appendPath(dst []byte, n requestNo) []byte { return append(dst, pathOf(n)...) }

func TestClosedLoopSendsEachRequestOnce(t *testing.T) {
	var mu sync.Mutex
	arrived := map[string]int{}
	null := lab.NewNull(lab.PlainAnswer(201, 100))
	inner := null.Handler
	null.Handler = func(ctx *fasthttp.RequestCtx) {
		mu.Lock()
		arrived[string(ctx.Path())]++
		mu.Unlock()
		inner(ctx)
	}
	var answered sync.Map
	l := requestLoad{Address: labtest.Serve(t, null), Conns: 5, First: 10, Count: 300, Request: appendPath,
		Seen: func(n requestNo, status int, body []byte) { answered.Store(n, status*1000+len(body)) }}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcomes[load.Held] != 300 || !r.Outcomes.Only(load.Held) || r.Last != 310 || r.Latency.Count != 300 ||
		r.LateStarts != 0 {
		t.Errorf("%s; last %d", r, r.Last)
	}
	mu.Lock()
	defer mu.Unlock()
	for n := requestNo(10); n < 310; n++ {
		if path := fmt.Sprintf("/%d", n); arrived[path] != 1 {
			t.Errorf("%s arrived %d times", path, arrived[path])
		}
		if got, _ := answered.Load(n); got != 201*1000+100 {
			t.Errorf("request %d was seen as %v", n, got)
		}
	}
	if r.PerSecond <= 0 || r.Elapsed <= 0 || r.ClientCPU < 0 {
		t.Errorf("figures: %s", r)
	}
}

// Latency in an open loop counts from the intended start: a request that waited for its connection has waited.
func TestOpenLoopCountsWaitingAsLatency(t *testing.T) {
	var mu sync.Mutex         // the kernel orders the two, which the race detector does not see
	var first, last time.Time // one connection: one handler at a time
	null := lab.NewNull(lab.PlainAnswer(200, 10))
	inner := null.Handler
	null.Handler = func(ctx *fasthttp.RequestCtx) {
		mu.Lock()
		if last = time.Now(); first.IsZero() {
			first = last
		}
		mu.Unlock()
		inner(ctx)
	}
	l := requestLoad{Address: labtest.Serve(t, null), Conns: 1, Pace: &load.Pace{Burst: 500}, Count: 500,
		Request: appendPath}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !r.Outcomes.Only(load.Served) || r.Outcomes.Total() != 500 || r.StartLag.Count != 500 || r.Unstarted != 0 {
		t.Fatalf("%s", r)
	}
	mu.Lock()
	defer mu.Unlock()
	const histogramError = 0.999
	if waited := last.Sub(first); float64(r.Latency.Max) < float64(waited)*histogramError {
		t.Errorf("all 500 were due at once and the last arrived %s after the first, yet the longest latency is %s",
			waited, r.Latency.Max)
	}
	if r.StartLag.Max > r.Latency.Max {
		t.Errorf("start lag %s is part of the latency %s", r.StartLag.Max, r.Latency.Max)
	}
}

func TestOpenLoopKeepsItsPace(t *testing.T) {
	pace := load.Steady(1000)
	l := requestLoad{Address: labtest.Serve(t, lab.NewNull(lab.PlainAnswer(200, 10))), Conns: 4, Pace: &pace,
		Duration: 100 * time.Millisecond, Request: appendPath}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// However slow this machine is: what was due in the time is sent, late or not.
	if r.Outcomes.Total() != 100 || r.Elapsed < 99*time.Millisecond {
		t.Errorf("a thousand a second for a tenth of a second: %s", r)
	}
}

// flakyServer reads one request a connection and hangs up; every second connection it answers first.
func flakyServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for n := 0; ; n++ {
			c, err := listener.Accept()
			if err != nil {
				return // closed by the test's end
			}
			request := make([]byte, 1024)
			_, err = c.Read(request)
			if err == nil && n%2 == 1 {
				_, _ = c.Write([]byte("HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
			}
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

// P3: a request whose connection broke is neither a success nor a failure.
func TestBrokenConnectionsLeaveTheOutcomeUnknown(t *testing.T) {
	l := requestLoad{Address: flakyServer(t), Conns: 1, Count: 6, Request: appendPath}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcomes[load.Unknown] != 3 || r.Outcomes[load.Held] != 3 || r.Outcomes.Total() != 6 {
		t.Errorf("three broken and three answered: %s", &r.Outcomes)
	}
}

func TestLoadRefusesWhatCannotWork(t *testing.T) {
	address := labtest.Serve(t, lab.NewNull(lab.PlainAnswer(200, 1)))
	bad := map[string]requestLoad{
		"no connection":  {Address: address, Count: 1, Request: appendPath},
		"no requests":    {Address: address, Conns: 1, Count: 1},
		"no end":         {Address: address, Conns: 1, Request: appendPath},
		"senseless pace": {Address: address, Conns: 1, Count: 1, Request: appendPath, Pace: &load.Pace{From: -1}},
		"nobody there":   {Address: "127.0.0.1:1", Conns: 1, Count: 1, Request: appendPath},
	}
	for name, l := range bad {
		if _, err := l.run(t.Context()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := requestLoad{Address: labtest.Serve(t, lab.NewNull(lab.PlainAnswer(200, 1))), Conns: 2, Duration: time.Hour,
		Request: appendPath,
		Seen: func(n requestNo, _ int, _ []byte) {
			if n == 50 {
				cancel()
			}
		}}
	r, err := l.run(ctx)
	if err != nil || r.Elapsed > time.Minute || r.Outcomes.Total() < 50 {
		t.Errorf("%s, %v", r, err)
	}
}

func TestNullRepeatsARecordedAnswer(t *testing.T) {
	original := lab.NullAnswer{Status: 409, Headers: [][2]string{{"Content-Type", "application/problem+json"},
		{"Cache-Control", "no-store"}}, Body: []byte(`{"code":"seat_taken"}`)}
	first, err := record(labtest.Serve(t, lab.NewNull(original)), pathOf(1))
	if err != nil {
		t.Fatal(err)
	}
	copied, err := lab.ParseAnswer(first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := record(labtest.Serve(t, lab.NewNull(copied)), pathOf(2))
	if err != nil {
		t.Fatal(err)
	}
	again, err := lab.ParseAnswer(second)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []lab.NullAnswer{copied, again} {
		if a.Status != 409 || string(a.Body) != string(original.Body) ||
			fmt.Sprint(a.Headers) != fmt.Sprint(original.Headers) {
			t.Errorf("%+v", a)
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d bytes became %d", len(first), len(second))
	}
	for _, broken := range []string{"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx"} {
		if _, err := lab.ParseAnswer([]byte(broken)); err == nil {
			t.Errorf("%q was taken for an answer", broken)
		}
	}
}

func TestCompareAlternates(t *testing.T) {
	var order string
	side := func(name string, rates ...load.Rate) comparedTarget {
		return comparedTarget{Name: name, Round: func(_ context.Context, round int) (Result, error) {
			order += name
			if round < 0 {
				return Result{PerSecond: 1e9}, nil // must not count
			}
			return Result{PerSecond: rates[round], ServerCPU: float64(rates[round]) / 100}, nil
		}}
	}
	c, err := compare(t.Context(), "x", side("A", 50, 60, 90), side("B", 100, 100, 100), 3)
	if err != nil {
		t.Fatal(err)
	}
	if order != "AB"+"AB"+"BA"+"AB" {
		t.Errorf("order %s", order)
	}
	if c.Ratio != (report.Spread{Median: 0.6, Min: 0.5, Max: 0.9}) ||
		c.A.PerSecond != (report.Spread{Median: 60, Min: 50, Max: 90}) || c.B.PerSecond.Median != 100 {
		t.Errorf("%s", c)
	}
	if c.PerServerSecond < 0.999 || c.PerServerSecond > 1.001 {
		t.Errorf("both cost the same a request: %v", c.PerServerSecond)
	}
	failing := comparedTarget{Name: "F", Round: func(context.Context, int) (Result, error) {
		return Result{},
			errors.New("not ready")
	}}
	if _, err := compare(t.Context(), "x", side("A", 1), failing, 1); err == nil {
		t.Error("a failed round was swallowed")
	}
}
