package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"holdfast/bench/chaos"
)

// chaosCommand runs a cluster of real processes and does to it what machines and networks do.
type chaosCommand struct {
	Binary     string           `required:"" help:"A holdfast executable."                                                                                                               type:"existingfile" placeholder:"FILE"`
	Seed       uint64           `            help:"Seed of the schedule and of all wishes; 0: another one each time, which the report tells."                                                                                   default:"0"`
	Duration   time.Duration    `            help:"How long buyers shop (${default}); healing, reading the log and checking come on top."                                                                                       default:"120s"`
	Nodes      int              `            help:"Nodes, besides those that join (${default})."                                                                                                                                default:"3"`
	Buyers     int              `            help:"Buyers, each asking for one thing after the other (${default})."                                                                                                             default:"16"`
	Nemesis    []string         `            help:"What to do to the nodes, by name; default: all that can be done here."                                                                                    placeholder:"NAME"`
	Namespaces chaos.Namespaces `            help:"auto: each node in a network namespace of its own, if this is root and has ip and iptables. never: all on the loopback (${default})."                                        default:"auto" enum:"auto,never"`
	Folder     string           `            help:"Where the run's folder goes; PostgreSQL's user must be able to pass through it (the system's place for temporary files)."             type:"existingdir"  placeholder:"DIR"`
	Keep       bool             `            help:"Keep logs and answers even if nothing was found."`
	JSON       bool             `            help:"Print the report as JSON."`
	Quiet      bool             `            help:"No lines of progress."`
}

// Help is shown by holdfast-bench chaos --help.
func (chaosCommand) Help() string {
	return `Starts nodes on one PostgreSQL, lets buyers shop on all of them, and kills, stops, cuts and drains by a schedule made from the seed. Every answer is
recorded and held against every other one, against the log, and against holdfast audit.

  holdfast-bench chaos --binary bin/holdfast --duration 10m
  holdfast-bench chaos --binary bin/holdfast --seed 7 --nemesis kill,pause --namespaces never

The nemeses: ` + strings.Join(
		chaos.Names(), " ",
	) + `. partition, oneway and storecut need network namespaces: root, ip and iptables.
clock needs bin/holdfast-planted (make planted), which reads its wall clock's offset from a file.

Everything that was started is ended and removed, also after ^C. If something was found, or with --keep, the folder with the nodes' logs, the answers and the
report stays, and is named.

Exit code: 0 passed, 1 something was found, or too little was sold or checked to say so, 2 no report.`
}

// Run makes one run.
func (c *chaosCommand) Run(t *console) error {
	c.Seed = cmp.Or(c.Seed, rand.Uint64N(1_000_000)+1)
	report, err := chaos.Run(t.ctx, chaos.Config{
		Binary: c.Binary, Seed: c.Seed, Duration: c.Duration, Nodes: c.Nodes, Buyers: c.Buyers, Nemeses: c.Nemesis,
		Namespaces: c.Namespaces,
		Folder:     c.Folder, Keep: c.Keep, Command: c.again(), Say: c.say(t),
	})
	if err != nil {
		return err
	}
	if err := c.print(t, report); err != nil {
		return err
	}
	if report.Verdict != chaos.Passed {
		return errVerdict
	}
	return nil
}

func (c *chaosCommand) print(t *console, report *chaos.Report) error {
	if !c.JSON {
		_, err := fmt.Fprintf(t.out, "\n%s", report)
		return err
	}
	encoder := json.NewEncoder(t.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// say writes lines of progress, each when it comes.
func (c *chaosCommand) say(t *console) func(string) {
	if c.Quiet {
		return nil
	}
	var mu sync.Mutex
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(t.err, line) // a line that cannot be written is no reason to stop
	}
}

// again is the command that repeats the run, its seed drawn or not.
func (c *chaosCommand) again() string {
	line := fmt.Sprintf("holdfast-bench chaos --binary %s --seed %d --duration %v --nodes %d --buyers %d "+
		"--namespaces %s", c.Binary, c.Seed, c.Duration, c.Nodes, c.Buyers, c.Namespaces)
	if len(c.Nemesis) > 0 {
		line += " --nemesis " + strings.Join(c.Nemesis, ",")
	}
	return line
}
