// Package mailctl is what an operator does about mails to buyers: see how they stand, and send once more what was given
// up.
//
//	mails list, resend ─▶ the calls of /v1/mails
//
// Rejected: reading the queue from the store. A server that runs has the newest word, and knows whether its mail server
// answers.
package mailctl

import (
	"bytes"
	"fmt"
	"net/url"
	"text/tabwriter"
	"time"

	"holdfast/api/wire/mails"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// Command is what an operator does about mails.
type Command struct {
	List   ListCommand   `cmd:"" help:"Say how mails stand, and list those that were given up."`
	Resend ResendCommand `cmd:"" help:"Send a mail once more that was given up."`
}

// Help is shown by holdfast mails --help.
func (Command) Help() string {
	return `Examples:

  holdfast mails list --operator-key-file operator
  holdfast mails resend BwAAAA… --operator-key-file operator

Mails are sent where serve has --mail-server. A mail is given up when its address is refused for good, or when the mail server has not taken it for
three days. It goes to the address that its buyer has left by the time it is sent: once that is put right, resend.`
}

// ListCommand lists.
type ListCommand struct{ client.Target }

// Run tells how mails stand, and lists the dead.
func (l *ListCommand) Run(c *terminal.Console) error {
	server, err := l.Server()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	for cursor, first := "", true; first || cursor != ""; first = false {
		var page mails.Status
		if err := server.Get(c.Context, "/v1/mails?limit=500"+cursor, &page); err != nil {
			return err
		}
		if first {
			tell(c, &page)
		}
		if first && len(page.Dead) > 0 {
			fmt.Fprintln(table, "MAIL\tEVENT\tTOLD\tREASON\tATTEMPTS\tGIVEN UP")
		}
		for i := range page.Dead {
			d := &page.Dead[i]
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%v\n", d.ID, d.Event, d.Kind, d.Reason, d.Attempts, d.GivenUp)
		}
		if cursor = ""; page.NextCursor != nil {
			cursor = "&cursor=" + url.QueryEscape(*page.NextCursor)
		}
	}
	return table.Flush()
}

func tell(c *terminal.Console, s *mails.Status) {
	switch {
	case !s.Sending:
		fmt.Fprintln(c.Out, "No mails are sent: serve --mail-server names who takes them.")
	case s.Failing != nil:
		fmt.Fprintf(c.Out, "The mail server takes none: %s. %d wait at this node.\n", *s.Failing, s.Queued)
	default:
		fmt.Fprintf(c.Out, "Mails are sent. %d wait at this node.\n", s.Queued)
	}
	if len(s.Dead) == 0 {
		fmt.Fprintln(c.Out, "None was given up in the last 30 days.")
	}
}

// ResendCommand sends once more.
type ResendCommand struct {
	client.Target
	Mail string `arg:"" help:"The mail's id, as list has it."`
}

// Run sends a mail once more.
func (r *ResendCommand) Run(c *terminal.Console) error {
	server, err := r.Server()
	if err != nil {
		return err
	}
	var answer mails.Status
	key := fmt.Sprintf("resend-%d", time.Now().UnixNano())
	if err := server.Post(c.Context, "/v1/mails/"+url.PathEscape(r.Mail)+"/resend", key, bytes.NewReader(nil), 0,
		&answer); err != nil {
		return err
	}
	fmt.Fprintln(c.Out, "It is sent within minutes.")
	return nil
}
