package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"holdfast/bench/growth"
	"holdfast/bench/lab"
	"holdfast/bench/report"
)

// growthCommand measures how cost grows.
type growthCommand struct {
	Dimensions []string `arg:"" optional:"" help:"sections, seats, clients, holds, history; none: all of them. See below."`
	server
	output
	To        uint64        `                   help:"Largest step of each; 0: the ordinary one. history ends at 1,000,000 unless more is asked for."               default:"0"`
	Rounds    int           `                   help:"Rounds of each point (${default})."                                                                           default:"3"`
	Conns     int           `                   help:"Connections, one request at a time each, where they are not what grows (${default})."                         default:"256"`
	Duration  time.Duration `                   help:"Length of each load that is measured (${default})."                                                           default:"3s"`
	Seed      uint64        `                   help:"Seed of everything drawn by lot; 0: another one each time, which the report tells."                           default:"0"`
	Loops     int           `                   help:"Threads of the client that send and receive; 0: half of the cores."                                           default:"0"`
	Unchecked bool          `                   help:"Do not check the answers; the report says so."`
	Budget    time.Duration `                   help:"Longest search for an order of the answers, per point (${default}); what is left then counts as not checked." default:"5m"`
	Gobench   string        `                   help:"Output of go test -bench, whose curves come onto the same page."                                                            type:"existingfile" placeholder:"FILE"`
}

// Help is shown by holdfast-bench growth --help.
func (growthCommand) Help() string {
	var b strings.Builder
	b.WriteString("What grows:\n")
	for _, d := range growth.Dimensions() {
		fmt.Fprintf(&b, "\n  %s\n      %s Steps: %d, in %s.\n", d.Name, d.About, d.Steps, d.Axis)
	}
	b.WriteString(`
Examples:

  holdfast-bench growth sections clients --binary bin/holdfast --report out/growth
  holdfast-bench growth history --binary bin/holdfast --to 10000000 --rounds 1
  go test -run - -bench Growth ./actors > growth.txt
  holdfast-bench growth --binary bin/holdfast --gobench growth.txt --report out/growth

Exit code: 0 everything was checked and passed, 1 a check failed or could not be made, or a point is void, 2 no report, or one that was cut short.`)
	return b.String()
}

// Run measures, prints the table and the report, and tells the verdict.
func (c *growthCommand) Run(t *console) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	progress := newProgress(t, c.Quiet)
	config.Progress = progress.show
	grown, err := growth.Grow(t.ctx, *config)
	progress.end()
	if grown == nil {
		return err
	}
	if _, err := fmt.Fprintln(t.out, grown.Table); err != nil {
		return err
	}
	published := c.publish(t, grown.Report)
	if err != nil { // cut short: whatever the verdict, it is one on a part
		return err
	}
	return published
}

func (c *growthCommand) config() (*growth.Config, error) {
	if c.Binary == "" {
		return nil, errors.New("--binary is needed: every point has a server of its own")
	}
	curves, err := benchmarks(c.Gobench)
	if err != nil {
		return nil, err
	}
	config := &growth.Config{
		Dimensions: c.Dimensions, To: c.To, Target: lab.Embedded(c.Binary), Rounds: c.Rounds, Conns: c.Conns,
		Duration: c.Duration, Seed: c.Seed,
		Loops: c.Loops, Folder: c.Folder, Command: commandLine(), Unchecked: c.Unchecked, Budget: c.Budget,
		Benchmarks: curves,
	}
	for config.Seed == 0 {
		config.Seed = rand.Uint64() >> 32 // short enough to be typed
	}
	return config, nil
}

// benchmarks reads the curves before anything is measured: an hour later a wrong file would be a pity.
func benchmarks(path string) ([]report.Curve, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	curves, err := growth.Benchmarks(file)
	if err == nil && len(curves) == 0 {
		err = fmt.Errorf("--gobench %s: no benchmark in it varies a number", path)
	}
	return curves, err
}
