package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"holdfast/actors/money"
	"holdfast/actors/price"
	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/eventctl"
	"holdfast/cmd/holdfast/flagvalue"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
)

type importCommand struct {
	targetFlags
	Plan  string `arg:"" help:"Seating plan: pretix, seats.io, row list or our own compact JSON; - reads standard input."`
	Check bool   `help:"Only check the plan: print its sections and its front, or every defect."`
	Front string `help:"Where people look: top, bottom, left or right edge of the drawing, or a point of it. By default the plan's focal points, its stage, else the top edge." placeholder:"SIDE|X,Y"`

	Name            string           `help:"The event's name (default: the venue's)."`
	StartsAt        flagvalue.Moment `help:"When the show begins, RFC 3339, such as 2027-05-01T20:00:00+02:00; the offset is kept, so give the venue's." placeholder:"TIME"`
	TimeZone        string           `help:"The venue's time zone, by IANA's name, such as Europe/Berlin." placeholder:"ZONE"`
	SaleEndsAt      flagvalue.Moment `help:"The moment from which no new hold may begin (default: when the show begins)." placeholder:"TIME"`
	Currency        string           `help:"ISO 4217 (${default})." default:"EUR"`
	Price           flagvalue.Prices `help:"Price of a category in minor units, such as --price 'Stalls=4500'; '*' stands for all others." placeholder:"CATEGORY=MINOR"`
	Prices          string           `help:"File of prices by category as POST /v1/events takes them, for fees and taxes; --price overrides it." placeholder:"FILE"`
	HoldTTL         time.Duration    `help:"How long a hold lasts (${default})." default:"10m"`
	HoldCeiling     time.Duration    `help:"How long a hold lasts at most, with extensions (${default})." default:"20m"`
	SeatsPerBooking uint32           `help:"Most seats of one booking (${default})." default:"8"`
	SeatsPerBuyer   uint32           `help:"Most live seats of one buyer (${default})." default:"8"`
	Open            bool             `help:"Open the sale at once."`
	Key             string           `help:"Idempotency key; by default made of everything above, so that the same import twice makes one event."`
}

// Help is shown by holdfast import --help.
func (importCommand) Help() string {
	return `Examples:

  holdfast import --check plan.json
      Sections, rows, seats and where the front is taken to be; or every defect of the plan, and exit code 2.
      The best seats are those nearest to the front: --front bottom where the stage is drawn below the rows.

  holdfast import --url http://127.0.0.1:8080 --name "May Day" --starts-at 2027-05-01T20:00:00Z --price 'Stalls=4500' --price '*=2500' plan.json
      Create the event on a running server (operator key of dev mode; --operator-key-file otherwise).

  holdfast import --data /var/lib/holdfast --name "May Day" --starts-at 2027-05-01T20:00:00Z --price '*=2500' --open plan.json
      The same in a stopped server's data.

For a database there is only --url: an event is loaded by a server that sells it, and several may be running.`
}

// Run checks the plan, and creates the event unless only the check was wanted.
func (i *importCommand) Run(c *console) error {
	plan, err := eventctl.ReadPlan(i.Plan, i.Name, i.Front)
	if err != nil {
		return err
	}
	describePlan(c.out, plan.Venue)
	if i.Check {
		return nil
	}
	if err := i.check(); err != nil {
		return err
	}
	prices, err := i.prices()
	if err != nil {
		return err
	}
	event, err := plan.Event(&eventctl.EventOptions{
		Name: i.Name, StartsAt: i.StartsAt.Time, TimeZone: i.TimeZone, SaleEndsAt: i.SaleEndsAt.Time,
		Currency: i.Currency, Prices: prices, HoldTTL: i.HoldTTL, HoldCeiling: i.HoldCeiling,
		SeatsPerBooking: i.SeatsPerBooking, SeatsPerBuyer: i.SeatsPerBuyer, Key: i.Key,
	})
	if err != nil {
		return err
	}
	describePrices(c.out, &event.Priced)
	id, err := i.create(c, event)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "event %s\n", id)
	return nil
}

func (i *importCommand) create(c *console, event *eventctl.NewEvent) (id string, err error) {
	body, err := event.Body()
	if err != nil {
		return "", err
	}
	if i.URL == "" {
		return event.CreateOffline(c.ctx, i.Data, body, i.Open)
	}
	server, err := client.New(i.URL, i.OperatorKeyFile)
	if err != nil {
		return "", err
	}
	bar := terminal.NewBar(c.err, len(body), "sending the plan", true)
	reader := progressbar.NewReader(bytes.NewReader(body), bar)
	if id, err = event.CreateOnline(c.ctx, server, &reader, len(body)); err != nil || !i.Open {
		return id, err
	}
	return id, postSale(c, server, id, storage.SaleOpen, event.Key+"-open")
}

// describePlan prints a table of the plan's sections, however they are kept, and where the front is.
func describePlan(out io.Writer, plan *venue.Venue) {
	type line struct {
		id          string
		rows, seats int
	}
	var lines []line
	width := len("section")
	for i := range plan.Sections {
		s := &plan.Sections[i]
		shown := terminal.Calm(s.PlanID()) // as wide as the terminal gets it
		if len(lines) == 0 || s.SplitOf == "" || lines[len(lines)-1].id != shown {
			lines = append(lines, line{id: shown})
			width = max(width, utf8.RuneCountInString(shown))
		}
		lines[len(lines)-1].rows += len(s.Rows)
		lines[len(lines)-1].seats += s.SeatCount()
	}
	total := terminal.Numbered(len(lines), "section")
	width = max(width, len(total))
	fmt.Fprintf(out, "%s\n\n%-*s  %5s  %6s\n", plan.Name, width, "section", "rows", "seats")
	for _, l := range lines {
		fmt.Fprintf(out, "%-*s  %5d  %6d\n", width, l.id, l.rows, l.seats)
	}
	fmt.Fprintf(out, "%-*s  %5s  %6d\n\n%s\n\n", width, total, "", plan.SeatCount(), "front: "+plan.DescribeFront())
}

// pricesBytesMax bounds a file of prices: some hundred categories with all their components.
const pricesBytesMax = 1 << 20

// prices reads the file of prices, if there is one, and puts single prices over it.
func (i *importCommand) prices() (map[string]pricing.Given, error) {
	prices := map[string]pricing.Given{}
	if i.Prices != "" {
		file, err := os.Open(i.Prices)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		text, err := io.ReadAll(io.LimitReader(file, pricesBytesMax+1))
		switch {
		case err != nil:
			return nil, err
		case len(text) > pricesBytesMax:
			return nil, fmt.Errorf("%s: more than %d bytes", i.Prices, pricesBytesMax)
		}
		if err := wire.Decode(text, &prices); err != nil {
			return nil, fmt.Errorf("%s: %w", i.Prices, err)
		}
	}
	maps.Copy(prices, pricing.Faces(i.Price))
	return prices, nil
}

// describePrices prints prices as money, totals first: minor units are where a price becomes a hundred times too high.
func describePrices(out io.Writer, list *price.List) {
	for _, category := range slices.Sorted(maps.Keys(list.Totals)) {
		p := list.Of(category)
		fmt.Fprintf(out, "%s  %s", category, money.Format(p.Total(), list.Currency))
		separator := "  ("
		part := func(name string, amount int64) {
			fmt.Fprintf(out, "%s%s %s", separator, name, money.Format(amount, list.Currency))
			separator = ", "
		}
		if !p.IsPlain() {
			part("face", p.Face)
		}
		for _, fee := range p.Fees {
			part(fee.Code, fee.Amount)
		}
		for _, tax := range p.Taxes {
			part(map[bool]string{true: "included ", false: "added "}[tax.Included]+tax.Code, tax.Amount)
		}
		fmt.Fprintln(out, map[bool]string{true: "", false: ")"}[p.IsPlain()])
	}
}
