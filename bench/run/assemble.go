package run

import (
	"fmt"
	"runtime"
	"strconv"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/report"
)

// Report puts together what a run has found.
func (r *Session) Report(started time.Time) *report.Report {
	made := &report.Report{
		Version: report.FormatVersion, Scenario: r.Scenario.Name, About: r.Scenario.About, Command: r.Command,
		Seed: r.Seed, Started: started,
		Machine: DescribeMachine(), Settings: r.settings(),
	}
	for _, c := range r.Subjects {
		made.Sides = append(made.Sides, c.Side)
		made.Figures = append(made.Figures, c.Figures.Figures(c.Name)...)
		if c.Running.Version != "" {
			made.Machine.Versions = append(made.Machine.Versions,
				report.Setting{Name: c.Name, Value: c.Running.Version})
		}
	}
	made.Figures = append(made.Figures, harnessFigures(made)...)
	if len(made.Sides) > 1 {
		aims := r.Scenario.aims()
		for _, metric := range []report.Metric{report.UsefulRate(), report.RefusalRate()} {
			made.AddRatios(metric, aims[metric.Name])
		}
		for _, kind := range []string{"hold", "best", "confirm"} {
			for _, class := range []string{"held", "taken", "served"} {
				made.AddRatios(report.LatencyAt(kind, class, 0.99), nil)
			}
		}
	}
	return made
}

// aims are what ratios are to reach, by metric and by the other side.
func (s *Scenario) aims() map[string]map[string]float64 {
	if s.Name != "stampede" {
		return nil
	}
	return map[string]map[string]float64{
		report.UsefulRate().Name:  {"textbook": 10},
		report.RefusalRate().Name: {"textbook": 3},
	}
}

// harnessFigures tell what the client costs beside each server: processor time a request of one over the other's is how
// many times its own rate the client could send on as much processor. Below the aim, the server's figure is partly the
// client's.
func harnessFigures(r *report.Report) (figures []report.Figure) {
	for i := range r.Sides {
		var values []float64
		for j := range r.Sides[i].Rounds {
			if round := &r.Sides[i].Rounds[j]; round.ServerCPU > 0 && round.Client.CPU > 0 {
				values = append(values, round.ServerCPU/round.Client.CPU)
			}
		}
		if len(values) == 0 {
			continue
		}
		f := report.Figure{Name: r.Sides[i].Name +
			": requests the client can send for each one the server answers, on as much processor", Unit: "×",
			Value: report.SpreadOf(values).Median}
		if i == 0 {
			reached := f.Value >= harnessAim
			f.Aim, f.Reached = fmt.Sprintf("≥ %.1f ×", harnessAim), &reached
		}
		figures = append(figures, f)
	}
	return figures
}

const harnessAim = 1.5

func (r *Session) settings() []report.Setting {
	d := &r.Scenario.Load
	mode := "closed loop: each connection sends as soon as it is free"
	if pace := d.pace(); pace != nil {
		mode = fmt.Sprintf("open loop: %d at the doors, then %.0f buyers a second; latency counts from the intended "+
			"start", d.Burst, float64(d.Rate))
	}
	settings := []report.Setting{
		{Name: "load", Value: mode},
		{Name: "connections", Value: strconv.Itoa(d.Conns)},
		{Name: "venue", Value: fmt.Sprintf("%d × %s", r.Scenario.Events, r.Scenario.Venue.Name)},
		{Name: "hold TTL", Value: r.Scenario.HoldTTL.String()},
		{Name: "rounds", Value: strconv.Itoa(r.Rounds)},
		{Name: "client", Value: fmt.Sprintf("%d processes", max(r.Clients, 1))},
	}
	if d.Duration < endless {
		settings = append(settings, report.Setting{Name: "round", Value: d.Duration.String()})
	}
	if d.Count > 0 {
		settings = append(settings, report.Setting{Name: "buyers", Value: strconv.FormatUint(d.Count, 10)})
	}
	return settings
}

// DescribeMachine tells a report where its figures come from.
func DescribeMachine() report.Machine {
	return report.Machine{
		OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Processor: lab.ProcessorName(),
		MemoryGiB: lab.MemoryGiB(),
		Versions: []report.Setting{{Name: "Go", Value: runtime.Version()},
			{Name: "kernel", Value: lab.KernelVersion()}},
	}
}
