package main

import (
	"errors"
	"io"
	"os/signal"
	"syscall"
	"time"

	"holdfast/cmd/holdfast/clusterctl"
)

type clusterStatusCommand struct {
	nodeTarget
	Expect   int      `help:"How many nodes there should be; another number is a trouble." env:"-" placeholder:"N"`
	Ignore   []string `help:"Codes of troubles that are known and do not count, such as builds_differ during an upgrade." env:"-" placeholder:"CODE"`
	Only     bool     `help:"Ask only this node: for where the others' addresses are not reached from, or where the key must not be sent to them." env:"-"`
	Sections bool     `help:"List every section, not only those in doubt." env:"-"`
	Watch    bool     `env:"-" help:"Look twice a second until ^C, and mark what moves: redrawn on a terminal, a line for each change elsewhere." xor:"how"`
	JSON     bool     `env:"-" name:"json" help:"One JSON document: the answer of GET /v1/cluster, and where the nodes disagree." xor:"how"`
}

// Help is shown by holdfast cluster status --help.
func (clusterStatusCommand) Help() string {
	return `Examples:

  holdfast cluster status
  holdfast cluster status --url http://10.0.0.1:8080 --url http://10.0.0.2:8080 --operator-key-file operator --expect 3
  holdfast cluster status --url http://10.0.0.1:8080 --operator-key-file operator --watch
  holdfast cluster status --ignore builds_differ
      In the middle of an upgrade.
  holdfast cluster status --json | jq -r '.troubles[] | .code + " " + .node'

One node is asked who is there, then each of the others is asked, in plain HTTP and with the same key, at the address that it gives for its API
(--only: not). Of several --url the first that answers is asked; --watch turns to another node when the one that it asks dies. A section is in
doubt while nobody says to run it who can be reached: some two seconds after a node crashed, and a moment while it moves. What is not well is
looked at twice before it is said, in a line of its own that begins with "trouble:" and ends with its code.

Exit code: 0 all is well, 1 there is trouble, 2 could not ask.`
}

// Run shows the cluster once, or until a signal.
func (s *clusterStatusCommand) Run(c *console) error {
	if s.Expect < 0 {
		return errors.New("--expect must not be negative")
	}
	nodes, err := clusterctl.NewNodes(s.URL, s.OperatorKeyFile)
	if err != nil {
		return err
	}
	criteria := clusterctl.Criteria{Only: s.Only, Expect: s.Expect, Ignore: s.Ignore, Pause: confirmPause}
	if s.Watch {
		ctx, restoreSignals := signal.NotifyContext(c.ctx, syscall.SIGINT, syscall.SIGTERM)
		defer restoreSignals()
		return clusterctl.Watch(ctx, c.out, nodes, criteria, s.Sections)
	}
	look, troubles, err := clusterctl.Confirmed(c.ctx, nodes, criteria)
	if err != nil {
		return err
	}
	if s.JSON {
		err = clusterctl.WriteJSON(c.out, look, troubles)
	} else {
		_, err = io.WriteString(c.out, clusterctl.Draw(look, nil, troubles, s.Sections))
	}
	if err == nil && len(troubles) > 0 {
		return errFindings
	}
	return err
}

// confirmPause lets a section's move end before what is seen of it counts.
var confirmPause = 700 * time.Millisecond
