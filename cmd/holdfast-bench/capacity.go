package main

import (
	"errors"
	"fmt"
	"time"

	"holdfast/bench/capacity"
	"holdfast/bench/load"
)

// capacityCommand finds the rate of buyers that a deployment carries.
type capacityCommand struct {
	server
	output
	Target string `help:"A running server instead of --binary, such as http://127.0.0.1:8080."                                placeholder:"URL"`
	operatorKey
	TokenSecretFile string        `help:"File with the secret of buyers' tokens (HS256) of a server that is not in dev mode."                 placeholder:"FILE" type:"existingfile"`
	Scenario        string        `help:"What buyers do: steady, onsale or stampede (${default})."                                                                                   enum:"steady,onsale,stampede" default:"onsale"`
	SLOP99          time.Duration `help:"Longest p99 of holds granted or refused, from the intended start (${default})."                                                                                           default:"100ms"  name:"slo-p99"`
	SLOFailed       float64       `help:"Most requests that may be limited, failed or unknown, in percent (${default})."                                                                                           default:"0.1"    name:"slo-failed"`
	Headroom        float64       `help:"Part of the sustained rate to keep free (${default})."                                                                                                                    default:"0.3"`
	From            load.Rate     `help:"Buyers a second to begin with (${default})."                                                                                                                              default:"500"`
	To              load.Rate     `help:"No step above this rate; 0: until the SLO breaks."                                                                                                                        default:"0"`
	Factor          float64       `help:"From one rate to the next on the way up (${default})."                                                                                                                    default:"1.5"`
	Within          float64       `help:"Halve what lies between until it is so little, as a part of the rate (${default})."                                                                                       default:"0.08"`
	Tries           int           `help:"So often must a rate not pass before it is believed (${default})."                                                                                                        default:"2"`
	Step            time.Duration `help:"Length of a step's part that counts; the step that confirms takes three times as long (${default})."                                                                      default:"5s"`
	Warmup          time.Duration `help:"What comes before it; 0: a second and four times the mean time of thinking."                                                                                              default:"0"`
	Think           time.Duration `help:"onsale: mean time between looking and choosing, and between choosing and paying; 0: 500ms."                                                                               default:"0"`
	Session         time.Duration `help:"How long your buyers stay inside on average, for the cap that is told; 0: as long as the test's."                                                                         default:"0"`
	Conns           int           `help:"Connections, one request at a time each; 0: as many as the rate and the SLO need."                                                                                        default:"0"`
	Events          int           `aliases:"houses" help:"Events of each step; 0: as many as it cannot sell out."                                                                                                                   default:"0"`
	Venue           string        `help:"A plan to play in: pretix, seats.io, row list or compact JSON."                                      placeholder:"FILE" type:"existingfile"`
	HoldTTL         time.Duration `help:"How long a hold lasts, in whole seconds; 0: the scenario's own."                                                                                                          default:"0"`
	Seed            uint64        `help:"Seed of everything drawn by lot; 0: another one each time, which the report tells."                                                                                       default:"0"`
	Clients         int           `help:"Client processes (${default})."                                                                                                                                           default:"1"`
	Loops           int           `help:"Threads of each client process that send and receive; 0: half of the cores."                                                                                              default:"0"`
	Unchecked       bool          `help:"Do not check the answers; the report says so."`
	Budget          time.Duration `help:"Longest search for an order of the answers (${default}); what is left then counts as not checked."                                                                        default:"5m"`
	Keep            string        `help:"Folder that gets the history, for holdfast-bench check."                                             placeholder:"DIR"  type:"existingdir"`
}

// Help is shown by holdfast-bench capacity --help.
func (capacityCommand) Help() string {
	return `Lets buyers in at a higher and higher rate until the server does not keep its SLO, halves what lies between, confirms the highest rate that
passed by a longer step, and prints the rate to admit, less a headroom, with where it comes from.

A step in which this client was at its end says nothing about the server: then what is told is "at least". A server on another machine, or more
--clients and --loops, tells more. Every step makes events of its own, named "load …". On a --target they are on sale until the end: think of
that before you point it at a deployment that sells. In the end bookings are given back, and the events deleted.

  holdfast-bench capacity --binary bin/holdfast
  holdfast-bench capacity --target http://10.0.0.7:8080 --operator-key-file operator --token-secret-file secret --session 4m --report out/capacity

Exit code: 0 a rate was found and every answer passed its checks, 1 a check failed or could not be made, or no rate can be told, 2 no report.`
}

// Run searches, printing each step when it is over, then the report, and in the end the rate.
func (c *capacityCommand) Run(t *console) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	progress := newProgress(t, c.Quiet)
	config.Progress, config.Notice = progress.show, t.notice
	config.Stepped = func(s *capacity.Step) {
		progress.end()
		fmt.Fprintln(t.out, s.Row())
	}
	fmt.Fprintln(t.out, capacity.Head)
	found, err := capacity.Measure(t.ctx, *config)
	progress.end()
	if err != nil {
		return err
	}
	return c.conclude(t, found)
}

// conclude prints the report and, for whoever reads only the end, the recommendation once more in a line.
func (c *capacityCommand) conclude(t *console, found *capacity.Capacity) error {
	fmt.Fprintln(t.out)
	err := c.publish(t, found.Report)
	if err != nil && !errors.Is(err, errVerdict) {
		return err
	}
	if found.Admit == 0 {
		err = errVerdict
	}
	for _, word := range found.Words[:1] {
		fmt.Fprintf(t.out, "\n%s\n", word)
	}
	return err
}

// config is run's for this scenario, and what a search needs besides.
func (c *capacityCommand) config() (*capacity.Config, error) {
	base := runCommand{
		Scenario: c.Scenario, server: c.server, loadFlags: loadFlags{Venue: c.Venue, HoldTTL: c.HoldTTL}, Seed: c.Seed,
		Target: c.Target, operatorKey: c.operatorKey,
		TokenSecretFile: c.TokenSecretFile, Clients: c.Clients, Loops: c.Loops, Unchecked: c.Unchecked,
		Budget: c.Budget, Keep: c.Keep,
	}
	run, err := base.config()
	if err != nil {
		return nil, err
	}
	run.Habits.Think = c.Think
	return &capacity.Config{
		Config: *run, SLO: capacity.SLO{P99: c.SLOP99, Failed: c.SLOFailed / 100},
		Climb:    capacity.Climb{From: c.From, Most: c.To, Factor: c.Factor, Tolerance: c.Within, Tries: c.Tries},
		Headroom: c.Headroom, Step: c.Step, Warmup: c.Warmup, Events: c.Events, Conns: c.Conns, Session: c.Session,
	}, nil
}
