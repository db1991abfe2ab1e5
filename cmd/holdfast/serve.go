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
	"runtime/debug"
	"syscall"
	"time"

	"holdfast/actors"
	"holdfast/storage/sqlstore"
)

type serveCommand struct {
	config
}

// Help is shown by holdfast serve --help.
func (serveCommand) Help() string {
	return `Examples:

  holdfast serve --demo --demo-buyers 40
      A stadium on sale at http://127.0.0.1:8080/, with simulated buyers.

  holdfast serve --data /var/lib/holdfast --jwt-hs256-secret-file secret --operator-key-file operator --pretend-payments
      A server that knows its buyers by signed tokens. No money moves: this build has no payment processor.

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
	if err := s.check(); err != nil {
		return err
	}
	log, lines := newServerLog(c.err, s.LogFormat, s.LogLevel)
	defer lines.Flush()
	relaxCollector()
	ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	stopProfiles, err := profiles(s.DebugListen, log)
	if err != nil {
		return err
	}
	node, err := Open(ctx, &s.config, log)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil { // told to stop before there was anything to serve
		log.Info("stopped", "while", err)
		return stopProfiles()
	}
	if err != nil {
		return errors.Join(err, stopProfiles())
	}
	s.announce(c.out, log, node)
	defer boundStop(ctx, s.ShutdownTimeout, log, os.Exit)()
	failed := s.runUntil(ctx, node, log)
	restoreSignals() // from here on a second signal ends the process
	log.Info("stopping", "drain", s.DrainWait, "within", s.ShutdownTimeout)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(node))
	defer cancel()
	if failed == nil {
		s.drain(patience, node)
	}
	err = errors.Join(failed, node.Close(patience), stopProfiles())
	if err == nil {
		log.Info("stopped")
	}
	return err
}

// drain waits for balancers, and in a cluster until the sections are with others: for half of the patience, or for
// DrainWait where that is longer.
func (s *serveCommand) drain(ctx context.Context, node *Node) {
	ctx, cancel := context.WithTimeout(ctx, max(s.DrainWait, stopPatience(s.ShutdownTimeout)/2))
	defer cancel()
	node.Drain(ctx, s.DrainWait)
}

// collectorPercent trades memory for processor time: the heap may grow to five times what lives before it is collected.
// What lives is small (some 200 bytes a hold, no pointers in it), so this is tens of megabytes on a large sale, and the
// collector's share of the processor falls to about a quarter.
const collectorPercent = 400

// relaxCollector leaves the last word to the operator's GOGC.
func relaxCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
}

func (s *serveCommand) runUntil(ctx context.Context, node *Node, log *slog.Logger) error {
	go watchStart(ctx, node, log)
	var shoppers *demo
	if s.Demo {
		var err error
		if shoppers, err = startDemo(ctx, node.Engine(), s.DemoBuyers, log); err != nil {
			return err
		}
		node.Opened()
	}
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-node.Served():
		failed = errors.Join(errors.New("the HTTP server ended by itself"), failed)
	case failed = <-node.Doomed():
	}
	shoppers.stop()
	return failed
}

func (s *serveCommand) announce(out io.Writer, log *slog.Logger, node *Node) {
	if node.admin != nil {
		log.Info("listening for operators", "address", node.admin.Addr().String())
	}
	log.Info("listening", "address", node.Addr(), "data", cmp.Or(s.Data, sqlstore.Redacted(s.Store)), "build", buildInfo())
	log.Warn("payments are pretended: no processor but the sandbox, whose tokens are tok_ok, tok_declined …: tickets are free")
	if s.DevAuth {
		log.Warn("dev-auth: everybody may call themselves anybody; the operator key is dev unless one is configured")
		if !loopback(s.Listen) {
			log.Warn("dev-auth-anywhere: whoever reaches the address is an operator", "address", node.Addr())
		}
	}
	if s.LogFormat == "json" { // a machine reads this: no words for people between the lines
		log.Info("open", "url", "http://"+node.Addr()+"/", "demo", s.Demo, "demo_buyers", s.DemoBuyers)
		return
	}
	fmt.Fprintf(out, "\n  Holdfast is at  http://%s/\n", node.Addr())
	if s.Demo {
		fmt.Fprintf(out, "  The demonstration: open that page and pick seats. %d simulated buyers shop along.\n", s.DemoBuyers)
	}
	fmt.Fprintln(out)
}

// watchStart logs how far the start is, once a second, until requests can be served.
func watchStart(ctx context.Context, node *Node, log *slog.Logger) {
	began := time.Now()
	logged := began
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for err := node.Ready(); err != nil; err = node.Ready() {
		if errors.Is(err, errStandby) {
			log.Info(err.Error(), "sections", node.Engine().Foreign())
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(logged) >= time.Second {
			logged = time.Now()
			log.Info("starting: sections are loading", "serving", node.Engine().Stats().SectionsServing.Load())
		}
	}
	log.Info("ready", "events", len(node.Engine().Events()), "sections", node.Engine().Stats().SectionsServing.Load(), "took", time.Since(began).Round(time.Millisecond))
}

// waitReady returns nil once requests can be served.
func waitReady(ctx context.Context, e *actors.Engine) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for e.Ready() != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
