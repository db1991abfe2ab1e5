package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"holdfast/actors"
	"holdfast/actors/money"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/card"
	"holdfast/api/catalog"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

type importCommand struct {
	target
	Plan  string `arg:"" help:"Seating plan: pretix, seats.io, row list or our own compact JSON; - reads standard input."`
	Check bool   `help:"Only check the plan: print its sections and its front, or every defect."`
	Front string `help:"Where people look: top, bottom, left or right edge of the drawing, or a point of it. By default the plan's focal points, its stage, else the top edge." placeholder:"SIDE|X,Y"`

	Name            string        `help:"The event's name (default: the venue's)."`
	StartsAt        moment        `help:"When the show begins, RFC 3339, such as 2027-05-01T20:00:00+02:00; the offset is kept, so give the venue's." placeholder:"TIME"`
	TimeZone        string        `help:"The venue's time zone, by IANA's name, such as Europe/Berlin." placeholder:"ZONE"`
	SaleEndsAt      moment        `help:"The moment from which no new hold may begin (default: when the show begins)." placeholder:"TIME"`
	Currency        string        `help:"ISO 4217 (${default})." default:"EUR"`
	Price           priceList     `help:"Price of a category in minor units, such as --price 'Stalls=4500'; '*' stands for all others." placeholder:"CATEGORY=MINOR"`
	HoldTTL         time.Duration `help:"How long a hold lasts (${default})." default:"10m"`
	HoldCeiling     time.Duration `help:"How long a hold lasts at most, with extensions (${default})." default:"20m"`
	SeatsPerBooking uint32        `help:"Most seats of one booking (${default})." default:"8"`
	SeatsPerBuyer   uint32        `help:"Most live seats of one buyer (${default})." default:"8"`
	Open            bool          `help:"Open the sale at once."`
	front           *venue.Front
	Key             string `help:"Idempotency key; by default made of everything above, so that the same import twice makes one event."`
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
	raw, err := readPlan(i.Plan)
	if err != nil {
		return err
	}
	options := venue.Options{Name: i.Name}
	if i.Front != "" {
		if i.front, err = venue.ParseFront(i.Front); err != nil {
			return fmt.Errorf("--front %s: %w", i.Front, err)
		}
		options.Front = i.front
	}
	plan, err := venue.Parse(raw, options)
	if err != nil {
		return fmt.Errorf("%s: %w", i.Plan, everyDefect(err))
	}
	if err := card.CheckPlan(raw); err != nil { // what a server would refuse, a check refuses too
		return fmt.Errorf("%s: %w", i.Plan, err)
	}
	describePlan(c.out, plan)
	if i.Check {
		return nil
	}
	if err := i.complete(c.out, plan); err != nil {
		return err
	}
	id, err := i.create(c, raw)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "event %s\n", id)
	return nil
}

// everyDefect makes an error that tells all of a plan's defects, one a line: whoever repairs a plan needs the list.
func everyDefect(err error) error {
	var refused *venue.DefectsError
	if !errors.As(err, &refused) {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "plan refused, %s", numbered(len(refused.Defects)+refused.More, "defect"))
	for _, defect := range refused.Defects {
		fmt.Fprintf(&text, "\n  %s: %s", cmp.Or(defect.Path, "/"), defect.Problem)
	}
	if refused.More > 0 {
		fmt.Fprintf(&text, "\n  … and %d more", refused.More)
	}
	return errors.New(text.String())
}

func readPlan(path string) ([]byte, error) {
	raw, err := []byte(nil), error(nil)
	if path == "-" {
		raw, err = io.ReadAll(os.Stdin)
	} else {
		raw, err = os.ReadFile(path)
	}
	return venue.WithoutMark(raw), err
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
		shown := calm(s.PlanID()) // as wide as the terminal gets it
		if len(lines) == 0 || s.SplitOf == "" || lines[len(lines)-1].id != shown {
			lines = append(lines, line{id: shown})
			width = max(width, utf8.RuneCountInString(shown))
		}
		lines[len(lines)-1].rows += len(s.Rows)
		lines[len(lines)-1].seats += s.SeatCount()
	}
	total := numbered(len(lines), "section")
	width = max(width, len(total))
	fmt.Fprintf(out, "%s\n\n%-*s  %5s  %6s\n", plan.Name, width, "section", "rows", "seats")
	for _, l := range lines {
		fmt.Fprintf(out, "%-*s  %5d  %6d\n", width, l.id, l.rows, l.seats)
	}
	fmt.Fprintf(out, "%-*s  %5s  %6d\n\n%s\n\n", width, total, "", plan.SeatCount(), "front: "+plan.DescribeFront())
}

// complete fills in what a plan implies, and says what only a person can know.
func (i *importCommand) complete(out io.Writer, plan *venue.Venue) error {
	if err := i.check(); err != nil {
		return err
	}
	if i.Name == "" {
		i.Name = plan.Name
	}
	if i.Name == "" || i.StartsAt.IsZero() {
		return errors.New("--name and --starts-at are needed")
	}
	prices, missing, unknown := fillPrices(i.Price, plan)
	if len(unknown) > 0 {
		return fmt.Errorf("the plan has no category %s", strings.Join(unknown, ", "))
	}
	if len(missing) > 0 {
		return fmt.Errorf("no price for %s: give --price 'CATEGORY=MINOR', or --price '*=MINOR' for all others", strings.Join(missing, ", "))
	}
	i.Price = prices
	describePrices(out, i.Price, i.Currency)
	if i.Key == "" {
		i.Key = i.digest(plan)
	}
	return nil
}

// describePrices prints prices as money: minor units are where a price becomes a hundred times too high.
func describePrices(out io.Writer, prices map[string]int64, currency string) {
	for _, category := range slices.Sorted(maps.Keys(prices)) {
		fmt.Fprintf(out, "%s  %s\n", category, money.Format(prices[category], currency))
	}
}

// fillPrices gives every category its price, and lists those without one and those that the plan does not have.
func fillPrices(given map[string]int64, plan *venue.Venue) (prices map[string]int64, missing, unknown []string) {
	prices = make(map[string]int64, len(plan.Categories))
	others, some := given["*"]
	composed := make(map[string]int64, len(given)) // a shell and a plan may spell "é" in different ways
	for label, price := range given {
		composed[venue.Composed(label)] = price
	}
	for _, category := range plan.Categories {
		price, known := composed[venue.Composed(category.Label)]
		switch {
		case known:
			prices[category.Label] = price
		case some:
			prices[category.Label] = others
		default:
			missing = append(missing, category.Label)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(given)) {
		known := func(c venue.Category) bool { return venue.Composed(c.Label) == venue.Composed(label) }
		if label != "*" && !slices.ContainsFunc(plan.Categories, known) {
			unknown = append(unknown, label)
		}
	}
	return prices, missing, unknown
}

func (i *importCommand) digest(plan *venue.Venue) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\x00%s\x00%s\x00%d\x00%d\x00%d\x00%d\x00", i.Name, i.StartsAt.UTC(), i.Currency, i.HoldTTL, i.HoldCeiling, i.SeatsPerBooking, i.SeatsPerBuyer)
	for _, label := range slices.Sorted(maps.Keys(i.Price)) {
		fmt.Fprintf(hash, "%s=%d\x00", label, i.Price[label])
	}
	if i.TimeZone != "" || !i.SaleEndsAt.IsZero() { // of later builds: without them the key is what it always was
		fmt.Fprintf(hash, "%s\x00%s\x00", i.TimeZone, i.SaleEndsAt.UTC())
	}
	hash.Write(plan.Encode())
	return "import-" + hex.EncodeToString(hash.Sum(nil)[:16])
}

func (i *importCommand) create(c *console, raw []byte) (id string, err error) {
	body, err := i.body(raw)
	if err != nil {
		return "", err
	}
	if i.URL != "" {
		return i.createOnline(c, body)
	}
	if err := call.CheckKey(i.Key); err != nil { // without a server its rules hold all the same
		return "", err
	}
	wanted, plan, err := catalog.ReadEvent(body)
	if err != nil {
		return "", err
	}
	create := sha256.Sum256([]byte(i.Key))
	wanted.Create, wanted.CreateFingerprint = section.RequestID(create[:16]), 1
	err = offline(c.ctx, i.Data, func(engine *actors.Engine) error {
		event, err := engine.CreateEvent(c.ctx, wanted, plan)
		if err != nil {
			return err
		}
		id = event.ID.String()
		if i.Open {
			_, err = engine.SetSale(c.ctx, event.ID, storage.SaleOpen)
		}
		return err
	})
	return id, err
}

// body is what POST /v1/events takes. Holds are of whole seconds there: a part of one is refused rather than cut off.
func (i *importCommand) body(plan []byte) ([]byte, error) {
	for _, d := range []time.Duration{i.HoldTTL, i.HoldCeiling} {
		if d%time.Second != 0 {
			return nil, fmt.Errorf("a hold lasts whole seconds, not %s", d)
		}
	}
	body := map[string]any{
		"name": i.Name, "starts_at": i.StartsAt, "currency": i.Currency, "prices": i.Price, "plan": json.RawMessage(plan),
		"hold_ttl_seconds": int64(i.HoldTTL / time.Second), "hold_ceiling_seconds": int64(i.HoldCeiling / time.Second),
		"max_seats_per_booking": i.SeatsPerBooking, "max_seats_per_buyer": i.SeatsPerBuyer,
	}
	if i.TimeZone != "" {
		body["time_zone"] = i.TimeZone
	}
	if !i.SaleEndsAt.IsZero() {
		body["sale_ends_at"] = i.SaleEndsAt
	}
	if i.front != nil {
		body["front"] = i.front.Side
		if i.front.Side == "" {
			body["front"] = i.front.Point
		}
	}
	return json.Marshal(body)
}

func (i *importCommand) createOnline(c *console, body []byte) (id string, err error) {
	server, err := newClient(&i.target)
	if err != nil {
		return "", err
	}
	var event struct {
		ID string `json:"id"`
	}
	bar := newBar(c.err, len(body), "sending the plan", true)
	reader := progressbar.NewReader(bytes.NewReader(body), bar)
	if err := server.post(c.ctx, "/v1/events", i.Key, &reader, int64(len(body)), &event); err != nil {
		return "", err
	}
	if i.Open {
		return event.ID, postSale(c, server, event.ID, storage.SaleOpen, i.Key+"-open")
	}
	return event.ID, nil
}

// newBar draws on a terminal and nowhere else.
func newBar(out io.Writer, total int, what string, bytes bool) *progressbar.ProgressBar {
	file, ok := out.(*os.File)
	visible := ok && term.IsTerminal(int(file.Fd()))
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetVisibility(visible), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(bytes), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(65*time.Millisecond))
}

// offline opens a stopped server's engine for one piece of work. It has no books of payments, so it judges none (P6).
func offline(ctx context.Context, data string, work func(*actors.Engine) error) (err error) {
	store, err := openStore(data, pebblestore.Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	engine, err := actors.Open(ctx, actors.Config{Store: store, Offline: true, Name: "operator"})
	if err != nil {
		return err
	}
	return errors.Join(work(engine), engine.Close(ctx))
}
