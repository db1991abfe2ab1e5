package capacity

import (
	"strings"
	"testing"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/load"
)

// good is a step that kept the SLO of judging.
func good() *Step {
	return &Step{
		Move: Move{Rate: 1000}, Conns: 400, Holds: 5000, P50: time.Millisecond, P99: 90 * time.Millisecond,
		sent: 80 * time.Millisecond, lag: 10 * time.Millisecond, PerBuyer: 4,
	}
}

func TestJudge(t *testing.T) {
	c := &Config{SLO: SLO{P99: 100 * time.Millisecond, Failed: 0.001}}
	const late = "the client fell behind"
	for name, row := range map[string]struct {
		change func(*Step)
		want   Verdict
		reason string
	}{
		"kept":                               {func(*Step) {}, Kept, "p99 90 ms"},
		"kept though the client fell behind": {func(s *Step) { s.client = late }, Kept, "p99 90 ms"},
		"slow": {func(s *Step) {
			s.P99, s.sent = 180*time.Millisecond,
				170*time.Millisecond
		}, Broke, "p99 180 ms > 100 ms"},
		"failing": {func(s *Step) { s.Failed = 0.004 }, Broke,
			"0.4 % of the requests failed > 0.1 %"},
		"failing altogether":        {func(s *Step) { s.Holds, s.Failed = 0, 1 }, Broke, "100 %"},
		"failing, not for lateness": {func(s *Step) { s.Failed, s.client = 0.004, late }, Broke, "0.4 %"},
		"slow for lateness": {func(s *Step) {
			s.P99, s.sent, s.lag, s.client = 120*time.Millisecond, 110*time.Millisecond, 60*time.Millisecond, late
		}, Unclear, late},
		"slow beyond lateness": {func(s *Step) {
			s.P99, s.sent, s.lag, s.client = 400*time.Millisecond, 390*time.Millisecond, 60*time.Millisecond, late
		}, Broke, "400 ms"},
		"slow, and the client at its end": {func(s *Step) {
			s.P99, s.sent, s.lag, s.client, s.clientSaturated = 400*time.Millisecond, 390*time.Millisecond,
				60*time.Millisecond, "the client was the bottleneck", true
		}, Unclear, "bottleneck"},
		"failing, and the client at its end": {func(s *Step) {
			s.Failed, s.client, s.clientSaturated = 0.5, "the client was the bottleneck", true
		}, Unclear, "bottleneck"},
		"waiting for a server": {func(s *Step) { s.P99, s.starved = time.Second, true }, Broke, "p99 1 s"},
		"waiting for a connection": {func(s *Step) { s.P99, s.starved, s.Conns = time.Second, true, 10 }, Unclear,
			"10 connections"},
		"sold out":           {func(s *Step) { s.empty = 0.5 }, Unclear, "nothing left"},
		"a waiting room":     {func(s *Step) { s.queued, s.Holds = 1, 0 }, Unclear, "waiting room"},
		"no answer to judge": {func(s *Step) { s.Holds = 0 }, Unclear, "no hold"},
	} {
		s := good()
		row.change(s)
		if got, why := c.judge(s); got != row.want || !strings.Contains(why, row.reason) {
			t.Errorf("%s: %v, %q; want %v, %q", name, got, why, row.want, row.reason)
		}
	}
}

// A step is large enough for its rate: it cannot sell out, and it has a connection for whoever is served within the
// SLO.
func TestStepsFitTheirRate(t *testing.T) {
	c := &Config{SLO: SLO{P99: 100 * time.Millisecond}, Step: 5 * time.Second, Warmup: 3 * time.Second}
	for _, scenario := range Scenarios {
		c.Scenario.Name = scenario
		for _, rate := range []load.Rate{1, 10, 500, 5000, 50_000} {
			for _, long := range []bool{false, true} {
				m := Move{rate, long}
				seats := 20_000
				wished := float64(rate) * (c.Warmup + c.length(m)).Seconds() * buyers.GroupMean
				if events := c.events(m, seats); wished > 0.5*float64(events*seats) {
					t.Errorf("%s at %v: %.0f seats are wished for, and %d houses have %d", scenario, rate, wished,
						events, events*seats)
				}
				if length := c.length(m); float64(rate)*length.Seconds() < 99 && length < lengthMost ||
					long != (length > c.length(Move{Rate: rate})) {
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
	if c.Conns, c.Events = 7, 3; c.conns(Move{Rate: 2000}, 3) != 7 || c.events(Move{Rate: 2000}, 10) != 3 {
		t.Error("what was stated does not hold")
	}
}

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
		s := &Step{Move: Move{Rate: 200}, Verdict: Broke, ServerCPU: row.server, ClientCPU: row.client,
			OthersCPU: row.others}
		a := &ascent{config: &Config{}, steps: []*Step{s}}
		if got := a.limits(&Finding{Above: 200, AboveBroke: true}, s); !strings.Contains(got, row.want) {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

// The advice says how much it knows.
func TestWordsOfAdvice(t *testing.T) {
	config := &Config{SLO: SLO{P99: 100 * time.Millisecond, Failed: 0.001}, Headroom: 0.3, Step: 5 * time.Second}
	kept := &Step{Move: Move{6000, true}, Length: 15 * time.Second, P99: 41 * time.Millisecond, Verdict: Kept}
	slow := &Step{Move: Move{Rate: 6900}, P99: 180 * time.Millisecond, Verdict: Broke, Reason: "p99 180 ms > 100 ms"}
	unclear := &Step{Move: Move{Rate: 6900}, Verdict: Unclear, Reason: "the client fell behind"}
	failing := &Step{Move: Move{Rate: 6900}, Failed: 0.004, Verdict: Broke,
		Reason: "0.4 % of the requests failed > 0.1 %"}
	for _, row := range []struct {
		steps   []*Step
		finding Finding
		want    string
	}{
		{[]*Step{slow, kept}, Finding{6000, 6900, true},
			"Admit 4,200 buyers/s: at 6,000/s p99 of holds was 41 ms for 15 s; at 6,900/s it was 180 ms > 100 ms; 30 " +
				"% headroom."},
		{[]*Step{slow, slow, kept}, Finding{6000, 6900, true}, "180 ms > 100 ms (in 2 steps)"},
		{[]*Step{slow, unclear, kept}, Finding{6000, 6900, true}, "180 ms > 100 ms; 30 %"},
		{[]*Step{failing, kept}, Finding{6000, 6900, true}, "at 6,900/s 0.4 % of the requests failed > 0.1 %; 30 %"},
		{[]*Step{unclear, kept}, Finding{6000, 6900, false}, "Admit at least 4,200 buyers/s"},
		{[]*Step{unclear, kept}, Finding{6000, 6900, false}, "not known: at 6,900/s, the client fell behind."},
		{[]*Step{kept}, Finding{6000, 0, false}, "no higher rate was tried"},
	} {
		a := &ascent{config: config, steps: row.steps}
		if got := a.advice(&Capacity{Finding: row.finding, Admit: 4200}, kept); !strings.Contains(got, row.want) {
			t.Errorf("%q is not in %q", row.want, got)
		}
	}
	broken := &Step{Move: Move{100, true}, Length: 15 * time.Second, Verdict: Broke, Reason: "p99 1 s > 100 ms"}
	for _, row := range []struct {
		last *Step
		want string
	}{{broken, "none of 15 s did"}, {slow, "even at 6,900 buyers/s, p99 180 ms"}} {
		a := &ascent{config: config, steps: []*Step{row.last}}
		if got := a.nothing(); !strings.Contains(got, row.want) {
			t.Errorf("%q is not in %q", row.want, got)
		}
	}
}
