package main

import (
	"context"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"holdfast/cluster"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/clusterctl"
	"holdfast/cmd/holdfast/flagvalue"
)

// clusterCommand is everything an operator does with several nodes.
type clusterCommand struct {
	Status    clusterStatusCommand    `cmd:"" help:"Show the nodes, and who runs which section."`
	Drain     clusterDrainCommand     `cmd:"" help:"Have a node give its sections to the others, or take some again."`
	Rebalance clusterRebalanceCommand `cmd:"" help:"Have every node look at once for sections that belong elsewhere."`
	Keys      clusterKeysCommand      `cmd:"" help:"Make the keys by which nodes know each other."`
	Local     clusterLocalCommand     `cmd:"" help:"Try it out: a database and several nodes on this machine, until ^C."`
}

// Help is shown by holdfast cluster --help.
func (clusterCommand) Help() string {
	return `Examples:

  holdfast cluster local
      A PostgreSQL, three nodes and a demonstration on this machine; shows which node runs what, and how that changes when you kill one.

  holdfast cluster keys --out keys n1 n2 n3
      Keys for three nodes. Then on each machine, with its own name:

  holdfast serve --store 'postgres://…' --node-name n2 --listen 10.0.0.2:8080 --gossip-listen 10.0.0.2:7946 --peer-listen 10.0.0.2:7947 \
    --join 10.0.0.1:7946 --join 10.0.0.3:7946 --cluster-keys /etc/holdfast/keys --jwt-hs256-secret-file secret --operator-key-file operator \
    --pretend-payments

  holdfast cluster status --url http://10.0.0.1:8080 --url http://10.0.0.2:8080 --operator-key-file operator --expect 3
  holdfast cluster drain n2 --wait --url http://10.0.0.1:8080 --operator-key-file operator

Every node serves every request: what belongs to another's section is passed on to it. Who should run a section is a function of who is there;
who may write to it is decided by the database alone.`
}

// nodeTarget is any node of a cluster.
type nodeTarget struct {
	URL             []string `aliases:"target" help:"A node, whichever (${default}). Given several times, or with commas: the first that answers is asked." default:"http://127.0.0.1:8080" placeholder:"http://HOST:PORT"`
	OperatorKeyFile string   `help:"File with the operator's key. Without it the key of dev mode is tried." placeholder:"FILE"`
}

// client is for commands that ask one node only.
func (t *nodeTarget) client(ctx context.Context) (*client.Client, error) {
	return clusterctl.OneNode(ctx, t.URL, t.OperatorKeyFile)
}

type clusterKeysCommand struct {
	Out      string             `required:"" help:"Folder to write to; made when missing. Nothing in it is ever overwritten." placeholder:"DIR"`
	Validity flagvalue.Validity `help:"How long the other nodes believe a certificate, such as 365d or 12h (${default})." default:"365d" placeholder:"DURATION"`
	Nodes    []string           `arg:"" name:"node" help:"Names of the nodes, as their --node-name says."`
}

// Help is shown by holdfast cluster keys --help.
func (clusterKeysCommand) Help() string {
	return `Examples:

  holdfast cluster keys --out keys n1 n2 n3
      An authority, a secret for membership, and a certificate for each node.

  holdfast cluster keys --out keys n4
      One more, by the authority that is in keys already.

  holdfast cluster keys --out keys --validity 90d n1
      A new certificate for n1, after its old files were taken away. Copy it to the node's folder before the old one ends: the node reads
      it again by itself. The metric holdfast_cluster_certificate_expiry_timestamp_seconds says when that is.

Whoever holds a node's files is a node, and may buy and refund anything. Whoever holds ca-key.pem can make nodes: keep it off the machines.`
}

// Run makes the keys and says what to copy where.
func (k *clusterKeysCommand) Run(c *console) error {
	if err := cluster.MakeKeys(k.Out, k.Nodes, time.Duration(k.Validity)); err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Keys are in %s. Copy to each node's machine, into the folder that its --cluster-keys "+
		"names:\n\n", k.Out)
	for _, node := range k.Nodes {
		fmt.Fprintf(&text, "  %-12s ca.pem gossip.key %s.pem %s-key.pem   (serve --node-name %s --cluster-keys DIR)\n",
			node, node, node, node)
	}
	fmt.Fprintf(&text, "\nOnly holdfast may read them (mode 0600). Keep ca-key.pem in a safe place off these "+
		"machines: it is needed only to add nodes.\n")
	_, err := c.out.Write([]byte(text.String()))
	return err
}

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
