package ticketsctl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/ticketing"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// ErrConflicts says that tickets were let in twice. Everything there is to say of them has been printed.
var ErrConflicts = errors.New("tickets were let in by more than one scanner")

// Command is what an operator does about tickets.
type Command struct {
	Keys struct {
		List   ListCommand   `cmd:"" help:"List the keys that tickets are signed with: the public halves."`
		Rotate RotateCommand `cmd:"" help:"Make a new key, which signs from now on. What was signed before stays valid."`
	} `cmd:"" help:"Look at the keys that tickets are signed with, or make a new one."`
	Conflicts ConflictsCommand `cmd:"" help:"List an event's tickets that more than one scanner let in."`
}

// Help is shown by holdfast tickets --help.
func (Command) Help() string {
	return `Examples:

  holdfast tickets keys list --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast tickets keys rotate --operator-key-file operator
      When somebody has left who could read the store, or once a season. All keys go on verifying.
  holdfast tickets conflicts 0b6d4f0e-… --operator-key-file operator
      What scanners that could not ask have let in twice, once they have told.

Exit code: 0 done; 1 conflicts: there are some; 2 could not ask.`
}

// ListCommand lists keys.
type ListCommand struct{ client.Target }

// Run lists the keys.
func (l *ListCommand) Run(c *terminal.Console) error {
	server, err := l.Server()
	if err != nil {
		return err
	}
	var keys ticketing.Keys
	if err := server.Get(c.Context, "/v1/tickets/keys", &keys); err != nil {
		return err
	}
	return print(c.Out, &keys)
}

// RotateCommand makes a key.
type RotateCommand struct {
	client.Target
	IdempotencyKey string `help:"Under the same word the key is made once, however often the command runs." placeholder:"WORD" env:"-"`
}

// Run makes a key and lists all.
func (r *RotateCommand) Run(c *terminal.Console) error {
	server, err := r.Server()
	if err != nil {
		return err
	}
	var keys ticketing.Keys
	if err := server.Post(c.Context, "/v1/tickets/keys/rotate", r.IdempotencyKey, nil, 0, &keys); err != nil {
		return err
	}
	return print(c.Out, &keys)
}

func print(out io.Writer, keys *ticketing.Keys) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NUMBER\tMADE\tPUBLIC KEY\t")
	for _, key := range keys.Keys {
		signs := ""
		if key.Signs {
			signs = "signs"
		}
		made := time.UnixMilli(int64(key.CreatedAt)).UTC().Format(time.RFC3339)
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", key.Number, made, key.PublicKey, signs)
	}
	return table.Flush()
}

// ConflictsCommand lists conflicts.
type ConflictsCommand struct {
	client.Target
	Event string `help:"The event's id." arg:""`
}

// Run lists the tickets that more than one scanner let in.
func (l *ConflictsCommand) Run(c *terminal.Console) error {
	if _, err := terminal.ParseEventID(l.Event); err != nil {
		return err
	}
	server, err := l.Server()
	if err != nil {
		return err
	}
	found, cursor := 0, ""
	for {
		var page ticketing.Manifest
		path := "/v1/events/" + l.Event + "/tickets/conflicts?cursor=" + url.QueryEscape(cursor)
		if err := server.Get(c.Context, path, &page); err != nil {
			return err
		}
		for i := range page.Tickets {
			found++
			tell(c.Out, &page.Tickets[i])
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if found > 0 {
		return ErrConflicts
	}
	return nil
}

func tell(out io.Writer, t *ticketing.ManifestTicket) {
	fmt.Fprintf(out, "%s, %s (ticket %s)\n", t.Section, t.Seat, t.ID)
	if t.Admission == nil {
		return
	}
	line := func(what string, at wire.OffsetTime, scanner string) {
		fmt.Fprintf(out, "  %-9s %s  %s\n", what, wire.AppendOffsetTime(nil, at), scanner)
	}
	line("admitted", t.AdmittedAt, t.Scanner)
	for _, other := range t.Conflicts {
		line("and", other.AdmittedAt, other.Scanner)
	}
}
