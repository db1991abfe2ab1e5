package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/node"
	"holdfast/storage/sqlstore"
)

type serveCommand struct {
	config.Config
}

// Help is shown by holdfast serve --help.
func (serveCommand) Help() string {
	return `Examples:

  holdfast serve --demo --demo-buyers 40
      A stadium on sale at http://127.0.0.1:8080/, with simulated buyers.

  holdfast serve --data /var/lib/holdfast --jwt-hs256-secret-file secret --operator-key-file operator --pretend-payments
      A server that knows its buyers by signed tokens. No money moves: tok_ok pays.

  holdfast serve --data /var/lib/holdfast --jwt-hs256-secret-file secret --operator-key-file operator --payments stripe \
      --stripe-key-file key --stripe-publishable-key pk_live_… --stripe-webhook-secret-file hook \
      --payments-return-url https://tickets.example/checkout/return
      The same, charging cards by Stripe. Its webhook's endpoint is /v1/payments/webhook/stripe.

  holdfast serve --store 'postgres://holdfast@db.example/holdfast?sslmode=verify-full' --jwt-hs256-secret-file secret --operator-key-file operator --pretend-payments
      The same on a PostgreSQL or CockroachDB database. A second node on it that is not told to join the first stands by, and takes over
      2 seconds after that has gone.

  holdfast serve --store 'postgres://…' --node-name n2 --gossip-listen 10.0.0.2:7946 --join 10.0.0.1:7946 --cluster-keys /etc/holdfast/keys …
      One of several nodes that share the sections. holdfast cluster --help tells more.

  holdfast serve --config holdfast.yaml --log-format json
      Settings from a file. A flag wins over HOLDFAST_… in the environment, which wins over the file.

SIGTERM or ^C stops gracefully: /readyz answers 503 while everything is still served (--drain-wait) and sections go to other nodes, then
the listener closes, requests in flight are answered, and sections leave snapshots: all of it within --shutdown-timeout. A second one stops at once, which loses nothing that was acknowledged.`
}

// Run serves until a signal.
func (s *serveCommand) Run(c *console) error {
	if err := s.Check(); err != nil {
		return err
	}
	log, lines := node.NewLog(c.err, s.LogFormat, s.LogLevel)
	defer lines.Flush()
	node.LimitMemory(&s.Config, log)
	useProcessors(s.Processors)
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	stopProfiles, err := node.ServeProfiles(s.DebugListen, log)
	if err != nil {
		return err
	}
	n, err := node.Open(ctx, &s.Config, log, node.Options{Build: thisBuild(), Exit: os.Exit})
	if errors.Is(err, context.Canceled) && ctx.Err() != nil { // told to stop before there was anything to serve
		log.Info("stopped", "while", err)
		return stopProfiles()
	}
	if err != nil {
		return errors.Join(err, stopProfiles())
	}
	s.announce(c.out, log, n)
	defer boundStop(ctx, s.ShutdownTimeout, log, os.Exit)()
	failed := s.runUntil(ctx, n, log)
	restoreSignals() // from here on a second signal ends the process
	log.Info("stopping", "drain", s.DrainWait, "within", s.ShutdownTimeout)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(n, log))
	defer cancel()
	if failed == nil {
		s.drain(patience, n)
	}
	err = errors.Join(failed, n.Close(patience), stopProfiles())
	if err == nil {
		log.Info("stopped")
	}
	return err
}

// drain waits for balancers, and in a cluster until the sections are with others: for half of the patience, or for
// DrainWait where that is longer.
func (s *serveCommand) drain(ctx context.Context, n *node.Node) {
	ctx, cancel := context.WithTimeout(ctx, max(s.DrainWait, stopPatience(s.ShutdownTimeout)/2))
	defer cancel()
	n.Drain(ctx, s.DrainWait)
}

// useProcessors leaves the choice to Go, and to the operator's GOMAXPROCS, unless a number is given. It comes before
// anything that makes as many workers as there are processors.
func useProcessors(n int) {
	if n > 0 {
		runtime.GOMAXPROCS(n)
	}
}

func (s *serveCommand) runUntil(ctx context.Context, n *node.Node, log *slog.Logger) error {
	go watchStart(ctx, n, log)
	var shoppers *demo.Demo
	var room *demo.Room
	if s.Demo {
		var err error
		if shoppers, err = demo.Start(ctx, n.Engine(), s.DemoBuyers, log); err != nil {
			return err
		}
		if s.showsRoom() {
			guests := demo.RoomOptions{Guests: min(s.DemoBuyers, demoGuestsMax), Lobby: demoLobby}
			if room, err = demo.OpenRoom(ctx, n.Engine(), guests, log); err != nil {
				shoppers.Stop()
				return err
			}
		}
		n.Opened()
	}
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-n.Served():
		failed = errors.Join(errors.New("the HTTP server ended by itself"), failed)
	case failed = <-n.Failed():
	}
	room.Stop()
	shoppers.Stop()
	return failed
}

// The demonstration's waiting room: long enough in its lobby to be found there by whoever has just started it.
const (
	demoLobby     = 2 * time.Minute
	demoGuestsMax = 30
)

// showsRoom says that the demonstration has a waiting room: one on each node of a cluster would be in each other's way.
func (s *serveCommand) showsRoom() bool { return s.Demo && s.Store == "" }

func (s *serveCommand) announce(out io.Writer, log *slog.Logger, n *node.Node) {
	if address := n.AdminAddr(); address != "" {
		log.Info("listening for operators", "address", address)
	}
	log.Info("listening", "address", n.Addr(), "data", cmp.Or(s.Data, sqlstore.Redacted(s.Store)), "build",
		thisBuild().String(), "processors", runtime.GOMAXPROCS(0))
	if s.Pretended() {
		log.Warn("payments are pretended: no processor but the sandbox, whose tokens are tok_ok, tok_declined …: "+
			"tickets are free", "challenges", n.PaymentsPage())
	}
	if s.DevAuth {
		log.Warn("dev-auth: everybody may call themselves anybody; the operator key is dev unless one is configured")
		if !config.Loopback(s.Listen) {
			log.Warn("dev-auth-anywhere: whoever reaches the address is an operator", "address", n.Addr())
		}
	}
	if s.LogFormat == "json" { // a machine reads this: no words for people between the lines
		log.Info("open", "url", "http://"+n.Addr()+"/", "demo", s.Demo, "demo_buyers", s.DemoBuyers)
		return
	}
	fmt.Fprintf(out, "\n  Holdfast is at  http://%s/\n", n.Addr())
	if s.Demo {
		fmt.Fprintf(out, "  The demonstration: open that page and pick seats. %d simulated buyers shop along.\n",
			s.DemoBuyers)
	}
	if s.showsRoom() {
		fmt.Fprintf(out, "  The small hall beside it has a waiting room. Its lobby closes in %.0f minutes; then the "+
			"order is drawn.\n", demoLobby.Minutes())
	}
	fmt.Fprintln(out)
}

// watchStart logs how far the start is, once a second, until requests can be served.
func watchStart(ctx context.Context, n *node.Node, log *slog.Logger) {
	began := time.Now()
	logged := began
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for err := n.Ready(); err != nil; err = n.Ready() {
		if errors.Is(err, node.ErrStandby) {
			log.Info(err.Error(), "sections", n.Engine().Foreign())
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(logged) >= time.Second {
			logged = time.Now()
			log.Info("starting: sections are loading", "serving", n.Engine().Stats().SectionsServing.Load())
		}
	}
	log.Info("ready", "events", len(n.Engine().Events()), "sections", n.Engine().Stats().SectionsServing.Load(), "took",
		time.Since(began).Round(time.Millisecond))
}
