package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"holdfast/bench/crowd"
	"holdfast/bench/drive"
	"holdfast/bench/peers"
	"holdfast/bench/report"
)

func climb() *Climb { return &Climb{From: 100, Factor: 2, Tolerance: 0.1, Tries: 1} }

func trialsOf(text string) (trials []Trial) {
	for _, word := range strings.Fields(text) {
		var t Trial
		var verdict rune
		word, t.Long = strings.CutPrefix(word, "long:")
		if n, err := fmt.Sscanf(word, "%f%c", &t.Rate, &verdict); n != 2 || err != nil {
			panic(word)
		}
		t.Verdict = map[rune]ClimbVerdict{'+': Kept, '-': Broke, '?': Unclear}[verdict]
		trials = append(trials, t)
	}
	return trials
}

func TestClimbNext(t *testing.T) {
	for name, row := range map[string]struct {
		trials string // rate and what came of it: + kept, - broke, ? unclear
		change func(*Climb)
		want   Move // none: the search is over
	}{
		"begins":                               {trials: "", want: Move{Rate: 100}},
		"climbs":                               {trials: "100+ 200+", want: Move{Rate: 400}},
		"does not pass the bound":              {trials: "100+ 200+", change: func(c *Climb) { c.Most = 333.3 }, want: Move{Rate: 333.3}},
		"begins within the bound":              {change: func(c *Climb) { c.Most = 50 }, want: Move{Rate: 50}},
		"confirms at the bound":                {trials: "100+ 200+", change: func(c *Climb) { c.Most = 200 }, want: Move{200, true}},
		"halves":                               {trials: "100+ 200+ 400-", want: Move{Rate: 283}},
		"halves below":                         {trials: "100+ 200+ 400- 283-", want: Move{Rate: 238}},
		"halves above":                         {trials: "100+ 200+ 400- 283+", want: Move{Rate: 336}},
		"a client's end is a limit too":        {trials: "100+ 200+ 400?", want: Move{Rate: 283}},
		"confirms when near":                   {trials: "100+ 200+ 400- 283- 238- 218+", want: Move{218, true}},
		"goes down":                            {trials: "100-", want: Move{Rate: 50}},
		"goes down in growing strides":         {trials: "100- 50-", want: Move{Rate: 12.5}},
		"halves after going down":              {trials: "100- 50- 12.5+", want: Move{Rate: 25}},
		"gives up below":                       {trials: "100- 50- 12.5- 1.56- 0.1-"},
		"is done when confirmed":               {trials: "100+ 200- 141- 119- 109+ long:109+"},
		"steps down when it is not":            {trials: "100+ 200- 141- 119- 109+ long:109-", want: Move{99.1, true}},
		"and further":                          {trials: "100+ 200- 141- 119- 109+ long:109- long:99.1-", want: Move{81.9, true}},
		"is done when confirmed lower":         {trials: "100+ 200- 141- 119- 109+ long:109- long:99.1+"},
		"tries again":                          {trials: "100+ 200-", change: func(c *Climb) { c.Tries = 2 }, want: Move{Rate: 200}},
		"goes on when the second try is kept":  {trials: "100+ 200- 200+", change: func(c *Climb) { c.Tries = 2 }, want: Move{Rate: 400}},
		"believes the second":                  {trials: "100+ 200- 200?", change: func(c *Climb) { c.Tries = 2 }, want: Move{Rate: 141}},
		"tries to confirm again":               {trials: "100+ 106- 106- long:100-", change: func(c *Climb) { c.Tries = 2 }, want: Move{100, true}},
		"counts tries anew for each rate":      {trials: "100+ 200- 200+ 400-", change: func(c *Climb) { c.Tries = 2 }, want: Move{Rate: 400}},
		"does not halve what has no middle":    {trials: "1+ 1.01-", want: Move{1, true}},
		"confirms at once what is near enough": {trials: "100+ 109-", want: Move{100, true}},
	} {
		c := climb()
		if row.change != nil {
			row.change(c)
		}
		got, done := c.Next(trialsOf(row.trials))
		if got != row.want || done != (row.want == Move{}) {
			t.Errorf("%s: after %q comes %+v (over: %v), want %+v", name, row.trials, got, done, row.want)
		}
	}
}

func TestClimbFind(t *testing.T) {
	for trials, want := range map[string]Finding{
		"":                               {},
		"100+ 200+":                      {},
		"100+ 105- long:100+":            {Sustained: 100, Above: 105, AboveBroke: true},
		"100+ 105? long:100+":            {Sustained: 100, Above: 105},
		"100+ 105- long:100- long:90.9+": {Sustained: 90.9, Above: 100, AboveBroke: true},
		"100+ 105- long:100? long:90.9+": {Sustained: 90.9, Above: 100},
		"100+ long:100+":                 {Sustained: 100},
		"100- 50? 12.5- 1.56- 0.1-":      {Above: 0.1, AboveBroke: true},
		"100+ 200? 141- 119+ long:119+":  {Sustained: 119, Above: 141, AboveBroke: true},
		"100+ 200- 141? 119+ long:119+":  {Sustained: 119, Above: 141},
	} {
		if got := climb().Find(trialsOf(trials)); got != want {
			t.Errorf("%s: %+v, want %+v", trials, got, want)
		}
	}
}

// search plays against a server that answers at once.
func search(c *Climb, server func(Move) ClimbVerdict) (trials []Trial, found Finding) {
	const most = 500
	for range most {
		next, done := c.Next(trials)
		if done {
			return trials, c.Find(trials)
		}
		trials = append(trials, Trial{next, server(next)})
	}
	return nil, Finding{}
}

func drawClimb(t *rapid.T) *Climb {
	return &Climb{
		From:      drive.Rate(rapid.Float64Range(0.5, 50_000).Draw(t, "from")),
		Factor:    rapid.Float64Range(1.1, 4).Draw(t, "factor"),
		Tolerance: rapid.Float64Range(0.02, 0.5).Draw(t, "tolerance"),
		Tries:     rapid.IntRange(1, 3).Draw(t, "tries"),
	}
}

// A server that keeps its SLO up to a rate and breaks above it is found out within the tolerance, from wherever the search begins.
func TestClimbFindsTheKnee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClimb(t)
		knee := c.From * drive.Rate(rapid.Float64Range(0.2, 400).Draw(t, "knee over from"))
		reachable := c.From / drive.Rate(powInt(c.Factor, descentsMax*(descentsMax+1)/2))
		_, found := search(c, func(m Move) ClimbVerdict {
			if m.Rate <= knee {
				return Kept
			}
			return Broke
		})
		if knee < reachable || knee > rateMost {
			return
		}
		const rounding = 1.006 // three digits, down and up
		if found.Sustained > knee || found.Sustained*drive.Rate((1+c.Tolerance)*rounding*rounding) < knee || !found.AboveBroke || found.Above <= knee {
			t.Fatalf("%+v, knee at %v: found %+v", c, knee, found)
		}
	})
}

func powInt(base float64, n int) float64 {
	product := 1.0
	for range n {
		product *= base
	}
	return product
}

// However a server answers, the search ends, and never recommends what did not pass a long step, nor anything above the highest rate that passed
// a short one.
func TestClimbEndsAndNeverRecommendsMoreThanPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawClimb(t)
		if rapid.Bool().Draw(t, "bounded") {
			c.Most = c.From * 20
		}
		verdicts := rapid.SampledFrom([]ClimbVerdict{Kept, Broke, Unclear})
		trials, found := search(c, func(Move) ClimbVerdict { return verdicts.Draw(t, "verdict") })
		if trials == nil {
			t.Fatalf("%+v: no end", c)
		}
		highest, confirmed := drive.Rate(0), false
		for _, one := range trials {
			if one.Verdict == Kept && !one.Long {
				highest = max(highest, one.Rate)
			}
			confirmed = confirmed || one.Long && one.Verdict == Kept && one.Rate == found.Sustained
			if c.Most > 0 && one.Rate > c.Most {
				t.Fatalf("%v is above the bound %v", one.Rate, c.Most)
			}
		}
		if found.Sustained > highest || (found.Sustained > 0) != confirmed {
			t.Fatalf("%+v: found %+v of %+v", c, found, trials)
		}
	})
}

func TestClimbRefusesNonsense(t *testing.T) {
	for name, c := range map[string]Climb{
		"no rate":              {Factor: 2, Tolerance: 0.1, Tries: 1},
		"no factor":            {From: 1, Factor: 1, Tolerance: 0.1, Tries: 1},
		"no tolerance":         {From: 1, Factor: 2, Tries: 1},
		"no tries":             {From: 1, Factor: 2, Tolerance: 0.1},
		"a bound below zero":   {From: 1, Most: -1, Factor: 2, Tolerance: 0.1, Tries: 1},
		"a tolerance too wide": {From: 1, Factor: 2, Tolerance: 2, Tries: 1},
	} {
		if c.validate() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if err := climb().validate(); err != nil {
		t.Error(err)
	}
}

// good is a step that kept the SLO of judging.
func good() *CapacityStep {
	return &CapacityStep{
		Move: Move{Rate: 1000}, Conns: 400, Holds: 5000, P50: time.Millisecond, P99: 90 * time.Millisecond, sent: 80 * time.Millisecond, lag: 10 * time.Millisecond, PerBuyer: 4,
	}
}

func TestJudge(t *testing.T) {
	c := &CapacityConfig{SLO: SLO{P99: 100 * time.Millisecond, Failed: 0.001}}
	const late = "the client fell behind"
	for name, row := range map[string]struct {
		change func(*CapacityStep)
		want   ClimbVerdict
		reason string
	}{
		"kept":                               {func(*CapacityStep) {}, Kept, "p99 90 ms"},
		"kept though the client fell behind": {func(s *CapacityStep) { s.client = late }, Kept, "p99 90 ms"},
		"slow":                               {func(s *CapacityStep) { s.P99, s.sent = 180*time.Millisecond, 170*time.Millisecond }, Broke, "p99 180 ms > 100 ms"},
		"failing":                            {func(s *CapacityStep) { s.Failed = 0.004 }, Broke, "0.4 % of the requests failed > 0.1 %"},
		"failing altogether":                 {func(s *CapacityStep) { s.Holds, s.Failed = 0, 1 }, Broke, "100 %"},
		"failing, not for lateness":          {func(s *CapacityStep) { s.Failed, s.client = 0.004, late }, Broke, "0.4 %"},
		"slow for lateness": {func(s *CapacityStep) {
			s.P99, s.sent, s.lag, s.client = 120*time.Millisecond, 110*time.Millisecond, 60*time.Millisecond, late
		}, Unclear, late},
		"slow beyond lateness": {func(s *CapacityStep) {
			s.P99, s.sent, s.lag, s.client = 400*time.Millisecond, 390*time.Millisecond, 60*time.Millisecond, late
		}, Broke, "400 ms"},
		"slow, and the client at its end": {func(s *CapacityStep) {
			s.P99, s.sent, s.lag, s.client, s.clientSaturated = 400*time.Millisecond, 390*time.Millisecond, 60*time.Millisecond, "the client was the bottleneck", true
		}, Unclear, "bottleneck"},
		"failing, and the client at its end": {func(s *CapacityStep) {
			s.Failed, s.client, s.clientSaturated = 0.5, "the client was the bottleneck", true
		}, Unclear, "bottleneck"},
		"waiting for a server":     {func(s *CapacityStep) { s.P99, s.starved = time.Second, true }, Broke, "p99 1 s"},
		"waiting for a connection": {func(s *CapacityStep) { s.P99, s.starved, s.Conns = time.Second, true, 10 }, Unclear, "10 connections"},
		"sold out":                 {func(s *CapacityStep) { s.empty = 0.5 }, Unclear, "nothing left"},
		"a waiting room":           {func(s *CapacityStep) { s.queued, s.Holds = 1, 0 }, Unclear, "waiting room"},
		"no answer to judge":       {func(s *CapacityStep) { s.Holds = 0 }, Unclear, "no hold"},
	} {
		s := good()
		row.change(s)
		if got, why := c.judge(s); got != row.want || !strings.Contains(why, row.reason) {
			t.Errorf("%s: %v, %q; want %v, %q", name, got, why, row.want, row.reason)
		}
	}
}

// A step is large enough for its rate: it cannot sell out, and it has a connection for whoever is served within the SLO.
func TestStepsFitTheirRate(t *testing.T) {
	c := &CapacityConfig{SLO: SLO{P99: 100 * time.Millisecond}, Step: 5 * time.Second, Warmup: 3 * time.Second}
	for _, scenario := range CapacityScenarios {
		c.Scenario.Name = scenario
		for _, rate := range []drive.Rate{1, 10, 500, 5000, 50_000} {
			for _, long := range []bool{false, true} {
				m := Move{rate, long}
				seats := 20_000
				wished := float64(rate) * (c.Warmup + c.length(m)).Seconds() * crowd.PartyMean
				if houses := c.houses(m, seats); wished > 0.5*float64(houses*seats) {
					t.Errorf("%s at %v: %.0f seats are wished for, and %d houses have %d", scenario, rate, wished, houses, houses*seats)
				}
				if length := c.length(m); float64(rate)*length.Seconds() < 99 && length < lengthMost || long != (length > c.length(Move{Rate: rate})) {
					t.Errorf("%v, long %v: %s", rate, long, length)
				}
			}
		}
	}
	if got := c.conns(Move{Rate: 2000}, 3); got != 1200 {
		t.Errorf("%d connections", got)
	}
	if low, high := c.conns(Move{Rate: 1}, 3), c.conns(Move{Rate: 1e6}, 3); low != connsLeast || high != connsMost {
		t.Errorf("%d and %d connections", low, high)
	}
	if c.Conns, c.Houses = 7, 3; c.conns(Move{Rate: 2000}, 3) != 7 || c.houses(Move{Rate: 2000}, 10) != 3 {
		t.Error("what was stated does not hold")
	}
}

func TestShort(t *testing.T) {
	for in, want := range map[drive.Rate]drive.Rate{0: 0, 0.123456: 0.123, 1.005: 1, 99.96: 100, 1518.75: 1520, 123_456: 123_000} {
		if got := short(in); got != want {
			t.Errorf("%v becomes %v, not %v", in, got, want)
		}
	}
}

func TestParseBusy(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"cpu  1 2 4 800 1600 8 16 32 64 128\ncpu0 9 9 9 9 9 9 9 9 9 9\n": 63 * tick,
		"cpu  1 2 4":                         0,
		"intr 1 2 4 800 1600 8 16 32 64 128": 0,
		"":                                   0,
	} {
		if got := parseBusy(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// What is said to limit is what was seen.
func TestWordsAboutLimits(t *testing.T) {
	for _, row := range []struct {
		server, client, others float64
		want                   string
	}{
		{0, 0.2, 0, "cannot be seen from here"},
		{0.7, 0.25, 0.02, "limits is processors"},
		{0.4, 0.1, 0.02, "limits is not processors"},
		{0.4, 0.1, 0.5, "not the server's alone"},
	} {
		s := &CapacityStep{Move: Move{Rate: 200}, Verdict: Broke, ServerCPU: row.server, ClientCPU: row.client, OthersCPU: row.others}
		a := &ascent{config: &CapacityConfig{}, steps: []*CapacityStep{s}}
		if got := a.limits(&Finding{Above: 200, AboveBroke: true}, s); !strings.Contains(got, row.want) {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

// The advice says how much it knows.
func TestWordsOfAdvice(t *testing.T) {
	config := &CapacityConfig{SLO: SLO{P99: 100 * time.Millisecond, Failed: 0.001}, Headroom: 0.3, Step: 5 * time.Second}
	kept := &CapacityStep{Move: Move{6000, true}, Length: 15 * time.Second, P99: 41 * time.Millisecond, Verdict: Kept}
	slow := &CapacityStep{Move: Move{Rate: 6900}, P99: 180 * time.Millisecond, Verdict: Broke, Reason: "p99 180 ms > 100 ms"}
	unclear := &CapacityStep{Move: Move{Rate: 6900}, Verdict: Unclear, Reason: "the client fell behind"}
	failing := &CapacityStep{Move: Move{Rate: 6900}, Failed: 0.004, Verdict: Broke, Reason: "0.4 % of the requests failed > 0.1 %"}
	for _, row := range []struct {
		steps   []*CapacityStep
		finding Finding
		want    string
	}{
		{[]*CapacityStep{slow, kept}, Finding{6000, 6900, true}, "Admit 4,200 buyers/s: at 6,000/s p99 of holds was 41 ms for 15 s; at 6,900/s it was 180 ms > 100 ms; 30 % headroom."},
		{[]*CapacityStep{slow, slow, kept}, Finding{6000, 6900, true}, "180 ms > 100 ms (in 2 steps)"},
		{[]*CapacityStep{slow, unclear, kept}, Finding{6000, 6900, true}, "180 ms > 100 ms; 30 %"},
		{[]*CapacityStep{failing, kept}, Finding{6000, 6900, true}, "at 6,900/s 0.4 % of the requests failed > 0.1 %; 30 %"},
		{[]*CapacityStep{unclear, kept}, Finding{6000, 6900, false}, "Admit at least 4,200 buyers/s"},
		{[]*CapacityStep{unclear, kept}, Finding{6000, 6900, false}, "not known: at 6,900/s, the client fell behind."},
		{[]*CapacityStep{kept}, Finding{6000, 0, false}, "no higher rate was tried"},
	} {
		a := &ascent{config: config, steps: row.steps}
		if got := a.advice(&Capacity{Finding: row.finding, Admit: 4200}, kept); !strings.Contains(got, row.want) {
			t.Errorf("%q is not in %q", row.want, got)
		}
	}
	broken := &CapacityStep{Move: Move{100, true}, Length: 15 * time.Second, Verdict: Broke, Reason: "p99 1 s > 100 ms"}
	for _, row := range []struct {
		last *CapacityStep
		want string
	}{{broken, "none of 15 s did"}, {slow, "even at 6,900 buyers/s, p99 180 ms"}} {
		a := &ascent{config: config, steps: []*CapacityStep{row.last}}
		if got := a.nothing(); !strings.Contains(got, row.want) {
			t.Errorf("%q is not in %q", row.want, got)
		}
	}
}

// memoryPeer is a server to play against, in this process.
func memoryPeer(t *testing.T) string {
	t.Helper()
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- peers.Serve(ctx, "memory", address, peers.Backends{}) }()
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
		RunConfig: RunConfig{Scenario: s, Contestants: []Contestant{one}, Seed: 7, Folder: t.TempDir(), Command: "test", Habits: crowd.Habits{Think: time.Millisecond}},
		SLO:       SLO{P99: 5 * time.Second, Failed: 0.01},
		Climb:     Climb{From: 400, Factor: 1.5, Tolerance: 0.5, Tries: 1},
		Headroom:  0.3, Conns: 64, Step: 100 * time.Millisecond, Warmup: 40 * time.Millisecond,
	}
}

// The whole way: a server that turns buyers away above 500 a second is found out, its answers are checked, and the advice says why.
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
	if found.Sustained > knee || found.Sustained < knee/1.5 || found.Above <= knee || !found.AboveBroke {
		t.Errorf("found %+v of a server that breaks at %d\n%s", found.Finding, knee, strings.Join(told, "\n"))
	}
	if want := digitsDown(0.7 * found.Sustained); found.Admit != want || found.Inside == 0 {
		t.Errorf("admit %v instead of %v, %d inside", found.Admit, want, found.Inside)
	}
	text := strings.Join(found.Words, "\n")
	for _, word := range []string{"Admit ", "failed > 1 %", "30 % headroom", "inside = rate × stay", "Derived from a load test of memory", "cannot be seen from here"} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is missing from %s", word, text)
		}
	}
	if len(told) != len(found.Steps) || !strings.Contains(strings.Join(told, "\n"), "BROKE") {
		t.Errorf("told %s", strings.Join(told, "\n"))
	}
	checkCapacityReport(t, found)
}

func digitsDown(rate drive.Rate) drive.Rate {
	unit := drive.Rate(1)
	for rate/unit >= 1000 {
		unit *= 10
	}
	return drive.Rate(int(rate/unit+1e-9)) * unit
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
		if len(line.Points) != 2 || !slices.IsSortedFunc(line.Points, func(a, b [2]float64) int { return int(a[0] - b[0]) }) {
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
	if found.Sustained != 400 || found.Above != 0 || found.Admit != 280 || found.Inside != 280*60 || len(found.Steps) != 2 {
		t.Errorf("%+v", found)
	}
	if !strings.Contains(found.Words[0], "no higher rate was tried") || !strings.Contains(found.Words[1], "16,800") {
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
	pace := drive.Steady(1000)
	a := assignment{
		Address: target.Address, Conns: 16, Loops: 2, Pace: &pace, Duration: 300 * time.Millisecond, Patience: 20 * time.Second,
		Window: &window{From: 100 * time.Millisecond, To: 200 * time.Millisecond},
		Job:    crowd.Job{Scenario: "steady", Seed: 3, Events: []string{house.Event}, Buyers: "b", Keys: "k", Start: time.Now()},
	}
	done, err := a.run(t.Context(), []*crowd.House{house}, nil)
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
