package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/bench/baselines"
	"holdfast/bench/buyers"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// memoryPeer is a server to play against, in this process.
func memoryPeer(t *testing.T) string {
	t.Helper()
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- baselines.Serve(ctx, "memory", address, baselines.Backends{}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); readyz(address) != nil; {
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the peer is not ready")
		}
	}
	return address
}

// weak passes everything on, and turns every third booking away while it is tired.
func weak(t *testing.T, behind string, tired *atomic.Bool) string {
	client := &fasthttp.HostClient{Addr: behind, MaxConns: 4096}
	var bookings atomic.Uint64
	return serve(t, &fasthttp.Server{CloseOnShutdown: true, Handler: func(ctx *fasthttp.RequestCtx) {
		if tired.Load() && strings.HasSuffix(string(ctx.Path()), "/bookings") && bookings.Add(1)%3 == 0 {
			ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
			return
		}
		if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
			ctx.SetStatusCode(fasthttp.StatusBadGateway)
		}
	}})
}

func capacityConfig(t *testing.T, scenario, address string) CapacityConfig {
	s, err := FindScenario(scenario)
	if err != nil {
		t.Fatal(err)
	}
	s.Venue, s.Load.Patience = UniformVenue(5, 10, 20), 100*time.Millisecond
	one := Contestant{Name: "memory", About: "In this process.", Start: func(context.Context, string, io.Writer) (*Running, error) {
		return &Running{Target: Target{Address: address, OperatorKey: "dev"}}, nil
	}}
	return CapacityConfig{
		RunConfig: RunConfig{Scenario: s, Contestants: []Contestant{one}, Seed: 7, Folder: t.TempDir(), Command: "test", Habits: buyers.Habits{Think: time.Millisecond}},
		SLO:       SLO{P99: 5 * time.Second, Failed: 0.01},
		Climb:     Climb{From: 400, Factor: 1.5, Tolerance: 0.5, Tries: 1},
		Headroom:  0.3, Conns: 64, Step: 100 * time.Millisecond, Warmup: 40 * time.Millisecond,
	}
}

// The whole way: a server that turns buyers away above 500 a second is found out, its answers are checked, and the
// advice says why.
func TestCapacityFindsWhereAServerBreaks(t *testing.T) {
	const knee = 500
	var tired atomic.Bool
	c := capacityConfig(t, "steady", weak(t, memoryPeer(t), &tired))
	c.Progress = func(s Status) { // the server cannot know what is offered; the test tells it
		var rate float64
		if n, _ := fmt.Sscanf(s.Doing[strings.Index(s.Doing, ",")+1:], "%f", &rate); n == 1 {
			tired.Store(rate > knee)
		}
	}
	var told []string
	c.Stepped = func(s *CapacityStep) { told = append(told, s.Row()) }
	found, err := MeasureCapacity(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	// A machine that is busy with other things may break a lower rate, or leave a lower one unclear. Never may a rate
	// be told that the server turns buyers away at.
	unclear := slices.ContainsFunc(told, func(row string) bool { return strings.Contains(row, "unclear") })
	if found.Sustained > knee || found.Sustained <= 0 || !found.AboveBroke && !unclear {
		t.Errorf("found %+v of a server that breaks at %d\n%s", found.Finding, knee, strings.Join(told, "\n"))
	}
	if most := 0.7 * found.Sustained; found.Admit > most || found.Admit < 0.9*most || found.Inside == 0 {
		t.Errorf("admit %v of %v, %d inside", found.Admit, most, found.Inside)
	}
	text := strings.Join(found.Words, "\n")
	for _, word := range []string{"Admit ", "30 % headroom", "inside = rate × stay", "Derived from a load test of memory", "cannot be seen from here"} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is missing from %s", word, text)
		}
	}
	if len(told) != len(found.Steps) || !strings.Contains(strings.Join(told, "\n"), "BROKE") {
		t.Errorf("told %s", strings.Join(told, "\n"))
	}
	checkCapacityReport(t, found)
}

func checkCapacityReport(t *testing.T, found *Capacity) {
	t.Helper()
	side := &found.Report.Sides[0]
	if len(side.Rounds) != 1 || !side.Rounds[0].Counted() || side.Rounds[0].Useful.PerSecond <= 0 {
		t.Errorf("rounds %+v", side.Rounds)
	}
	for _, one := range side.Checks {
		if one.Verdict != report.Passed {
			t.Errorf("%s: %s, %s %v", one.Name, one.Verdict, one.Detail, one.Faults)
		}
	}
	if len(side.Checks) < 4 || len(found.Report.Curves) != 2 || found.Report.Figures[0].Value != float64(found.Admit) || !slices.Equal(found.Report.Notes, found.Words) {
		t.Errorf("checks %v, curves %v, figures %v, notes %v", side.Checks, found.Report.Curves, found.Report.Figures, found.Report.Notes)
	}
	for _, line := range found.Report.Curves[0].Lines {
		if len(line.Points) < 2 || !slices.IsSortedFunc(line.Points, func(a, b [2]float64) int { return int(a[0] - b[0]) }) {
			t.Errorf("%s: %v", line.Name, line.Points)
		}
	}
	if text := found.Report.Text(); !strings.Contains(text, "admit") || !strings.Contains(text, "nothing oversold") {
		t.Errorf("%s", text)
	}
}

// A bound is kept, and the advice does not pretend to know more.
func TestCapacityStopsAtItsBound(t *testing.T) {
	c := capacityConfig(t, "onsale", memoryPeer(t))
	c.Most, c.Unchecked, c.Session = 400, true, time.Minute
	found, err := MeasureCapacity(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if found.Sustained <= 0 || found.Sustained > 400 || found.Inside != uint64(found.Admit)*60 {
		t.Errorf("%+v", found)
	}
	for _, step := range found.Steps {
		if step.Rate > 400 {
			t.Errorf("%v was tried, beyond the bound", step.Rate)
		}
	}
	if found.Sustained == 400 && (found.Above != 0 || !strings.Contains(found.Words[0], "no higher rate was tried")) { // a busy machine may keep less
		t.Errorf("%v", found.Words)
	}
	if checks := found.Report.Sides[0].Checks; len(checks) != 1 || checks[0].Verdict != report.NotChecked {
		t.Errorf("%v", checks)
	}
}

// Of a load with a window, exactly those count who come within it.
func TestWindowCountsWhoComesWithinIt(t *testing.T) {
	target := Target{Address: memoryPeer(t), OperatorKey: "dev"}
	house, err := OpenHouse(t.Context(), target, UniformVenue(5, 10, 20), Terms{HoldTTL: time.Minute, SeatsPerHold: 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pace := load.Steady(1000)
	a := assignment{
		Address: target.Address, Conns: 16, Loops: 2, Pace: &pace, Duration: 300 * time.Millisecond, Patience: 20 * time.Second,
		Window: &window{From: 100 * time.Millisecond, To: 200 * time.Millisecond},
		Job:    buyers.Job{Scenario: "steady", Seed: 3, Events: []string{house.Event}, Buyers: "b", Keys: "k", Start: time.Now()},
	}
	done, err := a.run(t.Context(), []*buyers.House{house}, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen, whole := done.Window, done.Result
	if seen.Guests != 100 || seen.Requests < seen.Guests || seen.Stayed <= 0 || seen.Left == 0 {
		t.Errorf("%d guests made %d requests in %s, %d left", seen.Guests, seen.Requests, seen.Stayed, seen.Left)
	}
	var within, all uint64
	for i := range seen.Kinds {
		within += seen.Kinds[i].Outcomes.Total()
		all += whole.Kinds[i].Outcomes.Total()
		if seen.Kinds[i].All().Count() != seen.Kinds[i].Outcomes.Total() {
			t.Errorf("%s: not every answer has its time", seen.Kinds[i].Name)
		}
	}
	if within < seen.Guests || within >= all || seen.Useful == 0 || seen.Useful >= whole.Useful || seen.Lag.Count() != within || seen.holds().Count() != seen.Sent.Count() {
		t.Errorf("%d of %d requests, %d of %d useful, %d starts, %d and %d holds", within, all, seen.Useful, whole.Useful, seen.Lag.Count(), seen.holds().Count(), seen.Sent.Count())
	}
	var other windowed // as another process sends it
	text, err := json.Marshal(seen)
	if err == nil {
		err = json.Unmarshal(text, &other)
	}
	other.merge(seen)
	if err != nil || other.Guests != 2*seen.Guests || other.holds().Count() != 2*seen.holds().Count() || other.Lag.Count() != 2*seen.Lag.Count() || other.holds().At(0.99) != seen.holds().At(0.99) {
		t.Errorf("%v; two parts make %+v", err, other)
	}
}

func TestCapacityRefusesNonsense(t *testing.T) {
	for name, change := range map[string]func(*CapacityConfig){
		"two servers":      func(c *CapacityConfig) { c.Contestants = append(c.Contestants, c.Contestants...) },
		"nobody":           func(c *CapacityConfig) { c.Contestants = nil },
		"no SLO":           func(c *CapacityConfig) { c.SLO.P99 = 0 },
		"no step":          func(c *CapacityConfig) { c.Step = 0 },
		"all is headroom":  func(c *CapacityConfig) { c.Headroom = 1 },
		"nowhere to begin": func(c *CapacityConfig) { c.From = 0 },
	} {
		c := capacityConfig(t, "steady", "127.0.0.1:1")
		change(&c)
		if _, err := MeasureCapacity(t.Context(), c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
