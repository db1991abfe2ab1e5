package main

import (
	"errors"
	"fmt"
	"time"

	"holdfast/actors/pseudonym"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/eventctl"
	"holdfast/cmd/holdfast/storectl"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
)

type saleCommand struct {
	targetFlags
	State string `arg:"" help:"open, paused or closed; pause and close mean the same."`
	Event string `arg:"" help:"The event's id."`
}

// Help is shown by holdfast sale --help.
func (saleCommand) Help() string {
	return `Examples:

  holdfast sale open 0b6d4f0e-… --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast sale paused 0b6d4f0e-… --data /var/lib/holdfast

The words are the API's: open, paused, closed. Paused refuses new holds; closed refuses them too, and more time for those that stand. What is
held can be paid or released all the same. For a database there is only --url: whichever server
is told, the others on it follow within 2 seconds.`
}

var saleStates = map[string]storage.SaleState{
	"open": storage.SaleOpen, "pause": storage.SalePaused, "paused": storage.SalePaused, "close": storage.SaleClosed,
	"closed": storage.SaleClosed,
}

// Run turns the switch.
func (s *saleCommand) Run(c *console) error {
	if err := s.check(); err != nil {
		return err
	}
	state, known := saleStates[s.State]
	if !known {
		return fmt.Errorf("%q is no state of a sale: say open, paused or closed", s.State)
	}
	id, err := terminal.ParseEventID(s.Event)
	if err != nil {
		return err
	}
	if s.URL != "" {
		server, err := client.New(s.URL, s.OperatorKeyFile)
		if err != nil {
			return err
		}
		return postSale(c, server, s.Event, state, fmt.Sprintf("sale-%d", time.Now().UnixNano()))
	}
	sale, err := eventctl.SetSaleOffline(c.ctx, s.Data, id, state)
	return tellSale(c, sale, err)
}

func postSale(c *console, server *client.Client, event string, state storage.SaleState, key string) error {
	sale, err := eventctl.SetSale(c.ctx, server, event, state, key)
	return tellSale(c, sale, err)
}

func tellSale(c *console, sale eventctl.Sale, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s: sale %s\n", sale.Name, sale.Sale)
	return err
}

type forgetCommand struct {
	targetFlags
	Store       string `help:"A database's address, whether servers sell from it or not." placeholder:"URL" xor:"target"`
	Event       string `help:"The event's id." env:"-" placeholder:"EVENT" xor:"whom" required:""`
	Buyer       string `help:"One buyer, as tokens name them (sub): erases the contact data, at once." env:"-" placeholder:"SUBJECT" xor:"whom" required:""`
	Reason      string `required:"" help:"Why. It is logged, and kept with the event: name nobody." env:"-" placeholder:"TEXT"`
	BeforeStart bool   `help:"Although the show has not begun: nobody can look a ticket up then." env:"-"`
	Key         string `help:"Idempotency key, for --url: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
}

// Help is shown by holdfast forget --help.
func (forgetCommand) Help() string {
	return `Examples:

  holdfast forget --event 0b6d4f0e-… --reason 'a year is over' --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast forget --event 0b6d4f0e-… --reason 'a year is over' --data /var/lib/holdfast
  holdfast forget --buyer 'auth0|5f7c8ec7' --reason 'asked by letter' --url http://127.0.0.1:8080 --operator-key-file operator

Buyers stand in an event's logs under pseudonyms that only the event's own key can make. This destroys the key, for ever: nothing of Holdfast's
leads from the logs to a person any more, not even for somebody who has both the logs and the person's identifier. What was sold, paid and
given back stays; holdfast audit, log and copy go on as before. Buyers who ask for a booking of the event hear 410, and that it is over.

Allowed once nobody needs to be known any more: the sale is closed (holdfast sale closed), or the event deleted; no seat is held or being paid
(with --store nobody looks); and the show has begun, or --before-start is given. Events of builds without such keys are refused: their
pseudonyms can be looked up for ever. Again is no error, and finishes what a crash has left.

What this cannot reach, and you must: backups, snapshots of disks and databases, and copies (holdfast copy) have the key as long as they
exist. PostgreSQL keeps deleted rows until VACUUM FULL event_keys, and its write-ahead log until that is recycled; CockroachDB keeps them for
gc.ttlseconds. A payment processor knows its own customers.

Whichever server is told, the others have forgotten when the command ends, or follow within 2 seconds (always so with --store).

--buyer erases what is kept of one person: the contact data that the person gave (PUT /v1/me/contact). It is gone when the command ends;
again, or of somebody who gave none, is no error, and the log has the reason, not whom. The person's bookings stay, under pseudonyms that
end with their events. The same cannot be reached as above; the table is contacts. Whoever can list this machine's processes sees SUBJECT.`
}

// Run forgets.
func (f *forgetCommand) Run(c *console) error {
	if f.URL == "" && f.Data == "" && f.Store == "" {
		return errors.New("give --url http://HOST:PORT of a running server, --data DIR of a stopped one, or --store " +
			"URL of a database")
	}
	if f.Buyer != "" {
		return f.forgetBuyer(c)
	}
	id, err := terminal.ParseEventID(f.Event)
	if err != nil {
		return err
	}
	how := pseudonym.Forgetting{Reason: f.Reason, BeforeStart: f.BeforeStart}
	switch {
	case f.URL != "":
		return f.ask(c, how)
	case f.Data != "":
		return tellForgotten(c)(eventctl.ForgetOffline(c.ctx, f.Data, id, how))
	}
	if err := eventctl.CheckForgetting(how); err != nil {
		return err
	}
	return tellForgotten(c)(storectl.Forget(c.ctx, f.Store, id, how))
}

func (f *forgetCommand) ask(c *console, how pseudonym.Forgetting) error {
	server, err := client.New(f.URL, f.OperatorKeyFile)
	if err != nil {
		return err
	}
	if f.Key == "" {
		f.Key = fmt.Sprintf("forget-%d", time.Now().UnixNano())
	}
	return tellForgotten(c)(eventctl.Forget(c.ctx, server, f.Event, f.Key, how))
}

// forgetBuyer forgets one person.
func (f *forgetCommand) forgetBuyer(c *console) (err error) {
	if f.BeforeStart {
		return errors.New("--before-start is about an event: a buyer can be forgotten at any time")
	}
	if err := eventctl.CheckForgettingBuyer(f.Buyer, f.Reason); err != nil {
		return err
	}
	switch {
	case f.URL != "":
		server, err := client.New(f.URL, f.OperatorKeyFile)
		if err != nil {
			return err
		}
		if err := eventctl.ForgetBuyer(c.ctx, server, f.Buyer, f.Reason, f.Key); err != nil {
			return err
		}
	case f.Data != "":
		err = eventctl.ForgetBuyerOffline(c.ctx, f.Data, f.Buyer)
	default:
		err = storectl.ForgetBuyer(c.ctx, f.Store, f.Buyer)
	}
	if err == nil {
		_, err = fmt.Fprintln(c.out, "Erased: no contact data of that buyer is kept here.\n"+
			"Backups and copies still have what they had: delete those of before.")
	}
	return err
}

func tellForgotten(c *console) func(name string, since time.Time, err error) error {
	return func(name string, since time.Time, err error) error {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s: forgotten since %s. Nothing here leads from its logs to a person any more.\n"+
			"Backups and copies still have the key: delete those of before, or they lead there.\n", name,
			since.UTC().Format(time.RFC3339))
		return err
	}
}
