package capacity

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// words are the recommendation, a paragraph each: what to set, what that means inside, what limits, and where it comes
// from.
func (a *ascent) words(found *Capacity, base *Step) []string {
	var words []string
	for _, check := range a.contest.Side.Checks {
		if check.Verdict == report.Failed {
			words = append(words, "THE ANSWERS DID NOT PASS THEIR CHECKS: what a server carries that answers wrongly "+
				"is of no interest.")
			break
		}
	}
	if found.Sustained == 0 {
		return append(words, a.nothing(), a.limits(&found.Finding, base), a.origin(base))
	}
	return append(words, a.advice(found, base), a.inside(found, base), a.limits(&found.Finding, base), a.origin(base))
}

func (a *ascent) advice(found *Capacity, base *Step) string {
	text := fmt.Sprintf("buyers/s: at %s/s p99 of holds was %s for %s", rateText(base.Rate), msText(base.P99),
		lengthText(base.Length))
	headroom := percentFine(a.config.Headroom) + " headroom."
	switch above := a.above(&found.Finding); {
	case above == nil:
		return fmt.Sprintf("Admit %s %s, and no higher rate was tried; %s The server may carry more.",
			rateText(found.Admit), text, headroom)
	case !found.AboveBroke:
		return fmt.Sprintf("Admit at least %s %s; %s What the server carries beyond that is not known: at %s/s, %s.",
			rateText(found.Admit), text, headroom, rateText(above.Rate), above.Reason)
	default:
		return fmt.Sprintf("Admit %s %s; at %s/s %s; %s", rateText(found.Admit), text, rateText(above.Rate),
			a.broke(above), headroom)
	}
}

// broke is how the server did not keep the SLO at a rate, in the middle of a sentence.
func (a *ascent) broke(s *Step) string {
	text := fmt.Sprintf("it was %s > %s", msText(s.P99), msText(a.config.SLO.P99))
	if s.Failed > a.config.SLO.Failed {
		text = s.Reason
	}
	times := 0
	for _, other := range a.steps {
		if other.Rate == s.Rate && other.Verdict == Broke {
			times++
		}
	}
	if times > 1 {
		text += fmt.Sprintf(" (in %d steps)", times)
	}
	return text
}

// nothing says why there is no rate.
func (a *ascent) nothing() string {
	last := a.steps[len(a.steps)-1]
	if last.Long {
		return fmt.Sprintf("No rate can be told: short steps passed, but none of %s did; the last one, at %s/s: %s.",
			lengthText(last.Length), rateText(last.Rate), last.Reason)
	}
	return fmt.Sprintf("No rate can be told: even at %s buyers/s, %s.", rateText(last.Rate), last.Reason)
}

// inside is Little's law: how many are there at once is how many come in a second, times how many seconds they stay.
func (a *ascent) inside(found *Capacity, base *Step) string {
	perSecond := fmt.Sprintf("A buyer makes %.2g requests, so that is %s requests/s.", base.PerBuyer,
		rateText(short(found.Admit*load.Rate(base.PerBuyer))))
	if a.config.Session > 0 {
		return fmt.Sprintf("Let at most %s be inside at once: so many are there at that rate when buyers stay %s "+
			"(inside = rate × stay). %s",
			thousands(float64(found.Inside)), a.config.Session, perSecond)
	}
	thinking := ""
	if a.config.Habits.Think > 0 {
		thinking = ", most of it thinking"
	}
	return fmt.Sprintf("At that rate %s are inside at once, for buyers stayed %s here%s (inside = rate × stay). Set "+
		"the cap by how long yours stay: "+
		"each minute is %s more. %s", thousands(float64(found.Inside)), stayText(base.Stay), thinking,
		thousands(60*float64(found.Admit)), perSecond)
}

func stayText(d time.Duration) string {
	if d < time.Second {
		return msText(d)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// Shares of a machine: beyond busyMachine, processors are what there was too little of; beyond othersMost, others had a
// part in the figure.
const (
	busyMachine = 0.9
	othersMost  = 0.15
)

// limits says what ran out, as far as it can be seen from here.
func (a *ascent) limits(f *Finding, base *Step) string {
	s, text := base, ""
	if above := a.above(f); above != nil {
		s = above
		if f.Sustained > 0 && f.AboveBroke {
			text = fmt.Sprintf("p99 turned between %s/s (%s) and %s/s (%s). ", rateText(base.Rate), msText(base.P99),
				rateText(above.Rate), msText(above.P99))
		}
	}
	used := fmt.Sprintf("at %s/s the server used %s of this machine's processors, this client %s and others %s",
		rateText(s.Rate), shareText(s.ServerCPU),
		shareText(s.ClientCPU), shareText(s.OthersCPU))
	switch {
	case s.ServerCPU == 0:
		return text + fmt.Sprintf("What the server's processors did cannot be seen from here; at %s/s this client "+
			"used %s of its own machine's.", rateText(s.Rate), shareText(s.ClientCPU))
	case s.OthersCPU >= othersMost:
		return text + fmt.Sprintf("The machine was not the server's alone: %s. The figure is theirs as much as the "+
			"server's; measure on a quiet machine.", used)
	case s.ServerCPU+s.ClientCPU+s.OthersCPU >= busyMachine:
		return text + fmt.Sprintf("What limits is processors: %s. With the client elsewhere the server would carry "+
			"more.", used)
	}
	return text + fmt.Sprintf("What limits is not processors: %s. It is the disk, or the busiest section.", used)
}

// origin says where the figure comes from, so that nobody takes it for a property of the software.
func (a *ascent) origin(base *Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Derived from a load test of %s", a.contest.Name)
	if version := a.contest.Running.Version; version != "" {
		fmt.Fprintf(&b, " (%s)", version)
	}
	fmt.Fprintf(&b, " with %s buyers, seed %d, %d steps, on %s/%s, %d cores, %s", a.config.Scenario.Name, a.config.Seed,
		len(a.steps), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), lab.ProcessorName())
	if a.contest.Running.CPU == nil {
		b.WriteString(" (the client's machine)")
	} else {
		b.WriteString(" shared with the client")
	}
	fmt.Fprintf(&b, ", for the SLO %s. Each step had events of its own: at %s/s %d of %s seats each; the same buyers "+
		"at fewer events get in each other's way more.",
		a.config.sloText(), rateText(base.Rate), base.Events, thousands(float64(a.contest.Plan.Seats)))
	return b.String()
}
