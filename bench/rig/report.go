package rig

import (
	"fmt"
	"time"

	"holdfast/bench/load"
	"holdfast/bench/report"
)

// String is a result in a few lines.
func (r Result) String() string {
	text := fmt.Sprintf("%.0f/s over %s: %s; client %.0f%%, server %.0f%% of the machine\n  latency %s",
		float64(r.PerSecond), r.Elapsed.Round(time.Millisecond), &r.Outcomes, 100*r.ClientCPU, 100*r.ServerCPU,
		r.Latency)
	if r.StartLag.Count > 0 {
		text += fmt.Sprintf("\n  late starts %d (over %s), unstarted %d; start lag %s", r.LateStarts, load.LateAfter,
			r.Unstarted, r.StartLag)
	}
	return text
}

// spread is the middle and the ends.
func spread(s report.Spread) string {
	return fmt.Sprintf("%s (%s … %s)", figure(s.Median), figure(s.Min), figure(s.Max))
}

func figure(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func (s Side) line() string {
	var client, server float64
	for i := range s.Rounds {
		client += s.Rounds[i].ClientCPU / float64(len(s.Rounds))
		server += s.Rounds[i].ServerCPU / float64(len(s.Rounds))
	}
	return fmt.Sprintf("%-11s %s /s; client %.0f%%, server %.0f%% of the machine", s.Name, spread(s.PerSecond),
		100*client, 100*server)
}

// String is the comparison: medians with their ends, and the ratio.
func (c *Comparison) String() string {
	return fmt.Sprintf("%s, %d rounds each, in turns\n  %s\n  %s\n  ratio %s; per second of the server's processor "+
		"time %.3f",
		c.Scenario, len(c.A.Rounds), c.A.line(), c.B.line(), spread(c.Ratio), c.PerServerSecond)
}

// String is the latency next to the disk's.
func (s SingleResult) String() string {
	return fmt.Sprintf("hold  %s\nfsync %s\nmedian hold over median fsync: %s\nfirst look at a fresh event of "+
		"200,000 seats: %s", s.Hold, s.Sync, s.Over, s.FirstLook)
}

// String is both loads.
func (b BusyResult) String() string {
	return fmt.Sprintf("availability %s\nholds beside %s", b.Availability, b.Holds)
}

// String is the lag, and what bookings felt.
func (e ExpiryResult) String() string {
	return fmt.Sprintf("%d holds lapsing within %s, %d not seen back\nlag until the live map shows them free: "+
		"%s\nbookings before: %s\nbookings meanwhile: %s",
		e.Holds, e.LapseSpread, e.Unseen, e.Lag, e.Quiet, e.Wave)
}

// String is the crash and the way back.
func (s RestartResult) String() string {
	return fmt.Sprintf("killed after %d acknowledged holds (%d more unknown); %d on hold after the restart, none "+
		"missing; ready in %s",
		s.Acknowledged, s.Unknown, s.Held, s.Ready.Round(time.Millisecond))
}
