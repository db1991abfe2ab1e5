package run

import (
	"context"
	"fmt"
	"io"

	"holdfast/bench/check"
	"holdfast/bench/check/admission"
	"holdfast/bench/report"
)

// Judge holds a side's answers against each other, against the server's log, and lets the server's own verifier speak.
func (r *Session) Judge(ctx context.Context, c *Subject) error {
	defer func() {
		c.Running.Guest.Remember(&c.history)
		c.history.Parts = nil // gigabytes, in a long run
	}()
	switch {
	case c.Blind:
		c.Side.Checks = []report.Check{{Name: report.NothingOversold, Verdict: report.NotChecked,
			Detail: "it does nothing, and its answers mean nothing"}}
		return nil
	case r.Unchecked:
		c.Side.Checks = []report.Check{{Name: report.NothingOversold, Verdict: report.NotChecked,
			Detail: "left out, as it was asked for"}}
		return c.stop()
	}
	r.say("stopping " + c.Name)
	if err := c.stop(); err != nil {
		return err
	}
	if err := r.keep(c); err != nil {
		return err
	}
	r.say("checking " + c.Name)
	options := check.Options{Budget: r.Budget}
	if c.Running.Log != nil {
		options.Log = func() (io.ReadCloser, error) { return c.Running.Log(ctx) }
	}
	result := check.Run(ctx, &c.history, options)
	result.Checks = append(result.Checks, c.judgeQueues(ctx)...)
	c.Side.Checks = Checks(&result)
	if c.Running.Audit != nil {
		r.say("auditing " + c.Name)
		c.Side.Checks = append(c.Side.Checks, audited(c.Running.Audit(ctx)))
	}
	return ctx.Err()
}

// judgeQueues judges waiting rooms, where there were any.
func (c *Subject) judgeQueues(ctx context.Context) []check.Check {
	options := admission.Options{Queue: c.Running.QueueLog}
	if c.Running.Log != nil {
		options.Sections = c.Running.Log
	}
	return admission.Run(ctx, &c.history, options)
}

func audited(clean bool, words string, err error) report.Check {
	made := report.Check{Name: "the server's own audit", Verdict: report.Passed, Detail: words}
	switch {
	case err != nil:
		made.Verdict, made.Detail = report.NotChecked, err.Error()
	case !clean:
		made.Verdict = report.Failed
	}
	return made
}

// Checks are a checker's verdicts as a report has them, after one for all: nothing oversold.
func Checks(result *check.Result) []report.Check {
	all := report.Check{Name: report.NothingOversold, Verdict: verdicts[result.State()],
		Detail: fmt.Sprintf("%d checks of every request and answer", len(result.Checks))}
	if all.Verdict != report.Passed {
		all.Detail += "; see below"
	}
	made := []report.Check{all}
	for i := range result.Checks {
		one := &result.Checks[i]
		c := report.Check{Name: one.Name, Verdict: verdicts[one.State], Detail: one.Detail}
		for _, fault := range one.Faults {
			c.Faults = append(c.Faults, fault.String())
		}
		if hidden := one.FaultCount - len(one.Faults); hidden > 0 {
			c.Faults = append(c.Faults, fmt.Sprintf("and %d more", hidden))
		}
		made = append(made, c)
	}
	return made
}

var verdicts = map[check.State]string{check.Passed: report.Passed, check.Failed: report.Failed,
	check.NotChecked: report.NotChecked}
