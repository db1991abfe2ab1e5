package capacity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/bench/load"
	"holdfast/bench/report"
)

// Head stands above the steps' rows.
const Head = "  buyers/s    done/s  useful/s       p50       p99    failed  server  client  "

// Row is the step in a line of a table.
func (s *Step) Row() string {
	return fmt.Sprintf("%10s%10s%10s%10s%10s%10s%8s%8s  %s", rateText(s.Rate), rateText(s.Done), rateText(s.Useful),
		msText(s.P50), msText(s.P99),
		percentFine(s.Failed), shareText(s.ServerCPU), shareText(s.ClientCPU), s.verdict())
}

func (s *Step) verdict() string {
	switch {
	case s.Verdict == Broke:
		return "BROKE: " + s.Reason
	case s.Verdict == Unclear:
		return "unclear: " + s.Reason
	case s.Long:
		return "kept for " + lengthText(s.Length)
	}
	return "kept"
}

// finish says what the steps come to.
func (a *ascent) finish(started time.Time) *Capacity {
	found := &Capacity{Steps: a.steps, Finding: a.config.Find(a.trials)}
	base := a.base(&found.Finding)
	if found.Sustained > 0 {
		found.Admit = load.Rate(digits(float64(found.Sustained)*(1-a.config.Headroom), 3, math.Floor))
		found.Inside = uint64(math.Ceil(float64(found.Admit) * cmp.Or(a.config.Session, base.Stay).Seconds()))
	}
	found.Words = a.words(found, base)
	a.contest.Side.Rounds = []report.Round{base.counted()}
	a.contest.Side.About += fmt.Sprintf(
		" The round is the step at %s buyers/s; its figures are of the part that counts, and what is drawn over time "+
			"is all of it.", rateText(base.Rate))
	made := a.runner.Report(started)
	made.Scenario = "capacity, " + a.config.Scenario.Name
	made.About = "Buyers come at a higher and higher rate until the server does not keep its SLO. It asks what rate " +
		"a waiting room should let in. Buyers: " + a.config.Scenario.About
	made.Settings = a.settings()
	made.Figures = append(found.figures(base), made.Figures...)
	made.Curves = append(made.Curves, a.curves()...)
	made.Notes = append(made.Notes, found.Words...)
	found.Report = made
	return found
}

// base is the step that the recommendation stands on; without one, the last step.
func (a *ascent) base(f *Finding) *Step {
	for _, s := range slices.Backward(a.steps) {
		if f.Sustained > 0 && s.Long && s.Verdict == Kept {
			return s
		}
	}
	return a.steps[len(a.steps)-1]
}

// last is the last step at a rate with one of these verdicts.
func (a *ascent) last(rate load.Rate, verdicts ...Verdict) *Step {
	for _, s := range slices.Backward(a.steps) {
		if s.Rate == rate && slices.Contains(verdicts, s.Verdict) {
			return s
		}
	}
	return nil
}

// above is the step that ended the way up; nil: none did.
func (a *ascent) above(f *Finding) *Step {
	if f.AboveBroke {
		return a.last(f.Above, Broke)
	}
	return a.last(f.Above, Unclear)
}

// counted is the step's round. That of a step that kept the SLO counts even when the client began late: it is part of
// what the buyers waited.
func (s *Step) counted() report.Round {
	round := s.round
	if s.Verdict == Kept && round.Void != "" {
		round.Void = ""
		round.Useful.PerSecond = float64(round.Useful.Count) / s.Length.Seconds()
		round.Refusals.PerSecond = float64(round.Refusals.Count) / s.Length.Seconds()
	}
	return round
}

func (c *Capacity) figures(base *Step) []report.Figure {
	if c.Sustained == 0 {
		return nil
	}
	return []report.Figure{
		{Name: "admit", Value: float64(c.Admit), Unit: "buyers/s"},
		{Name: "sustained", Value: float64(c.Sustained), Unit: "buyers/s"},
		{Name: "inside at the admitted rate", Value: float64(c.Inside), Unit: "buyers"},
		{Name: "a buyer's requests", Value: base.PerBuyer},
		{Name: "a buyer's stay", Value: base.Stay.Seconds(), Unit: "s"},
		{Name: "p99 of holds at the sustained rate", Value: float64(report.InMilliseconds(base.P99)), Unit: "ms"},
	}
}

// curves show where the time of holds turned.
func (a *ascent) curves() []report.Curve {
	var p50, p99, bound, useful, requests [][2]float64
	for _, rate := range a.rates() {
		s, x := a.last(rate, Kept, Broke), float64(rate)
		bound = append(bound, [2]float64{x, float64(report.InMilliseconds(a.config.SLO.P99))})
		if s == nil || s.Holds == 0 {
			continue
		}
		p50, p99 = append(p50, [2]float64{x, float64(report.InMilliseconds(s.P50))}),
			append(p99, [2]float64{x, float64(report.InMilliseconds(s.P99))})
		useful, requests = append(useful, [2]float64{x, float64(s.Useful)}),
			append(requests, [2]float64{x, float64(s.Requests)})
	}
	offered := report.Axis{Label: "buyers offered a second"}
	note := "Of a rate that was tried more than once, the last step is shown; what could not tell is left out."
	return []report.Curve{
		{
			Title: "Latency over offered rate", X: offered, Y: report.Axis{Label: "ms", Log: true},
			Note:  "Holds granted or refused, from their intended start. " + note,
			Lines: []report.Line{{Name: "p99", Points: p99}, {Name: "p50", Points: p50}, {Name: "SLO", Points: bound}},
		},
		{
			Title: "Work done over offered rate", X: offered, Y: report.Axis{Label: "a second"}, Note: note,
			Lines: []report.Line{{Name: "useful changes", Points: useful},
				{Name: "requests answered", Points: requests}},
		},
	}
}

func (a *ascent) rates() (rates []load.Rate) {
	for _, s := range a.steps {
		rates = append(rates, s.Rate)
	}
	slices.Sort(rates)
	return slices.Compact(rates)
}

func (a *ascent) settings() []report.Setting {
	c := a.config
	return []report.Setting{
		{Name: "SLO", Value: c.sloText()},
		{Name: "buyers", Value: c.Scenario.Name},
		{Name: "step", Value: fmt.Sprintf("%s after a warm-up of %s; one that confirms %s", lengthText(c.Step),
			lengthText(c.Warmup), lengthText(confirmTimes*c.Step))},
		{Name: "search", Value: fmt.Sprintf(
			"from %s buyers/s by × %g, then halving until within %s; what does not pass is tried %d times",
			rateText(c.From), c.Factor, percentFine(c.Tolerance), c.Tries)},
		{Name: "headroom", Value: percentFine(c.Headroom)},
		{Name: "venue", Value: c.Scenario.Venue.Name + ", as many events a step as it cannot sell out"},
		{Name: "hold TTL", Value: c.Scenario.HoldTTL.String()},
		{Name: "client", Value: fmt.Sprintf("%d processes", max(c.Clients, 1))},
	}
}

func (c *Config) sloText() string {
	return fmt.Sprintf("p99 of holds ≤ %s, failed ≤ %s", msText(c.SLO.P99), percentFine(c.SLO.Failed))
}

func rateText(rate load.Rate) string {
	if rate > 0 && rate < 100 {
		return strconv.FormatFloat(digits(float64(rate), 3, math.Round), 'g', -1, 64)
	}
	return thousands(float64(rate))
}

func thousands(v float64) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	var groups []string
	for len(text) > 3 {
		groups = append(groups, text[len(text)-3:])
		text = text[:len(text)-3]
	}
	groups = append(groups, text)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}

func msText(d time.Duration) string {
	ms := digits(float64(report.InMilliseconds(d)), 3, math.Round)
	if ms >= 1000 {
		return strconv.FormatFloat(ms/1000, 'f', -1, 64) + " s"
	}
	return strconv.FormatFloat(ms, 'f', -1, 64) + " ms"
}

func percentFine(part float64) string {
	return strconv.FormatFloat(digits(100*part, 2, math.Round), 'f', -1, 64) + " %"
}

func lengthText(d time.Duration) string {
	return strconv.FormatFloat(digits(d.Seconds(), 3, math.Round), 'f', -1, 64) + " s"
}

func shareText(share float64) string {
	if share == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
