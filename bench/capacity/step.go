package capacity

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// Step is one rate that was tried, and what came of it. Rates and quantiles are of the part of the step that counts:
// without its warm-up, and without the time in which the last buyers leave.
type Step struct {
	Move
	Length time.Duration // of the part that counts
	Events int
	Conns  int
	// Done are buyers who went home, Requests answers of every kind, Useful acknowledged changes, each a second.
	Done, Requests, Useful load.Rate
	// P50 and P99 of holds granted or refused, from the intended start; Holds is how many.
	P50, P99 time.Duration
	Holds    uint64
	// Failed is the part of all requests that were limited, failed or unknown, or could not be sent at all.
	Failed float64
	// ServerCPU, ClientCPU and OthersCPU are shares of this machine; 0: not known, or not ours to see. Others are
	// whoever else was at work.
	ServerCPU, ClientCPU, OthersCPU float64
	// Stay is the mean time from a buyer's coming to their going home; PerBuyer how many requests that took.
	Stay     time.Duration
	PerBuyer float64
	Verdict  Verdict
	Reason   string

	sent, lag time.Duration // p99 of holds from their sending; p99 of late starts
	// parts of requests that were sent to a waiting room, and of buyers who found nothing left
	queued, empty   float64
	starved         bool   // requests waited because every connection was taken
	client          string // why the client was at its end; empty: it was not
	clientSaturated bool   // for want of processor, not only late
	round           report.Round
}

// Numbers of a step.
const (
	samplesLeast = 100         // a step is lengthened for so many buyers: with fewer, p99 is the slowest one
	lengthMost   = time.Minute // but not beyond this
	warmLeast    = time.Second // connections, caches, first touches
	warmThinks   = 4           // and so many times what buyers think on average, for the venue to fill
	rampPart     = 3           // the rate is reached within this part of the warm-up
	confirmTimes = 3           // a step that confirms is so much longer
	// holds outlive buyers who think: each thinks at most 4 times as long as the mean, and once more for safety
	ttlThinks    = 8
	thinkOnsale  = time.Second / 2 // onsale's own
	connsLeast   = 64
	connsMost    = 4096
	connsSpare   = 2 // so many times as many as it takes: what a buyer asks for grows when things go wrong
	perBuyerWild = 4 // requests of a buyer, as long as nobody knows
	emptyMost    = 0.02
)

// fillMost is the part of a venue's seats that may go within a step. In an on-sale 84 % of the buyers want 20 % of the
// sections: those must not be empty before the step ends, or its second half is other buyers'.
func (c *Config) fillMost() float64 {
	if c.Scenario.Name == "onsale" {
		return 0.17
	}
	return 0.5
}

// length of the part of a step that counts.
func (c *Config) length(m Move) time.Duration {
	times := 1
	if m.Long {
		times = confirmTimes
	}
	enough := time.Duration(samplesLeast / float64(m.Rate) * float64(time.Second))
	return time.Duration(times) * max(c.Step, min(enough, lengthMost))
}

// events is how many events a step needs, so that it cannot sell them out.
func (c *Config) events(m Move, seats int) int {
	if c.Events > 0 {
		return c.Events
	}
	arrivals := float64(m.Rate) * (c.Warmup + c.length(m)).Seconds()
	return max(int(math.Ceil(arrivals*buyers.GroupMean/(c.fillMost()*float64(seats)))), 1)
}

// connsFor is how many requests are under way at once when each takes as long as the SLO allows: with so many
// connections, whoever has to wait for one waits for the server.
func (c *Config) connsFor(m Move, perBuyer float64) int {
	return int(math.Ceil(float64(m.Rate) * perBuyer * c.SLO.P99.Seconds()))
}

func (c *Config) conns(m Move, perBuyer float64) int {
	if c.Conns > 0 {
		return c.Conns
	}
	return min(max(connsSpare*c.connsFor(m, perBuyer), connsLeast), connsMost)
}

// step makes one.
func (a *ascent) step(ctx context.Context, m Move) (*Step, error) {
	c := a.config
	s := &Step{Move: m, Length: c.length(m), Events: c.events(m, a.contest.Plan.Seats), Conns: c.conns(m, a.perBuyer)}
	counted := run.Window{From: c.Warmup, To: c.Warmup + s.Length}
	used := &processors{window: counted}
	scenario := &a.runner.Scenario
	scenario.Events, scenario.Sidecar = s.Events, used.sidecar
	scenario.Load = run.Drive{Conns: s.Conns, Rate: m.Rate, Ramp: c.Warmup / rampPart, Duration: counted.To,
		Patience: c.Scenario.Load.Patience}
	one := &run.Round{Session: a.runner, Subject: a.contest, Number: len(a.steps), Window: &counted}
	done, err := one.Play(ctx, a.doing(m))
	if err != nil {
		return nil, err
	}
	s.ServerCPU, s.ClientCPU, s.OthersCPU = used.server, used.client, used.others()
	if a.runner.Clients > 1 { // the others are client processes too
		s.ClientCPU, s.OthersCPU = lab.Share(done.Result.CPU, done.Result.Elapsed), 0
	}
	s.read(done)
	s.round = s.roundOf(done, max(a.runner.Clients, 1))
	s.Verdict, s.Reason = c.judge(s)
	if s.Verdict == Kept {
		a.perBuyer = s.PerBuyer
	}
	return s, nil
}

func (a *ascent) doing(m Move) string {
	doing := fmt.Sprintf("step %d, %s buyers/s", len(a.steps)+1, rateText(m.Rate))
	if m.Long {
		doing += ", to confirm"
	}
	return doing
}

// read takes a step's figures out of what was seen in its window.
func (s *Step) read(done *run.Account) {
	seen, whole, seconds := done.Window, done.Result, s.Length.Seconds()
	var outcomes load.Outcomes
	for i := range seen.Kinds {
		outcomes.Add(&seen.Kinds[i].Outcomes)
	}
	holds := seen.Holds()
	s.Done, s.Useful, s.Requests = load.Rate(float64(seen.Left)/seconds), load.Rate(float64(seen.Useful)/seconds),
		load.Rate(float64(outcomes.Total())/seconds)
	s.Holds, s.P50, s.P99 = holds.Count(), holds.At(0.5), holds.At(0.99)
	s.sent, s.lag = seen.Sent.At(0.99), seen.Lag.At(0.99)
	s.Failed = part(outcomes[load.Limited]+outcomes[load.Failed]+outcomes[load.Unknown]+whole.Unstarted,
		outcomes.Total()+whole.Unstarted)
	s.queued, s.empty = part(outcomes[load.Queued], outcomes.Total()), part(seen.Empty, seen.Guests)
	s.starved = whole.Queued > whole.LateStarts && float64(whole.Queued) > run.LatePartMax*float64(
		whole.StartLag.Count())
	if seen.Guests > 0 {
		s.Stay = seen.Stayed / time.Duration(seen.Guests)
		s.PerBuyer = float64(seen.Requests) / float64(seen.Guests)
	}
	s.client, s.clientSaturated = clientLimit(whole, seen.Busy)
}

// roundOf is the step's window as a round of the report.
func (s *Step) roundOf(done *run.Account, processes int) report.Round {
	cpu := time.Duration(s.ClientCPU * float64(s.Length) * float64(runtime.NumCPU()))
	round := run.RoundOf(done.Window.Result(done.Result, s.Length, cpu), 1, processes)
	round.ServerCPU = s.ServerCPU
	return round
}

func part(some, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return float64(some) / float64(all)
}

// clientLimit is run.ClientBound with the loops' shares of the window, where they are known: over the whole of a step,
// which ends with a few buyers who think, no loop would look busy.
func clientLimit(r *load.Result, busy []float64) (why string, saturated bool) {
	seen := *r
	if len(busy) > 0 {
		seen.LoopCPU = busy
	}
	return run.ClientBound(&seen)
}

// judge says whether the server kept its SLO in a step, and why. A step that cannot tell is not taken for a break.
func (c *Config) judge(s *Step) (Verdict, string) {
	slow, failing := s.P99 > c.SLO.P99, s.Failed > c.SLO.Failed
	switch {
	case s.queued > c.SLO.Failed:
		return Unclear, fmt.Sprintf("%s of the requests were sent to a waiting room first", percentFine(s.queued))
	case s.empty > emptyMost:
		return Unclear, fmt.Sprintf("%s of the buyers found nothing left; it needs more houses", percentFine(s.empty))
	case s.Holds == 0 && !failing:
		return Unclear, "no hold was answered"
	case failing && s.clientSaturated || slow && s.clientsFault(c.SLO.P99):
		return Unclear, s.client
	case (slow || failing) && s.starved && s.Conns < c.connsFor(s.Move, s.PerBuyer):
		return Unclear, fmt.Sprintf("requests waited for one of %d connections, which are too few to tell", s.Conns)
	case failing:
		return Broke, fmt.Sprintf("%s of the requests failed > %s", percentFine(s.Failed), percentFine(c.SLO.Failed))
	case slow:
		return Broke, fmt.Sprintf("p99 %s > %s", msText(s.P99), msText(c.SLO.P99))
	}
	return Kept, fmt.Sprintf("p99 %s", msText(s.P99))
}

// clientsFault: a loop that had no processor left proves nothing about the server. One that only began late, as any
// does on a machine that it shares, has made the figures worse by about as much as it was late, and a hold that was too
// slow even without that was the server's.
func (s *Step) clientsFault(slo time.Duration) bool {
	if s.client == "" {
		return false
	}
	return s.clientSaturated || !s.starved && s.sent-s.lag <= slo
}
