package main

import (
	"os/signal"
	"syscall"
	"time"

	"holdfast/cmd/holdfast/clusterctl"
)

// waitFlags are of commands that can stay until what they began is done.
type waitFlags struct {
	Wait    bool          `help:"Stay until it is done, and say how far it is." env:"-"`
	Timeout time.Duration `help:"With --wait: give up after that long (${default}). Nothing is undone then." default:"2m" env:"-" placeholder:"DURATION"`
}

func (w *waitFlags) wait() clusterctl.Wait { return clusterctl.Wait{Done: w.Wait, Timeout: w.Timeout} }

type clusterDrainCommand struct {
	nodeTarget
	waitFlags
	Undo  bool   `help:"The opposite: let the node have sections again." env:"-" xor:"how"`
	Force bool   `help:"Also if no other node could serve: the balancer has nobody then." env:"-" xor:"how"`
	Node  string `arg:"" help:"The node's name, or its id where two share a name."`
}

// Help is shown by holdfast cluster drain --help.
func (clusterDrainCommand) Help() string {
	return `Examples:

  holdfast cluster drain n2 --wait
      n2 gives its sections to the others, one after the other, while everything is served; its /readyz says 503. Then it can be stopped.

  holdfast cluster drain n2 --undo --wait
      n2 takes its share again. A restart of n2 does the same.

The last node that serves is drained with --force only. Two nodes that are asked in the same moment may both begin: within three seconds one of
them takes its drain back.

Any node can be asked (--url); it passes the wish on. SIGTERM to a node drains it too, before it ends: this command is for whoever wants to see it
empty first.`
}

// Run drains a node, or lets it have sections again.
func (d *clusterDrainCommand) Run(c *console) error {
	first, err := d.client(c.ctx)
	if err != nil {
		return err
	}
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	return clusterctl.Drain(ctx, c.out, first, clusterctl.DrainCall{Node: d.Node, Undo: d.Undo, Force: d.Force,
		Wait: d.wait()})
}

type clusterRebalanceCommand struct {
	nodeTarget
	waitFlags
}

// Help is shown by holdfast cluster rebalance --help.
func (clusterRebalanceCommand) Help() string {
	return `Examples:

  holdfast cluster rebalance
  holdfast cluster rebalance --wait --url http://10.0.0.1:8080 --operator-key-file operator

Sections go to where they are placed by themselves, a few at a time. This has every node look at once, and says how many are still elsewhere.`
}

// Run has every node look, and says what is out of place.
func (r *clusterRebalanceCommand) Run(c *console) error {
	first, err := r.client(c.ctx)
	if err != nil {
		return err
	}
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	return clusterctl.Rebalance(ctx, c.out, first, r.wait())
}
