package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"holdfast/bench/check"
	"holdfast/bench/check/history"
	"holdfast/bench/growth"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// compareReports tells what changed between two runs. It is called "compare"; the comparison with a server that does
// nothing is compare-null.
type compareReports struct {
	Old string `arg:"" type:"existingfile" help:"An earlier report (.json)."`
	New string `arg:"" type:"existingfile" help:"A later one."`
}

// Help is shown by holdfast-bench compare --help.
func (compareReports) Help() string {
	return `Prints what changed beyond noise, and what cannot be told. The rounds of the two reports are the samples; with fewer than four each hardly
anything can be told. Ratios over a peer carry over from machine to machine, absolute figures do not.

Exit code: 0 nothing is worse, 1 something is worse beyond noise, 2 not comparable.`
}

// Run compares.
func (c *compareReports) Run(t *console) error {
	older, err := readReport(c.Old)
	if err != nil {
		return err
	}
	newer, err := readReport(c.New)
	if err != nil {
		return err
	}
	found := report.Compare(older, newer)
	if _, err := fmt.Fprintln(t.out, found.Text()); err != nil {
		return err
	}
	if found.Worse() {
		return errWorse
	}
	return nil
}

// errWorse ends the command with code 1.
var errWorse = errors.New("something is worse beyond noise")

func readReport(path string) (*report.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	r, err := report.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// pageCommand makes a report's page again, with curves of Go benchmarks if there are any.
type pageCommand struct {
	From    string `arg:"" type:"existingfile" help:"A report (.json)."`
	GoBench string `       type:"existingfile" help:"What go test -bench printed: its benchmarks that vary one number become curves of the page." name:"gobench" placeholder:"FILE"`
	output
}

// Run reads, adds and writes.
func (p *pageCommand) Run(t *console) error {
	r, err := readReport(p.From)
	if err != nil {
		return err
	}
	if p.GoBench != "" {
		if err := addBenchmarks(r, p.GoBench); err != nil {
			return err
		}
	}
	return p.publish(t, r)
}

func addBenchmarks(r *report.Report, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	curves, err := growth.Benchmarks(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	r.Curves = append(r.Curves, curves...)
	return nil
}

// checkCommand judges a kept history.
type checkCommand struct {
	History string        `arg:"" type:"existingfile" help:"A history kept by run --keep."`
	Log     string        `       type:"existingfile" help:"The server's log, as holdfast log prints it."                                                      placeholder:"FILE"`
	Budget  time.Duration `                           help:"Longest search for an order of the answers (${default}); what is left then counts as not checked."                    default:"5m"`
}

// Help is shown by holdfast-bench check --help.
func (checkCommand) Help() string {
	return `Examples:

  holdfast-bench check out/stampede-holdfast.history
  holdfast log --data DIR > log.ndjson && holdfast-bench check out/stampede-holdfast.history --log log.ndjson

Exit code: 0 everything was checked and passed, 1 a check failed or could not be made, 2 the history cannot be read.`
}

// Run checks.
func (c *checkCommand) Run(t *console) error {
	file, err := os.Open(c.History)
	if err != nil {
		return err
	}
	kept, err := history.Read(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("%s: %w", c.History, err)
	}
	options := check.Options{Budget: c.Budget}
	if c.Log != "" {
		options.Log = func() (io.ReadCloser, error) { return os.Open(c.Log) }
	}
	result := check.Run(t.ctx, kept, options)
	verdict := report.Passed
	for _, one := range run.Checks(&result) {
		if _, err := fmt.Fprintf(t.out, "%-12s %s: %s\n", one.Verdict, one.Name, one.Detail); err != nil {
			return err
		}
		for _, fault := range one.Faults {
			if _, err := fmt.Fprintln(t.out, "  ", fault); err != nil {
				return err
			}
		}
		if one.Verdict != report.Passed {
			verdict = one.Verdict
		}
	}
	if verdict != report.Passed {
		return errVerdict
	}
	return nil
}
