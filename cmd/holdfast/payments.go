package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/actors/checkout/pending"
	"holdfast/api/payments"
	"holdfast/api/wire/pay"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/paymentsctl"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
)

// paymentsCommand is what an operator does about money that is open or wrong.
type paymentsCommand struct {
	List  paymentsListCommand  `cmd:"" help:"List an event's bookings whose money is open or wrong."`
	Show  paymentsShowCommand  `cmd:"" help:"Show all that is known of one booking's money."`
	Retry paymentsRetryCommand `cmd:"" help:"Have the processor asked at once about what is open of a booking's money."`
}

// Help is shown by holdfast payments --help.
func (paymentsCommand) Help() string {
	return `Examples:

  holdfast payments list 0b6d4f0e-… --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast payments list 0b6d4f0e-… --state refund_failed --json | jq -r .booking
  holdfast payments list 0b6d4f0e-… --offline --data /var/lib/holdfast
      By the logs of a stopped server; with --store, of a database that is sold from. Disputes are in no log.
  holdfast payments show bqx7… --operator-key-file operator
  holdfast payments retry bqx7… --operator-key-file operator

Listed are bookings that are paying, refunds that are due, pending at the processor, or failed for good (these wait for an operator), and
payments that buyers' banks ask back. Any node is asked; it asks the others. What is settled is not listed.

A retry charges nobody, and gives nothing back that the log does not owe: twice is once. What the processor does not answer stays open and
is asked again by itself; the line says so.

Exit code: 0 done, and with retry nothing is open any more; 1 list and retry: something is open; 2 could not ask.`
}

// serverTarget is a running server.
type serverTarget struct {
	URL             string `help:"A running server (${default})." default:"http://127.0.0.1:8080" placeholder:"http://HOST:PORT"`
	OperatorKeyFile string `help:"File with the operator's key. Without it the key of dev mode is tried." placeholder:"FILE"`
}

type paymentsListCommand struct {
	serverTarget
	sourceFlags
	Offline bool   `env:"-" help:"Read the logs of --data or --store instead of asking a server."`
	Event   string `arg:"" help:"The event's id."`
	State   string `env:"-" help:"Only these: paying, refund_due, refund_pending, refund_failed or disputed." placeholder:"STATE"`
	JSON    bool   `env:"-" name:"json" help:"A line of JSON for each."`
}

// Run lists what is open.
func (l *paymentsListCommand) Run(c *console) error {
	id, err := terminal.ParseEventID(l.Event)
	if err != nil {
		return err
	}
	if l.State != "" && !slices.Contains(pending.Kinds, pending.Kind(l.State)) {
		return fmt.Errorf("--state %s: say paying, refund_due, refund_pending, refund_failed or disputed", l.State)
	}
	printer, found, incomplete := paymentsctl.NewPrinter(c.out, l.JSON, time.Now()), 0, false
	show := func(p *pay.Payment) error {
		found++
		return printer.Print(p)
	}
	if l.Offline {
		err = storectl.OpenPayments(c.ctx, l.source(), id, func(i *pending.Item) error {
			if l.State != "" && !slices.Contains(i.Kinds, pending.Kind(l.State)) {
				return nil
			}
			p := payments.Tell(i)
			return show(&p)
		})
	} else {
		var server *client.Client
		if server, err = client.New(l.URL, l.OperatorKeyFile); err == nil {
			incomplete, err = paymentsctl.Pages(c.ctx, server, l.Event, l.State, show)
		}
	}
	if err = errors.Join(err, printer.Close()); err != nil {
		return err
	}
	if incomplete {
		fmt.Fprintln(c.err, "INCOMPLETE: a node or a section did not answer: there may be more")
	}
	if found > 0 || incomplete {
		return errFindings
	}
	return nil
}

type paymentsShowCommand struct {
	serverTarget
	Booking string `arg:"" help:"The booking's id."`
	JSON    bool   `env:"-" name:"json" help:"The server's answer as JSON."`
}

// Run shows one booking's money.
func (s *paymentsShowCommand) Run(c *console) error {
	_, err := s.serverTarget.one(c, s.Booking, false, s.JSON)
	return err
}

type paymentsRetryCommand struct {
	serverTarget
	Booking string `arg:"" help:"The booking's id."`
	JSON    bool   `env:"-" name:"json" help:"The server's answer as JSON."`
}

// Run asks again, and says what came of it.
func (r *paymentsRetryCommand) Run(c *console) error {
	p, err := r.serverTarget.one(c, r.Booking, true, r.JSON)
	if err == nil && slices.ContainsFunc(p.Open, func(kind string) bool { return kind != string(pending.Disputed) }) {
		return errFindings
	}
	return err
}

func (t *serverTarget) one(c *console, booking string, retry, asJSON bool) (*pay.Payment, error) {
	server, err := client.New(t.URL, t.OperatorKeyFile)
	if err != nil {
		return nil, err
	}
	p, err := paymentsctl.One(c.ctx, server, booking, retry)
	if err != nil {
		return nil, err
	}
	if asJSON {
		return p, paymentsctl.NewPrinter(c.out, true, time.Now()).Print(p)
	}
	return p, paymentsctl.Whole(c.out, p, time.Now())
}
