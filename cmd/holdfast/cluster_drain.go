package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"holdfast/api/wire"
)

// waitFlags are of commands that can stay until what they began is done.
type waitFlags struct {
	Wait    bool          `help:"Stay until it is done, and say how far it is." env:"-"`
	Timeout time.Duration `help:"With --wait: give up after that long (${default}). Nothing is undone then." default:"2m" env:"-" placeholder:"DURATION"`
}

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
	body := "{}"
	switch {
	case d.Undo:
		body = `{"undo":true}`
	case d.Force:
		body = `{"force":true}`
	}
	var node wire.ClusterNode
	path := "/v1/cluster/nodes/" + url.PathEscape(d.Node) + "/drain"
	if err := first.post(ctx, path, "", strings.NewReader(body), int64(len(body)), &node); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.out, "%s: %s, %d sections\n", node.Name, node.State, node.Sections); err != nil || !d.Wait {
		return err
	}
	if d.Undo {
		return d.until(ctx, c, first, func(seen *wire.Cluster) (string, bool, error) { return refilled(seen, &node) })
	}
	begun := false
	return d.until(ctx, c, first, func(seen *wire.Cluster) (string, bool, error) { return emptied(seen, &node, &begun) })
}

// waitEvery is the time between two questions of a command that waits.
const waitEvery = 200 * time.Millisecond

// until asks the node again and again, says what judge says when it says something new, and returns once it says that all is done.
func (w *waitFlags) until(ctx context.Context, c *console, first *client, judge func(*wire.Cluster) (says string, done bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	for last := ""; ; {
		seen := &wire.Cluster{}
		if err := first.get(ctx, "/v1/cluster?sections=none", seen); err != nil {
			return err
		}
		says, done, err := judge(seen)
		if err != nil {
			return err
		}
		if says != last {
			if _, err := fmt.Fprintln(c.out, says); err != nil {
				return err
			}
			last = says
		}
		if done {
			return nil
		}
		if !pause(ctx, waitEvery) {
			return fmt.Errorf("not done yet, and it goes on: %s (%w)", says, context.Cause(ctx))
		}
	}
}

func nodeOf(seen *wire.Cluster, id string) (wire.ClusterNode, bool) {
	n, ok := membersOf(seen)[id]
	return n, ok
}

var errNoHeir = errors.New("no other node is serving that could take its sections: it keeps what it has; start another, or --undo")

// emptied judges a drain. begun says that the node was seen draining: gossip takes a moment.
func emptied(seen *wire.Cluster, meant *wire.ClusterNode, begun *bool) (string, bool, error) {
	n, there := nodeOf(seen, meant.ID)
	if !there {
		return meant.Name + " has left the cluster", true, nil
	}
	*begun = *begun || n.State == "draining"
	if *begun && n.State == "serving" { // the last other node was asked to drain in the same moment
		return "", false, fmt.Errorf("%s has taken its drain back: %w", n.Name, errNoHeir)
	}
	heir := slices.ContainsFunc(seen.Nodes, func(o wire.ClusterNode) bool { return o.ID != n.ID && o.State == "serving" })
	switch {
	case !heir:
		return "", false, fmt.Errorf("%s: %w", n.Name, errNoHeir)
	case n.Sections > 0:
		return fmt.Sprintf("%s: %d sections left", n.Name, n.Sections), false, nil
	}
	return n.Name + " owns no section: it can be stopped", true, nil
}

// refilled judges the opposite.
func refilled(seen *wire.Cluster, meant *wire.ClusterNode) (string, bool, error) {
	n, there := nodeOf(seen, meant.ID)
	if !there {
		return "", false, fmt.Errorf("%s has left the cluster", meant.Name)
	}
	done := n.State == "serving" && seen.Misplaced == 0 && seen.InDoubt == 0
	return fmt.Sprintf("%s: %s, %d sections, %d still to move", n.Name, n.State, n.Sections, seen.Misplaced), done, nil
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
	var answer wire.Rebalance
	if err := first.post(ctx, "/v1/cluster/rebalance", "", strings.NewReader(""), 0, &answer); err != nil {
		return err
	}
	for _, name := range answer.Unreached {
		if _, err := fmt.Fprintf(c.out, "%s could not be told\n", name); err != nil {
			return err
		}
	}
	if !r.Wait {
		_, err = fmt.Fprintln(c.out, outOfPlace(answer.Misplaced))
		return err
	}
	return r.until(ctx, c, first, func(seen *wire.Cluster) (string, bool, error) {
		return outOfPlace(seen.Misplaced), seen.Misplaced == 0, nil
	})
}

func outOfPlace(n int) string {
	if n == 0 {
		return "every section is where it is placed"
	}
	return fmt.Sprintf("%d sections are not where they are placed", n)
}
