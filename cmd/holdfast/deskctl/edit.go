package deskctl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"holdfast/api/catalog"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/flagvalue"
	"holdfast/cmd/holdfast/terminal"
)

// EditCommand changes an event, or tells who has.
type EditCommand struct {
	client.Target
	Event         string           `arg:"" help:"The event's id."`
	Key           string           `help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
	Reason        string           `help:"Why. It is kept with the event. Without it: only tell who has edited what." env:"-" placeholder:"TEXT"`
	Version       *int64           `help:"The version that you have seen. Default: the one that the event has now." env:"-" placeholder:"N"`
	Name          *string          `help:"Another name." env:"-" placeholder:"TEXT"`
	StartsAt      *string          `help:"Another time, as in 2031-05-04T20:00:00+02:00. To put a show off, say postpone: buyers are told." env:"-" placeholder:"TIME"`
	SaleEndsAt    *string          `help:"No new hold from then on." env:"-" placeholder:"TIME"`
	HoldTTL       *time.Duration   `help:"How long a hold lasts." env:"-" placeholder:"10m" name:"hold-ttl"`
	HoldCeiling   *time.Duration   `help:"How long a hold lasts at most, with more time." env:"-" placeholder:"20m"`
	MaxPerBooking *int64           `help:"Seats in one booking." env:"-" placeholder:"N"`
	MaxPerBuyer   *int64           `help:"Seats of one buyer. Who has more keeps them, and gets no more." env:"-" placeholder:"N"`
	Price         flagvalue.Prices `help:"Another price of a category in minor units, such as --price 'Stalls=4500'; '*' stands for all others." env:"-" placeholder:"CATEGORY=MINOR"`
	Prices        string           `help:"File of prices by category as POST /v1/events takes them, for fees, taxes and types of tickets; --price overrides it." env:"-" placeholder:"FILE"`
	RefuseOrphans *bool            `help:"Whether a choice that strands a single seat is refused." env:"-" negatable:""`

	ForbidTransfers *bool `help:"Whether tickets stay with who bought them." env:"-" negatable:""`
}

// Help is shown by holdfast event edit --help.
func (EditCommand) Help() string {
	return `Examples:

  holdfast event edit 0b6d4f0e-… --max-per-buyer 4 --reason 'too many touts' --operator-key-file operator
  holdfast event edit 0b6d4f0e-… --price Stalls=5000 --reason 'last rows' --operator-key-file operator
  holdfast event edit 0b6d4f0e-… --url http://127.0.0.1:8080

New limits, times and prices are in the log of every section before the command ends, and holds go by them from there
on. Categories that are not named keep their prices; who holds seats keeps the price that was told.
What stands stays. Somebody else's change in between is an error, and nothing is done: look at the event, and say it again.`
}

// Run edits, or tells who has.
func (e *EditCommand) Run(c *terminal.Console) error {
	if _, err := terminal.ParseEventID(e.Event); err != nil {
		return err
	}
	server, err := e.Server()
	if err != nil {
		return err
	}
	path := "/v1/events/" + e.Event
	members, err := e.members()
	if err != nil {
		return err
	}
	if e.Reason == "" && len(members) == 0 {
		return tellEdits(c.Context, server, path, c.Out)
	}
	if err := catalog.CheckReason(&e.Reason); err != nil {
		return err
	}
	var now edited
	if e.Version == nil {
		if err := server.Get(c.Context, path, &now); err != nil {
			return err
		}
		e.Version = &now.Version
	}
	members["version"], members["reason"] = *e.Version, e.Reason
	body, err := json.Marshal(members)
	if err != nil {
		return err
	}
	if e.Key == "" {
		e.Key = fmt.Sprintf("edit-%d", time.Now().UnixNano())
	}
	if err := server.Patch(c.Context, path, e.Key, body, &now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: edited, version %d, sale %s.\n", now.Name, now.Version, now.Sale)
	return err
}

// members are what is given, as the API names it.
func (e *EditCommand) members() (all map[string]any, err error) {
	all = map[string]any{}
	if e.Prices != "" || len(e.Price) > 0 {
		if all["prices"], err = e.prices(); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]*string{"name": e.Name, "starts_at": e.StartsAt, "sale_ends_at": e.SaleEndsAt} {
		if text != nil {
			all[name] = *text
		}
	}
	for name, d := range map[string]*time.Duration{
		"hold_ttl_seconds": e.HoldTTL, "hold_ceiling_seconds": e.HoldCeiling,
	} {
		if d != nil {
			all[name] = int64(*d / time.Second)
		}
	}
	for name, n := range map[string]*int64{
		"max_seats_per_booking": e.MaxPerBooking, "max_seats_per_buyer": e.MaxPerBuyer,
	} {
		if n != nil {
			all[name] = *n
		}
	}
	if e.RefuseOrphans != nil {
		all["refuse_orphans"] = *e.RefuseOrphans
	}
	if e.ForbidTransfers != nil {
		all["forbid_transfers"] = *e.ForbidTransfers
	}
	return all, nil
}

// pricesBytesMax bounds a file of prices: an edit's body is no longer.
const pricesBytesMax = 64 << 10

// prices reads the file of prices, if there is one, and puts single prices over it. The server judges them.
func (e *EditCommand) prices() (map[string]any, error) {
	all := map[string]any{}
	if e.Prices != "" {
		text, err := os.ReadFile(e.Prices)
		switch {
		case err != nil:
			return nil, err
		case len(text) > pricesBytesMax:
			return nil, fmt.Errorf("%s: more than %d bytes", e.Prices, pricesBytesMax)
		}
		given := map[string]json.RawMessage{}
		if err := json.Unmarshal(text, &given); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Prices, err)
		}
		for category, price := range given {
			all[category] = price
		}
	}
	for category, price := range e.Price {
		all[category] = price
	}
	return all, nil
}

// edited is an event as an edit has left it.
type edited struct {
	Name    string `json:"name"`
	Sale    string `json:"sale"`
	Version int64  `json:"version"`
}

// tellEdits prints who has edited an event, when, what and why.
func tellEdits(ctx context.Context, server *client.Client, path string, out io.Writer) error {
	var notes catalog.EditNotes
	if err := server.Get(ctx, path+"/edits", &notes); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "version %d, %d edits\n", notes.Version, len(notes.Edits)); err != nil {
		return err
	}
	for _, n := range notes.Edits {
		if _, err := fmt.Fprintf(out, "%d  %s  %s  %s: %s\n", n.Version, n.At, n.By, strings.Join(n.Fields, ", "),
			n.Reason); err != nil {
			return err
		}
	}
	return nil
}
