package clusterctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/pause"
)

// Wait says whether a call stays until what it began is done, and for how long at most. What is not done then goes on.
type Wait struct {
	Done    bool
	Timeout time.Duration
}

// DrainCall is what an operator asks of a node: to give its sections to the others, or to take some again.
type DrainCall struct {
	Node  string // its name, or its id where two share a name
	Undo  bool
	Force bool // also if no other node could serve
	Wait  Wait
}

// Drain has first pass the call on, and prints how the node stands.
func Drain(ctx context.Context, out io.Writer, first *client.Client, d DrainCall) error {
	body := "{}"
	switch {
	case d.Undo:
		body = `{"undo":true}`
	case d.Force:
		body = `{"force":true}`
	}
	var node wire.ClusterNode
	path := "/v1/cluster/nodes/" + url.PathEscape(d.Node) + "/drain"
	if err := first.Post(ctx, path, "", strings.NewReader(body), int64(len(body)), &node); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s: %s, %d sections\n", node.Name, node.State, node.Sections)
	if err != nil || !d.Wait.Done {
		return err
	}
	if d.Undo {
		return d.Wait.until(ctx, out, first, func(seen *wire.Cluster) (string, bool, error) {
			return refilled(seen, &node)
		})
	}
	begun := false
	return d.Wait.until(ctx, out, first, func(seen *wire.Cluster) (string, bool, error) {
		return emptied(seen, &node, &begun)
	})
}

// Rebalance has every node look, and prints what is out of place.
func Rebalance(ctx context.Context, out io.Writer, first *client.Client, wait Wait) error {
	var answer wire.Rebalance
	if err := first.Post(ctx, "/v1/cluster/rebalance", "", strings.NewReader(""), 0, &answer); err != nil {
		return err
	}
	for _, name := range answer.Unreached {
		if _, err := fmt.Fprintf(out, "%s could not be told\n", name); err != nil {
			return err
		}
	}
	if !wait.Done {
		_, err := fmt.Fprintln(out, outOfPlace(answer.Misplaced))
		return err
	}
	return wait.until(ctx, out, first, func(seen *wire.Cluster) (string, bool, error) {
		return outOfPlace(seen.Misplaced), seen.Misplaced == 0, nil
	})
}

// waitEvery is the time between two questions of a command that waits.
const waitEvery = 200 * time.Millisecond

// until asks the node again and again, prints what judge says when judge says something new, and returns once all is
// done.
func (w Wait) until(
	ctx context.Context, out io.Writer, first *client.Client,
	judge func(*wire.Cluster) (says string, done bool, err error),
) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	for last := ""; ; {
		seen := &wire.Cluster{}
		if err := first.Get(ctx, "/v1/cluster?sections=none", seen); err != nil {
			return err
		}
		says, done, err := judge(seen)
		if err != nil {
			return err
		}
		if says != last {
			if _, err := fmt.Fprintln(out, says); err != nil {
				return err
			}
			last = says
		}
		if done {
			return nil
		}
		if !pause.For(ctx, waitEvery) {
			return fmt.Errorf("not done yet, and it goes on: %s (%w)", says, context.Cause(ctx))
		}
	}
}

func nodeOf(seen *wire.Cluster, id string) (wire.ClusterNode, bool) {
	n, ok := membersOf(seen)[id]
	return n, ok
}

var errNoSuccessor = errors.New("no other node is serving that could take its sections: it keeps what it has; start " +
	"another, or --undo")

// emptied judges a drain. begun says that the node was seen draining: gossip takes a moment.
func emptied(seen *wire.Cluster, meant *wire.ClusterNode, begun *bool) (string, bool, error) {
	n, there := nodeOf(seen, meant.ID)
	if !there {
		return meant.Name + " has left the cluster", true, nil
	}
	*begun = *begun || n.State == "draining"
	if *begun && n.State == "serving" { // the last other node was asked to drain in the same moment
		return "", false, fmt.Errorf("%s has taken its drain back: %w", n.Name, errNoSuccessor)
	}
	successor := slices.ContainsFunc(seen.Nodes, func(o wire.ClusterNode) bool {
		return o.ID != n.ID && o.State == "serving"
	})
	switch {
	case !successor:
		return "", false, fmt.Errorf("%s: %w", n.Name, errNoSuccessor)
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

func outOfPlace(n int) string {
	if n == 0 {
		return "every section is where it is placed"
	}
	return fmt.Sprintf("%d sections are not where they are placed", n)
}
