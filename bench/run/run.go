package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/check/history"
	"holdfast/bench/lab"
	"holdfast/bench/load"
	"holdfast/bench/report"
)

// Config is one run: a scenario, and who is put under its load.
type Config struct {
	Scenario Scenario
	// Targets in the order of their first round. The first is the one in question; ratios are its figures over the
	// others'.
	Targets []lab.Target
	Rounds  int
	Seed    uint64
	Habits  buyers.Habits
	// Clients is how many processes send; 0 or 1: this one alone. Worker starts another.
	Clients int
	Worker  WorkerCommand
	Loops   int // of each process; 0: half of the cores
	// Folder takes servers' data and logs: choose the disk. Empty: the system's place for temporary files.
	Folder string
	// Command is what was typed, so that a figure carries its own recipe.
	Command string
	// TokenSecret signs buyers' tokens (HS256); empty: servers are in dev mode.
	TokenSecret []byte
	// Unchecked leaves the histories unjudged, which the report says loudly. Budget bounds the search for orders of
	// each side.
	Unchecked bool
	Budget    time.Duration
	// Keep, if set, is a folder that gets each side's history.
	Keep string
	// Progress, if set, is told what is under way, from several goroutines.
	Progress func(Status)
	// Notice, if set, is told what a user should know and no report says.
	Notice func(string)
}

// Status is what is under way.
type Status struct {
	Doing    string // "round 2 of 5, holdfast"
	Expected time.Duration
	load.Progress
}

// Subject is one target during a run.
type Subject struct {
	lab.Target
	Running *lab.Running
	folder  string
	log     *os.File
	Plan    *buyers.Plan
	venue   lab.Venue
	history history.History
	Side    report.Side
	Figures Figures
	buyers  uint64
	stopped bool
}

// Session is a run under way.
type Session struct {
	*Config
	folder   string
	Subjects []*Subject
}

// BudgetDefault bounds the search for orders.
const BudgetDefault = 5 * time.Minute

// Run measures every target in turns, checks what they answered, and reports. An error means that there is no report
// worth having; a target that fails its checks, or a client that was the bottleneck, is part of the report.
func Run(ctx context.Context, c Config) (result *report.Report, err error) {
	started := time.Now()
	r, err := Open(ctx, &c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.rounds(ctx); err != nil {
		return nil, err
	}
	for _, one := range r.Subjects {
		if err := r.Judge(ctx, one); err != nil {
			return nil, err
		}
	}
	return r.Report(started), nil
}

// Open starts every server of a run. The caller closes it; a run that could not start is closed already.
func Open(ctx context.Context, c *Config) (*Session, error) {
	r, err := newRunner(c)
	if err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// newRunner fills in what was left open, and makes the run's folder; close removes it.
func newRunner(c *Config) (*Session, error) {
	c.Rounds = max(c.Rounds, 1)
	c.Budget = cmp.Or(c.Budget, BudgetDefault)
	folder, err := os.MkdirTemp(c.Folder, "holdfast-bench-")
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if err := os.Chmod(folder, 0o711); err != nil {
		//nolint:gosec // databases do not run as root, and pass through to their own
		return nil, fmt.Errorf("run: %w", err)
	}
	return &Session{Config: c, folder: folder}, nil
}

// start starts every server, one after another.
func (r *Session) start(ctx context.Context) error {
	for i, one := range r.Targets {
		c := &Subject{Target: one, folder: filepath.Join(r.folder, fmt.Sprintf("%d-%s", i, one.Name)),
			venue: r.Scenario.Venue}
		r.Subjects = append(r.Subjects, c)
		r.say("starting " + one.Name)
		if err := os.MkdirAll(c.folder, 0o755); err != nil {
			//nolint:gosec // a database runs as another user and passes through
			return fmt.Errorf("run: %w", err)
		}
		var err error
		if c.log, err = os.Create(filepath.Join(c.folder, "server.log")); err != nil {
			return fmt.Errorf("run: %w", err)
		}
		if c.Running, err = one.Start(ctx, c.folder, c.log); err != nil {
			return errors.Join(fmt.Errorf("run: starting %s: %w", one.Name, err), c.LastWords())
		}
		c.Figures = Figures{}
		c.Side = report.Side{Name: one.Name, About: one.About}
		c.history.Header = history.Header{
			Server: one.Name, Scenario: r.Scenario.Name, Seed: r.Seed, Command: r.Command,
			StartUnixNano: time.Now().UnixNano(),
			ClockSlack:    history.Nanos(clockSlack), BuyerPrefix: "b" + lab.RunName(), KeyPrefix: "k" + lab.RunName(),
		}
	}
	return nil
}

// clockSlack is how far expires_at, told in whole milliseconds, may be from the moment it means, on one machine.
const clockSlack = 5 * time.Millisecond

// rounds goes A B C, C B A, A B C …: neither always follows the other, and noise that lasts longer than a round hits
// all.
func (r *Session) rounds(ctx context.Context) error {
	for round := range r.Rounds {
		order := slices.Clone(r.Subjects)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, c := range order {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.round(ctx, c, round); err != nil {
				return errors.Join(fmt.Errorf("run: %s, round %d of %s: %w", r.Scenario.Name, round+1, c.Name, err),
					c.LastWords())
			}
		}
	}
	return nil
}

func (r *Session) say(doing string) {
	if r.Progress != nil {
		r.Progress(Status{Doing: doing})
	}
}

// Forget leaves out of the report what was measured so far. The history stays.
func (c *Subject) Forget() { c.Side.Rounds, c.Figures = nil, Figures{} }

// LastWords is the end of what its server said, as an error to be joined.
func (c *Subject) LastWords() error { return lab.LastWords(c.log.Name()) }

func (c *Subject) stop() error {
	if c.Running == nil || c.stopped || c.Running.Stop == nil {
		return nil
	}
	c.stopped = true
	return c.Running.Stop()
}

func (r *Session) Close() (err error) {
	for _, c := range r.Subjects {
		if c.Running != nil {
			c.Running.Guest.Remember(&c.history)
			c.Running.Leave(r.Notice)
		}
		err = errors.Join(err, c.stop())
		if c.Running != nil && c.Running.Close != nil {
			err = errors.Join(err, c.Running.Close())
		}
		if c.log != nil {
			_ = c.log.Close() // nothing in it is needed any more
		}
	}
	return errors.Join(err, os.RemoveAll(r.folder))
}

// keep writes a side's history where it was asked for.
func (r *Session) keep(c *Subject) error {
	if r.Keep == "" || c.Blind {
		return nil
	}
	return writeHistory(filepath.Join(r.Keep, r.Scenario.Name+"-"+c.Name+".history"), &c.history)
}
