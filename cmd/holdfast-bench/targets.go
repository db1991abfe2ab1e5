package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"holdfast/bench/baselines"
	"holdfast/bench/lab"
	"holdfast/bench/run"
)

// Baselines that are no rows of package baselines.
const (
	peerNothing = "nothing"
	peerSQL     = "holdfast-sql"
	peerAll     = "all"
)

// targets are who is measured: the server in question, then its baselines.
func (c *runCommand) contestants(s *run.Scenario) ([]lab.Target, error) {
	first, err := c.first()
	if err != nil {
		return nil, err
	}
	sides := []lab.Target{first}
	for _, name := range c.against() {
		one, err := c.peer(name, s)
		if err != nil {
			return nil, err
		}
		sides = append(sides, one)
	}
	return sides, nil
}

func (c *runCommand) first() (lab.Target, error) {
	address, err := addressOf(c.Target)
	switch {
	case err != nil:
		return lab.Target{}, err
	case (c.Binary == "") == (address == ""):
		return lab.Target{}, errors.New(
			"give --binary FILE to start a server, or --target URL of a running one, one of the two")
	case c.Binary != "":
		return lab.Embedded(c.Binary), nil
	}
	key, err := c.key()
	if err != nil {
		return lab.Target{}, err
	}
	return lab.Elsewhere(lab.Endpoint{Address: address, OperatorKey: key}), nil
}

func (c *runCommand) against() []string {
	if slices.Contains(c.Against, peerAll) {
		return append(baselines.Names(), peerNothing)
	}
	return c.Against
}

func (c *runCommand) peer(name string, s *run.Scenario) (lab.Target, error) {
	switch {
	case s.WaitingRoom != nil && name != peerSQL:
		return lab.Target{}, fmt.Errorf("--against %s: peers have no waiting room", name)
	case name == peerNothing && !s.Nothing:
		return lab.Target{}, fmt.Errorf("--against nothing: the buyers of %s need answers that mean something", s.Name)
	case name == peerNothing:
		return lab.Nothing(self("nothing")), nil
	case name == peerSQL && c.Binary == "":
		return lab.Target{}, errors.New("--against holdfast-sql needs --binary")
	case name == peerSQL:
		return lab.OnDatabase(c.Binary, openDatabase), nil
	case baselines.About(name) == "":
		return lab.Target{}, fmt.Errorf("--against %s: there is no such peer", name)
	}
	return lab.Command(name, baselines.About(name), func(ctx context.Context, folder string) (*lab.Backing, error) {
		postgres, redis := baselines.Needs(name)
		started, err := baselines.StartBackends(ctx, folder, postgres, redis)
		if err != nil {
			return nil, err
		}
		return &lab.Backing{Command: self("peer", name, "--postgres", started.PostgresURL, "--redis",
			started.RedisAddress), CPU: started.ProcessorTime, Stop: started.Stop}, nil
	}), nil
}

func openDatabase(ctx context.Context, folder string) (*lab.Database, error) {
	started, err := baselines.StartBackends(ctx, folder, true, false)
	if err != nil {
		return nil, err
	}
	return &lab.Database{URL: started.PostgresURL, CPU: started.ProcessorTime, Stop: started.Stop}, nil
}

// self is this program called with other arguments, and an address to listen on.
func self(arguments ...string) func(address string) (string, []string) {
	return func(address string) (string, []string) {
		program, err := os.Executable()
		if err != nil {
			program = os.Args[0]
		}
		return program, append(slices.Clone(arguments), "--listen", address)
	}
}

// worker is this program as one more client process.
func worker() (string, []string) {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	return program, []string{"worker"}
}

// peerCommand serves one baseline; run starts it.
type peerCommand struct {
	Name        string `arg:"" help:"textbook, conditional-update, skip-locked, optimistic or memory."`
	Listen      string `       help:"Address (${default})."                                            default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	Postgres    string `       help:"Its database."                                                                             placeholder:"URL"`
	Redis       string `       help:"Its Redis."                                                                                placeholder:"HOST:PORT"`
	Connections int    `       help:"Connections to each of the two; 0: what measured best."           default:"0"`
}

// Run serves until it is told to stop.
func (p *peerCommand) Run(t *console) error {
	relaxCollector()
	return baselines.Serve(t.ctx, p.Name, p.Listen, baselines.Backends{PostgresURL: p.Postgres, RedisAddress: p.Redis,
		Connections: p.Connections})
}

// nothingCommand serves the handler that does nothing; run starts it.
type nothingCommand struct {
	Listen string `help:"Address (${default})." default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
}

// Run serves until it is told to stop.
func (n *nothingCommand) Run(t *console) error {
	relaxCollector()
	return lab.ServeCanned(t.ctx, n.Listen)
}

// workerCommand is one more client process; run starts it.
type workerCommand struct{}

// Run does what it is told on standard input.
func (workerCommand) Run(t *console) error { return run.Work(t.ctx, os.Stdin, t.out) }
