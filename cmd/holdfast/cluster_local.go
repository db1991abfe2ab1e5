package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgserver"
)

// clusterLocalCommand takes nothing from the environment: HOLDFAST_STORE may be the database of a real sale.
type clusterLocalCommand struct {
	Nodes      int    `help:"How many nodes (${default})." default:"3" env:"-" placeholder:"N"`
	Listen     string `help:"Loopback address of the first node; the others take the next free ports (${default})." default:"127.0.0.1:8080" env:"-" placeholder:"HOST:PORT"`
	DemoBuyers int    `help:"Simulated buyers, spread over the nodes (${default})." default:"40" env:"-" placeholder:"N"`
	Store      string `help:"A database to use instead of a PostgreSQL of its own, which is thrown away at the end." env:"-" placeholder:"URL"`
	Logs       string `help:"Folder for the nodes' logs. Default: a new one in the system's place for temporary files." env:"-" placeholder:"DIR"`
}

// Help is shown by holdfast cluster local --help.
func (clusterLocalCommand) Help() string {
	return `Examples:

  holdfast cluster local
  holdfast cluster local --nodes 5 --demo-buyers 200 --listen 127.0.0.1:9000

Starts a PostgreSQL (its programs must be installed: Debian package postgresql) and nodes as processes of their own, all on loopback addresses and
without keys, with a demonstration event and simulated buyers on every node; prints their pages, and then a line for every section that moves.
Try, in another terminal: kill -9 one node's process id; holdfast cluster drain n2 --wait; holdfast cluster status --watch.

^C ends all of it; so does, on Linux, the end of this process by whatever cause. The logs stay.`
}

// local is a whole cluster of child processes.
type local struct {
	command *clusterLocalCommand
	console *console
	logs    string
	server  *pgserver.Server // nil: --store was given
	store   string
	nodes   []*child
}

// Run starts everything, tells what happens, and ends everything.
func (l *clusterLocalCommand) Run(c *console) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer restoreSignals()
	all := &local{command: l, console: c, store: l.Store}
	defer func() {
		restoreSignals() // a second signal ends this process at once, and the kernel ends the others
		err = errors.Join(err, all.stop())
	}()
	if err = all.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return all.follow(ctx)
}

// localNodesMax is as many processes as a machine for trying things out has use for.
const localNodesMax = 16

func (l *clusterLocalCommand) check() error {
	switch {
	case l.Nodes < 1 || l.Nodes > localNodesMax:
		return fmt.Errorf("--nodes must be from 1 to %d", localNodesMax)
	case l.DemoBuyers < 0:
		return errors.New("--demo-buyers must not be negative")
	case !loopback(l.Listen):
		return fmt.Errorf("--listen %s: a cluster without keys is for loopback addresses, such as 127.0.0.1:8080", l.Listen)
	}
	return nil
}

func (l *local) sayf(format string, args ...any) {
	fmt.Fprintf(l.console.out, format+"\n", args...) // nobody is left to tell that nobody listens
}

// start makes the folder, the database, the first node with its event, and then the others at once.
func (l *local) start(ctx context.Context) (err error) {
	if l.logs, err = l.folder(); err != nil {
		return err
	}
	l.sayf("logs: %s", l.logs)
	if l.store == "" {
		if err := l.startDatabase(ctx); err != nil {
			return err
		}
	}
	if err := l.plan(); err != nil {
		return err
	}
	for i, n := range l.nodes {
		if err := n.launch(); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		if i == 0 { // it makes the schema and the event; the others find both
			if err := n.awaitReady(ctx); err != nil {
				return err
			}
		}
	}
	for _, n := range l.nodes[1:] {
		if err := n.awaitReady(ctx); err != nil {
			return err
		}
	}
	l.sayf("")
	for _, n := range l.nodes {
		l.sayf("  %s  http://%s/  pid %d", n.name, n.api, n.pid())
	}
	l.sayf("\n%d simulated buyers shop. ^C ends all of it. What moves:\n", l.command.DemoBuyers)
	return nil
}

func (l *local) folder() (string, error) {
	if l.command.Logs != "" {
		return l.command.Logs, os.MkdirAll(l.command.Logs, 0o750)
	}
	return os.MkdirTemp("", "holdfast-local-")
}

func (l *local) startDatabase(ctx context.Context) error {
	began := time.Now()
	server, err := pgserver.Start(ctx)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("a PostgreSQL is needed: install it (Debian: apt-get install postgresql), or give --store URL (%w)", err)
	}
	if err != nil {
		return err
	}
	l.server = server
	if l.store, err = server.CreateDatabase("holdfast"); err == nil {
		l.sayf("database: %s (%v)", l.store, time.Since(began).Round(time.Millisecond))
	}
	return err
}

// plan gives every node its addresses.
func (l *local) plan() error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(l.command.Listen)
	if err != nil {
		return err
	}
	next, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", l.command.Listen, err)
	}
	var seeds []string
	for i := range l.command.Nodes {
		n := &child{name: "n" + strconv.Itoa(i+1), executable: executable, store: l.store}
		n.log = filepath.Join(l.logs, n.name+".log")
		n.api, next = nextAddress(host, next, i == 0)
		n.gossip = net.JoinHostPort(host, strconv.Itoa(pgserver.FreePort()))
		seeds = append(seeds, n.gossip)
		n.buyers = (l.command.DemoBuyers + i) / l.command.Nodes // together exactly as many as were asked for
		l.nodes = append(l.nodes, n)
	}
	for _, n := range l.nodes {
		n.seeds = seeds
	}
	return nil
}

// portsTried is how far the others look for a port that is free, before any will do.
const portsTried = 50

// nextAddress is the first address at or after a port that nobody listens on; port 0 is any. The first node's must be the one asked for.
func nextAddress(host string, port int, exactly bool) (address string, next int) {
	if port == 0 {
		return net.JoinHostPort(host, strconv.Itoa(pgserver.FreePort())), 0
	}
	for tried := port; tried < port+portsTried; tried++ {
		address = net.JoinHostPort(host, strconv.Itoa(tried))
		if exactly {
			return address, tried + 1
		}
		if listener, err := net.Listen("tcp", address); err == nil && listener.Close() == nil {
			return address, tried + 1
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(pgserver.FreePort())), port
}

// stop ends the nodes, all at once, and then the database.
func (l *local) stop() error {
	began, ran := time.Now(), false
	for _, n := range l.nodes {
		ran = n.terminate() || ran
	}
	late, cancel := context.WithTimeout(context.Background(), localStopMax)
	defer cancel()
	for _, n := range l.nodes {
		n.awaitEnd(late)
	}
	var err error
	if l.server != nil {
		err = l.server.Close()
	}
	if ran || l.server != nil {
		l.sayf("all ended after %v; logs are in %s", time.Since(began).Round(time.Millisecond), l.logs)
	}
	return err
}

// localStopMax is how long nodes may take to stop by themselves; see child.launch for what each is told.
const localStopMax = 10 * time.Second

// localEvery is the time between two looks.
const localEvery = 250 * time.Millisecond

// follow tells what moves until ctx ends, or the last node has.
func (l *local) follow(ctx context.Context) error {
	var before *clusterLook
	for pause(ctx, localEvery) {
		for _, n := range l.nodes {
			if what, ended := n.endedNow(); ended {
				l.sayf("%s  %s (pid %d) has ended: %s. To have it back: %s", stamp(), n.name, n.pid(), what, n.commandLine(sqlstore.Redacted))
			}
		}
		alive := l.alive()
		if alive == nil {
			return errors.New("the last node has ended; its log says why")
		}
		now, err := lookAt(ctx, alive.client(), false)
		if err != nil {
			continue // it is just ending, or busy: the next look tells
		}
		if before == nil {
			l.sayf("%s", drawStatus(now, nil, nil, false))
		} else {
			for _, line := range narrate(before, now) {
				l.sayf("%s  %s", stamp(), line)
			}
		}
		before = now
	}
	return nil
}

func stamp() string { return time.Now().Format("15:04:05.00") }

func (l *local) alive() *child {
	for _, n := range l.nodes {
		if n.lives() {
			return n
		}
	}
	return nil
}
