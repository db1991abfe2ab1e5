package chaos

import (
	"fmt"
	"strings"
	"time"
)

// String is the report for people.
func (p *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "chaos: %s (%s)\n", strings.ToUpper(p.Verdict), p.Why)
	fmt.Fprintf(&b, "seed %d, %d nodes on %s, %d buyers, %v", p.Seed, p.Nodes, p.Machine, p.Buyers, short(p.Duration))
	if !p.Clustered {
		b.WriteString("; NO CLUSTER IN THIS BINARY: all but one node stood by")
	}
	b.WriteString("\n")
	for _, why := range p.LeftOut {
		fmt.Fprintf(&b, "LEFT OUT %s\n", why)
	}
	p.scheduleText(&b)
	p.figuresText(&b)
	p.recoveryText(&b)
	p.checksText(&b)
	if p.Folder != "" {
		fmt.Fprintf(&b, "\nlogs, answers and this report: %s\n", p.Folder)
	}
	if p.Command != "" {
		fmt.Fprintf(&b, "again: %s\n", p.Command)
	}
	return b.String()
}

// short rounds for people.
func short(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

func (p *Report) scheduleText(b *strings.Builder) {
	b.WriteString("\nschedule\n")
	for _, s := range p.Schedule {
		fmt.Fprintf(b, "  %8v  for %-7v healed after %-7v %s\n", short(s.At), short(s.Length), short(s.Healed), s.What)
	}
}

func (p *Report) figuresText(b *strings.Builder) {
	f := &p.Figures
	fmt.Fprintf(b, "\nfigures\n  %d changes acknowledged, %.0f a second; %d wishes denied, %d given up\n", f.Useful,
		f.UsefulSecond, f.Denied, f.GaveUp)
	fmt.Fprintf(b, "  %d attempts: %d without an answer, %d times 503; %d bookings read, %d maps read\n", f.Attempts,
		f.Lost, f.Refused503, f.Reads, f.Looks)
	fmt.Fprintf(b, "  %d takeovers of sections; %d acknowledged changes traced in the log; %d bookings refunded; %d "+
		"starts that found no database\n",
		f.Takeovers, f.Traced, f.Refunded, f.Restarts)
	fmt.Fprintf(b, "  of requests that nobody heard of: %d are not in the log, and so had no effect; %d are\n",
		f.Settled, f.Open)
	fmt.Fprintf(b, "  watchers: %d streams, %d snapshots, %d deltas, %d checkpoints\n", f.Watch.Streams,
		f.Watch.Snapshots, f.Watch.Deltas, f.Watch.Checkpoints)
	fmt.Fprintf(b, "  all well after a nemesis: p50 %v, max %v\n", short(f.HealP50), short(f.HealMax))
}

func (p *Report) recoveryText(b *strings.Builder) {
	b.WriteString("\nfirst change acknowledged in each section\n")
	fmt.Fprintf(b, "  %-28s %5s  %21s  %21s  %s\n", "after", "steps", "from begin p50 / max", "from end p50 / max",
		"silent")
	for _, r := range p.Recovery {
		fmt.Fprintf(b, "  %-28s %5d  %9v / %9v  %9v / %9v  %d of %d\n", r.Nemesis, r.Steps,
			short(r.BeginP50), short(r.BeginMax), short(r.EndP50), short(r.EndMax), r.Silent, r.Sections)
	}
}

func (p *Report) checksText(b *strings.Builder) {
	b.WriteString("\nchecks\n")
	for _, c := range p.Checks {
		fmt.Fprintf(b, "  %-15s %-11s %s\n", c.Name, c.Verdict, c.Detail)
		for _, f := range c.Faults {
			fmt.Fprintf(b, "      %s\n", cut(f))
		}
		if more := c.Count - len(c.Faults); more > 0 {
			fmt.Fprintf(b, "      and %d more\n", more)
		}
	}
}

// faultLetters is how much of a fault is told to people; the kept report.json has all of it.
const faultLetters = 600

func cut(fault string) string {
	if len(fault) <= faultLetters {
		return fault
	}
	return fault[:faultLetters] + " …"
}
