package chaos

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

// arena is everything that a run started: the ground, the database, the nodes.
type arena struct {
	cfg       *Config
	folder    string
	ground    ground
	lonely    string // why the ground is the loopback; "": it is not
	database  *database
	nodes     []*node // the last is the one that joins
	clustered bool    // the binary knows how to be part of a cluster; else all but one node stand by
	anywhere  bool    // it wants to hear --dev-auth-anywhere before it lets everybody in from other hosts
	strict    bool    // it refuses --dev-auth in a cluster with keys
	papers    *papers // how its nodes know who asks
	clocked   bool    // it reads its wall clock's offset from a file
	keys      string  // folder of the cluster's keys; "": plain text

	finds   findings
	exits   atomic.Int64 // processes that ended at their start and were started again: the database was away
	away    atomic.Int64 // nemeses that keep the database from somebody now
	times   atomic.Int64 // … and that ever did
	closing sync.Once
	closed  error
}

// clockVariable names the file of a node's clock, in builds made for tests.
const clockVariable = "HOLDFAST_CLOCK_FILE"

func openArena(ctx context.Context, cfg *Config) (a *arena, err error) {
	a = &arena{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.folder, err = makeFolder(cfg.Folder); err != nil {
		return a, fmt.Errorf("chaos: %w", err)
	}
	if err = a.learn(ctx); err != nil {
		return a, err
	}
	if a.ground, a.lonely, err = openGround(ctx, cfg.Namespaces); err != nil {
		return a, err
	}
	if a.lonely != "" {
		cfg.sayf("NO NETWORK NAMESPACES (%s): nodes are on the loopback, and nothing can be cut", a.lonely)
	}
	if a.database, err = openDatabase(ctx, a.ground, a.folder, cfg.Nodes+1); err != nil {
		return a, err
	}
	if err = a.placeNodes(ctx); err != nil {
		return a, err
	}
	return a, a.startAll(ctx)
}

// learn finds out what the binary can.
func (a *arena) learn(ctx context.Context) error {
	help, err := exec.CommandContext(ctx, a.cfg.Binary, "serve", "--help").CombinedOutput()
	if err != nil {
		return fmt.Errorf("chaos: %s serve --help: %w", a.cfg.Binary, err)
	}
	a.clustered = strings.Contains(string(help), "--gossip-listen")
	a.anywhere = strings.Contains(string(help), "--dev-auth-anywhere") // nodes have addresses of their own, in name spaces that nobody else reaches
	a.strict = strings.Contains(string(help), "--pretend-payments")    // the build that brought the flag refuses it too
	a.clocked, err = mentions(a.cfg.Binary, clockVariable)
	if !a.clustered {
		a.cfg.sayf("THIS BINARY KNOWS NO CLUSTER: one node sells and the others stand by")
	}
	return err
}

// mentions looks for a word in a file: a build that reads a variable has its name in it.
func mentions(path, word string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("chaos: %w", err)
	}
	return strings.Contains(string(text), word), nil
}

// placeNodes prepares every node's host and arguments, and the cluster's keys.
func (a *arena) placeNodes(ctx context.Context) error {
	for i := range a.cfg.Nodes + 1 {
		n := &node{name: fmt.Sprintf("n%d", i+1), host: host(i + 1), folder: a.folder}
		if err := a.ground.prepare(n.host); err != nil {
			return err
		}
		n.api = a.ground.address(n.host, serviceAPI)
		n.gossip, n.peer = a.ground.address(n.host, serviceGossip), a.ground.address(n.host, servicePeer)
		n.clock = filepath.Join(a.folder, n.name+".clock")
		if err := n.setClock(0); err != nil {
			return err
		}
		n.arms = []string{clockVariable + "=" + n.clock}
		a.nodes = append(a.nodes, n)
	}
	if err := a.settlePapers(); err != nil {
		return err
	}
	if !a.clustered {
		return nil
	}
	return a.introduce(ctx)
}

// introduce tells every node of the first ones. On the loopback they speak plainly; elsewhere they need keys.
func (a *arena) introduce(ctx context.Context) error {
	var seeds, names []string
	for _, n := range a.nodes {
		names = append(names, n.name)
		if len(seeds) < a.cfg.Nodes {
			seeds = append(seeds, n.gossip)
		}
	}
	trust := []string{"--insecure"}
	if a.ground.split() {
		a.keys = filepath.Join(a.folder, "keys")
		arguments := append([]string{"cluster", "keys", "--out", a.keys}, names...)
		if said, err := exec.CommandContext(ctx, a.cfg.Binary, arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("chaos: holdfast cluster keys: %w: %s", err, said)
		}
		trust = []string{"--cluster-keys", a.keys}
	}
	for _, n := range a.nodes {
		n.program = append([]string{"--node-name", n.name, "--gossip-listen", n.gossip, "--peer-listen", n.peer, "--join", strings.Join(seeds, ",")}, trust...)
	}
	return nil
}

// regulars are the nodes that are there from the beginning.
func (a *arena) regulars() []*node { return a.nodes[:a.cfg.Nodes] }

// startBound is how long the nodes may take to be there at the beginning, on a busy machine.
const startBound = 60 * time.Second

// startAll starts the nodes one after the other: the first makes the tables.
func (a *arena) startAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	for _, n := range a.regulars() {
		if err := n.start(a); err != nil {
			return err
		}
		if err := a.await(ctx, n, "/healthz"); err != nil {
			return err
		}
	}
	return a.awaitReady(ctx)
}

// pollEvery is how often something that will come is asked for.
const pollEvery = 25 * time.Millisecond

// until asks again and again; the error is that of the last asking that was not cut short.
func until(ctx context.Context, ask func(context.Context) error) (err error) {
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

// await waits until a node says yes.
func (a *arena) await(ctx context.Context, n *node, path string) error {
	err := until(ctx, func(ctx context.Context) error {
		if p := n.current(); p == nil {
			return fmt.Errorf("chaos: %s has ended; see its log", n.name)
		}
		return says(ctx, n, path)
	})
	if err != nil {
		return fmt.Errorf("chaos: %s %s: %w", n.name, path, err)
	}
	return nil
}

// awaitReady waits until every node that should run is ready; where they only stand by for each other, one is enough.
func (a *arena) awaitReady(ctx context.Context) error {
	return until(ctx, func(ctx context.Context) error { return a.ready(ctx) })
}

func (a *arena) ready(ctx context.Context) error {
	var missing []error
	some := false
	for _, n := range a.nodes {
		if !n.shouldRun() {
			continue
		}
		err := says(ctx, n, "/readyz")
		some = some || err == nil
		if err != nil {
			missing = append(missing, err)
		} else {
			n.grew()
		}
	}
	if some && !a.clustered {
		return nil
	}
	return errors.Join(missing...)
}

func (n *node) shouldRun() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wanted
}

func (n *node) grew() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.grown = true
}

// tend starts again what has ended by itself: a node that finds no database at its start ends at once, and whoever runs
// one in earnest starts it again. One that had been ready and ends unasked is a finding.
func (a *arena) tend() {
	for _, n := range a.nodes {
		n.mu.Lock()
		if n.wanted && n.process != nil && n.process.gone() && time.Since(n.born) > restartPause {
			if n.grown {
				a.finds.add("ended", fmt.Sprintf("%s had been ready and ended by itself: %v; see %s.log", n.name, n.process.exit, n.name))
			} else {
				a.exits.Add(1)
			}
			if err := n.launch(a); err != nil {
				a.finds.add("ended", err.Error())
			}
		}
		n.mu.Unlock()
	}
}

// restartPause keeps a node that cannot start from being started a hundred times a second.
const restartPause = 500 * time.Millisecond

// tending tends until ctx ends.
func (a *arena) tending(ctx context.Context) {
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

// stopNodes ends all nodes in good order, at once.
func (a *arena) stopNodes() {
	var leaving sync.WaitGroup
	for _, n := range a.nodes {
		leaving.Go(func() { a.orderly(n) })
	}
	leaving.Wait()
}

// close ends and removes everything, once, whatever state it is in. The folder stays until discard or keep.
func (a *arena) close() error {
	a.closing.Do(func() {
		for _, n := range a.nodes {
			n.kill()
		}
		var errs []error
		if a.database != nil {
			errs = append(errs, a.database.Close())
		}
		if a.ground != nil {
			errs = append(errs, a.ground.close())
		}
		a.closed = errors.Join(errs...)
	})
	return a.closed
}

func (a *arena) discard() error { return os.RemoveAll(a.folder) }
