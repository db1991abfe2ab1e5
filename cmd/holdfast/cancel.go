package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"holdfast/actors/money"
	"holdfast/api/wire/calledoff"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/eventctl"
	"holdfast/cmd/holdfast/terminal"
)

// runningServer is the one to ask about an event, and the key of the call.
func runningServer(at *targetFlags, event, key, what string) (*client.Client, string, error) {
	if at.URL == "" {
		return nil, "", errors.New("give --url http://HOST:PORT of a running server: it has to talk to the processor")
	}
	if _, err := terminal.ParseEventID(event); err != nil {
		return nil, "", err
	}
	server, err := client.New(at.URL, at.OperatorKeyFile)
	if key == "" {
		key = fmt.Sprintf("%s-%d", what, time.Now().UnixNano())
	}
	return server, key, err
}

type cancelCommand struct {
	targetFlags
	Event    string `arg:"" help:"The event's id."`
	Key      string `help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
	Reason   string `help:"Why. Buyers are told." env:"-" placeholder:"TEXT" xor:"what"`
	Progress bool   `help:"Only tell how far it has come." env:"-" xor:"what"`
	Yes      bool   `help:"Do not ask for the event's name." env:"-"`

	in io.Reader // where the name is typed; nil: the terminal
}

// Help is shown by holdfast event cancel --help.
func (cancelCommand) Help() string {
	return `Examples:

  holdfast event cancel 0b6d4f0e-… --reason 'the singer is ill' --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast event cancel 0b6d4f0e-… --progress --url http://127.0.0.1:8080 --operator-key-file operator

For ever. Every section has it in its log before the command ends: no hold, no extension and no payment from there on. Then holds are released,
open payments are cancelled at the processor, and what was taken goes back, with its fees. All of that goes on by itself, whatever becomes of
the server that was asked; a processor that is away costs time and nothing else. --progress tells how far it is; refunds that failed wait for
you. You are asked to type the event's name first, unless you say --yes.`
}

// Run cancels, or tells how far that is.
func (s *cancelCommand) Run(c *console) error {
	if s.Reason == "" && !s.Progress {
		return errors.New("give --reason TEXT, which buyers are told, or --progress")
	}
	server, key, err := runningServer(&s.targetFlags, s.Event, s.Key, "cancel")
	if err != nil {
		return err
	}
	name, err := eventctl.Name(c.ctx, server, s.Event)
	if err != nil {
		return err
	}
	var now *calledoff.Cancellation
	if s.Progress {
		now, err = eventctl.CancelProgress(c.ctx, server, s.Event)
	} else {
		if err := s.sure(c, name); err != nil {
			return err
		}
		now, err = eventctl.Cancel(c.ctx, server, s.Event, key, s.Reason)
	}
	if err != nil {
		return err
	}
	return tellCancellation(c, name, now)
}

// sure asks for the event's name: what follows cannot be taken back.
func (s *cancelCommand) sure(c *console, name string) error {
	if s.Yes {
		return nil
	}
	in := s.in
	if in == nil {
		in = os.Stdin
	}
	if _, err := fmt.Fprintf(c.err, "This cancels %q for ever and gives all of the money back. Type its name: ",
		name); err != nil {
		return err
	}
	typed, err := bufio.NewReader(io.LimitReader(in, 1<<12)).ReadString('\n')
	if err != nil && err != io.EOF || strings.TrimSpace(typed) != strings.TrimSpace(name) {
		return errors.New("that is not the event's name: nothing was done (say --yes where nobody can type)")
	}
	return nil
}

func tellCancellation(c *console, name string, now *calledoff.Cancellation) error {
	refunds := func(r calledoff.Refunds) string {
		return fmt.Sprintf("%d of %s", r.Count, money.Format(r.Amount.Amount, r.Amount.Currency))
	}
	_, err := fmt.Fprintf(c.out, `%s: %s since %s (%s)
  sections  %d of %d have it in their logs, %d unheard
  bookings  %d held, %d paying, %d sold and not owed back yet
  refunds   due %s, pending %s, done %s, failed %s
`, name, now.State, now.At, now.Reason, now.Cancelling, now.Sections, now.Unheard, now.Held, now.Paying, now.Sold,
		refunds(now.Due), refunds(now.Pending), refunds(now.Refunded), refunds(now.Failed))
	return err
}

type postponeCommand struct {
	targetFlags
	Event     string `arg:"" help:"The event's id."`
	Key       string `help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
	StartsAt  string `help:"The new time, as in 2031-05-04T20:00:00+02:00. Without it: nobody knows yet." env:"-" placeholder:"TIME"`
	KeepUntil string `required:"" help:"Until then buyers may give their bookings back for all of their money." env:"-" placeholder:"TIME"`
	Reason    string `required:"" help:"Why. Buyers are told." env:"-" placeholder:"TEXT"`
}

// Help is shown by holdfast event postpone --help.
func (postponeCommand) Help() string {
	return `Examples:

  holdfast event postpone 0b6d4f0e-… --starts-at 2031-06-01T20:00:00+02:00 --keep-until 2031-05-20T00:00:00+02:00 --reason storm \
    --url http://127.0.0.1:8080 --operator-key-file operator

The sale is paused: open it again with holdfast sale open. Who has a booking keeps it; until --keep-until each buyer may give it back, whole,
for all of the money.`
}

// Run puts the event off.
func (s *postponeCommand) Run(c *console) error {
	server, key, err := runningServer(&s.targetFlags, s.Event, s.Key, "postpone")
	if err != nil {
		return err
	}
	now, err := eventctl.Postpone(c.ctx, server, s.Event, key, s.StartsAt, s.KeepUntil, s.Reason)
	switch {
	case err != nil:
		return err
	case now.Postponed == nil:
		return errors.New("the server says that the event is not put off")
	}
	when := now.StartsAt
	if now.Postponed.Unknown {
		when = "a time that nobody knows yet"
	}
	_, err = fmt.Fprintf(c.out, "%s: put off to %s, sale %s. Bookings may be given back until %s.\n", now.Name, when,
		now.Sale, now.Postponed.KeepUntil)
	return err
}
