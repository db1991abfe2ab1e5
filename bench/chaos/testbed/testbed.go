package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config says what a testbed is made of.
type Config struct {
	Binary      string // of Holdfast
	Nodes       int    // besides the one that joins
	Loopback    bool   // network namespaces are not wanted
	Folder      string // where the run's own folder is made; "": the system's place for temporary files
	Environment []string
	// Say is told what happens, and Found what a node did that it must not: how that is called, and a line.
	Say   func(line string)
	Found func(check, text string)
}

// Bed is everything that a run started: the machines, the database, the nodes.
type Bed struct {
	cfg         *Config
	Folder      string
	Machines    Machines
	WhyLoopback string // why the machines is the loopback; "": it is not
	Database    *database
	Nodes       []*Node      // the last is the one that joins
	Clustered   bool         // the binary knows how to be part of a cluster; else all but one node stand by
	anywhere    bool         // it wants to hear --dev-auth-anywhere before it lets everybody in from other hosts
	strict      bool         // it refuses --dev-auth in a cluster with keys
	papers      *credentials // how its nodes know who asks
	Clocked     bool         // it reads its wall clock's offset from a file
	keys        string       // folder of the cluster's keys; "": plain text

	Exits   atomic.Int64 // processes that ended at their start and were started again: the database was away
	away    atomic.Int64 // nemeses that keep the database from somebody now
	times   atomic.Int64 // … and that ever did
	closing sync.Once
	closed  error
}

// ClockVariable names the file of a node's clock, in builds made for tests.
const ClockVariable = "HOLDFAST_CLOCK_FILE"

// Open starts the database and every regular node, and waits until all are ready. The caller closes it; one that could
// not be opened has left nothing behind.
func Open(ctx context.Context, cfg *Config) (a *Bed, err error) {
	a = &Bed{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(), a.Discard())
		}
	}()
	if a.Folder, err = makeFolder(cfg.Folder); err != nil {
		return a, fmt.Errorf("testbed: %w", err)
	}
	if err = a.learn(ctx); err != nil {
		return a, err
	}
	if a.Machines, a.WhyLoopback, err = openMachines(ctx, cfg.Loopback); err != nil {
		return a, err
	}
	if a.WhyLoopback != "" {
		a.sayf("NO NETWORK NAMESPACES (%s): nodes are on the loopback, and nothing can be cut", a.WhyLoopback)
	}
	if a.Database, err = openDatabase(ctx, a.Machines, a.Folder, cfg.Nodes+1); err != nil {
		return a, err
	}
	if err = a.placeNodes(ctx); err != nil {
		return a, err
	}
	return a, a.startAll(ctx)
}

// learn finds out what the binary can.
func (a *Bed) learn(ctx context.Context) error {
	help, err := exec.CommandContext(ctx, a.cfg.Binary, "serve", "--help").CombinedOutput()
	if err != nil {
		return fmt.Errorf("testbed: %s serve --help: %w", a.cfg.Binary, err)
	}
	a.Clustered = strings.Contains(string(help), "--gossip-listen")
	// nodes have addresses of their own, in name spaces that nobody else reaches
	a.anywhere = strings.Contains(string(help), "--dev-auth-anywhere")
	a.strict = strings.Contains(string(help), "--pretend-payments") // the build that brought the flag refuses it too
	a.Clocked, err = mentions(a.cfg.Binary, ClockVariable)
	if !a.Clustered {
		a.sayf("THIS BINARY KNOWS NO CLUSTER: one node sells and the others stand by")
	}
	return err
}

// mentions looks for a word in a file: a build that reads a variable has its name in it.
func mentions(path, word string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("testbed: %w", err)
	}
	return strings.Contains(string(text), word), nil
}

// placeNodes prepares every node's host and arguments, and the cluster's keys.
func (a *Bed) placeNodes(ctx context.Context) error {
	for i := range a.cfg.Nodes + 1 {
		n := &Node{Name: fmt.Sprintf("n%d", i+1), Host: Host(i + 1), folder: a.Folder}
		if err := a.Machines.prepare(n.Host); err != nil {
			return err
		}
		n.API = a.Machines.address(n.Host, serviceAPI)
		n.gossip, n.peer = a.Machines.address(n.Host, serviceGossip), a.Machines.address(n.Host, servicePeer)
		n.clock = filepath.Join(a.Folder, n.Name+".clock")
		if err := n.SetClock(0); err != nil {
			return err
		}
		n.arms = []string{ClockVariable + "=" + n.clock}
		a.Nodes = append(a.Nodes, n)
	}
	if err := a.settleCredentials(); err != nil {
		return err
	}
	if !a.Clustered {
		return nil
	}
	return a.introduce(ctx)
}

// introduce tells every node of the first ones. On the loopback they speak plainly; elsewhere they need keys.
func (a *Bed) introduce(ctx context.Context) error {
	var seeds, names []string
	for _, n := range a.Nodes {
		names = append(names, n.Name)
		if len(seeds) < a.cfg.Nodes {
			seeds = append(seeds, n.gossip)
		}
	}
	trust := []string{"--insecure"}
	if a.Machines.Split() {
		a.keys = filepath.Join(a.Folder, "keys")
		arguments := append([]string{"cluster", "keys", "--out", a.keys}, names...)
		if said, err := exec.CommandContext(ctx, a.cfg.Binary, arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("testbed: holdfast cluster keys: %w: %s", err, said)
		}
		trust = []string{"--cluster-keys", a.keys}
	}
	for _, n := range a.Nodes {
		n.program = append([]string{"--node-name", n.Name, "--gossip-listen", n.gossip, "--peer-listen", n.peer,
			"--join", strings.Join(seeds, ",")}, trust...)
	}
	return nil
}

// Regulars are the nodes that are there from the beginning.
func (a *Bed) Regulars() []*Node { return a.Nodes[:a.cfg.Nodes] }

// Joining is the one that is not.
func (a *Bed) Joining() *Node { return a.Nodes[a.cfg.Nodes] }

// Found tells what a node did that it must not: how that is called, and a line.
func (a *Bed) Found(check, text string) { a.cfg.Found(check, text) }

// StartBound is how long the nodes may take to be there at the beginning, on a busy machine.
const StartBound = 60 * time.Second

// startAll starts the nodes one after the other: the first makes the tables.
func (a *Bed) startAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, StartBound)
	defer cancel()
	for _, n := range a.Regulars() {
		if err := n.Start(a); err != nil {
			return err
		}
		if err := a.Await(ctx, n, "/healthz"); err != nil {
			return err
		}
	}
	return a.AwaitReady(ctx)
}

// pollEvery is how often something that will come is asked for.
const pollEvery = 25 * time.Millisecond

// Until asks again and again; the error is that of the last asking that was not cut short.
func Until(ctx context.Context, ask func(context.Context) error) (err error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		last := ask(ctx)
		if last == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil {
			err = last
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// Await waits until a node says yes.
func (a *Bed) Await(ctx context.Context, n *Node, path string) error {
	err := Until(ctx, func(ctx context.Context) error {
		if p := n.current(); p == nil {
			return fmt.Errorf("testbed: %s has ended; see its log", n.Name)
		}
		return Says(ctx, n, path)
	})
	if err != nil {
		return fmt.Errorf("testbed: %s %s: %w", n.Name, path, err)
	}
	return nil
}

// AwaitReady waits until every node that should run is ready; where they only stand by for each other, one is enough.
func (a *Bed) AwaitReady(ctx context.Context) error {
	return Until(ctx, func(ctx context.Context) error { return a.ready(ctx) })
}

func (a *Bed) ready(ctx context.Context) error {
	var missing []error
	some := false
	for _, n := range a.Nodes {
		if !n.ShouldRun() {
			continue
		}
		err := Says(ctx, n, "/readyz")
		some = some || err == nil
		if err != nil {
			missing = append(missing, err)
		} else {
			n.grew()
		}
	}
	if some && !a.Clustered {
		return nil
	}
	return errors.Join(missing...)
}

// ShouldRun says whether the node was started and not told to go.
func (n *Node) ShouldRun() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wanted
}

func (n *Node) grew() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.grown = true
}

// tend starts again what has ended by itself: a node that finds no database at its start ends at once, and whoever runs
// one in earnest starts it again. One that had been ready and ends unasked is a finding.
func (a *Bed) tend() {
	for _, n := range a.Nodes {
		n.mu.Lock()
		if n.wanted && n.process != nil && n.process.Gone() && time.Since(n.born) > restartPause {
			if n.grown {
				a.Found("ended", fmt.Sprintf("%s had been ready and ended by itself: %v; see %s.log", n.Name,
					n.process.Exit(), n.Name))
			} else {
				a.Exits.Add(1)
			}
			if err := n.launch(a); err != nil {
				a.Found("ended", err.Error())
			}
		}
		n.mu.Unlock()
	}
}

// restartPause keeps a node that cannot start from being started a hundred times a second.
const restartPause = 500 * time.Millisecond

// Tending tends until ctx ends.
func (a *Bed) Tending(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.tend()
		}
	}
}

// StopNodes ends all nodes in good order, at once.
func (a *Bed) StopNodes() {
	var leaving sync.WaitGroup
	for _, n := range a.Nodes {
		leaving.Go(func() { a.Orderly(n) })
	}
	leaving.Wait()
}

// Close ends and removes everything, once, whatever state it is in. The folder stays until discard or keep.
func (a *Bed) Close() error {
	a.closing.Do(func() {
		for _, n := range a.Nodes {
			n.Kill()
		}
		var errs []error
		if a.Database != nil {
			errs = append(errs, a.Database.Close())
		}
		if a.Machines != nil {
			errs = append(errs, a.Machines.close())
		}
		a.closed = errors.Join(errs...)
	})
	return a.closed
}

// Discard removes the folder, if there is one.
func (a *Bed) Discard() error {
	if a.Folder == "" {
		return nil
	}
	return os.RemoveAll(a.Folder)
}

func (a *Bed) sayf(format string, args ...any) { a.cfg.Say(fmt.Sprintf(format, args...)) }

// Orderly lets a node leave, and notes what was not in order. A node whose database was away meanwhile has every reason
// to complain; only that it goes is expected then.
func (a *Bed) Orderly(n *Node) {
	excused, before := a.away.Load() > 0, a.times.Load()
	err := n.leave()
	excused = excused || a.times.Load() != before
	if err != nil && (!excused || errors.Is(err, errNodeStays)) {
		a.Found("leave", err.Error())
	}
}

// StoreGoes notes that the database goes away for somebody.
func (a *Bed) StoreGoes() {
	a.away.Add(1)
	a.times.Add(1)
}

// StoreReturns ends it.
func (a *Bed) StoreReturns() { a.away.Add(-1) }
