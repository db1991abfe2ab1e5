package main

import (
	"os/signal"
	"syscall"

	"holdfast/cmd/holdfast/clusterctl"
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

// Run starts everything, tells what happens, and ends everything.
func (l *clusterLocalCommand) Run(c *console) error {
	options := clusterctl.LocalOptions{
		Nodes: l.Nodes, Listen: l.Listen, DemoBuyers: l.DemoBuyers, Store: l.Store, Logs: l.Logs,
	}
	if err := options.Check(); err != nil {
		return err
	}
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer restoreSignals()
	return clusterctl.RunLocal(ctx, c.out, &options, restoreSignals)
}
