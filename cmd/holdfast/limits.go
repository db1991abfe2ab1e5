package main

import (
	"holdfast/api/wire"
	"holdfast/cmd/holdfast/clusterctl"
)

// limitsCommand is what an operator does with the limits of running nodes.
type limitsCommand struct {
	Show limitsShowCommand `cmd:"" help:"Show what callers may ask of each node."`
	Set  limitsSetCommand  `cmd:"" help:"Change limits of every node, until the nodes end."`
}

// Help is shown by holdfast limits --help.
func (limitsCommand) Help() string {
	return `Examples:

  holdfast limits show --url http://10.0.0.1:8080 --operator-key-file operator
  holdfast limits set --buyer-rate 3 --buyer-burst 20 --reason 'scripts cycle through seats' --operator-key-file operator

Any node is named; all nodes of the cluster are asked. What is not named stays. A node that starts later, or again, has what its flags say.`
}

type limitsShowCommand struct{ nodeTarget }

// Run shows the limits.
func (l *limitsShowCommand) Run(c *console) error { return l.limits(c, nil) }

type limitsSetCommand struct {
	nodeTarget
	Reason            string   `required:"" help:"Why; each node's log keeps it." env:"-" placeholder:"TEXT"`
	BuyerRate         *float64 `help:"Calls a second of one buyer; 0 is no limit." env:"-" placeholder:"RATE"`
	BuyerBurst        *float64 `help:"Calls of one buyer at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
	AddressRate       *float64 `help:"Calls a second from one address; 0 is no limit." env:"-" placeholder:"RATE"`
	AddressBurst      *float64 `help:"Calls from one address at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
	EventRate         *float64 `help:"Calls a second about one event; 0 is no limit." env:"-" placeholder:"RATE"`
	EventBurst        *float64 `help:"Calls about one event at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
	GlobalRate        *float64 `help:"Calls a second of all together; 0 is no limit." env:"-" placeholder:"RATE"`
	GlobalBurst       *float64 `help:"Calls of all together at once; 0 is one second's worth." env:"-" placeholder:"CALLS"`
	StreamsPerAddress *int64   `help:"Live-map streams of one address; 0 is no limit." env:"-" placeholder:"N"`
	StreamsPerBuyer   *int64   `help:"Live-map streams of one buyer; 0 is no limit." env:"-" placeholder:"N"`
}

// Run changes the limits and shows them.
func (l *limitsSetCommand) Run(c *console) error {
	return l.limits(c, &wire.ChangeLimits{
		Reason: &l.Reason,
		Buyer:  rateChange(l.BuyerRate, l.BuyerBurst), Address: rateChange(l.AddressRate, l.AddressBurst),
		Event: rateChange(l.EventRate, l.EventBurst), Global: rateChange(l.GlobalRate, l.GlobalBurst),
		StreamsPerAddress: l.StreamsPerAddress, StreamsPerBuyer: l.StreamsPerBuyer,
	})
}

func rateChange(rate, burst *float64) *wire.ChangeRate {
	if rate == nil && burst == nil {
		return nil
	}
	return &wire.ChangeRate{PerSecond: rate, Burst: burst}
}

func (t *nodeTarget) limits(c *console, change *wire.ChangeLimits) error {
	nodes, err := clusterctl.NewNodes(t.URL, t.OperatorKeyFile)
	if err != nil {
		return err
	}
	return clusterctl.Limits(c.ctx, c.out, nodes, change)
}
