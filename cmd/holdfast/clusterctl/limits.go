package clusterctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/client"
)

const limitsPath = "/v1/limits"

// Limits shows what callers may ask of each node, after a change if there is one (nil: none). Every node is asked; the
// error names those that did not do it, and the others have.
func Limits(ctx context.Context, out io.Writer, nodes *Nodes, change *wire.ChangeLimits) error {
	seen, err := nodes.Status(ctx, true)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tBUYER\tADDRESS\tEVENT\tGLOBAL\tSTREAMS (ADDRESS, BUYER)\tCOUNTED")
	var errs []error
	for i := range seen.own.Nodes {
		node := &seen.own.Nodes[i]
		limits, err := nodes.limits(ctx, node, change)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", node.Name, err))
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d, %d\t%s\n", node.Name, rate(limits.Buyer), rate(limits.Address),
			rate(limits.Event), rate(limits.Global), limits.StreamsPerAddress, limits.StreamsPerBuyer, limits.Counted)
	}
	return errors.Join(append(errs, table.Flush())...)
}

// limits asks one node.
func (a *Nodes) limits(ctx context.Context, node *wire.ClusterNode, change *wire.ChangeLimits) (*wire.Limits, error) {
	at := a.last
	if !node.Self {
		at = &client.Client{Base: "http://" + node.API, Key: a.last.Key, HTTP: a.last.HTTP}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	limits := &wire.Limits{}
	if change != nil {
		text, err := json.Marshal(change)
		if err != nil {
			return nil, err
		}
		return limits, at.Patch(ctx, limitsPath, "", text, limits)
	}
	return limits, at.Get(ctx, limitsPath, limits)
}

func rate(r wire.Rate) string {
	if r.PerSecond == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%g/s, %g at once", r.PerSecond, r.Burst)
}
