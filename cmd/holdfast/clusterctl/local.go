package clusterctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/pause"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgserver"
)

// LocalOptions say how large a cluster on this machine is, and where.
type LocalOptions struct {
	Nodes      int
	Listen     string // loopback address of the first node; the others take the next free ports
	DemoBuyers int    // simulated buyers, spread over the nodes
	Store      string // a database's address; empty: a PostgreSQL of its own, which is thrown away at the end
	Logs       string // folder for the nodes' logs; empty: a new one
}

// localCluster is a whole cluster of child processes.
type localCluster struct {
	*LocalOptions
	out     io.Writer
	folder  string
	server  *pgserver.Server // nil: --store was given
	address string           // of the database
	nodes   []*process
}

// RunLocal starts everything, prints what happens until ctx ends, and ends everything. stopping is called before the
// end: from then on a second signal ends this process at once, and the kernel ends the others.
func RunLocal(ctx context.Context, out io.Writer, options *LocalOptions, stopping func()) (err error) {
	all := &localCluster{LocalOptions: options, out: out, address: options.Store}
	defer func() {
		stopping()
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

// Check refuses what cannot work, naming the flag.
func (l *LocalOptions) Check() error {
	switch {
	case l.Nodes < 1 || l.Nodes > localNodesMax:
		return fmt.Errorf("--nodes must be from 1 to %d", localNodesMax)
	case l.DemoBuyers < 0:
		return errors.New("--demo-buyers must not be negative")
	case !config.Loopback(l.Listen):
		return fmt.Errorf("--listen %s: a cluster without keys is for loopback addresses, such as 127.0.0.1:8080",
			l.Listen)
	}
	return nil
}

func (l *localCluster) sayf(format string, args ...any) {
	fmt.Fprintf(l.out, format+"\n", args...) // nobody is left to tell that nobody listens
}

// start makes the folder, the database, the first node with its event, and then the others at once.
func (l *localCluster) start(ctx context.Context) (err error) {
	if l.folder, err = l.makeFolder(); err != nil {
		return err
	}
	l.sayf("logs: %s", l.folder)
	if l.address == "" {
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
	l.sayf("\n%d simulated buyers shop. ^C ends all of it. What moves:\n", l.DemoBuyers)
	return nil
}

func (l *localCluster) makeFolder() (string, error) {
	if l.Logs != "" {
		return l.Logs, os.MkdirAll(l.Logs, 0o750)
	}
	return os.MkdirTemp("", "holdfast-local-")
}

func (l *localCluster) startDatabase(ctx context.Context) error {
	began := time.Now()
	server, err := pgserver.Start(ctx)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("a PostgreSQL is needed: install it (Debian: apt-get install postgresql), or give --store "+
			"URL (%w)", err)
	}
	if err != nil {
		return err
	}
	l.server = server
	if l.address, err = server.CreateDatabase("holdfast"); err == nil {
		l.sayf("database: %s (%v)", l.address, time.Since(began).Round(time.Millisecond))
	}
	return err
}

// plan gives every node its addresses.
func (l *localCluster) plan() error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(l.Listen)
	if err != nil {
		return err
	}
	next, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", l.Listen, err)
	}
	var seeds []string
	for i := range l.Nodes {
		n := &process{name: "n" + strconv.Itoa(i+1), executable: executable, store: l.address}
		n.log = filepath.Join(l.folder, n.name+".log")
		n.api, next = nextAddress(host, next, i == 0)
		n.gossip = net.JoinHostPort(host, strconv.Itoa(pgserver.FreePort()))
		seeds = append(seeds, n.gossip)
		n.buyers = (l.DemoBuyers + i) / l.Nodes // together exactly as many as were asked for
		l.nodes = append(l.nodes, n)
	}
	for _, n := range l.nodes {
		n.seeds = seeds
	}
	return nil
}

// portsTried is how far the others look for a port that is free, before any will do.
const portsTried = 50

// nextAddress is the first address at or after a port that nobody listens on; port 0 is any. The first node's must be
// the one asked for.
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
func (l *localCluster) stop() error {
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
		l.sayf("all ended after %v; logs are in %s", time.Since(began).Round(time.Millisecond), l.folder)
	}
	return err
}

// localStopMax is how long nodes may take to stop by themselves; see process.launch for what each is told.
const localStopMax = 10 * time.Second

// localEvery is the time between two looks.
const localEvery = 250 * time.Millisecond

// follow tells what moves until ctx ends, or the last node has.
func (l *localCluster) follow(ctx context.Context) error {
	var before *Status
	for pause.For(ctx, localEvery) {
		for _, n := range l.nodes {
			if what, ended := n.endedNow(); ended {
				l.sayf("%s  %s (pid %d) has ended: %s. To have it back: %s", stamp(), n.name, n.pid(), what,
					n.commandLine(sqlstore.Redacted))
			}
		}
		alive := l.alive()
		if alive == nil {
			return errors.New("the last node has ended; its log says why")
		}
		now, err := fetch(ctx, alive.client(), false)
		if err != nil {
			continue // it is just ending, or busy: the next look tells
		}
		if before == nil {
			l.sayf("%s", Draw(now, nil, nil, false))
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

func (l *localCluster) alive() *process {
	for _, n := range l.nodes {
		if n.lives() {
			return n
		}
	}
	return nil
}
