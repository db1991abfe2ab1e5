package deskctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// Command is how an operator looks for bookings.
type Command struct {
	List ListCommand `cmd:"" help:"Search an event's bookings, or one buyer's of all events, newest first."`
	Show ShowCommand `cmd:"" help:"Show one booking."`
}

// Help is shown by holdfast bookings --help.
func (Command) Help() string {
	return `Examples:

  holdfast bookings list 0b6d4f0e-… --state confirmed --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast bookings list 0b6d4f0e-… --seat A-1-1
  holdfast bookings list 0b6d4f0e-… --payment pi_3Q… --json | jq -r .id
  holdfast bookings list --buyer alice --placed-from 2031-05-01T00:00:00+02:00
  holdfast bookings list 0b6d4f0e-… --changed-after 2031-05-01T00:00:00+02:00 --json
  holdfast bookings show bqx7…

Any node is asked. What sections remember is searched: all bookings that are alive, and those that have ended for a
day at the least. holdfast log prints what ended before that.

Exit code: 0 done; 2 could not ask, or some section could not be seen: there may be more.`
}

// ListCommand searches.
type ListCommand struct {
	client.Target
	Event         string   `arg:"" optional:"" help:"The event's id. Without it, --buyer says whose."`
	State         []string `help:"Only these: held, paying, confirmed, released, expired, refunded." env:"-" placeholder:"STATE"`
	Buyer         string   `help:"Only this buyer's, as a token's sub has the name." env:"-" placeholder:"NAME"`
	Pseudonym     string   `help:"Only those of this buyer, as the event's logs have the name." env:"-" placeholder:"HEX"`
	Seat          string   `help:"Only those that have this seat, or had it." env:"-" placeholder:"SEAT"`
	Payment       string   `help:"Only those with this reference of the processor's." env:"-" placeholder:"REFERENCE"`
	Complimentary *bool    `help:"Only those that were given away, or, --no-complimentary, the others." env:"-" negatable:""`
	PlacedFrom    string   `help:"Only those placed then or later." env:"-" placeholder:"TIME"`
	PlacedUntil   string   `help:"Only those placed before." env:"-" placeholder:"TIME"`
	ChangedAfter  string   `help:"Only those of which something was logged then or later." env:"-" placeholder:"TIME"`
	Most          int      `help:"Stop after so many; 0: all." default:"0" env:"-" placeholder:"N"`
	JSON          bool     `help:"A line of JSON for each." env:"-" name:"json"`
}

// errIncomplete says that there may be more.
var errIncomplete = errors.New("some section could not be seen: there may be more")

// Run searches.
func (l *ListCommand) Run(c *terminal.Console) error {
	path := "/v1/bookings"
	if l.Event != "" {
		id, err := terminal.ParseEventID(l.Event)
		if err != nil {
			return err
		}
		path = "/v1/events/" + id.String() + "/bookings"
	} else if l.Buyer == "" {
		return errors.New("say which event, or whose bookings: --buyer NAME")
	}
	query := url.Values{}
	for name, value := range map[string]string{"buyer": l.Buyer, "pseudonym": l.Pseudonym, "seat": l.Seat,
		"payment": l.Payment, "placed_from": l.PlacedFrom, "placed_until": l.PlacedUntil,
		"changed_after": l.ChangedAfter} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if l.Complimentary != nil {
		query.Set("complimentary", strconv.FormatBool(*l.Complimentary))
	}
	for _, state := range l.State {
		query.Add("state", state)
	}
	server, err := l.Server()
	if err != nil {
		return err
	}
	p := newPrinter(c.Out, l.JSON)
	incomplete, err := Pages(c.Context, server, path, query, l.Most, p.print)
	if err = errors.Join(err, p.close()); err == nil && incomplete {
		err = errIncomplete
	}
	return err
}

// ShowCommand shows.
type ShowCommand struct {
	client.Target
	Booking string `arg:"" help:"The booking's id."`
}

// Run shows a booking as the server tells it.
func (s *ShowCommand) Run(c *terminal.Console) error {
	server, err := s.Server()
	if err != nil {
		return err
	}
	var b map[string]any
	if err := server.Get(c.Context, "/v1/bookings/"+url.PathEscape(s.Booking), &b); err != nil {
		return err
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(c.Out, "%s\n", text)
	}
	return err
}
