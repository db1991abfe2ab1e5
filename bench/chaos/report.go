package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check"
)

// The verdicts, of a check and of a run. Only Passed is good. Invalid: too little was sold for the run to mean
// anything. NotChecked: something ran out of time or could not be looked at, and nothing was found in the rest.
const (
	Passed     = "passed"
	Failed     = "failed"
	Invalid    = "invalid"
	NotChecked = "not_checked"
)

// Report is what came of a run.
type Report struct {
	Verdict   string        `json:"verdict"`
	Why       string        `json:"why"`
	Seed      uint64        `json:"seed"`
	Command   string        `json:"command,omitempty"`
	Machine   string        `json:"ground"`
	Nodes     int           `json:"nodes"`
	Buyers    int           `json:"buyers"`
	Clustered bool          `json:"clustered"` // false: the binary knows no cluster, and all but one node stood by
	Duration  time.Duration `json:"duration_ns"`
	LeftOut   []string      `json:"left_out,omitempty"` // nemeses that cannot be used here, and why
	Schedule  []Step        `json:"schedule"`
	Figures   Figures       `json:"figures"`
	Recovery  []Recovery    `json:"recovery"`
	Checks    []Check       `json:"checks"`
	Folder    string        `json:"folder,omitempty"` // with the nodes' logs, the log, the answers; empty: removed
}

// Step is one of the schedule's, as it was played.
type Step struct {
	At     time.Duration `json:"at_ns"` // since buyers began
	Length time.Duration `json:"length_ns"`
	What   string        `json:"what"`
	Healed time.Duration `json:"healed_ns"` // after its end
}

// Figures are what was counted.
type Figures struct {
	Useful       uint64  `json:"useful"` // changes acknowledged, once for each key
	UsefulSecond float64 `json:"useful_per_second"`
	Denied       uint64  `json:"denied"` // told for certain that it cannot be
	GaveUp       uint64  `json:"gave_up"`
	Attempts     uint64  `json:"attempts"`
	Lost         uint64  `json:"lost"` // attempts without an answer
	Refused503   uint64  `json:"refused_503"`
	Reads        uint64  `json:"reads"`
	Looks        uint64  `json:"looks"`
	Takeovers    int     `json:"takeovers"` // claims of a section after its first one
	Traced       int     `json:"traced"`    // acknowledged changes found in the log by name
	Refunded     int     `json:"refunded"`
	// requests of unknown outcome that the log does not show: they had no effect
	Settled  int           `json:"settled"`
	Open     int           `json:"open"`     // … and those that it shows
	Restarts int64         `json:"restarts"` // of nodes that ended at their start
	HealP50  time.Duration `json:"heal_p50_ns"`
	HealMax  time.Duration `json:"heal_max_ns"`
	Watch    watchTally    `json:"watchers"`
}

// Check is one question and its verdict.
type Check struct {
	Name    string   `json:"name"`
	Verdict string   `json:"verdict"`
	Detail  string   `json:"detail,omitempty"`
	Faults  []string `json:"faults,omitempty"`
	Count   int      `json:"count"` // of faults, also those not told
}

// newReport is everything but the checks.
func (r *run) newReport(recorders []*recorder) *Report {
	a := r.bed
	p := &Report{
		Seed: r.cfg.Seed, Command: r.cfg.Command, Machine: "network namespaces", Nodes: r.cfg.Nodes,
		Buyers: r.cfg.Buyers, Clustered: a.Clustered,
		Duration: r.elapsed, LeftOut: r.leftOut, Recovery: r.recoveries(recorders),
	}
	if a.WhyLoopback != "" {
		p.Machine = "loopback: " + a.WhyLoopback
	}
	for i, m := range r.marks {
		p.Schedule = append(p.Schedule, Step{time.Duration(m.begun), time.Duration(m.end - m.begun), m.about,
			r.heals[i+1]})
	}
	var sum tally
	for _, one := range recorders {
		sum.add(&one.tally)
	}
	f := &p.Figures
	f.Useful, f.Denied, f.GaveUp, f.Attempts, f.Lost = sum.done, sum.denied, sum.gaveUp, sum.attempts, sum.lost
	f.Refused503, f.Reads, f.Looks, f.Restarts = sum.refused503, sum.reads, sum.looks, a.Exits.Load()
	f.UsefulSecond = float64(f.Useful) / max(r.elapsed.Seconds(), 0.001)
	f.HealP50, f.HealMax = middle(append([]time.Duration(nil), r.heals...))
	for _, w := range r.watchers {
		t := w.tally()
		f.Watch.Snapshots += t.Snapshots
		f.Watch.Deltas += t.Deltas
		f.Watch.Checkpoints += t.Checkpoints
		f.Watch.Streams += t.Streams
	}
	return p
}

var states = map[check.State]string{check.Passed: Passed, check.Failed: Failed, check.NotChecked: NotChecked}

// take adds the checker's verdicts.
func (p *Report) take(result *check.Result) {
	for i := range result.Checks {
		one := &result.Checks[i]
		c := Check{Name: one.Name, Verdict: states[one.State], Detail: one.Detail, Count: one.FaultCount}
		for _, f := range one.Faults {
			c.Faults = append(c.Faults, f.String())
		}
		p.Checks = append(p.Checks, c)
	}
}

// ownChecks are the harness's, with the findings that each is made of.
var ownChecks = []struct {
	name  string
	finds []string
}{
	{checkReads, []string{checkReads}},
	{checkMaps, []string{checkMaps}},
	{checkEpochs, []string{checkEpochs}},
	{checkRefunds, []string{checkRefunds}},
	{checkHeal, []string{checkHeal}},
	{checkNodes, []string{"ended", "leave", "drain"}},
	{checkViews, []string{checkViews}},
}

func (p *Report) takeFindings(finds *findings) {
	for _, own := range ownChecks {
		c := Check{Name: own.name, Verdict: Passed}
		for _, name := range own.finds {
			shown, count := finds.of(name)
			c.Faults, c.Count = append(c.Faults, shown...), c.Count+count
		}
		if c.Count > 0 {
			c.Verdict = Failed
		}
		p.Checks = append(p.Checks, c)
	}
}

// decide makes one verdict of all. Something found is a failure however little was sold.
func (p *Report) decide() {
	bad := map[string][]string{}
	for _, c := range p.Checks {
		bad[c.Verdict] = append(bad[c.Verdict], c.Name)
	}
	switch {
	case len(bad[Failed]) > 0:
		p.Verdict, p.Why = Failed, strings.Join(bad[Failed], ", ")
	case p.Figures.UsefulSecond < UsefulLeast:
		p.Verdict, p.Why = Invalid, fmt.Sprintf(
			"%.0f changes acknowledged a second; with fewer than %d a run proves nothing", p.Figures.UsefulSecond,
			UsefulLeast)
	case len(bad[NotChecked]) > 0:
		p.Verdict, p.Why = NotChecked, strings.Join(bad[NotChecked], ", ")
	default:
		p.Verdict, p.Why = Passed, fmt.Sprintf("%d checks", len(p.Checks))
	}
}

// Failed says whether the check of that name failed.
func (p *Report) Failed(name string) bool {
	for i := range p.Checks {
		if p.Checks[i].Name == name {
			return p.Checks[i].Verdict == Failed
		}
	}
	return false
}

// keep gives the folder its lasting name and puts the report into it.
func (r *run) keep(p *Report, cause error) (*Report, error) {
	folder, err := testbed.KeepFolder(r.bed.Folder)
	if p == nil {
		return nil, errors.Join(fmt.Errorf("%w (logs in %s)", cause, folder), err)
	}
	p.Folder = folder
	text, bad := json.MarshalIndent(p, "", "  ")
	err = errors.Join(cause, err, bad, os.WriteFile(filepath.Join(folder, "report.json"), text, 0o600))
	return p, errors.Join(err, os.WriteFile(filepath.Join(folder, "report.txt"), []byte(p.String()), 0o600))
}
