package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

// load says how a scenario is driven, where its own numbers are not wanted.
type loadFlags struct {
	Conns    int           `help:"Connections, one request at a time each; 0: the scenario's own." default:"0"`
	Rate     load.Rate     `help:"Open loop with so many buyers a second; 0: the scenario's own; below 0: closed loop." default:"0"`
	Duration time.Duration `help:"Length of a round's arrivals; 0: the scenario's own." default:"0"`
	Buyers   uint64        `help:"End a round's arrivals after so many; 0: by time alone." default:"0" aliases:"people"`
	Events   int           `help:"Events on sale at once; 0: the scenario's own." default:"0" aliases:"houses"`
	Venue    string        `help:"A plan to play in: pretix, seats.io, row list or compact JSON." type:"existingfile" placeholder:"FILE"`
	HoldTTL  time.Duration `help:"How long a hold lasts, in whole seconds; 0: the scenario's own." default:"0"`
	Losers   float64       `help:"eras: requests for the front rows before each booking, nearly all refused; 0: 1." default:"0"`
	Queued   bool          `help:"A waiting room in front of every event: buyers join, wait and are let in first." name:"doors"`
	NoShow   float64       `help:"doors: part of those who are called and do not come; 0: 0.3." default:"0"`
	Active   int64         `help:"doors: people inside at most; 0: 1000." default:"0" name:"active-max"`
	Calls    time.Duration `help:"doors: calls begin so long after the joins (${default})." default:"0s" name:"doors-after"`
	Kill     time.Duration `help:"kill -9 so often while buyers come, then audit and start again; 0: never." default:"0s" name:"kill-every"`
	BotPart  float64       `help:"bots: part of the arrivals that are scripts; 0: 0.3." default:"0"`
	BotFrom  int           `help:"bots: all scripts come from so many addresses, people from one for sixteen of them; X-Forwarded-For says so. 0: no header." default:"0" name:"bot-addresses"`
	BotPause time.Duration `help:"bots: from a script's refusal to its next try; 0: a second." default:"0s"`
	Work     int64         `help:"doors: joins need a proof of work with this max_number; 0: none." default:"0" name:"proof-of-work"`
}

// apply puts what was said into a scenario.
func (l *loadFlags) apply(s *run.Scenario) error {
	d := &s.Load
	d.Conns = orElse(l.Conns, d.Conns)
	d.Duration = orElse(l.Duration, d.Duration)
	d.Count = orElse(l.Buyers, d.Count)
	s.Events = orElse(l.Events, s.Events)
	s.HoldTTL = orElse(l.HoldTTL, s.HoldTTL)
	l.applyQueue(s)
	if l.Kill > 0 {
		s.Killed(l.Kill)
	}
	switch {
	case l.Rate < 0 && s.WaitingRoom != nil:
		return errors.New(
			"--rate below 0 and a waiting room exclude each other: who waits has no connection, so a closed " +
				"loop would let people join without end",
		)
	case l.Rate < 0:
		d.Rate, d.Burst = 0, 0
	case l.Rate > 0:
		d.Rate = l.Rate
	}
	if l.Venue == "" {
		return nil
	}
	plan, err := os.ReadFile(l.Venue)
	s.Venue = lab.Venue{Name: filepath.Base(l.Venue), Plan: plan}
	return err
}

// applyQueue puts a waiting room in front of the scenario, or changes the one that it has.
func (l *loadFlags) applyQueue(s *run.Scenario) {
	if l.Queued {
		s.Queued()
	}
	if s.WaitingRoom == nil {
		return
	}
	room := *s.WaitingRoom
	room.ActiveMax, room.CallsAfter = orElse(l.Active, room.ActiveMax), orElse(l.Calls, room.CallsAfter)
	room.ProofOfWork = l.Work
	s.WaitingRoom = &room
}

func (l *loadFlags) habits() buyers.Habits {
	return buyers.Habits{Losers: l.Losers, BotPart: l.BotPart, NoShowPart: l.NoShow, BotAddresses: l.BotFrom,
		BotPause: l.BotPause, ProofOfWork: l.Work > 0}
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// output says where a report goes besides the terminal.
type output struct {
	Report string `help:"Write the report as a page to FILE.html, as FILE.json and as FILE.csv." placeholder:"FILE"`
	Quiet  bool   `help:"No line of progress."`
}

// runCommand measures one scenario.
type runCommand struct {
	Scenario string `arg:"" help:"steady, stampede, onsale, browse, bots, eras, doors or failover; see below."`
	server
	loadFlags
	output
	Against []string `       help:"Peers to compare with, in turns: textbook, conditional-update, skip-locked, optimistic, memory, nothing, holdfast-sql, or all." placeholder:"PEER"`
	Rounds  int      `       help:"Rounds of each (${default})." default:"1"`
	Seed    uint64   `       help:"Seed of everything drawn by lot; 0: another one each time, which the report tells." default:"0"`
	Target  string   `       help:"A running server instead of --binary, such as http://127.0.0.1:8080." placeholder:"URL"`
	operatorKey
	TokenSecretFile string        `       help:"File with the secret of buyers' tokens (HS256) of a server that is not in dev mode." placeholder:"FILE" type:"existingfile"`
	Clients         int           `       help:"Client processes (${default})." default:"1"`
	Loops           int           `       help:"Threads of each client process that send and receive; 0: half of the cores." default:"0"`
	Unchecked       bool          `       help:"Do not check the answers; the report says so."`
	Budget          time.Duration `       help:"Longest search for an order of the answers, per side (${default}); what is left then counts as not checked." default:"5m"`
	Keep            string        `       help:"Folder that gets every side's history, for holdfast-bench check." placeholder:"DIR" type:"existingdir"`
}

// Help is shown by holdfast-bench run --help.
func (runCommand) Help() string {
	var b strings.Builder
	b.WriteString("Scenarios:\n")
	for _, s := range run.Scenarios() {
		fmt.Fprintf(&b, "\n  %s\n      %s\n", s.Name, s.About)
	}
	b.WriteString(`
Examples:

  holdfast-bench run stampede --binary bin/holdfast --against textbook --rounds 5 --report out/stampede
  holdfast-bench run onsale --binary bin/holdfast --venue plan.json
  holdfast-bench run eras --binary bin/holdfast --conns 512 --report out/eras
  holdfast-bench run steady --target http://127.0.0.1:8080 --rate 5000 --token-secret-file secret

Exit code: 0 everything was checked and passed, 1 a check failed or could not be made, or no number could be told, 2 no report.`)
	return b.String()
}

// errVerdict ends the command with code 1: the report is there, and it is not a good one.
var errVerdict = errors.New("not everything was checked and passed; see the report")

// Run measures, writes the report, and tells the verdict.
func (c *runCommand) Run(t *console) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	progress := newProgress(t, c.Quiet)
	config.Progress, config.Notice = progress.show, t.notice
	made, err := run.Run(t.ctx, *config)
	progress.end()
	if err != nil {
		return err
	}
	return c.publish(t, made)
}

func (c *runCommand) config() (*run.Config, error) {
	s, err := run.FindScenario(c.Scenario)
	if err != nil {
		return nil, err
	}
	if err := c.apply(&s); err != nil {
		return nil, err
	}
	sides, err := c.contestants(&s)
	if err != nil {
		return nil, err
	}
	config := &run.Config{
		Scenario: s, Targets: sides, Rounds: c.Rounds, Seed: c.Seed, Habits: c.habits(), Clients: c.Clients,
		Loops:  c.Loops,
		Folder: c.Folder, Command: commandLine(), Unchecked: c.Unchecked, Budget: c.Budget, Keep: c.Keep,
		Worker: worker,
	}
	for config.Seed == 0 {
		config.Seed = rand.Uint64() >> 32 // short enough to be typed
	}
	if c.TokenSecretFile != "" {
		if config.TokenSecret, err = readSecret(c.TokenSecretFile); err != nil {
			return nil, fmt.Errorf("--token-secret-file: %w", err)
		}
	}
	return config, nil
}

// publish prints the report and writes its files. A report that is not good ends the command with another exit code.
func (o *output) publish(t *console, made *report.Report) error {
	if _, err := fmt.Fprintln(t.out, made.Text()); err != nil {
		return err
	}
	if o.Report != "" {
		if err := writeReport(o.Report, made); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(t.out, "report: %s.html, .json, .csv\n", o.Report); err != nil {
			return err
		}
	}
	if !good(made) {
		return errVerdict
	}
	return nil
}

func good(r *report.Report) bool {
	for i := range r.Sides {
		side := &r.Sides[i]
		for _, check := range side.Checks {
			if check.Verdict != report.Passed && side.Name != "nothing" {
				return false
			}
		}
		for j := range side.Rounds {
			if side.Rounds[j].Void != "" && side.Name != "nothing" {
				return false
			}
		}
	}
	return true
}

func writeReport(path string, made *report.Report) error {
	if folder := filepath.Dir(path); folder != "." {
		if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // reports are for everybody
			return err
		}
	}
	for _, form := range []struct {
		ending string
		write  func(*os.File) error
	}{
		{".json", func(f *os.File) error { return made.WriteJSON(f) }},
		{".csv", func(f *os.File) error { return made.WriteCSV(f) }},
		{".html", func(f *os.File) error { return made.WriteHTML(f) }},
	} {
		file, err := os.Create(path + form.ending)
		if err != nil {
			return err
		}
		if err := errors.Join(form.write(file), file.Close()); err != nil {
			return err
		}
	}
	return nil
}
