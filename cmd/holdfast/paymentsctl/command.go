package paymentsctl

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/actors/checkout/pending"
	"holdfast/api/payments"
	"holdfast/api/wire/pay"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
)

// ErrOpen says that something is open. Everything there is to say of it has been printed.
var ErrOpen = errors.New("money is open")

// Command is what an operator does about money that is open or wrong.
type Command struct {
	List  ListCommand  `cmd:"" help:"List an event's bookings whose money is open or wrong."`
	Show  ShowCommand  `cmd:"" help:"Show all that is known of one booking's money."`
	Retry RetryCommand `cmd:"" help:"Have the processor asked at once about what is open of a booking's money."`
}

// Help is shown by holdfast payments --help.
func (Command) Help() string {
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

// serverTarget is a running server, which is asked about one booking.
type serverTarget struct{ client.Target }

// ListCommand lists.
type ListCommand struct {
	serverTarget
	Data    string `help:"With --offline: the data folder of a stopped server." placeholder:"DIR"`
	Store   string `help:"With --offline: the database's address. HOLDFAST_STORE keeps a password out of the list of processes." placeholder:"URL"`
	Offline bool   `help:"Read the logs of --data or --store instead of asking a server." env:"-"`
	Event   string `help:"The event's id." arg:""`
	State   string `help:"Only these: paying, refund_due, refund_pending, refund_failed or disputed." placeholder:"STATE" env:"-"`
	JSON    bool   `help:"A line of JSON for each." env:"-" name:"json"`
}

// Run lists what is open.
func (l *ListCommand) Run(c *terminal.Console) error {
	id, err := terminal.ParseEventID(l.Event)
	if err != nil {
		return err
	}
	if l.State != "" && !slices.Contains(pending.Kinds, pending.Kind(l.State)) {
		return fmt.Errorf("--state %s: say paying, refund_due, refund_pending, refund_failed or disputed", l.State)
	}
	printer, found, incomplete := NewPrinter(c.Out, l.JSON, time.Now()), 0, false
	show := func(p *pay.Payment) error {
		found++
		return printer.Print(p)
	}
	if l.Offline {
		err = storectl.OpenPayments(
			c.Context,
			storectl.Source{Data: l.Data, Store: l.Store},
			id,
			func(i *pending.Item) error {
				if l.State != "" && !slices.Contains(i.Kinds, pending.Kind(l.State)) {
					return nil
				}
				p := payments.Tell(i)
				return show(&p)
			},
		)
	} else {
		var server *client.Client
		if server, err = l.Server(); err == nil {
			incomplete, err = Pages(c.Context, server, l.Event, l.State, show)
		}
	}
	if err = errors.Join(err, printer.Close()); err != nil {
		return err
	}
	if incomplete {
		fmt.Fprintln(c.Err, "INCOMPLETE: a node or a section did not answer: there may be more")
	}
	if found > 0 || incomplete {
		return ErrOpen
	}
	return nil
}

// ShowCommand shows.
type ShowCommand struct {
	serverTarget
	Booking string `arg:"" help:"The booking's id."`
	JSON    bool   `       help:"The server's answer as JSON." env:"-" name:"json"`
}

// Run shows one booking's money.
func (s *ShowCommand) Run(c *terminal.Console) error {
	_, err := s.serverTarget.one(c, s.Booking, false, s.JSON)
	return err
}

// RetryCommand retries.
type RetryCommand struct {
	serverTarget
	Booking string `arg:"" help:"The booking's id."`
	JSON    bool   `       help:"The server's answer as JSON." env:"-" name:"json"`
}

// Run asks again, and says what came of it.
func (r *RetryCommand) Run(c *terminal.Console) error {
	p, err := r.serverTarget.one(c, r.Booking, true, r.JSON)
	if err == nil && slices.ContainsFunc(p.Open, func(kind string) bool { return kind != string(pending.Disputed) }) {
		return ErrOpen
	}
	return err
}

func (t *serverTarget) one(c *terminal.Console, booking string, retry, asJSON bool) (*pay.Payment, error) {
	server, err := t.Server()
	if err != nil {
		return nil, err
	}
	p, err := One(c.Context, server, booking, retry)
	if err != nil {
		return nil, err
	}
	if asJSON {
		return p, NewPrinter(c.Out, true, time.Now()).Print(p)
	}
	return p, Whole(c.Out, p, time.Now())
}
